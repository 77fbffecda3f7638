/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/frame_flow.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"
#include "display/wayland/native.h"

enum {
    RETRY_NS =
        4 * 1000 * 1000, /* all buffers with the compositor, or the host stalls: look again */
    FIRST_LOOK_NS =
        250 * 1000, /* the host still writes what must be complete: where nothing rings */
    SMOOTHING = 16,
    CATCH_UP_BACKOFF_MAX = 63, /* about once a second at 60 Hz */
    IN_STEP = 16,
};

static uint64_t smooth(uint64_t mean, uint64_t sample)
{
    return mean ? (mean * (SMOOTHING - 1) + sample) / SMOOTHING : sample;
}

static void arm(struct frame_flow *f, uint64_t after_ns)
{
    loop_timer_set_ns(f->hold_timer, clock_ns() + after_ns, 0);
}

/* The frame in hand cannot be taken now: another try comes in `retry_ns`, or when something comes.
 */
static void keep_trying(struct frame_flow *f, uint64_t retry_ns)
{
    const uint64_t now_ns = clock_ns();
    if (!f->taken_since_ns)
        f->taken_since_ns = now_ns;
    if (now_ns - f->taken_since_ns < VIEWER_HOLD_NS) {
        f->unread = f->dirty = true;
        arm(f, retry_ns);
        return;
    }
    f->taken_since_ns = 0;
    f->source->ops->finish_frame(f->source, false);
}

static void show(struct frame_flow *f);

static void finish(struct frame_flow *f, bool drawn)
{
    f->taken_since_ns = 0;
    f->source->ops->finish_frame(f->source, drawn);
}

/* ---- frames that are read in place ---- */

/* A name for a frame that the renderer may keep; 0: this one it may not. */
static uint32_t next_id(struct frame_flow *f)
{
    bool room = false;
    for (size_t i = 0; i < ARRAY_LEN(f->kept); i++)
        room = room || f->kept[i].id == 0;
    if (!room || !source_can_keep(f->source))
        return 0;
    if (++f->last_id == 0)
        f->last_id = 1;
    return f->last_id;
}

/* False: the source could not; the frame may be torn. */
static bool keep(struct frame_flow *f, uint32_t id)
{
    const uint32_t token = source_keep_frame(f->source);
    for (size_t i = 0; token && i < ARRAY_LEN(f->kept); i++) {
        if (f->kept[i].id != 0)
            continue;
        f->kept[i].id = id;
        f->kept[i].token = token;
        return true;
    }
    return false;
}

void frame_flow_on_frame_done(struct frame_flow *f, uint32_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(f->kept); i++) {
        if (f->kept[i].id != id)
            continue;
        f->kept[i].id = 0;
        if (f->source)
            source_release_frame(f->source, f->kept[i].token);
    }
}

void frame_flow_on_reclaim(struct frame_flow *f, uint32_t token)
{
    for (size_t i = 0; i < ARRAY_LEN(f->kept); i++)
        if (f->kept[i].id != 0 && f->kept[i].token == token &&
            renderer_reclaim(f->renderer, f->kept[i].id))
            show(f);
}

void frame_flow_forget(struct frame_flow *f)
{
    renderer_forget(f->renderer);
}

/* ---- from the source into the renderer's store ---- */

static enum render_upload import_or_upload(struct frame_flow *f, const struct frame_view *frame,
                                           const struct damage *damage, uint32_t *id)
{
    const struct render_frame in = { .region = f->source->ops->region(f->source),
                                     .view = frame,
                                     .damage = damage,
                                     .id = next_id(f) };
    *id = in.id;
    const enum render_upload result =
        in.region ? renderer_import(f->renderer, &in) : RENDER_UPLOAD_NONE;
    return result == RENDER_UPLOAD_NONE ? f->renderer->ops->upload(f->renderer, frame, damage)
                                        : result;
}

static void stored(struct frame_flow *f, bool good)
{
    f->retry_ns = 0;
    f->bad_store = !good;
    if (!good)
        return;
    f->has_picture = f->unshown = true;
    f->still = false;
    pointer_flow_cover(&f->pointer, false, f->renderer);
}

static void store_copied(struct frame_flow *f)
{
    const bool good = f->source->ops->frame_intact(f->source);
    f->times = source_frame_times(f->source);
    finish(f, good);
    stored(f, good);
}

static void store_kept(struct frame_flow *f, uint32_t id)
{
    const bool intact = f->source->ops->frame_intact(f->source);
    f->times = source_frame_times(f->source);
    const bool good = intact && keep(f, id);
    f->taken_since_ns = 0;
    if (!good)
        finish(f, false);
    stored(f, good);
}

/* Takes the newest frame into the renderer's store. */
static void store_newest(struct frame_flow *f)
{
    struct frame_view frame;
    struct damage damage;
    uint32_t id;
    struct source *s = f->source;
    if (s->ops->take_frame(s, &frame, &damage) != SOURCE_TAKE_FRAME)
        return;
    f->listener.on_frame_header(f->listener.ctx, &frame);
    pointer_flow_set_desktop(&f->pointer, &frame, f->renderer);
    switch (import_or_upload(f, &frame, &damage, &id)) {
    case RENDER_UPLOAD_OK:
        store_copied(f);
        break;
    case RENDER_UPLOAD_KEPT:
        store_kept(f, id);
        break;
    case RENDER_UPLOAD_PENDING:
        f->retry_ns = f->retry_ns ? min_u64(2 * f->retry_ns, RETRY_NS) : FIRST_LOOK_NS;
        keep_trying(f, f->retry_ns);
        break;
    case RENDER_UPLOAD_BUSY:
    case RENDER_UPLOAD_STALLED:
        keep_trying(f, RETRY_NS);
        break;
    default:
        finish(f, false);
        break;
    }
}

