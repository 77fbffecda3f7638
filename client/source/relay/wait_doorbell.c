/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The strategy for regions with a doorbell: sleep until rung. There is no thread: whoever reads the
 * messages is the loop's thread anyway, and a thread in between would cost a second wake-up of the
 * scheduler for each frame, to bring the news no earlier to a thread that is busy.
 *
 * The waiter "sleeps" whenever it is not in attend(): its words are armed then, also while the loop
 * does other things. attend() is the sleeper's side of docs/extensions.md section 2: disarm, clear
 * the bell, read all, arm (with the fence), look again. What comes while it reads finds the word
 * disarmed and rings nobody; the second look finds it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "source/relay/wait.h"

enum {
    ROUNDS_MAX = 8,               /* then the loop's other sources have their turn */
    PAUSE_NS = 250000000,         /* longer is no interval between frames */
    EXPECT_AFTER_NS = 1000000000, /* local input asks for a look after so long without one */
};

struct wait_doorbell {
    struct wait base;
    struct wait_config config; /* constant after create */
    /* The loop's thread. */
    struct loop_source *rings[2], *again;
    uint32_t frame, cursor; /* activity words of the last look */
    bool *gone;             /* attend() is running: set when notify() destroys us */
    struct {
        _Atomic bool asked; /* by expect(), not yet answered */
        _Atomic uint64_t attended_ns, wakeups, notices, interval_ns, last_notice_ns;
    } shared; /* any thread reads, the loop's thread writes all but `asked` */
};

static struct wait_doorbell *doorbell_of(struct wait *base)
{
    return container_of(base, struct wait_doorbell, base);
}

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void store(_Atomic uint64_t *value, uint64_t v)
{
    atomic_store_explicit(value, v, memory_order_relaxed);
}

/* Statistics only: three posts within one look are none to the activity word. */
static void count(struct wait_doorbell *d)
{
    const uint64_t now_ns = clock_ns(), last_ns = load(&d->shared.last_notice_ns);
    uint32_t frame, cursor;
    d->config.look(d->config.ctx, &frame, &cursor);
    store(&d->shared.attended_ns, now_ns);
    if (frame != d->frame || cursor != d->cursor)
        store(&d->shared.notices, load(&d->shared.notices) + 1);
    if (frame != d->frame) {
        const uint64_t old_ns = load(&d->shared.interval_ns);
        if (last_ns != 0 && now_ns - last_ns < PAUSE_NS)
            store(&d->shared.interval_ns,
                  old_ns == 0 ? now_ns - last_ns : (old_ns * 7 + (now_ns - last_ns)) / 8);
        store(&d->shared.last_notice_ns, now_ns);
    }
    d->frame = frame;
    d->cursor = cursor;
}

/* `cleared`: the rings were taken just now. */
static void attend(struct wait_doorbell *d, bool cleared)
{
    const struct wait_bell *bell = &d->config.bell;
    void *ctx = d->config.ctx;
    bool gone = false;
    d->gone = &gone;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        bell->disarm(ctx);
        if (!cleared)
            (void)bell->clear(ctx);
        cleared = false;
        count(d);
        d->config.notify(ctx);
        if (gone)
            return;
        bell->arm(ctx);
        if (!bell->news(ctx)) {
            d->gone = NULL;
            return;
        }
    }
    d->gone = NULL;
    loop_wake_raise(d->again);
}

static void ringing(struct wait_doorbell *d)
{
    /* One round of the loop may report both vectors: the first call took both. */
    const bool rung = d->config.bell.clear(d->config.ctx);
    if (!rung && !d->config.bell.news(d->config.ctx))
        return;
    store(&d->shared.wakeups, load(&d->shared.wakeups) + 1);
    attend(d, rung);
}

static void on_ring(struct wait_doorbell *d, uint32_t events, struct loop_source **source)
{
    if (!(events & (EPOLLHUP | EPOLLERR))) {
        ringing(d);
        return;
    }
    loop_source_destroy(*source); /* a dead descriptor would be reported for ever */
    *source = NULL;
}

static void on_ring_0(void *ctx, uint32_t events)
{
    struct wait_doorbell *d = ctx;
    on_ring(d, events, &d->rings[0]);
}

static void on_ring_1(void *ctx, uint32_t events)
{
    struct wait_doorbell *d = ctx;
    on_ring(d, events, &d->rings[1]);
}

static void on_again(void *ctx)
{
    struct wait_doorbell *d = ctx;
    atomic_store(&d->shared.asked, false);
    attend(d, false);
}

static void doorbell_expect(struct wait *base)
{
    struct wait_doorbell *d = doorbell_of(base);
    if (clock_ns() - load(&d->shared.attended_ns) > EXPECT_AFTER_NS &&
        !atomic_exchange(&d->shared.asked, true))
        loop_wake_raise(d->again);
}

static void doorbell_destroy(struct wait *base)
{
    if (!base)
        return;
    struct wait_doorbell *d = doorbell_of(base);
    if (d->gone)
        *d->gone = true;
    d->config.bell.disarm(d->config.ctx);
    loop_source_destroy(d->again);
    for (size_t i = 0; i < ARRAY_LEN(d->rings); i++)
        loop_source_destroy(d->rings[i]);
    free(d);
}

static int listen_to(struct wait_doorbell *d)
{
    static const loop_fd_fn on_rings[] = { on_ring_0, on_ring_1 };
    const struct wait_bell *bell = &d->config.bell;
    int err = loop_add_wake(bell->loop, on_again, d, &d->again);
    for (size_t i = 0; i < ARRAY_LEN(d->rings) && err == 0; i++) {
        if (bell->fds[i] >= 0)
            err = loop_add_fd(bell->loop, bell->fds[i], EPOLLIN, on_rings[i], d, &d->rings[i]);
    }
    return err;
}

static int doorbell_create(const struct wait_config *config, struct wait **out)
{
    struct wait_doorbell *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->base.ops = &wait_doorbell_ops;
    d->config = *config;
    const int err = listen_to(d);
    if (err < 0) {
        doorbell_destroy(&d->base);
        return err;
    }
    /* What was posted before would wait for the next ring; and nothing is armed yet. */
    loop_wake_raise(d->again);
    *out = &d->base;
    return 0;
}

static void doorbell_stats(struct wait *base, struct wait_stats *out)
{
    struct wait_doorbell *d = doorbell_of(base);
    *out = (struct wait_stats){
        .wakeups = load(&d->shared.wakeups),
        .notices = load(&d->shared.notices),
        .interval_ns = load(&d->shared.interval_ns),
        .last_notice_ns = load(&d->shared.last_notice_ns),
    };
}

const struct wait_ops wait_doorbell_ops = {
    .name = "doorbell",
    .create = doorbell_create,
    .destroy = doorbell_destroy,
    .expect = doorbell_expect,
    .stats = doorbell_stats,
};
