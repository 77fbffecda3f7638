/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/collect_private.h - what was noted, for the two halves of collect.h: noting, and
 * writing the tree. */
#ifndef ESPELHO_DOCTOR_COLLECT_PRIVATE_H
#define ESPELHO_DOCTOR_COLLECT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "doctor/collect.h"

/* The first three lie in the tree; a later one tells more of a path than an earlier one. */
enum entry_kind {
    ENTRY_NONE,
    ENTRY_FOLDER,
    ENTRY_FILE,
    ENTRY_LINK,
    ENTRY_STAT,
    ENTRY_DENIED,
    ENTRY_UNREAD, /* it is there, and nobody looked into it */
};
struct entry {
    enum entry_kind kind;
    char *path;
    char *text; /* content; target; line of .espelho/stat */
    size_t len_bytes;
};
struct collector {
    struct root *root; /* borrowed */
    struct entry *entries;
    size_t count, capacity;
    bool no_memory;
};

/* Writes the tree of all that was noted, without what `user` and `host` are called; the archive is
 * ended, the file stays open. -ENOMEM, or what redact.h says. */
int collect_write_tree(const struct collector *c, FILE *tar, const char *user,
                       const char *host) MUST_CHECK;

#endif
