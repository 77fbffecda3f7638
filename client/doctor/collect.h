/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/collect.h - makes a tree (machine/root.h) of what was looked at, for bug reports:
 * `espelho doctor --root TREE` finds in it what it found on the machine.
 *
 * Only what the checks read is written, after doctor/redact.h has been over it; of other processes
 * than QEMU, and of people's own folders, nothing. Threads: main thread. */
#ifndef ESPELHO_DOCTOR_COLLECT_H
#define ESPELHO_DOCTOR_COLLECT_H

#include <stddef.h>

#include "base/macros.h"
#include "machine/root.h"

struct collector;
/* From now on what is read through `root` is kept; `root` must outlive the collector. -ENOMEM. */
int collector_create(struct root *root, struct collector **out) MUST_CHECK;
void collector_destroy(struct collector *c); /* NULL is fine */
/* A file that is not of the machine: "/.espelho/vm.xml", "/.espelho/report.json". */
void collector_add(struct collector *c, const char *path, const char *text, size_t len_bytes);
/* Writes the tar file and observes no longer. `user` and `host` are taken out of all texts; NULL:
 * not known. -EEXIST: there is such a file already; -errno. */
int collector_write(struct collector *c, const char *tar_path, const char *user,
                    const char *host) MUST_CHECK;

#endif
