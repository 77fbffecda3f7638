/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The aim: notice a frame within 100 us of its publication without looking more often than a plain
 * 1 ms poll would, and cost next to nothing when nothing moves. Guests publish on the grid of their
 * display's refresh, so the next time can be foreseen.
 *
 * 1. Without a cadence ("hunting") the step is an eighth of the time since the last activity,
 * from 1.1 ms up to 18 ms: busy screens are looked at like a 1 ms poll does, idle ones 56 times a
 * second, and a frame is late by at most an eighth of the pause before it.
 * 2. Learning. A look that finds a frame knows its publication time as an interval: after the
 * previous look, not after this one. Its middle is the estimate. When six estimates fit t0 + k *
 * period with small residuals (k may skip: dropped frames), the cadence is locked. A period
 * remembered from an earlier lock needs three.
 * 3. Locked, the grid is followed by an alpha-beta filter whose gains fall as evidence grows (first
 * like a line fit over all frames, then over about the last sixteen). Residuals give the spread,
 * the spread a window: from `margin` spreads before the grid point on we look in short steps. The
 * margin is steered by what it is for: it grows when a frame was there before the window began, and
 *    shrinks otherwise, so that about one frame in thirteen is. No shape of the jitter is assumed.
 * 4. The step in the window is chosen so that the looks up to the frame are at most 60 % of what a
 * 1 ms poll spends per period, and is never below 40 us, which a wake-up costs anyway. A wide
 * jitter thus gives longer steps, not more CPU. Above 167 Hz they are 50 %: a wake-up after a long
 * sleep costs up to 1.6 times one of an even poll (measured), and most are such there.
 * 5. Before the window there is one sleep, no looks. That is only done for periods up to 20 ms, so
 * that a frame off the grid waits no longer than an idle one would. After a window without a frame
 * the steps lengthen, and we hunt until a frame comes or the next window, of which there are five.
 * 6. The lock is given up, and learning starts again, when three frames in a row came before their
 * window (the rate rose or the phase jumped), when half of the last eight lay off the grid or the
 * spread reached a fifth of the period, when eight in a row skipped grid points (the rate fell to a
 * fraction), or when four periods and 50 ms passed without a frame (idle).
 * 7. Whatever the frames do, looks are paid out of a budget that a 1 ms poll would spend (with some
 * saved up for a window): without credit the step is 1.1 ms.
 * 8. While the pointer moves the step is at most 1 ms, in addition to the above. After local input
 * without a cadence it is 0.8 ms for 100 ms: a key press predicts a frame.
 *
 * Nothing in the shared memory steers more than these step lengths, so that a peer that changes its
 * words at will can make us look at most twice as often as a 1 ms poll (rules 7 and 8). */
#include "source/relay/wait_predict.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"

#define PERIOD_MIN_NS   (2 * NS_PER_MS)
#define PERIOD_MAX_NS   (120 * NS_PER_MS)
#define PERIOD_QUIET_NS (20 * NS_PER_MS) /* rule 5 */
#define PERIOD_FAST_NS  (6 * NS_PER_MS)  /* rule 4 */
#define STEP_MIN_NS     (40 * NS_PER_US)
#define WINDOW_MIN_NS   (30 * NS_PER_US)
#define EXPECT_FOR_NS   (100 * NS_PER_MS)
#define CURSOR_FOR_NS   (100 * NS_PER_MS)
#define IDLE_UNLOCK_NS  (50 * NS_PER_MS)
#define LOOK_COST_NS    (1050 * NS_PER_US)
#define CREDIT_MAX_NS   (20 * NS_PER_MS)
#define GAP_FORGET_NS   (8 * PERIOD_MAX_NS)

