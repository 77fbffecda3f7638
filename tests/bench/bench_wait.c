/* SPDX-License-Identifier: GPL-2.0-or-later
 * The adaptive wait strategy against a fixed 1 ms poll: both watch the same words in the same
 * process at the same time. A producer thread posts at 60, 144 and 240 Hz with a jitter of 50 us
 * (deviation) on top of what the scheduler adds. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "figure.h"
#include "source/relay/wait.h"

enum { MAX_POSTS = 4096 };

static _Atomic uint32_t frame_word, cursor_word;
static uint64_t frame_ns[MAX_POSTS], cursor_ns[MAX_POSTS]; /* [n]: when the word became n + 1 */

/* One waiter under observation. */
struct observed {
    const struct wait_ops *ops;
    struct wait *wait;
    int event_fd;
    clockid_t cpu_clock;
    _Atomic bool has_clock;
    uint32_t frames_seen, cursors_seen; /* its watch thread */
    double frame_late_us[MAX_POSTS], cursor_late_us[MAX_POSTS];
    _Atomic uint32_t frame_notices, cursor_notices;
    uint64_t cpu_from_ns;
};

static void look(void *ctx, uint32_t *frame, uint32_t *cursor)
{
    (void)ctx;
    *frame = atomic_load_explicit(&frame_word, memory_order_acquire);
    *cursor = atomic_load_explicit(&cursor_word, memory_order_acquire);
}

/* Notes how late the notice of each new post is; wakes a descriptor as the viewer would. */
static void note(uint32_t *seen, uint32_t now_word, const uint64_t *posted_ns, double *late_us,
                 _Atomic uint32_t *count, uint64_t now_ns)
{
    for (; *seen < now_word && *seen < MAX_POSTS; (*seen)++)
        late_us[*seen] = now_ns > posted_ns[*seen] ? (double)(now_ns - posted_ns[*seen]) / 1e3 : 0;
    atomic_store(count, *seen);
}

static void notify(void *ctx)
{
    struct observed *o = ctx;
    const uint64_t now_ns = clock_ns(), one = 1;
    uint32_t frame, cursor;
    if (!atomic_load(&o->has_clock)) {
        pthread_getcpuclockid(pthread_self(), &o->cpu_clock);
        atomic_store(&o->has_clock, true);
    }
    look(NULL, &frame, &cursor);
    note(&o->frames_seen, frame, frame_ns, o->frame_late_us, &o->frame_notices, now_ns);
    note(&o->cursors_seen, cursor, cursor_ns, o->cursor_late_us, &o->cursor_notices, now_ns);
    if (write(o->event_fd, &one, sizeof(one)) < 0)
        abort();
}

static void start(struct observed *o)
{
    const struct wait_config config = {
        .look = look, .notify = notify, .ctx = o, .fixed_interval_us = 1000
    };
    o->event_fd = eventfd(0, EFD_CLOEXEC);
    if (o->event_fd < 0 || o->ops->create(&config, &o->wait) < 0) {
        perror("start a waiter");
        exit(2);
    }
    while (!atomic_load(&o->has_clock))
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
}

static void stop(struct observed *o)
{
    o->ops->destroy(o->wait);
    close(o->event_fd);
}

static uint64_t cpu_ns(const struct observed *o)
{
    struct timespec t;
    clock_gettime(o->cpu_clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t wakeups(const struct observed *o)
{
    struct wait_stats stats;
    o->wait->ops->stats(o->wait, &stats);
    return stats.wakeups;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *values, uint32_t from, uint32_t to, double q)
{
    static double sorted[MAX_POSTS];
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++)
        sorted[n++] = values[i];
    if (n == 0)
        return 1e9;
    qsort(sorted, n, sizeof(sorted[0]), by_value);
    return sorted[(uint32_t)((n - 1) * q)];
}

static void post(_Atomic uint32_t *word, uint64_t *posted_ns)
{
    const uint32_t n = atomic_load_explicit(word, memory_order_relaxed);
    if (n >= MAX_POSTS)
        return;
    posted_ns[n] = clock_ns();
    atomic_store_explicit(word, n + 1, memory_order_release);
}

static double bell(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += drand48();
    return sum - 6;
}

/* Posts number `from` to `to` of a row that started at `start_ns`; runs on the main thread, the
 * watchers have theirs. */
static void produce(_Atomic uint32_t *word, uint64_t *posted_ns, uint64_t start_ns, double hz,
                    uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        clock_sleep_until_ns((uint64_t)((double)start_ns + i * 1e9 / hz + bell() * 50e3));
        post(word, posted_ns);
    }
}

/* Until the last post has been noticed by everybody. */
static void settle(void)
{
    clock_sleep_until_ns(clock_ns() + 30 * NS_PER_MS);
}

static void reset_posts(void)
{
    atomic_store(&frame_word, 0);
    atomic_store(&cursor_word, 0);
}

static void name_of(char *out, size_t cap, const char *what, double hz)
{
    snprintf(out, cap, "wait %s at %.0f Hz", what, hz);
}

