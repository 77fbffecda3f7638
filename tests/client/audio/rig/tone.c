/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tone.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define SILENT_RMS         0.09f
#define HIGH_RMS           0.265f /* between 0.5 and 0.25, each by the square root of 2 */

#define PEEK(field)        atomic_load_explicit(&(field), memory_order_relaxed)
#define POKE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

void tone_mark_add(struct tone_marks *marks, uint64_t at_ns, bool up)
{
    const uint32_t n = PEEK(marks->count);
    if (n >= TONE_MARKS)
        return;
    marks->mark[n] = (struct tone_mark){ .at_ns = at_ns, .up = up };
    /* release: pairs with the acquire in tone_latency_ms() */
    atomic_store_explicit(&marks->count, n + 1, memory_order_release);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

unsigned tone_latency_ms(const struct tone_marks *from, const struct tone_marks *to,
                         uint64_t since_ns, double *median_ms, double *p99_ms)
{
    static double ms[TONE_MARKS];
    const uint32_t froms = atomic_load_explicit(&from->count, memory_order_acquire);
    const uint32_t tos = atomic_load_explicit(&to->count, memory_order_acquire);
    unsigned n = 0;
    uint32_t k = 0;
    for (uint32_t i = 0; i < tos; i++) {
        const struct tone_mark *heard = &to->mark[i];
        while (k < froms && from->mark[k].at_ns <= heard->at_ns)
            k++;
        uint32_t m = k; /* the newest mark before it in the same direction */
        while (m > 0 && from->mark[m - 1].up != heard->up)
            m--;
        if (m > 0 && from->mark[m - 1].at_ns >= since_ns)
            ms[n++] = (double)(heard->at_ns - from->mark[m - 1].at_ns) / (double)NS_PER_MS;
    }
    qsort(ms, n, sizeof(ms[0]), by_size);
    *median_ms = n ? ms[n / 2] : 0;
    *p99_ms = n ? ms[(n - 1) * 99 / 100] : 0;
    return n;
}

void tone_make(struct tone_source *source, float *out, uint32_t frames, uint64_t now_ns,
               struct tone_marks *marks)
{
    for (uint32_t i = 0; i < frames; i++, source->frame++) {
        const bool high = source->frame / TONE_MARK_FRAMES % 2 == 0;
        if (marks && source->frame > 0 && source->frame % TONE_MARK_FRAMES == 0)
            tone_mark_add(marks, now_ns, high);
        const double phase = 2 * M_PI * (double)(source->frame % TONE_WINDOW) / TONE_WINDOW;
        out[i] = (high ? TONE_HIGH : TONE_LOW) * (float)sin(phase);
    }
}

static void take_window(struct tone_judge *j, uint64_t at_ns)
{
    float sum = 0;
    for (uint32_t i = 0; i < TONE_WINDOW; i++)
        sum += j->window[i] * j->window[i];
    const float rms = sqrtf(sum / TONE_WINDOW);
    const int now = rms < SILENT_RMS ? 0 : rms < HIGH_RMS ? 1 : 2;
    if (now == 0)
        POKE(j->silent_windows, PEEK(j->silent_windows) + 1);
    else
        POKE(j->loud_windows, PEEK(j->loud_windows) + 1);
    if (now > 0 && PEEK(j->first_loud_ns) == 0)
        POKE(j->first_loud_ns, at_ns);
    /* A window across the change may have any loudness: two must agree. */
    const int before = PEEK(j->loudness);
    if (now == j->candidate && now != before) {
        if (now > 0 && before > 0)
            tone_mark_add(&j->marks, at_ns, now > before);
        POKE(j->loudness, now);
    }
    j->candidate = now;
}

void tone_judge_restart(struct tone_judge *j)
{
    atomic_store(&j->reset, true);
}

static void forget_if_told(struct tone_judge *j)
{
    if (!atomic_exchange(&j->reset, false))
        return;
    POKE(j->frames, 0);
    POKE(j->crossings, 0);
    POKE(j->silent_windows, 0);
    POKE(j->loud_windows, 0);
    POKE(j->first_loud_ns, 0);
}

void tone_hear(struct tone_judge *j, const float *samples, uint32_t frames, uint32_t stride,
               uint64_t end_ns)
{
    forget_if_told(j);
    uint64_t crossings = 0;
    for (uint32_t i = 0; i < frames; i++) {
        const float v = samples[(uint64_t)i * stride];
        crossings += j->previous < 0 && v >= 0;
        j->previous = v;
        j->window[j->filled++] = v;
        if (j->filled == TONE_WINDOW) {
            take_window(j, end_ns - (uint64_t)(frames - i) * NS_PER_S / TONE_RATE);
            j->filled = 0;
        }
    }
    POKE(j->crossings, PEEK(j->crossings) + crossings);
    POKE(j->frames, PEEK(j->frames) + frames);
}

double tone_pitch_hz(const struct tone_judge *j)
{
    const uint64_t frames = PEEK(j->frames), silent = PEEK(j->silent_windows) * TONE_WINDOW;
    return frames > silent ? (double)PEEK(j->crossings) * TONE_RATE / (double)(frames - silent) : 0;
}