static void count_commit(struct frame_flow *f, uint64_t tag)
{
    struct source_stats stats;
    const uint64_t now_ns = clock_ns();
    f->frames_shown++;
    f->commit_ns[tag % ARRAY_LEN(f->commit_ns)] = now_ns;
    f->source->ops->stats(f->source, &stats);
    latency_committed(&f->latency, &f->times, tag, now_ns);
    if (stats.last_notice_ns && now_ns > stats.last_notice_ns)
        f->notice_to_commit_ns = smooth(f->notice_to_commit_ns, now_ns - stats.last_notice_ns);
    if (f->frames_shown == 1) {
        f->first_commit_ns = now_ns - f->connect_ns;
        f->listener.on_first_frame(f->listener.ctx);
    }
}

static void show(struct frame_flow *f)
{
    if (f->bad_store || (!f->has_picture && !f->still))
        return;
    const bool feedback =
        f->want_feedback || (f->feedback_until_ns && clock_ns() < f->feedback_until_ns);
    const uint64_t tag = f->unshown && feedback ? ++f->next_tag : 0;
    if (!f->renderer->ops->present(f->renderer, tag))
        return;
    if (f->listener.on_shown)
        f->listener.on_shown(f->listener.ctx);
    f->pointer_only = !f->unshown;
    if (!f->unshown)
        return;
    f->unshown = false;
    count_commit(f, tag);
}

static void draw(struct frame_flow *f)
{
    f->unread = f->dirty = false;
    loop_timer_set_ns(f->hold_timer, 0, 0);
    store_newest(f);
    pointer_flow_pump(&f->pointer, f->source, f->renderer);
    show(f);
}

/* A frame came while the last one, which was late, waits for its refresh. True: commit it all the
 * same (see the header). */
static bool may_catch_up(struct frame_flow *f)
{
    if (!f->late || f->catch_up_wait > 0)
        return false;
    f->catch_up_wait = f->catch_up_backoff;
    f->catch_up_backoff = min_u32(2 * f->catch_up_backoff + 1, CATCH_UP_BACKOFF_MAX);
    return true;
}

/* The compositor is busy with a commit that only moved the pointer: a frame does not wait behind
 * that. True: one came and was committed. */
static bool pass_pointer(struct frame_flow *f)
{
    if (!f->pointer_only)
        return false;
    store_newest(f);
    if (!f->unshown)
        return false;
    pointer_flow_pump(&f->pointer, f->source, f->renderer);
    show(f);
    return true;
}

static void count_callback(struct frame_flow *f)
{
    if (f->catch_up_wait > 0)
        f->catch_up_wait--;
    f->in_time = f->dirty ? 0 : f->in_time + 1;
    if (f->in_time >= IN_STEP)
        f->catch_up_backoff = 0;
    f->late = f->dirty;
}

void frame_flow_on_activity(struct frame_flow *f)
{
    if (!display_native_frame_pending(f->display) || may_catch_up(f)) {
        f->late = false;
        draw(f);
        return;
    }
    if (pass_pointer(f))
        return;
    f->dirty = true;
    if (f->unread)
        return;
    f->unread = true;
    arm(f, VIEWER_HOLD_NS);
}

void frame_flow_on_frame_callback(struct frame_flow *f)
{
    count_callback(f);
    if (f->dirty)
        draw(f);
}

/* Held for long enough: the window is hidden, or the compositor slow. Or it is time for another
 * try. */
static void on_hold_timer(void *ctx)
{
    struct frame_flow *f = ctx;
    if (!display_native_frame_pending(f->display)) {
        draw(f);
        return;
    }
    f->unread = false; /* `dirty` stays: it is shown with the frame callback */
    store_newest(f);
    pointer_flow_pump(&f->pointer, f->source, f->renderer);
}

void frame_flow_on_presented(struct frame_flow *f, uint64_t tag, uint64_t presented_ns)
{
    const uint64_t commit_ns = f->commit_ns[tag % ARRAY_LEN(f->commit_ns)];
    if (!presented_ns) {
        f->frames_discarded++;
        return;
    }
    f->frames_presented++;
    latency_presented(&f->latency, tag, presented_ns);
    if (presented_ns > commit_ns)
        f->commit_to_present_ns = smooth(f->commit_to_present_ns, presented_ns - commit_ns);
}

void frame_flow_redraw(struct frame_flow *f)
{
    show(f);
}

void frame_flow_show_still(struct frame_flow *f, const struct still *still)
{
    f->still = true;
    f->bad_store = false;
    pointer_flow_cover(&f->pointer, true, f->renderer);
    f->renderer->ops->show_still(f->renderer, still);
    show(f);
}

void frame_flow_set_pointer_drawn(struct frame_flow *f, bool drawn)
{
    pointer_flow_set_drawn(&f->pointer, drawn, f->renderer);
    show(f);
}

void frame_flow_set_turns(struct frame_flow *f, uint32_t user_turns)
{
    pointer_flow_set_turns(&f->pointer, user_turns, f->renderer);
    show(f);
}

int frame_flow_init(struct frame_flow *f, struct loop *loop, struct display *display,
                    struct renderer *renderer, uint32_t user_turns,
                    const struct frame_flow_listener *listener,
                    const struct pointer_flow_listener *pointer_listener)
{
    *f = (struct frame_flow){ .display = display, .renderer = renderer, .listener = *listener };
    pointer_flow_init(&f->pointer, user_turns, pointer_listener);
    return loop_add_timer(loop, on_hold_timer, f, &f->hold_timer);
}

void frame_flow_fini(struct frame_flow *f)
{
    loop_source_destroy(f->hold_timer);
    pointer_flow_fini(&f->pointer);
}
