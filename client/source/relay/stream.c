/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/relay/stream.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"

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
    s->kept_count = s->passed_over = 0; /* last_token goes on: old tokens stay void */
    s->tell_again = false;
    box_restart(&s->box, client);
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
    /* Said once, by one frame: it must not be lost with a frame that nobody sees. */
    s->one_shot_flags |= view->flags & FRAME_FLAG_REQUEST_ACTIVATION;
    if (s->has_view && step == 1 && frame_view_same_layout(view, &s->view)) {
        damage_add_frame(&s->damage, view);
        return;
    }
    damage_set_full(&s->damage);
}

/* The same for the statistics, of a frame that came by message: none should be left out. */
static void count_message(struct stream *s, const struct frame_view *view)
{
    const uint32_t step = s->has_view ? view->serial - s->view.serial : 1;
    s->stats.frames_noticed++;
    if (s->fresh)
        s->stats.frames_superseded++;
    if (step > 1 &&
        step <= UINT32_MAX / 2) /* beyond: the host counts anew, or makes the numbers up */
        s->stats.frames_missed += step - 1;
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
        count_message(s, view);
        account(s, view);
    }
    s->view = *view;
    s->has_view = s->fresh = true;
    s->hold = STREAM_HOLD_MESSAGE;
    s->noticed_ns = clock_ns();
    s->news++;
    return true;
}

static uint32_t frames_read(const struct stream *s)
{
    return s->kept_count + (s->hold == STREAM_HOLD_MESSAGE ? 1 : 0);
}

