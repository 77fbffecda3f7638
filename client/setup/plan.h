/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/plan.h - what `espelho setup` would change, shown before it is done, and undone
 * afterwards.
 *
 * A plan is a list of files with their old and new content, of a domain's old and new XML, and of
 * commands to run afterwards. plan_show() prints unified diffs; plan_apply() keeps a backup of each
 * in <state>/N/ (state: /var/lib/espelho/setup, or ~/.local/state/espelho/setup for a user's own
 * files), writes each file by rename, and stops at the first error with everything before it
 * undone. plan_undo() puts the newest applied plan back, and refuses a file that somebody changed
 * since. Adding what is there already changes nothing. Paths go through a folder prefix ("" or a
 * fixture). Threads: main thread. */
#ifndef ESPELHO_SETUP_PLAN_H
#define ESPELHO_SETUP_PLAN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/macros.h"
#include "machine/root.h"

struct plan;

/* `prefix`: where the system's files lie, "" for this one. `state`: where backups are kept. */
int plan_create(struct root *root, const char *prefix, const char *state, const char *title,
                struct plan **out) MUST_CHECK;
void plan_destroy(struct plan *plan); /* NULL is fine */
/* The file will have this content; the same content as now: no change. `why`: translated, one line.
 */
int plan_file(struct plan *plan, const char *path, mode_t mode, const char *content,
              const char *why) MUST_CHECK;
int plan_remove(struct plan *plan, const char *path, const char *why) MUST_CHECK;
/* `old_xml` as libvirt printed it; applied by `virsh define`. */
int plan_domain(struct plan *plan, const char *uri, const char *name, const char *old_xml,
                const char *new_xml, const char *why) MUST_CHECK;
/* Run when applying, after the files; `undo` (or NULL) when undoing. Copied. */
int plan_command(struct plan *plan, const char *const argv[], const char *const undo[],
                 const char *why) MUST_CHECK;
/* Something that only a person can do (firmware, reboot); printed last. */
int plan_note(struct plan *plan, const char *text) MUST_CHECK;
bool plan_is_empty(const struct plan *plan);
void plan_show(const struct plan *plan, FILE *to, bool colour);
int plan_apply(struct plan *plan, FILE *log) MUST_CHECK;
int plan_undo(const char *prefix, const char *state, FILE *log) MUST_CHECK;

#endif
