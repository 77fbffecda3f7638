/* SPDX-License-Identifier: GPL-2.0-or-later
 * The viewer's side: starts the process, reads what it says, and reaps it. */
#include "render/egl/import_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/printable.h"
#include "base/text.h"

enum { REAP_AGAIN_MS = 5, PROBLEM_BYTES = 240 };

struct import_trial {
    struct import_trial_config config;
    pid_t pid;  /* 0: reaped */
    int out_fd; /* its stdout, owned */
    uint64_t deadline_ns;
    struct loop_source *output, *timer;
    char said[PROBLEM_BYTES];
    size_t said_bytes;
};

static void finish(struct import_trial *t, const char *problem)
{
    loop_source_destroy(t->output);
    loop_source_destroy(t->timer);
    t->output = t->timer = NULL;
    t->config.done(t->config.ctx, problem); /* last: it may destroy us */
}

/* What it said, without anything that could harm a terminal. */
static void clean(char *text)
{
    make_printable(text);
    for (size_t len = strlen(text); len > 0 && text[len - 1] == ' '; len--)
        text[len - 1] = '\0';
}

static void judge(struct import_trial *t, int status)
{
    char problem[PROBLEM_BYTES + 64];
    t->said[t->said_bytes] = '\0';
    clean(t->said);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        finish(t, NULL);
        return;
    }
    if (WIFSIGNALED(status))
        snprintf(problem, sizeof(problem), _("the driver crashed when it was tried (%s)"),
                 strsignal(WTERMSIG(status)));
    else if (t->said[0])
        snprintf(problem, sizeof(problem), "%s", t->said);
    else
        snprintf(problem, sizeof(problem), _("the trial failed (exit status %d)"),
                 WEXITSTATUS(status));
    finish(t, problem);
}

/* Its output ended, so it is ending, or its time is over. */
static void try_reap(struct import_trial *t)
{
    int status = 0;
    const bool late = clock_ns() >= t->deadline_ns;
    if (late)
        kill(t->pid, SIGKILL);
    const pid_t got = waitpid(t->pid, &status, late ? 0 : WNOHANG);
    if (got == 0) {
        loop_timer_set_ns(t->timer, clock_ns() + REAP_AGAIN_MS * NS_PER_MS, 0);
        return;
    }
    t->pid = 0;
    if (late)
        finish(t, _("the driver did not come to an end when it was tried"));
    else if (got < 0)
        finish(t, _("the trial's end was not to be seen"));
    else
        judge(t, status);
}

static void on_output(void *ctx, uint32_t events)
{
    (void)events;
    struct import_trial *t = ctx;
    char rest[256];
    const size_t room = sizeof(t->said) - 1 - t->said_bytes;
    const ssize_t got = room > 0 ? read(t->out_fd, t->said + t->said_bytes, room)
                                 : read(t->out_fd, rest, sizeof(rest));
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got > 0) {
        t->said_bytes += room > 0 ? (size_t)got : 0;
        return;
    }
    loop_source_destroy(t->output);
    t->output = NULL;
    try_reap(t);
}

static void on_timer(void *ctx)
{
    try_reap(ctx);
}

/* Own signal mask and defaults: ours are blocked for the loop's sake. */
static int spawn(struct import_trial *t, int out_fd)
{
    extern char **environ;
    const char *program = t->config.program ? t->config.program : "/proc/self/exe";
    char *const argv[] = { (char *)program, "try-import", (char *)t->config.exporter, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out_fd, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0); /* what drivers say */
    const int err = posix_spawn(&t->pid, program, &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (err)
        t->pid = 0;
    return -err;
}

static int start(struct import_trial *t)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    t->out_fd = pipe_fds[0];
    int err = spawn(t, pipe_fds[1]);
    close(pipe_fds[1]);
    if (!err)
        err = loop_add_fd(t->config.loop, t->out_fd, EPOLLIN, on_output, t, &t->output);
    if (!err)
        err = loop_add_timer(t->config.loop, on_timer, t, &t->timer);
    if (err)
        return err;
    t->deadline_ns = clock_ns() + t->config.patience_ms * NS_PER_MS;
    loop_timer_set_ns(t->timer, t->deadline_ns, 0);
    return 0;
}

int import_trial_create(const struct import_trial_config *config, struct import_trial **out)
{
    struct import_trial *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->config = *config;
    t->out_fd = -1;
    const int err = start(t);
    if (err) {
        import_trial_destroy(t);
        return err;
    }
    *out = t;
    return 0;
}

void import_trial_destroy(struct import_trial *t)
{
    if (!t)
        return;
    loop_source_destroy(t->output);
    loop_source_destroy(t->timer);
    if (t->pid > 0) {
        kill(t->pid, SIGKILL);
        (void)!waitpid(t->pid, NULL, 0);
    }
    if (t->out_fd >= 0)
        close(t->out_fd);
    free(t);
}
