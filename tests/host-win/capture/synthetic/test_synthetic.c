/* SPDX-License-Identifier: GPL-2.0-or-later
 * Every pixel of every picture taken against a card of the test's own. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "test.h"
#include "testcard/testcard.h"

enum { W = 200, H = 120 };

static const struct capture_config small = {
    .width_px = W, .height_px = H, .hz = 250, .format = FRAME_FORMAT_BGRA
};

TEST(impossible_configurations)
{
    static const struct capture_config rows[] = {
        { .width_px = 0, .height_px = H, .hz = 60, .format = FRAME_FORMAT_BGRA },
        { .width_px = W, .height_px = 0, .hz = 60, .format = FRAME_FORMAT_BGRA },
        { .width_px = FRAME_MAX_PX + 1, .height_px = H, .hz = 60, .format = FRAME_FORMAT_BGRA },
        { .width_px = W, .height_px = UINT32_MAX, .hz = 60, .format = FRAME_FORMAT_BGRA },
        { .width_px = W, .height_px = H, .hz = 0, .format = FRAME_FORMAT_BGRA },
        { .width_px = W, .height_px = H, .hz = 1001, .format = FRAME_FORMAT_BGRA },
        { .width_px = W, .height_px = H, .hz = 60, .format = FRAME_FORMAT_INVALID },
        { .width_px = W, .height_px = H, .hz = 60, .format = (enum frame_format)77 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct capture *c = NULL;
        CHECK_INT(capture_synthetic_ops.create(&rows[i], &c), -EINVAL);
        CHECK(!c);
    }
}

struct observer {
    struct testcard *card;
    uint32_t serial; /* of the picture in `image` */
    uint8_t *image;  /* what the observer has, kept up to date by damage alone */
    bool any;
};

static void observer_init(struct observer *o, const struct capture_config *config)
{
    const struct testcard_config card = { .format = config->format,
                                          .width_px = config->width_px,
                                          .height_px = config->height_px,
                                          .damage = TESTCARD_DAMAGE_PARTIAL,
                                          .flags = config->format == FRAME_FORMAT_RGBA16F
                                                       ? FRAME_FLAG_HDR
                                                       : 0,
                                          .hz = config->hz };
    *o = (struct observer){ 0 };
    CHECK_INT(testcard_create(&card, &o->card), 0);
}

static void observer_fini(struct observer *o)
{
    testcard_destroy(o->card);
    free(o->image);
}

static bool rows_equal(const uint8_t *a, uint32_t a_pitch, const uint8_t *b, uint32_t b_pitch,
                       uint32_t row_bytes, uint32_t rows)
{
    for (uint32_t y = 0; y < rows; y++)
        if (memcmp(a + (size_t)y * a_pitch, b + (size_t)y * b_pitch, row_bytes) != 0)
            return false;
    return true;
}

/* Which picture it is: the next that equals it. */
static void find_serial(struct observer *o, const struct capture_picture *p, uint32_t row_bytes)
{
    for (uint32_t n = 0; n < 200; n++) {
        uint32_t pitch;
        const uint8_t *want = testcard_render(o->card, o->serial + n, &pitch);
        if (rows_equal(p->pixels, p->pitch_bytes, want, pitch, row_bytes, p->layout.height_px)) {
            o->serial += n;
            return;
        }
    }
    CHECK_MSG(false, "the picture after %u is no test card", o->serial);
}

static void look(struct observer *o, const struct capture_picture *p)
{
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    const uint32_t bpp = frame_format_find((uint32_t)p->layout.format)->bytes_per_pixel;
    const uint32_t row_bytes = p->layout.width_px * bpp;
    if (!o->image)
        o->image = calloc(p->layout.height_px, row_bytes);
    CHECK(o->image && p->pitch_bytes >= row_bytes);
    CHECK(p->damage.full || o->any);
    find_serial(o, p, row_bytes);
    const uint32_t count = damage_sorted_by_bottom(&p->damage, p->layout.width_px,
                                                   p->layout.height_px, rects, ARRAY_LEN(rects));
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y_px; y < rects[i].y_px + rects[i].height_px; y++)
            memcpy(o->image + (size_t)y * row_bytes + (size_t)rects[i].x_px * bpp,
                   p->pixels + (size_t)y * p->pitch_bytes + (size_t)rects[i].x_px * bpp,
                   (size_t)rects[i].width_px * bpp);
    CHECK(
        rows_equal(o->image, row_bytes, p->pixels, p->pitch_bytes, row_bytes, p->layout.height_px));
    o->any = true;
}

static void next_until_frame(struct capture *c)
{
    struct capture_update u = { 0 };
    for (uint32_t i = 0; i < 1000; i++)
        if (c->ops->next(c, 100, &u) == CAPTURE_OK && u.frame)
            return;
    CHECK_MSG(false, "no frame in 1000 updates");
}

