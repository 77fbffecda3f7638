/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audio/jitter.h"

#include <errno.h>
#include <math.h>
#include <samplerate.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "audio/lateness.h"
#include "audio/sample_ring.h"
#include "base/clock.h"

/* All in milliseconds or seconds of sound. */
#define CAP_S            0.5  /* more than this beyond the target is cut at once */
#define EXCESS_S         0.03 /* a smoothed level so far above the target is cut */
#define SETTLE_S         1.0 /* while a device starts it pulls unevenly: then the level is cut sooner, */
#define UNSETTLED_S      0.02   /* namely when it is so far above the target, */
#define SETTLED_S        0.004  /* and once, at the end of that second, when only so far; */
#define RESETTLE_S       0.2    /* likewise so long after pulls that were missed */
#define LOOK_S           0.1    /* what counts is the lowest level of so long before */
#define AHEAD_S          0.04   /* how far the estimated arrival may run ahead of the real one */
#define RAMP_S           0.005  /* no step is steeper than this */
#define FADE_S           0.005  /* a cut is a cross-fade of this length, */
#define SEARCH_S         0.0025 /* so much shorter or longer where the waves fit */
#define REPEAT_S         FADE_S /* when nothing is there in time: at least so much is played again, */
#define REPEAT_LONGEST_S 0.0125 /* at most so much, whatever fits the waves best, */
#define REPEAT_LIMIT_S   0.04   /* and all repeats together until something comes */
#define MISSED           1.75   /* pulls so much later than the one before lasted: one was missed */
#define SLEPT_NS         (250 * NS_PER_MS) /* the device did not pull for so long: what is there is old */
#define LEVEL_TAU_S      0.5
#define GAIN_P           0.1                   /* per second: half the way back in 7 s */
#define GAIN_I           (GAIN_P * GAIN_P / 4) /* critically damped */
#define RATIO_LIMIT      0.005
#define DRIFT_LIMIT      0.002
#define FEED_FRAMES      32u /* the resampler buffers whatever it is given: little at a time */
#define TARGET_MIN_NS    (2 * NS_PER_MS) /* beyond one pull, for a fixed target */

struct jitter {
    struct jitter_config config;
    struct sample_ring ring; /* head: writer, tail: reader */
    struct {
        struct lateness lateness;
        uint64_t underruns_seen, resumes_seen;
    } writer;
    struct {
        SRC_STATE *src; /* owned */
        bool playing, settled;
        double level_s, drift, ratio_adjust;
        double played_s;              /* since it began to play */
        double settle_at_s, lowest_s; /* until `settled`: of played_s; the level shortly before */
        uint64_t pulled_ns;           /* of the last pull, 0: none */
        float hold[JITTER_MAX_CHANNELS], last[JITTER_MAX_CHANNELS];
        uint32_t ramp_done, ramp_frames;
        uint32_t repeated_frames; /* since the head was at */
        uint64_t repeated_head;
    } reader;
    struct {
        _Atomic int64_t anchor_ns;    /* writer: when frame 0 would have arrived at the earliest */
        _Atomic uint64_t lateness_ns; /* writer: what the target allows for */
        _Atomic bool ended;           /* writer */
        _Atomic uint64_t underruns, cuts, resumes, frames_out, cut_frames; /* reader */
        _Atomic uint64_t missed_pulls, repeats;                            /* reader */
        _Atomic uint64_t lost_frames;                                      /* writer */
        _Atomic uint64_t target_ns, level_ns; /* reader, for the figures */
        _Atomic int32_t drift_ppb, ratio_ppb;
        _Atomic bool playing;
    } shared;
};

#define PEEK(field)        atomic_load_explicit(&(field), memory_order_relaxed)
#define POKE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)
#define COUNT(field, n)    POKE(field, PEEK(field) + (n)) /* one writer each */

static bool rate_ok(uint32_t rate_hz)
{
    return rate_hz >= 8000 && rate_hz <= 192000;
}

