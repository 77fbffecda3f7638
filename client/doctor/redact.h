/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/redact.h - takes out of a text what is nobody else's business, before it goes into
 * a bug report: MAC addresses, UUIDs, passwords and keys, serial numbers, the names of the user and
 * of the computer.
 *
 * The same thing is replaced by the same words everywhere, in paths too, so that what belongs
 * together still does. Lines, words and XML stay whole. Rather too much than too little is taken
 * out. Pure functions over one struct; any one thread. */
#ifndef ESPELHO_DOCTOR_REDACT_H
#define ESPELHO_DOCTOR_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

enum { REDACT_IDS = 256 };

struct redact {
    char user[64], host[64]; /* "" or names to take out; common words are not taken */
    /* Names below .../by-id/ that were met: they hold serial numbers. */
    char *ids[REDACT_IDS];
    size_t id_count;
};

/* `user` and `host` may be NULL. */
void redact_init(struct redact *r, const char *user, const char *host);
void redact_fini(struct redact *r);

/* All of this file is a secret ("/sys/class/dmi/id/product_serial"). */
bool redact_whole_file(const char *path);
/* Heap text with a NUL behind it; NUL bytes inside stay. 0 or -ENOMEM. */
int redact_text(struct redact *r, const char *text, size_t len_bytes, char **out,
                size_t *out_bytes) MUST_CHECK;

#endif
