/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "base/clock.h"
#include "capture/dxgi/pacer.h"

/* Pictures come every `step_ns` for a second; how many pass? */
static uint32_t passed(uint32_t max_fps, uint64_t step_ns)
{
    struct pacer p;
    uint32_t count = 0;
    pacer_init(&p, max_fps);
    for (uint64_t now_ns = 5 * NS_PER_S; now_ns < 6 * NS_PER_S; now_ns += step_ns) {
        if (pacer_wait_ns(&p, now_ns) > 0)
            continue;
        pacer_done(&p, now_ns);
        count++;
    }
    return count;
}

TEST(no_limit_is_no_limit)
{
    CHECK_INT(passed(0, NS_PER_MS), 1000);
}

TEST(rates)
{
    static const struct {
        uint32_t max_fps;
        uint64_t step_ns;
        uint32_t least, most;
    } rows[] = {
        { UINT32_MAX, NS_PER_MS, 1000, 1000 },
        { 1, NS_PER_MS, 1, 1 },
        { 60, NS_PER_MS, 59, 61 },
        { 60, NS_PER_S / 60 + 1, 59, 60 }, /* the source is just as fast: nothing is lost */
        { 60, NS_PER_S / 144, 59, 61 },    /* no beat between the two rates */
        { 30, NS_PER_S / 60, 29, 31 },
        { 144, NS_PER_S / 60, 60, 61 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const uint32_t got = passed(rows[i].max_fps, rows[i].step_ns);
        CHECK_MSG(got >= rows[i].least && got <= rows[i].most, "row %zu: %u", i, got);
    }
}

TEST(no_burst_after_a_pause)
{
    struct pacer p;
    pacer_init(&p, 10);
    pacer_done(&p, NS_PER_S);
    CHECK_INT(pacer_wait_ns(&p, 60 * NS_PER_S), 0);
    pacer_done(&p, 60 * NS_PER_S);
    CHECK_INT(pacer_wait_ns(&p, 60 * NS_PER_S), NS_PER_S / 10);
}
