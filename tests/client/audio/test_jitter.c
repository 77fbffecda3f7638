/* SPDX-License-Identifier: GPL-2.0-or-later
 * Simulated clocks: a sender that makes packets at its own speed and lateness, a device that pulls
 * at its own. What comes out is judged as sound: pitch, steps, silence. */
#include "test.h"

#include <errno.h>
#include <math.h>

#include "audio/jitter.h"
#include "base/clock.h"

enum { RATE = 48000, PACKET = 480, PULL = 256, TONE_HZ = 1000 };

struct sim {
    struct jitter *jitter;
    struct jitter_config config;
    double drift_ppm;                   /* of the sender */
    double (*late_s)(uint64_t packet);  /* extra time on the way; NULL: none */
    uint64_t packets, pulls;            /* so far */
    double pause_s;                     /* the sender's clock stood still for so long in all */
    double phase;                       /* of the tone */
    double begin_s;                     /* of the figures below */
    uint64_t crossings, frames, silent; /* of the output since sim_measure() */
    float previous, steepest;
};

static void sim_start(struct sim *s)
{
    CHECK_INT(jitter_create(&s->config, &s->jitter), 0);
    jitter_begin(s->jitter);
}

static void make_packet(struct sim *s, int16_t *out)
{
    const double step = 2 * M_PI * TONE_HZ / s->config.rate_in_hz;
    const uint32_t frames = s->config.rate_in_hz / 100;
    for (uint32_t i = 0; i < frames; i++, s->phase += step) {
        for (uint32_t c = 0; c < s->config.channels; c++)
            out[i * s->config.channels + c] = (int16_t)lrint(16000 * sin(s->phase));
    }
}

static double arrival_s(const struct sim *s)
{
    const double made_s = (double)(s->packets + 1) * 0.01 / (1 + s->drift_ppm / 1e6) + s->pause_s;
    return 10 + made_s + (s->late_s ? s->late_s(s->packets) : 0);
}

static double pull_s(const struct sim *s)
{
    return 10 + (double)s->pulls * PULL / RATE;
}

static void judge(struct sim *s, const float *out)
{
    for (int i = 0; i < PULL; i++) {
        const float v = out[(size_t)i * s->config.channels];
        CHECK(v >= -1.0f && v <= 1.0f);
        s->steepest = fmaxf(s->steepest, fabsf(v - s->previous));
        s->crossings += s->previous < 0 && v >= 0;
        s->silent += v == 0;
        s->previous = v;
    }
    s->frames += PULL;
}

static void sim_run(struct sim *s, double until_s)
{
    int16_t packet[2000 * JITTER_MAX_CHANNELS];
    float out[PULL * JITTER_MAX_CHANNELS];
    while (pull_s(s) < 10 + until_s) {
        if (arrival_s(s) <= pull_s(s)) {
            make_packet(s, packet);
            jitter_push(s->jitter, packet, s->config.rate_in_hz / 100,
                        (uint64_t)(arrival_s(s) * 1e9));
            s->packets++;
            continue;
        }
        jitter_pull(s->jitter, out, PULL, (uint64_t)(pull_s(s) * 1e9));
        s->pulls++;
        judge(s, out);
    }
}

static void sim_measure(struct sim *s)
{
    s->crossings = s->frames = s->silent = 0;
    s->steepest = 0;
}

static double pitch_hz(const struct sim *s)
{
    return (double)s->crossings * RATE / (double)s->frames;
}

static struct jitter_stats sim_stats(const struct sim *s)
{
    struct jitter_stats stats;
    jitter_stats(s->jitter, &stats);
    return stats;
}

static struct sim sim_of(uint32_t rate_in_hz)
{
    return (
        struct sim){ .config = { .rate_in_hz = rate_in_hz, .rate_out_hz = RATE, .channels = 2 } };
}

/* The steepest step of the tone itself is 0.49 * 2 pi * 1000 / 48000 = 0.064. */
#define TONE_STEP 0.068f

