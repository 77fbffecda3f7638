/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "testcard/testcard.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kvmfr/sizing.h"
#include "testcard/encode.h"
#include "testcard/picture.h"
#include "testcard/strip.h"

enum {
    HISTORY = 8
}; /* frames whose content may still lie in one of the host's buffers; a held one grows old */

struct testcard {
    struct testcard_config config;
    const struct frame_format_info *fmt;
    struct picture picture;
    struct encoder encoder;
    uint32_t pitch_bytes;
    uint8_t *image; /* the whole frame in the wire format; owned */
    uint32_t *row;  /* one upright row; owned */
    bool drawn;     /* image holds `drawn_serial` */
    uint32_t drawn_serial;
    struct { /* what was published last, newest first */
        uint32_t host_serial, card_serial;
        bool valid;
    } history[HISTORY];
};

static bool sideways(enum frame_rotation rotation)
{
    return rotation == FRAME_ROTATE_90 || rotation == FRAME_ROTATE_270;
}

int testcard_create(const struct testcard_config *config, struct testcard **out)
{
    const struct frame_format_info *fmt = frame_format_find(config->format);
    const bool turned = sideways(config->rotation);
    if (!fmt || config->damage == TESTCARD_DAMAGE_NONE || config->width_px == 0 ||
        config->height_px == 0 || config->width_px > FRAME_MAX_PX ||
        config->height_px > FRAME_MAX_PX)
        return -EINVAL;
    struct testcard *card = calloc(1, sizeof(*card));
    if (!card)
        return -ENOMEM;
    card->config = *config;
    card->fmt = fmt;
    card->picture = (struct picture){ .damage = config->damage,
                                      .width_px = turned ? config->height_px : config->width_px,
                                      .height_px = turned ? config->width_px : config->height_px,
                                      .hz = config->hz };
    encoder_init(&card->encoder, config->format, config->flags);
    card->pitch_bytes = kvmfr_default_pitch(fmt, config->width_px);
    card->image = calloc(config->height_px, card->pitch_bytes);
    card->row = calloc(card->picture.width_px, sizeof(*card->row));
    if (!card->image || !card->row) {
        testcard_destroy(card);
        return -ENOMEM;
    }
    *out = card;
    return 0;
}

void testcard_destroy(struct testcard *card)
{
    if (!card)
        return;
    free(card->image);
    free(card->row);
    free(card);
}

/* Upright rectangle to the frame's own coordinates. */
static struct frame_rect to_frame(const struct testcard *card, struct frame_rect r)
{
    const uint32_t right = card->picture.width_px - r.x_px - r.width_px,
                   below = card->picture.height_px - r.y_px - r.height_px;
    switch (card->config.rotation) {
    case FRAME_ROTATE_90:
        return (struct frame_rect){ r.y_px, right, r.height_px, r.width_px };
    case FRAME_ROTATE_180:
        return (struct frame_rect){ right, below, r.width_px, r.height_px };
    case FRAME_ROTATE_270:
        return (struct frame_rect){ below, r.x_px, r.height_px, r.width_px };
    default:
        return r;
    }
}

uint32_t testcard_damage_of(const struct testcard *card, uint32_t serial,
                            struct frame_rect out[FRAME_MAX_DAMAGE])
{
    struct frame_rect upright[8];
    const uint32_t count = picture_damage(&card->picture, serial, upright);
    for (uint32_t i = 0; i < count; i++)
        out[i] = to_frame(card, upright[i]);
    return count;
}

/* Draws an upright rectangle of frame `serial` into the image. One step right on the upright
 * picture is a step of step_bytes in the image, whichever way it lies. */
static void draw_rect(struct testcard *card, uint32_t serial, struct frame_rect r)
{
    const ptrdiff_t pitch = (ptrdiff_t)card->pitch_bytes,
                    pixel = (ptrdiff_t)card->fmt->bytes_per_pixel;
    const ptrdiff_t steps[] = { pixel, -pitch, -pixel, pitch };
    for (uint32_t y = r.y_px; y < r.y_px + r.height_px; y++) {
        const struct frame_rect first = to_frame(card, (struct frame_rect){ r.x_px, y, 1, 1 });
        picture_row(&card->picture, serial, r.x_px, y, r.width_px, card->row);
        encoder_write(&card->encoder, card->row, r.width_px,
                      card->image + (ptrdiff_t)first.y_px * pitch + (ptrdiff_t)first.x_px * pixel,
                      steps[card->config.rotation]);
    }
}

