/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bytes.h"

#include <errno.h>

#include <spice/enums.h>

#include "spice/display.h"

enum { WIDTH = 64, HEIGHT = 48 };

/* A display with a primary surface, and what its owner hears. */
struct rig {
    struct spice_display *display;
    uint32_t surfaces, damages;
    struct spice_rect last;
    const char *missing;
};

static void on_surface(void *ctx, struct spice_pixmap *primary)
{
    struct rig *g = ctx;
    g->surfaces++;
    (void)primary;
}

static void on_damage(void *ctx, const struct spice_rect *r)
{
    struct rig *g = ctx;
    const struct spice_pixmap *p = spice_display_primary(g->display);
    CHECK(p && r->left >= 0 && r->top >= 0 && r->left < r->right && r->top < r->bottom);
    CHECK(r->right <= (int32_t)p->width_px && r->bottom <= (int32_t)p->height_px);
    g->damages++;
    g->last = *r;
}

static void on_missing(void *ctx, const char *what)
{
    struct rig *g = ctx;
    g->missing = what;
}

static int send(struct rig *g, uint16_t type, const struct bytes *b)
{
    /* A copy of just the size: what is read beyond is found. */
    uint8_t *body = malloc(b->count ? b->count : 1);
    memcpy(body, b->at, b->count);
    const char *why = NULL;
    const int err = spice_display_message(g->display, type, body, b->count, &why);
    free(body);
    if (err == -EPROTO)
        CHECK(why != NULL);
    return err;
}

static struct bytes surface(uint32_t id, uint32_t width, uint32_t height, uint32_t format,
                            bool primary)
{
    struct bytes b = { 0 };
    put_u32(&b, id);
    put_u32(&b, width);
    put_u32(&b, height);
    put_u32(&b, format);
    put_u32(&b, primary);
    return b;
}

static void make_surface(struct rig *g, uint32_t id, uint32_t width, uint32_t height,
                         uint32_t format, bool primary)
{
    const struct bytes b = surface(id, width, height, format, primary);
    CHECK_INT(send(g, SPICE_MSG_DISPLAY_SURFACE_CREATE, &b), 0);
}

static void rig_open(struct rig *g)
{
    *g = (struct rig){ 0 };
    const struct spice_display_listener listener = {
        .on_surface = on_surface, .on_damage = on_damage, .on_missing = on_missing, .ctx = g
    };
    CHECK_INT(spice_display_create(&listener, &g->display), 0);
    make_surface(g, 0, WIDTH, HEIGHT, SPICE_SURFACE_FMT_32_xRGB, true);
}

static void rig_close(struct rig *g)
{
    spice_display_destroy(g->display);
}

static uint32_t pixel(const struct rig *g, uint32_t x, uint32_t y)
{
    const struct spice_pixmap *p = spice_display_primary(g->display);
    return p->pixels[y * p->width_px + x] & 0xffffff;
}

static struct bytes target(uint32_t id, int32_t left, int32_t top, int32_t right, int32_t bottom)
{
    struct bytes b = { 0 };
    put_u32(&b, id);
    put_rect(&b, left, top, right, bottom);
    put_u8(&b, SPICE_CLIP_TYPE_NONE);
    return b;
}

static void put_no_mask(struct bytes *b)
{
    put_u8(b, 0);
    put_u64(b, 0);
    put_u32(b, 0);
}

static void put_fill(struct bytes *b, uint32_t colour)
{
    put_u8(b, SPICE_BRUSH_TYPE_SOLID);
    put_u32(b, colour);
    put_u16(b, SPICE_ROPD_OP_PUT);
    put_no_mask(b);
}

static void fill(struct rig *g, uint32_t id, int32_t left, int32_t top, int32_t right,
                 int32_t bottom, uint32_t colour)
{
    struct bytes b = target(id, left, top, right, bottom);
    put_fill(&b, colour);
    CHECK_INT(send(g, SPICE_MSG_DISPLAY_DRAW_FILL, &b), 0);
}

static void put_image_head(struct bytes *b, uint64_t id, uint8_t type, uint8_t flags,
                           uint32_t width, uint32_t height)
{
    put_u64(b, id);
    put_u8(b, type);
    put_u8(b, flags);
    put_u32(b, width);
    put_u32(b, height);
}

