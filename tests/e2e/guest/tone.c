/* SPDX-License-Identifier: GPL-2.0-or-later
 * tone: sound in the guest by ALSA's ioctls, without a library. 48 kHz, two channels, 16 bits.
 *     tone play HZ SECONDS      says "playing", then "played FRAMES"
 *     tone record SECONDS       says "recording", then "recorded HZ PEAK FRAMES CLEAN": HZ by the
 *                               length of most waves, CLEAN frames of the tone without gaps */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <sound/asound.h>

enum {
    RATE_HZ = 48000,
    CHANNELS = 2,
    PERIOD = 480, /* frames: 10 ms */
    PERIODS = 8,
    AMPLITUDE = 12000,
    LOUD = 1000, /* what counts as sound */
};

static void any_value(struct snd_pcm_hw_params *p)
{
    memset(p, 0, sizeof(*p));
    for (size_t i = 0; i < sizeof(p->masks) / sizeof(p->masks[0]); i++)
        memset(&p->masks[i], 0xff, sizeof(p->masks[i]));
    for (size_t i = 0; i < sizeof(p->intervals) / sizeof(p->intervals[0]); i++)
        p->intervals[i].max = UINT32_MAX;
    p->rmask = UINT32_MAX;
    p->info = UINT32_MAX;
}

static void set_mask(struct snd_pcm_hw_params *p, int what, unsigned bit)
{
    struct snd_mask *m = &p->masks[what - SNDRV_PCM_HW_PARAM_FIRST_MASK];
    memset(m, 0, sizeof(*m));
    m->bits[bit / 32] = UINT32_C(1) << bit % 32;
}

static void set_number(struct snd_pcm_hw_params *p, int what, unsigned value)
{
    struct snd_interval *i = &p->intervals[what - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];
    *i = (struct snd_interval){ .min = value, .max = value, .integer = 1 };
}

static int fail(const char *what)
{
    printf("error tone: %s: %s\n", what, strerror(errno));
    return 1;
}

/* Ready to play or record; starts by itself once that many frames are moved at a time or waiting.
 * -1 and a message. */
static int open_device(const char *path, snd_pcm_uframes_t start_threshold)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -fail(path);
    struct snd_pcm_hw_params p;
    any_value(&p);
    set_mask(&p, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
    set_mask(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
    set_number(&p, SNDRV_PCM_HW_PARAM_CHANNELS, CHANNELS);
    set_number(&p, SNDRV_PCM_HW_PARAM_RATE, RATE_HZ);
    set_number(&p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, PERIOD);
    set_number(&p, SNDRV_PCM_HW_PARAM_PERIODS, PERIODS);
    if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p) < 0)
        return -fail("parameters");
    struct snd_pcm_sw_params s = { .period_step = 1,
                                   .avail_min = PERIOD,
                                   .start_threshold = start_threshold,
                                   .stop_threshold = PERIOD * PERIODS,
                                   .boundary = PERIOD * PERIODS };
    while (s.boundary * 2 <= (snd_pcm_uframes_t)INT32_MAX)
        s.boundary *= 2;
    if (ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &s) < 0)
        return -fail("thresholds");
    if (ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) < 0)
        return -fail("prepare");
    return fd;
}

/* Moves one period; a missed one is made up for. False: broken. */
static bool move(int fd, unsigned long request, int16_t *frames, unsigned *missed)
{
    for (;;) {
        struct snd_xferi x = { .buf = frames, .frames = PERIOD };
        if (ioctl(fd, request, &x) == 0)
            return true;
        if (errno == EPIPE) {
            ++*missed;
            if (ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) < 0)
                return false;
        } else if (errno != EINTR && errno != EAGAIN) {
            return false;
        }
    }
}

static int play(double hz, double seconds)
{
    const int fd = open_device("/dev/snd/pcmC0D0p", PERIOD * PERIODS / 2);
    if (fd < 0)
        return 1;
    const long periods = (long)(seconds * RATE_HZ / PERIOD);
    int16_t frames[PERIOD * CHANNELS];
    unsigned missed = 0;
    printf("playing\n");
    for (long n = 0; n < periods; n++) {
        for (long i = 0; i < PERIOD; i++) {
            const double t = (double)(n * PERIOD + i) / RATE_HZ;
            const int16_t v = (int16_t)lrint(AMPLITUDE * sin(2 * M_PI * hz * t));
            frames[i * CHANNELS] = frames[i * CHANNELS + 1] = v;
        }
        if (!move(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, frames, &missed))
            return fail("write");
    }
    ioctl(fd, SNDRV_PCM_IOCTL_DRAIN);
    printf("played %ld missed %u\n", periods * PERIOD, missed);
    return 0;
}

enum { WAVE_MAX = 2400 }; /* frames: 20 Hz */

struct heard {
    long at, risen;       /* frames; now, and the last crossing upwards through zero */
    long waves[WAVE_MAX]; /* how many have this length */
    bool low;
    int peak;
};

static void hear(struct heard *h, int v)
{
    if (abs(v) > h->peak)
        h->peak = abs(v);
    if (v <= -LOUD) {
        h->low = true;
    } else if (v >= LOUD && h->low) {
        h->low = false;
        if (h->risen && h->at - h->risen < WAVE_MAX)
            h->waves[h->at - h->risen]++;
        h->risen = h->at;
    }
    h->at++;
}

/* The tone, by the waves whose length is about that of most; *clean: frames of those. */
static double tone_hz(const struct heard *h, long *clean)
{
    long commonest = 0, waves = 0;
    for (long i = 1; i < WAVE_MAX; i++)
        if (h->waves[i] > h->waves[commonest])
            commonest = i;
    *clean = 0;
    for (long i = commonest - commonest / 10; i <= commonest + commonest / 10 && i < WAVE_MAX;
         i++) {
        waves += h->waves[i];
        *clean += h->waves[i] * i;
    }
    return *clean ? (double)waves * RATE_HZ / (double)*clean : 0;
}

static int record(double seconds)
{
    const int fd = open_device("/dev/snd/pcmC0D0c", 1);
    if (fd < 0)
        return 1;
    const long periods = (long)(seconds * RATE_HZ / PERIOD);
    int16_t frames[PERIOD * CHANNELS];
    unsigned missed = 0;
    struct heard h = { 0 };
    printf("recording\n");
    for (long n = 0; n < periods; n++) {
        if (!move(fd, SNDRV_PCM_IOCTL_READI_FRAMES, frames, &missed))
            return fail("read");
        for (long i = 0; i < PERIOD; i++)
            hear(&h, frames[i * CHANNELS]);
    }
    long clean;
    const double hz = tone_hz(&h, &clean);
    printf("recorded %.2f %d %ld %ld missed %u\n", hz, h.peak, h.at, clean, missed);
    return 0;
}

int main(int argc, char **argv)
{
    static char line[512];
    setvbuf(stdout, line, _IOLBF, sizeof(line));
    if (argc == 4 && strcmp(argv[1], "play") == 0)
        return play(atof(argv[2]), atof(argv[3]));
    if (argc == 3 && strcmp(argv[1], "record") == 0)
        return record(atof(argv[2]));
    printf("error tone: play HZ SECONDS | record SECONDS\n");
    return 2;
}
