/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/qemu_user.h - as whom libvirt's QEMU runs, for files that both it and the user of
 * the window open. Pure. */
#ifndef ESPELHO_MACHINE_QEMU_USER_H
#define ESPELHO_MACHINE_QEMU_USER_H

#include <stdbool.h>

/* The group for such files, on every distribution. The user of libvirt's QEMU has another name and
 * a group of his own on each (qemu on Fedora and openSUSE, libvirt-qemu on Debian, Ubuntu and
 * Arch), but he is in this group everywhere, since it is the one of /dev/kvm, and libvirt starts
 * QEMU with all of its user's groups. systemd makes the group on machines without libvirt, too. And
 * it is the group that people are told to join, who have no business in qemu or libvirt-qemu. */
#define QEMU_USER_GROUP "kvm"

/* A name that libvirt's QEMU has, or may have by its settings: files of that user are open to it.
 */
bool qemu_user_is(const char *user);
/* A group that it is in. */
bool qemu_user_is_in(const char *group);

#endif
