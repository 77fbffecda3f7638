/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bytes.h"

#include <errno.h>

#include <spice/enums.h>

#include "spice/cursor.h"

struct rig {
    struct spice_cursor *cursor;
    uint32_t told;
    struct spice_cursor_state state;
    struct spice_cursor_shape shape;
    uint8_t data[8192];
};

static void on_pointer(void *ctx, const struct spice_cursor_state *state)
{
    struct rig *g = ctx;
    g->told++;
    g->state = *state;
    if (!state->shape)
        return;
    g->shape = *state->shape;
    CHECK(g->shape.data_bytes >=
          g->shape.pitch_bytes * g->shape.height_px * (g->shape.kind == SPICE_CURSOR_MONO ? 2 : 1));
    CHECK(g->shape.hot_x_px < g->shape.width_px && g->shape.hot_y_px < g->shape.height_px);
    memcpy(g->data, g->shape.data,
           g->shape.data_bytes < sizeof(g->data) ? g->shape.data_bytes : sizeof(g->data));
}

static void rig_open(struct rig *g)
{
    *g = (struct rig){ 0 };
    const struct spice_cursor_listener listener = { .on_pointer = on_pointer, .ctx = g };
    CHECK_INT(spice_cursor_create(&listener, &g->cursor), 0);
}

static int send(struct rig *g, uint16_t type, const struct bytes *b)
{
    uint8_t *body = malloc(b->count ? b->count : 1);
    memcpy(body, b->at, b->count);
    const char *why = NULL;
    const int err = spice_cursor_message(g->cursor, type, body, b->count, &why);
    free(body);
    if (err == -EPROTO)
        CHECK(why != NULL);
    return err;
}

static struct bytes set(uint16_t flags, uint64_t id, uint8_t type, uint32_t width, uint32_t height)
{
    struct bytes b = { 0 };
    put_u16(&b, 100);
    put_u16(&b, (uint16_t)-7);
    put_u8(&b, 1);
    put_u16(&b, flags);
    put_u64(&b, id);
    put_u8(&b, type);
    put_u16(&b, width);
    put_u16(&b, height);
    put_u16(&b, 3);
    put_u16(&b, 1000);
    return b;
}

TEST(hostile_shapes)
{
    static const struct {
        uint8_t type;
        uint32_t width, height, data_bytes;
    } rows[] = {
        { SPICE_CURSOR_TYPE_ALPHA, 0, 8, 100 },
        { SPICE_CURSOR_TYPE_ALPHA, 8, 0, 100 },
        { SPICE_CURSOR_TYPE_ALPHA, 65535, 65535, 100 },
        { SPICE_CURSOR_TYPE_ALPHA, 513, 1, 4000 },
        { SPICE_CURSOR_TYPE_ALPHA, 8, 8, 255 },
        { SPICE_CURSOR_TYPE_MONO, 9, 8, 31 },
        { SPICE_CURSOR_TYPE_COLOR4, 8, 8, 32 + 64 + 7 },
        { SPICE_CURSOR_TYPE_COLOR8, 8, 8, 64 + 1024 + 7 },
        { SPICE_CURSOR_TYPE_COLOR16, 8, 8, 128 + 7 },
        { SPICE_CURSOR_TYPE_COLOR24, 8, 8, 192 + 7 },
        { SPICE_CURSOR_TYPE_COLOR32, 8, 8, 256 + 7 },
        { 7, 8, 8, 4000 },
        { 255, 8, 8, 4000 },
    };
    struct rig g;
    rig_open(&g);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = set(0, 1, rows[i].type, rows[i].width, rows[i].height);
        for (uint32_t n = 0; n < rows[i].data_bytes; n++)
            put_u8(&b, n);
        CHECK_MSG(send(&g, SPICE_MSG_CURSOR_SET, &b) == -EPROTO, "row %zu", i);
    }
    CHECK_INT(g.told, 0);
    struct bytes whole = set(0, 1, SPICE_CURSOR_TYPE_MONO, 8, 1);
    put_u16(&whole, 0);
    for (size_t cut = 0; cut < whole.count; cut++) {
        struct bytes part = whole;
        part.count = cut;
        CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &part), -EPROTO);
        CHECK_INT(send(&g, SPICE_MSG_CURSOR_INIT, &part), -EPROTO);
    }
    spice_cursor_destroy(g.cursor);
}

