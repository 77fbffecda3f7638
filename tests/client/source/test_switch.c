/* SPDX-License-Identifier: GPL-2.0-or-later
 * The switch over two sources of the test, which do what source.h says: damage since the last frame
 * drawn, the same frame again until it is finished. */
#include "test.h"

#include <errno.h>

#include "base/clock.h"
#include "source/switch/switch.h"

struct half {
    struct source base;
    struct source_listener listener;
    bool fresh, taken, drawn_once;
    uint8_t pixels[16];
    uint32_t serial, finished_drawn, finished_not;
    bool has_cursor;
    struct cursor_update cursor;
    bool destroyed;
    _Atomic uint32_t written;
};

struct rig {
    struct loop *loop;
    struct half relay, spice;
    struct source *sw;
    int wants; /* last said: 1, 0; -1 never */
    uint32_t want_calls;
    struct source_status status;
    uint32_t statuses, activities;
    enum source_switch_active active;
    uint32_t switches;
    int create_error;
    struct kvmfr_session session;
};

static struct half *half_of(struct source *self)
{
    return container_of(self, struct half, base);
}

static enum source_take half_take(struct source *self, struct frame_view *frame,
                                  struct damage *damage)
{
    struct half *h = half_of(self);
    if (!h->fresh)
        return SOURCE_TAKE_NONE;
    h->taken = true;
    *frame = (struct frame_view){ .fmt = frame_format_find(FRAME_FORMAT_BGRA),
                                  .serial = h->serial,
                                  .width_px = 2,
                                  .height_px = 2,
                                  .rows_px = 2,
                                  .pitch_bytes = 8,
                                  .row_bytes = 8,
                                  .pixels = h->pixels,
                                  .pixels_bytes = 16,
                                  .write_pointer = &h->written };
    damage_clear(damage);
    if (h->drawn_once)
        damage_add_rect(damage, (struct frame_rect){ .width_px = 1, .height_px = 1 });
    else
        damage_set_full(damage);
    return SOURCE_TAKE_FRAME;
}

static bool half_intact(struct source *self)
{
    return half_of(self)->taken;
}

static void half_finish(struct source *self, bool drawn)
{
    struct half *h = half_of(self);
    CHECK(h->taken); /* each take is finished once */
    h->taken = false;
    if (drawn) {
        h->fresh = false;
        h->drawn_once = true;
        h->finished_drawn++;
    } else {
        h->finished_not++;
    }
}

static bool half_cursor(struct source *self, struct cursor_update *out)
{
    struct half *h = half_of(self);
    if (!h->has_cursor)
        return false;
    *out = h->cursor;
    h->cursor = (struct cursor_update){ 0 };
    h->has_cursor = false;
    return true;
}

static void half_input(struct source *self)
{
    (void)self;
}

static const struct shm_region *half_region(struct source *self)
{
    return (const struct shm_region *)(void *)half_of(self); /* an address to know it by */
}

static void half_stats(struct source *self, struct source_stats *out)
{
    *out = (struct source_stats){ .frames_noticed = half_of(self)->serial, .interval_ns = 7 };
}

static void half_destroy(struct source *self)
{
    struct half *h = half_of(self);
    if (h->has_cursor && h->cursor.has_shape)
        cursor_shape_fini(&h->cursor.shape);
    h->destroyed = true;
}

static const struct source_ops half_ops = {
    .name = "half",
    .destroy = half_destroy,
    .take_frame = half_take,
    .frame_intact = half_intact,
    .finish_frame = half_finish,
    .take_cursor = half_cursor,
    .local_input = half_input,
    .region = half_region,
    .stats = half_stats,
};

static int create_half(struct half *h, const struct source_listener *listener, struct source **out)
{
    h->base.ops = &half_ops;
    h->listener = *listener;
    h->written = 16;
    *out = &h->base;
    return 0;
}

static int create_relay(void *ctx, const struct source_listener *listener, struct source **out)
{
    return create_half(&((struct rig *)ctx)->relay, listener, out);
}

static int create_spice(void *ctx, const struct source_listener *listener, struct source **out)
{
    struct rig *g = ctx;
    return g->create_error ? g->create_error : create_half(&g->spice, listener, out);
}

static void want(void *ctx, struct source *spice, bool wanted)
{
    struct rig *g = ctx;
    CHECK(spice == &g->spice.base);
    if (wanted && g->wants == 1)
        g->spice.fresh = g->spice.serial > 0; /* as spice_source_want(): all of it anew */
    g->wants = wanted;
    g->want_calls++;
}

