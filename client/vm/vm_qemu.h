/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/vm/vm_qemu.h - arguments of QEMU, of <qemu:commandline> or of a process, into a struct vm.
 * Inside client/vm only. Pure functions, any thread. */
#ifndef ESPELHO_VM_VM_QEMU_H
#define ESPELHO_VM_VM_QEMU_H

#include "vm/vm.h"

enum { VM_QEMU_ARGS_MAX = 1024, VM_QEMU_ARG_MAX_BYTES = 4096 };

struct vm_qemu_args {
    const char *const *word;
    size_t count;
};

/* What is said here overrides or adds to what `vm` has already. Longer arguments are passed over
 * and vm->truncated set. */
void vm_qemu_read(struct vm *vm, const char *const *words, size_t count);

/* The text after the option `option` at `index` ("-device TEXT", with one dash or two), or NULL. */
const char *vm_qemu_value(const struct vm_qemu_args *args, size_t index, const char *option);
/* The value of `key` in the object, chardev ... (`option`) whose id is `id`. */
bool vm_qemu_named(const struct vm_qemu_args *args, const char *option, const char *first,
                   const char *id, const char *key, char *out, size_t cap);

/* vm_qemu_devices.c: one "-device" or "-object". */
void vm_qemu_device(struct vm *vm, const struct vm_qemu_args *args, const char *text);
void vm_qemu_object(struct vm *vm, const struct vm_qemu_args *args, const char *text);

#endif
