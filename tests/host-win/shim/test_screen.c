/* SPDX-License-Identifier: GPL-2.0-or-later
 * The scripted desktop's pictures: what each command changes, and nothing else. */
#include "shim/screen.h"

#include "test.h"

enum { W = 64, H = 48 };

struct desk {
    struct shim_script script;
    struct shim_screen screen;
    struct shim_news news;
    uint32_t before[H][W];
};

static void open_desk(struct desk *d, const char *events, uint32_t output)
{
    char text[1024], error[160];
    snprintf(text, sizeof(text), "mode %d %d\nbegin\n%s\n", W, H, events);
    CHECK_MSG(shim_script_parse(text, strlen(text), &d->script, error) == 0, "%s", error);
    CHECK_INT(shim_screen_init(&d->screen, &d->script, output), 0);
}

static void close_desk(struct desk *d)
{
    shim_screen_fini(&d->screen);
    shim_script_fini(&d->script);
}

static void play(struct desk *d, uint32_t event)
{
    memcpy(d->before, d->screen.pixels, sizeof(d->before));
    CHECK_INT(shim_screen_apply(&d->screen, &d->script, event, &d->news), 0);
}

static uint32_t at(const struct desk *d, uint32_t x, uint32_t y)
{
    return d->screen.pixels[y * W + x];
}

TEST(paint_changes_its_rectangle_only)
{
    struct desk d;
    open_desk(&d, "paint -3 -3 13 8\npaint 60 40 100 100 102030\ngo", 0);
    play(&d, 1);
    CHECK_INT(d.news.dirty_count, 2);
    CHECK_INT(d.news.dirty[0].left, -3);
    CHECK_INT(d.news.dirty[1].right, 160);
    uint32_t changed = 0;
    for (uint32_t y = 0; y < H; y++) {
        for (uint32_t x = 0; x < W; x++) {
            const bool first = x < 10 && y < 5, second = x >= 60 && y >= 40;
            CHECK(first || second || at(&d, x, y) == d.before[y][x]);
            CHECK(!second || at(&d, x, y) == 0x102030);
            changed += at(&d, x, y) != d.before[y][x];
        }
    }
    CHECK_INT(changed, 10 * 5 + 4 * 8);
    close_desk(&d);
}

TEST(moves_overlap_and_are_clipped)
{
    static const struct {
        const char *event;
        int32_t x, y, width, height, dx, dy; /* of the target */
    } rows[] = {
        { "move 10 10 20 20 12 13", 12, 13, 20, 20, 2, 3 },
        { "move 10 10 20 20 7 5", 7, 5, 20, 20, -3, -5 },
        { "move 0 0 64 48 0 1", 0, 1, 64, 47, 0, 1 },
        { "move 50 40 30 30 0 0", 0, 0, 14, 8, -50, -40 },
        { "move 0 0 10 10 60 45", 60, 45, 4, 3, 60, 45 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct desk d;
        char event[64];
        snprintf(event, sizeof(event), "%s\ngo", rows[i].event);
        open_desk(&d, event, 0);
        play(&d, 1);
        CHECK_INT(d.news.move_count, 1);
        CHECK_INT(d.news.moves[0].to.left, rows[i].x);
        CHECK_INT(d.news.moves[0].to.bottom, rows[i].y + rows[i].height);
        CHECK_INT(d.news.moves[0].from_x, rows[i].x - rows[i].dx);
        for (int32_t y = 0; y < H; y++) {
            for (int32_t x = 0; x < W; x++) {
                const bool in = x >= rows[i].x && x < rows[i].x + rows[i].width && y >= rows[i].y &&
                                y < rows[i].y + rows[i].height;
                const int32_t sx = in ? x - rows[i].dx : x, sy = in ? y - rows[i].dy : y;
                CHECK_MSG(at(&d, (uint32_t)x, (uint32_t)y) == d.before[sy][sx], "row %zu at %d %d",
                          i, x, y);
            }
        }
        close_desk(&d);
    }
}

TEST(outputs_and_events_look_different)
{
    struct desk a, b;
    open_desk(&a, "full\ngo\nfull\ngo", 0);
    open_desk(&b, "full\ngo\nfull\ngo", 1);
    for (uint32_t event = 1; event <= 2; event++) {
        uint32_t same_as_other = 0, same_as_before = 0;
        play(&a, event);
        play(&b, event);
        for (uint32_t i = 0; i < W * H; i++) {
            same_as_other += at(&a, i % W, i / W) == at(&b, i % W, i / W);
            same_as_before += at(&a, i % W, i / W) == a.before[i / W][i % W];
        }
        CHECK(same_as_other < 4 && same_as_before < 4);
    }
    close_desk(&a);
    close_desk(&b);
}

TEST(pixel_types)
{
    static const struct {
        enum frame_format format;
        uint8_t bytes[8];
    } rows[] = {
        { FRAME_FORMAT_BGRA, { 0, 0x80, 0xFF, 0xFF } },
        { FRAME_FORMAT_RGBA, { 0xFF, 0x80, 0, 0xFF } },
        /* 1023 | 514 << 10 | 3 << 30 */
        { FRAME_FORMAT_RGBA10, { 0xFF, 0x0B, 0x08, 0xC0 } },
        /* 1.0; 0.2158605 = 0x32E8; 0; 1.0 */
        { FRAME_FORMAT_RGBA16F, { 0x00, 0x3C, 0xE8, 0x32, 0, 0, 0x00, 0x3C } },
    };
    struct desk d;
    open_desk(&d, "paint 0 0 64 48 ff8000\ngo\nwhite 160\ngo", 0);
    play(&d, 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t row[2][8] = { 0 };
        const size_t bytes = rows[i].format == FRAME_FORMAT_RGBA16F ? 8 : 4;
        shim_screen_row(&d.screen, rows[i].format, 3, 5, 2, row);
        CHECK_MSG(memcmp((uint8_t *)row + bytes, rows[i].bytes, bytes) == 0, "row %zu", i);
    }
    play(&d, 2);
    CHECK(d.news.remade);
    CHECK_INT(d.screen.half[255], 0x4000); /* 2.0 */
    CHECK_INT(d.screen.half[0], 0);
    CHECK_INT(d.screen.half[1], 0x10F9); /* 2 / 255 / 12.92 = 0.00060707 */
    close_desk(&d);
}

TEST(pointer)
{
    struct desk d;
    open_desk(&d, "pointer -7 9 shown\nshape masked 5 3 1 2\ngo\nshape mono 9 4 0 0\ngo", 0);
    play(&d, 1);
    CHECK(d.news.pointer_moved && d.news.shape && !d.news.frame);
    CHECK_INT(d.screen.pointer.x_px, -7);
    uint8_t bytes[256];
    CHECK_INT(shim_pointer_pitch_bytes(&d.screen.pointer) * shim_pointer_rows(&d.screen.pointer),
              60);
    shim_pointer_bytes(&d.screen.pointer, bytes);
    for (uint32_t i = 3; i < 60; i += 4)
        CHECK(bytes[i] == 0 || bytes[i] == 255);
    play(&d, 2);
    CHECK(!d.news.pointer_moved && d.news.shape);
    CHECK_INT(shim_pointer_pitch_bytes(&d.screen.pointer), 2);
    CHECK_INT(shim_pointer_rows(&d.screen.pointer), 8);
    close_desk(&d);
}
