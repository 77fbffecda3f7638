/* SPDX-License-Identifier: GPL-2.0-or-later
 * The router between a seat and a guest that write down what they are told, one word after the
 * other: "k1e+" a key down, "m3,-4" motion, "p10,20" a position, "b1+" a button, "L4" locks,
 * "mode1"; of the seat "lock", "unlock", "grab+", "arrow", "hide", "image32x32"; of the viewer
 * "captured+", "help+", "act2", "hint(...)", "drawn-". */
#include "test.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdarg.h>

#include "base/clock.h"
#include "input/input.h"

enum { SETTLE_MS = 350 };

struct rig {
    struct loop *loop;
    struct binding_table *bindings;
    struct input *input;
    struct display_seat_listener seat;
    char told[4096];
    bool can_place;
};

__attribute__((format(printf, 2, 3))) static void tell(void *ctx, const char *fmt, ...)
{
    struct rig *r = ctx;
    const size_t used = strlen(r->told);
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->told + used, sizeof(r->told) - used, fmt, args);
    va_end(args);
}

static void key(void *ctx, uint32_t scancode, bool down)
{
    tell(ctx, "k%x%c ", scancode, down ? '+' : '-');
}

static void scancodes(void *ctx, const uint8_t *codes, size_t count)
{
    tell(ctx, "raw");
    for (size_t i = 0; i < count; i++)
        tell(ctx, "%02x", codes[i]);
    tell(ctx, " ");
}

static void motion(void *ctx, int32_t dx, int32_t dy)
{
    tell(ctx, "m%d,%d ", dx, dy);
}

static void position(void *ctx, uint32_t x, uint32_t y)
{
    tell(ctx, "p%u,%u ", x, y);
}

static void button(void *ctx, enum input_button b, bool down)
{
    tell(ctx, "b%d%c ", (int)b, down ? '+' : '-');
}

static void locks(void *ctx, uint32_t l)
{
    tell(ctx, "L%u ", l);
}

static void request_mouse_mode(void *ctx, enum input_mouse_mode mode)
{
    tell(ctx, "mode%d ", (int)mode);
}

static bool set_guest_pointer(void *ctx, int32_t x, int32_t y)
{
    struct rig *r = ctx;
    if (r->can_place)
        tell(ctx, "place%d,%d ", x, y);
    return r->can_place;
}

static const struct input_sink_ops sink = {
    .key = key,
    .scancodes = scancodes,
    .motion = motion,
    .position = position,
    .button = button,
    .locks = locks,
    .request_mouse_mode = request_mouse_mode,
    .set_guest_pointer = set_guest_pointer,
};

static void lock(void *ctx)
{
    tell(ctx, "lock ");
}

static void confine(void *ctx)
{
    tell(ctx, "confine ");
}

static void unlock(void *ctx)
{
    tell(ctx, "unlock ");
}

static void set_unlock_position(void *ctx, double x, double y)
{
    tell(ctx, "unlock-at%g,%g ", x, y);
}

static void warp(void *ctx, double x, double y)
{
    tell(ctx, "warp%g,%g ", x, y);
}

/* Told only when it changes: the router may repeat itself. */
static void inhibit_shortcuts(void *ctx, bool on)
{
    (void)ctx, (void)on;
}

static void show_arrow(void *ctx)
{
    tell(ctx, "arrow ");
}

static void hide_pointer(void *ctx)
{
    tell(ctx, "hide ");
}

static int show_image(void *ctx, const struct display_pointer_image *i)
{
    tell(ctx, "image%ux%u=%gx%g@%g,%g:%x ", i->width_px, i->height_px, i->width, i->height,
         i->hot_x, i->hot_y, i->argb[0]);
    return 0;
}

static const struct input_seat_ops seat_ops = {
    .lock = lock,
    .confine = confine,
    .unlock = unlock,
    .set_unlock_position = set_unlock_position,
    .warp = warp,
    .inhibit_shortcuts = inhibit_shortcuts,
    .show_arrow = show_arrow,
    .hide_pointer = hide_pointer,
    .show_image = show_image,
};

static void on_action(void *ctx, enum input_action action)
{
    tell(ctx, "act%d ", (int)action);
}

static void on_help(void *ctx, bool show)
{
    tell(ctx, "help%c ", show ? '+' : '-');
}

static void on_capture(void *ctx, bool captured)
{
    tell(ctx, "captured%c ", captured ? '+' : '-');
}

static void on_hint(void *ctx, const char *text)
{
    tell(ctx, "hint(%s) ", text);
}

static void on_cursor_drawn(void *ctx, bool drawn)
{
    tell(ctx, "drawn%c ", drawn ? '+' : '-');
}

/* ---- the rig ---- */

