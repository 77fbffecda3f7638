/* SPDX-License-Identifier: GPL-2.0-or-later
 * The seat in a real compositor, keys and pointer injected there, while a render thread draws on
 * the same connection. What the listener was told is kept as text, one word after the other. */
#include "test.h"

#include <linux/input-event-codes.h>
#include <stdarg.h>

#include "base/clock.h"
#include "display/seat.h"
#include "injector/injector.h"
#include "sway.h"
#include "window.h"

enum { WIDTH = 640, HEIGHT = 480, PATIENCE_MS = 5000, QUIET_MS = 150 };

struct rig {
    struct injector *injector;
    struct test_window *window;
    struct loop *loop;
    struct display_seat *seat;
    char told[4096];
};

__attribute__((format(printf, 2, 3))) static void tell(struct rig *r, const char *fmt, ...)
{
    const size_t used = strlen(r->told);
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->told + used, sizeof(r->told) - used, fmt, args);
    va_end(args);
}

static void on_keyboard_enter(void *ctx, const uint32_t *keys, size_t count)
{
    tell(ctx, "focus");
    for (size_t i = 0; i < count; i++)
        tell(ctx, ":%u", keys[i]);
    tell(ctx, " ");
}

static void on_keyboard_leave(void *ctx)
{
    tell(ctx, "blur ");
}

static void on_key(void *ctx, uint32_t key, bool down)
{
    tell(ctx, "%u%c ", key, down ? '+' : '-');
}

static void on_locks(void *ctx, uint32_t locks)
{
    tell(ctx, "locks:%u ", locks);
}

static void on_pointer_enter(void *ctx, double x, double y)
{
    tell(ctx, "enter:%g,%g ", x, y);
}

static void on_pointer_leave(void *ctx)
{
    tell(ctx, "leave ");
}

static void on_motion(void *ctx, const struct display_motion *m)
{
    if (m->moved)
        tell(ctx, "at:%g,%g ", m->x, m->y);
    else if (m->relative)
        tell(ctx, "by:%g,%g(%g,%g) ", m->dx, m->dy, m->raw_dx, m->raw_dy);
}

static void on_button(void *ctx, uint32_t button, bool down)
{
    tell(ctx, "button%u%c ", button - BTN_LEFT, down ? '+' : '-');
}

static void on_wheel(void *ctx, const struct display_wheel *w)
{
    tell(ctx, "wheel:%d,%d ", w->vertical_120, w->horizontal_120);
}

static void on_constraint(void *ctx, enum display_constraint active)
{
    static const char *const names[] = { "free", "locked", "confined" };
    tell(ctx, "%s ", names[active]);
}

static void on_lost(void *ctx)
{
    tell(ctx, "lost ");
}

static void pump(struct rig *r, uint32_t ms)
{
    const uint64_t until_ns = clock_ns() + ms * NS_PER_MS;
    while (clock_ns() < until_ns)
        CHECK(loop_run_once(r->loop, 10) >= 0);
}

/* Until `what` is the end of what was told. Forgets it. */
static void expect(struct rig *r, const char *what)
{
    const uint64_t until_ns = clock_ns() + PATIENCE_MS * NS_PER_MS;
    while (!strstr(r->told, what) && clock_ns() < until_ns)
        CHECK(loop_run_once(r->loop, 10) >= 0);
    CHECK_MSG(strstr(r->told, what), "told \"%s\", expected \"%s\"", r->told, what);
    r->told[0] = 0;
}

/* Exactly this, and nothing more for a while. */
static void expect_only(struct rig *r, const char *what)
{
    const uint64_t until_ns = clock_ns() + PATIENCE_MS * NS_PER_MS;
    while (strcmp(r->told, what) != 0 && clock_ns() < until_ns)
        CHECK(loop_run_once(r->loop, 10) >= 0);
    pump(r, QUIET_MS);
    CHECK_STR(r->told, what);
    r->told[0] = 0;
}

static void open_seat(struct rig *r)
{
    const struct display_seat_listener listener = {
        .on_keyboard_enter = on_keyboard_enter,
        .on_keyboard_leave = on_keyboard_leave,
        .on_key = on_key,
        .on_locks = on_locks,
        .on_pointer_enter = on_pointer_enter,
        .on_pointer_leave = on_pointer_leave,
        .on_motion = on_motion,
        .on_button = on_button,
        .on_wheel = on_wheel,
        .on_constraint = on_constraint,
        .on_lost = on_lost,
        .ctx = r,
    };
    CHECK_INT(display_seat_create(test_window_display(r->window), r->loop, &listener, &r->seat), 0);
}

