/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/log_file.h - base/log.h into files of a folder: a new one at each start and whenever
 * one is full, the newest few stay. Windows. One thread (the main one). */
#ifndef ESPELHO_WIN_LOG_FILE_H
#define ESPELHO_WIN_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/macros.h"
#include "win/log_rotation.h"

enum { LOG_FILE_KEEP = 5, LOG_FILE_HEADER_BYTES = 2048 };
#define LOG_FILE_MAX_BYTES (UINT64_C(8) << 20)

struct log_file {
    char folder[FILE_PATH_BYTES], program[32];
    char path[FILE_PATH_BYTES]; /* of the file that is written now; "": none */
    char header[LOG_FILE_HEADER_BYTES];
    uint64_t max_bytes;
    uint32_t serial;
};

/* Opens the first file in `folder`, which is made if it is missing (its parent exists), with lines
 * stamped and, with `echo`, on stderr as well; deletes what is more than LOG_FILE_KEEP. `max_bytes`
 * 0: LOG_FILE_MAX_BYTES. 0; -errno: nothing changed, lines go where they went. */
int log_file_start(struct log_file *file, const char *folder, const char *program, bool echo,
                   uint64_t max_bytes) MUST_CHECK;
/* A line for the head of this file and of each that follows it: versions, adapters, outputs. It is
 * written as a log line at once. What does not fit into LOG_FILE_HEADER_BYTES is not repeated. */
void log_file_header(struct log_file *file, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Every second or so: goes on in the next file when this one is full. */
void log_file_tick(struct log_file *file);

/* Deletes all but the newest `keep` files PROGRAM-TIME-....EXTENSION of a folder; also for dumps.
 */
void log_file_prune(const char *folder, const char *program, const char *extension, size_t keep);
/* Path of a new file, named by the time of now. 0; -ENAMETOOLONG. */
int log_file_name(const char *folder, const char *program, const char *extension, uint32_t serial,
                  char path[FILE_PATH_BYTES]) MUST_CHECK;

#endif
