/* SPDX-License-Identifier: GPL-2.0-or-later
 * bench_input ESPELHO MEASURE_COMPOSITOR BENCH_PRODUCER SPICE_TEST_SERVER BUSY_RENDER
 *
 * How long a key takes from the compositor's flush to libspice-server's keyboard, which is later
 * than "bytes sent", while the render thread of the real program computes for 20 ms per frame
 * (BUSY_RENDER is preloaded into it). Keys come at any moment of a frame. Yardstick of the same
 * round: as long a chain of idle threads of our own, woken between the keys; what it takes is the
 * scheduler's. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/input-event-codes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "child.h"
#include "figure.h"
#include "kvmfr/sizing.h"
#include "publog.h"

enum {
    KEYS = 400,
    WARM_UP = 20,
    WIDTH_PX = 640,
    HEIGHT_PX = 480,
    PATIENCE_MS = 10000,
    PAUSE_US = 2000,        /* between a key and a yardstick, and up to as much again */
    INPUTS_CHANNEL_TYPE = 3 /* SPICE_CHANNEL_INPUTS */
};

/* Of the fastest display: then the render thread starts on the next frame soon after the last. */
#define REFRESH_HZ "240"
#define FRAME_HZ   "120"

static const char *espelho, *compositor, *producer, *spice_server, *busy_render;
static char dir[64], shm_path[96], log_path[96], socket_path[96];

struct pipes {
    int to, from; /* a child's stdin and stdout; -1: none */
};

struct lines {
    int fd;
    char text[4096];
    size_t used;
};

struct chain {
    int first_fd;   /* eventfd: wakes the first thread */
    int sockets[2]; /* through which it wakes the second */
    pthread_t threads[2];
    _Atomic uint64_t arrived_ns;
};

struct bench {
    pid_t producer, compositor, server, viewer;
    struct pipes keyboard, guest;
    struct lines guest_says;
    struct publog *log;
    struct chain chain;
    uint32_t random;
    double key_us[KEYS], chain_us[KEYS];
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_input: %s: %s\n", what, strerror(errno));
    exit(2);
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench_input: %s\n", what);
    exit(1);
}

/* ---- the guest's words ---- */

static bool take_line(struct lines *l, char *out, size_t out_bytes)
{
    const char *end = memchr(l->text, '\n', l->used);
    if (!end)
        return false;
    const size_t bytes = (size_t)(end - l->text);
    snprintf(out, out_bytes, "%.*s", (int)bytes, l->text);
    l->used -= bytes + 1;
    memmove(l->text, end + 1, l->used);
    return true;
}

/* False: nothing came within PATIENCE_MS. */
static bool next_line(struct lines *l, char *out, size_t out_bytes)
{
    while (!take_line(l, out, out_bytes)) {
        struct pollfd p = { .fd = l->fd, .events = POLLIN };
        if (poll(&p, 1, PATIENCE_MS) <= 0 || l->used == sizeof(l->text))
            return false;
        const ssize_t n = read(l->fd, l->text + l->used, sizeof(l->text) - l->used);
        if (n <= 0)
            return false;
        l->used += (size_t)n;
    }
    return true;
}

static void await_line(struct lines *l, const char *wanted)
{
    char line[128] = "";
    while (strcmp(line, wanted) != 0) {
        if (!next_line(l, line, sizeof(line))) {
            fprintf(stderr, "bench_input: the SPICE server never said '%s'\n", wanted);
            exit(1);
        }
    }
}

/* ---- the yardstick ---- */

static void *pass_on(void *ctx)
{
    const struct chain *c = ctx;
    uint64_t count;
    while (read(c->first_fd, &count, sizeof(count)) == sizeof(count) && count < 1000) {
        if (write(c->sockets[0], "k", 1) != 1)
            die("yardstick");
    }
    shutdown(c->sockets[0], SHUT_RDWR);
    return NULL;
}

static void *arrive(void *ctx)
{
    struct chain *c = ctx;
    char byte;
    while (read(c->sockets[1], &byte, 1) == 1)
        atomic_store(&c->arrived_ns, clock_ns());
    return NULL;
}

static void chain_start(struct chain *c)
{
    c->first_fd = eventfd(0, EFD_CLOEXEC);
    if (c->first_fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, c->sockets) < 0 ||
        pthread_create(&c->threads[0], NULL, pass_on, c) != 0 ||
        pthread_create(&c->threads[1], NULL, arrive, c) != 0)
        die("yardstick");
}