static bool config_ok(const struct jitter_config *c)
{
    return rate_ok(c->rate_in_hz) && rate_ok(c->rate_out_hz) && c->channels >= 1 &&
           c->channels <= JITTER_MAX_CHANNELS && c->latency_ms <= 2000;
}

static uint32_t frames_of(const struct jitter *j, double s)
{
    return (uint32_t)(s * j->config.rate_in_hz);
}

/* What is looked at for one: the repeat and, before it, what its begin is compared with. */
static uint32_t longest_repeat(const struct jitter *j)
{
    return frames_of(j, REPEAT_LONGEST_S) + frames_of(j, FADE_S);
}

int jitter_create(const struct jitter_config *config, struct jitter **out)
{
    if (!config_ok(config))
        return -EINVAL;
    struct jitter *j = calloc(1, sizeof(*j));
    if (!j)
        return -ENOMEM;
    j->config = *config;
    lateness_reset(&j->writer.lateness);
    j->reader.ramp_frames = (uint32_t)(RAMP_S * config->rate_out_hz);
    j->reader.ramp_done = j->reader.ramp_frames;
    POKE(j->shared.lateness_ns, lateness_ns(&j->writer.lateness));
    POKE(j->shared.ended, true);
    const double room_s = config->latency_ms / 1000.0 + 2 * CAP_S;
    int failure = 0;
    j->reader.src =
        src_new(config->linear ? SRC_LINEAR : SRC_SINC_FASTEST, (int)config->channels, &failure);
    const int err = !j->reader.src ? -ENOMEM
                                   : sample_ring_init(&j->ring, config->channels,
                                                      (uint32_t)(room_s * config->rate_in_hz),
                                                      longest_repeat(j));
    if (err < 0) {
        jitter_destroy(j);
        return err;
    }
    *out = j;
    return 0;
}

void jitter_destroy(struct jitter *j)
{
    if (!j)
        return;
    if (j->reader.src)
        src_delete(j->reader.src);
    sample_ring_fini(&j->ring);
    free(j);
}

/* ---- writer ---- */

void jitter_begin(struct jitter *j)
{
    lateness_restart(&j->writer.lateness);
    /* release: pairs with the acquire in jitter_pull(); a new anchor is on its way */
    atomic_store_explicit(&j->shared.ended, false, memory_order_release);
}

void jitter_end(struct jitter *j)
{
    /* release: pairs with the acquire in jitter_pull(); every push before it is seen first */
    atomic_store_explicit(&j->shared.ended, true, memory_order_release);
}

static void learn(struct jitter *j, uint64_t now_ns)
{
    const uint64_t underruns = PEEK(j->shared.underruns), resumes = PEEK(j->shared.resumes);
    if (resumes != j->writer.resumes_seen) { /* the device slept: nothing to learn from before */
        lateness_restart(&j->writer.lateness);
        j->writer.underruns_seen = underruns;
        j->writer.resumes_seen = resumes;
    }
    const double before_s = (double)sample_ring_head(&j->ring) / j->config.rate_in_hz;
    const int64_t anchor_ns = (int64_t)now_ns - (int64_t)(before_s * 1e9);
    lateness_add(&j->writer.lateness, anchor_ns, now_ns, underruns != j->writer.underruns_seen);
    j->writer.underruns_seen = underruns;
    POKE(j->shared.anchor_ns, lateness_earliest_ns(&j->writer.lateness));
    POKE(j->shared.lateness_ns, lateness_ns(&j->writer.lateness));
}

void jitter_push(struct jitter *j, const int16_t *samples, size_t frames, uint64_t now_ns)
{
    const uint32_t channels = j->config.channels;
    learn(j, now_ns);
    while (frames > 0) {
        float *at;
        size_t n = sample_ring_write_span(&j->ring, &at);
        if (n == 0)
            break;
        n = n < frames ? n : frames;
        for (size_t i = 0; i < n * channels; i++)
            at[i] = (float)samples[i] / 32768.0f;
        sample_ring_commit_write(&j->ring, (uint32_t)n);
        samples += n * channels;
        frames -= n;
    }
    if (frames > 0) /* positions no longer say how much was sent */
        lateness_restart(&j->writer.lateness);
    COUNT(j->shared.lost_frames, frames);
}

