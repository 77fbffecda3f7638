/* SPDX-License-Identifier: GPL-2.0-or-later
 * bench_doorbell SERVER [SECONDS]: being rung against looking, in one run. A real ivshmem server, a
 * host, and one after the other three viewers with the relay of the real one, each a process:
 * doorbell, adaptive, and a fixed poll of 1 ms. The host posts at 240 Hz, then nothing at all; at
 * the end as fast as it can in bursts: after each the rung viewer has to have seen its last frame.
 *
 * How fast a sleeping process runs after a ring is the kernel's and the machine's: a virtual
 * machine may need more than all of our limits for that alone. So a fifth process does nothing but
 * sleep on an eventfd that is written to at the same rate, and the limits are the larger of the
 * absolute figure and a multiple of that process's.
 *
 * ESPELHO_BENCH_IDLE_S: length of the idle part (default: SECONDS). ESPELHO_BENCH_FRAMES: frames of
 * the last part (default 200 000; 10 000 000 were posted by hand). */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/thread.h"
#include "child.h"
#include "figure.h"
#include "kvmfr/host.h"
#include "loop/loop.h"
#include "shm/doorbell.h"
#include "source/relay/relay.h"

enum { MAX_POSTS = 8192, HZ = 240, WARM = 120, VIEWERS = 3, LOST_MS = 5000 };

/* Between all processes. */
struct shared {
    _Atomic uint32_t seen;         /* serial + 1 of the newest frame that the rung viewer has */
    _Atomic bool rung;             /* it relies on the doorbell */
    uint64_t posted_ns[MAX_POSTS]; /* by serial */
    struct {
        _Atomic uint32_t frames;
        uint64_t noticed_ns[MAX_POSTS];
    } viewer[VIEWERS];
    struct {
        _Atomic uint32_t rings; /* that came */
        uint64_t rung_ns[MAX_POSTS], woke_ns[MAX_POSTS];
    } bare;
};

static struct shared *shared;
static int bare_fd;
static char dir[] = "/tmp/espelho-bench-XXXXXX", socket_path[64], region_name[80];

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- a viewer ---- */

static const struct {
    const char *name;
    const struct wait_ops *ops; /* NULL: auto */
} strategies[VIEWERS] = { { "doorbell", NULL },
                          { "adaptive", &wait_adaptive_ops },
                          { "fixed 1 ms", &wait_fixed_ops } };

struct viewer {
    int number;
    struct source *source;
};

static void on_status(void *ctx, const struct source_status *status)
{
    (void)ctx, (void)status;
}

static void on_activity(void *ctx)
{
    struct viewer *v = ctx;
    const uint64_t now_ns = clock_ns();
    struct frame_view view;
    struct damage damage;
    if (v->source->ops->take_frame(v->source, &view, &damage) != SOURCE_TAKE_FRAME)
        return;
    v->source->ops->finish_frame(v->source, true);
    if (view.serial < MAX_POSTS)
        shared->viewer[v->number].noticed_ns[view.serial] = now_ns;
    atomic_fetch_add(&shared->viewer[v->number].frames, 1);
    if (v->number != 0)
        return;
    struct source_stats stats;
    v->source->ops->stats(v->source, &stats);
    atomic_store(&shared->rung, stats.bell == SOURCE_BELL_ACTIVE);
    atomic_store(&shared->seen, view.serial + 1);
}

static _Noreturn void view(int number, pid_t parent)
{
    struct viewer v = { .number = number };
    struct loop *loop;
    const struct relay_config config = {
        .path = region_name, .fd = -1, .wait = strategies[number].ops, .fixed_interval_us = 1000
    };
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = &v };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before */
        _exit(2);
    (void)!thread_run_when_woken(THREAD_FRAMES); /* as the viewer's */
    if (loop_create(&loop) < 0 || relay_create(loop, &config, &listener, &v.source) < 0)
        die("start a viewer");
    _exit(loop_run(loop) < 0);
}

static pid_t server_pid;

/* Whatever ends the benchmark: the server does not die with its parent. */
static void end_server(void)
{
    if (server_pid <= 0)
        return;
    child_end(server_pid);
    unlink(socket_path);
    rmdir(dir);
}

static pid_t start_viewer(int number)
{
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        view(number, parent);
    return pid;
}

