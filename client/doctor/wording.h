/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/wording.h - fixes that name things: heap texts, and how to change a VM's
 * definition. Inside client/doctor only. Any one thread. */
#ifndef ESPELHO_DOCTOR_WORDING_H
#define ESPELHO_DOCTOR_WORDING_H

#include "doctor/check.h"

/* printf into heap text; NULL: no memory (a finding without a fix then). */
char *wording(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Adds to a text in a buffer of `cap` bytes, behind `gap` if there is something; cut to fit. */
void wording_append(char *text, size_t cap, const char *gap, const char *more);

/* The same change in libvirt's words and in those of QEMU's command line. */
#define VM_EDIT_REMOVE "-"
struct vm_edit {
    const char *where; /* "<devices>"; NULL: the line replaces the one that is there;
                          VM_EDIT_REMOVE: it is to be taken out */
    const char *xml;   /* lines */
    const char *qemu;  /* arguments; NULL: there is no such thing */
};
/* Where `vm` comes from decides which of them, and the command to begin with. Heap text or NULL. */
char *wording_edit(const struct vm *vm, struct vm_edit edit);
/* "virsh --connect qemu:///system edit win11" and kin, in shell quotes; heap text or NULL. */
char *wording_virsh(const struct vm *vm, const char *verb);
/* "sudo espelho setup PART --domain win11 --apply"; heap text or NULL. */
char *wording_setup(const struct vm *vm, const char *part);
/* In the definition, these words instead of those; heap text or NULL. */
char *wording_replace(const struct vm *vm, const char *old_words, const char *new_words);
/* The VM's name in the shell's quotes, or its UUID where no quotes would do; heap text or NULL. */
char *wording_name(const struct vm *vm);

/* What helps where Linux is a guest itself; translated. */
const char *wording_bare_metal(void);

/* A finding about the VM's definition, with that fix. */
void finding_edit(struct findings *f, enum verdict verdict, const struct vm *vm,
                  const char *subject, struct vm_edit edit, const char *found_fmt, ...)
    PRINTF_LIKE(6, 7);

#endif