/* A copy of a picture to left, top; the picture is put behind by the caller. */
static struct bytes copy_to(int32_t left, int32_t top, int32_t width, int32_t height)
{
    struct bytes b = target(0, left, top, left + width, top + height);
    const size_t offset_at = b.count;
    put_u32(&b, 0);
    put_rect(&b, 0, 0, width, height);
    put_u16(&b, SPICE_ROPD_OP_PUT);
    put_u8(&b, SPICE_IMAGE_SCALE_MODE_NEAREST);
    put_no_mask(&b);
    set_u32(&b, offset_at, (uint32_t)b.count);
    return b;
}

static void put_bitmap(struct bytes *b, uint64_t id, uint8_t flags, uint32_t width, uint32_t height,
                       uint32_t first)
{
    put_image_head(b, id, SPICE_IMAGE_TYPE_BITMAP, flags, width, height);
    put_u8(b, SPICE_BITMAP_FMT_32BIT);
    put_u8(b, SPICE_BITMAP_FLAGS_TOP_DOWN);
    put_u32(b, width);
    put_u32(b, height);
    put_u32(b, width * 4);
    put_u32(b, 0);
    for (uint32_t i = 0; i < width * height; i++)
        put_u32(b, first + i);
}

TEST(every_cut_of_every_message)
{
    struct rig g;
    rig_open(&g);
    struct bytes rows[8];
    static const uint16_t types[8] = {
        SPICE_MSG_DISPLAY_DRAW_COPY,      SPICE_MSG_DISPLAY_DRAW_FILL,
        SPICE_MSG_DISPLAY_SURFACE_CREATE, SPICE_MSG_DISPLAY_INVAL_LIST,
        SPICE_MSG_DISPLAY_STREAM_CREATE,  SPICE_MSG_DISPLAY_MONITORS_CONFIG,
        SPICE_MSG_DISPLAY_COPY_BITS,      SPICE_MSG_DISPLAY_MODE,
    };
    rows[0] = copy_to(1, 1, 2, 2);
    put_bitmap(&rows[0], 1, 0, 2, 2, 0);
    rows[1] = target(0, 0, 0, 5, 5);
    put_fill(&rows[1], 7);
    rows[2] = surface(3, 4, 4, SPICE_SURFACE_FMT_32_xRGB, false);
    rows[3] = (struct bytes){ 0 };
    put_u16(&rows[3], 2);
    for (int i = 0; i < 2; i++) {
        put_u8(&rows[3], SPICE_RES_TYPE_PIXMAP);
        put_u64(&rows[3], 9);
    }
    rows[4] = (struct bytes){ 0 };
    put_u32(&rows[4], 0);
    put_u32(&rows[4], 1);
    put_u16(&rows[4], 0x101);
    for (int i = 0; i < 6; i++)
        put_u32(&rows[4], 8);
    put_rect(&rows[4], 0, 0, 8, 8);
    put_u8(&rows[4], SPICE_CLIP_TYPE_RECTS);
    put_u32(&rows[4], 1);
    put_rect(&rows[4], 0, 0, 4, 4);
    rows[5] = (struct bytes){ 0 };
    put_u16(&rows[5], 1);
    put_u16(&rows[5], 1);
    for (int i = 0; i < 7; i++)
        put_u32(&rows[5], 1);
    rows[6] = target(0, 0, 0, 5, 5);
    put_u64(&rows[6], 0);
    rows[7] = (struct bytes){ 0 };
    put_u32(&rows[7], 9);
    put_u32(&rows[7], 9);
    put_u32(&rows[7], 32);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t cut = 0; cut < rows[i].count; cut++) {
            struct bytes part = rows[i];
            part.count = cut;
            CHECK_MSG(send(&g, types[i], &part) == -EPROTO, "type %u cut at %zu", types[i], cut);
        }
        CHECK_INT(send(&g, types[i], &rows[i]), 0);
    }
    rig_close(&g);
}

