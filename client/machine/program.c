/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* How patient we are. */
struct manner {
    bool asks;           /* one output, a group of its own that can be ended, a limit that counts */
    bool speaks_to_user; /* in his language, that is */
    uint64_t deadline_ms; /* of clock_ms() */
};

/* A program that runs, and the end of the pipe that it prints into. */
struct child {
    pid_t pid;
    int out_fd; /* owned; -1: none */
};

/* ---- start ---- */

/* Ours, but for the language. The strings are borrowed. */
static char **c_environment(void)
{
    static char locale[] = "LC_ALL=C";
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **copy = calloc(count + 2, sizeof(*copy));
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0 && strncmp(environ[i], "LANGUAGE=", 9) != 0)
            copy[kept++] = environ[i];
    copy[kept] = locale;
    return copy;
}

static int spawn(const char *const argv[], const struct manner *manner,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 pid_t *pid)
{
    char path[PATH_MAX];
    char *const *const words = (char *const *)(uintptr_t)argv; /* its type is historical */
    autofree char **in_c = manner->speaks_to_user ? NULL : c_environment();
    char **const environment = manner->speaks_to_user ? environ : in_c;
    if (!environment)
        return -ENOMEM;
    const int err = posix_spawnp(pid, argv[0], actions, attributes, words, environment);
    if (err != ENOENT || strchr(argv[0], '/'))
        return -err;
    if (snprintf(path, sizeof(path), "/usr/sbin/%s", argv[0]) >= (int)sizeof(path))
        return -ENOENT;
    return -posix_spawn(pid, path, actions, attributes, words, environment);
}

static int add_outputs(posix_spawn_file_actions_t *actions, int out_fd, bool asks)
{
    int err = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO);
    if (!err)
        err = asks ? posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY,
                                                      0)
                   : posix_spawn_file_actions_adddup2(actions, out_fd, STDERR_FILENO);
    return -err;
}

static int start_into(const char *const argv[], int out_fd, const struct manner *manner, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int err = -posix_spawn_file_actions_init(&actions);
    if (err < 0)
        return err;
    err = -posix_spawnattr_init(&attributes);
    if (err == 0) {
        err = add_outputs(&actions, out_fd, manner->asks);
        if (err == 0 && manner->asks)
            err = -posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        if (err == 0)
            err = spawn(argv, manner, &actions, &attributes, pid);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

static int start(const char *const argv[], const struct manner *manner, struct child *child)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    const int err = start_into(argv, ends[1], manner, &child->pid);
    close(ends[1]);
    if (err < 0)
        close(ends[0]);
    else
        child->out_fd = ends[0];
    return err;
}

/* ---- what it prints ---- */

/* 1: there is something to read, or the end. */
static int wait_readable(int fd, const struct manner *manner)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    const uint64_t now_ms = manner->asks ? clock_ms() : 0;
    if (manner->asks && now_ms >= manner->deadline_ms)
        return -ETIMEDOUT;
    const int ready = poll(&wait, 1, manner->asks ? (int)(manner->deadline_ms - now_ms) : -1);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    return ready == 0 ? -ETIMEDOUT : 1;
}

/* To the end. What is too much is read all the same: a full pipe would stop the program. */
static int collect(int fd, const struct manner *manner, FILE *to)
{
    size_t room_bytes = PROGRAM_MAX_BYTES;
    for (;;) {
        char bytes[4096];
        const int ready = wait_readable(fd, manner);
        if (ready < 0)
            return ready;
        const ssize_t n = ready ? read(fd, bytes, sizeof(bytes)) : -1;
        if (ready && n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        if (n < 0)
            continue;
        if ((size_t)n > room_bytes && manner->asks)
            return -EFBIG;
        const size_t take_bytes = (size_t)n < room_bytes ? (size_t)n : room_bytes;
        if (fwrite(bytes, 1, take_bytes, to) != take_bytes)
            return -ENOMEM;
        room_bytes -= take_bytes;
    }
}

static int collect_text(int fd, const struct manner *manner, char **printed)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *const memory = open_memstream(&text, &len_bytes);
    if (!memory)
        return -ENOMEM;
    int err = collect(fd, manner, memory);
    if (fclose(memory) != 0 && err == 0) /* sets text, with a NUL behind it */
        err = -ENOMEM;
    if (err < 0)
        free(text);
    else
        *printed = text;
    return err;
}

/* ---- its end ---- */

/* It may have closed its outputs and go on: not longer than the limit. */
static int wait_for(pid_t pid, const struct manner *manner, int *raw)
{
    for (;;) {
        const pid_t done = waitpid(pid, raw, manner->asks ? WNOHANG : 0);
        if (done == pid)
            return 0;
        if (done < 0 && errno != EINTR)
            return -errno;
        if (manner->asks && clock_ms() >= manner->deadline_ms)
            return -ETIMEDOUT;
        if (manner->asks)
            clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
}

static void end(pid_t pid)
{
    int ignored;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &ignored, 0) < 0 && errno == EINTR)
        ;
}

static int run(const char *const argv[], const struct manner *manner, char **printed, int *raw)
{
    struct child child = { .pid = -1, .out_fd = -1 };
    autofree char *text = NULL;
    int err = start(argv, manner, &child);
    if (err < 0)
        return err;
    const int collected = collect_text(child.out_fd, manner, &text);
    close(child.out_fd);
    if (collected == 0 || !manner->asks)
        err = wait_for(child.pid, manner, raw);
    if (err == 0)
        err = collected;
    if (err < 0 && manner->asks)
        end(child.pid);
    if (err == 0)
        *printed = steal_ptr(&text);
    return err;
}

int program_run(const char *const argv[], char **printed, int *status)
{
    const struct manner patient = { .asks = false };
    int raw = 0;
    const int err = run(argv, &patient, printed, &raw);
    if (err == 0)
        *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return err;
}

static int ask(const char *const argv[], const struct manner *asking, char **printed, int *status)
{
    autofree char *text = NULL;
    int raw = 0;
    const int err = run(argv, asking, &text, &raw);
    if (err < 0)
        return err;
    if (!WIFEXITED(raw))
        return -EINTR;
    *printed = steal_ptr(&text);
    *status = WEXITSTATUS(raw);
    return 0;
}

int program_ask(const char *const argv[], uint32_t limit_ms, char **printed, int *status)
{
    const struct manner asking = { .asks = true, .deadline_ms = clock_ms() + limit_ms };
    return ask(argv, &asking, printed, status);
}

int program_ask_ourselves(const char *verb, const char *word, uint32_t limit_ms, char **printed,
                          int *status)
{
    const char *const argv[] = { "/proc/self/exe", verb, word, NULL };
    const struct manner asking = { .asks = true,
                                   .speaks_to_user = true,
                                   .deadline_ms = clock_ms() + limit_ms };
    return ask(argv, &asking, printed, status);
}