static void chain_wake(const struct chain *c, uint64_t count)
{
    if (write(c->first_fd, &count, sizeof(count)) != sizeof(count))
        die("yardstick");
}

static void chain_stop(struct chain *c)
{
    chain_wake(c, 1000);
    pthread_join(c->threads[0], NULL);
    pthread_join(c->threads[1], NULL);
    close(c->first_fd);
    close(c->sockets[0]);
    close(c->sockets[1]);
}

static double measure_chain(struct chain *c)
{
    atomic_store(&c->arrived_ns, 0);
    const uint64_t from_ns = clock_ns();
    chain_wake(c, 1);
    while (atomic_load(&c->arrived_ns) == 0)
        clock_sleep_until_ns(clock_ns() + 500 * NS_PER_US);
    return (double)(atomic_load(&c->arrived_ns) - from_ns) / 1e3;
}

/* ---- the cast ---- */

static pid_t start(const char *const *argv, struct pipes *pipes)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        die("pipe");
    const pid_t pid = child_spawn(argv, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    *pipes = (struct pipes){ .to = in[1], .from = out[0] };
    return pid;
}

static void close_pipes(struct pipes *p)
{
    close(p->to);
    close(p->from);
}

static void await_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    for (int i = 0; i < PATIENCE_MS / 10 && access(path, F_OK) < 0; i++)
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    if (access(path, F_OK) < 0)
        die(path);
}

static void make_region(void)
{
    const double mib = kvmfr_region_mib_for_mode(WIDTH_PX, HEIGHT_PX, 4);
    const int fd = open(shm_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)(mib * 1048576)) < 0)
        die(shm_path);
    close(fd);
}

static void start_viewer(struct bench *b)
{
    char shm_option[128], socket_option[128];
    snprintf(shm_option, sizeof(shm_option), "app:shmFile=%s", shm_path);
    snprintf(socket_option, sizeof(socket_option), "spice:socket=%s", socket_path);
    setenv("LD_PRELOAD", busy_render, 1);
    b->viewer = child_spawn((const char *const[]){ espelho, "view", shm_option, socket_option,
                                                   "app:renderer=shm", "app:logLevel=warn",
                                                   "spice:audio=no", NULL },
                            -1, -1);
    unsetenv("LD_PRELOAD");
}

static void await_picture(const struct bench *b)
{
    for (int i = 0; i < PATIENCE_MS / 10; i++) {
        if (atomic_load(&b->log->first_commit_ns) != 0)
            return;
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    give_up("the viewer shows no picture");
}

static void enter(struct bench *b)
{
    char epoch[32], mode[32];
    snprintf(epoch, sizeof(epoch), "%" PRIu64, clock_ns());
    snprintf(mode, sizeof(mode), "%dx%d", WIDTH_PX, HEIGHT_PX);
    make_region();
    const int err = publog_map(log_path, true, &b->log);
    if (err < 0) {
        errno = -err;
        die(log_path);
    }
    b->server = start((const char *const[]){ spice_server, "--socket", socket_path, "--no-agent",
                                             "--times", NULL },
                      &b->guest);
    b->guest_says = (struct lines){ .fd = b->guest.from };
    await_line(&b->guest_says, "ready");
    b->producer = child_spawn((const char *const[]){ producer, shm_path, log_path, mode, FRAME_HZ,
                                                     "full", epoch, "0.5", NULL },
                              -1, -1);
    b->compositor = start((const char *const[]){ compositor, "wayland-m", log_path, mode,
                                                 REFRESH_HZ, epoch, "keys", NULL },
                          &b->keyboard);
    await_file("wayland-m");
    start_viewer(b);
    await_picture(b);
    char up[32];
    snprintf(up, sizeof(up), "channel up %d", INPUTS_CHANNEL_TYPE);
    await_line(&b->guest_says, up);
    clock_sleep_until_ns(clock_ns() + NS_PER_S); /* what else happens at the start is over */
    chain_start(&b->chain);
}

static void leave(struct bench *b)
{
    chain_stop(&b->chain);
    if (child_end(b->viewer) != 0)
        give_up("the viewer did not end with status 0");
    child_end(b->compositor);
    child_end(b->producer);
    child_end(b->server);
    close_pipes(&b->keyboard);
    close_pipes(&b->guest);
    publog_unmap(b->log);
    unlink(log_path);
    unlink(shm_path);
    unlink(socket_path);
}

/* ---- measuring ---- */

static void pause_a_while(struct bench *b)
{
    b->random = b->random * 1103515245u + 12345u;
    clock_sleep_until_ns(clock_ns() + (PAUSE_US + (b->random >> 16) % PAUSE_US) * NS_PER_US);
}

static double measure_key(struct bench *b, uint32_t n)
{
    char order[32], line[128];
    unsigned code;
    uint64_t arrived_ns;
    const bool down = n % 2 == 0;
    const uint32_t before = atomic_load(&b->log->keys);
    const int bytes = snprintf(order, sizeof(order), "%d %d\n", KEY_A, down);
    if (write(b->keyboard.to, order, (size_t)bytes) != bytes)
        die("typing");
    do {
        if (!next_line(&b->guest_says, line, sizeof(line)))
            give_up("a key never came");
    } while (sscanf(line, "key %x %" SCNu64, &code, &arrived_ns) != 2);
    if (code != (down ? 0x1eu : 0x9eu) || atomic_load(&b->log->keys) != before + 1)
        give_up("another key came than was sent");
    return (double)(arrived_ns - atomic_load(&b->log->key_ns[before])) / 1e3;
}

/* CPU time of the viewer's first thread, which renders. */
static uint64_t render_cpu_ns(const struct bench *b)
{
    char path[64];
    uint64_t ns = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)b->viewer, (int)b->viewer);
    FILE *f = fopen(path, "re");
    if (!f || fscanf(f, "%" SCNu64, &ns) != 1)
        die(path);
    fclose(f);
    return ns;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values_us, double q)
{
    qsort(values_us, KEYS, sizeof(*values_us), by_value);
    return values_us[(size_t)((KEYS - 1) * q)];
}