static const struct input_config defaults = {
    .help_delay_ms = 30,
    .grab_keyboard = true,
    .release_keys_on_focus_loss = true,
    .hide_cursor = true,
};

static void says(struct rig *r, const char *want)
{
    CHECK_STR(r->told, want);
    r->told[0] = 0;
}

static void pump(struct rig *r, uint32_t ms)
{
    const uint64_t until_ns = clock_ns() + ms * NS_PER_MS;
    while (clock_ns() < until_ns)
        CHECK(loop_run_once(r->loop, 2) >= 0);
}

static void view(struct rig *r, uint32_t width, uint32_t height, uint32_t scale_120,
                 uint32_t frame_width, uint32_t frame_height, enum frame_rotation rotation)
{
    const struct geometry_config config = { .keep_aspect = true, .rotation = rotation };
    struct geometry g;
    geometry_compute(&config, width, height, scale_120, frame_width, frame_height, FRAME_ROTATE_0,
                     &g);
    input_set_geometry(r->input, &g, scale_120, rotation);
}

/* A 100x100 window with a 100x100 picture, connected and with focus; nothing said yet. */
static void open_rig(struct rig *r, const struct input_config *config, enum input_mouse_mode mode)
{
    *r = (struct rig){ 0 };
    struct binding_error error;
    CHECK_INT(loop_create(&r->loop), 0);
    CHECK_INT(binding_table_create("ScrollLock", &r->bindings, &error), 0);
    CHECK_INT(binding_table_add_defaults(r->bindings, &error), 0);
    CHECK_INT(
        binding_table_add(r->bindings, INPUT_ACTION_MACRO, "F9: LeftCtrl+C, wait 20, V", &error),
        0);
    struct input_config c = *config;
    c.bindings = r->bindings;
    const struct input_listener listener = {
        .on_action = on_action,
        .on_help = on_help,
        .on_capture = on_capture,
        .on_hint = on_hint,
        .on_cursor_drawn = on_cursor_drawn,
        .ctx = r,
    };
    CHECK_INT(input_create(r->loop, &c, &sink, r, &listener, &r->input), 0);
    r->seat = input_seat_listener(r->input);
    input_set_seat(r->input, &seat_ops, r);
    view(r, 100, 100, 120, 100, 100, FRAME_ROTATE_0);
    r->seat.on_keyboard_enter(r->seat.ctx, NULL, 0);
    input_set_connected(r->input, true);
    input_set_mouse_mode(r->input, mode);
    r->told[0] = 0;
}

static void close_rig(struct rig *r)
{
    input_destroy(r->input);
    binding_table_destroy(r->bindings);
    loop_destroy(r->loop);
}

static void down(struct rig *r, uint32_t code)
{
    r->seat.on_key(r->seat.ctx, code, true);
}

static void up(struct rig *r, uint32_t code)
{
    r->seat.on_key(r->seat.ctx, code, false);
}

static void tap(struct rig *r, uint32_t code)
{
    down(r, code);
    up(r, code);
}

static void enter(struct rig *r, double x, double y)
{
    r->seat.on_pointer_enter(r->seat.ctx, x, y);
}

static void move(struct rig *r, double x, double y)
{
    r->seat.on_motion(r->seat.ctx, &(struct display_motion){ .moved = true, .x = x, .y = y });
}

static void push(struct rig *r, double dx, double dy)
{
    r->seat.on_motion(
        r->seat.ctx,
        &(struct display_motion){
            .relative = true, .dx = dx, .dy = dy, .raw_dx = dx / 2, .raw_dy = dy / 2 });
}

static void click(struct rig *r, uint32_t b, bool d)
{
    r->seat.on_button(r->seat.ctx, b, d);
}

static void wheel(struct rig *r, int32_t vertical, int32_t horizontal)
{
    r->seat.on_wheel(r->seat.ctx, &(struct display_wheel){ vertical, horizontal });
}

/* ---- keys ---- */

TEST(keys_out_of_range_and_without_code_say_nothing)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    static const uint32_t codes[] = { 0, 84, 240, 767, 768, 100000, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        tap(&r, codes[i]);
    const uint32_t held[] = { UINT32_MAX, 768, 84 };
    r.seat.on_keyboard_leave(r.seat.ctx);
    r.seat.on_keyboard_enter(r.seat.ctx, held, ARRAY_LEN(held));
    says(&r, "");
    close_rig(&r);
}

