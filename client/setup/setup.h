/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/setup.h - the parts of `espelho setup`: each looks at the machine and fills a plan.
 * Nothing is changed here; plan.h applies and undoes.
 *
 * Errors: 0, or -errno with a sentence in plan_problem(). Threads: main thread. */
#ifndef ESPELHO_SETUP_SETUP_H
#define ESPELHO_SETUP_SETUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"
#include "machine/machine.h"
#include "setup/domain_edit.h"
#include "setup/plan.h"

/* All borrowed. The root's folder is the plan's prefix. */
struct setup {
    struct root *root;
    const struct machine *machine;
    struct plan *plan;
    const char *user; /* who runs the viewer; "" if that is not known */
};

/* Another domain of that libvirt, with the relay's memory. */
struct setup_neighbour {
    char name[256], path[512]; /* path: the file, device or socket */
};
/* A domain as libvirt has it. */
struct setup_domain {
    const char *uri, *name;
    const char *xml; /* virsh dumpxml --inactive --security-info; NULL: no domain was named */
    bool running;
    const struct setup_neighbour *neighbours; /* for setup_vm() */
    size_t neighbour_count;
};

/* ---- vm: memory, SPICE, and the files that let QEMU and the viewer at the memory ---- */
struct setup_vm_wish {
    enum memory_backend backend;
    uint32_t mib;      /* at least */
    const char *video; /* NULL: as it is */
};
int setup_vm(const struct setup *setup, const struct setup_domain *domain,
             const struct setup_vm_wish *wish) MUST_CHECK;

/* ---- gpu: vfio-pci, bound early or when the VM starts ---- */
struct setup_gpu_wish {
    const char *address; /* "03:00.0", "0000:03:00", as people write it */
    bool early;          /* from the boot on; else a hook of the VM's */
    bool rescan;         /* the hook removes the GPU afterwards and looks for it anew */
    uint32_t bar_mib[6]; /* 0: as it is; else resized before the VM starts */
};
int setup_gpu(const struct setup *setup, const struct setup_domain *domain,
              const struct setup_gpu_wish *wish) MUST_CHECK;

/* The GPU, or one of its functions, that people mean by "03:00"; -ENOENT. */
int setup_find_gpu(const struct setup *setup, const char *address,
                   const struct pci_function **gpu) MUST_CHECK;

/* ---- vbios ---- */
/* How it is read, as a list of steps. */
void setup_vbios_steps(const struct pci_function *gpu, FILE *to);
/* Whether the file is whole and of this GPU; and, with a domain, the VM starts the GPU with it. */
int setup_vbios(const struct setup *setup, const struct setup_domain *domain,
                const struct pci_function *gpu, const char *path) MUST_CHECK;

/* ---- hugepages ---- */
struct setup_hugepages_wish {
    uint64_t memory_bytes; /* 0: what the domain has */
    uint64_t page_bytes;   /* 2 MiB or 1 GiB */
    bool early;            /* reserved at boot; else by a hook */
};
int setup_hugepages(const struct setup *setup, const struct setup_domain *domain,
                    const struct setup_hugepages_wish *wish) MUST_CHECK;

/* ---- cpus: pinning from the real topology, the host kept off while the VM runs ---- */
struct setup_cpus_wish {
    uint32_t cores; /* for the VM; 0: one cache, or all but two of the machine's */
    bool governor;  /* performance while it runs */
};
int setup_cpus(const struct setup *setup, const struct setup_domain *domain,
               const struct setup_cpus_wish *wish) MUST_CHECK;

/* ---- input: evdev_find.h tells which ---- */
int setup_input(const struct setup *setup, const struct setup_domain *domain,
                const struct input_wish *wish) MUST_CHECK;

/* ---- monitor: its input is switched with the VM ---- */
struct setup_monitor_wish {
    uint32_t display;              /* as `ddcutil detect` counts; 0: the only one */
    uint32_t vm_input, host_input; /* values of VCP code 0x60 */
};
int setup_monitor(const struct setup *setup, const struct setup_domain *domain,
                  const struct setup_monitor_wish *wish) MUST_CHECK;

#endif
