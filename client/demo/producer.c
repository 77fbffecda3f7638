/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "demo"

#include "demo/producer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kvmfr/host.h"
#include "kvmfr/sizing.h"

enum {
    TICK_MS = 10,          /* the host's periodic pass, docs/protocol/kvmfr.md section 6 */
    POINTER_MS = 8,        /* an ordinary mouse: 125 reports per second */
    BUSY_RETRY_US = 500,   /* both buffers in use, and nobody will ring: look again */
    CURSOR_KIND_MS = 2000, /* cycle_cursor */
};

struct producer {
    struct producer_config config; /* constant after create */
    struct kvmfr_host *host;
    pthread_t thread;
    bool thread_started;
    struct { /* producer thread only */
        struct testcard *card;
        uint32_t card_serial; /* the next picture to publish */
        uint64_t start_ns, next_tick_ns, next_frame_ns, next_pointer_ns, retry_ns;
        bool frame_due;
        enum cursor_type shown; /* shape sent last */
    } own;
    struct { /* any thread; relaxed, counters only */
        _Atomic bool stop;
        _Atomic uint64_t frames, late, restarts;
    } shared;
};

uint64_t producer_region_bytes(const struct testcard_config *card)
{
    const struct frame_format_info *fmt = frame_format_find(card->format);
    if (!fmt)
        return 0;
    return (uint64_t)kvmfr_region_mib_for_mode(card->width_px, card->height_px,
                                               kvmfr_sizing_bytes_per_pixel(fmt))
           << 20;
}

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void tick(struct producer *p, uint64_t now_ns)
{
    bool restarted = false;
    const int err = kvmfr_host_tick(p->host, now_ns / NS_PER_MS, &restarted);
    if (err < 0)
        log_every(1000, LOG_LEVEL_ERROR, "the region cannot be set up again: %s", err_str(err));
    if (restarted)
        count(&p->shared.restarts);
    kvmfr_host_pointer_repeat(p->host, now_ns / NS_PER_MS);
    p->own.next_tick_ns = now_ns + TICK_MS * NS_PER_MS;
    if (kvmfr_host_has_room(p->host))
        p->own.retry_ns = now_ns;
}

/* A static card has one picture; later viewers get it repeated. */
static bool picture_changes(const struct producer *p)
{
    return p->config.card.damage != TESTCARD_DAMAGE_STATIC || p->own.card_serial == 0;
}

static void publish(struct producer *p, uint64_t now_ns)
{
    if (!kvmfr_host_wanted(p->host)) {
        p->own.frame_due = false;
        return;
    }
    if (!picture_changes(p)) {
        kvmfr_host_repeat_frame(p->host, now_ns / NS_PER_MS);
        p->own.frame_due = false;
        return;
    }
    const int err = testcard_publish(p->own.card, p->host, p->own.card_serial, now_ns / NS_PER_MS);
    if (err == -EAGAIN) { /* the next tick makes room, or looks at what a ring was for */
        p->own.retry_ns = kvmfr_host_readers_ring(p->host) ? p->own.next_tick_ns
                                                           : now_ns + BUSY_RETRY_US * NS_PER_US;
        return;
    }
    p->own.frame_due = false;
    if (err < 0) {
        log_every(1000, LOG_LEVEL_ERROR, "a frame could not be published: %s", err_str(err));
        return;
    }
    p->own.card_serial++;
    count(&p->shared.frames);
}

static void frame_time(struct producer *p, uint64_t now_ns)
{
    const uint64_t period_ns = NS_PER_S / p->config.hz;
    if (now_ns >= p->own.next_frame_ns) {
        if (p->own.frame_due)
            count(&p->shared.late);
        p->own.frame_due = true;
        p->own.retry_ns = now_ns;
        p->own.next_frame_ns += period_ns;
        if (now_ns > p->own.next_frame_ns + period_ns) /* suspended or starved: do not catch up */
            p->own.next_frame_ns = now_ns + period_ns;
    }
    if (p->own.frame_due && now_ns >= p->own.retry_ns)
        publish(p, now_ns);
}

static enum cursor_type cursor_at(const struct producer *p, uint64_t now_ns)
{
    if (!p->config.cycle_cursor)
        return p->config.cursor;
    static const enum cursor_type kinds[] = { CURSOR_COLOUR, CURSOR_MONOCHROME,
                                              CURSOR_MASKED_COLOUR };
    return kinds[(now_ns - p->own.start_ns) / (CURSOR_KIND_MS * NS_PER_MS) % ARRAY_LEN(kinds)];
}