/* What a ring costs at least: nothing but the sleep. */
static _Noreturn void sleep_bare(pid_t parent)
{
    uint64_t count;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(2);
    while (read(bare_fd, &count, sizeof(count)) == sizeof(count)) {
        const uint32_t n = atomic_load(&shared->bare.rings);
        if (n < MAX_POSTS)
            shared->bare.woke_ns[n] = clock_ns();
        atomic_store(&shared->bare.rings, n + 1);
    }
    _exit(2);
}

static pid_t start_bare(void)
{
    bare_fd = eventfd(0, EFD_CLOEXEC);
    const pid_t parent = getpid(), pid = bare_fd < 0 ? -1 : fork();
    if (pid < 0)
        die("start a process that sleeps");
    if (pid == 0)
        sleep_bare(parent);
    return pid;
}

static void end_viewer(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static uint64_t cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
        die("CPU clock of a viewer");
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* How often the process has been given a processor after it slept: all its threads. */
static uint64_t wakeups(pid_t pid)
{
    char path[300], line[128];
    uint64_t sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    const struct dirent *entry;
    while (tasks && (entry = readdir(tasks)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, entry->d_name);
        FILE *f = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (f && fgets(line, sizeof(line), f)) {
            uint64_t n;
            if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &n) == 1)
                sum += n;
        }
        if (f)
            fclose(f);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

/* ---- the host ---- */

struct host {
    struct shm_region *region;
    struct kvmfr_host *kvmfr;
    pthread_t ticker;
    _Atomic bool stop;
};

static void *tick(void *ctx)
{
    struct host *h = ctx;
    while (!atomic_load(&h->stop)) {
        (void)kvmfr_host_wait(h->kvmfr, 10);
        if (kvmfr_host_tick(h->kvmfr, clock_ms(), NULL) < 0)
            die("host");
    }
    return NULL;
}

static void start_host(struct host *h)
{
    struct shm_problem problem;
    *h = (struct host){ 0 };
    const uint64_t until_ms = clock_ms() + 5000; /* for the server to listen */
    while (shm_region_open(region_name, &h->region, &problem) < 0) {
        if (clock_ms() > until_ms) {
            fprintf(stderr, "%s\n", problem.message);
            exit(2);
        }
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    const struct kvmfr_host_config config = { .session = { .host_version = "bench" },
                                              .now_ms = clock_ms(),
                                              .extension = true,
                                              .doorbell = h->region->doorbell };
    if (kvmfr_host_create(h->region->mem, h->region->len_bytes, &config, &h->kvmfr) < 0 ||
        pthread_create(&h->ticker, NULL, tick, h) != 0)
        die("start the host");
}

static void stop_host(struct host *h)
{
    atomic_store(&h->stop, true);
    pthread_join(h->ticker, NULL);
    kvmfr_host_destroy(h->kvmfr);
    shm_region_close(h->region);
}

/* The serial, or -1: no buffer is free. */
static int64_t post(struct host *h)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = 16,
                                           .height_px = 16 };
    struct kvmfr_frame_writer w;
    static uint32_t next;
    if (next < MAX_POSTS)
        shared->posted_ns[next] = clock_ns(); /* its serial will be that */
    if (kvmfr_host_begin_frame(h->kvmfr, &desc, clock_ms(), &w) < 0)
        return -1;
    kvmfr_host_end_frame(h->kvmfr, &w);
    next = w.serial + 1;
    return w.serial;
}

static double bell_curve(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += drand48();
    return sum - 6;
}

/* Until number `i` at 240 Hz, with a jitter of 50 us. */
static void sleep_until_tick(uint64_t from_ns, uint32_t i)
{
    clock_sleep_until_ns((uint64_t)((double)from_ns + i * 1e9 / HZ + bell_curve() * 50e3));
}

/* Rings of the bare process. The number after the last. */
static uint32_t ring_bare_at_240_hz(uint32_t count)
{
    const uint64_t from_ns = clock_ns() + 10 * NS_PER_MS, one = 1;
    for (uint32_t i = 0; i < count; i++) {
        sleep_until_tick(from_ns, i);
        const uint32_t n = atomic_load(&shared->bare.rings);
        if (n < MAX_POSTS)
            shared->bare.rung_ns[n] = clock_ns();
        if (write(bare_fd, &one, sizeof(one)) < 0)
            die("ring");
    }
    clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    return atomic_load(&shared->bare.rings);
}

