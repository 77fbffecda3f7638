/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Drawing messages come in bursts, and half a burst is half a picture: the viewer is told a moment
 * after the first of them (SETTLE_NS), once for all. */
#define LOG_MODULE "spice"

#include "source/spice/spice_source.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "source/spice/picture.h"
#include "source/spice/pointer.h"
#include "spice/backoff.h"
#include "spice/cursor.h"
#include "spice/display.h"

#define SETTLE_NS (2 * NS_PER_MS)
/* Between two modes there is no surface: so long that is not worth a word. */
#define BLANK_NS (500 * NS_PER_MS)

enum {
    HEARD_MS = 300, /* mostly it takes some milliseconds; without a surface nothing is said */
    /* A server that still has the channel from before takes the new one for a double, and may crash
     * throwing it out. It ends channels by a message to its main thread. */
    REOPEN_MS = 500,
};

struct spice_source {
    struct source base;
    struct loop *loop; /* borrowed, as the next */
    const struct spice_server *server;
    struct source_listener listener;
    struct loop_source *settle;       /* timer: tell the viewer */
    struct loop_source *open_display; /* timers: open that channel */
    struct loop_source *open_cursor;
    uint64_t closed_ns; /* when channels were closed by us; 0: never */

    uint32_t connection_id; /* 0: no session */
    bool has_display, has_cursor, wanted;
    char problem[256];   /* why there is no session, or no channel */
    const char *missing; /* static: the last thing that could not be drawn; NULL: nothing */

    struct spice_display *display;
    struct spice_channel *display_channel;
    struct backoff display_backoff;
    bool display_up;
    struct spice_cursor *cursor;
    struct spice_channel *cursor_channel;
    struct backoff cursor_backoff;

    struct picture picture;
    struct pointer pointer;
    bool told; /* `settle` is armed for a moment's time */
    uint64_t blank_since_ns;
    struct source_status status;
    struct source_stats stats;
    uint32_t width_px, height_px; /* of the newest primary surface; kept */
};

static struct spice_source *spice_source_of(struct source *self);

/* ---- status ---- */

static void PRINTF_LIKE(2, 3) add_detail(struct source_status *out, const char *fmt, ...)
{
    const size_t used = strlen(out->detail);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->detail + used, sizeof(out->detail) - used, fmt, args);
    va_end(args);
}

static void describe(struct source_status *out, enum source_state state, const char *title,
                     const char *detail)
{
    *out = (struct source_status){ .state = state };
    snprintf(out->title, sizeof(out->title), "%s", title);
    snprintf(out->detail, sizeof(out->detail), "%s", detail);
}

static bool is_between_modes(const struct spice_source *s)
{
    return !s->picture.drawn_on && s->status.state == SOURCE_STATE_CONNECTED &&
           clock_ns() - s->blank_since_ns < BLANK_NS;
}

static void fill_status(const struct spice_source *s, struct source_status *out)
{
    if (!s->connection_id) {
        describe(out, SOURCE_STATE_NO_HOST, _("Waiting for the VM to start"),
                 s->problem[0] ? s->problem : _("Its SPICE server is not there yet."));
        return;
    }
    if (!s->has_display) {
        describe(
            out, SOURCE_STATE_NO_HOST, _("The VM has no display that can be shown"),
            _("Its SPICE server offers no display channel: the VM has no emulated graphics card. "
              "Add one (<video> in libvirt, -vga std in QEMU) to see it start."));
        return;
    }
    if (!s->wanted) {
        describe(out, SOURCE_STATE_CONNECTING, _("Connecting to the VM's display"), "");
        return;
    }
    if (!s->display_up) {
        describe(out, SOURCE_STATE_CONNECTING, _("Connecting to the VM's display"), s->problem);
        return;
    }
    if (!s->picture.drawn_on && !is_between_modes(s)) {
        describe(out, SOURCE_STATE_CONNECTING, _("The VM's display shows nothing yet"),
                 _("The VM is paused, asleep or between two pictures."));
    } else {
        describe(out, SOURCE_STATE_CONNECTED, _("Connected"),
                 _("The VM's emulated display, over SPICE"));
    }
    if (s->missing)
        add_detail(out,
                   _("\nThis viewer cannot draw what the VM sent (%s): parts of the picture are "
                     "missing."),
                   s->missing);
}

