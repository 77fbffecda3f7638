/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/settings_watch.h - wakes the service when a settings file may have changed, and
 * says whether it really has. Windows. Threads: one. */
#ifndef ESPELHO_SERVICE_SETTINGS_WATCH_H
#define ESPELHO_SERVICE_SETTINGS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct settings_watch;

enum { SETTINGS_FOLDERS_MAX = 4 };

/* `folders`: UTF-8, copied; each may hold a HOST_OPTIONS_FILE. NULL entries are skipped. -ENOMEM.
 */
int settings_watch_create(const char *const *folders, size_t count,
                          struct settings_watch **out) MUST_CHECK;
void settings_watch_destroy(struct settings_watch *watch); /* NULL is fine */

/* HANDLEs to wait for, borrowed; at most SETTINGS_FOLDERS_MAX. None for SETTINGS_REST_MS after a
 * look: the log is in one of the folders, and every line of it signals. A folder that cannot be
 * watched (it is not there yet) has none: so settings_watch_changed() is to be called now and then
 * anyway. */
enum { SETTINGS_REST_MS = 250 };
size_t settings_watch_handles(const struct settings_watch *watch, uint64_t now_ms, void **handles);
/* Reads the files again. To be called when a handle is signalled and at settings_watch_due_ms(). */
bool settings_watch_changed(struct settings_watch *watch, uint64_t now_ms) MUST_CHECK;
/* UINT64_MAX: when a handle is signalled. */
uint64_t settings_watch_due_ms(const struct settings_watch *watch, uint64_t now_ms);

#endif
