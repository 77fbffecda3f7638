/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "source"

#include "source/switch/switch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "source/switch/cursor_memory.h"

/* A relay that is there is found within this time: then SPICE's channels need not be opened. */
#define SPICE_AFTER_NS (300 * NS_PER_MS)
/* A relay that comes may go again (a driver's restart): SPICE is left for good after this time. */
#define SPICE_LEAVE_NS (5 * NS_PER_S)

struct side {
    struct source_switch *owner;
    struct source *source; /* owned; NULL: not of this mode */
    enum source_switch_active name;
    struct source_status status;
    struct cursor_memory cursor;
};

struct source_switch {
    struct source base;
    struct source_switch_config config;
    struct source_switch_listener listener;
    struct side relay, spice;
    struct side *shown; /* whose frame was given last; NULL: none yet */
    struct side *taken; /* between take and finish */
    enum source_switch_active active;
    bool spice_wanted;
    bool suspended;
    bool all_damaged;             /* since the switch, nothing was drawn */
    bool tell_cursor;             /* since the switch, the pointer was not told */
    struct loop_source *patience; /* timer: SPICE is wanted, or no more */
    struct source_status status;
};

static struct source_switch *switch_of(struct source *self);

static bool is_live(const struct side *side)
{
    return side->source && side->status.state == SOURCE_STATE_CONNECTED;
}

/* ---- SPICE wanted or not ---- */

static void want_spice(struct source_switch *w, bool want)
{
    if (!w->spice.source || !w->relay.source || w->suspended)
        return;
    if (w->spice_wanted != want)
        log_debug("SPICE's picture is %s", want ? "wanted" : "not wanted any more");
    w->spice_wanted = want;
    w->config.want_spice(w->config.ctx, w->spice.source, want);
}

static void on_patience(void *ctx)
{
    struct source_switch *w = ctx;
    const bool want = w->active != SOURCE_SWITCH_ACTIVE_RELAY;
    if (want != w->spice_wanted)
        want_spice(w, want);
}

/* ---- whose picture ---- */

static void set_active(struct source_switch *w, enum source_switch_active active)
{
    if (w->active == active)
        return;
    w->active = active;
    if (active == SOURCE_SWITCH_ACTIVE_RELAY)
        loop_timer_set_ns(w->patience, clock_ns() + SPICE_LEAVE_NS, 0);
    if (w->listener.on_switch)
        w->listener.on_switch(w->listener.source.ctx, active);
}

static void give_back(struct source_switch *w, bool drawn)
{
    if (w->taken)
        w->taken->source->ops->finish_frame(w->taken->source, drawn);
    w->taken = NULL;
}

/* `side` gave a frame. */
static void show(struct source_switch *w, struct side *side)
{
    if (w->shown != side) {
        if (w->shown)
            log_info("%s", side == &w->relay ? _("the picture comes from the host program now")
                                             : _("the picture comes over SPICE now"));
        w->shown = side;
        w->all_damaged = w->tell_cursor = true;
    }
    set_active(w, side->name);
}

/* ---- status ---- */

static void add_spice_line(const struct source_switch *w, struct source_status *out)
{
    const struct source_status *spice = &w->spice.status;
    const size_t used = strlen(out->detail);
    if (!w->spice.source || !w->spice_wanted || spice->state == SOURCE_STATE_NONE)
        return;
    snprintf(out->detail + used, sizeof(out->detail) - used, "%sSPICE: %s", used ? "\n" : "",
             spice->detail[0] ? spice->detail : spice->title);
}

static void merge_status(const struct source_switch *w, struct source_status *out)
{
    if (!w->relay.source || (!is_live(&w->relay) && is_live(&w->spice))) {
        *out = w->spice.status;
        return;
    }
    *out = w->relay.status;
    if (!is_live(&w->relay))
        add_spice_line(w, out);
}

static void publish(struct source_switch *w)
{
    struct source_status status = { .title = "" };
    snprintf(status.title, sizeof(status.title), "%s", _("The picture is off"));
    if (!w->suspended)
        merge_status(w, &status);
    if (status.state == SOURCE_STATE_NONE && !w->suspended)
        return;
    if (status.state == w->status.state && status.session == w->status.session &&
        strcmp(status.title, w->status.title) == 0 && strcmp(status.detail, w->status.detail) == 0)
        return;
    w->status = status;
    if (w->listener.source.on_status)
        w->listener.source.on_status(w->listener.source.ctx, &w->status);
}

/* ---- what the sources say ---- */

static void tell_activity(struct source_switch *w)
{
    if (w->listener.source.on_activity)
        w->listener.source.on_activity(w->listener.source.ctx);
}

static void on_lost(struct source_switch *w, struct side *side)
{
    cursor_memory_fini(&side->cursor);
    if (w->active == side->name)
        set_active(w, SOURCE_SWITCH_ACTIVE_NONE);
    if (side == &w->relay) {
        loop_timer_set_ns(w->patience, 0, 0);
        want_spice(w, true); /* also if it still is: then its picture comes anew */
    }
}

