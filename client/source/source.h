/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/source.h - where pictures come from: the relay, SPICE, or a switch between both.
 *
 * The source lives on the render thread's loop and calls its listener there. It finds, loses and
 * finds again its VM by itself. Frames are pulled: on_activity says that something is new; the
 * viewer takes the newest frame when it is able to show one, so nothing queues up behind a slow
 * compositor. */
#ifndef ESPELHO_SOURCE_SOURCE_H
#define ESPELHO_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "kvmfr/damage.h"
#include "kvmfr/cursor.h"
#include "kvmfr/frame.h"
#include "kvmfr/session.h"
#include "loop/loop.h"
#include "shm/region.h"

enum source_state {
    SOURCE_STATE_NONE,
    SOURCE_STATE_NO_REGION, /* problem says why: VM off, not configured, no permission, bad size ...
                             */
    SOURCE_STATE_NO_HOST,   /* region there, VM off or booting, host program not started yet */
    SOURCE_STATE_HOST_SILENT,   /* the host program ended, crashed or was killed */
    SOURCE_STATE_WRONG_VERSION, /* text says which versions */
    SOURCE_STATE_CONNECTING,
    SOURCE_STATE_CONNECTED,
};

struct source_status {
    enum source_state state;
    char title[96]; /* for the waiting screen, one calm sentence: "Waiting for the VM to start" */
    char detail[1280]; /* what and where, and what to do; several lines, may be empty */
    /* The relay's, while CONNECTED to it. NULL otherwise: also when CONNECTED over SPICE. */
    const struct kvmfr_session *session;
};

struct source_listener {
    void (*on_status)(void *ctx, const struct source_status *status); /* state or text changed */
    void (*on_activity)(void *ctx); /* a frame or a cursor message came */
    /* Optional: the host will not wait much longer for the kept frame `token`. Its pixels should be
     * copied and released soon; about 400 ms later they are the host's again in any case. Told once
     * per frame. Not told by sources that can keep frames for ever. */
    void (*on_reclaim)(void *ctx, uint32_t token);
    void *ctx;
};

enum source_take {
    SOURCE_TAKE_NONE,  /* nothing new */
    SOURCE_TAKE_FRAME, /* *frame and *damage are set; call finish_frame() after the last read of the
                          pixels */
};

/* Does the host ring us? (docs/extensions.md section 2) */
enum source_bell {
    SOURCE_BELL_NONE,     /* no doorbell, not wanted, or a host that cannot */
    SOURCE_BELL_GREETING, /* not yet */
    SOURCE_BELL_ACTIVE,
    SOURCE_BELL_BROKEN, /* it said so, but the rings do not come: we look ourselves */
};

/* For programs. */
static inline const char *source_bell_name(enum source_bell bell)
{
    static const char *const names[] = { [SOURCE_BELL_NONE] = "none",
                                         [SOURCE_BELL_GREETING] = "greeting",
                                         [SOURCE_BELL_ACTIVE] = "active",
                                         [SOURCE_BELL_BROKEN] = "broken" };
    return names[bell];
}

/* For people, translated. */
static inline const char *source_bell_text(enum source_bell bell)
{
    static const char *const texts[] = { [SOURCE_BELL_NONE] = N_("no doorbell"),
                                         [SOURCE_BELL_GREETING] = N_("doorbell being tried"),
                                         [SOURCE_BELL_ACTIVE] = N_("doorbell in use"),
                                         [SOURCE_BELL_BROKEN] = N_("doorbell broken") };
    return _(texts[bell]);
}

/* Counters since creation; read by stats. */
struct source_stats {
    uint64_t frames_noticed;    /* distinct serials seen */
    uint64_t frames_superseded; /* finished unseen because a newer one came, or too slow */
    uint64_t frames_missed;     /* serials never seen (gaps) */
    uint64_t frames_rejected;   /* malformed */
    uint64_t frames_torn;       /* discarded by the check after the copy (trap T10) */
    uint64_t frames_kept;       /* handed on without a copy, see keep_frame */
    uint64_t frames_overdue;    /* of these: taken back by the host's clock, not by release_frame */
    uint64_t cursor_updates;
    uint64_t restarts;       /* evictions, host restarts, losses */
    uint64_t wakeups;        /* of the wait strategy */
    uint64_t last_notice_ns; /* when the newest frame was noticed, CLOCK_MONOTONIC */
    uint64_t interval_ns;    /* smoothed publication interval */
    uint64_t notice_late_ns; /* smoothed estimate of post-to-notice latency by the wait strategy */
    const char *wait_name;   /* of the strategy in use, static; NULL: none runs */
    enum source_bell bell;
    uint32_t frame_buffers;  /* of the host's mailbox; 0: frames come by messages */
    bool has_clock;          /* the host's clock is known ... */
    uint64_t clock_error_ns; /* ... this well */
};

