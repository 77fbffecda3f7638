/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/vfio_config.h - what the files of a machine say of drivers at boot: which devices
 * vfio-pci takes, and which drivers are kept out. From modprobe.d and the kernel's command line.
 * Ownership: a plain struct. Threads: any one thread. */
#ifndef ESPELHO_DOCTOR_VFIO_CONFIG_H
#define ESPELHO_DOCTOR_VFIO_CONFIG_H

#include "machine/machine.h"

enum { VFIO_CONFIG_MAX = 64 };

struct vfio_id {
    uint32_t vendor, device;
    bool is_parameter; /* of the kernel's command line */
};
struct vfio_ban {
    char driver[64];
    char where[192]; /* the file, or the parameter as it stands there */
    bool is_parameter;
};
struct vfio_config {
    struct vfio_id ids[VFIO_CONFIG_MAX];
    size_t id_count;
    struct vfio_ban bans[VFIO_CONFIG_MAX];
    size_t ban_count;
};

/* What cannot be read says nothing. */
void vfio_config_read(const struct machine *m, struct vfio_config *out);
bool vfio_config_takes(const struct vfio_config *c, const struct pci_function *f);
/* NULL: the driver may load. */
const struct vfio_ban *vfio_config_ban(const struct vfio_config *c, const char *driver);
/* driverctl keeps a driver per address. */
bool vfio_config_has_override(const struct machine *m, const struct pci_function *f);
/* Whether libvirt calls scripts when a VM starts; such may bind cards then. */
bool vfio_config_has_hooks(const struct machine *m);

/* Whether a hook that `espelho setup gpu` wrote gives this BAR that size (1 MiB << bit). */
bool vfio_config_hook_resizes(const struct machine *m, const struct pci_function *f,
                              unsigned int bar, unsigned int bit);

#endif