TEST(bad_configs_are_refused)
{
    static const struct jitter_config rows[] = {
        { .rate_in_hz = 0, .rate_out_hz = RATE, .channels = 2 },
        { .rate_in_hz = 7999, .rate_out_hz = RATE, .channels = 2 },
        { .rate_in_hz = 192001, .rate_out_hz = RATE, .channels = 2 },
        { .rate_in_hz = RATE, .rate_out_hz = 0, .channels = 2 },
        { .rate_in_hz = RATE, .rate_out_hz = UINT32_MAX, .channels = 2 },
        { .rate_in_hz = RATE, .rate_out_hz = RATE, .channels = 0 },
        { .rate_in_hz = RATE, .rate_out_hz = RATE, .channels = 9 },
        { .rate_in_hz = RATE, .rate_out_hz = RATE, .channels = 2, .latency_ms = 2001 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct jitter *j = NULL;
        CHECK_INT(jitter_create(&rows[i], &j), -EINVAL);
        CHECK(j == NULL);
    }
    jitter_destroy(NULL);
}

TEST(even_packets_play_without_a_gap_at_low_latency)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    sim_run(&s, 1);
    sim_measure(&s);
    sim_run(&s, 30);
    const struct jitter_stats st = sim_stats(&s);
    CHECK_INT(st.underruns, 0);
    CHECK_INT(st.cuts, 0);
    CHECK_INT(st.frames_dropped, 0);
    CHECK_MSG(fabs(pitch_hz(&s) - TONE_HZ) < 0.5, "pitch %f", pitch_hz(&s));
    CHECK_MSG(s.steepest < TONE_STEP, "a step of %f", (double)s.steepest);
    CHECK_MSG(st.level_ms > 5 && st.level_ms < 20, "level %f ms", st.level_ms);
    CHECK_MSG(st.target_ms < 15, "target %f ms", st.target_ms);
    jitter_destroy(s.jitter);
}

TEST(starts_with_twenty_milliseconds)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    sim_run(&s, 0.2);
    const struct jitter_stats st = sim_stats(&s);
    CHECK(st.playing);
    CHECK_MSG(st.target_ms > 15 && st.target_ms < 25, "target %f ms", st.target_ms);
    jitter_destroy(s.jitter);
}

static void follow_drift(double ppm, uint32_t rate_in_hz, bool linear)
{
    struct sim s = sim_of(rate_in_hz);
    s.drift_ppm = ppm;
    s.config.linear = linear;
    sim_start(&s);
    sim_run(&s, 120);
    sim_measure(&s);
    sim_run(&s, 300);
    const struct jitter_stats st = sim_stats(&s);
    CHECK_INT(st.underruns, 0);
    CHECK_INT(st.cuts, 0);
    CHECK_MSG(fabs(st.drift_ppm - ppm) < 20, "%f ppm learned of %f", st.drift_ppm, ppm);
    CHECK_MSG(fabs(st.level_ms - st.target_ms) < 3, "level %f, target %f", st.level_ms,
              st.target_ms);
    CHECK_MSG(fabs(pitch_hz(&s) - TONE_HZ * (1 + ppm / 1e6)) < 0.1, "pitch %f", pitch_hz(&s));
    CHECK_MSG(s.steepest < TONE_STEP, "a step of %f", (double)s.steepest);
    jitter_destroy(s.jitter);
}

TEST(drift_of_200_ppm_is_followed)
{
    follow_drift(200, RATE, false);
}

TEST(drift_of_minus_200_ppm_is_followed)
{
    follow_drift(-200, RATE, false);
}

TEST(drift_with_conversion_from_44100)
{
    follow_drift(150, 44100, false);
}

TEST(linear_resampling_follows_too)
{
    follow_drift(-150, 44100, true);
}

/* 0..20 ms late, evenly spread, always the same row. */
static double up_to_20_ms(uint64_t packet)
{
    return (double)(packet * 2654435761u % 1024) / 1024 * 0.020;
}