static void on_status(void *ctx, const struct source_status *status)
{
    struct rig *g = ctx;
    g->status = *status;
    g->statuses++;
}

static void on_activity(void *ctx)
{
    ((struct rig *)ctx)->activities++;
}

static void on_switch(void *ctx, enum source_switch_active active)
{
    struct rig *g = ctx;
    g->active = active;
    g->switches++;
}

static int rig_try(struct rig *g, enum source_switch_mode mode)
{
    const struct source_switch_config config = { .mode = mode,
                                                 .create_relay = create_relay,
                                                 .create_spice = create_spice,
                                                 .want_spice = want,
                                                 .ctx = g };
    const struct source_switch_listener listener = {
        .source = { .on_status = on_status, .on_activity = on_activity, .ctx = g },
        .on_switch = on_switch,
    };
    CHECK_INT(loop_create(&g->loop), 0);
    return source_switch_create(g->loop, &config, &listener, &g->sw);
}

static void rig_open(struct rig *g, enum source_switch_mode mode)
{
    *g = (struct rig){ .wants = -1 };
    CHECK_INT(rig_try(g, mode), 0);
}

static void rig_close(struct rig *g)
{
    g->sw->ops->destroy(g->sw);
    loop_destroy(g->loop);
}

static void say(struct half *h, enum source_state state, const char *title, const char *detail,
                const struct kvmfr_session *session)
{
    struct source_status status = { .state = state, .session = session };
    snprintf(status.title, sizeof(status.title), "%s", title);
    snprintf(status.detail, sizeof(status.detail), "%s", detail);
    h->listener.on_status(h->listener.ctx, &status);
}

static void connect_half(struct rig *g, struct half *h)
{
    say(h, SOURCE_STATE_CONNECTED, "Connected", "", h == &g->relay ? &g->session : NULL);
}

static void publish(struct half *h)
{
    h->serial++;
    h->fresh = true;
    h->pixels[0] = (uint8_t)h->serial;
    h->listener.on_activity(h->listener.ctx);
}

/* Takes and draws; the half it came from, NULL if there was none. */
static struct half *draw(struct rig *g, bool *full)
{
    struct frame_view f;
    struct damage d;
    if (g->sw->ops->take_frame(g->sw, &f, &d) != SOURCE_TAKE_FRAME)
        return NULL;
    struct half *h = f.pixels == g->relay.pixels ? &g->relay : &g->spice;
    CHECK(g->sw->ops->frame_intact(g->sw));
    CHECK(g->sw->ops->region(g->sw) == half_region(&h->base));
    g->sw->ops->finish_frame(g->sw, true);
    if (full)
        *full = d.full;
    return h;
}

static void put_cursor(struct half *h, uint8_t mark, bool shape)
{
    h->has_cursor = true;
    h->cursor = (struct cursor_update){ .visible = true, .has_position = true, .x_px = mark };
    if (!shape)
        return;
    h->cursor.has_shape = true;
    h->cursor.shape = (struct cursor_shape){ .type = CURSOR_COLOUR,
                                             .width_px = 1,
                                             .height_px = 1,
                                             .pitch_bytes = 4,
                                             .data_bytes = 4,
                                             .data = malloc(4) };
    memset(h->cursor.shape.data, mark, 4);
}

/* The next update; its shape's first byte, or -1 without one, -2 if there is no update. */
static int next_cursor(struct rig *g, struct cursor_update *u)
{
    if (!g->sw->ops->take_cursor(g->sw, u))
        return -2;
    if (!u->has_shape)
        return -1;
    const int mark = u->shape.data[0];
    cursor_shape_fini(&u->shape);
    return mark;
}

static void run_for_ms(struct rig *g, uint32_t ms)
{
    const uint64_t end = clock_ms() + ms;
    while (clock_ms() < end)
        CHECK(loop_run_once(g->loop, (int)(end - clock_ms())) >= 0);
}

TEST(half_built_is_taken_down)
{
    struct rig g = { .create_error = -ENOMEM };
    CHECK_INT(rig_try(&g, SOURCE_SWITCH_AUTO), -ENOMEM);
    CHECK(!g.sw && g.relay.destroyed);
    loop_destroy(g.loop);
}

