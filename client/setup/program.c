/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"

/* Our environment with LC_ALL=C. The strings are borrowed. */
static char **c_environment(void)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **copy = calloc(count + 2, sizeof(*copy));
    if (!copy)
        return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0)
            copy[kept++] = environ[i];
    static char locale[] = "LC_ALL=C";
    copy[kept] = locale;
    return copy;
}

static int start(const char *const argv[], int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int err = posix_spawn_file_actions_init(&actions);
    if (err)
        return -err;
    char **environment = c_environment();
    if (!environment)
        err = ENOMEM;
    if (!err)
        err = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&actions, out, 2);
    if (!err) /* posix_spawn does not write to argv; its type is historical */
        err =
            posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment);
    free(environment);
    posix_spawn_file_actions_destroy(&actions);
    return -err;
}

/* To the end of the output: what is beyond the limit is read and forgotten, so that the program is
 * not stopped by a full pipe. */
static int collect(int fd, char **printed)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *memory = open_memstream(&text, &len_bytes);
    if (!memory)
        return -ENOMEM;
    char buffer[4096];
    size_t kept_bytes = 0;
    for (;;) {
        const ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        const size_t room_bytes = PROGRAM_MAX_BYTES - kept_bytes;
        kept_bytes += fwrite(buffer, 1, (size_t)n < room_bytes ? (size_t)n : room_bytes, memory);
    }
    if (fclose(memory) != 0) { /* sets text, with a NUL behind it */
        free(text);
        return -ENOMEM;
    }
    *printed = text;
    return 0;
}

static int await(pid_t pid, int *status)
{
    int raw;
    while (waitpid(pid, &raw, 0) < 0)
        if (errno != EINTR)
            return -errno;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return 0;
}

int program_run(const char *const argv[], char **printed, int *status)
{
    int ends[2] = { -1, -1 };
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = -1;
    int err = start(argv, ends[1], &pid);
    close(ends[1]);
    autofree char *text = NULL;
    const int collected = err == 0 ? collect(ends[0], &text) : 0;
    close(ends[0]);
    if (err < 0)
        return err;
    err = await(pid, status);
    if (err == 0)
        err = collected;
    if (err == 0)
        *printed = steal_ptr(&text);
    return err;
}