/* `count` frames. The serial after the last. */
static uint32_t post_at_240_hz(struct host *h, uint32_t count)
{
    const uint64_t from_ns = clock_ns() + 10 * NS_PER_MS;
    int64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        sleep_until_tick(from_ns, i);
        const int64_t serial = post(h);
        last = serial >= 0 ? serial : last;
    }
    return (uint32_t)last + 1;
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double late_of(const uint64_t *at_ns, const uint64_t *since_ns, uint32_t from, uint32_t to,
                      double q)
{
    static double sorted[MAX_POSTS];
    uint32_t n = 0;
    for (uint32_t i = from; i < to && i < MAX_POSTS; i++) {
        if (at_ns[i] > since_ns[i]) /* else overtaken by the next: not late, but not seen */
            sorted[n++] = (double)(at_ns[i] - since_ns[i]) / 1e3;
    }
    if (n == 0)
        return 1e9;
    qsort(sorted, n, sizeof(sorted[0]), by_value);
    return sorted[(uint32_t)((n - 1) * q)];
}

static double late_us(int viewer, uint32_t from, uint32_t to, double q)
{
    return late_of(shared->viewer[viewer].noticed_ns, shared->posted_ns, from, to, q);
}

struct bare {
    double median_us, p99_us, cpu;
};

static struct bare measure_bare(pid_t pid, double seconds)
{
    const uint32_t from = atomic_load(&shared->bare.rings);
    const double cpu_before = (double)cpu_ns(pid), from_ns = (double)clock_ns();
    const uint32_t to = ring_bare_at_240_hz((uint32_t)(seconds * HZ));
    struct bare b = { .cpu = ((double)cpu_ns(pid) - cpu_before) / ((double)clock_ns() - from_ns) *
                             100 };
    b.median_us = late_of(shared->bare.woke_ns, shared->bare.rung_ns, from, to, 0.5);
    b.p99_us = late_of(shared->bare.woke_ns, shared->bare.rung_ns, from, to, 0.99);
    figure_note("bare sleep on an eventfd, median", b.median_us, "us");
    figure_note("bare sleep on an eventfd, p99", b.p99_us, "us");
    figure_note("bare sleep on an eventfd, share of a core", b.cpu, "%");
    return b;
}

static void note(const char *what, const char *who, double value, const char *unit)
{
    char name[80];
    snprintf(name, sizeof(name), "%s %s", who, what);
    figure_note(name, value, unit);
}

/* Until the viewer is connected and, the first one, relies on its bell. */
static void settle(struct host *h, int number)
{
    const uint64_t until_ms = clock_ms() + 10000;
    bool there = false;
    while (!there || (number == 0 && !atomic_load(&shared->rung))) {
        const uint32_t before = atomic_load(&shared->viewer[number].frames);
        (void)post(h);
        clock_sleep_until_ns(clock_ns() + 50 * NS_PER_MS);
        there = atomic_load(&shared->viewer[number].frames) != before;
        if (clock_ms() > until_ms) {
            fprintf(stderr, "the viewer does not connect, or the host does not ring\n");
            exit(2);
        }
    }
}

/* What one viewer needs, alone with the host. */
struct result {
    double median_us, p99_us, cpu, idle_wakeups;
};

static struct result measure_viewer(struct host *h, int number, double seconds, double idle_s)
{
    atomic_store(&shared->rung, false); /* one before it may have been */
    const pid_t pid = start_viewer(number);
    settle(h, number);
    const uint32_t from = post_at_240_hz(h, WARM);
    const double cpu_before = (double)cpu_ns(pid), from_ns = (double)clock_ns();
    const uint32_t to = post_at_240_hz(h, (uint32_t)(seconds * HZ));
    struct result r = { .cpu = ((double)cpu_ns(pid) - cpu_before) / ((double)clock_ns() - from_ns) *
                               100 };
    clock_sleep_until_ns(clock_ns() + 500 * NS_PER_MS);
    r.median_us = late_us(number, from, to, 0.5);
    r.p99_us = late_us(number, from, to, 0.99);
    const uint64_t before = wakeups(pid);
    clock_sleep_until_ns(clock_ns() + (uint64_t)(idle_s * 1e9));
    r.idle_wakeups = (double)(wakeups(pid) - before);
    end_viewer(pid);
    return r;
}

