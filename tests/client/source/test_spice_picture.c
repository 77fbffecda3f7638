/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "source/spice/picture.h"
#include "source/spice/pointer.h"

static struct spice_pixmap *surface(uint32_t width, uint32_t height, uint32_t colour)
{
    struct spice_pixmap *p;
    CHECK_INT(spice_pixmap_create(width, height, &p), 0);
    for (uint32_t i = 0; i < width * height; i++)
        p->pixels[i] = colour;
    return p;
}

/* Takes the frame, which must be there. */
static struct frame_view take(struct picture *p, struct damage *damage)
{
    struct frame_view f;
    CHECK_INT(picture_take(p, &f, damage), SOURCE_TAKE_FRAME);
    CHECK_INT(frame_view_ready_rows(&f), f.height_px);
    return f;
}

static void must_be_empty(struct picture *p)
{
    struct frame_view f;
    struct damage damage;
    CHECK(!picture_has_news(p));
    CHECK_INT(picture_take(p, &f, &damage), SOURCE_TAKE_NONE);
}

TEST(nothing_before_something_is_drawn)
{
    struct picture p;
    picture_init(&p);
    must_be_empty(&p);
    const struct spice_rect r = { 0, 0, 4, 4 };
    picture_add_damage(&p, &r);
    must_be_empty(&p);
    struct spice_pixmap *s = surface(8, 8, 1);
    picture_set_surface(&p, s);
    must_be_empty(&p);
    picture_add_damage(&p, &r);
    struct damage d;
    const struct frame_view f = take(&p, &d);
    CHECK(d.full && f.width_px == 8 && f.pitch_bytes == 32);
    picture_finish(&p, true);
    must_be_empty(&p);
    spice_pixmap_unref(s);
    picture_fini(&p);
}

TEST(damage_is_kept_until_drawn)
{
    struct picture p;
    struct damage d;
    picture_init(&p);
    struct spice_pixmap *s = surface(100, 100, 1);
    picture_set_surface(&p, s);
    picture_add_damage(&p, &(struct spice_rect){ 0, 0, 1, 1 });
    const uint32_t first = take(&p, &d).serial;
    picture_finish(&p, true);
    picture_add_damage(&p, &(struct spice_rect){ 10, 20, 30, 25 });
    const uint32_t second = take(&p, &d).serial;
    CHECK(second == first + 1 && !d.full && d.count == 1);
    CHECK(d.rects[0].x_px == 10 && d.rects[0].y_px == 20 && d.rects[0].width_px == 20 &&
          d.rects[0].height_px == 5);
    picture_finish(&p, false);
    CHECK(picture_has_news(&p));
    CHECK_INT(take(&p, &d).serial, second);                         /* the same one again */
    picture_add_damage(&p, &(struct spice_rect){ 90, 90, 91, 91 }); /* meanwhile */
    CHECK_INT(take(&p, &d).serial, second + 1);                     /* a newer one */
    CHECK_INT(d.count, 2);
    picture_add_damage(&p, &(struct spice_rect){ 50, 50, 51, 51 });
    picture_finish(&p, true);
    take(&p, &d);
    CHECK(d.count == 1 && d.rects[0].x_px == 50);
    picture_finish(&p, true);
    must_be_empty(&p);
    picture_offer_again(&p);
    take(&p, &d);
    CHECK(d.full);
    spice_pixmap_unref(s);
    picture_fini(&p);
}

TEST(pixels_outlive_their_surface)
{
    struct picture p;
    struct damage d;
    picture_init(&p);
    struct spice_pixmap *s = surface(8, 8, 0x11111111), *other = surface(4, 4, 0x22222222);
    picture_set_surface(&p, s);
    spice_pixmap_unref(s); /* the server's */
    picture_add_damage(&p, &(struct spice_rect){ 0, 0, 8, 8 });
    const struct frame_view f = take(&p, &d);
    picture_set_surface(&p, NULL);
    picture_set_surface(&p, other);
    spice_pixmap_unref(other);
    picture_add_damage(&p, &(struct spice_rect){ 0, 0, 1, 1 });
    CHECK(f.pixels[0] == 0x11 && f.pixels[255] == 0x11); /* under ASan */
    picture_finish(&p, true);
    CHECK_INT(take(&p, &d).width_px, 4);
    CHECK(d.full);
    picture_fini(&p);
}

TEST(pointer_is_placed_by_its_corner)
{
    struct pointer p;
    struct cursor_update u;
    uint8_t pixels[4 * 4 * 4] = { 9 };
    struct spice_cursor_shape shape = { .kind = SPICE_CURSOR_MASKED,
                                        .width_px = 4,
                                        .height_px = 4,
                                        .pitch_bytes = 16,
                                        .hot_x_px = 3,
                                        .hot_y_px = 1,
                                        .data_bytes = sizeof(pixels),
                                        .data = pixels };
    pointer_init(&p);
    CHECK(!pointer_take(&p, &u));
    struct spice_cursor_state state = {
        .visible = true, .x_px = 100, .y_px = -5, .shape = &shape, .shape_changed = true
    };
    pointer_set(&p, &state);
    pointer_set(&p, &state); /* merged: the first shape is freed */
    CHECK(pointer_take(&p, &u));
    CHECK(u.visible && u.has_position && u.has_shape && u.x_px == 97 && u.y_px == -6);
    CHECK(u.shape.type == CURSOR_MASKED_COLOUR && u.shape.data[0] == 9 && u.shape.data != pixels);
    cursor_shape_fini(&u.shape);
    CHECK(!pointer_take(&p, &u));
    state.shape_changed = false;
    state.visible = false;
    pointer_set(&p, &state);
    CHECK(pointer_take(&p, &u) && !u.has_shape && !u.visible && u.x_px == 97);
    state.shape_changed = true;
    shape.width_px = 4096; /* what a viewer would not take */
    pointer_set(&p, &state);
    CHECK(pointer_take(&p, &u) && !u.has_shape);
    state.shape = NULL;
    pointer_set(&p, &state);
    CHECK(pointer_take(&p, &u) && !u.has_position && !u.has_shape);
    shape.width_px = 4;
    state.shape = &shape;
    pointer_set(&p, &state);
    pointer_hide(&p);
    CHECK(pointer_take(&p, &u) && !u.visible && !u.has_shape);
    pointer_fini(&p);
}