/* ---- reader ---- */

static double seconds_in(const struct jitter *j, uint64_t frames)
{
    return (double)frames / j->config.rate_in_hz;
}

/* One pull takes its frames at once, so that much must be there besides what lateness needs. */
static double target_s(const struct jitter *j, uint32_t pull_frames)
{
    const double pull_s = (double)pull_frames / j->config.rate_out_hz;
    const double learned_s = pull_s + (double)PEEK(j->shared.lateness_ns) / 1e9;
    if (j->config.latency_ms == 0)
        return learned_s;
    const double fixed_s = j->config.latency_ms / 1000.0, least_s = pull_s + TARGET_MIN_NS / 1e9;
    return fixed_s > least_s ? fixed_s : least_s;
}

static double level_s(const struct jitter *j, uint64_t now_ns)
{
    const uint64_t tail = sample_ring_tail(&j->ring);
    const uint64_t head = sample_ring_head(&j->ring);
    const double arrived_s = (double)((int64_t)now_ns - PEEK(j->shared.anchor_ns)) / 1e9;
    const double limit_s = seconds_in(j, head) + AHEAD_S;
    return (arrived_s < limit_s ? arrived_s : limit_s) - seconds_in(j, tail);
}

static void start_ramp(struct jitter *j)
{
    memcpy(j->reader.hold, j->reader.last, sizeof(j->reader.hold));
    j->reader.ramp_done = 0;
}

static void drop(struct jitter *j, uint64_t frames)
{
    const uint32_t fill = sample_ring_fill(&j->ring);
    uint32_t left = frames < fill ? (uint32_t)frames : fill;
    COUNT(j->shared.cut_frames, left);
    while (left > 0) {
        const float *at;
        uint32_t n = sample_ring_read_span(&j->ring, &at);
        n = n < left ? n : left;
        sample_ring_commit_read(&j->ring, n);
        left -= n;
    }
}

static void stop_playing(struct jitter *j)
{
    j->reader.playing = false;
    start_ramp(j);
}

static void settle_after(struct jitter *j, double seconds)
{
    j->reader.settled = false;
    j->reader.settle_at_s = j->reader.played_s + seconds;
    j->reader.lowest_s = INFINITY;
}

/* The way became longer. Where that is looked for already, it need not be put off. */
static void resettle(struct jitter *j)
{
    if (j->reader.settled)
        settle_after(j, RESETTLE_S);
}

static void start_playing(struct jitter *j, double level)
{
    j->reader.playing = true;
    j->reader.level_s = level;
    j->reader.played_s = 0;
    settle_after(j, SETTLE_S);
    j->reader.ratio_adjust = j->reader.drift;
    src_reset(j->reader.src);
    start_ramp(j);
}

/* Two stretches of sound, compared frame by frame. */
struct likeness {
    float sum, energy;
};

static void compare(struct likeness *l, const float *a, const float *b, uint32_t channels)
{
    for (uint32_t c = 0; c < channels; c++) {
        l->sum += a[c] * b[c];
        l->energy += b[c] * b[c];
    }
}

static float likeness_of(const struct likeness *l)
{
    return l->sum > 0 ? l->sum * l->sum / (l->energy + 1e-9f) : 0;
}

/* How alike what comes next and what comes `cut` frames later are. Every other frame tells enough.
 */
static float likeness(struct jitter *j, uint32_t cut, uint32_t fade)
{
    struct likeness l = { 0 };
    for (uint32_t i = 0; i < fade; i += 2)
        compare(&l, sample_ring_peek(&j->ring, i), sample_ring_peek(&j->ring, cut + i),
                j->config.channels);
    return likeness_of(&l);
}

