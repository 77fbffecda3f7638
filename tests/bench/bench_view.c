/* SPDX-License-Identifier: GPL-2.0-or-later
 * bench_view ESPELHO MEASURE_COMPOSITOR BENCH_PRODUCER [SECONDS [RENDERER]]
 *
 * The whole way of a frame: bench_producer writes it into shared memory, `espelho view` shows it on
 * measure_compositor. Each run is one producer, one viewer and one compositor; the compositor's
 * vertical blanks lie in the middle between the producer's frames, so that every frame has half a
 * period to arrive. CPU time is that of the viewer's process between two moments of steady running.
 * Yardsticks of the same run: memcpy of one frame between shared mappings, and the notice latency
 * of an adaptive waiter of our own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wayland-client-core.h>

#include "base/clock.h"
#include "base/macros.h"
#include "child.h"
#include "figure.h"
#include "kvmfr/host.h"
#include "kvmfr/sizing.h"
#include "publog.h"
#include "source/relay/wait.h"

static const char *espelho, *compositor, *producer, *renderer = "shm";
static char dir[64], shm_path[64], log_path[128];

struct scene {
    const char *name;
    uint32_t width_px, height_px;
    double frame_hz, refresh_hz;
    const char *damage; /* bench_producer's */
};

struct outcome {
    double frames, committed, shown, skipped, excused, torn, stale, backwards, duplicates;
    double post_to_commit_us, done_to_commit_us, post_to_shown_us;
    double cpu_ms_per_frame, memcpy_ms, overlapped_copy_ms, producer_copy_ms, notice_us;
    double start_ms, connect_ms, bare_start_ms, rss_mib, region_mib;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_view: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- yardsticks ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), by_value);
    return values[count / 2];
}

static uint8_t *map_shared(size_t bytes)
{
    const int fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
        die("memfd");
    uint8_t *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (mem == MAP_FAILED)
        die("mmap");
    return mem;
}

/* The other half of an overlapped copy: a host that writes its frames meanwhile. */
struct writer {
    uint8_t *mem;
    size_t bytes;
    _Atomic bool stop;
};

static void *write_frames(void *ctx)
{
    struct writer *w = ctx;
    while (!atomic_load(&w->stop))
        kvmfr_copy_rows(w->mem, w->bytes, w->mem + w->bytes, w->bytes, w->bytes, 1);
    return NULL;
}

/* ms for one frame from one of two source buffers to one of three destinations, as the viewer has
 * them. The source was just written by the producer's copy, which leaves nothing of it in the
 * caches: that is the copy which the viewer has to make. `overlapped`: while another core writes a
 * frame, as the protocol means it to be; both share the memory bus. */
static double time_memcpy(size_t bytes, bool overlapped)
{
    enum { TIMES = 21 };
    double ms[TIMES];
    pthread_t thread;
    uint8_t *mem = map_shared(bytes * 7);
    for (size_t i = 0; i < 7; i++)
        memset(mem + i * bytes, (int)i + 1, bytes);
    struct writer writer = { .mem = mem + 5 * bytes, .bytes = bytes };
    if (overlapped && pthread_create(&thread, NULL, write_frames, &writer) != 0)
        die("thread");
    for (size_t i = 0; i < TIMES; i++) {
        kvmfr_copy_rows(mem + (i % 2) * bytes, bytes, mem + (i + 1) % 2 * bytes, bytes, bytes, 1);
        const uint64_t from_ns = clock_ns();
        memcpy(mem + (2 + i % 3) * bytes, mem + (i % 2) * bytes, bytes);
        ms[i] = (double)(clock_ns() - from_ns) / 1e6;
    }
    if (overlapped) {
        atomic_store(&writer.stop, true);
        pthread_join(thread, NULL);
    }
    munmap(mem, bytes * 7);
    return median(ms, TIMES);
}

/* A waiter beside the viewer's, which looks at the producer's own count of posts. */
struct ear {
    struct publog *log;
    uint32_t seen;
    double late_us[PUBLOG_FRAMES];
    uint32_t count;
};

