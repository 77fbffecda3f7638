/* SPDX-License-Identifier: GPL-2.0-or-later
 * The test card as if it were a desktop: for set-up without a GPU, and for tests. Frames and
 * pointer each have their own time; the card is drawn once and, as a GPU would, only what a slot
 * lacks is copied into it. The picture is neither scaled down nor rotated. */
#define LOG_MODULE "synthetic"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/capture.h"
#include "capture/ring.h"
#include "testcard/testcard.h"

enum {
    SLOTS = 3,
    MAX_HZ = 1000,
    POINTER_MS = 8,      /* an ordinary mouse: 125 reports per second */
    SHAPE_EVERY = 250,   /* pointer reports: each kind for two seconds */
    BLINK_AT = 10 * 250, /* and now and then it is hidden */
    BLINK_FOR = 25,
};

struct synthetic {
    struct capture base;
    /* constant after create */
    struct testcard_config card_config;
    const struct frame_format_info *fmt;
    struct capture_ring *ring; /* owned */

    struct {                   /* capture thread only, slots[] of begun slots likewise */
        struct testcard *card; /* owned; NULL: stopped */
        uint32_t pitch_bytes;
        uint32_t serial; /* of the next picture */
        uint64_t start_ns, next_frame_ns, next_pointer_ns;
        uint32_t reports; /* pointer reports since start */
        enum cursor_type shown;
    } own;
    uint8_t *slots[SLOTS]; /* owned; what is in them belongs to whom the ring says */
    uint32_t slot_pitch_bytes;
};

static struct synthetic *synthetic_of(struct capture *self)
{
    assert(self->ops == &capture_synthetic_ops);
    return container_of(self, struct synthetic, base);
}

static void destroy(struct capture *self)
{
    struct synthetic *s = synthetic_of(self);
    assert(!s->own.card);
    capture_ring_destroy(s->ring);
    free(s);
}

static bool config_ok(const struct capture_config *c)
{
    return frame_format_find((uint32_t)c->format) && c->width_px > 0 &&
           c->width_px <= FRAME_MAX_PX && c->height_px > 0 && c->height_px <= FRAME_MAX_PX &&
           c->hz > 0 && c->hz <= MAX_HZ;
}

static int create(const struct capture_config *config, struct capture **out)
{
    if (!config_ok(config))
        return -EINVAL;
    struct synthetic *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->base.ops = &capture_synthetic_ops;
    s->card_config = (struct testcard_config){
        .format = config->format,
        .width_px = config->width_px,
        .height_px = config->height_px,
        .damage = TESTCARD_DAMAGE_PARTIAL,
        .flags = config->format == FRAME_FORMAT_RGBA16F ? FRAME_FLAG_HDR : 0,
        .hz = config->hz,
    };
    s->fmt = frame_format_find((uint32_t)config->format);
    const int err = capture_ring_create(SLOTS, &s->ring);
    if (err < 0) {
        destroy(&s->base);
        return err;
    }
    *out = &s->base;
    return 0;
}

static void stop(struct capture *self)
{
    struct synthetic *s = synthetic_of(self);
    capture_ring_reset(s->ring);
    for (uint32_t i = 0; i < SLOTS; i++) {
        free(s->slots[i]);
        s->slots[i] = NULL;
    }
    testcard_destroy(s->own.card);
    s->own.card = NULL;
}

static enum capture_result start(struct capture *self)
{
    struct synthetic *s = synthetic_of(self);
    capture_ring_reset(s->ring);
    int err = testcard_create(&s->card_config, &s->own.card);
    if (err == 0)
        testcard_render(s->own.card, 0, &s->slot_pitch_bytes);
    const size_t slot_bytes = (size_t)s->slot_pitch_bytes * s->card_config.height_px;
    for (uint32_t i = 0; i < SLOTS && err == 0; i++) {
        s->slots[i] = malloc(slot_bytes);
        err = s->slots[i] ? 0 : -ENOMEM;
    }
    if (err < 0) {
        log_err("no memory for pictures of %ux%u", s->card_config.width_px,
                s->card_config.height_px);
        stop(self);
        return CAPTURE_FATAL;
    }
    s->own.serial = s->own.reports = 0;
    s->own.shown = CURSOR_NONE;
    s->own.start_ns = s->own.next_frame_ns = s->own.next_pointer_ns = clock_ns();
    return CAPTURE_OK;
}

static void copy_rect(const struct synthetic *s, const uint8_t *image, uint32_t pitch_bytes,
                      uint8_t *slot, const struct frame_rect *r)
{
    const uint32_t row_bytes = r->width_px * s->fmt->bytes_per_pixel;
    for (uint32_t y = r->y_px; y < r->y_px + r->height_px; y++) {
        const size_t at = (size_t)y * pitch_bytes + (size_t)r->x_px * s->fmt->bytes_per_pixel;
        memcpy(slot + at, image + at, row_bytes);
    }
}

