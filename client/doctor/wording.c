/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/wording.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

char *wording(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    const int len = vasprintf(&text, fmt, args);
    va_end(args);
    return len < 0 ? NULL : text;
}

void wording_append(char *text, size_t cap, const char *gap, const char *more)
{
    const size_t at = strlen(text);
    snprintf(text + at, cap - at, "%s%s", at ? gap : "", more);
}

/* What a shell takes as one word without quotes, or can be put between single ones. */
static const char *quote_of(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return word[0] && word[0] != '-' && word[strspn(word, plain)] == '\0' ? "" : "'";
}

char *wording_name(const struct vm *vm)
{
    /* A name that cannot be quoted, or none: libvirt takes the UUID as well. */
    const char *const name = vm->name[0] && !strchr(vm->name, '\'') ? vm->name : vm->uuid;
    const char *const quote = quote_of(name);
    return wording("%s%s%s", quote, name, quote);
}

char *wording_virsh(const struct vm *vm, const char *verb)
{
    static const char libvirt[] = "libvirt ";
    const char *const uri = strncmp(vm->source, libvirt, strlen(libvirt)) == 0
                                ? vm->source + strlen(libvirt)
                                : "qemu:///system";
    autofree char *name = wording_name(vm);
    return name ? wording("virsh --connect %s %s %s", uri, verb, name) : NULL;
}

char *wording_setup(const struct vm *vm, const char *part)
{
    autofree char *name = wording_name(vm);
    return name ? wording("sudo espelho setup %s --domain %s --apply", part, name) : NULL;
}

char *wording_replace(const struct vm *vm, const char *old_words, const char *new_words)
{
    autofree char *virsh = vm->is_process ? NULL : wording_virsh(vm, "edit");
    return virsh ? wording(_("Shut the VM down, then: %s\nand replace this by the line below it:\n"
                             "  %s\n  %s"),
                           virsh, old_words, new_words)
                 : wording(_("In the script that starts QEMU, replace this by the line below it:\n"
                             "  %s\n  %s"),
                           old_words, new_words);
}

char *wording_edit(const struct vm *vm, struct vm_edit edit)
{
    const bool take_out = edit.where && strcmp(edit.where, VM_EDIT_REMOVE) == 0;
    if (vm->is_process && edit.qemu)
        return take_out ? wording(_("Take out of the script that starts QEMU:\n%s"), edit.qemu)
                        : wording(_("In the script that starts QEMU:\n%s"), edit.qemu);
    if (vm->is_process)
        return wording(_("In libvirt's words (QEMU's command line has no short form of it):\n%s"),
                       edit.xml);
    autofree char *virsh = wording_virsh(vm, "edit");
    if (!virsh)
        return NULL;
    if (take_out)
        return wording(_("Shut the VM down, then: %s\nand remove:\n%s"), virsh, edit.xml);
    return edit.where ? wording(_("Shut the VM down, then: %s\nand put inside %s:\n%s"), virsh,
                                edit.where, edit.xml)
                      : wording(_("Shut the VM down, then: %s\nand set:\n%s"), virsh, edit.xml);
}

const char *wording_bare_metal(void)
{
    return _("Run Linux on the machine itself, not in a virtual machine.");
}

void finding_edit(struct findings *f, enum verdict verdict, const struct vm *vm,
                  const char *subject, struct vm_edit edit, const char *found_fmt, ...)
{
    autofree char *fix = wording_edit(vm, edit), *found = NULL;
    va_list args;
    va_start(args, found_fmt);
    if (vasprintf(&found, found_fmt, args) < 0)
        found = NULL;
    va_end(args);
    finding_add(f, verdict, subject, found, fix);
}