/* The length of a cut near `wish` frames at which the waves fit best. */
static uint32_t fitting_cut(struct jitter *j, uint32_t wish, uint32_t fade, uint32_t fill)
{
    const uint32_t search = frames_of(j, SEARCH_S);
    const uint32_t first = wish > fade + search ? wish - search : fade;
    float best = likeness(j, wish, fade);
    uint32_t cut = wish;
    for (uint32_t c = first; c <= wish + search && c + fade <= fill; c++) {
        const float like = likeness(j, c, fade);
        if (like > best) {
            best = like;
            cut = c;
        }
    }
    return cut;
}

/* Takes out about `wish` frames, cross-fading from what is taken out to what follows. */
static void splice(struct jitter *j, uint64_t wish)
{
    const uint32_t fill = sample_ring_fill(&j->ring), fade = frames_of(j, FADE_S);
    if (wish < fade || wish + fade > fill) { /* not enough for that */
        drop(j, wish);
        start_ramp(j);
        return;
    }
    const uint32_t cut = fitting_cut(j, (uint32_t)wish, fade, fill);
    for (uint32_t i = 0; i < fade; i++) {
        const float gain = (float)(i + 1) / (float)(fade + 1);
        const float *from = sample_ring_peek(&j->ring, i);
        float *to = sample_ring_peek(&j->ring, cut + i);
        for (uint32_t c = 0; c < j->config.channels; c++)
            to[c] = to[c] * gain + from[c] * (1 - gain);
    }
    drop(j, cut);
}

static void cut_to(struct jitter *j, double from_s, double to_s)
{
    splice(j, frames_of(j, from_s - to_s));
    COUNT(j->shared.cuts, 1);
    j->reader.level_s = to_s;
}

static double clamp(double v, double limit)
{
    return v > limit ? limit : v < -limit ? -limit : v;
}

/* The PI controller: the level's error becomes a change of speed. The integral part is the drift.
 */
static void steer(struct jitter *j, double level, double target, double pull_s)
{
    const double weight = pull_s / (LEVEL_TAU_S + pull_s);
    j->reader.level_s += (level - j->reader.level_s) * weight;
    j->reader.played_s += pull_s;
    const double error_s = j->reader.level_s - target;
    const double wish = GAIN_P * error_s + j->reader.drift;
    j->reader.ratio_adjust = clamp(wish, RATIO_LIMIT);
    if (wish == j->reader.ratio_adjust) /* at its limit it would only wind up */
        j->reader.drift = clamp(j->reader.drift + GAIN_I * error_s * pull_s, DRIFT_LIMIT);
}

/* How alike what was played last and what was played `back` frames earlier are. */
static float likeness_back(struct jitter *j, uint32_t back, uint32_t fade)
{
    struct likeness l = { 0 };
    for (uint32_t i = 1; i <= fade; i += 2)
        compare(&l, sample_ring_peek_back(&j->ring, i), sample_ring_peek_back(&j->ring, back + i),
                j->config.channels);
    return likeness_of(&l);
}

static uint32_t fitting_repeat(struct jitter *j, uint32_t fade)
{
    const uint32_t longest = frames_of(j, REPEAT_LONGEST_S);
    uint32_t best = frames_of(j, REPEAT_S);
    float most = likeness_back(j, best, fade);
    for (uint32_t back = best + 1; back <= longest; back++) {
        const float like = likeness_back(j, back, fade);
        if (like > most) {
            most = like;
            best = back;
        }
    }
    return best;
}

/* The step from what was played last to the repeat is spread over its beginning. */
static void smooth_repeat(struct jitter *j, uint32_t back, uint32_t fade)
{
    float step[JITTER_MAX_CHANNELS] = { 0 };
    const float *last = sample_ring_peek_back(&j->ring, 1),
                *before = sample_ring_peek_back(&j->ring, back + 1);
    for (uint32_t c = 0; c < j->config.channels; c++)
        step[c] = last[c] - before[c];
    for (uint32_t i = 0; i < fade; i++) {
        const float gain = (float)(fade - i) / (float)(fade + 1);
        float *to = sample_ring_peek_back(&j->ring, back - i);
        for (uint32_t c = 0; c < j->config.channels; c++)
            to[c] += step[c] * gain;
    }
}