static void measure_round(struct host *h, pid_t bare_pid, double seconds, double idle_s)
{
    const struct bare bare = measure_bare(bare_pid, seconds);
    const struct result d = measure_viewer(h, 0, seconds, idle_s);
    figure_note("doorbell publish to notice, median, 240 Hz", d.median_us, "us");
    figure_note("doorbell publish to notice, p99, 240 Hz", d.p99_us, "us");
    figure_at_most("doorbell median / 30 us, or thrice a bare sleep's",
                   d.median_us / fmax(30, 3 * bare.median_us), 1, "x");
    figure_at_most("doorbell p99 / 200 us, or thrice a bare sleep's",
                   d.p99_us / fmax(200, 3 * bare.p99_us), 1, "x");
    figure_note("doorbell median / bare sleep's median", d.median_us / bare.median_us, "x");
    figure_note("doorbell whole viewer's share of a core, 240 Hz", d.cpu, "%");
    figure_hard("doorbell wake-ups of the whole viewer while idle", d.idle_wakeups, 0, "");
    for (int i = 1; i < VIEWERS; i++) {
        const struct result r = measure_viewer(h, i, seconds, 1);
        char name[80];
        snprintf(name, sizeof(name), "doorbell median / %s median", strategies[i].name);
        figure_at_most(name, d.median_us / r.median_us, 1, "x");
        snprintf(name, sizeof(name), "doorbell CPU / %s CPU", strategies[i].name);
        figure_at_most(name, d.cpu / r.cpu, 1, "x");
        note("publish to notice, median", strategies[i].name, r.median_us, "us");
        note("publish to notice, p99", strategies[i].name, r.p99_us, "us");
        note("share of a core", strategies[i].name, r.cpu, "%");
        note("wake-ups while idle", strategies[i].name, r.idle_wakeups, "/s");
    }
}

static bool await_seen(uint32_t serial_end)
{
    const uint64_t until_ms = clock_ms() + LOST_MS;
    for (uint32_t i = 0; atomic_load(&shared->seen) != serial_end; i++) {
        if (i < 2000)
            continue; /* it takes some microseconds */
        if (clock_ms() > until_ms)
            return false;
        clock_sleep_until_ns(clock_ns() + 20 * NS_PER_US);
    }
    return true;
}

static void measure_bursts(struct host *h, uint32_t frames)
{
    uint32_t bursts = 0, missed = 0;
    const uint64_t from_ns = clock_ns();
    for (uint32_t posted = 0; posted < frames; bursts++) {
        const uint32_t burst = 1 + (uint32_t)(drand48() * 31);
        int64_t last = -1;
        for (uint32_t i = 0; i < burst; i++) {
            const int64_t serial = post(h);
            last = serial >= 0 ? serial : last;
            posted += serial >= 0;
        }
        if (last >= 0 && !await_seen((uint32_t)last + 1))
            missed++;
    }
    figure_hard("doorbell bursts whose last frame was missed", missed, 0, "");
    figure_note("doorbell frames posted in bursts", frames, "");
    figure_note("doorbell bursts", bursts, "");
    figure_note("doorbell frames per second in bursts",
                frames / ((double)(clock_ns() - from_ns) / 1e9), "/s");
}

static double from_environment(const char *name, double otherwise)
{
    const char *text = getenv(name);
    return text ? strtod(text, NULL) : otherwise;
}

int main(int argc, char **argv)
{
    const double seconds = argc > 2 ? strtod(argv[2], NULL) : 3;
    struct host host;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc < 2 || shared == MAP_FAILED || !mkdtemp(dir))
        die("bench_doorbell SERVER [SECONDS]");
    snprintf(socket_path, sizeof(socket_path), "%s/vm.sock", dir);
    snprintf(region_name, sizeof(region_name), "unix:%s", socket_path);
    const char *const server[] = { argv[1], "--size=16M", socket_path, NULL };
    server_pid = child_spawn(server, -1, -1);
    atexit(end_server);
    const pid_t bare_pid = start_bare();
    prctl(PR_SET_TIMERSLACK, 1UL); /* the host's precision, not the viewers' */
    start_host(&host);
    bool first = true;
    do {
        measure_round(&host, bare_pid, seconds,
                      first ? from_environment("ESPELHO_BENCH_IDLE_S", seconds) : 1);
        first = false;
    } while (bench_again());
    const pid_t pid = start_viewer(0);
    settle(&host, 0);
    measure_bursts(&host, (uint32_t)from_environment("ESPELHO_BENCH_FRAMES", 200000));
    (void)bench_again();
    end_viewer(pid);
    end_viewer(bare_pid);
    stop_host(&host);
    return bench_result();
}