static void measure(struct bench *b)
{
    for (uint32_t i = 0; i < WARM_UP; i++)
        (void)measure_key(b, i);
    const uint64_t from_ns = clock_ns(), cpu_ns = render_cpu_ns(b);
    for (uint32_t i = 0; i < KEYS; i++) {
        pause_a_while(b);
        b->key_us[i] = measure_key(b, i);
        pause_a_while(b);
        b->chain_us[i] = measure_chain(&b->chain);
    }
    const double busy_ms = (double)(render_cpu_ns(b) - cpu_ns) / 1e6;
    const double share = busy_ms * 1e8 / (double)(clock_ns() - from_ns);
    figure_at_least("render thread computes", share, 60, "% of the time");
    figure_note("key to server p50", quantile(b->key_us, 0.5), "us");
    figure_at_most("key to server p99", quantile(b->key_us, 0.99), 1000, "us");
    figure_note("key to server, slowest", quantile(b->key_us, 1), "us");
    figure_note("idle threads p50", quantile(b->chain_us, 0.5), "us");
    figure_note("idle threads p99", quantile(b->chain_us, 0.99), "us");
    figure_note("idle threads, slowest", quantile(b->chain_us, 1), "us");
}

int main(int argc, char **argv)
{
    static struct bench b = { .random = 1 };
    if (argc != 6) {
        fprintf(stderr, "usage: bench_input ESPELHO MEASURE_COMPOSITOR BENCH_PRODUCER "
                        "SPICE_TEST_SERVER BUSY_RENDER\n");
        return 2;
    }
    espelho = argv[1];
    compositor = argv[2];
    producer = argv[3];
    spice_server = argv[4];
    busy_render = argv[5];
    snprintf(dir, sizeof(dir), "/tmp/espelho-keys-XXXXXX");
    if (!mkdtemp(dir))
        die("mkdtemp");
    snprintf(shm_path, sizeof(shm_path), "%s/shm", dir);
    snprintf(log_path, sizeof(log_path), "%s/log", dir);
    snprintf(socket_path, sizeof(socket_path), "%s/spice", dir);
    setenv("XDG_RUNTIME_DIR", dir, 1);
    setenv("WAYLAND_DISPLAY", "wayland-m", 1);
    signal(SIGPIPE, SIG_IGN);
    enter(&b);
    do
        measure(&b);
    while (bench_again());
    leave(&b);
    (void)rmdir(dir);
    return bench_result();
}