TEST(keys_go_through_in_order)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    for (uint32_t i = 0; i < 8; i++)
        down(&r, KEY_A + i);
    for (uint32_t i = 0; i < 8; i++)
        up(&r, KEY_A + i);
    says(&r, "k1e+ k1f+ k20+ k21+ k22+ k23+ k24+ k25+ k1e- k1f- k20- k21- k22- k23- k24- k25- ");
    down(&r, KEY_A);
    down(&r, KEY_A); /* twice the same is once */
    up(&r, KEY_A);
    up(&r, KEY_A);
    tap(&r, KEY_RIGHTCTRL);
    tap(&r, KEY_SYSRQ);
    tap(&r, KEY_PAUSE);
    says(&r, "k1e+ k1e- k11d+ k11d- k137+ k137- rawe11d45e19dc5 k146- ");
    close_rig(&r);
}

TEST(focus_loss_releases_what_is_held_modifiers_last)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    down(&r, KEY_LEFTCTRL);
    down(&r, KEY_T);
    down(&r, KEY_ENTER);
    enter(&r, 5, 5);
    click(&r, BTN_LEFT, true);
    r.told[0] = 0;
    r.seat.on_keyboard_leave(r.seat.ctx);
    says(&r, "k14- k1c- k1d- b1- ");
    up(&r, KEY_T); /* what comes late means nothing */
    click(&r, BTN_LEFT, false);
    says(&r, "");
    close_rig(&r);
}

TEST(focus_loss_may_keep_keys_until_they_are_up)
{
    struct rig r;
    struct input_config c = defaults;
    c.release_keys_on_focus_loss = false;
    open_rig(&r, &c, INPUT_MOUSE_ABSOLUTE);
    down(&r, KEY_A);
    down(&r, KEY_B);
    r.seat.on_keyboard_leave(r.seat.ctx);
    says(&r, "k1e+ k30+ ");
    const uint32_t held[] = { KEY_B };
    r.seat.on_keyboard_enter(r.seat.ctx, held, 1);
    says(&r, "k1e- ");
    up(&r, KEY_B);
    says(&r, "k30- ");
    close_rig(&r);
}

TEST(keys_held_when_focus_comes_stay_outside_but_shift_and_ctrl)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    r.seat.on_keyboard_leave(r.seat.ctx);
    const uint32_t held[] = { KEY_A,         KEY_LEFTALT,   KEY_LEFTMETA,
                              KEY_LEFTSHIFT, KEY_RIGHTCTRL, KEY_SCROLLLOCK };
    r.seat.on_keyboard_enter(r.seat.ctx, held, ARRAY_LEN(held));
    says(&r, "k2a+ k11d+ ");
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        up(&r, held[i]);
    says(&r, "k2a- k11d- "); /* and no capture: the tap began elsewhere */
    close_rig(&r);
}

TEST(view_only_blocked_and_disconnected_send_nothing)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    enter(&r, 5, 5);
    down(&r, KEY_A);
    click(&r, BTN_LEFT, true);
    r.told[0] = 0;
    input_set_view_only(r.input, true);
    CHECK(strncmp(r.told, "k1e- b1- ", 9) == 0); /* let go first */
    r.told[0] = 0;
    up(&r, KEY_A);
    tap(&r, KEY_B);
    move(&r, 9, 9);
    click(&r, BTN_LEFT, true);
    wheel(&r, 120, 0);
    input_set_capture(r.input, true);
    says(&r, "hint(keyboard and mouse are off) ");
    input_set_view_only(r.input, false);
    input_set_blocked(r.input, "two VMs");
    r.told[0] = 0;
    tap(&r, KEY_B);
    tap(&r, KEY_B);
    says(&r, "hint(two VMs) "); /* once for some time */
    input_set_blocked(r.input, NULL);
    r.told[0] = 0;
    down(&r, KEY_B);
    input_set_connected(r.input, false);
    CHECK(strstr(r.told, "k30+ ") && !strstr(r.told, "k30-")); /* nobody is there to be told */
    r.told[0] = 0;
    up(&r, KEY_B);
    says(&r, "");
    close_rig(&r);
}

TEST(windows_keys_may_stay_here)
{
    struct rig r;
    struct input_config c = defaults;
    c.ignore_windows_keys = true;
    open_rig(&r, &c, INPUT_MOUSE_ABSOLUTE);
    tap(&r, KEY_LEFTMETA);
    says(&r, "");
    down(&r, KEY_SCROLLLOCK);
    tap(&r, KEY_LEFTMETA); /* the binding sends it all the same */
    up(&r, KEY_SCROLLLOCK);
    says(&r, "k15b+ k15b- ");
    close_rig(&r);
}

/* ---- the escape key ---- */

TEST(escape_tap_toggles_capture_and_never_reaches_the_guest)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_RELATIVE);
    r.told[0] = 0;
    tap(&r, KEY_SCROLLLOCK);
    CHECK(input_is_captured(r.input));
    says(&r, "lock hide captured+ ");
    tap(&r, KEY_SCROLLLOCK);
    CHECK(!input_is_captured(r.input));
    says(&r, "unlock mode2 arrow captured- ");
    close_rig(&r);
}

