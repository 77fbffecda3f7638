/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/log_rotation.h - names of log files, sorted by time, and which of them stay.
 * Portable, pure. */
#ifndef ESPELHO_WIN_LOG_ROTATION_H
#define ESPELHO_WIN_LOG_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum { LOG_ROTATION_MAX = 16, LOG_NAME_BYTES = 80 };

struct log_time {
    uint32_t year, month, day, hour, minute, second;
};

/* Newest files of one kind in a folder. */
struct log_rotation {
    const char *program, *extension; /* "espelho-host", "log"; borrowed */
    size_t keep;                     /* 1..LOG_ROTATION_MAX */
    size_t count;
    char names[LOG_ROTATION_MAX][LOG_NAME_BYTES]; /* ascending: oldest first */
};

/* "espelho-host-20261126-064930-004711-00.log": the alphabet sorts them by time. `serial`: 0..99,
 * for files of one second of one process. */
void log_rotation_name(const char *program, const char *extension, const struct log_time *time,
                       uint32_t process_id, uint32_t serial, char name[LOG_NAME_BYTES]);

void log_rotation_init(struct log_rotation *r, const char *program, const char *extension,
                       size_t keep);
/* Takes a file of the folder into account, in any order. True: *victim has to be deleted, which is
 * it or one that was added before. Names of other programs or kinds are never victims. */
bool log_rotation_add(struct log_rotation *r, const char *name, char victim[LOG_NAME_BYTES]);

#endif
