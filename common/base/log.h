/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/log.h - one line per event, to stderr or a file.
 * A source file starts with `#define LOG_MODULE "dxgi"`. Lines are written whole with one write;
 * any thread may log. Set-up functions (log_set_*, log_open_file) belong to start-up, before other
 * threads exist.
 *
 * The texts of log_err(), log_warn(), log_info() and log_every() are for the user and printed in
 * the user's language (base/text.h); xgettext finds them by these names. What is put into them by
 * %s is marked with _() by the caller. Debug and trace lines stay English. */
#ifndef ESPELHO_BASE_LOG_H
#define ESPELHO_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macros.h"

enum log_level {
    LOG_LEVEL_NONE, /* nothing is printed */
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO, /* the default */
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_TRACE,
};

enum log_colour {
    LOG_COLOUR_AUTO, /* the default: colour when stderr is a terminal and NO_COLOR is not set */
    LOG_COLOUR_ALWAYS,
    LOG_COLOUR_NEVER,
};

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_colour(enum log_colour colour);
/* "error", "warn", "info", "debug", "trace", "none": 0, or -EINVAL. */
int log_level_parse(const char *text, enum log_level *out) MUST_CHECK;
/* Lines go to `path` (appended, created 0600) instead of stderr. 0 or -errno; on failure nothing
 * changes. Once it succeeded, one thread may call it again at any time: every line is then in one
 * of the two files, whole. */
int log_open_file(const char *path) MUST_CHECK;
/* Bytes written since the file was opened. Any thread. */
uint64_t log_file_bytes(void);
/* Each line in a file begins with the local time, "2026-11-26 06:49:30.123 ". */
void log_set_stamp(bool stamp);
/* Lines go to stderr as well as to the file. */
void log_set_echo(bool echo);

/* `fmt` is translated, unless `level` is debug or trace. */
void log_write(enum log_level level, const char *module, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_err(...)   log_write(LOG_LEVEL_ERROR, LOG_MODULE, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, LOG_MODULE, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, LOG_MODULE, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, LOG_MODULE, __VA_ARGS__)

/* At most one line per `interval_ms` from this place: log_every(1000, LOG_LEVEL_WARN, "..."). Any
 * thread. For level debug: log_debug_every(1000, "..."), which is not translated. */
#define log_every(interval_ms, level, ...)                                                         \
    do {                                                                                           \
        static _Atomic uint64_t log_next_ns_;                                                      \
        if (log_due(&log_next_ns_, (interval_ms)))                                                 \
            log_write((level), LOG_MODULE, __VA_ARGS__);                                           \
    } while (0)

#define log_debug_every(interval_ms, ...) log_every(interval_ms, LOG_LEVEL_DEBUG, __VA_ARGS__)

bool log_due(_Atomic uint64_t *next_ns, uint32_t interval_ms);

#endif