static void on_status(void *ctx, const struct source_status *status)
{
    struct side *side = ctx;
    struct source_switch *w = side->owner;
    const bool was_live = is_live(side);
    side->status = *status;
    if (was_live && !is_live(side))
        on_lost(w, side);
    publish(w);
    /* The other one may have a frame that nobody has asked for so far. */
    if (was_live != is_live(side))
        tell_activity(w);
}

static void on_activity(void *ctx)
{
    struct side *side = ctx;
    struct source_switch *w = side->owner;
    if (side == &w->spice && w->active == SOURCE_SWITCH_ACTIVE_RELAY)
        return;
    tell_activity(w);
}

static void on_reclaim(void *ctx, uint32_t token)
{
    const struct side *side = ctx;
    const struct source_switch *w = side->owner;
    if (w->listener.source.on_reclaim)
        w->listener.source.on_reclaim(w->listener.source.ctx, token);
}

/* ---- source_ops ---- */

static bool take_from(struct source_switch *w, struct side *side, struct frame_view *frame,
                      struct damage *damage)
{
    if (!is_live(side) ||
        side->source->ops->take_frame(side->source, frame, damage) != SOURCE_TAKE_FRAME)
        return false;
    if (w->taken != side)
        give_back(w, false);
    w->taken = side;
    show(w, side);
    if (w->all_damaged)
        damage_set_full(damage);
    return true;
}

static enum source_take switch_take_frame(struct source *self, struct frame_view *frame,
                                          struct damage *damage)
{
    struct source_switch *w = switch_of(self);
    if (w->suspended)
        return SOURCE_TAKE_NONE;
    if (take_from(w, &w->relay, frame, damage))
        return SOURCE_TAKE_FRAME;
    /* The relay's picture stays while its session lives, whether or not it changes. */
    if (w->active != SOURCE_SWITCH_ACTIVE_RELAY && take_from(w, &w->spice, frame, damage))
        return SOURCE_TAKE_FRAME;
    return SOURCE_TAKE_NONE;
}

static bool switch_frame_intact(struct source *self)
{
    const struct source_switch *w = switch_of(self);
    return w->taken && w->taken->source->ops->frame_intact(w->taken->source);
}

static void switch_frame_times(struct source *self, struct source_frame_times *out)
{
    const struct source_switch *w = switch_of(self);
    if (w->taken)
        *out = source_frame_times(w->taken->source);
}

static void switch_finish_frame(struct source *self, bool drawn)
{
    struct source_switch *w = switch_of(self);
    if (w->taken && drawn)
        w->all_damaged = false;
    give_back(w, drawn);
}

/* Only the relay's frames lie in memory that can be handed on, so all tokens are its own. */
static uint32_t switch_keep_frame(struct source *self)
{
    struct source_switch *w = switch_of(self);
    const uint32_t token = w->taken == &w->relay ? source_keep_frame(w->relay.source) : 0;
    if (token) {
        w->all_damaged = false;
        w->taken = NULL;
    }
    return token;
}

static bool switch_can_keep(struct source *self)
{
    const struct source_switch *w = switch_of(self);
    return w->taken == &w->relay && source_can_keep(w->relay.source);
}

static void switch_release_frame(struct source *self, uint32_t token)
{
    const struct source_switch *w = switch_of(self);
    if (w->relay.source)
        source_release_frame(w->relay.source, token);
}

static bool switch_take_cursor(struct source *self, struct cursor_update *out)
{
    struct source_switch *w = switch_of(self);
    struct side *side = w->shown;
    if (!side)
        return false;
    struct cursor_update update;
    if (!w->tell_cursor) {
        if (!side->source->ops->take_cursor(side->source, &update))
            return false;
        cursor_memory_add(&side->cursor, &update);
        *out = update;
        return true;
    }
    while (side->source->ops->take_cursor(side->source, &update)) {
        cursor_memory_add(&side->cursor, &update);
        if (update.has_shape)
            cursor_shape_fini(&update.shape);
    }
    w->tell_cursor = false;
    cursor_memory_tell(&side->cursor, out);
    return true;
}

static void switch_local_input(struct source *self)
{
    const struct source_switch *w = switch_of(self); /* its sources are constant after create */
    if (w->relay.source)
        w->relay.source->ops->local_input(w->relay.source);
    if (w->spice.source)
        w->spice.source->ops->local_input(w->spice.source);
}

static const struct shm_region *switch_region(struct source *self)
{
    const struct source_switch *w = switch_of(self);
    const struct side *side = w->taken ? w->taken : w->shown;
    return side ? side->source->ops->region(side->source) : NULL;
}

static void add_counts(struct source_stats *out, const struct source_stats *more)
{
    out->frames_noticed += more->frames_noticed;
    out->frames_superseded += more->frames_superseded;
    out->frames_missed += more->frames_missed;
    out->frames_rejected += more->frames_rejected;
    out->frames_torn += more->frames_torn;
    out->frames_kept += more->frames_kept;
    out->frames_overdue += more->frames_overdue;
    out->cursor_updates += more->cursor_updates;
    out->restarts += more->restarts;
    out->wakeups += more->wakeups;
}