/* The ring is empty and more is needed: a late packet is bridged by playing the last wave again.
 * False: nothing came for too long, or there is nothing to repeat. */
static bool repeat(struct jitter *j)
{
    const uint32_t fade = frames_of(j, FADE_S);
    const uint64_t head = sample_ring_head(&j->ring), tail = sample_ring_tail(&j->ring);
    if (head != j->reader.repeated_head)
        j->reader.repeated_frames = 0;
    j->reader.repeated_head = head;
    if (head != tail || tail < longest_repeat(j) ||
        j->reader.repeated_frames >= frames_of(j, REPEAT_LIMIT_S))
        return head != tail; /* something came just now */
    const uint32_t back = fitting_repeat(j, fade);
    smooth_repeat(j, back, fade); /* a repeat is at least as long as a fade */
    sample_ring_rewind(&j->ring, back);
    j->reader.repeated_frames += back;
    COUNT(j->shared.repeats, 1);
    resettle(j);
    return true;
}

/* Frames that could be made, of `frames` wanted. */
static uint32_t resample(struct jitter *j, float *out, uint32_t frames, bool ended)
{
    const uint32_t channels = j->config.channels;
    const double ratio =
        (double)j->config.rate_out_hz / j->config.rate_in_hz / (1.0 + j->reader.ratio_adjust);
    uint32_t done = 0;
    while (done < frames) {
        const float *at;
        const uint32_t span = sample_ring_read_span(&j->ring, &at);
        if (span == 0 && !ended && repeat(j))
            continue;
        if (span == 0)
            break;
        SRC_DATA d = { .data_in = at,
                       .input_frames = span < FEED_FRAMES ? span : FEED_FRAMES,
                       .data_out = out + (size_t)done * channels,
                       .output_frames = frames - done,
                       .src_ratio = ratio };
        if (src_process(j->reader.src, &d) != 0 || (d.input_frames_used | d.output_frames_gen) == 0)
            break;
        sample_ring_commit_read(&j->ring, (uint32_t)d.input_frames_used);
        done += (uint32_t)d.output_frames_gen;
    }
    return done;
}

/* From what was heard last to what is in `out`. */
static void ramp(struct jitter *j, float *out, uint32_t frames)
{
    const uint32_t channels = j->config.channels;
    for (uint32_t i = 0; i < frames && j->reader.ramp_done < j->reader.ramp_frames; i++) {
        const float gain = (float)++j->reader.ramp_done / (float)j->reader.ramp_frames;
        for (uint32_t c = 0; c < channels; c++) {
            float *sample = out + (size_t)i * channels + c;
            *sample = *sample * gain + j->reader.hold[c] * (1.0f - gain);
        }
    }
    memcpy(j->reader.last, out + (size_t)(frames - 1) * channels, channels * sizeof(*out));
}

static void emit(struct jitter *j, float *out, uint32_t frames, uint32_t made)
{
    const uint32_t channels = j->config.channels;
    memset(out + (size_t)made * channels, 0, (size_t)(frames - made) * channels * sizeof(*out));
    if (made > 0)
        ramp(j, out, made);
    if (made < frames && j->reader.playing)
        stop_playing(j);
    if (made < frames)
        ramp(j, out + (size_t)made * channels, frames - made);
}

static void missed_pull(struct jitter *j)
{
    COUNT(j->shared.missed_pulls, 1);
    resettle(j);
}

static double excess_s(const struct jitter *j)
{
    return j->reader.played_s < SETTLE_S ? UNSETTLED_S : EXCESS_S;
}

/* What the device's start or missed pulls left over would take long to wear off. */
static void settle(struct jitter *j, double level, double target)
{
    if (j->reader.settled || j->reader.played_s < j->reader.settle_at_s - LOOK_S)
        return;
    j->reader.lowest_s = fmin(j->reader.lowest_s, level);
    if (j->reader.played_s < j->reader.settle_at_s)
        return;
    j->reader.settled = true;
    if (j->reader.lowest_s > target + SETTLED_S)
        cut_to(j, j->reader.lowest_s, target);
}