TEST(escape_with_a_key_acts_and_does_not_toggle)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    down(&r, KEY_A); /* before: goes on to be down, and up */
    down(&r, KEY_SCROLLLOCK);
    tap(&r, KEY_F);
    tap(&r, KEY_Z); /* bound to nothing */
    up(&r, KEY_A);
    tap(&r, KEY_END);
    down(&r, KEY_UP);
    up(&r, KEY_SCROLLLOCK);
    up(&r, KEY_UP); /* after the escape key: still its volume key */
    says(&r, "k1e+ act1 k1e- k1d+ k38+ k153+ k153- k38- k1d- k130+ k130- ");
    CHECK(!input_is_captured(r.input));
    close_rig(&r);
}

TEST(escape_and_ctrl_make_ctrl_alt_fn)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    down(&r, KEY_SCROLLLOCK);
    down(&r, KEY_LEFTCTRL);
    tap(&r, KEY_F1);
    tap(&r, KEY_F12);
    up(&r, KEY_LEFTCTRL);
    tap(&r, KEY_F1);
    up(&r, KEY_SCROLLLOCK);
    says(&r, "k1d+ k38+ k3b+ k3b- k38- k1d- k1d+ k38+ k58+ k58- k38- k1d- ");
    close_rig(&r);
}

TEST(escape_held_shows_help)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    down(&r, KEY_SCROLLLOCK);
    pump(&r, 60);
    says(&r, "help+ ");
    up(&r, KEY_SCROLLLOCK);
    says(&r, "help- ");
    down(&r, KEY_SCROLLLOCK);
    pump(&r, 60);
    r.seat.on_keyboard_leave(r.seat.ctx);
    says(&r, "help+ help- ");
    r.seat.on_keyboard_enter(r.seat.ctx, NULL, 0);
    up(&r, KEY_SCROLLLOCK);
    tap(&r, KEY_A);
    says(&r, "k1e+ k1e- ");
    close_rig(&r);
}

TEST(macro_waits_and_is_cut_short_cleanly)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    down(&r, KEY_SCROLLLOCK);
    tap(&r, KEY_F9);
    says(&r, "k1d+ k2e+ k2e- k1d- ");
    tap(&r, KEY_F9);
    up(&r, KEY_SCROLLLOCK);
    says(&r, "hint(a macro is still running) ");
    pump(&r, 50);
    says(&r, "k2f+ k2f- ");
    down(&r, KEY_SCROLLLOCK);
    tap(&r, KEY_F9);
    r.told[0] = 0;
    r.seat.on_keyboard_leave(r.seat.ctx);
    pump(&r, 50);
    says(&r, "");
    close_rig(&r);
}

TEST(sensitivity_and_input_by_keys)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_RELATIVE);
    input_set_capture(r.input, true);
    r.told[0] = 0;
    down(&r, KEY_SCROLLLOCK);
    for (int i = 0; i < 12; i++)
        tap(&r, KEY_INSERT);
    CHECK(strstr(r.told, "+9) hint(mouse sensitivity +9)"));
    up(&r, KEY_SCROLLLOCK);
    r.told[0] = 0;
    push(&r, 10, 0);
    says(&r, "m19,0 ");
    down(&r, KEY_SCROLLLOCK);
    tap(&r, KEY_I);
    up(&r, KEY_SCROLLLOCK);
    CHECK(strstr(r.told, "hint(keyboard and mouse off)"));
    CHECK(!input_is_captured(r.input));
    close_rig(&r);
}

/* ---- locks ---- */

TEST(locks_follow_the_desktop_without_a_loop)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    input_set_guest_locks(r.input, DISPLAY_LOCK_NUM);
    r.seat.on_locks(r.seat.ctx, DISPLAY_LOCK_CAPS);
    says(&r, "L4 ");
    input_set_guest_locks(r.input, 0); /* it does not want to */
    pump(&r, 20);
    says(&r, "");
    r.seat.on_keyboard_leave(r.seat.ctx);
    r.seat.on_keyboard_enter(r.seat.ctx, NULL, 0);
    r.seat.on_locks(r.seat.ctx, DISPLAY_LOCK_CAPS);
    says(&r, "L4 "); /* once more with the focus */
    close_rig(&r);
}

TEST(lock_key_toggles_both_sides_by_itself)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    input_set_guest_locks(r.input, 0);
    r.seat.on_locks(r.seat.ctx, 0);
    down(&r, KEY_CAPSLOCK);
    r.seat.on_locks(r.seat.ctx, DISPLAY_LOCK_CAPS);
    up(&r, KEY_CAPSLOCK);
    input_set_guest_locks(r.input, DISPLAY_LOCK_CAPS);
    pump(&r, SETTLE_MS);
    says(&r, "k3a+ k3a- ");
    down(&r, KEY_CAPSLOCK); /* this time the guest does not follow */
    r.seat.on_locks(r.seat.ctx, 0);
    up(&r, KEY_CAPSLOCK);
    pump(&r, SETTLE_MS);
    says(&r, "k3a+ k3a- L0 ");
    close_rig(&r);
}