/* Posted after those. */
static uint32_t frames_behind(const struct stream *s)
{
    const uint32_t unread = kvmfr_client_unread_frames(s->client), read = frames_read(s);
    return unread > read ? unread - read : 0;
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

/* ---- the mailbox ---- */

static bool by_mailbox(const struct stream *s)
{
    return s->box.seen != 0;
}

/* Messages say only that there is something new in the box. False: lost. */
static bool finish_messages(struct stream *s, uint64_t now_ms)
{
    s->held_since_ms = now_ms;
    for (int i = 0; i < READS_MAX && may_read_on(s); i++) {
        if (s->hold == STREAM_HOLD_MESSAGE || s->hold == STREAM_HOLD_LINGERING)
            s->hold = STREAM_HOLD_NONE; /* from before there was a box */
        if (kvmfr_client_unread_frames(s->client) <= s->kept_count)
            break;
        const enum stream_hold hold = s->hold;
        if (!drop_message(s))
            return false;
        s->hold = hold;
    }
    /* A lost subscription has nothing to read, and says so to who tries. */
    return kvmfr_client_frame_intact(s->client) ||
           kvmfr_client_finish_frame(s->client) != KVMFR_READ_RESTART;
}

static bool read_box(struct stream *s, uint32_t step, uint64_t now_ms)
{
    if (step > 0) {
        s->stats.frames_noticed++;
        s->stats.frames_superseded += step - (s->fresh ? 0 : 1);
        s->fresh = true;
        s->noticed_ns = clock_ns();
        s->news++;
    }
    return finish_messages(s, now_ms);
}

static enum source_take take_box(struct stream *s)
{
    struct frame_view view;
    if (s->hold == STREAM_HOLD_BUFFER)
        return SOURCE_TAKE_FRAME; /* the same again */
    switch (box_take(&s->box, &view)) {
    case KVMFR_READ_OK:
        break;
    case KVMFR_READ_REJECTED:
        s->stats.frames_rejected++;
        s->fresh = false;
        return SOURCE_TAKE_NONE;
    default:
        return SOURCE_TAKE_NONE;
    }
    if (!is_repeat(s, &view))
        account(s, &view);
    s->view = view;
    s->has_view = true;
    s->hold = STREAM_HOLD_BUFFER;
    return SOURCE_TAKE_FRAME;
}

bool stream_read(struct stream *s, uint64_t now_ms)
{
    if (!s->client)
        return true;
    if (s->tell_again)
        s->news++;
    s->tell_again = false;
    const uint32_t step = box_look(&s->box);
    const bool message_taken = s->taken && s->hold != STREAM_HOLD_BUFFER;
    /* A frame that the viewer is copying stays where it is; what is newer waits in the other
     * buffer. */
    const bool frames =
        message_taken || (by_mailbox(s) ? read_box(s, step, now_ms) : read_frames(s, now_ms));
    s->passed_over = message_taken || !may_read_on(s) ? frames_behind(s) : 0;
    return read_cursor(s) && frames;
}

bool stream_unread(const struct stream *s)
{
    return s->client &&
           (kvmfr_client_news(s->client, frames_read(s) + s->passed_over) || box_changed(&s->box));
}

bool stream_left_behind(const struct stream *s)
{
    return s->tell_again || (s->client && !s->taken && may_read_on(s) && frames_behind(s) > 0);
}

bool stream_busy(const struct stream *s)
{
    return s->hold == STREAM_HOLD_MESSAGE || s->kept_count > 0;
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
    if (s->hold == STREAM_HOLD_BUFFER)
        return box_intact(&s->box, &s->view);
    if (!kvmfr_client_frame_intact(s->client))
        return false;
    return s->hold == STREAM_HOLD_MESSAGE ||
           (s->hold == STREAM_HOLD_LINGERING && frame_word(s) == s->linger_word);
}

/* ---- the viewer's side ---- */

bool stream_newer_waits(const struct stream *s)
{
    if (s->hold == STREAM_HOLD_BUFFER)
        return kvmfr_client_newest(s->client) != s->box.taken;
    return frames_behind(s) > 0;
}

bool stream_has_news(const struct stream *s)
{
    return s->has_cursor || (s->fresh && (by_mailbox(s) || s->hold != STREAM_HOLD_NONE));
}

enum source_take stream_take_frame(struct stream *s, struct frame_view *frame,
                                   struct damage *damage)
{
    if (!s->client || !s->fresh)
        return SOURCE_TAKE_NONE;
    if (by_mailbox(s) && s->hold != STREAM_HOLD_MESSAGE && take_box(s) != SOURCE_TAKE_FRAME)
        return SOURCE_TAKE_NONE;
    if (s->hold == STREAM_HOLD_NONE)
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
    s->fresh = s->hold == STREAM_HOLD_BUFFER && by_mailbox(s) && s->box.seen != s->box.taken;
    s->one_shot_flags = 0;
    damage_clear(&s->damage);
}

void stream_finish_frame(struct stream *s, bool drawn)
{
    if (!s->taken)
        return;
    s->taken = false;
    if (drawn)
        set_drawn(s);
    if (s->hold == STREAM_HOLD_BUFFER)
        box_give_back(&s->box); /* not drawn: can be had again */
    else if (!drawn)
        return; /* stays the newest until it is replaced or has been held for too long */
    /* A lost subscription is found by the next stream_read(). */
    if (s->hold == STREAM_HOLD_MESSAGE)
        (void)drop_message(s);
    s->hold = STREAM_HOLD_NONE;
}

static uint32_t new_token(struct stream *s)
{
    if (++s->last_token == 0)
        s->last_token = 1;
    return s->last_token;
}

/* A held buffer; or a message, of which one place stays free so that the next can be read. Not a
 * frame that lingers: its message is finished, nothing protects it any more. */
bool stream_can_keep(const struct stream *s)
{
    if (!s->taken)
        return false;
    return s->hold == STREAM_HOLD_BUFFER ||
           (s->hold == STREAM_HOLD_MESSAGE && s->kept_count + 1 < STREAM_KEPT_MAX);
}

uint32_t stream_keep_frame(struct stream *s)
{
    if (!stream_can_keep(s))
        return 0;
    const uint32_t token = new_token(s);
    set_drawn(s);
    if (s->hold == STREAM_HOLD_BUFFER)
        box_keep(&s->box, token);
    else
        s->kept[s->kept_count++] =
            (struct stream_kept){ .token = token, .since_ms = s->held_since_ms };
    s->taken = false;
    s->hold = STREAM_HOLD_NONE;
    s->stats.frames_kept++;
    return token;
}

void stream_release_frame(struct stream *s, uint32_t token)
{
    if (s->client && box_release(&s->box, token)) {
        s->tell_again = s->fresh && !s->taken;
        return;
    }
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