static void open_rig(struct rig *r, uint32_t busy_ms)
{
    *r = (struct rig){ 0 };
    sway_start(WIDTH, HEIGHT);
    const int err = injector_create(NULL, &r->injector);
    CHECK_INT(err, 0);
    CHECK_INT(injector_abs(r->injector, 5, 5, WIDTH, HEIGHT), 0);
    r->window = test_window_open(busy_ms);
    CHECK_INT(loop_create(&r->loop), 0);
    open_seat(r);
    pump(r, QUIET_MS);
    r->told[0] = 0;
}

static void close_rig(struct rig *r)
{
    display_seat_destroy(r->seat);
    loop_destroy(r->loop);
    test_window_close(r->window);
    injector_destroy(r->injector);
}

static void key(struct rig *r, uint32_t code, bool down)
{
    CHECK_INT(injector_key(r->injector, code, down), 0);
}

TEST(every_key_code_arrives)
{
    struct rig r;
    open_rig(&r, 0);
    for (uint32_t code = 1; code < 248; code++) {
        if (code == KEY_CAPSLOCK || code == KEY_NUMLOCK || code == KEY_SCROLLLOCK)
            continue;
        char want[32];
        key(&r, code, true);
        key(&r, code, false);
        snprintf(want, sizeof(want), "%u+ %u- ", code, code);
        expect(&r, want);
    }
    close_rig(&r);
}

TEST(eight_keys_at_once_while_rendering)
{
    struct rig r;
    open_rig(&r, 20);
    for (uint32_t i = 0; i < 8; i++)
        key(&r, KEY_Q + i, true);
    for (uint32_t i = 0; i < 8; i++)
        key(&r, KEY_Q + i, false);
    expect_only(&r, "16+ 17+ 18+ 19+ 20+ 21+ 22+ 23+ 16- 17- 18- 19- 20- 21- 22- 23- ");
    close_rig(&r);
}

TEST(focus_goes_and_comes_with_held_keys)
{
    struct rig r;
    open_rig(&r, 0);
    key(&r, KEY_LEFTSHIFT, true);
    expect_only(&r, "42+ ");
    struct test_window *other = test_window_open(0);
    expect(&r, "blur ");
    key(&r, KEY_A, true);
    key(&r, KEY_A, false);
    expect_only(&r, "");
    test_window_close(other);
    expect(&r, "focus:42 ");
    key(&r, KEY_LEFTSHIFT, false);
    expect(&r, "42- ");
    close_rig(&r);
}

TEST(locks_of_the_desktop_are_told)
{
    struct rig r;
    open_rig(&r, 0);
    key(&r, KEY_CAPSLOCK, true);
    key(&r, KEY_CAPSLOCK, false);
    expect_only(&r, "58+ locks:4 58- ");
    key(&r, KEY_NUMLOCK, true);
    key(&r, KEY_NUMLOCK, false);
    expect_only(&r, "69+ locks:6 69- ");
    struct test_window *other = test_window_open(0);
    expect(&r, "blur ");
    test_window_close(other);
    expect(&r, "locks:6 "); /* again with the focus */
    close_rig(&r);
}

TEST(pointer_moves_clicks_and_scrolls)
{
    static const char buttons[] = "button0+ button0- button1+ button1- button2+ button2- button3+ "
                                  "button3- button4+ button4- button5+ button5- ";
    struct rig r;
    open_rig(&r, 20);
    CHECK_INT(injector_abs(r.injector, 100, 200, WIDTH, HEIGHT), 0);
    expect(&r, "at:100,200 ");
    for (uint32_t b = BTN_LEFT; b <= BTN_FORWARD; b++) {
        CHECK_INT(injector_button(r.injector, b, true), 0);
        CHECK_INT(injector_button(r.injector, b, false), 0);
    }
    expect_only(&r, buttons);
    CHECK_INT(injector_wheel(r.injector, 0, 120), 0);
    CHECK_INT(injector_wheel(r.injector, 0, -240), 0);
    CHECK_INT(injector_wheel(r.injector, 1, 120), 0);
    CHECK_INT(injector_wheel(r.injector, 0, 30), 0);
    expect_only(&r, "wheel:120,0 wheel:-240,0 wheel:0,120 wheel:30,0 ");
    close_rig(&r);
}

