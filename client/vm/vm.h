/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/vm/vm.h - a VM as doctor and setup need to see it: from libvirt's XML, or from the command
 * line of a QEMU process. (client/domain answers the viewer's narrower question: where are SPICE
 * and the memory.)
 *
 * The XML is untrusted text: bounded (VM_XML_MAX_BYTES), no network, no entities; counts are
 * bounded by the arrays here, what is beyond is dropped and `truncated` set. Texts are "" where the
 * definition says nothing. Ownership: vm_from_*() makes, vm_free() frees. Threads: any one thread.
 */
#ifndef ESPELHO_VM_VM_H
#define ESPELHO_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum { VM_XML_MAX_BYTES = 4 << 20, VM_TEXT = 256, VM_PATH = 512, VM_LIST = 64, VM_CPUS = 512 };

enum vm_shmem_model { VM_SHMEM_NONE, VM_SHMEM_PLAIN, VM_SHMEM_DOORBELL };
struct vm_shmem {
    enum vm_shmem_model model;
    char name[VM_TEXT]; /* libvirt's: /dev/shm/NAME, when `path` is "" */
    char path[VM_PATH]; /* mem-path of a QEMU command line, or the server's socket */
    uint64_t len_bytes; /* 0: not said */
    uint32_t vectors;
    bool from_qemu_commandline; /* <qemu:commandline>, or a process */
};
struct vm_hostdev {
    char address[16]; /* "0000:03:00.0" of the host */
    char guest[16];   /* in the guest, or "" */
    char rom_file[VM_PATH];
    bool rom_bar_off, managed, multifunction;
};
struct vm_pin { /* <vcpupin>, <iothreadpin> */
    uint32_t index;
    bool is_iothread;
    uint8_t cpus[VM_CPUS / 8]; /* bit n: host CPU n */
};
struct vm_input {
    char type[32], bus[32]; /* "keyboard" "virtio"; type "evdev": source is `path` */
    char path[VM_PATH], grab[32], toggle[32];
    bool repeat;
};

struct vm {
    char name[VM_TEXT], uuid[40],
        source[VM_PATH]; /* source: "libvirt qemu:///system", a file, "process 1234" */
    bool running;        /* when the definition was read */
    bool truncated;      /* some value did not fit, or has control characters: it is left out */
    bool is_process;
    char loose_option[32]; /* of QEMU's arguments: one without its value, "-object"; "" */
    char type[32], machine[64], arch[32], emulator[VM_PATH]; /* "kvm", "pc-q35-7.2" */
    uint64_t memory_bytes;
    char loader[VM_PATH], loader_type[32],
        nvram[VM_PATH]; /* pflash; "efi" firmware auto selection: */
    bool firmware_efi, secure_boot;
    char cpu_mode[64];  /* "host-passthrough" */
    char cpu_cache[32]; /* "passthrough", "emulate" */
    bool cpu_topology;  /* said at all */
    uint32_t vcpus, sockets, dies, cores, threads, iothreads;
    char cpu_features_on[VM_LIST][64], cpu_features_off[VM_LIST][64];
    size_t features_on_count, features_off_count;
    struct vm_pin pins[VM_LIST * 2];
    size_t pin_count;
    bool emulator_pinned;
    uint8_t emulator_cpus[VM_CPUS / 8];
    bool hugepages;
    uint64_t hugepage_bytes; /* 0: the default size */
    bool memory_shared, memory_locked;
    char memory_source[32]; /* "memfd", "file", "anonymous" */
    char hyperv[VM_LIST]
               [32]; /* features that are on: "relaxed", "vapic", "spinlocks", "vendor_id" ... */
    size_t hyperv_count;
    char hyperv_vendor_id[32];
    bool kvm_hidden;
    char memballoon[32]; /* "virtio", "none"; "" means libvirt's default, which is virtio */
    char video[32]; /* the first one's model: "none", "vga", "qxl", "virtio"; "" means QEMU's own */
    size_t video_count;
    char graphics[32];          /* the first one's type: "spice", "vnc" */
    char spice_listen[VM_TEXT]; /* "address 127.0.0.1", "socket /path", "none" */
    bool spicevmc_agent;        /* <channel type='spicevmc'> com.redhat.spice.0 */
    char sound[32], audio[32];  /* model "ich9"; backend "spice", "pipewire", "none" */
    char usb_controller[32], tpm[32];
    bool tablet; /* a USB or virtio tablet */
    struct vm_input inputs[VM_LIST];
    size_t input_count;
    struct vm_hostdev hostdevs[VM_LIST]; /* PCI */
    size_t hostdev_count, usb_hostdev_count, mdev_count;
    struct vm_shmem shmems[8];
    size_t shmem_count;
    char clock_offset[32];
    bool hypervclock, tsc;
    char disks[VM_LIST][VM_PATH], nics[16][32]; /* sources; models */
    size_t disk_count, nic_count;
    char networks[16][64]; /* <source network='default'/> */
    size_t network_count;
};

struct vm_problem {
    char message[768]; /* for a person, translated: what, where, what to do */
};

/* As `virsh dumpxml` prints it. 0; -EPROTO, -ENOMEM with *problem (may be NULL). */
int vm_from_xml(const char *xml, size_t len_bytes, const char *source, struct vm **out,
                struct vm_problem *problem) MUST_CHECK;
/* /proc/PID/cmdline of a QEMU: words parted by NUL. The same errors; -ENOENT: not a QEMU. */
int vm_from_command_line(const char *words, size_t len_bytes, const char *source, struct vm **out,
                         struct vm_problem *problem) MUST_CHECK;
void vm_free(struct vm *vm); /* NULL is fine */

/* The file, device or socket behind a shared memory device, as the viewer would open it. False:
 * none is named, or its name leads elsewhere. */
bool vm_shmem_path(const struct vm_shmem *shmem, char path[VM_PATH]);
/* The one that is most likely the relay's: named so, else the first; NULL: none. */
const struct vm_shmem *vm_relay_shmem(const struct vm *vm);
bool vm_pin_has(const uint8_t *cpus, uint32_t cpu);
bool vm_has_hyperv(const struct vm *vm, const char *feature);
const struct vm_hostdev *vm_hostdev(const struct vm *vm, const char *address);

#endif