TEST(every_pixel_of_every_format)
{
    for (uint32_t format = 1; frame_format_find(format); format++) {
        struct capture_config config = small;
        struct capture_picture p;
        struct capture *c;
        struct observer o;
        config.format = (enum frame_format)format;
        observer_init(&o, &config);
        CHECK_INT(capture_synthetic_ops.create(&config, &c), 0);
        CHECK_INT(c->ops->take(c, 0, &p), CAPTURE_TIMEOUT); /* not started */
        CHECK_INT(c->ops->start(c), CAPTURE_OK);
        for (uint32_t i = 0; i < 12; i++) {
            next_until_frame(c);
            if (i % 3 == 1) /* replaced unseen */
                next_until_frame(c);
            CHECK_INT(c->ops->take(c, 0, &p), CAPTURE_OK);
            CHECK_INT(p.layout.width_px, W);
            CHECK_INT(p.layout.format, format);
            CHECK_INT(p.layout.flags, format == FRAME_FORMAT_RGBA16F ? FRAME_FLAG_HDR : 0);
            look(&o, &p);
            c->ops->release(c, true);
        }
        c->ops->stop(c);
        CHECK_INT(c->ops->take(c, 0, &p), CAPTURE_TIMEOUT);
        c->ops->destroy(c);
        observer_fini(&o);
    }
}

/* After a stop nothing is known any more. */
TEST(start_again_is_full)
{
    struct capture_picture p;
    struct capture *c;
    CHECK_INT(capture_synthetic_ops.create(&small, &c), 0);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_INT(c->ops->start(c), CAPTURE_OK);
        next_until_frame(c);
        next_until_frame(c);
        CHECK_INT(c->ops->take(c, 0, &p), CAPTURE_OK);
        CHECK(p.damage.full);
        c->ops->release(c, i == 0);
        c->ops->stop(c);
    }
    c->ops->destroy(c);
}

/* Each kind of shape comes, and positions inside the picture; a still moment is a timeout. */
TEST(the_pointer_moves_and_changes)
{
    struct capture_config config = small;
    struct capture_update u;
    struct capture *c;
    bool seen[CURSOR_MASKED_COLOUR + 1] = { false };
    config.hz = 1;
    CHECK_INT(capture_synthetic_ops.create(&config, &c), 0);
    CHECK_INT(c->ops->start(c), CAPTURE_OK);
    uint32_t shapes = 0, positions = 0, timeouts = 0;
    const uint64_t end_ns = clock_ns() + 30 * NS_PER_S;
    while (clock_ns() < end_ns && shapes < 3) {
        const enum capture_result r = c->ops->next(c, 4, &u);
        if (r == CAPTURE_TIMEOUT) {
            timeouts++;
            continue;
        }
        CHECK_INT(r, CAPTURE_OK);
        if (!u.pointer)
            continue;
        const struct capture_pointer *p = &u.pointer_news;
        CHECK(p->has_position && p->x_px >= 0 && p->x_px < W && p->y_px >= 0 && p->y_px < H);
        positions++;
        if (!p->has_shape)
            continue;
        shapes++;
        CHECK(p->shape && !seen[p->shape->type]);
        seen[p->shape->type] = true;
        CHECK(memcmp(p->shape->data, testcard_cursor(p->shape->type)->data, p->shape->data_bytes) ==
              0);
    }
    CHECK_INT(shapes, 3);
    CHECK(positions > 100 && timeouts > 0);
    c->ops->stop(c);
    c->ops->destroy(c);
}

struct threads {
    struct capture *capture;
    _Atomic uint32_t starts, looked_at; /* by the capture thread; pictures of the newest start */
};

static void *capture_thread(void *ctx)
{
    struct threads *t = ctx;
    struct capture *c = t->capture;
    for (uint32_t i = 0; i < 4; i++) {
        t->looked_at = 0;
        CHECK_INT(c->ops->start(c), CAPTURE_OK);
        t->starts++;
        while (t->looked_at < 20)
            next_until_frame(c);
        c->ops->stop(c);
    }
    t->starts = 99;
    return NULL;
}

TEST(two_threads)
{
    struct capture_config config = small;
    struct capture_picture p;
    struct threads t = { 0 };
    struct observer o;
    pthread_t thread;
    uint32_t full = 0;
    config.hz = 1000;
    observer_init(&o, &config);
    CHECK_INT(capture_synthetic_ops.create(&config, &t.capture), 0);
    CHECK_INT(pthread_create(&thread, NULL, capture_thread, &t), 0);
    while (t.starts < 99) {
        if (capture_synthetic_ops.take(t.capture, 20, &p) != CAPTURE_OK)
            continue;
        if (p.damage.full) {
            o.serial = 0;
            full++;
        }
        look(&o, &p);
        t.looked_at++;
        capture_synthetic_ops.release(t.capture, true);
    }
    pthread_join(thread, NULL);
    CHECK_INT(full, 4);
    capture_synthetic_ops.destroy(t.capture);
    observer_fini(&o);
}