static void publish(struct spice_source *s)
{
    struct source_status status;
    fill_status(s, &status);
    if (status.state == s->status.state && strcmp(status.title, s->status.title) == 0 &&
        strcmp(status.detail, s->status.detail) == 0)
        return;
    s->status = status;
    log_debug("%s: %s", status.title, status.detail);
    if (s->listener.on_status)
        s->listener.on_status(s->listener.ctx, &s->status);
}

static void tell_soon(struct spice_source *s)
{
    if (s->told)
        return;
    s->told = true;
    loop_timer_set_ns(s->settle, clock_ns() + SETTLE_NS, 0);
}

static void on_settled(void *ctx)
{
    struct spice_source *s = ctx;
    s->told = false;
    publish(s);
    if (is_between_modes(s))
        loop_timer_set_ns(s->settle, s->blank_since_ns + BLANK_NS, 0);
    if ((picture_has_news(&s->picture) || s->pointer.pending) && s->listener.on_activity)
        s->listener.on_activity(s->listener.ctx);
}

/* ---- what the channels say ---- */

static void on_surface(void *ctx, struct spice_pixmap *primary)
{
    struct spice_source *s = ctx;
    if (primary) {
        log_debug("the VM's display is %ux%u", primary->width_px, primary->height_px);
        s->width_px = primary->width_px;
        s->height_px = primary->height_px;
    }
    if (s->picture.drawn_on)
        s->blank_since_ns = clock_ns();
    picture_set_surface(&s->picture, primary);
    tell_soon(s);
}

static void on_damage(void *ctx, const struct spice_rect *r)
{
    struct spice_source *s = ctx;
    const uint64_t now_ns = clock_ns();
    if (!s->picture.fresh) {
        if (s->stats.last_notice_ns)
            s->stats.interval_ns = now_ns - s->stats.last_notice_ns;
        s->stats.frames_noticed++;
        s->stats.last_notice_ns = now_ns;
    }
    picture_add_damage(&s->picture, r);
    tell_soon(s);
}

static void on_missing(void *ctx, const char *what)
{
    struct spice_source *s = ctx;
    log_every(10000, LOG_LEVEL_WARN,
              "this viewer cannot draw what the VM's SPICE server sent (%s): parts of the picture "
              "stay as they were",
              what);
    s->stats.frames_rejected++;
    s->missing = what;
    tell_soon(s);
}

static void on_display_up(void *ctx)
{
    struct spice_source *s = ctx;
    s->display_up = true;
    s->problem[0] = '\0';
    backoff_up(&s->display_backoff, clock_ms());
    tell_soon(s);
}

static void on_cursor_up(void *ctx)
{
    struct spice_source *s = ctx;
    backoff_up(&s->cursor_backoff, clock_ms());
}

static void on_pointer(void *ctx, const struct spice_cursor_state *state)
{
    struct spice_source *s = ctx;
    s->stats.cursor_updates++;
    pointer_set(&s->pointer, state);
    tell_soon(s);
}

/* ---- opening and closing ---- */

static void close_display(struct spice_source *s)
{
    loop_timer_set_ns(s->open_display, 0, 0);
    /* libspice-server 0.15.1 crashes, and the VM with it, when a connection ends while it still
     * waits for DISPLAY_INIT. It has stopped waiting when it says something about the display. */
    spice_channel_destroy_heard(s->display_channel, HEARD_MS);
    spice_display_destroy(s->display);
    s->display_channel = NULL;
    s->display = NULL;
    s->display_up = false;
    s->missing = NULL;
    picture_set_surface(&s->picture, NULL);
}