TEST(modes_make_only_what_they_need)
{
    struct rig g;
    rig_open(&g, SOURCE_SWITCH_RELAY);
    CHECK(source_switch_relay(g.sw) == &g.relay.base && !source_switch_spice(g.sw));
    say(&g.relay, SOURCE_STATE_NO_HOST, "Waiting", "for it", NULL);
    CHECK_STR(g.status.detail, "for it");
    connect_half(&g, &g.relay);
    publish(&g.relay);
    CHECK(draw(&g, NULL) == &g.relay);
    say(&g.relay, SOURCE_STATE_HOST_SILENT, "Gone", "", NULL);
    run_for_ms(&g, 350);
    CHECK_INT(g.want_calls, 0);
    rig_close(&g);
    rig_open(&g, SOURCE_SWITCH_SPICE);
    CHECK(!source_switch_relay(g.sw) && source_switch_spice(g.sw) == &g.spice.base);
    say(&g.spice, SOURCE_STATE_NO_HOST, "Waiting", "for SPICE", NULL);
    CHECK_STR(g.status.detail, "for SPICE");
    connect_half(&g, &g.spice);
    publish(&g.spice);
    CHECK(draw(&g, NULL) == &g.spice);
    CHECK_INT(g.active, SOURCE_SWITCH_ACTIVE_SPICE);
    run_for_ms(&g, 350);
    CHECK_INT(g.want_calls, 0);
    struct source_stats stats;
    g.sw->ops->stats(g.sw, &stats);
    CHECK_INT(stats.frames_noticed, 1);
    rig_close(&g);
}

TEST(relay_has_the_first_try)
{
    struct rig g;
    rig_open(&g, SOURCE_SWITCH_AUTO);
    CHECK_INT(g.wants, 0);
    connect_half(&g, &g.relay);
    publish(&g.relay);
    CHECK(draw(&g, NULL) == &g.relay);
    run_for_ms(&g, 400);
    CHECK_INT(g.wants, 0);
    rig_close(&g);
    rig_open(&g, SOURCE_SWITCH_AUTO);
    say(&g.relay, SOURCE_STATE_NO_HOST, "Waiting", "", NULL);
    run_for_ms(&g, 400);
    CHECK_INT(g.wants, 1);
    rig_close(&g);
}

TEST(boot_then_relay_then_back)
{
    struct rig g;
    bool full;
    rig_open(&g, SOURCE_SWITCH_AUTO);
    say(&g.relay, SOURCE_STATE_NO_HOST, "Waiting", "", NULL);
    run_for_ms(&g, 400);
    CHECK(!draw(&g, NULL));
    connect_half(&g, &g.spice);
    CHECK(g.status.state == SOURCE_STATE_CONNECTED && !g.status.session);
    publish(&g.spice);
    CHECK(draw(&g, &full) == &g.spice && full);
    publish(&g.spice);
    CHECK(draw(&g, &full) == &g.spice && !full);
    CHECK_INT(g.active, SOURCE_SWITCH_ACTIVE_SPICE);
    /* The host program comes: its session, but no frame yet. */
    connect_half(&g, &g.relay);
    CHECK(g.status.session == &g.session);
    publish(&g.spice);
    CHECK(draw(&g, NULL) == &g.spice);
    CHECK_INT(source_switch_active(g.sw), SOURCE_SWITCH_ACTIVE_SPICE);
    publish(&g.relay);
    CHECK(draw(&g, &full) == &g.relay && full);
    CHECK_INT(g.active, SOURCE_SWITCH_ACTIVE_RELAY);
    const uint32_t before = g.activities;
    publish(&g.spice); /* not looked at any more */
    CHECK(!draw(&g, NULL) && g.activities == before);
    publish(&g.relay);
    CHECK(draw(&g, &full) == &g.relay && !full);
    /* It dies: SPICE, still open, shows all of its picture though nothing was drawn there. */
    g.spice.fresh = false;
    say(&g.relay, SOURCE_STATE_HOST_SILENT, "Gone", "", NULL);
    CHECK(g.status.state == SOURCE_STATE_CONNECTED && !g.status.session);
    CHECK_INT(g.active, SOURCE_SWITCH_ACTIVE_NONE);
    CHECK(g.activities > before + 1);
    CHECK(draw(&g, &full) == &g.spice && full);
    CHECK_INT(g.active, SOURCE_SWITCH_ACTIVE_SPICE);
    rig_close(&g);
    CHECK(g.relay.destroyed && g.spice.destroyed);
}

TEST(spice_is_left_after_a_while)
{
    struct rig g;
    rig_open(&g, SOURCE_SWITCH_AUTO);
    run_for_ms(&g, 400);
    CHECK_INT(g.wants, 1);
    connect_half(&g, &g.relay);
    publish(&g.relay);
    CHECK(draw(&g, NULL) == &g.relay);
    run_for_ms(&g, 500);
    CHECK_INT(g.wants, 1);
    run_for_ms(&g, 5000);
    CHECK_INT(g.wants, 0);
    say(&g.relay, SOURCE_STATE_HOST_SILENT, "Gone", "", NULL);
    CHECK_INT(g.wants, 1);
    CHECK_INT(g.status.state, SOURCE_STATE_HOST_SILENT);
    rig_close(&g);
}

