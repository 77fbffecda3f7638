/* SPDX-License-Identifier: GPL-2.0-or-later
 * The guest's sound, from a real SPICE server through the viewer's parts into a real PipeWire and
 * out of the monitor of its sink: pitch, gaps, and the time from the server's hand to the ear.
 * Argument: seconds of tone per round and compression.
 *
 * Where PipeWire has no real-time priority the machine makes it miss a cycle now and then: nobody
 * asks for samples then, and no buffer can fill that gap. Such cycles are counted by the device's
 * own clock, and their time is taken off the gaps that are judged; all gaps are printed. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/rig/listening.h"
#include "audio/rig/pipewire_ends.h"
#include "audio/rig/pipewire_home.h"
#include "audio/rig/tone_server.h"
#include "base/clock.h"
#include "base/log.h"
#include "figure.h"
#include "test.h"

/* The rig reports by test.h, whose own main() is not this program's. */
void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void test_skip(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    exit(77);
}

/* What one missed cycle is in windows of 1 ms, rounded up. */
#define MISSED_MS 11.0

struct names {
    const char *pitch, *gaps, *all_gaps, *latency, *tail, *own, *underruns, *target, *cuts, *missed;
};

static const struct names raw_names = { "raw: pitch off",
                                        "raw: gaps beyond missed cycles",
                                        "raw: all gaps",
                                        "raw: added latency p50",
                                        "raw: added latency p99",
                                        "raw: own figure",
                                        "raw: underruns",
                                        "raw: target",
                                        "raw: cuts",
                                        "raw: missed by the device" };
static const struct names opus_names = { "opus: pitch off",
                                         "opus: gaps beyond missed cycles",
                                         "opus: all gaps",
                                         "opus: added latency p50",
                                         "opus: added latency p99",
                                         "opus: own figure",
                                         "opus: underruns",
                                         "opus: target",
                                         "opus: cuts",
                                         "opus: missed by the device" };

static bool heard(void *ear)
{
    return atomic_load(&pipewire_heard(ear)->loud_windows) > 200;
}

static void measure(struct listening *viewer, const struct tone_server *server,
                    struct pipewire_end *ear, uint64_t seconds, const struct names *names)
{
    struct tone_judge *judge = pipewire_heard(ear);
    if (!listening_until(viewer, heard, ear, 15000)) {
        figure_hard(names->gaps, 1000.0 * (double)seconds, 0, "ms: nothing was heard");
        return;
    }
    listening_for_ms(viewer, 3000); /* starting up is not what is measured */
    tone_judge_restart(judge);
    const uint64_t begin_ns = clock_ns();
    const struct jitter_stats before = listening_stats(viewer).jitter;
    listening_for_ms(viewer, seconds * 1000);
    const struct guest_audio_stats stats = listening_stats(viewer);
    double p50_ms, p99_ms;
    const unsigned marks =
        tone_latency_ms(tone_server_marks(server), &judge->marks, begin_ns, &p50_ms, &p99_ms);
    figure_at_most(names->pitch, fabs(tone_pitch_hz(judge) - TONE_HZ) / TONE_HZ * 100, 0.2, "%");
    const double gaps_ms = (double)atomic_load(&judge->silent_windows),
                 missed = (double)(stats.jitter.missed_pulls - before.missed_pulls);
    figure_at_most(names->gaps, fmax(0, gaps_ms - MISSED_MS * missed), 0, "ms");
    figure_note(names->all_gaps, gaps_ms, "ms");
    figure_at_most(names->latency, marks >= seconds * 3 ? p50_ms : 1e9, 40, "ms");
    figure_note(names->tail, p99_ms, "ms");
    figure_note(names->own, stats.latency_ms, "ms");
    figure_note(names->underruns, (double)(stats.jitter.underruns - before.underruns), "");
    figure_note(names->cuts, (double)(stats.jitter.cuts - before.cuts), "");
    figure_note(names->missed, missed, "pulls");
    figure_note(names->target, stats.jitter.target_ms, "ms");
}

static void one_round(struct pipewire_home *home, uint64_t seconds, bool opus)
{
    static const struct guest_audio_config defaults = { .sync_volume = true,
                                                        .mic = GUEST_MIC_DENY };
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/spice-%d", home->path, opus);
    struct tone_server *server = tone_server_start(path, opus);
    struct pipewire_end *ear = pipewire_ear(SINK_1);
    struct listening viewer;
    listening_start(&viewer, path, &defaults);
    tone_server_play(server, true);
    measure(&viewer, server, ear, seconds, opus ? &opus_names : &raw_names);
    listening_stop(&viewer);
    pipewire_end_destroy(ear);
    tone_server_stop(server);
}

int main(int argc, char **argv)
{
    const uint64_t seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : 60;
    struct pipewire_home home;
    log_set_level(LOG_LEVEL_ERROR);
    pipewire_home_make(&home);
    pipewire_home_start(&home);
    do {
        one_round(&home, seconds, false);
        one_round(&home, seconds, true);
    } while (bench_again());
    pipewire_home_remove(&home);
    return bench_result();
}
