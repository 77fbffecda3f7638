/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/machine.h - what is known of a machine: distribution, kernel command line, CPU,
 * PCI functions, the user. Read once through a root; plain data afterwards, which checks and setup
 * only look at.
 *
 * Ownership: machine_load() makes it, machine_free() frees all of it. A part that could not be read
 * is empty, and its `_err` says why (0, -ENOENT, -EACCES ...). Threads: any one thread. */
#ifndef ESPELHO_MACHINE_MACHINE_H
#define ESPELHO_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "machine/root.h"

/* Whose commands a fix is written in. */
enum distro_family {
    DISTRO_UNKNOWN,
    DISTRO_DEBIAN, /* and Ubuntu, Mint */
    DISTRO_FEDORA,
    DISTRO_FEDORA_ATOMIC, /* Silverblue, Kinoite, Bazzite: rpm-ostree */
    DISTRO_ARCH,          /* and Manjaro, EndeavourOS, CachyOS */
    DISTRO_POP,           /* kernelstub */
    DISTRO_OPENSUSE
};
/* How the kernel gets its command line. */
enum boot_loader {
    BOOT_UNKNOWN,
    BOOT_GRUB,
    BOOT_GRUBBY,       /* Fedora: grubby edits the entries of the boot loader specification */
    BOOT_SYSTEMD_BOOT, /* entries in /boot/loader/entries, or /etc/kernel/cmdline */
    BOOT_KERNELSTUB,
    BOOT_RPM_OSTREE,
    BOOT_LIMINE /* CachyOS' choice */
};
enum initramfs_tool {
    INITRAMFS_UNKNOWN,
    INITRAMFS_TOOLS,
    INITRAMFS_DRACUT,
    INITRAMFS_MKINITCPIO,
    INITRAMFS_BOOSTER
};

struct machine_distro {
    enum distro_family family;
    char id[64], name[128], version[64]; /* ID, PRETTY_NAME, VERSION_ID of os-release */
    enum boot_loader boot;
    enum initramfs_tool initramfs;
    bool selinux, apparmor; /* loaded and enforcing */
};

enum cpu_vendor { CPU_OTHER, CPU_INTEL, CPU_AMD };
struct machine_core {                    /* one logical CPU */
    uint32_t cpu, core, package, l3;     /* l3: lowest CPU that shares the L3 cache (CCX) */
    uint32_t siblings[8], sibling_count; /* threads of the same core, itself too */
    uint32_t numa_node;
    bool efficient; /* an E core of a hybrid Intel */
};
struct machine_cpu {
    enum cpu_vendor vendor;
    char model[128];
    bool svm_or_vmx;            /* in the flags of /proc/cpuinfo */
    bool hypervisor;            /* we are a guest ourselves */
    struct machine_core *cores; /* sorted by number */
    size_t core_count;
    uint64_t memory_bytes;
};

struct pci_resource {
    uint64_t start, len_bytes;
    bool is_io, is_prefetchable, is_64_bit;
};
struct pci_function {
    char address[16]; /* "0000:03:00.0" */
    uint32_t vendor, device, subsystem_vendor, subsystem_device;
    uint32_t class_code; /* 24 bits: 0x030000 is a VGA controller */
    char name[160];      /* of pci.ids, or "10de:2204" */
    char driver[64];     /* "" : none */
    int iommu_group;     /* -1: none */
    bool boot_vga;
    bool reset_possible; /* a reset file, or reset_method not empty */
    char reset_method[64];
    char parent_address[16]; /* the bridge above, "" at the root */
    char sriov_parent[16];   /* physfn, of a virtual function */
    uint32_t sriov_total, sriov_now;
    struct pci_resource bar[6];
    uint64_t bar_sizes_supported[6]; /* resizable BAR: bit n is 1 MiB << n; 0: cannot be resized */
    bool has_rom;
};
bool pci_is_gpu(const struct pci_function *f);     /* class 0x03 */
bool pci_is_bridge(const struct pci_function *f);  /* class 0x06 */
bool pci_is_virtual(const struct pci_function *f); /* a virtual function (SR-IOV) */
/* The other functions of the same slot, and the GPU's audio among them. */
bool pci_same_slot(const struct pci_function *a, const struct pci_function *b);
/* ... and go to a VM together: a virtual function is a device of its own, whatever slot it has. */
bool pci_same_card(const struct pci_function *a, const struct pci_function *b);

struct machine_user {
    uint32_t uid;
    char name[64];
    char groups[64][64];
    size_t group_count;
};

struct machine {
    struct root *root; /* borrowed */
    struct machine_distro distro;
    int distro_err;
    char **parameters; /* of the running kernel's command line, in order, "name=value" */
    size_t parameter_count;
    int parameters_err;
    char kernel_release[128];
    struct machine_cpu cpu;
    int cpu_err;
    struct pci_function *pci; /* sorted by address */
    size_t pci_count;
    int pci_err;
    struct machine_user user; /* in a saved tree: the one who saved it */
};

/* 0 or -ENOMEM; whatever else is missing is empty. */
int machine_load(struct root *root, struct machine **out) MUST_CHECK;
void machine_free(struct machine *machine); /* NULL is fine */

/* The value of the last parameter of that name, "" for one without a value; NULL: not there. */
const char *machine_parameter(const struct machine *m, const char *name);
bool machine_user_is_in(const struct machine *m, const char *group);
/* "0000:03:00.0", "03:00.0", or "03:00" for function 0; NULL: not there. */
const struct pci_function *machine_pci(const struct machine *m, const char *address);

/* ---- the words of a fix, for this distribution. Each returns heap text of one or more lines,
 * every line a command or an instruction; NULL: no memory. In the user's language. ---- */
char *fix_add_parameters(const struct machine *m,
                         const char *parameters); /* "intel_iommu=on iommu=pt" */
char *fix_remove_parameters(const struct machine *m, const char *parameters);
/* "qemu", "libvirt", "ovmf", "swtpm", "ddcutil", "pipewire", "dkms", "kernel-headers" ...: by
 * family (fix.c has the table); a name that is not there is taken as the package's. */
char *fix_install(const struct machine *m, const char *what);
char *fix_rebuild_initramfs(const struct machine *m);
/* vfio-pci takes these functions ("10de:2204,10de:1aef") at boot, before `drivers` ("amdgpu
 * snd_hda_intel", or ""): modprobe.d, initramfs, reboot. */
char *fix_bind_early(const struct machine *m, const char *ids, const char *drivers);

#endif
