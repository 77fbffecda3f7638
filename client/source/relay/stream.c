/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/relay/stream.h"

#include <assert.h>
#include <stddef.h>

/* More messages than any queue holds: a hostile host that posts faster than we read cannot keep us
 * here. */
enum { READS_MAX = 64 };

void stream_init(struct stream *s)
{
    *s = (struct stream){ 0 };
    damage_set_full(&s->damage);
}

static void drop_cursor(struct stream *s)
{
    if (s->has_cursor && s->cursor.has_shape)
        cursor_shape_fini(&s->cursor.shape);
    s->has_cursor = false;
    s->cursor = (struct cursor_update){ 0 };
}

void stream_fini(struct stream *s)
{
    drop_cursor(s);
}

void stream_restart(struct stream *s, struct kvmfr_client *client)
{
    s->client = client;
    s->hold = STREAM_HOLD_NONE;
    s->has_view = s->fresh = s->taken = false;
    s->one_shot_flags = 0;
    damage_set_full(&s->damage);
    drop_cursor(s);
}

/* ---- reading ---- */

static bool is_repeat(const struct stream *s, const struct frame_view *view)
{
    return s->has_view && view->serial == s->view.serial && frame_view_same_layout(view, &s->view);
}

/* Adds what `view` says to have changed. A serial that does not follow the last one, or another
 * layout, says: everything. */
static void account(struct stream *s, const struct frame_view *view)
{
    const uint32_t step = s->has_view ? view->serial - s->view.serial : 1;
    s->stats.frames_noticed++;
    /* Said once, by one frame: it must not be lost with a frame that nobody sees. */
    s->one_shot_flags |= view->flags & FRAME_FLAG_REQUEST_ACTIVATION;
    if (s->has_view && step == 1 && frame_view_same_layout(view, &s->view)) {
        damage_add_frame(&s->damage, view);
        return;
    }
    if (step > 1 &&
        step <= UINT32_MAX / 2) /* beyond: the host counts anew, or makes the numbers up */
        s->stats.frames_missed += step - 1;
    damage_set_full(&s->damage);
}

/* Finishes the message `view` is in. False: subscription lost. */
static bool finish_message(struct stream *s)
{
    s->hold = STREAM_HOLD_NONE;
    return kvmfr_client_finish_frame(s->client) != KVMFR_READ_RESTART;
}

/* The oldest unfinished message becomes the held one, unless it only repeats a picture that was
 * drawn. False: lost. */
static bool hold_message(struct stream *s, const struct frame_view *view, uint64_t now_ms)
{
    if (is_repeat(s, view)) {
        if (!s->fresh)
            return finish_message(s);
    } else {
        if (s->fresh)
            s->stats.frames_superseded++;
        account(s, view);
    }
    s->view = *view;
    s->has_view = s->fresh = true;
    s->hold = STREAM_HOLD_MESSAGE;
    s->held_since_ms = now_ms;
    s->news++;
    return true;
}

static bool read_frames(struct stream *s, uint64_t now_ms)
{
    for (int i = 0; i < READS_MAX; i++) {
        if (s->hold == STREAM_HOLD_MESSAGE && kvmfr_client_unread_frames(s->client) <= 1)
            return true;
        if (s->hold == STREAM_HOLD_MESSAGE && !finish_message(s))
            return false;
        struct frame_view view;
        switch (kvmfr_client_peek_frame(s->client, &view)) {
        case KVMFR_READ_OK:
            if (!hold_message(s, &view, now_ms))
                return false;
            break;
        case KVMFR_READ_REJECTED:
            s->stats.frames_rejected++; /* its serial is missing in the row: the next frame counts
                                           as full */
            break;
        case KVMFR_READ_RESTART:
            return false;
        case KVMFR_READ_EMPTY:
        case KVMFR_READ_NONE:
            return true;
        }
    }
    return true;
}

