/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/domain_edit_private.h - the edited document, for the files of domain_edit.h. */
#ifndef ESPELHO_SETUP_DOMAIN_EDIT_PRIVATE_H
#define ESPELHO_SETUP_DOMAIN_EDIT_PRIVATE_H

#include "setup/domain_edit.h"
#include "setup/xml_tree.h"

struct domain_edit {
    xmlDoc *doc;   /* owned */
    xmlNode *root; /* <domain> */
    char *before;  /* owned */
    char problem[512];
};

/* Sets the sentence; returns -EPROTO. */
int domain_edit_refuse(struct domain_edit *edit, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* <devices>, made if it is missing; NULL: no memory. */
xmlNode *domain_edit_devices(struct domain_edit *edit);

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
/* <qemu:commandline>; NULL: there is none. */
xmlNode *domain_commandline(const struct domain_edit *edit);
enum { QEMU_ARG_BYTES = 2048 }; /* of one argument */
/* Calls `fn` for each value behind an argument `option` ("-object"); false: the last one has none.
 */
bool domain_commandline_each(const xmlNode *commandline, const char *option,
                             void (*fn)(void *ctx, xmlNode *arg, const char *text), void *ctx);
/* Takes a value out with its option before it, and what is empty then. */
void domain_commandline_remove(xmlNode *arg);

/* A new element behind the last of those that libvirt prints before it; at the end if none is
 * there.
 */
xmlNode *domain_edit_add_behind(xmlNode *root, const char *const before[], const char *name);

#endif