TEST(escape_keys_lock_is_the_guests_own)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    input_set_guest_locks(r.input, DISPLAY_LOCK_NUM);
    r.seat.on_locks(r.seat.ctx, DISPLAY_LOCK_NUM | DISPLAY_LOCK_SCROLL);
    says(&r, "");
    input_set_guest_locks(r.input, DISPLAY_LOCK_SCROLL);
    r.seat.on_locks(r.seat.ctx, DISPLAY_LOCK_NUM);
    says(&r, "L3 ");
    close_rig(&r);
}

/* ---- positions ---- */

TEST(positions_in_every_scale_rotation_and_letterbox)
{
    static const struct {
        uint32_t width, height, scale_120, frame_width, frame_height;
        enum frame_rotation rotation;
        double x, y;
        const char *want;
    } rows[] = {
        { 100, 100, 120, 100, 100, FRAME_ROTATE_0, 0, 0, "p0,0 " },
        { 100, 100, 120, 100, 100, FRAME_ROTATE_0, 99.9, 99.9, "p99,99 " },
        { 100, 100, 240, 200, 200, FRAME_ROTATE_0, 50.5, 10, "p101,20 " },
        { 100, 100, 180, 150, 150, FRAME_ROTATE_0, 50, 99, "p75,148 " },
        { 100, 100, 120, 200, 200, FRAME_ROTATE_0, 10, 20, "p20,40 " },
        /* a wide picture: bars of 25 above and below; in them the nearest line */
        { 100, 100, 120, 200, 100, FRAME_ROTATE_0, 50, 25, "p100,0 " },
        { 100, 100, 120, 200, 100, FRAME_ROTATE_0, 50, 3, "p100,0 " },
        { 100, 100, 120, 200, 100, FRAME_ROTATE_0, 50, 99, "p100,99 " },
        { 100, 100, 120, 200, 100, FRAME_ROTATE_0, 50, 50, "p100,50 " },
        /* turned by the user, clockwise: the guest's top left is then at the top right ... */
        { 100, 100, 120, 100, 100, FRAME_ROTATE_90, 99, 0, "p0,0 " },
        { 100, 100, 120, 100, 100, FRAME_ROTATE_90, 0, 0, "p0,99 " },
        { 100, 100, 120, 100, 100, FRAME_ROTATE_180, 99, 99, "p0,0 " },
        { 100, 100, 120, 100, 100, FRAME_ROTATE_180, 98, 99, "p1,0 " },
        { 100, 100, 120, 100, 100, FRAME_ROTATE_270, 0, 99, "p0,0 " },
        { 100, 100, 120, 100, 100, FRAME_ROTATE_270, 0, 98, "p1,0 " },
        { 50, 100, 120, 100, 50, FRAME_ROTATE_90, 49, 99, "p99,0 " },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
        view(&r, rows[i].width, rows[i].height, rows[i].scale_120, rows[i].frame_width,
             rows[i].frame_height, rows[i].rotation);
        r.told[0] = 0;
        enter(&r, rows[i].x, rows[i].y);
        CHECK_MSG(strncmp(r.told, rows[i].want, strlen(rows[i].want)) == 0,
                  "row %zu: \"%s\", expected \"%s\"", i, r.told, rows[i].want);
        close_rig(&r);
    }
}

TEST(no_picture_no_position)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    input_set_geometry(r.input, &(struct geometry){ 0 }, 0, FRAME_ROTATE_0);
    r.told[0] = 0;
    enter(&r, 5, 5);
    move(&r, -1e9, 1e9);
    click(&r, BTN_LEFT, true);
    input_set_guest_cursor_position(r.input, INT32_MIN, INT32_MAX);
    says(&r, "arrow ");
    close_rig(&r);
}

TEST(positions_count_in_the_servers_space_and_are_not_repeated)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    input_set_position_space(r.input, 199, 1000);
    enter(&r, 99, 99);
    CHECK(strncmp(r.told, "p198,999 ", 9) == 0);
    r.told[0] = 0;
    move(&r, 99.5, 99.2);
    says(&r, "");
    move(&r, 0, 99);
    says(&r, "p0,999 ");
    close_rig(&r);
}