/* Newer fields replace older ones; a shape that nobody took is freed. */
static void merge_cursor(struct stream *s, const struct cursor_update *u)
{
    s->stats.cursor_updates++;
    s->news++;
    s->has_cursor = true;
    s->cursor.visible = u->visible;
    if (u->has_position) {
        s->cursor.has_position = true;
        s->cursor.x_px = u->x_px;
        s->cursor.y_px = u->y_px;
    }
    if (u->has_shape) {
        if (s->cursor.has_shape)
            cursor_shape_fini(&s->cursor.shape);
        s->cursor.has_shape = true;
        s->cursor.shape = u->shape;
    }
}

static bool read_cursor(struct stream *s)
{
    for (int i = 0; i < READS_MAX; i++) {
        struct cursor_update u;
        switch (kvmfr_client_read_cursor(s->client, &u)) {
        case KVMFR_READ_OK:
            merge_cursor(s, &u);
            break;
        case KVMFR_READ_REJECTED:
            break;
        case KVMFR_READ_RESTART:
            return false;
        case KVMFR_READ_EMPTY:
        case KVMFR_READ_NONE:
            return true;
        }
    }
    return true;
}

bool stream_read(struct stream *s, uint64_t now_ms)
{
    if (!s->client)
        return true;
    /* A frame that the viewer is copying stays where it is; what is newer waits in the other
     * buffer. */
    const bool frames = s->taken || read_frames(s, now_ms);
    return read_cursor(s) && frames;
}

/* ---- lingering ---- */

static uint32_t frame_word(const struct stream *s)
{
    uint32_t frame, cursor;
    kvmfr_client_activity(s->client, &frame, &cursor);
    return frame;
}

void stream_expire(struct stream *s, uint64_t now_ms)
{
    if (!s->client || s->hold != STREAM_HOLD_MESSAGE || now_ms - s->held_since_ms < STREAM_HOLD_MS)
        return;
    s->linger_word = frame_word(s); /* before: what is posted from now on ends the lingering */
    if (kvmfr_client_unread_frames(s->client) == 1 && finish_message(s))
        s->hold = STREAM_HOLD_LINGERING;
}

/* Are the pixels of `view` still those of `view`? */
static bool in_place(const struct stream *s)
{
    if (!kvmfr_client_frame_intact(s->client))
        return false;
    return s->hold == STREAM_HOLD_MESSAGE ||
           (s->hold == STREAM_HOLD_LINGERING && frame_word(s) == s->linger_word);
}

/* ---- the viewer's side ---- */

bool stream_has_news(const struct stream *s)
{
    return s->has_cursor || (s->fresh && s->hold != STREAM_HOLD_NONE);
}

enum source_take stream_take_frame(struct stream *s, struct frame_view *frame,
                                   struct damage *damage)
{
    if (!s->client || !s->fresh || s->hold == STREAM_HOLD_NONE)
        return SOURCE_TAKE_NONE;
    if (s->hold == STREAM_HOLD_LINGERING && !in_place(s)) {
        s->hold =
            STREAM_HOLD_NONE; /* a newer one is on its way; `damage` keeps what this one changed */
        return SOURCE_TAKE_NONE;
    }
    s->taken = true;
    *frame = s->view;
    frame->flags |= s->one_shot_flags;
    *damage = s->damage;
    return SOURCE_TAKE_FRAME;
}

bool stream_frame_intact(struct stream *s)
{
    if (s->client && s->taken && in_place(s))
        return true;
    s->stats.frames_torn++;
    return false;
}

void stream_finish_frame(struct stream *s, bool drawn)
{
    if (!s->taken)
        return;
    s->taken = false;
    if (!drawn)
        return; /* stays the newest until it is replaced or has been held for too long */
    s->fresh = false;
    s->one_shot_flags = 0;
    damage_clear(&s->damage);
    /* A lost subscription is found by the next stream_read(). */
    if (s->hold == STREAM_HOLD_MESSAGE)
        (void)finish_message(s);
    s->hold = STREAM_HOLD_NONE;
}

bool stream_take_cursor(struct stream *s, struct cursor_update *out)
{
    if (!s->has_cursor)
        return false;
    *out = s->cursor; /* the shape is the caller's now */
    s->has_cursor = false;
    s->cursor = (struct cursor_update){ 0 };
    return true;
}