/* Whether there is something to play now. Corrects what is far off. */
static bool ready(struct jitter *j, double level, double target, bool ended)
{
    const uint32_t fill = sample_ring_fill(&j->ring);
    if (!j->reader.playing && fill > 0 &&
        (ended || (level >= target && seconds_in(j, fill) >= target / 2)))
        start_playing(j, level);
    if (j->reader.playing && level > target + CAP_S)
        cut_to(j, level, target);
    else if (j->reader.playing && !ended && j->reader.level_s > target + excess_s(j))
        cut_to(j, level, target);
    else if (j->reader.playing && !ended)
        settle(j, level, target);
    return j->reader.playing;
}

static void publish(struct jitter *j, double target, uint32_t frames)
{
    const double level = j->reader.playing && j->reader.level_s > 0 ? j->reader.level_s : 0;
    POKE(j->shared.target_ns, (uint64_t)(target * 1e9));
    POKE(j->shared.level_ns, (uint64_t)(level * 1e9));
    POKE(j->shared.drift_ppb, (int32_t)(j->reader.drift * 1e9));
    POKE(j->shared.ratio_ppb, (int32_t)(j->reader.ratio_adjust * 1e9));
    POKE(j->shared.playing, j->reader.playing);
    COUNT(j->shared.frames_out, frames);
}

/* The device was away. What begins to play now may have come a moment ago; a full buffer is old. */
static void resume(struct jitter *j)
{
    if (seconds_in(j, sample_ring_fill(&j->ring)) > CAP_S)
        drop(j, UINT64_MAX);
    j->reader.playing = false;
    COUNT(j->shared.resumes, 1);
}

void jitter_pull(struct jitter *j, float *out, uint32_t frames, uint64_t now_ns)
{
    if (frames == 0)
        return;
    /* acquire: pairs with the release in jitter_end() and jitter_begin(). */
    const bool ended = atomic_load_explicit(&j->shared.ended, memory_order_acquire);
    const uint64_t since_ns = j->reader.pulled_ns ? now_ns - j->reader.pulled_ns : 0;
    if (since_ns > SLEPT_NS)
        resume(j);
    else if (j->reader.playing && (double)since_ns > MISSED * 1e9 * frames / j->config.rate_out_hz)
        missed_pull(j);
    j->reader.pulled_ns = now_ns;
    const double target = target_s(j, frames), level = level_s(j, now_ns);
    uint32_t made = 0;
    if (ready(j, level, target, ended)) {
        if (!ended)
            steer(j, level, target, (double)frames / j->config.rate_out_hz);
        made = resample(j, out, frames, ended);
        if (made < frames && !ended)
            COUNT(j->shared.underruns, 1);
    }
    emit(j, out, frames, made);
    publish(j, target, frames);
}

void jitter_stats(const struct jitter *j, struct jitter_stats *out)
{
    *out = (struct jitter_stats){
        .target_ms = (double)PEEK(j->shared.target_ns) / 1e6,
        .level_ms = (double)PEEK(j->shared.level_ns) / 1e6,
        .drift_ppm = PEEK(j->shared.drift_ppb) / 1e3,
        .ratio_ppm = PEEK(j->shared.ratio_ppb) / 1e3,
        .underruns = PEEK(j->shared.underruns),
        .cuts = PEEK(j->shared.cuts),
        .repeats = PEEK(j->shared.repeats),
        .missed_pulls = PEEK(j->shared.missed_pulls),
        .frames_in = sample_ring_head(&j->ring),
        .frames_out = PEEK(j->shared.frames_out),
        .frames_dropped = PEEK(j->shared.lost_frames) + PEEK(j->shared.cut_frames),
        .playing = PEEK(j->shared.playing),
    };
}
