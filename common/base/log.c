/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { LINE_BYTES = 1024, STAMP_BYTES = 40 };

/* The log is the process's own output and so the one thing that lives at file scope. Written at
 * start-up only. */
static _Atomic int current_level = LOG_LEVEL_INFO;
static enum log_colour current_colour = LOG_COLOUR_AUTO;
static int log_fd = 2;
static bool log_stamp, log_echo;
static _Atomic uint64_t file_bytes;

static const struct {
    const char *name;
    const char *colour;
} levels[] = {
    [LOG_LEVEL_NONE] = { "none", "" },          [LOG_LEVEL_ERROR] = { "error", "\033[1;31m" },
    [LOG_LEVEL_WARN] = { "warn", "\033[33m" },  [LOG_LEVEL_INFO] = { "info", "" },
    [LOG_LEVEL_DEBUG] = { "debug", "\033[2m" }, [LOG_LEVEL_TRACE] = { "trace", "\033[2m" },
};

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_colour(enum log_colour colour)
{
    current_colour = colour;
}

int log_level_parse(const char *text, enum log_level *out)
{
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (strcmp(text, levels[i].name) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

int log_open_file(const char *path)
{
    const int fd = file_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0)
        return fd;
    if (log_fd == STDERR_FILENO) {
        log_fd = fd;
        current_colour = LOG_COLOUR_NEVER;
    } else {
        /* Other threads may be writing: the number stays, what is behind it changes at once. */
        const int err = dup2(fd, log_fd) < 0 ? -errno : 0;
        close(fd);
        if (err < 0)
            return err;
    }
    atomic_store_explicit(&file_bytes, 0, memory_order_relaxed);
    return 0;
}

uint64_t log_file_bytes(void)
{
    return atomic_load_explicit(&file_bytes, memory_order_relaxed);
}

void log_set_stamp(bool stamp)
{
    log_stamp = stamp;
}

void log_set_echo(bool echo)
{
    log_echo = echo;
}

static bool use_colour(void)
{
    if (current_colour != LOG_COLOUR_AUTO)
        return current_colour == LOG_COLOUR_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    return !(no_color && *no_color) && isatty(log_fd);
}

/* Texts from the guest end up here: control characters could drive the user's terminal. */
static void make_printable(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
            *p = '?';
    }
}

static void local_time(time_t t, struct tm *out)
{
#if defined(_WIN32)
    if (localtime_s(out, &t) != 0)
        *out = (struct tm){ 0 };
#else
    if (!localtime_r(&t, out))
        *out = (struct tm){ 0 };
#endif
}

/* Its length. */
static size_t put_stamp(char text[STAMP_BYTES])
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    local_time(now.tv_sec, &tm);
    const size_t n = strftime(text, STAMP_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
    const int more = snprintf(text + n, STAMP_BYTES - n, ".%03ld ", now.tv_nsec / 1000000 % 1000);
    return more < 0 ? n : n + (size_t)more;
}

static void write_all(int fd, const char *p, size_t len_bytes)
{
    while (len_bytes > 0) {
        const ssize_t n = write(fd, p, (unsigned)len_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* nowhere to report that the log cannot be written */
        p += n;
        len_bytes -= (size_t)n;
    }
}

void log_write(enum log_level level, const char *module, const char *fmt, ...)
{
    if (level == LOG_LEVEL_NONE || level > log_get_level())
        return;
    const int saved_errno = errno;
    char text[LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), level <= LOG_LEVEL_INFO ? _(fmt) : fmt, args);
    va_end(args);
    make_printable(text);

    char line[STAMP_BYTES + LINE_BYTES + 64];
    const size_t stamp_bytes = log_stamp && log_fd != STDERR_FILENO ? put_stamp(line) : 0;
    const bool colour = use_colour() && levels[level].colour[0];
    int len = snprintf(line + stamp_bytes, sizeof(line) - stamp_bytes, "%s%-5s %s: %s%s\n",
                       colour ? levels[level].colour : "", levels[level].name, module, text,
                       colour ? "\033[0m" : "");
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(line) - stamp_bytes)
        len = (int)(sizeof(line) - stamp_bytes) - 1;
    write_all(log_fd, line, stamp_bytes + (size_t)len);
    atomic_fetch_add_explicit(&file_bytes, stamp_bytes + (size_t)len, memory_order_relaxed);
    if (log_echo && log_fd != STDERR_FILENO)
        write_all(STDERR_FILENO, line + stamp_bytes, (size_t)len);
    errno = saved_errno;
}

bool log_due(_Atomic uint64_t *next_ns, uint32_t interval_ms)
{
    const uint64_t now_ns = clock_ns();
    uint64_t due_ns = atomic_load_explicit(next_ns, memory_order_relaxed);
    /* relaxed: only decides who prints, orders nothing */
    return now_ns >= due_ns && atomic_compare_exchange_strong_explicit(
                                   next_ns, &due_ns, now_ns + interval_ms * NS_PER_MS,
                                   memory_order_relaxed, memory_order_relaxed);
}