const uint8_t *testcard_render(struct testcard *card, uint32_t serial, uint32_t *pitch_bytes)
{
    struct frame_rect rects[8] = { { 0, 0, card->picture.width_px, card->picture.height_px } };
    uint32_t count = 1;
    if (card->drawn && card->drawn_serial == serial) {
        count = 0;
    } else if (card->drawn && card->drawn_serial + 1 == serial) {
        struct frame_rect changed[8];
        const uint32_t n = picture_damage(&card->picture, serial, changed);
        if (n != 0) {
            memcpy(rects, changed, n * sizeof(*rects));
            count = n;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        draw_rect(card, serial, rects[i]);
    card->drawn = true;
    card->drawn_serial = serial;
    *pitch_bytes = card->pitch_bytes;
    return card->image;
}

void testcard_expect_xrgb(struct testcard *card, uint32_t serial, uint32_t *out,
                          uint32_t stride_bytes)
{
    for (uint32_t y = 0; y < card->picture.height_px; y++) {
        uint32_t *row = (uint32_t *)(void *)((uint8_t *)out + (size_t)y * stride_bytes);
        picture_row(&card->picture, serial, 0, y, card->picture.width_px, row);
        for (uint32_t x = 0; x < card->picture.width_px; x++)
            row[x] = 0xff000000u | encoder_seen(&card->encoder, row[x]);
    }
}

/* The card serial that the host published as `host_serial`. */
static bool find_published(const struct testcard *card, uint32_t host_serial, uint32_t *card_serial)
{
    for (uint32_t i = 0; i < HISTORY; i++) {
        if (card->history[i].valid && card->history[i].host_serial == host_serial) {
            *card_serial = card->history[i].card_serial;
            return true;
        }
    }
    return false;
}

static void remember(struct testcard *card, uint32_t host_serial, uint32_t card_serial)
{
    memmove(&card->history[1], &card->history[0], (HISTORY - 1) * sizeof(card->history[0]));
    card->history[0].host_serial = host_serial;
    card->history[0].card_serial = card_serial;
    card->history[0].valid = true;
}

/* Everything that changed from card picture `old` to `serial`. 0: all of it (or too much to list).
 */
static uint32_t changes_since(const struct testcard *card, uint32_t old, uint32_t serial,
                              struct frame_rect out[FRAME_MAX_DAMAGE])
{
    uint32_t count = 0;
    if (old >= serial || serial - old > FRAME_MAX_DAMAGE / 8)
        return 0;
    for (uint32_t s = old + 1; s <= serial; s++) {
        const uint32_t n = testcard_damage_of(card, s, out + count);
        if (n == 0)
            return 0;
        count += n;
    }
    return count;
}

static int by_top(const void *a, const void *b)
{
    const struct frame_rect *x = a, *y = b;
    return x->y_px < y->y_px ? -1 : x->y_px > y->y_px;
}

static void copy_rect(const struct testcard *card, const struct kvmfr_frame_writer *w,
                      struct frame_rect r)
{
    if (r.y_px >= w->rows_px)
        return;
    const uint32_t rows = min_u32(r.height_px, w->rows_px - r.y_px);
    const size_t x_bytes = (size_t)r.x_px * card->fmt->bytes_per_pixel;
    kvmfr_copy_rows(w->pixels + (size_t)r.y_px * w->pitch_bytes + x_bytes, w->pitch_bytes,
                    card->image + (size_t)r.y_px * card->pitch_bytes + x_bytes, card->pitch_bytes,
                    (size_t)r.width_px * card->fmt->bytes_per_pixel, rows);
}

/* From the top; rows above the next rectangle are final. */
static void copy_rects(const struct testcard *card, struct kvmfr_host *host,
                       const struct kvmfr_frame_writer *w, struct frame_rect *rects, uint32_t count)
{
    qsort(rects, count, sizeof(*rects), by_top);
    for (uint32_t i = 0; i < count; i++) {
        copy_rect(card, w, rects[i]);
        if (i + 1 < count && rects[i + 1].y_px < w->rows_px)
            kvmfr_host_raise_rows(host, w, rects[i + 1].y_px);
    }
}

/* In bands, so that a reader can follow. */
static void copy_all(const struct testcard *card, struct kvmfr_host *host,
                     const struct kvmfr_frame_writer *w)
{
    const uint32_t band_px = (1u << 20) / w->pitch_bytes + 1; /* 1 MiB, as real hosts do */
    for (uint32_t y = 0; y < w->rows_px; y += band_px) {
        copy_rect(card, w, (struct frame_rect){ 0, y, card->config.width_px, band_px });
        kvmfr_host_raise_rows(host, w, min_u32(y + band_px, w->rows_px));
    }
}

int testcard_publish(struct testcard *card, struct kvmfr_host *host, uint32_t card_serial,
                     uint64_t now_ms)
{
    struct frame_rect rects[FRAME_MAX_DAMAGE];
    struct kvmfr_frame_writer writer;
    uint32_t unused;
    testcard_render(
        card, card_serial,
        &unused); /* before the message goes out, so that no reader waits for the drawing */
    struct kvmfr_frame_desc desc = { .format = card->config.format,
                                     .width_px = card->config.width_px,
                                     .height_px = card->config.height_px,
                                     .pitch_bytes = card->pitch_bytes,
                                     .rotation = card->config.rotation,
                                     .flags = card->config.flags,
                                     .damage = rects };
    if (card->history[0].valid)
        desc.damage_count = changes_since(card, card->history[0].card_serial, card_serial, rects);
    int err = kvmfr_host_begin_frame(host, &desc, now_ms, &writer);
    if (err < 0)
        return err;
    uint32_t old, count = 0;
    if (writer.age != 0 && find_published(card, writer.serial - writer.age, &old))
        count = changes_since(card, old, card_serial, rects);
    if (count != 0)
        copy_rects(card, host, &writer, rects, count);
    else
        copy_all(card, host, &writer);
    kvmfr_host_end_frame(host, &writer);
    remember(card, writer.serial, card_serial);
    return 0;
}
