/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/egl/follow.h"

#include <time.h>

#include "base/clock.h"

/* A host on another core moves on within microseconds: look closely for a moment, then let the CPU
 * go. */
enum { CLOSE_LOOKS = 32, SLEEP_NS = 50 * 1000 };

static void pause_ns(long ns)
{
    const struct timespec t = { .tv_nsec = ns };
    nanosleep(&t, NULL); /* cut short by a signal: one look more */
}

uint32_t follow_rows(const struct frame_view *frame, uint32_t want_rows,
                     struct renderer_stats *stats)
{
    uint32_t rows = frame_view_ready_rows(frame);
    if (rows >= want_rows)
        return rows;
    stats->waits++;
    uint64_t last_progress_ns = clock_ns();
    for (uint32_t looks = 0; rows < want_rows; looks++) {
        if (looks >= CLOSE_LOOKS)
            pause_ns(SLEEP_NS);
        const uint32_t now_rows = frame_view_ready_rows(frame);
        const uint64_t now_ns = clock_ns();
        if (now_rows > rows)
            last_progress_ns = now_ns;
        else if (now_ns - last_progress_ns > FOLLOW_STALL_NS)
            break;
        rows = now_rows > rows
                   ? now_rows
                   : rows; /* a counter that falls back (buffer reused) is no progress */
    }
    if (rows < want_rows)
        stats->wait_timeouts++;
    return rows;
}
