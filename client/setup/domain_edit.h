/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/domain_edit.h - the edits that `espelho setup` makes in a domain's XML, one function
 * per wish. What is there already and fits is left alone, so a second run changes nothing; what is
 * not understood is refused with a sentence, never guessed.
 *
 * Errors: -EPROTO with domain_edit_problem(); -ENOMEM. Threads: any one thread. */
#ifndef ESPELHO_SETUP_DOMAIN_EDIT_H
#define ESPELHO_SETUP_DOMAIN_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct domain_edit;

/* `problem`: for what is wrong with the XML itself. */
int domain_edit_open(const char *xml, struct domain_edit **out, char *problem,
                     size_t problem_bytes) MUST_CHECK;
void domain_edit_close(struct domain_edit *edit); /* NULL is fine */
/* Heap text: as it was (in the same form), as it is now; NULL: no memory. */
const char *domain_edit_before(const struct domain_edit *edit);
char *domain_edit_after(const struct domain_edit *edit);
const char *domain_edit_problem(const struct domain_edit *edit);

enum memory_backend { MEMORY_AS_IT_IS, MEMORY_PLAIN, MEMORY_KVMFR, MEMORY_DOORBELL };
struct memory_wish {
    enum memory_backend backend; /* AS_IT_IS without one: plain */
    uint32_t mib;                /* at least; a power of two */
    const char *name;            /* of a new one, below /dev/shm */
    const char *device;          /* KVMFR: "/dev/kvmfr0" */
    const char *server_path;     /* DOORBELL */
};
struct memory_result {
    enum memory_backend backend;
    uint32_t mib;   /* that the domain has now; DOORBELL: the wish's */
    char name[256]; /* below /dev/shm; KVMFR: the device; DOORBELL: the server's path */
};
/* The relay's memory: an ivshmem device whose name or path is "looking-glass", "kvmfr", "espelho"
 * or the wish's name. One of another backend is replaced; of several none is touched (-EPROTO). */
int domain_edit_memory(struct domain_edit *edit, const struct memory_wish *wish,
                       struct memory_result *result) MUST_CHECK;

/* A SPICE server for this machine only, and the channel of its agent. */
int domain_edit_spice(struct domain_edit *edit) MUST_CHECK;
/* No balloon: it takes memory away that a GPU's driver has pinned, and slows DMA mappings. */
int domain_edit_balloon(struct domain_edit *edit) MUST_CHECK;
/* "none", "vga", "virtio". */
int domain_edit_video(struct domain_edit *edit, const char *model) MUST_CHECK;
/* Guest memory from huge pages of that size. */
int domain_edit_hugepages(struct domain_edit *edit, uint64_t page_bytes) MUST_CHECK;
uint64_t domain_edit_memory_bytes(const struct domain_edit *edit); /* <memory>; 0: not said */

/* A PCI function of the host, "0000:03:00.0", for the VM. */
int domain_edit_hostdev(struct domain_edit *edit, const char *function) MUST_CHECK;

/* A keyboard and a mouse of the host (/dev/input/...) that go to and fro, and the emulated devices
 * that the guest sees. Others that the VM has stay, but those that `is_stale` tells to be. */
struct input_wish {
    const char *keyboard, *mouse;
    const char *toggle;                                    /* as libvirt names it: "ctrl-ctrl" */
    bool (*is_stale)(const void *ctx, const char *device); /* NULL: none is */
    const void *ctx;
};
int domain_edit_input(struct domain_edit *edit, const struct input_wish *wish) MUST_CHECK;

/* Its firmware from a file, absolute. -EPROTO: the VM does not have that function. */
int domain_edit_rom(struct domain_edit *edit, const char *function, const char *path) MUST_CHECK;

struct cpu_wish {
    const uint32_t *cpus; /* of the host, one per vCPU in the guest's order */
    size_t count;
    uint32_t cores, threads;   /* as the guest sees them; cores * threads == count */
    const char *emulator_cpus; /* "0-1,8-9" */
    bool topoext;              /* AMD with threads */
};
int domain_edit_cpus(struct domain_edit *edit, const struct cpu_wish *wish) MUST_CHECK;

#endif