/* Counts of both; times of the one that is shown. */
static void switch_stats(struct source *self, struct source_stats *out)
{
    const struct source_switch *w = switch_of(self);
    const struct side *first = w->shown == &w->spice || !w->relay.source ? &w->spice : &w->relay;
    const struct side *other = first == &w->spice ? &w->relay : &w->spice;
    first->source->ops->stats(first->source, out);
    if (other->source) {
        struct source_stats more;
        other->source->ops->stats(other->source, &more);
        add_counts(out, &more);
    }
}

static void side_fini(struct side *side)
{
    if (side->source)
        side->source->ops->destroy(side->source);
    cursor_memory_fini(&side->cursor);
}

static void switch_destroy(struct source *self)
{
    if (!self)
        return;
    struct source_switch *w = switch_of(self);
    w->listener = (struct source_switch_listener){ 0 };
    give_back(w, false);
    side_fini(&w->spice);
    side_fini(&w->relay);
    loop_source_destroy(w->patience);
    free(w);
}

static void suspend_side(struct source_switch *w, struct side *side, bool suspend)
{
    if (side->source && side->source->ops->suspend)
        side->source->ops->suspend(side->source, suspend);
    else if (side->source)
        w->config.want_spice(w->config.ctx, side->source, !suspend && !w->relay.source);
}

/* Resumed as at the start: the relay has the first try. */
static void switch_suspend(struct source *self, bool suspend)
{
    struct source_switch *w = switch_of(self);
    if (suspend == w->suspended)
        return;
    give_back(w, false);
    w->suspended = suspend;
    suspend_side(w, &w->relay, suspend);
    suspend_side(w, &w->spice, suspend);
    w->spice_wanted = !suspend && !w->relay.source;
    w->all_damaged = w->tell_cursor = true;
    set_active(w, SOURCE_SWITCH_ACTIVE_NONE);
    loop_timer_set_ns(w->patience, suspend ? 0 : clock_ns() + SPICE_AFTER_NS, 0);
    publish(w);
}

/* Only a host program can; SPICE has no such message. */
static bool switch_place_pointer(struct source *self, int32_t x_px, int32_t y_px)
{
    const struct source_switch *w = switch_of(self);
    return w->relay.source && source_place_pointer(w->relay.source, x_px, y_px);
}

static const struct source_ops switch_ops = {
    .name = "switch",
    .destroy = switch_destroy,
    .take_frame = switch_take_frame,
    .frame_intact = switch_frame_intact,
    .finish_frame = switch_finish_frame,
    .frame_times = switch_frame_times,
    .keep_frame = switch_keep_frame,
    .can_keep = switch_can_keep,
    .release_frame = switch_release_frame,
    .take_cursor = switch_take_cursor,
    .local_input = switch_local_input,
    .place_pointer = switch_place_pointer,
    .suspend = switch_suspend,
    .region = switch_region,
    .stats = switch_stats,
};

static struct source_switch *switch_of(struct source *self)
{
    assert(self->ops == &switch_ops);
    return container_of(self, struct source_switch, base);
}

static int create_side(struct source_switch *w, struct side *side, enum source_switch_active name,
                       int (*create)(void *ctx, const struct source_listener *listener,
                                     struct source **out))
{
    const struct source_listener listener = {
        .on_status = on_status, .on_activity = on_activity, .on_reclaim = on_reclaim, .ctx = side
    };
    side->owner = w;
    side->name = name;
    return create(w->config.ctx, &listener, &side->source);
}

int source_switch_create(struct loop *loop, const struct source_switch_config *config,
                         const struct source_switch_listener *listener, struct source **out)
{
    struct source_switch *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->base.ops = &switch_ops;
    w->config = *config;
    w->listener = *listener;
    w->spice_wanted = true; /* as it is created */
    int err = loop_add_timer(loop, on_patience, w, &w->patience);
    if (err == 0 && config->mode != SOURCE_SWITCH_SPICE)
        err = create_side(w, &w->relay, SOURCE_SWITCH_ACTIVE_RELAY, config->create_relay);
    if (err == 0 && config->mode != SOURCE_SWITCH_RELAY)
        err = create_side(w, &w->spice, SOURCE_SWITCH_ACTIVE_SPICE, config->create_spice);
    if (err < 0) {
        switch_destroy(&w->base);
        return err;
    }
    want_spice(w, false); /* with a relay, it has the first try */
    loop_timer_set_ns(w->patience, clock_ns() + SPICE_AFTER_NS, 0);
    *out = &w->base;
    return 0;
}

enum source_switch_active source_switch_active(struct source *self)
{
    return switch_of(self)->active;
}

struct source *source_switch_relay(struct source *self)
{
    return switch_of(self)->relay.source;
}

struct source *source_switch_spice(struct source *self)
{
    return switch_of(self)->spice.source;
}