TEST(lock_gives_motion_without_a_place)
{
    struct rig r;
    open_rig(&r, 20);
    CHECK(display_seat_get_abilities(r.seat)->constraints);
    CHECK_INT(injector_abs(r.injector, 300, 200, WIDTH, HEIGHT), 0);
    expect(&r, "at:300,200 ");
    display_seat_lock_pointer(r.seat);
    expect(&r, "locked ");
    CHECK_INT(injector_rel(r.injector, 7, -3), 0);
    expect_only(&r, "by:7,-3(7,-3) ");
    display_seat_set_unlock_position(r.seat, 50, 60);
    pump(&r, QUIET_MS); /* some pictures are shown, and with them it takes effect */
    r.told[0] = 0;
    display_seat_unlock_pointer(r.seat);
    pump(&r, QUIET_MS);
    r.told[0] = 0;
    CHECK_INT(injector_rel(r.injector, 1, 1), 0);
    expect(&r, "at:51,61 ");
    close_rig(&r);
}

TEST(confined_pointer_is_told)
{
    struct rig r;
    open_rig(&r, 0);
    CHECK_INT(injector_abs(r.injector, 300, 200, WIDTH, HEIGHT), 0);
    expect(&r, "at:300,200 ");
    display_seat_confine_pointer(r.seat);
    expect(&r, "confined ");
    display_seat_lock_pointer(r.seat); /* one for the other */
    expect(&r, "free locked ");
    display_seat_unlock_pointer(r.seat);
    expect(&r, "free ");
    close_rig(&r);
}

TEST(pictures_of_the_pointer_come_and_go)
{
    static const uint32_t pixels[32 * 32] = { 0xffffffff };
    struct rig r;
    open_rig(&r, 0);
    CHECK_INT(injector_abs(r.injector, 300, 200, WIDTH, HEIGHT), 0);
    struct display_pointer_image image = {
        .argb = pixels, .width_px = 32, .height_px = 32, .width = 48, .height = 48, .hot_x = 3
    };
    for (int i = 0; i < 100; i++) {
        CHECK_INT(display_seat_show_image(r.seat, &image), 0);
        pump(&r, 2);
        display_seat_hide_pointer(r.seat);
        display_seat_show_arrow(r.seat);
        display_seat_inhibit_shortcuts(r.seat, i & 1);
    }
    image.width_px = DISPLAY_POINTER_MAX_PX + 1;
    CHECK(display_seat_show_image(r.seat, &image) < 0);
    pump(&r, QUIET_MS);
    r.told[0] = 0;
    key(&r, KEY_A, true);
    expect(&r, "30+ "); /* the compositor found nothing wrong */
    close_rig(&r);
}

TEST(compositor_dies)
{
    struct rig r;
    open_rig(&r, 20);
    sway_kill();
    expect(&r, "blur leave lost ");
    pump(&r, QUIET_MS);
    display_seat_lock_pointer(r.seat); /* nothing, and no crash */
    display_seat_hide_pointer(r.seat);
    close_rig(&r);
}

/* From the injector's call, with sway in between, to the listener. */
TEST(keys_wait_for_no_picture)
{
    enum { COUNT = 200, LIMIT_MS = 10 };
    struct rig r;
    open_rig(&r, 20);
    uint64_t slow = 0;
    for (int i = 0; i < COUNT; i++) {
        r.told[0] = 0;
        const uint64_t start_ns = clock_ns();
        key(&r, KEY_A, !(i & 1));
        while (!strstr(r.told, "30")) {
            CHECK(loop_run_once(r.loop, 1000) >= 0);
            CHECK_MSG(clock_ns() - start_ns < PATIENCE_MS * NS_PER_MS, "key %d never came", i);
        }
        slow += clock_ns() - start_ns > LIMIT_MS * NS_PER_MS;
    }
    /* The render thread is busy nearly all of the time: if keys waited for it, nearly all would be
     * late. Some are late on a machine with other work. */
    CHECK_MSG(slow < COUNT / 4, "%d of %d keys took longer than %d ms", (int)slow, COUNT, LIMIT_MS);
    close_rig(&r);
}