static void ear_look(void *ctx, uint32_t *frame, uint32_t *cursor)
{
    struct ear *e = ctx;
    *frame = atomic_load(&e->log->posted);
    *cursor = 0;
}

static void ear_notify(void *ctx)
{
    struct ear *e = ctx;
    const uint64_t now_ns = clock_ns();
    const uint32_t posted = atomic_load(&e->log->posted);
    for (uint32_t n = e->seen; n < posted && n < PUBLOG_FRAMES; n++)
        atomic_store(&e->log->heard_ns[n], now_ns);
    if (posted > e->seen && atomic_load(&e->log->first) != 0 && e->count < PUBLOG_FRAMES)
        e->late_us[e->count++] = (double)(now_ns - atomic_load(&e->log->post_ns[posted - 1])) / 1e3;
    e->seen = posted;
}

static double time_connect(void)
{
    const uint64_t from_ns = clock_ns();
    struct wl_display *display = wl_display_connect(NULL);
    if (!display || wl_display_roundtrip(display) < 0)
        die("connect to the measuring compositor");
    const double ms = (double)(clock_ns() - from_ns) / 1e6;
    wl_display_disconnect(display);
    return ms;
}

/* What the machine takes for a start that does nothing: the program's own loading, and memory of
 * the size of its buffers for the first time. */
static double time_bare_start(size_t bytes)
{
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0)
        die("/dev/null");
    const uint64_t from_ns = clock_ns();
    int status;
    const pid_t pid = child_spawn((const char *const[]){ espelho, "--version", NULL }, -1, null);
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        die("espelho --version");
    uint8_t *mem = map_shared(bytes);
    memset(mem, 1, bytes);
    const double ms = (double)(clock_ns() - from_ns) / 1e6;
    munmap(mem, bytes);
    close(null);
    return ms;
}

/* ---- one run ---- */

static uint64_t cpu_ns(pid_t pid)
{
    clockid_t id;
    struct timespec t;
    if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &t) < 0)
        return 0;
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static double rss_mib(pid_t pid)
{
    char path[64], line[128];
    double kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "VmRSS: %lf", &kib) == 1)
            break;
    }
    if (f)
        fclose(f);
    return kib / 1024;
}

static void await_socket(const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    for (int i = 0; i < 500 && access(path, F_OK) < 0; i++)
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    if (access(path, F_OK) < 0)
        die("measure_compositor did not start");
}

static bool await_picture(struct publog *log, pid_t viewer)
{
    for (int i = 0; i < 1000; i++) {
        if (atomic_load(&log->first_commit_ns) != 0)
            return true;
        if (waitpid(viewer, NULL, WNOHANG) == viewer) {
            fprintf(stderr, "bench_view: espelho ended before it showed a picture\n");
            exit(2);
        }
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    return false;
}

static double make_region(uint32_t width_px, uint32_t height_px)
{
    const double mib = kvmfr_region_mib_for_mode(width_px, height_px, 4);
    const int fd = open(shm_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)(mib * 1048576)) < 0)
        die(shm_path);
    close(fd);
    return mib;
}

static void read_results(int fd, struct outcome *o)
{
    const struct {
        const char *name;
        double *value;
    } lines[] = {
        { "frames", &o->frames },
        { "committed", &o->committed },
        { "shown", &o->shown },
        { "skipped", &o->skipped },
        { "excused", &o->excused },
        { "torn", &o->torn },
        { "stale", &o->stale },
        { "backwards", &o->backwards },
        { "duplicates", &o->duplicates },
        { "post_to_commit_median", &o->post_to_commit_us },
        { "done_to_commit_median", &o->done_to_commit_us },
        { "post_to_shown_median", &o->post_to_shown_us },
    };
    char line[128], name[64];
    double value;
    FILE *f = fdopen(fd, "r");
    if (!f)
        die("fdopen");
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%63s %lf", name, &value) != 2)
            continue;
        for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
            if (strcmp(name, lines[i].name) == 0)
                *lines[i].value = value;
        }
    }
    fclose(f);
}