TEST(lateness_is_learned)
{
    struct sim s = sim_of(RATE);
    s.late_s = up_to_20_ms;
    sim_start(&s);
    sim_run(&s, 20);
    const uint64_t before = sim_stats(&s).underruns;
    sim_measure(&s);
    sim_run(&s, 80);
    const struct jitter_stats st = sim_stats(&s);
    CHECK_INT(st.underruns, before);
    CHECK(before <= 3);
    CHECK_MSG(st.target_ms > 20 && st.target_ms < 40, "target %f", st.target_ms);
    CHECK_MSG(s.steepest < TONE_STEP, "a step of %f", (double)s.steepest);
    CHECK_MSG(fabs(pitch_hz(&s) - TONE_HZ) < 1, "pitch %f", pitch_hz(&s));
    jitter_destroy(s.jitter);
}

static double late_for_ten_seconds(uint64_t packet)
{
    return packet < 1000 ? up_to_20_ms(packet) : 0;
}

TEST(target_shrinks_again_slowly)
{
    struct sim s = sim_of(RATE);
    s.late_s = late_for_ten_seconds;
    sim_start(&s);
    sim_run(&s, 10);
    const double high_ms = sim_stats(&s).target_ms;
    sim_run(&s, 12);
    CHECK(sim_stats(&s).target_ms > high_ms - 3);
    sim_run(&s, 200);
    CHECK_MSG(sim_stats(&s).target_ms < 15, "target %f", sim_stats(&s).target_ms);
    CHECK_MSG(fabs(sim_stats(&s).level_ms - sim_stats(&s).target_ms) < 3, "level %f",
              sim_stats(&s).level_ms);
    jitter_destroy(s.jitter);
}

/* Every two seconds nothing for 30 ms, then the missing packets at once. */
static double thirty_every_two_seconds(uint64_t packet)
{
    const uint64_t in_row = packet % 200;
    return packet >= 200 && in_row < 3 ? 0.03 - 0.01 * (double)in_row : 0;
}

TEST(bursts_are_learned)
{
    struct sim s = sim_of(RATE);
    s.late_s = thirty_every_two_seconds;
    sim_start(&s);
    sim_run(&s, 60);
    CHECK_INT(sim_stats(&s).underruns, 0);
    CHECK(sim_stats(&s).target_ms < 60);
    const uint64_t before = sim_stats(&s).repeats;
    sim_run(&s, 120);
    CHECK_INT(sim_stats(&s).repeats, before);
    jitter_destroy(s.jitter);
}

/* What a computer does that is busy with something else for a moment, twice a minute. */
static double late_once_in_a_while(uint64_t packet)
{
    const uint64_t in_row = packet % 3000;
    return in_row >= 2000 && in_row < 2003 ? 0.035 - 0.01 * (double)(in_row - 2000) : 0;
}

TEST(a_late_packet_is_bridged)
{
    struct sim s = sim_of(RATE);
    s.late_s = late_once_in_a_while;
    sim_start(&s);
    sim_run(&s, 15);
    sim_measure(&s);
    sim_run(&s, 75); /* two of them */
    const struct jitter_stats st = sim_stats(&s);
    CHECK_INT(st.underruns, 0);
    CHECK_MSG(st.repeats >= 2 && st.repeats <= 20, "%llu repeats", (unsigned long long)st.repeats);
    CHECK_MSG(s.silent < 400, "%llu silent frames", (unsigned long long)s.silent); /* of a sine */
    CHECK_MSG(s.steepest < TONE_STEP, "a step of %f", (double)s.steepest);
    CHECK_MSG(fabs(pitch_hz(&s) - TONE_HZ) < 1, "pitch %f", pitch_hz(&s));
    CHECK_MSG(fabs(st.level_ms - st.target_ms) < 2, "level %f, target %f", st.level_ms,
              st.target_ms);
    jitter_destroy(s.jitter);
}