static void close_cursor(struct spice_source *s)
{
    loop_timer_set_ns(s->open_cursor, 0, 0);
    if (s->cursor)
        pointer_hide(&s->pointer);
    spice_channel_destroy(s->cursor_channel);
    spice_cursor_destroy(s->cursor);
    s->cursor_channel = NULL;
    s->cursor = NULL;
}

static void on_display_down(void *ctx, const struct spice_problem *problem)
{
    struct spice_source *s = ctx;
    log_every(10000, LOG_LEVEL_INFO, "%s", problem->text);
    snprintf(s->problem, sizeof(s->problem), "%s", problem->text);
    s->stats.restarts++;
    close_display(s);
    const uint64_t now_ms = clock_ms();
    loop_timer_set_ns(s->open_display,
                      (now_ms + backoff_down(&s->display_backoff, now_ms)) * NS_PER_MS, 0);
    tell_soon(s);
}

static void on_cursor_down(void *ctx, const struct spice_problem *problem)
{
    struct spice_source *s = ctx;
    log_debug("%s", problem->text);
    close_cursor(s);
    const uint64_t now_ms = clock_ms();
    loop_timer_set_ns(s->open_cursor,
                      (now_ms + backoff_down(&s->cursor_backoff, now_ms)) * NS_PER_MS, 0);
    tell_soon(s);
}

static void on_open_display(void *ctx)
{
    struct spice_source *s = ctx;
    const struct spice_display_listener listener = {
        .on_surface = on_surface,
        .on_damage = on_damage,
        .on_missing = on_missing,
        .on_up = on_display_up,
        .on_down = on_display_down,
        .ctx = s,
    };
    int err = spice_display_create(&listener, &s->display);
    if (err == 0)
        err = spice_channel_create(s->loop, s->server, s->connection_id, 0, &spice_display_ops,
                                   s->display, &s->display_channel);
    if (err < 0) {
        struct spice_problem problem = { .fault = SPICE_FAULT_MEMORY };
        snprintf(problem.text, sizeof(problem.text), _("SPICE display channel: %s"), err_str(err));
        on_display_down(s, &problem);
    }
}

static void on_open_cursor(void *ctx)
{
    struct spice_source *s = ctx;
    const struct spice_cursor_listener listener = {
        .on_pointer = on_pointer, .on_up = on_cursor_up, .on_down = on_cursor_down, .ctx = s
    };
    int err = spice_cursor_create(&listener, &s->cursor);
    if (err == 0)
        err = spice_channel_create(s->loop, s->server, s->connection_id, 0, &spice_cursor_ops,
                                   s->cursor, &s->cursor_channel);
    if (err < 0) {
        struct spice_problem problem = { .fault = SPICE_FAULT_MEMORY };
        snprintf(problem.text, sizeof(problem.text), _("SPICE cursor channel: %s"), err_str(err));
        on_cursor_down(s, &problem);
    }
}

static void close_all(struct spice_source *s)
{
    if (s->display_channel || s->cursor_channel)
        s->closed_ns = clock_ns();
    close_cursor(s);
    close_display(s);
    backoff_reset(&s->display_backoff);
    backoff_reset(&s->cursor_backoff);
}

/* From the loop, at once if it may be. */
static void open_all(struct spice_source *s)
{
    if (!s->wanted || !s->connection_id)
        return;
    const uint64_t now_ns = clock_ns(),
                   free_ns = s->closed_ns ? s->closed_ns + REOPEN_MS * NS_PER_MS : now_ns,
                   when_ns = free_ns > now_ns ? free_ns : now_ns;
    if (s->has_display)
        loop_timer_set_ns(s->open_display, when_ns, 0);
    if (s->has_cursor)
        loop_timer_set_ns(s->open_cursor, when_ns, 0);
}