/* A shape of 2x1 pixels: the first put down, the second XORed. */
TEST(kinds_of_shapes)
{
    static const struct {
        uint8_t type;
        enum spice_cursor_kind kind;
        uint8_t pixels[8];
        uint8_t pixel_bytes;
        uint32_t colours;
        uint8_t mask; /* 0: none */
        uint32_t want[2];
    } rows[] = {
        { SPICE_CURSOR_TYPE_ALPHA,
          SPICE_CURSOR_ALPHA,
          { 1, 2, 3, 4, 5, 6, 7, 8 },
          8,
          0,
          0,
          { 0x04030201, 0x08070605 } },
        { SPICE_CURSOR_TYPE_COLOR32,
          SPICE_CURSOR_MASKED,
          { 1, 2, 3, 99, 5, 6, 7, 99 },
          8,
          0,
          0x40,
          { 0x00030201, 0xff070605 } },
        { SPICE_CURSOR_TYPE_COLOR24,
          SPICE_CURSOR_MASKED,
          { 1, 2, 3, 5, 6, 7 },
          6,
          0,
          0x40,
          { 0x00030201, 0xff070605 } },
        { SPICE_CURSOR_TYPE_COLOR16,
          SPICE_CURSOR_MASKED,
          { 0x00, 0x7c, 0x1f, 0x00 },
          4,
          0,
          0x40,
          { 0x00ff0000, 0xff0000ff } },
        { SPICE_CURSOR_TYPE_COLOR8,
          SPICE_CURSOR_MASKED,
          { 2, 1 },
          2,
          256,
          0x40,
          { 0x00020202, 0xff010101 } },
        { SPICE_CURSOR_TYPE_COLOR4,
          SPICE_CURSOR_MASKED,
          { 0x21 },
          1,
          16,
          0x40,
          { 0x00020202, 0xff010101 } },
    };
    struct rig g;
    rig_open(&g);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = set(0, 1, rows[i].type, 2, 1);
        put_bytes(&b, rows[i].pixels, rows[i].pixel_bytes);
        for (uint32_t c = 0; c < rows[i].colours; c++)
            put_u32(&b, c * 0x010101);
        if (rows[i].mask)
            put_u8(&b, rows[i].mask);
        CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &b), 0);
        CHECK_INT(g.shape.kind, rows[i].kind);
        uint32_t got[2];
        memcpy(got, g.data, sizeof(got));
        CHECK_INT(got[0], rows[i].want[0]);
        CHECK_INT(got[1], rows[i].want[1]);
    }
    struct bytes mono = set(0, 1, SPICE_CURSOR_TYPE_MONO, 9, 1);
    put_bytes(&mono, "\x12\x80\x34\x00", 4);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &mono), 0);
    CHECK_INT(g.shape.kind, SPICE_CURSOR_MONO);
    CHECK_INT(g.shape.pitch_bytes, 2);
    CHECK(memcmp(g.data, "\x12\x80\x34\x00", 4) == 0);
    spice_cursor_destroy(g.cursor);
}

TEST(places_and_visibility)
{
    struct rig g;
    rig_open(&g);
    struct bytes b = set(SPICE_CURSOR_FLAGS_NONE, 0, 0, 0, 0);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &b), 0);
    CHECK(!g.state.visible && !g.state.shape); /* nothing to show */
    b = set(0, 1, SPICE_CURSOR_TYPE_ALPHA, 8, 8);
    for (int i = 0; i < 64; i++)
        put_u32(&b, 0);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &b), 0);
    CHECK(g.state.visible && g.state.shape_changed);
    CHECK_INT(g.state.x_px, 100);
    CHECK_INT(g.state.y_px, -7);
    CHECK_INT(g.shape.hot_x_px, 3);
    CHECK_INT(g.shape.hot_y_px, 7); /* kept inside */
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_HIDE, &(struct bytes){ 0 }), 0);
    CHECK(!g.state.visible && !g.state.shape_changed);
    struct bytes move = { 0 };
    put_u16(&move, 5);
    put_u16(&move, 6);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_MOVE, &move), 0);
    CHECK(g.state.visible && g.state.x_px == 5 && g.state.y_px == 6);
    move.count = 3;
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_MOVE, &move), -EPROTO);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_RESET, &(struct bytes){ 0 }), 0);
    CHECK(!g.state.visible && !g.state.shape);
    spice_cursor_destroy(g.cursor);
}

TEST(kept_shapes)
{
    struct rig g;
    rig_open(&g);
    for (uint64_t id = 0; id < 300; id++) { /* more than are kept */
        struct bytes b = set(SPICE_CURSOR_FLAGS_CACHE_ME, id, SPICE_CURSOR_TYPE_ALPHA, 1, 1);
        put_u32(&b, (uint32_t)id);
        CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &b), 0);
    }
    const struct bytes there = set(SPICE_CURSOR_FLAGS_FROM_CACHE, 250, 0, 0, 0);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &there), 0);
    CHECK(g.state.shape_changed && g.data[0] == 250);
    const struct bytes gone = set(SPICE_CURSOR_FLAGS_FROM_CACHE, 10, 0, 0, 0);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &gone), 0);
    CHECK(!g.state.shape_changed && g.data[0] == 250);
    struct bytes one = { 0 };
    put_u64(&one, 250);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_INVAL_ONE, &one), 0);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &there), 0);
    CHECK(!g.state.shape_changed);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_INVAL_ALL, &(struct bytes){ 0 }), 0);
    const struct bytes last = set(SPICE_CURSOR_FLAGS_FROM_CACHE, 299, 0, 0, 0);
    CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &last), 0);
    CHECK(!g.state.shape_changed);
    spice_cursor_destroy(g.cursor);
}

TEST(kept_shapes_have_a_limit_of_bytes)
{
    struct rig g;
    rig_open(&g);
    static struct bytes b; /* 512x16 of 32 KiB: 600 of them are 19 MiB */
    for (uint64_t id = 0; id < 600; id++) {
        b = set(SPICE_CURSOR_FLAGS_CACHE_ME, id, SPICE_CURSOR_TYPE_ALPHA, 512, 16);
        b.count += (size_t)512 * 16 * 4;
        CHECK_INT(send(&g, SPICE_MSG_CURSOR_SET, &b), 0);
    }
    spice_cursor_destroy(g.cursor);
}
