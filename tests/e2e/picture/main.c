/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/picture/main.c - what must be on the screen, and whether it is.
 *
 *     picture expect CARD OUT.png [options]     writes the expected picture
 *     picture compare SHOT.png CARD [options]   status 0: equal; 1: not, and how; 2: cannot tell
 *     picture serial SHOT.png                   prints the test card's serial at the screenshot's
 * top left, or "none" picture survey SHOT.png                   prints size, number of colours and
 * the share of the commonest one
 *
 * CARD: WIDTHxHEIGHT:FORMAT:ROTATION:DAMAGE:FLAGS@SERIAL. Options:
 *     --pointer KIND,X,Y   with this pointer on it
 *     --turn N             turned N quarters clockwise by the viewer's user
 *     --size WxH           resampled to this size in the screenshot
 *     --at X,Y             its place in the screenshot; default: the middle
 *     --margin RRGGBB      what surrounds it; default 000000
 *     --tolerance N        each channel may be off by N
 *     --mean N             instead: the mean difference of all channels is at most N hundredths
 * (for compositors that resample) */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture/expect.h"
#include "picture/pixels.h"

enum { EQUAL, DIFFERENT, UNABLE };

struct request {
    struct expectation expect;
    uint32_t width_px, height_px; /* 0: as drawn */
    int at_x_px, at_y_px;         /* -1: the middle */
    uint32_t margin;
    int tolerance;
    int mean_hundredths; /* -1: pixel by pixel */
};

static bool parse_option(struct request *r, int option)
{
    switch (option) {
    case 'p':
        return expectation_parse_pointer(optarg, &r->expect);
    case 'r':
        return sscanf(optarg, "%u", &r->expect.turn) == 1;
    case 's':
        return sscanf(optarg, "%ux%u", &r->width_px, &r->height_px) == 2;
    case 'a':
        return sscanf(optarg, "%d,%d", &r->at_x_px, &r->at_y_px) == 2;
    case 'm':
        return sscanf(optarg, "%x", &r->margin) == 1;
    case 't':
        return sscanf(optarg, "%d", &r->tolerance) == 1;
    case 'M':
        return sscanf(optarg, "%d", &r->mean_hundredths) == 1;
    default:
        return false;
    }
}

static bool parse(int argc, char **argv, struct request *r)
{
    static const struct option options[] = {
        { "pointer", required_argument, NULL, 'p' }, { "turn", required_argument, NULL, 'r' },
        { "size", required_argument, NULL, 's' },    { "at", required_argument, NULL, 'a' },
        { "margin", required_argument, NULL, 'm' },  { "tolerance", required_argument, NULL, 't' },
        { "mean", required_argument, NULL, 'M' },    { 0 },
    };
    *r = (struct request){ .at_x_px = -1, .at_y_px = -1, .mean_hundredths = -1 };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!parse_option(r, option))
            return false;
    return true;
}

static int draw(const struct request *r, struct pixels *out)
{
    int err = expectation_draw(&r->expect, out);
    if (err == 0 && r->width_px != 0)
        err = pixels_resample(out, r->width_px, r->height_px);
    if (err < 0)
        fprintf(stderr, "cannot draw the expected picture: %s\n", strerror(-err));
    return err;
}

/* The screenshot as it must be: `picture` at its place, margin around it. */
static int compose(const struct request *r, const struct pixels *shot, const struct pixels *picture,
                   struct pixels *out)
{
    const uint32_t x0 =
        r->at_x_px >= 0 ? (uint32_t)r->at_x_px : (shot->width_px - picture->width_px) / 2;
    const uint32_t y0 =
        r->at_y_px >= 0 ? (uint32_t)r->at_y_px : (shot->height_px - picture->height_px) / 2;
    if (picture->width_px > shot->width_px || picture->height_px > shot->height_px ||
        x0 > shot->width_px - picture->width_px || y0 > shot->height_px - picture->height_px) {
        fprintf(stderr, "the expected %ux%u picture does not fit the %ux%u screenshot\n",
                picture->width_px, picture->height_px, shot->width_px, shot->height_px);
        return -ERANGE;
    }
    const int err = pixels_init(out, shot->width_px, shot->height_px);
    if (err < 0)
        return err;
    for (size_t i = 0; i < (size_t)out->width_px * out->height_px; i++)
        out->px[i] = r->margin;
    for (uint32_t y = 0; y < picture->height_px; y++)
        memcpy(pixels_at(out, x0, y0 + y), pixels_at(picture, 0, y),
               (size_t)picture->width_px * sizeof(*picture->px));
    return 0;
}

