/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/plan.h - what `espelho setup` would change, shown before it is done, and undone
 * afterwards.
 *
 * A plan is a list of files with their old and new content, of a domain's old and new XML, and of
 * commands. plan_show() prints unified diffs and changes nothing. plan_apply() writes what is
 * needed to go back into a folder of its own below `state` first, then each file by rename, then
 * domains
 * (`virsh define`), then runs the commands; at the first error everything before it is undone.
 * plan_undo() takes back the newest plan, and refuses as a whole if somebody changed one of its
 * files or domains since.
 *
 * Paths are absolute and lie below `prefix` ("" for this machine); links in folders stay inside. A
 * path that is a link itself, or no text, is refused. Adding what is there already changes nothing.
 *
 * Ownership: texts are copied. Threads: main thread. Errors are 0 or -errno; plan_problem() has a
 * sentence for a person. */
#ifndef ESPELHO_SETUP_PLAN_H
#define ESPELHO_SETUP_PLAN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/macros.h"

struct plan;

/* `state`: the folder that holds backups; made by plan_apply(). `vm`: whose plan it is; "": no
 * VM's. */
int plan_create(const char *prefix, const char *state, const char *title, const char *vm,
                struct plan **out) MUST_CHECK;
void plan_destroy(struct plan *plan); /* NULL is fine */

/* The file as it will be, so that several parts of a setup can add to one: heap text. -ENOENT: it
 * is not there. */
int plan_read(const struct plan *plan, const char *path, char **text) MUST_CHECK;
/* The file will have this content and mode; the same as now: no change. `why`: one line. -EINVAL:
 * not a path; -ELOOP: a link, or no file; -EPROTO: what is there is no text; -EFBIG. */
int plan_file(struct plan *plan, const char *path, mode_t mode, const char *content,
              const char *why) MUST_CHECK;
/* The same for a file that is somebody else's too: it keeps the mode that it has. A new one: 0644.
 */
int plan_edit(struct plan *plan, const char *path, const char *content, const char *why) MUST_CHECK;
int plan_remove(struct plan *plan, const char *path, const char *why) MUST_CHECK;
/* Whether the plan changes this file; for commands that are needed only then. */
bool plan_touches(const struct plan *plan, const char *path);
/* `old_xml`: as it is now, in the same form as `new_xml`, so that only real changes are shown. */
int plan_domain(struct plan *plan, const char *uri, const char *name, const char *old_xml,
                const char *new_xml, const char *why) MUST_CHECK;
/* Run when applying, after files and domains; `undo` (or NULL) when undoing, after the files. */
int plan_command(struct plan *plan, const char *const argv[], const char *const undo[],
                 const char *why) MUST_CHECK;
/* Something that only a person can do (firmware, reboot); printed last. No change by itself. */
int plan_note(struct plan *plan, const char *text) MUST_CHECK;

/* While this path is there, the plan is not undone: something needs what it made. */
int plan_hold(struct plan *plan, const char *path) MUST_CHECK;

bool plan_is_empty(const struct plan *plan); /* no changes; notes do not count */
void plan_show(const struct plan *plan, FILE *to, bool colour);
/* What is done goes to `log`, a line each. -EBUSY: a file is not as it was when the plan was made;
 * -EIO: a command failed. Nothing is changed then, but for what `log` names. */
int plan_apply(struct plan *plan, FILE *log) MUST_CHECK;
/* The newest, or (`vm` not "") that VM's newest. -ENOENT: there is nothing to undo; -EBUSY:
 * something was changed since, or is held; nothing was touched, and `log` says why. */
int plan_undo(const char *prefix, const char *state, const char *vm, FILE *log) MUST_CHECK;
/* What that would undo now, as a line; -ENOENT. */
int plan_undo_next(const char *prefix, const char *state, const char *vm, char *line,
                   size_t line_bytes) MUST_CHECK;
/* A sentence about the last error of this plan, translated; "" if there was none. */
const char *plan_problem(const struct plan *plan);

#endif
