/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "viewer/latency.h"

static void expect(const struct latency *l, enum latency_stage stage, uint64_t median, uint64_t p99)
{
    uint64_t m, p;
    CHECK_MSG(latency_quantiles(l, stage, &m, &p), "%s is not known", latency_stage_name(stage));
    CHECK_MSG(m == median && p == p99, "%s: %" PRIu64 " and %" PRIu64, latency_stage_name(stage), m,
              p);
}

TEST(what_is_not_known_is_left_out)
{
    static struct latency l;
    uint64_t m, p;
    const struct source_frame_times nothing = { 0 };
    latency_committed(&l, &nothing, 3, 0);
    latency_presented(&l, 3, 1000);
    latency_presented(&l, UINT64_MAX, 1000); /* a tag that was never given */
    for (int i = 0; i < LATENCY_STAGES; i++)
        CHECK(!latency_quantiles(&l, (enum latency_stage)i, &m, &p));
    const struct source_frame_times noticed = { .notice_ns = 100 };
    latency_committed(&l, &noticed, 4, 150);
    latency_presented(&l, 4, 180);
    expect(&l, LATENCY_COMPLETE_TO_COMMIT, 50, 50);
    expect(&l, LATENCY_COMMIT_TO_PRESENT, 30, 30);
    CHECK(!latency_quantiles(&l, LATENCY_TOTAL, &m, &p));
    CHECK(!latency_quantiles(&l, LATENCY_POST_TO_NOTICE, &m, &p));
}

TEST(each_stage_and_the_whole)
{
    static struct latency l;
    const struct source_frame_times t = {
        .capture_ns = 1000, .post_ns = 1100, .notice_ns = 1130, .complete_ns = 1200
    };
    latency_committed(&l, &t, 7, 1250);
    latency_presented(&l, 7, 2000);
    expect(&l, LATENCY_CAPTURE_TO_POST, 100, 100);
    expect(&l, LATENCY_POST_TO_NOTICE, 30, 30);
    expect(&l, LATENCY_NOTICE_TO_COMPLETE, 70, 70);
    expect(&l, LATENCY_COMPLETE_TO_COMMIT, 50, 50);
    expect(&l, LATENCY_COMMIT_TO_PRESENT, 750, 750);
    expect(&l, LATENCY_TOTAL, 1000, 1000);
}

TEST(clocks_that_disagree)
{
    static struct latency l;
    /* complete before the notice, noticed before the post (by the clocks' error), hours apart */
    const struct source_frame_times t = { .post_ns = 2000, .notice_ns = 1990, .complete_ns = 1950 };
    latency_committed(&l, &t, 1, 2010);
    expect(&l, LATENCY_POST_TO_NOTICE, 0, 0);
    expect(&l, LATENCY_NOTICE_TO_COMPLETE, 0, 0);
    expect(&l, LATENCY_COMPLETE_TO_COMMIT, 20, 20);
    latency_presented(&l, 1, UINT64_MAX);
    expect(&l, LATENCY_TOTAL, UINT32_MAX, UINT32_MAX);
}

TEST(the_last_pictures_count)
{
    static struct latency l;
    for (uint64_t i = 0; i < 10000; i++) {
        const struct source_frame_times t = { .notice_ns = 1000 };
        latency_committed(&l, &t, 0, i < 9000 ? 900000 : 1000 + (i % 256 == 0 ? 700 : i % 100 + 1));
    }
    uint64_t m, p;
    CHECK(latency_quantiles(&l, LATENCY_COMPLETE_TO_COMMIT, &m, &p));
    CHECK(m > 40 && m < 60 && p >= 98 && p <= 100);
}