TEST(clicks_count_on_the_picture_only)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    view(&r, 100, 100, 120, 200, 100, FRAME_ROTATE_0);
    enter(&r, 50, 5);
    r.told[0] = 0;
    click(&r, BTN_LEFT, true);
    click(&r, BTN_LEFT, false);
    wheel(&r, 120, 0);
    says(&r, "");
    move(&r, 50, 50);
    r.told[0] = 0;
    click(&r, BTN_LEFT, true);
    move(&r, 50, 5); /* a drag goes on beyond the edge */
    click(&r, BTN_LEFT, false);
    CHECK(strncmp(r.told, "b1+ p100,0 ", 11) == 0 && strstr(r.told, "b1- "));
    close_rig(&r);
}

/* ---- buttons and wheel ---- */

TEST(buttons_and_those_that_share_one)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    enter(&r, 5, 5);
    r.told[0] = 0;
    for (uint32_t b = BTN_LEFT; b <= BTN_BACK; b++) {
        click(&r, b, true);
        click(&r, b, false);
    }
    says(&r, "b1+ b1- b3+ b3- b2+ b2- b6+ b6- b7+ b7- b7+ b7- b6+ b6- ");
    click(&r, BTN_SIDE, true);
    click(&r, BTN_BACK, true);
    click(&r, BTN_SIDE, false);
    click(&r, BTN_BACK, false);
    click(&r, BTN_TASK, true);
    click(&r, 0, true);
    click(&r, UINT32_MAX, true);
    says(&r, "b6+ b6- ");
    click(&r, BTN_LEFT, true);
    r.seat.on_pointer_leave(r.seat.ctx);
    CHECK(strncmp(r.told, "b1+ b1- ", 8) == 0);
    close_rig(&r);
}

TEST(wheel_adds_up_to_notches)
{
    struct rig r;
    struct input_config c = defaults;
    c.shift_wheel = true;
    open_rig(&r, &c, INPUT_MOUSE_ABSOLUTE);
    enter(&r, 5, 5);
    r.told[0] = 0;
    wheel(&r, 120, 0);
    wheel(&r, -240, 0);
    says(&r, "b5+ b5- b4+ b4- b4+ b4- ");
    for (int i = 0; i < 4; i++)
        wheel(&r, 30, 0);
    says(&r, "b5+ b5- ");
    wheel(&r, 100, 0);
    wheel(&r, -30, 0); /* turned back: the 100 are forgotten */
    wheel(&r, 100, 0);
    says(&r, "");
    wheel(&r, 0, 120);
    says(&r, "k2a+ b5+ b5- k2a- ");
    close_rig(&r);
}

/* ---- relative and captured ---- */

TEST(relative_mode_follows_the_desktops_pointer)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_RELATIVE);
    input_set_guest_cursor_position(r.input, 10, 10);
    enter(&r, 50, 60);
    CHECK(strncmp(r.told, "m40,50 ", 7) == 0);
    r.told[0] = 0;
    input_set_guest_cursor_position(r.input, 20, 20); /* on its way: not to be believed */
    move(&r, 51, 60);
    says(&r, "m1,0 ");
    pump(&r, 120);
    input_set_guest_cursor_position(r.input, 55, 60); /* at rest, and wrong */
    says(&r, "m-4,0 ");
    for (int i = 0; i < 10; i++) { /* never agrees: not for ever */
        pump(&r, 110);
        input_set_guest_cursor_position(r.input, 55, 60);
    }
    CHECK(strlen(r.told) <= strlen("m-4,0 ") * 3);
    r.seat.on_pointer_leave(r.seat.ctx);
    r.can_place = true;
    r.told[0] = 0;
    enter(&r, 5, 6);
    CHECK(strncmp(r.told, "place5,6 ", 9) == 0 && !strstr(r.told, "m"));
    close_rig(&r);
}

TEST(captured_motion_keeps_fractions)
{
    static const struct {
        int32_t sensitivity;
        bool raw;
        enum frame_rotation rotation;
        double dx, dy;
        int times;
        const char *want;
    } rows[] = {
        { 0, false, FRAME_ROTATE_0, 3, -4, 1, "m3,-4 " },
        { 0, true, FRAME_ROTATE_0, 4, -8, 1, "m2,-4 " },
        { 0, false, FRAME_ROTATE_0, 0.4, 0, 5, "m1,0 m1,0 " },
        { 9, false, FRAME_ROTATE_0, 10, 10, 1, "m19,19 " },
        { -9, false, FRAME_ROTATE_0, 5, -5, 2, "m1,-1 " },
        { 0, false, FRAME_ROTATE_90, 3, 4, 1, "m4,-3 " },
        { 0, false, FRAME_ROTATE_180, 3, 4, 1, "m-3,-4 " },
        { 0, false, FRAME_ROTATE_270, 3, 4, 1, "m-4,3 " },
        { 0, false, FRAME_ROTATE_0, 1e12, -1e12, 1, "m32767,-32767 " },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        struct input_config c = defaults;
        c.sensitivity = rows[i].sensitivity;
        c.raw_mouse = rows[i].raw;
        open_rig(&r, &c, INPUT_MOUSE_RELATIVE);
        view(&r, 100, 100, 120, 100, 100, rows[i].rotation);
        input_set_capture(r.input, true);
        r.told[0] = 0;
        for (int n = 0; n < rows[i].times; n++)
            push(&r, rows[i].dx, rows[i].dy);
        CHECK_MSG(strcmp(r.told, rows[i].want) == 0, "row %zu: \"%s\", expected \"%s\"", i, r.told,
                  rows[i].want);
        close_rig(&r);
    }
}

