/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/relay/stream.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

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
    s->kept_count = 0; /* last_token goes on: old tokens stay void */
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

/* Finishes kept messages from the oldest on, up to the first that somebody reads. False:
 * subscription lost. */
static bool finish_kept(struct stream *s)
{
    uint32_t done = 0;
    bool good = true;
    while (good && done < s->kept_count && s->kept[done].token == 0) {
        good = kvmfr_client_finish_frame(s->client) != KVMFR_READ_RESTART;
        done++;
    }
    s->kept_count -= done;
    memmove(s->kept, s->kept + done, s->kept_count * sizeof(s->kept[0]));
    return good;
}

/* The first message behind the kept ones is not needed any more: it is finished in its turn. False:
 * subscription lost. */
static bool drop_message(struct stream *s)
{
    s->hold = STREAM_HOLD_NONE;
    if (s->kept_count == 0)
        return kvmfr_client_finish_frame(s->client) != KVMFR_READ_RESTART;
    s->kept[s->kept_count++] = (struct stream_kept){ .since_ms = s->held_since_ms };
    return true;
}

/* Can the next message be read, and be dropped afterwards? */
static bool may_read_on(const struct stream *s)
{
    return s->kept_count < STREAM_KEPT_MAX;
}

/* The first message behind the kept ones becomes the held one, unless it only repeats a picture
 * that was drawn. False: lost. */
static bool hold_message(struct stream *s, const struct frame_view *view, uint64_t now_ms)
{
    s->held_since_ms = now_ms;
    if (is_repeat(s, view)) {
        if (!s->fresh)
            return drop_message(s);
    } else {
        if (s->fresh)
            s->stats.frames_superseded++;
        account(s, view);
    }
    s->view = *view;
    s->has_view = s->fresh = true;
    s->hold = STREAM_HOLD_MESSAGE;
    s->news++;
    return true;
}

static bool read_frames(struct stream *s, uint64_t now_ms)
{
    for (int i = 0; i < READS_MAX && may_read_on(s); i++) {
        if (s->hold == STREAM_HOLD_MESSAGE && !stream_newer_waits(s))
            return true;
        if (s->hold == STREAM_HOLD_MESSAGE && !drop_message(s))
            return false;
        struct frame_view view;
        switch (kvmfr_client_peek_frame_ahead(s->client, s->kept_count, &view)) {
        case KVMFR_READ_OK:
            if (!hold_message(s, &view, now_ms))
                return false;
            break;
        case KVMFR_READ_REJECTED:
            s->stats.frames_rejected++; /* its serial is missing in the row: the next frame counts
                                           as full */
            s->held_since_ms = now_ms;
            if (!drop_message(s))
                return false;
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

/* The host's clock runs for the oldest message only: one that comes first late has its time from
 * then on, and is not taken from its reader before. */
static void expire_kept(struct stream *s, uint64_t now_ms)
{
    if (s->kept_count == 0 || now_ms - s->kept[0].since_ms < STREAM_KEEP_MS)
        return;
    s->stats.frames_overdue++;
    s->kept[0].token = 0;
    (void)finish_kept(s); /* a lost subscription is found by the next stream_read() */
    if (s->kept_count > 0)
        s->kept[0].since_ms = now_ms;
}

void stream_expire(struct stream *s, uint64_t now_ms)
{
    if (!s->client)
        return;
    expire_kept(s, now_ms);
    if (s->hold != STREAM_HOLD_MESSAGE || s->kept_count > 0 ||
        now_ms - s->held_since_ms < STREAM_HOLD_MS)
        return;
    s->linger_word = frame_word(s); /* before: what is posted from now on ends the lingering */
    if (!stream_newer_waits(s) && drop_message(s))
        s->hold = STREAM_HOLD_LINGERING;
}

uint32_t stream_reclaim(struct stream *s, uint64_t now_ms)
{
    for (uint32_t i = 0; i < s->kept_count; i++) {
        struct stream_kept *k = &s->kept[i];
        if (k->token == 0 || k->asked_for || now_ms - k->since_ms < STREAM_HOLD_MS)
            continue;
        k->asked_for = true;
        return k->token;
    }
    return 0;
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

bool stream_newer_waits(const struct stream *s)
{
    const uint32_t read = s->kept_count + (s->hold == STREAM_HOLD_MESSAGE ? 1 : 0);
    return kvmfr_client_unread_frames(s->client) > read;
}

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

static void set_drawn(struct stream *s)
{
    s->fresh = false;
    s->one_shot_flags = 0;
    damage_clear(&s->damage);
}

void stream_finish_frame(struct stream *s, bool drawn)
{
    if (!s->taken)
        return;
    s->taken = false;
    if (!drawn)
        return; /* stays the newest until it is replaced or has been held for too long */
    set_drawn(s);
    /* A lost subscription is found by the next stream_read(). */
    if (s->hold == STREAM_HOLD_MESSAGE)
        (void)drop_message(s);
    s->hold = STREAM_HOLD_NONE;
}

/* Not a frame that lingers: its message is finished, nothing protects it any more. One place stays
 * free, so that the next frame can be read. */
bool stream_can_keep(const struct stream *s)
{
    return s->taken && s->hold == STREAM_HOLD_MESSAGE && s->kept_count + 1 < STREAM_KEPT_MAX;
}

uint32_t stream_keep_frame(struct stream *s)
{
    if (!stream_can_keep(s))
        return 0;
    if (++s->last_token == 0)
        s->last_token = 1;
    s->kept[s->kept_count++] =
        (struct stream_kept){ .token = s->last_token, .since_ms = s->held_since_ms };
    s->taken = false;
    s->hold = STREAM_HOLD_NONE;
    s->stats.frames_kept++;
    set_drawn(s);
    return s->last_token;
}

void stream_release_frame(struct stream *s, uint32_t token)
{
    for (uint32_t i = 0; i < s->kept_count && token != 0; i++) {
        if (s->kept[i].token == token)
            s->kept[i].token = 0;
    }
    if (s->client)
        (void)finish_kept(s); /* a lost subscription is found by the next stream_read() */
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