static void draw_frame(struct synthetic *s)
{
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    struct damage news = { 0 }, stale;
    uint32_t pitch_bytes;
    uint32_t count = testcard_damage_of(s->own.card, s->own.serial, rects);
    if (count == 0)
        damage_set_full(&news);
    for (uint32_t i = 0; i < count; i++)
        damage_add_rect(&news, rects[i]);
    capture_ring_note_time(s->ring, clock_ns());
    const uint8_t *image = testcard_render(s->own.card, s->own.serial++, &pitch_bytes);
    const uint32_t slot = capture_ring_begin(s->ring, &news, &stale);
    count = damage_sorted_by_bottom(&stale, s->card_config.width_px, s->card_config.height_px,
                                    rects, ARRAY_LEN(rects));
    for (uint32_t i = 0; i < count; i++)
        copy_rect(s, image, pitch_bytes, s->slots[slot], &rects[i]);
    capture_ring_commit(s->ring);
}

static void move_pointer(struct synthetic *s, uint64_t now_ns, struct capture_pointer *out)
{
    static const enum cursor_type kinds[] = { CURSOR_COLOUR, CURSOR_MONOCHROME,
                                              CURSOR_MASKED_COLOUR };
    const uint32_t n = s->own.reports++;
    const enum cursor_type kind = kinds[n / SHAPE_EVERY % ARRAY_LEN(kinds)];
    *out = (struct capture_pointer){ .has_position = true,
                                     .has_shape = kind != s->own.shown,
                                     .visible = n % BLINK_AT < BLINK_AT - BLINK_FOR,
                                     .shape = testcard_cursor(kind) };
    testcard_cursor_position(s->card_config.width_px, s->card_config.height_px,
                             now_ns - s->own.start_ns, &out->x_px, &out->y_px);
    s->own.shown = kind;
}

/* The time after `due_ns` at which it is due again; what was missed is not made up for. */
static uint64_t due_again(uint64_t due_ns, uint64_t period_ns, uint64_t now_ns)
{
    return now_ns > due_ns + period_ns ? now_ns + period_ns : due_ns + period_ns;
}

static enum capture_result next(struct capture *self, uint32_t timeout_ms,
                                struct capture_update *out)
{
    struct synthetic *s = synthetic_of(self);
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    clock_sleep_until_ns(
        min_u64(deadline_ns, min_u64(s->own.next_frame_ns, s->own.next_pointer_ns)));
    const uint64_t now_ns = clock_ns();
    struct capture_update update = { .frame = now_ns >= s->own.next_frame_ns,
                                     .pointer = now_ns >= s->own.next_pointer_ns };
    if (!update.frame && !update.pointer)
        return CAPTURE_TIMEOUT;
    if (update.frame) {
        draw_frame(s);
        s->own.next_frame_ns =
            due_again(s->own.next_frame_ns, NS_PER_S / s->card_config.hz, now_ns);
    }
    if (update.pointer) {
        move_pointer(s, now_ns, &update.pointer_news);
        s->own.next_pointer_ns = due_again(s->own.next_pointer_ns, POINTER_MS * NS_PER_MS, now_ns);
    }
    *out = update;
    return CAPTURE_OK;
}

static enum capture_result take(struct capture *self, uint32_t timeout_ms,
                                struct capture_picture *out)
{
    struct synthetic *s = synthetic_of(self);
    struct damage due;
    uint32_t slot;
    if (capture_ring_take(s->ring, timeout_ms, &slot, &due) < 0)
        return CAPTURE_TIMEOUT;
    *out = (struct capture_picture){
        .layout = { .format = s->card_config.format,
                    .width_px = s->card_config.width_px,
                    .height_px = s->card_config.height_px,
                    .screen_width_px = s->card_config.width_px,
                    .screen_height_px = s->card_config.height_px,
                    .flags = s->card_config.flags },
        .pixels = s->slots[slot],
        .pitch_bytes = s->slot_pitch_bytes,
        .capture_ns = capture_ring_taken_ns(s->ring),
        .damage = due,
    };
    return CAPTURE_OK;
}

static void release(struct capture *self, bool published)
{
    capture_ring_release(synthetic_of(self)->ring, published);
}

static void wake(struct capture *self)
{
    capture_ring_wake(synthetic_of(self)->ring);
}

static void describe(struct capture *self, char *text, uint32_t text_bytes)
{
    const struct synthetic *s = synthetic_of(self);
    snprintf(text, text_bytes, "test card, %ux%u %s at %u Hz", s->card_config.width_px,
             s->card_config.height_px, s->fmt->name, s->card_config.hz);
}

const struct capture_ops capture_synthetic_ops = {
    .name = "synthetic",
    .create = create,
    .destroy = destroy,
    .start = start,
    .stop = stop,
    .next = next,
    .take = take,
    .release = release,
    .wake = wake,
    .describe = describe,
};