TEST(frame_in_hand_when_the_other_takes_over)
{
    struct rig g;
    struct frame_view f;
    struct damage d;
    rig_open(&g, SOURCE_SWITCH_AUTO);
    connect_half(&g, &g.spice);
    connect_half(&g, &g.relay);
    publish(&g.spice);
    CHECK_INT(g.sw->ops->take_frame(g.sw, &f, &d), SOURCE_TAKE_FRAME);
    CHECK(f.pixels == g.spice.pixels);
    publish(&g.relay);
    CHECK_INT(g.sw->ops->take_frame(g.sw, &f, &d), SOURCE_TAKE_FRAME);
    CHECK(f.pixels == g.relay.pixels && d.full);
    CHECK(!g.spice.taken && g.spice.finished_not == 1);
    g.sw->ops->finish_frame(g.sw, false); /* not drawn: the next one is all damaged too */
    g.relay.drawn_once = true;
    CHECK_INT(g.sw->ops->take_frame(g.sw, &f, &d), SOURCE_TAKE_FRAME);
    CHECK(d.full);
    say(&g.relay, SOURCE_STATE_HOST_SILENT, "Gone", "", NULL); /* while its frame is in hand */
    CHECK(g.relay.taken);
    publish(&g.spice);
    CHECK_INT(g.sw->ops->take_frame(g.sw, &f, &d), SOURCE_TAKE_FRAME);
    CHECK(f.pixels == g.spice.pixels && !g.relay.taken);
    rig_close(&g);
    CHECK(!g.spice.taken); /* given back at the end */
}

TEST(pointer_comes_anew_with_each_switch)
{
    struct rig g;
    struct cursor_update u;
    rig_open(&g, SOURCE_SWITCH_AUTO);
    put_cursor(&g.spice, 20, true);
    CHECK_INT(next_cursor(&g, &u), -2); /* nothing is shown */
    connect_half(&g, &g.spice);
    publish(&g.spice);
    CHECK(draw(&g, NULL) == &g.spice);
    CHECK_INT(next_cursor(&g, &u), 20);
    CHECK(u.visible && u.x_px == 20);
    CHECK_INT(next_cursor(&g, &u), -2);
    connect_half(&g, &g.relay);
    publish(&g.relay);
    CHECK(draw(&g, NULL) == &g.relay);
    CHECK_INT(next_cursor(&g, &u), -1); /* the relay has told none: SPICE's must not stay */
    CHECK(!u.visible);
    put_cursor(&g.relay, 10, true);
    CHECK_INT(next_cursor(&g, &u), 10);
    put_cursor(&g.spice, 21, false); /* meanwhile, over there */
    CHECK_INT(next_cursor(&g, &u), -2);
    say(&g.relay, SOURCE_STATE_HOST_SILENT, "Gone", "", NULL);
    publish(&g.spice);
    CHECK(draw(&g, NULL) == &g.spice);
    CHECK_INT(next_cursor(&g, &u), 20); /* the shape from before, at the newest place */
    CHECK(u.visible && u.x_px == 21);
    rig_close(&g);
}

TEST(status_of_both_while_waiting)
{
    struct rig g;
    rig_open(&g, SOURCE_SWITCH_AUTO);
    say(&g.relay, SOURCE_STATE_NO_HOST, "Waiting for the VM", "No host program.", NULL);
    CHECK_STR(g.status.detail, "No host program.");
    run_for_ms(&g, 400);
    say(&g.spice, SOURCE_STATE_NO_HOST, "Waiting", "wrong password", NULL);
    CHECK_STR(g.status.title, "Waiting for the VM");
    CHECK_STR(g.status.detail, "No host program.\nSPICE: wrong password");
    const uint32_t before = g.statuses;
    say(&g.spice, SOURCE_STATE_NO_HOST, "Waiting", "wrong password", NULL);
    CHECK_INT(g.statuses, before); /* nothing new */
    char endless[1280];
    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    say(&g.relay, SOURCE_STATE_NO_HOST, "Waiting", endless, NULL);
    CHECK_INT(strlen(g.status.detail), sizeof(endless) - 1);
    connect_half(&g, &g.relay);
    CHECK(g.status.session == &g.session);
    rig_close(&g);
}