struct cast {
    pid_t producer, compositor, viewer;
    int results_fd;
};

static struct cast enter(const struct scene *s, uint64_t epoch_ns)
{
    struct cast c;
    char mode[32], frame_hz[32], refresh_hz[32], epoch[32];
    int pipe_fds[2];
    snprintf(mode, sizeof(mode), "%" PRIu32 "x%" PRIu32, s->width_px, s->height_px);
    snprintf(frame_hz, sizeof(frame_hz), "%g", s->frame_hz);
    snprintf(refresh_hz, sizeof(refresh_hz), "%g", s->refresh_hz);
    snprintf(epoch, sizeof(epoch), "%" PRIu64, epoch_ns);
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        die("pipe");
    c.results_fd = pipe_fds[0];
    c.producer = child_spawn((const char *const[]){ producer, shm_path, log_path, mode, frame_hz,
                                                    s->damage, epoch, "0.5", NULL },
                             -1, -1);
    c.compositor = child_spawn(
        (const char *const[]){ compositor, "wayland-m", log_path, mode, refresh_hz, epoch, NULL },
        -1, pipe_fds[1]);
    close(pipe_fds[1]);
    await_socket("wayland-m");
    return c;
}

static void view(struct cast *c)
{
    char shm_option[96], renderer_option[48];
    snprintf(shm_option, sizeof(shm_option), "app:shmFile=%s", shm_path);
    snprintf(renderer_option, sizeof(renderer_option), "app:renderer=%s", renderer);
    c->viewer = child_spawn((const char *const[]){ espelho, "view", shm_option, renderer_option,
                                                   "app:logLevel=warn", NULL },
                            -1, -1);
}

static struct outcome play(const struct scene *s, double seconds)
{
    static struct ear ear;
    struct outcome o = { .region_mib = make_region(s->width_px, s->height_px) };
    struct publog *log;
    const int err = publog_map(log_path, true, &log);
    if (err < 0) {
        errno = -err;
        die(log_path);
    }
    const size_t frame_bytes = (size_t)s->width_px * s->height_px * 4;
    const double before_ms = time_memcpy(frame_bytes, false);
    o.overlapped_copy_ms = time_memcpy(frame_bytes, true);
    o.bare_start_ms = time_bare_start(2 * frame_bytes);
    struct cast c = enter(s, clock_ns());
    ear = (struct ear){ .log = log };
    struct wait *wait = NULL;
    const struct wait_config config = { .look = ear_look, .notify = ear_notify, .ctx = &ear };
    if (wait_adaptive_ops.create(&config, &wait) < 0)
        die("waiter");
    const uint64_t start_ns = clock_ns();
    view(&c);
    if (!await_picture(log, c.viewer)) {
        fprintf(stderr, "bench_view: %s: no picture within 10 s\n", s->name);
        child_end(c.viewer);
        child_end(c.compositor);
        child_end(c.producer);
        exit(1);
    }
    o.start_ms = (double)(atomic_load(&log->first_commit_ns) - start_ns) / 1e6;
    clock_sleep_until_ns(clock_ns() + NS_PER_S); /* the cadence is learned, all buffers exist */