TEST(capture_asks_for_relative_mode_and_moves_positions_until_then)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    enter(&r, 50, 50);
    r.told[0] = 0;
    input_set_capture(r.input, true);
    says(&r, "lock mode1 hide captured+ ");
    push(&r, 3, 4);
    says(&r, "p53,54 ");
    push(&r, 1000, -1000);
    says(&r, "p99,0 ");
    input_set_mouse_mode(r.input, INPUT_MOUSE_RELATIVE);
    push(&r, 3, 4);
    says(&r, "m3,4 ");
    input_set_guest_cursor_position(r.input, 20, 30);
    says(&r, "unlock-at20.5,30.5 ");
    input_set_capture(r.input, false);
    says(&r, "unlock mode2 arrow captured- ");
    input_set_mouse_mode(r.input, INPUT_MOUSE_ABSOLUTE);
    move(&r, 7, 8);
    CHECK(strncmp(r.told, "p7,8 ", 5) == 0);
    close_rig(&r);
}

TEST(capture_with_positions_by_choice_confines)
{
    struct rig r;
    struct input_config c = defaults;
    c.mouse = INPUT_CHOOSE_ABSOLUTE;
    open_rig(&r, &c, INPUT_MOUSE_ABSOLUTE);
    enter(&r, 50, 50);
    r.told[0] = 0;
    input_set_capture(r.input, true);
    says(&r, "confine captured+ ");
    move(&r, 51, 50);
    says(&r, "p51,50 ");
    close_rig(&r);
}

TEST(mode_changes_leave_nothing_stuck)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    enter(&r, 50, 50);
    down(&r, KEY_W);
    click(&r, BTN_RIGHT, true);
    input_set_capture(r.input, true);
    input_set_mouse_mode(r.input, INPUT_MOUSE_RELATIVE);
    r.told[0] = 0;
    click(&r, BTN_RIGHT, false);
    up(&r, KEY_W);
    says(&r, "b3- k11- ");
    close_rig(&r);
}

TEST(capture_only_sends_in_capture_only)
{
    struct rig r;
    struct input_config c = defaults;
    c.capture_only = true;
    open_rig(&r, &c, INPUT_MOUSE_RELATIVE);
    enter(&r, 50, 50);
    r.told[0] = 0;
    tap(&r, KEY_A);
    move(&r, 10, 10);
    click(&r, BTN_LEFT, true);
    click(&r, BTN_LEFT, false);
    says(&r, "");
    tap(&r, KEY_SCROLLLOCK);
    r.told[0] = 0;
    down(&r, KEY_A);
    click(&r, BTN_LEFT, true);
    tap(&r, KEY_SCROLLLOCK);
    CHECK(strncmp(r.told, "k1e+ b1+ k1e- b1- ", 18) == 0);
    close_rig(&r);
}

TEST(focus_and_start_capture_and_loss_ends_it)
{
    struct rig r;
    struct input_config c = defaults;
    c.capture_on_focus = true;
    open_rig(&r, &c, INPUT_MOUSE_RELATIVE);
    r.seat.on_keyboard_leave(r.seat.ctx);
    r.seat.on_keyboard_enter(r.seat.ctx, NULL, 0);
    CHECK(input_is_captured(r.input));
    r.seat.on_keyboard_leave(r.seat.ctx);
    CHECK(!input_is_captured(r.input));
    close_rig(&r);
    c.capture_on_focus = false;
    c.capture_on_start = true;
    open_rig(&r, &c, INPUT_MOUSE_RELATIVE);
    CHECK(input_is_captured(r.input));
    r.seat.on_keyboard_leave(r.seat.ctx);
    r.seat.on_keyboard_enter(r.seat.ctx, NULL, 0);
    CHECK(!input_is_captured(r.input)); /* at the start only */
    close_rig(&r);
}

