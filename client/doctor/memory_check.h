/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/memory_check.h - what the checks of the shared memory and of kvmfr have in common.
 * Inside client/doctor only. */
#ifndef ESPELHO_DOCTOR_MEMORY_CHECK_H
#define ESPELHO_DOCTOR_MEMORY_CHECK_H

#include "doctor/check.h"

/* The VM's relay memory and where it is; NULL: no VM, none, or a name that cannot be used. */
const struct vm_shmem *memory_shmem(const struct doctor_facts *facts, char path[VM_PATH]);
bool memory_is_kvmfr(const char *path); /* /dev/kvmfrN */
/* Does libvirt's system service run the VM? It confines QEMU, and gives it a user of its own; a
 * session or a script does not. */
bool memory_is_confined(const struct vm *vm);

/* memory_server.c: the NAME of /run/espelho/NAME.sock, whose unit is espelho-shm@NAME; false:
 * another place. And the size that its options say; 0: not known. */
bool memory_server_name(const char *path, char name[VM_TEXT]);
uint64_t memory_server_bytes(const struct doctor_facts *facts, const char *path);

/* memory_guard.c: what else than the mode keeps QEMU from it, and who has it. */
void memory_selinux(const struct doctor_facts *facts, struct findings *out);
void memory_apparmor(const struct doctor_facts *facts, struct findings *out);
void memory_cgroup(const struct doctor_facts *facts, struct findings *out);
void memory_users(const struct doctor_facts *facts, struct findings *out);
/* memory_viewer.c: whether the viewer's settings name it. */
void memory_viewer(const struct doctor_facts *facts, struct findings *out);

#endif