static int channel_difference(uint32_t a, uint32_t b, int channel)
{
    return abs((int)(a >> 8 * channel & 0xff) - (int)(b >> 8 * channel & 0xff));
}

static int judge_mean(const struct request *r, const struct pixels *got, const struct pixels *want)
{
    uint64_t sum = 0;
    const size_t count = (size_t)got->width_px * got->height_px;
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < 3; c++)
            sum += (uint64_t)channel_difference(got->px[i], want->px[i], c);
    const double mean = (double)sum / (double)(count * 3);
    printf("mean difference %.2f of 255\n", mean);
    return mean * 100 <= r->mean_hundredths ? EQUAL : DIFFERENT;
}

static int judge_each(const struct request *r, const struct pixels *got, const struct pixels *want)
{
    size_t wrong = 0;
    int worst = 0;
    uint32_t left = UINT32_MAX, top = UINT32_MAX, right = 0, bottom = 0, first_x = 0, first_y = 0;
    for (uint32_t y = 0; y < got->height_px; y++) {
        for (uint32_t x = 0; x < got->width_px; x++) {
            int difference = 0;
            for (int c = 0; c < 3; c++) {
                const int d = channel_difference(*pixels_at(got, x, y), *pixels_at(want, x, y), c);
                difference = d > difference ? d : difference;
            }
            if (difference <= r->tolerance)
                continue;
            if (wrong++ == 0) {
                first_x = x;
                first_y = y;
            }
            worst = difference > worst ? difference : worst;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y > bottom ? y : bottom;
        }
    }
    if (wrong == 0) {
        printf("equal\n");
        return EQUAL;
    }
    printf(
        "%zu of %zu pixels differ, by up to %d, in %u,%u to %u,%u; first: is %06x, must be %06x\n",
        wrong, (size_t)got->width_px * got->height_px, worst, left, top, right, bottom,
        *pixels_at(got, first_x, first_y) & 0xffffff,
        *pixels_at(want, first_x, first_y) & 0xffffff);
    return DIFFERENT;
}

static int compare(const char *path, struct request *r)
{
    struct pixels shot = { 0 }, picture = { 0 }, want = { 0 };
    int result = UNABLE;
    if (pixels_load_png(&shot, path) == 0 && draw(r, &picture) == 0 &&
        compose(r, &shot, &picture, &want) == 0)
        result =
            r->mean_hundredths >= 0 ? judge_mean(r, &shot, &want) : judge_each(r, &shot, &want);
    pixels_fini(&shot);
    pixels_fini(&picture);
    pixels_fini(&want);
    return result;
}

static int expect(const struct request *r, const char *path)
{
    struct pixels picture = { 0 };
    const int err = draw(r, &picture) < 0 || pixels_save_png(&picture, path) < 0;
    pixels_fini(&picture);
    return err ? UNABLE : EQUAL;
}

static int serial(const char *path)
{
    struct pixels shot;
    uint32_t found;
    if (pixels_load_png(&shot, path) < 0)
        return UNABLE;
    if (testcard_read_serial(shot.px, shot.width_px * 4, shot.width_px, shot.height_px, &found))
        printf("%u\n", found);
    else
        printf("none\n");
    pixels_fini(&shot);
    return EQUAL;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static int survey(const char *path)
{
    struct pixels shot;
    if (pixels_load_png(&shot, path) < 0)
        return UNABLE;
    const size_t count = (size_t)shot.width_px * shot.height_px;
    qsort(shot.px, count, sizeof(*shot.px), by_value);
    size_t colours = 0, commonest = 0, run = 0;
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && shot.px[i] == shot.px[i - 1] ? run + 1 : 1;
        colours += run == 1;
        commonest = run > commonest ? run : commonest;
    }
    printf("%ux%u %zu colours %.4f commonest\n", shot.width_px, shot.height_px, colours,
           (double)commonest / (double)count);
    pixels_fini(&shot);
    return EQUAL;
}

int main(int argc, char **argv)
{
    struct request r;
    if (parse(argc, argv, &r)) {
        char **words = argv + optind;
        const int count = argc - optind;
        if (count == 2 && strcmp(words[0], "serial") == 0)
            return serial(words[1]);
        if (count == 2 && strcmp(words[0], "survey") == 0)
            return survey(words[1]);
        if (count == 3 && strcmp(words[0], "compare") == 0 &&
            expectation_parse_card(words[2], &r.expect))
            return compare(words[1], &r);
        if (count == 3 && strcmp(words[0], "expect") == 0 &&
            expectation_parse_card(words[1], &r.expect))
            return expect(&r, words[2]);
    }
    fprintf(stderr, "usage: see the head of tests/e2e/picture/main.c\n");
    return UNABLE;
}
