/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "publish/pacing.h"

#include "base/clock.h"
#include "test.h"

TEST(no_limit_never_waits)
{
    struct pacing p;
    pacing_init(&p, 0);
    for (uint64_t now = 1; now < 100; now++) {
        pacing_published(&p, now);
        CHECK(p.due_ns <= now);
    }
}

/* Publishes whenever it is allowed, looking every `step_ns`. */
static uint32_t frames_in_a_second(uint32_t max_fps, uint64_t step_ns)
{
    struct pacing p;
    uint32_t frames = 0;
    pacing_init(&p, max_fps);
    for (uint64_t now = 5 * NS_PER_S; now < 6 * NS_PER_S; now += step_ns) {
        if (now < p.due_ns)
            continue;
        pacing_published(&p, now);
        frames++;
    }
    return frames;
}

TEST(the_limit_is_kept_and_reached)
{
    static const uint32_t rates[] = { 1, 2, 7, 30, 60, 144, 240 };
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        static const uint64_t steps_ns[] = { 10000, 1000000, 3300000 };
        for (size_t k = 0; k < ARRAY_LEN(steps_ns); k++) {
            const uint32_t frames = frames_in_a_second(rates[i], steps_ns[k]);
            CHECK_MSG(frames <= rates[i] + 1, "%u frames at %u", frames, rates[i]);
            CHECK_MSG(frames + 1 >= rates[i] || steps_ns[k] * rates[i] > NS_PER_S / 2,
                      "%u frames at %u", frames, rates[i]);
        }
    }
}

TEST(no_burst_after_a_pause)
{
    struct pacing p;
    pacing_init(&p, 10);
    pacing_published(&p, NS_PER_S);
    pacing_published(&p, 60 * NS_PER_S);
    CHECK_INT(p.due_ns, 60 * NS_PER_S + NS_PER_S / 10);
}

TEST(a_busy_viewer_is_asked_again_soon)
{
    struct pacing p;
    uint32_t looks = 0;
    pacing_init(&p, 0);
    for (uint64_t now = NS_PER_S; now < 2 * NS_PER_S; now = p.due_ns) {
        pacing_busy(&p, now);
        CHECK(p.due_ns > now && p.due_ns - now <= 4 * NS_PER_MS);
        CHECK(now - NS_PER_S >= 50 * NS_PER_MS || p.due_ns - now <= NS_PER_MS);
        looks++;
    }
    CHECK_MSG(looks < 300, "%u looks in a second", looks);
    pacing_published(&p, 3 * NS_PER_S);
    pacing_busy(&p, 4 * NS_PER_S);
    CHECK_INT(p.due_ns, 4 * NS_PER_S + NS_PER_MS);
}

TEST(a_system_that_says_no_is_asked_often)
{
    struct backoff b = { 0 };
    uint64_t sum_ns = 0;
    uint32_t tries = 0;
    for (; sum_ns < 10 * NS_PER_S; tries++) {
        const uint64_t wait_ns = backoff_failed_ns(&b);
        CHECK(wait_ns >= 10 * NS_PER_MS && wait_ns <= 50 * NS_PER_MS);
        sum_ns += wait_ns;
    }
    CHECK_MSG(tries < 300, "%u tries in ten seconds", tries);
}

TEST(a_storm_is_given_time)
{
    struct backoff b = { 0 };
    uint64_t now = NS_PER_S, wait_ns = 0, last_ns = 0;
    for (uint32_t i = 0; i < 100; i++) {
        backoff_started(&b, now);
        now += 5 * NS_PER_MS;
        last_ns = wait_ns;
        wait_ns = backoff_lost_ns(&b, now);
        CHECK(wait_ns >= last_ns && wait_ns <= 50 * NS_PER_MS);
        CHECK(i >= 16 || wait_ns == 0); /* a few in a row are normal: at once */
    }
    CHECK_INT(wait_ns, 50 * NS_PER_MS);
    backoff_started(&b, now);
    CHECK_INT(backoff_lost_ns(&b, now + 2 * NS_PER_S), 0); /* it lasted: forgotten */
}
