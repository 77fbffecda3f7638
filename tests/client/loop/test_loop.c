/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"

struct seen {
    struct loop *loop;
    struct loop_source *self, *other;
    int count;
};

static void count_it(void *ctx)
{
    struct seen *s = ctx;
    s->count++;
}

static void count_and_stop(void *ctx)
{
    count_it(ctx);
    loop_stop(((struct seen *)ctx)->loop);
}

TEST(timer_fires_on_time_and_disarms)
{
    struct loop *l;
    struct seen s = { 0 };
    CHECK_INT(loop_create(&l), 0);
    CHECK_INT(loop_add_timer(l, count_it, &s, &s.self), 0);
    CHECK_INT(loop_run_once(l, 0), 0);
    const uint64_t due_ns = clock_ns() + 5 * NS_PER_MS;
    loop_timer_set_ns(s.self, due_ns, 0);
    CHECK_INT(loop_run_once(l, 1000), 1);
    CHECK(clock_ns() >= due_ns);
    CHECK_INT(s.count, 1);
    loop_timer_set_ns(s.self, clock_ns() + 5 * NS_PER_MS, 0);
    loop_timer_set_ns(s.self, 0, 0);
    CHECK_INT(loop_run_once(l, 20), 0);
    loop_source_destroy(s.self);
    loop_destroy(l);
}

static void *raise_often(void *ctx)
{
    struct seen *s = ctx;
    for (int i = 0; i < 1000; i++)
        loop_wake_raise(s->self);
    loop_stop(s->loop);
    return NULL;
}

TEST(wake_from_another_thread)
{
    struct loop *l;
    struct seen s = { 0 };
    CHECK_INT(loop_create(&l), 0);
    s.loop = l;
    CHECK_INT(loop_add_wake(l, count_it, &s, &s.self), 0);
    pthread_t t;
    CHECK_INT(pthread_create(&t, NULL, raise_often, &s), 0);
    CHECK_INT(loop_run(l), 0);
    pthread_join(t, NULL);
    CHECK(loop_run_once(l, 0) >= 0);
    CHECK(s.count >= 1 && s.count <= 1000);
    loop_source_destroy(s.self);
    loop_destroy(l);
}

static void destroy_both(void *ctx, uint32_t events)
{
    struct seen *s = ctx;
    CHECK(events & EPOLLIN);
    s->count++;
    loop_source_destroy(s->self);
    loop_source_destroy(s->other);
}

TEST(callback_destroys_itself_and_a_neighbour)
{
    struct loop *l;
    int a[2], b[2];
    CHECK_INT(loop_create(&l), 0);
    CHECK(pipe(a) == 0 && pipe(b) == 0);
    struct seen s = { 0 };
    CHECK_INT(loop_add_fd(l, a[0], EPOLLIN, destroy_both, &s, &s.self), 0);
    CHECK_INT(loop_add_fd(l, b[0], EPOLLIN, destroy_both, &s, &s.other), 0);
    CHECK(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
    CHECK_INT(loop_run_once(l, 100), 1); /* the second of the pair is gone before its turn */
    CHECK_INT(s.count, 1);
    CHECK_INT(loop_run_once(l, 0), 0);
    loop_destroy(l);
}

TEST(signal_stops_the_loop)
{
    struct loop *l;
    struct seen s = { 0 };
    CHECK_INT(loop_create(&l), 0);
    s.loop = l;
    CHECK_INT(loop_add_signal(l, SIGTERM, count_and_stop, &s, &s.self), 0);
    raise(SIGTERM);
    CHECK_INT(loop_run(l), 0);
    CHECK_INT(s.count, 1);
    loop_source_destroy(s.self);
    loop_destroy(l);
}

static void prepare_once(void *ctx)
{
    struct seen *s = ctx;
    CHECK_INT(s->count++, 0);
    loop_wake_raise(s->self);
}

static void after_wait_once(void *ctx)
{
    struct seen *s = ctx;
    CHECK_INT(s->count++, 1);
}

static void woken_last(void *ctx)
{
    struct seen *s = ctx;
    CHECK_INT(s->count++, 2);
}

TEST(hooks_run_around_the_wait)
{
    struct loop *l;
    struct seen s = { 0 };
    CHECK_INT(loop_create(&l), 0);
    CHECK_INT(loop_add_wake(l, woken_last, &s, &s.self), 0);
    loop_set_prepare(l, prepare_once, &s);
    loop_set_after_wait(l, after_wait_once, &s);
    CHECK_INT(loop_run_once(l, 1000), 1);
    CHECK_INT(s.count, 3);
    loop_source_destroy(s.self);
    loop_destroy(l);
}