TEST(surfaces_are_limited)
{
    struct rig g;
    rig_open(&g);
    make_surface(&g, 1, 0, 5, SPICE_SURFACE_FMT_32_xRGB, false);
    CHECK(strstr(g.missing, "empty") != NULL);
    make_surface(&g, 1, UINT32_MAX, UINT32_MAX, SPICE_SURFACE_FMT_32_xRGB, true);
    CHECK(spice_display_primary(g.display) ==
          NULL); /* the one that was is not the primary any more */
    make_surface(&g, 1, 5, 5, 7, false);
    CHECK(strstr(g.missing, "format") != NULL);
    g.missing = NULL;
    for (uint32_t id = 10; id < 15; id++)
        make_surface(&g, id, 4096, 2560, SPICE_SURFACE_FMT_32_ARGB, false);
    CHECK(g.missing && strstr(g.missing, "limit"));
    g.missing = NULL;
    fill(&g, 14, 0, 0, 9, 9, 1); /* on one that there is not */
    for (uint32_t id = 100; id < 1300; id++)
        make_surface(&g, id, 1, 1, SPICE_SURFACE_FMT_32_ARGB, false);
    CHECK(g.missing && strstr(g.missing, "limit"));
    rig_close(&g);
}

TEST(a_new_primary_replaces_the_old)
{
    struct rig g;
    rig_open(&g);
    make_surface(&g, 5, 20, 10, SPICE_SURFACE_FMT_32_xRGB, true);
    CHECK_INT(spice_display_primary(g.display)->width_px, 20);
    struct bytes b = { 0 };
    put_u32(&b, 5);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_SURFACE_DESTROY, &b), 0);
    CHECK(!spice_display_primary(g.display));
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_SURFACE_DESTROY, &b), 0);
    CHECK_INT(g.surfaces, 4); /* made, lost, made, lost */
    rig_close(&g);
}

TEST(clip_rectangles)
{
    struct rig g;
    rig_open(&g);
    struct bytes b = { 0 };
    put_u32(&b, 0);
    put_rect(&b, 0, 0, WIDTH, HEIGHT);
    put_u8(&b, SPICE_CLIP_TYPE_RECTS);
    put_u32(&b, 3);
    put_rect(&b, 1, 1, 3, 3);
    put_rect(&b, 60, 40, 1000, 1000);
    put_rect(&b, -9, -9, 1, 1);
    put_fill(&b, 0xabcdef);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_FILL, &b), 0);
    CHECK_INT(g.damages, 3);
    CHECK_INT(pixel(&g, 0, 0), 0xabcdef);
    CHECK_INT(pixel(&g, 1, 0), 0);
    CHECK_INT(pixel(&g, 2, 2), 0xabcdef);
    CHECK_INT(pixel(&g, 3, 3), 0);
    CHECK_INT(pixel(&g, 63, 47), 0xabcdef);
    rig_close(&g);
}

TEST(hostile_clips)
{
    struct rig g;
    rig_open(&g);
    static const uint32_t counts[] = { 0xffffffff, 0x10000001, 4097 };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct bytes b = { 0 };
        put_u32(&b, 0);
        put_rect(&b, 0, 0, WIDTH, HEIGHT);
        put_u8(&b, SPICE_CLIP_TYPE_RECTS);
        put_u32(&b, counts[i]);
        put_fill(&b, 1);
        CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_FILL, &b), -EPROTO);
    }
    struct bytes b = { 0 }; /* the whole picture, over and over */
    put_u32(&b, 0);
    put_rect(&b, 0, 0, WIDTH, HEIGHT);
    put_u8(&b, SPICE_CLIP_TYPE_RECTS);
    put_u32(&b, 100);
    for (int i = 0; i < 100; i++)
        put_rect(&b, 0, 0, WIDTH, HEIGHT);
    put_fill(&b, 1);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_FILL, &b), -EPROTO);
    CHECK_INT(g.damages, 1);
    struct bytes strange = target(0, 0, 0, 5, 5);
    strange.at[strange.count - 1] = 2;
    put_fill(&strange, 1);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_FILL, &strange), -EPROTO);
    rig_close(&g);
}

TEST(copy_a_bitmap)
{
    struct rig g;
    rig_open(&g);
    struct bytes b = copy_to(10, 20, 4, 3);
    put_bitmap(&b, 1, 0, 4, 3, 0x500);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &b), 0);
    CHECK_INT(pixel(&g, 10, 20), 0x500);
    CHECK_INT(pixel(&g, 13, 22), 0x50b);
    CHECK_INT(pixel(&g, 14, 22), 0);
    CHECK_INT(g.last.left, 10);
    CHECK_INT(g.last.bottom, 23);
    rig_close(&g);
}

