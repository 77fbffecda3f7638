/* SPDX-License-Identifier: GPL-2.0-or-later
 * The wait strategies with real threads: life cycle and that nothing is lost. How fast and how
 * cheap they are is measured by tests/bench; here only limits that hold on any machine. */
#include "test.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/relay/wait.h"

struct world {
    _Atomic uint32_t frame, cursor;
    _Atomic uint32_t notices;
    int event_fd;
};

static void look(void *ctx, uint32_t *frame, uint32_t *cursor)
{
    struct world *w = ctx;
    *frame = atomic_load(&w->frame);
    *cursor = atomic_load(&w->cursor);
}

static void notify(void *ctx)
{
    struct world *w = ctx;
    const uint64_t one = 1;
    atomic_fetch_add(&w->notices, 1);
    CHECK(write(w->event_fd, &one, sizeof(one)) == sizeof(one));
}

static const struct wait_ops *const all[] = { &wait_adaptive_ops, &wait_fixed_ops };

static struct wait *start(const struct wait_ops *ops, struct world *w)
{
    struct wait *wait = NULL;
    *w = (struct world){ .event_fd = eventfd(0, EFD_CLOEXEC) };
    const struct wait_config config = { .look = look, .notify = notify, .ctx = w };
    CHECK_INT(ops->create(&config, &wait), 0);
    return wait;
}

static void stop(struct wait *wait, struct world *w)
{
    wait->ops->destroy(wait);
    close(w->event_fd);
}

/* Waits for the next notice; generous, since a loaded machine is no fault of the strategy. */
static void await_notice(struct world *w)
{
    struct pollfd fd = { .fd = w->event_fd, .events = POLLIN };
    uint64_t count;
    CHECK_MSG(poll(&fd, 1, 10000) == 1, "no notice within 10 s");
    CHECK(read(w->event_fd, &count, sizeof(count)) == sizeof(count));
}

TEST(every_change_leads_to_a_notice)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct world w;
        struct wait *wait = start(all[i], &w);
        await_notice(&w); /* the first one, for what was posted before */
        for (int n = 0; n < 50; n++) {
            atomic_fetch_add(n % 3 ? &w.frame : &w.cursor, 1);
            await_notice(&w);
        }
        struct wait_stats stats;
        wait->ops->stats(wait, &stats);
        CHECK(stats.notices >= 49); /* the last one's count may follow its notice */
        CHECK(stats.wakeups >= 49);
        CHECK(stats.last_notice_ns != 0);
        stop(wait, &w);
    }
}

TEST(nothing_posted_means_no_notice)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct world w;
        struct wait *wait = start(all[i], &w);
        await_notice(&w);
        clock_sleep_until_ns(clock_ns() + 100 * NS_PER_MS);
        CHECK_INT(atomic_load(&w.notices), 1);
        stop(wait, &w);
    }
}

TEST(destroy_at_any_time)
{
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        for (uint64_t n = 0; n < 100; n++) {
            struct world w;
            struct wait *wait = start(all[i], &w);
            wait->ops->expect(wait);
            if (n % 2)
                clock_sleep_until_ns(clock_ns() + n * 20 * NS_PER_US);
            stop(wait, &w);
        }
    }
    wait_adaptive_ops.destroy(NULL);
    wait_fixed_ops.destroy(NULL);
}

/* An idle screen is looked at 56 times a second, never more often however loaded the machine; after
 * local input every 0.8 ms. */
TEST(idle_wakeups_and_local_input)
{
    struct world w;
    struct wait *wait = start(&wait_adaptive_ops, &w);
    struct wait_stats before, after;
    clock_sleep_until_ns(clock_ns() + 300 * NS_PER_MS); /* settle */
    const uint64_t from_ns = clock_ns();
    wait->ops->stats(wait, &before);
    clock_sleep_until_ns(from_ns + NS_PER_S);
    wait->ops->stats(wait, &after);
    const double seconds = (double)(clock_ns() - from_ns) / 1e9;
    CHECK((double)(after.wakeups - before.wakeups) <= 60 * seconds + 1);

    uint64_t best = 0; /* of a few tries: being scheduled away is not the strategy's fault, never
                          waking would be */
    for (int i = 0; i < 5; i++) {
        clock_sleep_until_ns(clock_ns() + 300 * NS_PER_MS);
        wait->ops->stats(wait, &before);
        wait->ops->expect(wait);
        clock_sleep_until_ns(clock_ns() + 60 * NS_PER_MS);
        wait->ops->stats(wait, &after);
        if (after.wakeups - before.wakeups > best)
            best = after.wakeups - before.wakeups;
    }
    CHECK_MSG(best >= 30, "only %" PRIu64 " looks in the 60 ms after local input", best);
    stop(wait, &w);
}