/* When things happened to one frame, by our monotonic clock; 0: not known. */
struct source_frame_times {
    uint64_t capture_ns, post_ns, complete_ns; /* as the host says, if it does */
    uint64_t notice_ns;
};

struct source;
struct source_ops {
    const char *name;
    void (*destroy)(struct source *self);
    /* The newest frame. Older unread ones are finished and their damage added. `damage` accumulates
     * everything that changed since the last frame that was *finished with drawn = true*: full on
     * first, after restart, gap, layout change. Until finish_frame() the pixels stay (a hostile or
     * evicting host apart: see frame_intact). Calling again returns the same frame, or a newer one
     * (then the older was finished as not drawn). */
    enum source_take (*take_frame)(struct source *self, struct frame_view *frame,
                                   struct damage *damage);
    /* After the copy: false means that it may be torn; discard it, treat it as not drawn. */
    bool (*frame_intact)(struct source *self);
    void (*finish_frame)(struct source *self, bool drawn);
    /* Of the frame in hand, between take_frame and finish_frame or keep_frame; complete_ns only
     * after its last row was seen. Optional: source_frame_times() asks. */
    void (*frame_times)(struct source *self, struct source_frame_times *out);
    /* Instead of finish_frame(true): the picture was handed on, but its pixels are still being
     * read, by the GPU or the compositor. It stays as it is until release_frame() with the returned
     * token; take_frame() may bring newer frames meanwhile. 0: it cannot be kept, and was not
     * finished. Tokens of a restarted stream are void; releasing them does nothing. Optional, all
     * three or none: source_keep_frame() etc. ask. See on_reclaim for how long. */
    uint32_t (*keep_frame)(struct source *self);
    bool (*can_keep)(struct source *self); /* would keep_frame() do it now? */
    void (*release_frame)(struct source *self, uint32_t token);
    /* Next pointer update; false if none. The caller owns shape.data. */
    bool (*take_cursor)(struct source *self, struct cursor_update *out);
    /* A key or mouse event happened here: expect a frame soon. Any thread. */
    void (*local_input)(struct source *self);
    /* Moves the guest's pointer (guest's own desktop, rotated as the guest has it). False: cannot,
     * or not now. Optional: source_place_pointer() asks. */
    bool (*place_pointer)(struct source *self, int32_t x_px, int32_t y_px);
    /* With true the source lets go of its guest, which may then stop capturing: no frames and no
     * pointer come, status NONE is told; with false it looks for it again, and its whole picture
     * comes anew. Optional. */
    void (*suspend)(struct source *self, bool suspend);
    /* The region behind the frames, for dma-buf import and snapshots; NULL while there is none, and
     * for frames that are in no region (SPICE). */
    const struct shm_region *(*region)(struct source *self);
    void (*stats)(struct source *self, struct source_stats *out);
};
struct source {
    const struct source_ops *ops;
};

static inline uint32_t source_keep_frame(struct source *source)
{
    return source->ops->keep_frame ? source->ops->keep_frame(source) : 0;
}

static inline bool source_can_keep(struct source *source)
{
    return source->ops->can_keep && source->ops->can_keep(source);
}

static inline void source_release_frame(struct source *source, uint32_t token)
{
    if (source->ops->release_frame)
        source->ops->release_frame(source, token);
}

static inline struct source_frame_times source_frame_times(struct source *source)
{
    struct source_frame_times t = { 0 };
    if (source->ops->frame_times)
        source->ops->frame_times(source, &t);
    return t;
}

static inline bool source_place_pointer(struct source *source, int32_t x_px, int32_t y_px)
{
    return source->ops->place_pointer && source->ops->place_pointer(source, x_px, y_px);
}

#endif