TEST(kept_images)
{
    struct rig g;
    rig_open(&g);
    struct bytes b = copy_to(0, 0, 2, 2);
    put_bitmap(&b, 42, SPICE_IMAGE_FLAGS_CACHE_ME, 2, 2, 0x700);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &b), 0);
    struct bytes again = copy_to(5, 5, 2, 2);
    put_image_head(&again, 42, SPICE_IMAGE_TYPE_FROM_CACHE, 0, 2, 2);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &again), 0);
    CHECK_INT(pixel(&g, 6, 6), 0x703);
    CHECK(!g.missing);
    struct bytes forget = { 0 };
    put_u16(&forget, 1);
    put_u8(&forget, SPICE_RES_TYPE_PIXMAP);
    put_u64(&forget, 42);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_INVAL_LIST, &forget), 0);
    const uint32_t before = g.damages;
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &again), 0);
    CHECK(g.missing && g.damages == before);
    for (uint64_t id = 0; id < 20000; id++) { /* a server that never forgets any */
        struct bytes more = copy_to(0, 0, 2, 2);
        put_bitmap(&more, id, SPICE_IMAGE_FLAGS_CACHE_ME, 2, 2, 0);
        CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &more), 0);
    }
    rig_close(&g);
}

TEST(what_cannot_be_drawn_is_left_alone)
{
    struct rig g;
    rig_open(&g);
    fill(&g, 0, 0, 0, WIDTH, HEIGHT, 0x123456);
    const uint32_t before = g.damages;
    struct bytes quic = copy_to(0, 0, 4, 4);
    put_image_head(&quic, 1, SPICE_IMAGE_TYPE_QUIC, 0, 4, 4);
    put_u64(&quic, 0);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &quic), 0);
    CHECK(strstr(g.missing, "QUIC") != NULL);
    struct bytes masked = target(0, 0, 0, 5, 5);
    put_fill(&masked, 1);
    set_u32(&masked, masked.count - 4, 4);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_FILL, &masked), 0);
    CHECK(strstr(g.missing, "mask") != NULL);
    const struct bytes text = target(0, 0, 0, 5, 5);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_TEXT, &text), 0);
    CHECK(strstr(g.missing, "text") != NULL);
    CHECK_INT(send(&g, 999, &text), 0);
    CHECK_INT(g.damages, before);
    CHECK_INT(pixel(&g, 0, 0), 0x123456);
    rig_close(&g);
}

TEST(image_offsets_outside_the_message)
{
    static const uint32_t offsets[] = { 0, 0xffffffff, 0x80000000 };
    struct rig g;
    rig_open(&g);
    for (size_t i = 0; i < ARRAY_LEN(offsets) + 1; i++) {
        struct bytes b = copy_to(0, 0, 2, 2);
        put_bitmap(&b, 1, 0, 2, 2, 0);
        set_u32(&b, 21, i < ARRAY_LEN(offsets) ? offsets[i] : (uint32_t)b.count);
        CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &b), -EPROTO);
    }
    CHECK_INT(g.damages, 0);
    rig_close(&g);
}

TEST(move_with_overlap)
{
    struct rig g;
    rig_open(&g);
    for (int32_t y = 0; y < HEIGHT; y++)
        fill(&g, 0, 0, y, WIDTH, y + 1, (uint32_t)y);
    struct bytes b = target(0, 0, 1, WIDTH, HEIGHT); /* everything down by one */
    put_u64(&b, 0);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_COPY_BITS, &b), 0);
    CHECK_INT(pixel(&g, 3, 0), 0);
    for (uint32_t y = 1; y < HEIGHT; y++)
        CHECK_INT(pixel(&g, 3, y), y - 1);
    struct bytes outside = target(0, 0, 0, WIDTH, HEIGHT);
    put_u32(&outside, 0x7fffffff);
    put_u32(&outside, 0x80000000);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_COPY_BITS, &outside), 0);
    CHECK(strstr(g.missing, "outside") != NULL);
    rig_close(&g);
}