TEST(a_gap_fades_and_comes_back_without_a_click)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    sim_run(&s, 2);
    sim_measure(&s);
    s.pause_s = 0.5; /* the VM stood still: nothing for half a second, then on from there */
    sim_run(&s, 4);
    const struct jitter_stats st = sim_stats(&s);
    CHECK_INT(st.underruns, 1);
    CHECK(st.playing);
    CHECK_MSG(s.silent > RATE * 4 / 10 && s.silent < RATE * 6 / 10, "%llu silent frames",
              (unsigned long long)s.silent);
    CHECK_MSG(s.steepest < TONE_STEP + 0.01f, "a step of %f", (double)s.steepest);
    CHECK_MSG(st.target_ms < 40, "a pause is no lateness: target %f", st.target_ms);
    jitter_destroy(s.jitter);
}

static double stall_of_a_second(uint64_t packet)
{
    return packet >= 200 && packet < 300 ? (double)(300 - packet) * 0.01 : 0;
}

TEST(what_piled_up_is_cut)
{
    struct sim s = sim_of(RATE);
    s.late_s = stall_of_a_second; /* and then the whole second at once */
    sim_start(&s);
    sim_run(&s, 2.5);
    sim_measure(&s);
    sim_run(&s, 10);
    const struct jitter_stats st = sim_stats(&s);
    CHECK(st.cuts >= 1 && st.frames_dropped > RATE / 2);
    CHECK_MSG(st.level_ms < 60, "level %f", st.level_ms);
    CHECK_MSG(s.steepest < TONE_STEP + 0.01f, "a step of %f", (double)s.steepest);
    jitter_destroy(s.jitter);
}

/* Energy of each millisecond of the tone, which only a bad cut takes away. */
static float weakest_ms(struct sim *s, double until_s)
{
    int16_t packet[2000 * JITTER_MAX_CHANNELS];
    float out[PULL * JITTER_MAX_CHANNELS], sum = 0, weakest = 1;
    uint64_t n = 0;
    while (pull_s(s) < 10 + until_s) {
        if (arrival_s(s) <= pull_s(s)) {
            make_packet(s, packet);
            jitter_push(s->jitter, packet, s->config.rate_in_hz / 100,
                        (uint64_t)(arrival_s(s) * 1e9));
            s->packets++;
            continue;
        }
        jitter_pull(s->jitter, out, PULL, (uint64_t)(pull_s(s) * 1e9));
        s->pulls++;
        judge(s, out);
        for (int i = 0; i < PULL; i++, n++) {
            sum += out[(size_t)i * s->config.channels] * out[(size_t)i * s->config.channels];
            if (n % 48 != 47)
                continue;
            weakest = fminf(weakest, sum / 48);
            sum = 0;
        }
    }
    return weakest;
}

TEST(what_the_start_left_over_is_gone_after_a_second_unheard)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    s.pulls = 8; /* the device begins late: 43 ms are there */
    sim_run(&s, 0.5);
    CHECK_MSG(sim_stats(&s).level_ms > sim_stats(&s).target_ms + 4, "level %f, target %f",
              sim_stats(&s).level_ms, sim_stats(&s).target_ms);
    sim_measure(&s);
    const float weakest = weakest_ms(&s, 1.5);
    const struct jitter_stats st = sim_stats(&s);
    CHECK_MSG(fabs(st.level_ms - st.target_ms) < 3, "level %f, target %f", st.level_ms,
              st.target_ms);
    CHECK_INT(st.cuts, 1);
    CHECK_INT(st.underruns, 0);
    CHECK_MSG(s.steepest < TONE_STEP, "a step of %f", (double)s.steepest);
    CHECK_MSG(weakest > 0.09f, "a millisecond of energy %f", (double)weakest); /* of 0.119 */
    jitter_destroy(s.jitter);
}

TEST(a_device_that_misses_pulls_is_told_of)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    sim_run(&s, 2);
    CHECK_INT(sim_stats(&s).missed_pulls, 0);
    for (int i = 0; i < 3; i++) {
        s.pulls += 1; /* a cycle in which nobody came */
        sim_run(&s, 2.5 + i);
    }
    const struct jitter_stats st = sim_stats(&s);
    CHECK_INT(st.missed_pulls, 3);
    CHECK_INT(st.underruns, 0);
    CHECK_MSG(fabs(st.level_ms - st.target_ms) < 3, "level %f, target %f: the way got longer",
              st.level_ms, st.target_ms);
    jitter_destroy(s.jitter);
}