static void measure_rate(double hz, double seconds)
{
    static struct observed adaptive, fixed;
    char name[80];
    reset_posts();
    adaptive = (struct observed){ .ops = &wait_adaptive_ops };
    fixed = (struct observed){ .ops = &wait_fixed_ops };
    start(&adaptive);
    start(&fixed);
    const uint32_t warm = (uint32_t)(hz * 0.5),
                   count = (uint32_t)(hz * seconds); /* half a second to learn */
    const uint64_t start_ns = clock_ns() + 10 * NS_PER_MS;
    produce(&frame_word, frame_ns, start_ns, hz, 0, warm);
    const uint64_t a0 = cpu_ns(&adaptive), f0 = cpu_ns(&fixed), aw = wakeups(&adaptive),
                   fw = wakeups(&fixed);
    produce(&frame_word, frame_ns, start_ns, hz, warm, warm + count);
    const double a_cpu = (double)(cpu_ns(&adaptive) - a0), f_cpu = (double)(cpu_ns(&fixed) - f0);
    const double a_wake = (double)(wakeups(&adaptive) - aw),
                 f_wake = (double)(wakeups(&fixed) - fw);
    settle();
    stop(&adaptive);
    stop(&fixed);

    name_of(name, sizeof(name), "adaptive notice median", hz);
    figure_at_most(name, quantile(adaptive.frame_late_us, warm, warm + count, 0.5), 100, "us");
    name_of(name, sizeof(name), "adaptive notice p99", hz);
    const double a_p99 = quantile(adaptive.frame_late_us, warm, warm + count, 0.99),
                 f_p99 = quantile(fixed.frame_late_us, warm, warm + count, 0.99);
    figure_note(name, a_p99, "us");
    /* A machine that stands still for milliseconds does so for both. */
    name_of(name, sizeof(name), "adaptive p99 / 1 ms or the poll's", hz);
    figure_at_most(name, a_p99 / (f_p99 > 1000 ? f_p99 : 1000), 1, "x");
    name_of(name, sizeof(name), "adaptive CPU / fixed 1 ms CPU", hz);
    figure_at_most(name, a_cpu / f_cpu, 1.0, "x");
    name_of(name, sizeof(name), "adaptive wake-ups / fixed 1 ms wake-ups", hz);
    figure_count(name, a_wake / f_wake, 1.0, "x");
    name_of(name, sizeof(name), "fixed notice median", hz);
    figure_note(name, quantile(fixed.frame_late_us, warm, warm + count, 0.5), "us");
    name_of(name, sizeof(name), "fixed notice p99", hz);
    figure_note(name, f_p99, "us");
    name_of(name, sizeof(name), "fixed share of a core", hz);
    figure_note(name, f_cpu / (seconds * 1e9) * 100, "%");
}

static void measure_idle(double seconds)
{
    static struct observed o;
    reset_posts();
    o = (struct observed){ .ops = &wait_adaptive_ops };
    start(&o);
    clock_sleep_until_ns(clock_ns() + 500 * NS_PER_MS);
    const uint64_t from = wakeups(&o), from_ns = clock_ns();
    clock_sleep_until_ns(from_ns + (uint64_t)(seconds * 1e9));
    const double elapsed = (double)(clock_ns() - from_ns) / 1e9;
    figure_hard("wait adaptive wake-ups per second, static screen",
                (double)(wakeups(&o) - from) / elapsed, 60, "/s");
    stop(&o);
}

/* Single frames after half a second of nothing; with a key press 5 ms before, and without. */
static void measure_after_idle(uint32_t tries)
{
    static struct observed o;
    reset_posts();
    o = (struct observed){ .ops = &wait_adaptive_ops };
    start(&o);
    for (uint32_t i = 0; i < 2 * tries; i++) {
        clock_sleep_until_ns(clock_ns() + 400 * NS_PER_MS + (uint64_t)(drand48() * 2e7));
        if (i >= tries) {
            o.wait->ops->expect(o.wait);
            clock_sleep_until_ns(clock_ns() + 5 * NS_PER_MS + (uint64_t)(drand48() * 5e6));
        }
        post(&frame_word, frame_ns);
    }
    settle();
    stop(&o);
    figure_at_most("wait adaptive first frame after idle, latest",
                   quantile(o.frame_late_us, 0, tries, 1), 20000, "us");
    figure_at_most("wait adaptive first frame after idle and input, p90",
                   quantile(o.frame_late_us, tries, 2 * tries, 0.9), 1000, "us");
}

static void measure_pointer(double hz, double seconds)
{
    static struct observed o;
    char name[80];
    reset_posts();
    o = (struct observed){ .ops = &wait_adaptive_ops };
    start(&o);
    produce(&cursor_word, cursor_ns, clock_ns(), hz, 0, (uint32_t)(hz * seconds));
    settle();
    stop(&o);
    name_of(name, sizeof(name), "adaptive pointer notice p95", hz);
    figure_at_most(name, quantile(o.cursor_late_us, 10, (uint32_t)(hz * seconds), 0.95), 2000,
                   "us");
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 3; /* of each part */
    prctl(PR_SET_TIMERSLACK, 1UL); /* the producer's precision, not the watchers' */
    do {
        measure_rate(60, seconds);
        measure_rate(144, seconds);
        measure_rate(240, seconds);
        measure_idle(seconds);
        measure_after_idle(10);
        measure_pointer(125, 1);
        measure_pointer(1000, 1);
    } while (bench_again());
    return bench_result();
}
