/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/vm_find.h - which VM is looked at: the one that was named, or the only one there
 * is.
 *
 * Ways, in this order: an XML file; libvirt's definition of a name, by virsh (read-only, so that
 * nobody is asked for a password); a QEMU process that runs, by the definition of its name where
 * libvirt has one, else by its command line; the only domain that libvirt knows; the XML that a
 * saved tree brought along. Threads: any one. */
#ifndef ESPELHO_DOCTOR_VM_FIND_H
#define ESPELHO_DOCTOR_VM_FIND_H

#include "base/macros.h"
#include "machine/root.h"
#include "vm/vm.h"

#define VM_FIND_SAVED_XML "/.espelho/vm.xml"

struct vm_wish {
    const char *xml;    /* a file of this machine, also if a saved tree is looked at; or NULL */
    const char *domain; /* or NULL */
    const char *uri;    /* NULL: qemu:///system */
};
/* 0; -ENOENT: there is none, or too many; -EPROTO and others. *problem (heap, translated) says why
 * and what to do. *xml (heap) is the definition's text, NULL if there is none: for --collect. */
int vm_find(struct root *root, const struct vm_wish *wish, struct vm **out, char **xml,
            char **problem) MUST_CHECK;

#endif