TEST(fixed_latency_is_kept)
{
    struct sim s = sim_of(RATE);
    s.config.latency_ms = 80;
    sim_start(&s);
    sim_run(&s, 60);
    const struct jitter_stats st = sim_stats(&s);
    CHECK(fabs(st.target_ms - 80) < 0.001);
    CHECK_MSG(fabs(st.level_ms - 80) < 2, "level %f", st.level_ms);
    jitter_destroy(s.jitter);
}

TEST(the_end_is_played_and_is_no_underrun)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    sim_run(&s, 1);
    jitter_end(s.jitter);
    float out[PULL * 2];
    for (int i = 0; i < 40; i++, s.pulls++)
        jitter_pull(s.jitter, out, PULL, (uint64_t)(pull_s(&s) * 1e9));
    const struct jitter_stats st = sim_stats(&s);
    CHECK(!st.playing);
    CHECK_INT(st.underruns, 0);
    CHECK_INT(st.frames_dropped, 0);
    for (int i = 0; i < PULL * 2; i++)
        CHECK(out[i] == 0);
    jitter_destroy(s.jitter);
}

TEST(a_sound_shorter_than_the_target_is_heard)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    int16_t packet[PACKET * 2];
    make_packet(&s, packet);
    jitter_push(s.jitter, packet, PACKET, 10 * NS_PER_S);
    jitter_end(s.jitter);
    float out[PULL * 2];
    int heard = 0;
    for (int i = 0; i < 20; i++, s.pulls++) {
        jitter_pull(s.jitter, out, PULL, (uint64_t)(pull_s(&s) * 1e9));
        for (int k = 0; k < PULL; k++)
            heard += out[2 * k] != 0;
    }
    CHECK_MSG(heard > PACKET - 60, "%d frames heard", heard);
    jitter_destroy(s.jitter);
}

TEST(nobody_pulls_and_memory_stays)
{
    struct sim s = sim_of(RATE);
    sim_start(&s);
    int16_t packet[PACKET * 2];
    for (uint64_t i = 0; i < 100000; i++) { /* a quarter of an hour without a device */
        make_packet(&s, packet);
        jitter_push(s.jitter, packet, PACKET, 10 * NS_PER_S + i * 10 * NS_PER_MS);
        s.packets++;
    }
    CHECK(sim_stats(&s).frames_dropped > 47000000);
    s.pulls = (uint64_t)(1000.0 * RATE / PULL); /* now there is one */
    sim_run(&s, 1010);
    CHECK(sim_stats(&s).playing);
    CHECK_MSG(sim_stats(&s).level_ms < 60, "level %f", sim_stats(&s).level_ms);
    jitter_destroy(s.jitter);
}

TEST(hostile_packets_and_clocks)
{
    struct sim s = sim_of(RATE);
    s.config.channels = 8;
    sim_start(&s);
    static int16_t big[131072 * 8];
    float out[PULL * 8];
    jitter_push(s.jitter, big, 131072, 1);         /* far more than there is room for */
    jitter_push(s.jitter, big, 0, 0);              /* nothing, and time goes back */
    jitter_push(s.jitter, big, 1, UINT64_MAX / 4); /* the far future */
    jitter_pull(s.jitter, out, PULL, UINT64_MAX / 4);
    jitter_pull(s.jitter, out, PULL, 5);
    jitter_pull(s.jitter, out, 0, 5);
    for (int i = 0; i < 1000; i++) {
        jitter_push(s.jitter, big, (size_t)(i * 7919 % 3000), (uint64_t)i * NS_PER_MS);
        jitter_pull(s.jitter, out, (uint32_t)(1 + i * 31 % PULL), (uint64_t)i * NS_PER_MS);
    }
    jitter_destroy(s.jitter);
}