    const uint32_t first = atomic_load(&log->posted);
    const uint64_t cpu_from_ns = cpu_ns(c.viewer);
    atomic_store(&log->first, first);
    clock_sleep_until_ns(clock_ns() + (uint64_t)(seconds * 1e9));
    const uint64_t cpu_to_ns = cpu_ns(c.viewer);
    const uint32_t end_tag = atomic_load(&log->posted);
    clock_sleep_until_ns(clock_ns() + 200 * NS_PER_MS); /* the last ones are shown */
    o.rss_mib = rss_mib(c.viewer);
    wait->ops->destroy(wait);
    o.connect_ms = time_connect();
    atomic_store(&log->end, end_tag);
    if (child_end(c.viewer) != 0)
        fprintf(stderr, "bench_view: %s: espelho did not end with status 0\n", s->name);
    child_end(c.compositor);
    read_results(c.results_fd, &o);
    child_end(c.producer);
    const double after_ms = time_memcpy(frame_bytes, false);
    o.overlapped_copy_ms = (o.overlapped_copy_ms + time_memcpy(frame_bytes, true)) / 2;
    o.memcpy_ms = (before_ms + after_ms) / 2;
    o.cpu_ms_per_frame =
        (double)(cpu_to_ns - cpu_from_ns) / 1e6 / (end_tag > first ? end_tag - first : 1);
    const uint32_t posted = atomic_load(&log->posted);
    o.producer_copy_ms = (double)atomic_load(&log->copy_ns) / 1e6 / (posted ? posted : 1);
    o.notice_us = ear.count ? median(ear.late_us, ear.count) : 0;
    publog_unmap(log);
    unlink(log_path);
    unlink(shm_path);
    return o;
}

/* ---- scenes and limits ---- */

