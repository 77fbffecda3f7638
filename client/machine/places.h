/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/places.h - files of ours in a machine's /etc: the same ones whether a person makes
 * them by doctor's words or setup does, so that neither is in the other's way. */
#ifndef ESPELHO_MACHINE_PLACES_H
#define ESPELHO_MACHINE_PLACES_H

#define PLACE_VFIO_MODPROBE   "/etc/modprobe.d/espelho-vfio.conf"
#define PLACE_VFIO_DRACUT     "/etc/dracut.conf.d/espelho-vfio.conf"
#define PLACE_VFIO_MKINITCPIO "/etc/mkinitcpio.conf.d/espelho-vfio.conf"
#define PLACE_INITRAMFS_TOOLS "/etc/initramfs-tools/modules"
#define PLACE_KVMFR_MODPROBE  "/etc/modprobe.d/kvmfr.conf"
#define PLACE_KVMFR_LOAD      "/etc/modules-load.d/kvmfr.conf"
#define PLACE_KVMFR_RULE      "/etc/udev/rules.d/70-kvmfr.rules"

#endif
