/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/spice/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

enum { WAIT_MS = 5000, START_MS = 20000, MAX_ARGUMENTS = 64 };

static char dir[64];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_dir(void)
{
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *peer_dir(void)
{
    if (!dir[0]) {
        snprintf(dir, sizeof(dir), "/tmp/espelho-spice-XXXXXX");
        CHECK(mkdtemp(dir) != NULL);
        atexit(remove_dir);
    }
    return dir;
}

static void run(const char *program, const char *const arguments[], int in, int out)
{
    const char *argv[MAX_ARGUMENTS] = { program };
    for (size_t i = 0; arguments[i] && i + 2 < ARRAY_LEN(argv); i++)
        argv[i + 1] = arguments[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char log_path[96];
    snprintf(log_path, sizeof(log_path), "%s/server.log", dir);
    const int log = open(log_path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && log >= 0 && dup2(log, 2) == 2)
        execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* False: nothing more comes. */
static bool read_some(struct peer *p, int timeout_ms)
{
    struct pollfd fd = { .fd = p->out_fd, .events = POLLIN };
    if (poll(&fd, 1, timeout_ms) <= 0)
        return true;
    CHECK(p->used + 1 < sizeof(p->text));
    const ssize_t n = read(p->out_fd, p->text + p->used, sizeof(p->text) - 1 - p->used);
    if (n <= 0)
        return false;
    p->used += (size_t)n;
    p->text[p->used] = '\0';
    return true;
}

static char *find_line(struct peer *p, const char *line)
{
    const size_t bytes = strlen(line);
    for (char *at = p->text; (at = strstr(at, line)); at++)
        if ((at == p->text || at[-1] == '\n') && at[bytes] == '\n')
            return at;
    return NULL;
}

static bool pass_line(struct peer *p, const char *line)
{
    char *at = find_line(p, line);
    if (!at)
        return false;
    const size_t passed = (size_t)(at - p->text) + strlen(line) + 1;
    memmove(p->text, p->text + passed, p->used - passed + 1);
    p->used -= passed;
    return true;
}

void peer_start_program(struct peer *p, const char *program, const char *const arguments[])
{
    int in[2], out[2];
    (void)peer_dir();
    p->used = 0;
    p->text[0] = '\0';
    CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    p->pid = fork();
    CHECK(p->pid >= 0);
    if (p->pid == 0)
        run(program, arguments, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    p->in_fd = in[1];
    p->out_fd = out[0];
}

void peer_start(struct peer *p, const char *const arguments[])
{
    peer_start_program(p, SPICE_TEST_SERVER, arguments);
    const uint64_t end_ms = clock_ms() + START_MS;
    while (!pass_line(p, "ready"))
        CHECK_MSG(read_some(p, 100) && clock_ms() < end_ms, "the test server did not start");
}

void peer_kill(struct peer *p)
{
    if (p->pid <= 0)
        return;
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    close(p->in_fd);
    close(p->out_fd);
    p->pid = 0;
}

void peer_say(struct peer *p, const char *line)
{
    CHECK(dprintf(p->in_fd, "%s\n", line) > 0);
}

void peer_wait(struct peer *p, struct loop *loop, const char *line)
{
    const uint64_t end_ms = clock_ms() + WAIT_MS;
    while (!pass_line(p, line)) {
        CHECK_MSG(clock_ms() < end_ms, "the server did not print \"%s\" but:\n%s", line, p->text);
        CHECK(loop_run_once(loop, 2) >= 0);
        CHECK_MSG(read_some(p, 0), "the server is gone, waiting for \"%s\"", line);
    }
}

bool peer_printed(struct peer *p, const char *line)
{
    (void)read_some(p, 0);
    return find_line(p, line) != NULL;
}

void pump_until(struct loop *loop, const bool *flag, uint32_t ms, const char *what)
{
    const uint64_t end_ms = clock_ms() + ms;
    while (!*flag) {
        CHECK_MSG(clock_ms() < end_ms, "%s: not within %u ms", what, ms);
        CHECK(loop_run_once(loop, 20) >= 0);
    }
}

void pump_for(struct loop *loop, uint32_t ms)
{
    const uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms)
        CHECK(loop_run_once(loop, 5) >= 0);
}

uint16_t free_port(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_any };
    socklen_t bytes = sizeof(address);
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, bytes) == 0 &&
          getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
    close(fd);
    return ntohs(address.sin6_port);
}