static void figure_name(char out[80], const char *scene, const char *what)
{
    snprintf(out, 80, "%s %s: %s", renderer, scene, what);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Every frame shown, none torn. A frame that the machine's own hiccup pushed over a blank is told
 * from a fault by the rounds; at 240 Hz such are common, half a percent of frames is no fault. */
static void judge_shown(const struct scene *s, const struct outcome *o)
{
    char name[80];
    figure_name(name, s->name, "frames");
    figure_note(name, o->frames, "");
    figure_name(name, s->name, "not shown");
    figure_count(name, o->skipped - o->excused, floor(o->frames / 200), "frames");
    figure_name(name, s->name, "not shown, machine late");
    figure_note(name, o->excused, "frames");
    figure_name(name, s->name, "torn");
    figure_hard(name, o->torn, 0, "frames");
    figure_name(name, s->name, "older than the one before");
    figure_hard(name, o->backwards, 0, "commits");
}

static void judge_full(const struct scene *s, double seconds)
{
    const struct outcome o = play(s, seconds);
    char name[80];
    judge_shown(s, &o);
    figure_name(name, s->name, "CPU per frame / one memcpy");
    const bool pointer = strcmp(s->damage, "pointer") == 0;
    /* with its four pointer commits per frame */
    figure_at_most(name, o.cpu_ms_per_frame / o.memcpy_ms, pointer ? 5 : 2.5, "x");
    figure_name(name, s->name, "CPU per frame");
    figure_note(name, o.cpu_ms_per_frame, "ms");
    /* The picture cannot be committed before it is complete, nor before it was copied; the two
     * copies overlap. */
    const double ideal_us = o.notice_us + 1e3 * larger(o.overlapped_copy_ms, o.producer_copy_ms);
    figure_name(name, s->name, "publish to commit / (notice + copy)");
    /* Beyond the ideal, there are a second thread's wake-up and the commit: on days when the
     * machine copies fast, 1.35. Every other commit is a pointer's: a frame may meet one that is
     * being made. But it must not wait for a screen refresh, which would be 5 x and more. */
    figure_at_most(name, o.post_to_commit_us / ideal_us, pointer ? 2.5 : 1.5, "x");
    figure_name(name, s->name, "publish to commit");
    figure_note(name, o.post_to_commit_us, "us");
    figure_name(name, s->name, "complete to commit");
    figure_note(name, o.done_to_commit_us, "us");
    figure_name(name, s->name, "notice");
    figure_note(name, o.notice_us, "us");
    if (s->width_px == 1920 && !pointer) {
        figure_name(name, s->name, "start to first picture, over connecting");
        figure_note(name, o.start_ms - o.connect_ms, "ms");
        figure_name(name, s->name, "start that does nothing");
        figure_note(name, o.bare_start_ms, "ms");
        figure_name(name, s->name, "start / 150 ms, or thrice a start that does nothing");
        figure_at_most(name, (o.start_ms - o.connect_ms) / larger(150, 3 * o.bare_start_ms), 1,
                       "x");
        figure_name(name, s->name, "resident memory without the region");
        figure_at_most(name, o.rss_mib - o.region_mib, 60, "MiB");
    }
}

static void judge_small(const struct scene *s, double seconds)
{
    const struct outcome o = play(s, seconds);
    char name[80];
    judge_shown(s, &o);
    figure_name(name, s->name, "CPU per frame");
    figure_at_most(name, o.cpu_ms_per_frame, 0.5, "ms");
}

static void judge_slow(const struct scene *s, double seconds)
{
    const struct outcome o = play(s, seconds);
    char name[80];
    figure_name(name, s->name, "commits of an old frame");
    figure_count(name, o.stale, 0, "commits");
    figure_name(name, s->name, "torn");
    figure_hard(name, o.torn, 0, "frames");
    figure_name(name, s->name, "older than the one before");
    figure_hard(name, o.backwards, 0, "commits");
    figure_name(name, s->name, "shown");
    figure_at_least(name, o.shown, 0.8 * seconds * s->refresh_hz - 1, "frames");
}

static char socket_path[96], lock_path[96];

static void remove_all(void) /* async-signal-safe */
{
    unlink(shm_path);
    unlink(log_path);
    unlink(socket_path);
    unlink(lock_path);
    rmdir(dir);
}

/* A time-out of ctest: the children end with us (PR_SET_PDEATHSIG), the viewer with its compositor.
 */
static void on_term(int signo)
{
    remove_all();
    _exit(128 + signo);
}

int main(int argc, char **argv)
{
    static const struct scene full[] = {
        { "1080p60 full", 1920, 1080, 60, 60, "full" },
        { "1080p60 pointer", 1920, 1080, 60, 60, "pointer" }, /* moves at 250 Hz over full frames */
        { "1440p60 full", 2560, 1440, 60, 60, "full" },
        { "2160p60 full", 3840, 2160, 60, 60, "full" },
    };
    static const struct scene small[] = {
        { "1080p240 64x64", 1920, 1080, 240, 240, "small" },
        { "2160p60 64x64", 3840, 2160, 60, 60, "small" },
    };
    static const struct scene slow = { "1080p60 on 10 Hz", 1920, 1080, 60, 10, "full" };
    if (argc < 4) {
        fprintf(
            stderr,
            "usage: bench_view ESPELHO MEASURE_COMPOSITOR BENCH_PRODUCER [SECONDS [RENDERER]]\n");
        return 2;
    }
    espelho = argv[1];
    compositor = argv[2];
    producer = argv[3];
    const double seconds = argc > 4 ? strtod(argv[4], NULL) : 3;
    if (argc > 5)
        renderer = argv[5];
    snprintf(dir, sizeof(dir), "/tmp/espelho-bench-XXXXXX");
    if (!mkdtemp(dir))
        die("mkdtemp");
    snprintf(log_path, sizeof(log_path), "%s/log", dir);
    snprintf(shm_path, sizeof(shm_path), "/dev/shm/espelho-bench-%d", (int)getpid());
    snprintf(socket_path, sizeof(socket_path), "%s/wayland-m", dir);
    snprintf(lock_path, sizeof(lock_path), "%s/wayland-m.lock", dir);
    atexit(remove_all);
    sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_term }, NULL);
    sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_term }, NULL);
    setenv("XDG_RUNTIME_DIR", dir, 1);
    setenv("XDG_CONFIG_HOME", dir, 1); /* nobody's own settings */
    setenv("WAYLAND_DISPLAY", "wayland-m", 1);
    prctl(PR_SET_TIMERSLACK, 1UL);
    do {
        for (size_t i = 0; i < ARRAY_LEN(full); i++)
            judge_full(&full[i], seconds);
        for (size_t i = 0; i < ARRAY_LEN(small); i++)
            judge_small(&small[i], seconds);
        judge_slow(&slow, seconds);
    } while (bench_again());
    return bench_result();
}