TEST(auto_capture_lets_go_at_the_guests_edge)
{
    struct rig r;
    struct input_config c = defaults;
    c.auto_capture = true;
    open_rig(&r, &c, INPUT_MOUSE_RELATIVE);
    input_set_guest_cursor(r.input, &(struct input_cursor){ .visible = true });
    enter(&r, 50, 50);
    CHECK(input_is_captured(r.input));
    input_set_guest_cursor_position(r.input, 99, 50);
    push(&r, -1, 0);
    CHECK(input_is_captured(r.input));
    click(&r, BTN_LEFT, true);
    push(&r, 1, 0); /* a drag is not an exit */
    CHECK(input_is_captured(r.input));
    click(&r, BTN_LEFT, false);
    push(&r, 1, 0);
    CHECK(!input_is_captured(r.input));
    move(&r, 98, 50); /* still at the edge */
    CHECK(!input_is_captured(r.input));
    move(&r, 80, 50);
    CHECK(input_is_captured(r.input));
    tap(&r, KEY_SCROLLLOCK); /* by hand: until it comes in anew */
    move(&r, 40, 50);
    CHECK(!input_is_captured(r.input));
    r.seat.on_pointer_leave(r.seat.ctx);
    enter(&r, 50, 50);
    CHECK(input_is_captured(r.input));
    close_rig(&r);
}

/* ---- the pointer's picture ---- */

TEST(guests_shape_becomes_the_pointer_where_it_can)
{
    static const uint32_t pixels[] = { 0xff000001, 0xff000002, 0xff000003,
                                       0xff000004, 0xff000005, 0xff000006 };
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    struct input_cursor cursor = {
        .visible = true, .argb = pixels, .width_px = 3, .height_px = 2, .hot_x_px = 2
    };
    input_set_guest_cursor(r.input, &cursor);
    says(&r, ""); /* not over the window yet */
    enter(&r, 5, 5);
    says(&r, "p5,5 image3x2=3x2@2,0:ff000001 drawn- ");
    view(&r, 200, 200, 240, 100, 100, FRAME_ROTATE_0); /* shown four times larger, in half units */
    says(&r, "image3x2=6x4@4,0:ff000001 ");
    view(&r, 100, 100, 120, 100, 100, FRAME_ROTATE_90);
    says(&r, "image2x3=2x3@1,2:ff000004 ");
    view(&r, 100, 100, 120, 100, 100, FRAME_ROTATE_0);
    r.told[0] = 0;
    cursor.inverts = true;
    input_set_guest_cursor(r.input, &cursor);
    says(&r, "hide drawn+ ");
    cursor.inverts = false;
    input_set_guest_cursor(r.input, &cursor);
    cursor.visible = false;
    r.told[0] = 0;
    input_set_guest_cursor(r.input, &cursor);
    says(&r, "hide drawn+ ");
    cursor.visible = true;
    cursor.width_px = DISPLAY_POINTER_MAX_PX + 1; /* never read */
    input_set_guest_cursor(r.input, &cursor);
    says(&r, "");
    cursor.width_px = 3;
    input_set_guest_cursor(r.input, &cursor);
    r.told[0] = 0;
    input_set_capture(r.input, true);
    says(&r, "lock mode1 hide drawn+ captured+ ");
    input_set_capture(r.input, false);
    r.told[0] = 0;
    r.seat.on_pointer_leave(r.seat.ctx);
    CHECK(strstr(r.told, "drawn+ "));
    close_rig(&r);
}

TEST(over_bars_and_in_view_only_the_arrow)
{
    static const uint32_t pixel = 0xff000001;
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    view(&r, 100, 100, 120, 200, 100, FRAME_ROTATE_0);
    const struct input_cursor cursor = {
        .visible = true, .argb = &pixel, .width_px = 1, .height_px = 1
    };
    input_set_guest_cursor(r.input, &cursor);
    r.told[0] = 0;
    enter(&r, 50, 50);
    CHECK(strstr(r.told, "image") && strstr(r.told, "drawn-"));
    r.told[0] = 0;
    move(&r, 50, 5);
    says(&r, "p100,0 arrow drawn+ ");
    move(&r, 50, 50);
    r.told[0] = 0;
    input_set_view_only(r.input, true);
    says(&r, "hint(keyboard and mouse off) arrow drawn+ ");
    close_rig(&r);
}

TEST(without_a_seat_nothing_breaks)
{
    struct rig r;
    open_rig(&r, &defaults, INPUT_MOUSE_ABSOLUTE);
    input_set_seat(r.input, NULL, NULL);
    enter(&r, 5, 5);
    input_set_capture(r.input, true);
    push(&r, 1, 1);
    input_set_guest_cursor_position(r.input, 3, 3);
    input_set_capture(r.input, false);
    down(&r, KEY_A);
    r.told[0] = 0;
    close_rig(&r); /* lets go of A */
    CHECK_STR(r.told, "k1e- ");
}