enum {
    FIT_FRAMES = 6, /* rule 2 */
    REFIT_FRAMES = 3,
    AGE_MAX = 16, /* rule 3: the filter's memory in frames */
    MARGIN_START_Q4 = 32,
    MARGIN_MIN_Q4 = 16,
    MARGIN_MAX_Q4 = 96,
    MARGIN_UP_Q4 = 12, /* against 1 down: one frame in 13 comes early */
    EARLY_UNLOCK = 3,  /* rule 6 */
    OFF_GRID_UNLOCK = 4,
    SPARSE_UNLOCK = 8,
    IDLE_UNLOCK_PERIODS = 4,
    WINDOWS_MAX = 5, /* rule 5: grid points looked at closely after a frame */
};

static uint64_t clamp_u64(uint64_t v, uint64_t low, uint64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static uint64_t abs_diff(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static uint64_t since(uint64_t now_ns, uint64_t then_ns)
{
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

/* How many periods `t_ns` lies after `from_ns`, to the nearest; t_ns >= from_ns. */
static uint64_t periods_after(uint64_t from_ns, uint64_t t_ns, uint64_t period_ns)
{
    return (since(t_ns, from_ns) + period_ns / 2) / period_ns;
}

void wait_predict_init(struct wait_predict *p, uint64_t now_ns)
{
    *p = (struct wait_predict){ .looked_ns = now_ns, .frame_ns = now_ns };
}

uint64_t wait_predict_period_ns(const struct wait_predict *p)
{
    return p->locked ? p->period_ns : 0;
}

void wait_predict_expect(struct wait_predict *p, uint64_t now_ns)
{
    p->expect_ns = now_ns;
}

/* ---- 2. learning ---- */

static void remember(struct wait_predict *p, uint64_t t_ns)
{
    if (p->recent_count > 0 && since(t_ns, p->recent_ns[p->recent_count - 1]) > GAP_FORGET_NS)
        p->recent_count = 0;
    if (p->recent_count == WAIT_PREDICT_RECENT) {
        memmove(p->recent_ns, p->recent_ns + 1, sizeof(p->recent_ns) - sizeof(p->recent_ns[0]));
        p->recent_count--;
    }
    p->recent_ns[p->recent_count++] = t_ns;
}

struct fit {
    uint64_t period_ns, last_ns; /* last_ns: the grid point of the newest frame */
    uint64_t residual_ns;        /* mean distance from the grid */
};

/* Fits times[0..count) to a grid of about `guess_ns`. False if they do not lie on one. */
static bool fit_grid(const uint64_t *times_ns, uint32_t count, uint64_t guess_ns, struct fit *out)
{
    uint64_t index[WAIT_PREDICT_RECENT] = { 0 };
    if (guess_ns < PERIOD_MIN_NS || guess_ns > PERIOD_MAX_NS)
        return false;
    for (uint32_t i = 1; i < count; i++) {
        const uint64_t step = periods_after(times_ns[i - 1], times_ns[i], guess_ns);
        if (step == 0)
            return false; /* two frames within one period */
        index[i] = index[i - 1] + step;
    }
    /* Least squares for t = a + b * index, in doubles relative to the first time. */
    double sum_k = 0, sum_t = 0, sum_kk = 0, sum_kt = 0;
    for (uint32_t i = 0; i < count; i++) {
        const double k = (double)index[i], t = (double)since(times_ns[i], times_ns[0]);
        sum_k += k;
        sum_t += t;
        sum_kk += k * k;
        sum_kt += k * t;
    }
    const double n = (double)count;
    const double slope = (n * sum_kt - sum_k * sum_t) / (n * sum_kk - sum_k * sum_k);
    const double start = (sum_t - slope * sum_k) / n;
    if (!(slope >= (double)PERIOD_MIN_NS && slope <= (double)PERIOD_MAX_NS))
        return false;
    double residual = 0;
    for (uint32_t i = 0; i < count; i++) {
        const double off =
            (double)since(times_ns[i], times_ns[0]) - (start + slope * (double)index[i]);
        residual += off < 0 ? -off : off;
    }
    out->period_ns = (uint64_t)slope;
    const double last = start + slope * (double)index[count - 1];
    out->last_ns = times_ns[0] + (last > 0 ? (uint64_t)last : 0);
    out->residual_ns = (uint64_t)(residual / n);
    return out->residual_ns <= out->period_ns / 8;
}

static uint64_t median_gap(const uint64_t *times_ns, uint32_t count)
{
    uint64_t gaps[WAIT_PREDICT_RECENT];
    uint32_t used = 0;
    for (uint32_t i = 1; i < count; i++) {
        const uint64_t gap = since(times_ns[i], times_ns[i - 1]);
        uint32_t at = used++;
        for (; at > 0 && gaps[at - 1] > gap; at--)
            gaps[at] = gaps[at - 1];
        gaps[at] = gap;
    }
    return used ? gaps[(used - 1) / 2] : 0;
}

static uint64_t smallest_gap(const uint64_t *times_ns, uint32_t count)
{
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 1; i < count; i++)
        best = min_u64(best, since(times_ns[i], times_ns[i - 1]));
    return best;
}

static bool learn(const struct wait_predict *p, struct fit *out)
{
    const uint32_t n = p->recent_count;
    if (p->period_ns != 0 && n >= REFIT_FRAMES) {
        const uint32_t use = min_u32(n, FIT_FRAMES - 1);
        /* Nearly the remembered period, not a multiple of it: the skips of rule 6 would come back
         * at once. */
        if (fit_grid(p->recent_ns + (n - use), use, p->period_ns, out) &&
            abs_diff(out->period_ns, p->period_ns) <= p->period_ns / 16 &&
            median_gap(p->recent_ns + (n - use), use) < p->period_ns * 3 / 2)
            return true;
    }
    if (n < FIT_FRAMES)
        return false;
    return fit_grid(p->recent_ns, n, median_gap(p->recent_ns, n), out) ||
           fit_grid(p->recent_ns, n, smallest_gap(p->recent_ns, n), out);
}

static void lock(struct wait_predict *p, const struct fit *fit)
{
    p->locked = true;
    p->period_ns = fit->period_ns;
    p->grid_ns = fit->last_ns;
    p->spread_ns = fit->residual_ns + 50 * NS_PER_US;
    p->margin_q4 = MARGIN_START_Q4;
    p->age = p->recent_count;
    p->early = 0;
    p->off_grid = 0;
    p->sparse = 0;
}

static void unlock(struct wait_predict *p)
{
    p->locked = false;
    /* What was seen while locked was seen through its window; only the newest frame is kept as a
     * start. */
    if (p->recent_count > 1) {
        p->recent_ns[0] = p->recent_ns[p->recent_count - 1];
        p->recent_count = 1;
    }
}

/* ---- 3. following ---- */

static uint64_t window_before(const struct wait_predict *p)
{
    return clamp_u64(p->spread_ns * p->margin_q4 / 16, WINDOW_MIN_NS, p->period_ns / 3);
}

/* Moves the grid by what a frame `off_ns` after (negative: before) its point, `periods` after the
 * last one, tells. */
static void follow(struct wait_predict *p, uint64_t point_ns, int64_t off_ns, uint64_t periods)
{
    /* Gains of a line fit over `age` equally spaced frames; constant once age stays at AGE_MAX. */
    const int64_t n = p->age;
    const int64_t limit =
        (int64_t)(4 * p->spread_ns + 100 * NS_PER_US); /* one wild frame must not drag the grid */
    const int64_t off = off_ns > limit ? limit : off_ns < -limit ? -limit : off_ns;
    p->grid_ns = (uint64_t)((int64_t)point_ns + off * 2 * (2 * n - 1) / (n * (n + 1)));
    const int64_t period = (int64_t)p->period_ns + off * 6 / (n * (n + 1)) / (int64_t)periods;
    p->period_ns = clamp_u64((uint64_t)period, PERIOD_MIN_NS, PERIOD_MAX_NS);
    if (p->age < AGE_MAX)
        p->age++;
    const uint64_t dist = (uint64_t)(off < 0 ? -off : off);
    p->spread_ns = (p->spread_ns * 15 + dist) / 16;
}

static uint32_t count_bits(uint32_t v)
{
    return (uint32_t)__builtin_popcount(v);
}

/* A frame found by the look at `now_ns`, the look before being p->looked_ns. False: the cadence
 * does not hold any more. */
static bool frame_on_lock(struct wait_predict *p, uint64_t now_ns)
{
    const uint64_t middle_ns = p->looked_ns + since(now_ns, p->looked_ns) / 2;
    const uint64_t before_ns = window_before(p);
    uint64_t periods = periods_after(p->grid_ns, now_ns, p->period_ns);
    if (periods == 0) {
        /* A second frame for a grid point that had its frame: off the grid, or the rate rose. */
        p->off_grid = (p->off_grid << 1 | 1) & 0xff;
        return count_bits(p->off_grid) < OFF_GRID_UNLOCK;
    }
    uint64_t point_ns = p->grid_ns + periods * p->period_ns;
    if (p->looked_ns + STEP_MIN_NS / 2 < point_ns - before_ns && now_ns < point_ns) {
        /* There before the window began, nobody knows how long: widen, and lean a little to the
         * early side. */
        p->margin_q4 = min_u32(p->margin_q4 + MARGIN_UP_Q4, MARGIN_MAX_Q4);
        p->early++;
        if (p->early >= EARLY_UNLOCK)
            return false;
        follow(p, point_ns, -(int64_t)(before_ns + before_ns / 4), periods);
        p->off_grid = (p->off_grid << 1) & 0xff;
        return true;
    }
    p->early = 0;
    const int64_t off_ns = (int64_t)middle_ns - (int64_t)point_ns;
    const uint64_t dist_ns = (uint64_t)(off_ns < 0 ? -off_ns : off_ns);
    const bool off_grid = dist_ns > p->period_ns / 4;
    p->off_grid = (p->off_grid << 1 | off_grid) & 0xff;
    p->sparse = periods >= 2 ? p->sparse + 1 : 0;
    if (count_bits(p->off_grid) >= OFF_GRID_UNLOCK || p->sparse >= SPARSE_UNLOCK)
        return false;
    if (off_grid)
        return true;
    if (since(now_ns, p->looked_ns) > 2 * before_ns + WAIT_PREDICT_HUNT_NS) {
        p->grid_ns = point_ns; /* we overslept: the frame is on time for all that we know */
        return true;
    }
    if (p->margin_q4 > MARGIN_MIN_Q4)
        p->margin_q4--;
    follow(p, point_ns, off_ns, periods);
    return p->spread_ns <= p->period_ns / 5; /* frames at random times have a quarter */
}

static bool pointer_moves(const struct wait_predict *p, uint64_t now_ns)
{
    return p->cursor_ns != 0 && since(now_ns, p->cursor_ns) < CURSOR_FOR_NS;
}

static bool expecting(const struct wait_predict *p, uint64_t now_ns)
{
    return p->expect_ns != 0 && since(now_ns, p->expect_ns) < EXPECT_FOR_NS;
}

/* Rule 7. Looks for the pointer's or the user's sake are not charged to the frames: then each costs
 * half. */
static void pay(struct wait_predict *p, uint64_t now_ns)
{
    const uint64_t cost_ns =
        pointer_moves(p, now_ns) || expecting(p, now_ns) ? LOOK_COST_NS / 2 : LOOK_COST_NS;
    const uint64_t credit_ns = min_u64(p->credit_ns + since(now_ns, p->looked_ns), CREDIT_MAX_NS);
    p->credit_ns = credit_ns > cost_ns ? credit_ns - cost_ns : 0;
}

void wait_predict_seen(struct wait_predict *p, uint64_t now_ns, bool frame, bool cursor)
{
    pay(p, now_ns);
    if (cursor)
        p->cursor_ns = now_ns;
    if (frame) {
        if (p->locked && !frame_on_lock(p, now_ns))
            unlock(p);
        remember(p, p->looked_ns + since(now_ns, p->looked_ns) / 2);
        struct fit fit;
        if (!p->locked && learn(p, &fit))
            lock(p, &fit);
        p->frame_ns = now_ns;
    } else if (p->locked &&
               since(now_ns, p->frame_ns) > IDLE_UNLOCK_NS + IDLE_UNLOCK_PERIODS * p->period_ns) {
        unlock(p);
    }
    p->looked_ns = now_ns;
}

/* ---- 1. 4. 5. 7. 8. choosing the next look ---- */

static uint64_t hunt_step(uint64_t quiet_ns)
{
    return clamp_u64(quiet_ns / 8, WAIT_PREDICT_HUNT_NS, WAIT_PREDICT_IDLE_NS);
}

/* Rule 4. */
static uint64_t window_step(const struct wait_predict *p, uint64_t before_ns)
{
    const uint64_t tenths = p->period_ns < PERIOD_FAST_NS ? 5 : 6;
    const uint64_t budget_ns = p->period_ns * tenths / 10; /* looks of a 1 ms poll: budget / 1 ms */
    return clamp_u64(before_ns * NS_PER_MS / budget_ns, STEP_MIN_NS, NS_PER_MS / 2);
}

static uint64_t locked_next(const struct wait_predict *p, uint64_t now_ns)
{
    const uint64_t before_ns = window_before(p);
    const uint64_t quiet_ns = since(now_ns, p->frame_ns);
    /* The grid point whose window is open, or the next one. */
    const uint64_t periods = since(now_ns + before_ns, p->grid_ns) / p->period_ns;
    const uint64_t begin_ns = p->grid_ns + (periods + 1) * p->period_ns - before_ns;
    if (periods == 0 && p->period_ns <= PERIOD_QUIET_NS)
        return begin_ns;
    if (periods == 0)
        return min_u64(begin_ns, now_ns + hunt_step(quiet_ns));
    /* In or after window number `periods`: short steps, longer from behind the spread of the grid
     * point on. Each window without a frame makes a frame in the next one less likely: fewer looks.
     */
    if (periods > WINDOWS_MAX)
        return now_ns + hunt_step(quiet_ns);
    const uint64_t late_ns = since(now_ns, p->grid_ns + periods * p->period_ns + p->spread_ns);
    const uint64_t fine_ns = window_step(p, before_ns) * periods;
    /* A late frame deserves a closer look when that was saved up for. */
    const uint64_t longer_ns = p->credit_ns > CREDIT_MAX_NS / 4 ? late_ns / 4 : late_ns;
    return min_u64(begin_ns, now_ns + min_u64(fine_ns + longer_ns, hunt_step(quiet_ns)));
}

bool wait_predict_heeds_input(const struct wait_predict *p)
{
    return !p->locked || p->period_ns > PERIOD_QUIET_NS;
}

uint64_t wait_predict_next_ns(const struct wait_predict *p, uint64_t now_ns)
{
    uint64_t next_ns =
        p->locked ? locked_next(p, now_ns) : now_ns + hunt_step(since(now_ns, p->frame_ns));
    if (p->credit_ns == 0)
        next_ns = next_ns > now_ns + WAIT_PREDICT_HUNT_NS ? next_ns : now_ns + WAIT_PREDICT_HUNT_NS;
    if (pointer_moves(p, now_ns))
        next_ns =
            min_u64(next_ns, now_ns + clamp_u64(since(now_ns, p->cursor_ns) / 8,
                                                WAIT_PREDICT_CURSOR_NS, WAIT_PREDICT_IDLE_NS));
    if (wait_predict_heeds_input(p) && expecting(p, now_ns))
        next_ns = min_u64(next_ns, now_ns + WAIT_PREDICT_EXPECT_NS);
    /* Whatever the arithmetic above made of strange input: never in the past, never asleep for
     * long. */
    return clamp_u64(next_ns, now_ns + STEP_MIN_NS / 2, now_ns + WAIT_PREDICT_IDLE_NS);
}
