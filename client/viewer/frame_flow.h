/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/frame_flow.h - from "something came" to "committed": when to take, copy, give back
 * and show a frame. Threads: render thread.
 *
 * The compositor is ready when no frame callback is outstanding. Then the newest frame is taken,
 * copied while its host may still be writing it, given back and shown, all at once. Else it stays
 * with the host, where a newer one supersedes it: nothing queues up. A frame that had to wait for
 * the callback is committed just after a screen refresh, and so keeps the next one waiting, which
 * arrives before the next refresh: guest and screen in step, but each frame almost a refresh late,
 * for ever. The way out is one commit that does not wait. If the frames then still do not come in
 * time (a guest faster than the screen), it is tried ever more seldom. A commit that only moved the
 * pointer makes no frame wait. But a host waits for
 * readers, and evicts those that never finish: after VIEWER_HOLD_NS the frame is copied and given
 * back unshown.
 *
 * Where the renderer reads frames in place, nothing is copied: the frame is kept with its source
 * until the renderer says that its pixels are not read any more. */
#ifndef ESPELHO_VIEWER_FRAME_FLOW_H
#define ESPELHO_VIEWER_FRAME_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "display/display.h"
#include "loop/loop.h"
#include "render/render.h"
#include "source/source.h"
#include "viewer/latency.h"
#include "viewer/pointer_flow.h"
#include "viewer/viewer.h"

struct frame_flow_listener {
    /* Before the copy: a frame with this header is going to be shown. Window size, flags and title
     * follow it. */
    void (*on_frame_header)(void *ctx, const struct frame_view *frame);
    void (*on_first_frame)(void *ctx); /* after the first commit of a guest picture */
    void (*on_shown)(void *ctx); /* after each commit: the renderer's geometry is what is seen */
    void *ctx;
};

enum { FRAME_FLOW_KEPT = 8 };

struct frame_flow {
    struct {                /* frames that the renderer reads in place */
        uint32_t id, token; /* the renderer's name for it, and the source's; id 0: unused */
    } kept[FRAME_FLOW_KEPT];
    uint32_t last_id;
    struct display *display; /* these three are borrowed */
    struct renderer *renderer;
    struct source *source;
    struct frame_flow_listener listener;
    struct pointer_flow pointer;
    struct loop_source *hold_timer;
    bool has_picture;  /* the renderer's store holds a good guest picture */
    bool still;        /* our own picture is shown instead */
    bool bad_store;    /* the last copy was torn: nothing of it may be shown */
    bool unshown;      /* the store's picture was not committed yet */
    bool unread;       /* something came while the compositor was busy; hold_timer runs */
    bool dirty;        /* there is something to do when the compositor is ready */
    bool late;         /* the last commit had waited for the frame callback */
    bool pointer_only; /* the last commit showed no new frame */
    uint32_t in_time;  /* callbacks in a row that found nothing waiting */
    uint32_t catch_up_wait, catch_up_backoff; /* callbacks until catching up may be tried (again) */
    uint64_t retry_ns; /* until the next look at a frame that its host has not finished */
    uint64_t
        taken_since_ns; /* how long we have failed to copy the frame in hand; 0: none in hand */

    bool want_feedback;         /* always, or ... */
    uint64_t feedback_until_ns; /* ... until somebody asked so long ago */
    uint64_t connect_ns;
    uint64_t next_tag, commit_ns[64]; /* by tag */
    struct source_frame_times times;  /* of the picture in the store */
    struct latency latency;
    uint64_t frames_shown, frames_presented, frames_discarded, first_commit_ns;
    uint64_t notice_to_commit_ns, commit_to_present_ns;
};

int frame_flow_init(struct frame_flow *f, struct loop *loop, struct display *display,
                    struct renderer *renderer, uint32_t user_turns,
                    const struct frame_flow_listener *listener,
                    const struct pointer_flow_listener *pointer_listener) MUST_CHECK;
void frame_flow_fini(struct frame_flow *f);

void frame_flow_on_activity(struct frame_flow *f);
void frame_flow_on_frame_callback(struct frame_flow *f);
void frame_flow_on_presented(struct frame_flow *f, uint64_t tag, uint64_t presented_ns);
/* The renderer's on_frame_done. */
void frame_flow_on_frame_done(struct frame_flow *f, uint32_t id);
/* The source's on_reclaim. */
void frame_flow_on_reclaim(struct frame_flow *f, uint32_t token);
/* The source's region may go away. */
void frame_flow_forget(struct frame_flow *f);
/* Window changed: shows what there is in the new size. */
void frame_flow_redraw(struct frame_flow *f);
/* As pointer_flow_set_drawn() and _set_turns(), and shown. */
void frame_flow_set_pointer_drawn(struct frame_flow *f, bool drawn);
void frame_flow_set_turns(struct frame_flow *f, uint32_t user_turns);
/* Our own picture instead of the guest's, until the next frame. */
void frame_flow_show_still(struct frame_flow *f, const struct still *still);

#endif
