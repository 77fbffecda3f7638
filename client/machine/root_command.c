/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a program prints: run here, or read in a saved tree. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "machine/root_private.h"

enum { VARIABLES_MAX = 4096 };

/* ---- the name of a command in a tree ---- */

static bool add_word(char name[NAME_MAX + 1], size_t *len, const char *word)
{
    for (; *word; word++) {
        if (*len == NAME_MAX)
            return false;
        const bool plain = isalnum((unsigned char)*word) || strchr("._-", *word);
        name[(*len)++] = plain ? *word : '+';
    }
    name[*len] = '\0';
    return true;
}

static int name_of(const char *const argv[], char name[NAME_MAX + 1])
{
    size_t len = 0;
    for (size_t i = 0; argv[i]; i++)
        if ((i > 0 && !add_word(name, &len, " ")) || !add_word(name, &len, argv[i]))
            return -ENAMETOOLONG;
    return len ? 0 : -EINVAL;
}

/* ---- read ---- */

static int read_saved(const struct root *root, const char *name, char **text, int *status)
{
    char path[NAME_MAX + 32];
    autofree char *whole = NULL;
    snprintf(path, sizeof(path), "/.espelho/commands/%s", name);
    int err = root_read_file(root, path, &whole, NULL);
    if (err < 0)
        return err;
    int exit_status, at = 0;
    if (sscanf(whole, "status %3d%n", &exit_status, &at) != 1 || whole[at] != '\n')
        return -EPROTO;
    char *const copy = strdup(whole + at + 1);
    if (!copy)
        return -ENOMEM;
    *text = copy;
    *status = exit_status;
    return 0;
}

/* ---- run ---- */

/* A program that runs, and the end of the pipe that it prints into. */
struct child {
    pid_t pid;
    int out_fd;
};

/* Our environment, but for the language. The texts stay the environment's. */
static void make_environment(const char *variables[VARIABLES_MAX])
{
    size_t count = 0;
    variables[count++] = "LC_ALL=C";
    for (char **v = environ; *v && count < VARIABLES_MAX - 1; v++)
        if (strncmp(*v, "LC_ALL=", 7) != 0 && strncmp(*v, "LANGUAGE=", 9) != 0)
            variables[count++] = *v;
    variables[count] = NULL;
}

/* Users' PATH often lacks the folder of programs like dkms and modinfo. */
static int spawn(const char *const argv[], const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, pid_t *pid)
{
    char path[PATH_MAX];
    const char *variables[VARIABLES_MAX];
    char *const *const words = (char *const *)(uintptr_t)argv;
    char *const *const environment = (char *const *)(uintptr_t)variables;
    make_environment(variables);
    int err = posix_spawnp(pid, argv[0], actions, attributes, words, environment);
    if (err != ENOENT || strchr(argv[0], '/'))
        return -err;
    if (snprintf(path, sizeof(path), "/usr/sbin/%s", argv[0]) >= (int)sizeof(path))
        return -ENOENT;
    return -posix_spawn(pid, path, actions, attributes, words, environment);
}

/* A group of its own, so that all of it can be ended. */
static int start(const char *const argv[], struct child *child)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int err = spawn(argv, &actions, &attributes, &child->pid);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (err < 0)
        close(ends[0]);
    else
        child->out_fd = ends[0];
    return err;
}

/* What it prints until it closes its end. */
static int collect(int fd, uint64_t deadline_ms, FILE *to)
{
    size_t sum_bytes = 0;
    for (;;) {
        char bytes[4096];
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        const uint64_t now_ms = clock_ms();
        const int ready = now_ms < deadline_ms ? poll(&wait, 1, (int)(deadline_ms - now_ms)) : 0;
        if (ready == 0)
            return -ETIMEDOUT;
        const ssize_t n = ready < 0 ? -1 : read(fd, bytes, sizeof(bytes));
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        if (n > 0 && (sum_bytes += (size_t)n) > ROOT_MAX_BYTES)
            return -EFBIG;
        if (n > 0 && fwrite(bytes, 1, (size_t)n, to) != (size_t)n)
            return -ENOMEM;
    }
}

/* Until it ends, but not longer than `deadline_ms`: it may have closed its output and go on. */
static int wait_for(pid_t pid, uint64_t deadline_ms, int *status)
{
    for (;;) {
        const pid_t done = waitpid(pid, status, WNOHANG);
        if (done == pid)
            return WIFEXITED(*status) ? 0 : -EINTR;
        if (done < 0 && errno != EINTR)
            return -errno;
        if (clock_ms() >= deadline_ms)
            return -ETIMEDOUT;
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

static int run(const char *const argv[], char **text, int *status)
{
    struct child child = { .pid = -1, .out_fd = -1 };
    int err = start(argv, &child);
    if (err < 0)
        return err == -EPERM ? -EACCES : err;
    char *bytes = NULL;
    size_t len_bytes = 0;
    int wait_status = 0;
    const uint64_t deadline_ms = clock_ms() + ROOT_COMMAND_MS;
    FILE *const memory = open_memstream(&bytes, &len_bytes);
    err = memory ? collect(child.out_fd, deadline_ms, memory) : -ENOMEM;
    if (memory && fclose(memory) != 0 && err == 0)
        err = -ENOMEM;
    close(child.out_fd);
    if (err == 0)
        err = wait_for(child.pid, deadline_ms, &wait_status);
    if (err < 0 && err != -EINTR)
        end(child.pid);
    if (err < 0) {
        free(bytes);
        return err;
    }
    *text = bytes;
    *status = WEXITSTATUS(wait_status);
    return 0;
}

int root_command(struct root *root, const char *const argv[], char **text, int *status)
{
    char name[NAME_MAX + 1], *printed = NULL;
    int exit_status = 0;
    int err = name_of(argv, name);
    if (err == 0)
        err = root_is_live(root) ? run(argv, &printed, &exit_status)
                                 : read_saved(root, name, &printed, &exit_status);
    if (err == 0 && !printed)
        err = -ENOMEM;
    if (err < 0)
        return err;
    root_tell_command(root, name, exit_status, printed, strlen(printed));
    *text = printed;
    *status = exit_status;
    return 0;
}
