/* SPDX-License-Identifier: GPL-2.0-or-later
 * The judge of the Windows cases must be able to say no. */
#include "follower/judge.h"

#include "test.h"

enum { W = 48, H = 32 };

struct court {
    struct shim_script script;
    struct shim_screen screen; /* the desktop as a faultless host would publish it */
    struct judge judge;
    uint32_t pixels[H][W];
    struct frame_view frame;
};

static void play(struct court *c, uint32_t event)
{
    static struct shim_news news;
    CHECK_INT(shim_screen_apply(&c->screen, &c->script, event, &news), 0);
    for (uint32_t y = 0; y < H; y++)
        shim_screen_row(&c->screen, FRAME_FORMAT_BGRA, 0, y, W, c->pixels[y]);
}

static void convene(struct court *c)
{
    static const char text[] = "mode 48 32\nbegin\npaint 2 3 4 5\ngo\nfull\ngo\npaint 9 9 2 2\ngo\n"
                               "shape mono 9 3 1 2\ngo\n";
    char error[160];
    *c = (struct court){ .frame = { .fmt = frame_format_find(FRAME_FORMAT_BGRA),
                                    .width_px = W,
                                    .height_px = H,
                                    .rows_px = H,
                                    .pitch_bytes = W * 4,
                                    .row_bytes = W * 4,
                                    .pixels_bytes = W * 4 * H } };
    c->frame.pixels = (const uint8_t *)c->pixels;
    CHECK_INT(shim_script_parse(text, sizeof(text) - 1, &c->script, error), 0);
    CHECK_INT(shim_screen_init(&c->screen, &c->script, 0), 0);
    CHECK_INT(judge_init(&c->judge, &c->script, 0), 0);
    for (uint32_t y = 0; y < H; y++)
        shim_screen_row(&c->screen, FRAME_FORMAT_BGRA, 0, y, W, c->pixels[y]);
}

static struct verdict judged(struct court *c, struct frame_rect damage)
{
    struct verdict v;
    c->frame.damage_count = damage.width_px ? 1 : 0;
    c->frame.damage[0] = damage;
    CHECK_INT(judge_frame(&c->judge, &c->frame, &v), 0);
    return v;
}

static void close_court(struct court *c)
{
    judge_fini(&c->judge);
    shim_screen_fini(&c->screen);
    shim_script_fini(&c->script);
}

TEST(right_frames)
{
    static struct court c;
    convene(&c);
    struct verdict v = judged(&c, (struct frame_rect){ 0 });
    CHECK(v.known && v.honest);
    CHECK_INT(v.event, 0);
    play(&c, 1);
    v = judged(&c, (struct frame_rect){ 2, 3, 4, 5 });
    CHECK(v.known && v.honest);
    CHECK_INT(v.event, 1);
    CHECK_INT(v.damaged_px, 20);
    play(&c, 2);
    play(&c, 3); /* one was never published */
    v = judged(&c, (struct frame_rect){ 0 });
    CHECK(v.known && v.honest);
    CHECK_INT(v.event, 3);
    close_court(&c);
}

TEST(one_wrong_pixel)
{
    static struct court c;
    convene(&c);
    c.pixels[H - 1][W - 1] ^= 1;
    struct verdict v = judged(&c, (struct frame_rect){ 0 });
    CHECK(!v.known && v.honest);
    CHECK_INT(v.wrong_x, W - 1);
    CHECK_INT(v.wrong_y, H - 1);
    c.judge.tolerance = 1;
    v = judged(&c, (struct frame_rect){ 0 });
    CHECK(v.known);
    close_court(&c);
}

TEST(damage_that_lies)
{
    static struct court c;
    convene(&c);
    judged(&c, (struct frame_rect){ 0 });
    play(&c, 1);
    struct verdict v = judged(&c, (struct frame_rect){ 2, 3, 4, 4 }); /* a row too few */
    CHECK(v.known && !v.honest);
    CHECK_INT(v.x_px, 2);
    CHECK_INT(v.y_px, 7);
    play(&c, 3);
    judge_forget(&c.judge);
    v = judged(&c, (struct frame_rect){ 0, 0, 1, 1 }); /* nobody knows the one before */
    CHECK(v.honest && !v.known); /* event 2 painted all of it: this is no state of the desktop */
    close_court(&c);
}

TEST(other_size_and_rotation)
{
    static struct court c;
    convene(&c);
    c.frame.rotation = FRAME_ROTATE_90;
    CHECK(!judged(&c, (struct frame_rect){ 0 }).known);
    c.frame.rotation = FRAME_ROTATE_0;
    c.frame.width_px = W - 1;
    c.frame.row_bytes = (W - 1) * 4;
    CHECK(!judged(&c, (struct frame_rect){ 0 }).known);
    close_court(&c);
}

TEST(shapes)
{
    static struct court c;
    convene(&c);
    play(&c, 4);
    uint8_t bytes[64];
    struct cursor_shape shape = { CURSOR_MONOCHROME, 9, 3, 2, 1, 2, 12, bytes };
    uint32_t event = 0;
    shim_pointer_bytes(&c.screen.pointer, bytes);
    CHECK(judge_shape(&c.judge, &shape, &event));
    CHECK_INT(event, 4);
    bytes[11] ^= 0x80;
    CHECK(!judge_shape(&c.judge, &shape, &event));
    bytes[11] ^= 0x80;
    shape.hot_x_px = 0;
    CHECK(!judge_shape(&c.judge, &shape, &event));
    close_court(&c);
}