static void pointer_time(struct producer *p, uint64_t now_ns)
{
    p->own.next_pointer_ns = now_ns + POINTER_MS * NS_PER_MS;
    const enum cursor_type kind = cursor_at(p, now_ns);
    if (kind == CURSOR_NONE || !kvmfr_host_wanted(p->host))
        return;
    const bool turned =
        p->config.card.rotation == FRAME_ROTATE_90 || p->config.card.rotation == FRAME_ROTATE_270;
    int32_t x_px, y_px;
    testcard_cursor_position(turned ? p->config.card.height_px : p->config.card.width_px,
                             turned ? p->config.card.width_px : p->config.card.height_px,
                             now_ns - p->own.start_ns, &x_px, &y_px);
    const struct cursor_shape *shape = kind != p->own.shown ? testcard_cursor(kind) : NULL;
    const int err = kvmfr_host_pointer(p->host, x_px, y_px, true, shape, now_ns / NS_PER_MS);
    if (err == 0 || err == -EAGAIN) /* kept by the host until there is room */
        p->own.shown = kind;
    else
        log_every(1000, LOG_LEVEL_ERROR, "the pointer could not be published: %s", err_str(err));
}

static uint64_t next_deadline(const struct producer *p)
{
    uint64_t next_ns = p->own.next_tick_ns;
    const uint64_t frame_ns = p->own.frame_due ? p->own.retry_ns : p->own.next_frame_ns;
    if (frame_ns < next_ns)
        next_ns = frame_ns;
    return p->own.next_pointer_ns < next_ns ? p->own.next_pointer_ns : next_ns;
}

static void *run(void *ctx)
{
    struct producer *p = ctx;
    p->own.start_ns = clock_ns();
    p->own.next_tick_ns = p->own.next_frame_ns = p->own.next_pointer_ns = p->own.start_ns;
    while (!atomic_load_explicit(&p->shared.stop, memory_order_relaxed)) {
        const uint64_t now_ns = clock_ns();
        if (now_ns >= p->own.next_tick_ns)
            tick(p, now_ns);
        if (now_ns >= p->own.next_pointer_ns)
            pointer_time(p, now_ns);
        frame_time(p, now_ns);
        if (kvmfr_host_sleep(p->host, next_deadline(p), -1) & KVMFR_WOKE_RUNG)
            p->own.next_tick_ns = 0; /* now */
    }
    return NULL;
}

static void describe_session(struct kvmfr_session *s)
{
    struct utsname system;
    snprintf(s->host_version, sizeof(s->host_version), "espelho-demo");
    s->has_vm = true; /* no UUID: this is no VM */
    snprintf(s->capture, sizeof(s->capture), "test card");
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    s->cpus = s->cores = cpus > 0 && cpus < 256 ? (uint32_t)cpus : 1;
    s->sockets = 1;
    snprintf(s->cpu_model, sizeof(s->cpu_model), "synthetic guest");
    s->has_os = true;
    s->os = KVMFR_OS_LINUX;
    if (uname(&system) == 0)
        snprintf(s->os_name, sizeof(s->os_name), "%.60s %.60s", system.sysname, system.release);
}

int producer_create(void *mem, size_t len_bytes, const struct producer_config *config,
                    struct producer **out)
{
    if (config->hz < 1 || config->hz > 1000)
        return -EINVAL;
    struct producer *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->config = *config;
    struct kvmfr_host_config host_config = { .now_ms = clock_ms(),
                                             .extension = true,
                                             .doorbell = config->doorbell };
    describe_session(&host_config.session);
    int err = testcard_create(&config->card, &p->own.card);
    if (err == 0)
        err = kvmfr_host_create(mem, len_bytes, &host_config, &p->host);
    if (err == 0) {
        err = -pthread_create(&p->thread, NULL, run, p);
        p->thread_started = err == 0;
    }
    if (err < 0) {
        producer_destroy(p);
        return err;
    }
    *out = p;
    return 0;
}

void producer_stats(const struct producer *p, struct producer_stats *out)
{
    out->frames = atomic_load_explicit(&p->shared.frames, memory_order_relaxed);
    out->late = atomic_load_explicit(&p->shared.late, memory_order_relaxed);
    out->restarts = atomic_load_explicit(&p->shared.restarts, memory_order_relaxed);
}

void producer_destroy(struct producer *p)
{
    if (!p)
        return;
    if (p->thread_started) {
        atomic_store_explicit(&p->shared.stop, true, memory_order_relaxed);
        pthread_join(p->thread, NULL);
    }
    kvmfr_host_destroy(p->host);
    testcard_destroy(p->own.card);
    free(p);
}