TEST(off_screen_surfaces_are_sources)
{
    struct rig g;
    rig_open(&g);
    make_surface(&g, 9, 8, 8, SPICE_SURFACE_FMT_32_ARGB, false);
    fill(&g, 9, 0, 0, 8, 8, 0xff00aa00);
    fill(&g, 9, 0, 0, 4, 8, 0x00000000);
    CHECK_INT(g.damages, 0);
    struct bytes b = target(0, 0, 0, 8, 8);
    put_u8(&b, SPICE_ALPHA_FLAGS_SRC_SURFACE_HAS_ALPHA);
    put_u8(&b, 255);
    put_u32(&b, (uint32_t)b.count + 20);
    put_rect(&b, 0, 0, 8, 8);
    put_image_head(&b, 0, SPICE_IMAGE_TYPE_SURFACE, 0, 8, 8);
    put_u32(&b, 9);
    fill(&g, 0, 0, 0, WIDTH, HEIGHT, 0x0000ff);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_ALPHA_BLEND, &b), 0);
    CHECK_INT(pixel(&g, 0, 0), 0x0000ff);
    CHECK_INT(pixel(&g, 4, 0), 0x00aa00);
    struct bytes self = copy_to(4, 4, 8, 8); /* the primary onto itself */
    put_image_head(&self, 0, SPICE_IMAGE_TYPE_SURFACE, 0, WIDTH, HEIGHT);
    put_u32(&self, 0);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_COPY, &self), 0);
    CHECK_INT(pixel(&g, 4, 4), 0x0000ff);
    CHECK_INT(pixel(&g, 8, 4), 0x00aa00);
    CHECK_INT(pixel(&g, 11, 11), 0x00aa00);
    rig_close(&g);
}

TEST(other_fills)
{
    struct rig g;
    rig_open(&g);
    struct bytes b = target(0, 0, 0, 2, 2);
    put_no_mask(&b);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_WHITENESS, &b), 0);
    CHECK_INT(pixel(&g, 1, 1), 0xffffff);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_INVERS, &b), 0);
    CHECK_INT(pixel(&g, 1, 1), 0);
    fill(&g, 0, 0, 0, 2, 2, 0xf0f0f0);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_INVERS, &b), 0);
    CHECK_INT(pixel(&g, 1, 1), 0x0f0f0f);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_DRAW_BLACKNESS, &b), 0);
    CHECK_INT(pixel(&g, 1, 1), 0);
    rig_close(&g);
}

TEST(sixteen_bit_surface)
{
    struct rig g;
    rig_open(&g);
    make_surface(&g, 0, 8, 8, SPICE_SURFACE_FMT_16_565, true);
    fill(&g, 0, 0, 0, 8, 8, 0xf800);
    CHECK_INT(pixel(&g, 1, 1), 0xff0000);
    rig_close(&g);
}

TEST(streams_of_nobody)
{
    struct rig g;
    rig_open(&g);
    struct bytes data = { 0 };
    put_u32(&data, 3);
    put_u32(&data, 0);
    put_u32(&data, 4);
    put_u32(&data, 0);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_DATA, &data), 0);
    set_u32(&data, 0, 0xffffffff);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_DATA, &data), 0);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_DESTROY, &data), 0);
    set_u32(&data, 8, 0xffffffff);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_DATA, &data), -EPROTO);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_DESTROY_ALL, &(struct bytes){ 0 }), 0);
    rig_close(&g);
}

TEST(damaged_video_frame_is_skipped)
{
    struct rig g;
    rig_open(&g);
    for (uint8_t codec = 1; codec < 4; codec++) {
        struct bytes b = { 0 };
        put_u32(&b, 0);
        put_u32(&b, 1);
        put_u8(&b, 1);
        put_u8(&b, codec);
        for (int i = 0; i < 6; i++)
            put_u32(&b, 8);
        put_rect(&b, 0, 0, 8, 8);
        put_u8(&b, SPICE_CLIP_TYPE_NONE);
        CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_CREATE, &b), 0);
        struct bytes data = { 0 };
        put_u32(&data, 1);
        put_u32(&data, 0);
        put_u32(&data, 4);
        put_u32(&data, 0xd8ff);
        g.missing = NULL;
        CHECK_INT(send(&g, SPICE_MSG_DISPLAY_STREAM_DATA, &data), 0);
        CHECK(g.missing && strstr(g.missing, codec == 1 ? "JPEG" : "codec"));
    }
    CHECK_INT(g.damages, 0);
    rig_close(&g);
}

TEST(reset_forgets_everything)
{
    struct rig g;
    rig_open(&g);
    CHECK_INT(send(&g, SPICE_MSG_DISPLAY_RESET, &(struct bytes){ 0 }), 0);
    CHECK(!spice_display_primary(g.display));
    fill(&g, 0, 0, 0, 4, 4, 1);
    CHECK_INT(g.damages, 0);
    rig_close(&g);
}