void spice_source_set_session(struct source *self, uint32_t connection_id, bool has_display,
                              bool has_cursor)
{
    struct spice_source *s = spice_source_of(self);
    if (s->connection_id == connection_id && s->has_display == has_display &&
        s->has_cursor == has_cursor)
        return;
    if (s->connection_id)
        s->stats.restarts++;
    close_all(s);
    s->connection_id = connection_id;
    s->has_display = has_display;
    s->has_cursor = has_cursor;
    s->problem[0] = '\0';
    open_all(s);
    tell_soon(s);
}

void spice_source_set_problem(struct source *self, const char *text)
{
    struct spice_source *s = spice_source_of(self);
    if (s->connection_id) /* the display's own problem is shown */
        return;
    snprintf(s->problem, sizeof(s->problem), "%s", text ? text : "");
    tell_soon(s);
}

void spice_source_want(struct source *self, bool want)
{
    struct spice_source *s = spice_source_of(self);
    const bool was = s->wanted;
    s->wanted = want;
    if (want && was)
        picture_offer_again(&s->picture);
    else if (want)
        open_all(s);
    else
        close_all(s);
    tell_soon(s);
}

/* ---- source_ops ---- */

static enum source_take spice_take_frame(struct source *self, struct frame_view *frame,
                                         struct damage *damage)
{
    return picture_take(&spice_source_of(self)->picture, frame, damage);
}

/* The one writer is this thread's loop, and it does not run during the copy. */
static bool spice_frame_intact(struct source *self)
{
    return spice_source_of(self)->picture.taken != NULL;
}

static void spice_finish_frame(struct source *self, bool drawn)
{
    picture_finish(&spice_source_of(self)->picture, drawn);
}

static bool spice_take_cursor(struct source *self, struct cursor_update *out)
{
    return pointer_take(&spice_source_of(self)->pointer, out);
}

static void spice_local_input(struct source *self)
{
    (void)self;
}

static const struct shm_region *spice_region(struct source *self)
{
    (void)self;
    return NULL;
}

static void spice_stats(struct source *self, struct source_stats *out)
{
    *out = spice_source_of(self)->stats;
}

static void spice_destroy(struct source *self)
{
    if (!self)
        return;
    struct spice_source *s = spice_source_of(self);
    if (s->open_display && s->open_cursor)
        close_all(s);
    picture_fini(&s->picture);
    pointer_fini(&s->pointer);
    loop_source_destroy(s->open_cursor);
    loop_source_destroy(s->open_display);
    loop_source_destroy(s->settle);
    free(s);
}

static const struct source_ops spice_source_ops = {
    .name = "spice",
    .destroy = spice_destroy,
    .take_frame = spice_take_frame,
    .frame_intact = spice_frame_intact,
    .finish_frame = spice_finish_frame,
    .take_cursor = spice_take_cursor,
    .local_input = spice_local_input,
    .region = spice_region,
    .stats = spice_stats,
};

static struct spice_source *spice_source_of(struct source *self)
{
    assert(self->ops == &spice_source_ops);
    return container_of(self, struct spice_source, base);
}

void spice_source_get_size(struct source *self, uint32_t *width_px, uint32_t *height_px)
{
    const struct spice_source *s = spice_source_of(self);
    *width_px = s->width_px;
    *height_px = s->height_px;
}

int spice_source_create(struct loop *loop, const struct spice_server *server,
                        const struct source_listener *listener, struct source **out)
{
    struct spice_source *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->base.ops = &spice_source_ops;
    s->loop = loop;
    s->server = server;
    s->listener = *listener;
    s->wanted = true;
    picture_init(&s->picture);
    pointer_init(&s->pointer);
    int err = loop_add_timer(loop, on_settled, s, &s->settle);
    if (err == 0)
        err = loop_add_timer(loop, on_open_display, s, &s->open_display);
    if (err == 0)
        err = loop_add_timer(loop, on_open_cursor, s, &s->open_cursor);
    if (err < 0) {
        spice_destroy(&s->base);
        return err;
    }
    tell_soon(s); /* the first status */
    *out = &s->base;
    return 0;
}
