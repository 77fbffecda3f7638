/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/publish/publish_private.h - the parts of publish, grouped by the thread that owns them.
 */
#ifndef ESPELHO_PUBLISH_PUBLISH_PRIVATE_H
#define ESPELHO_PUBLISH_PUBLISH_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "publish/history.h"
#include "publish/pacing.h"
#include "publish/publish.h"

enum {
    LOOK_MS = 16,       /* waiting for news: a newcomer is served within so long, */
    STILL_LOOK_MS = 96, /* or within so long when there was no news for a second */
    IDLE_STOP_MS = 500, /* a capture goes on (idle) for so long without subscribers: viewers that
                           were thrown out come back at once */
};

struct publish {
    struct publish_config config; /* constant after create; what it points to is borrowed */
    struct kvmfr_host *host;      /* owned; each role has its own thread */
    pthread_t capture_thread, copy_thread;
    bool has_capture_thread, has_copy_thread, has_lock, has_changed;

    pthread_mutex_t lock; /* held for moments, never over a copy or a call of the backend's */
    pthread_cond_t changed;
    struct { /* under `lock`, changes are told by `changed` */
        bool stop;
        bool wanted;             /* somebody is subscribed; by the tick */
        bool restart;            /* publish_restart() */
        struct capture *capture; /* what the copy thread may take from, while `running` */
        bool running;            /* by the capture thread */
        bool wants_room;         /* the copy thread waits until a frame buffer comes free; */
        bool room;               /* by the tick: one did */
        bool copying;            /* the copy thread is inside `capture`'s functions */
        bool current;            /* the last frame shows what the desktop shows, or did until
                                    the capture was lost */
        const char *name;        /* of the backend that runs: static text */
        uint64_t lost_ns;        /* when the capture was lost; 0: it was not, or it is back */
        struct publish_status status;
    } shared;
    _Atomic uint64_t captured; /* pictures, by the capture thread */
    _Atomic uint64_t news_ns;  /* the last picture, pointer or wish of a viewer; any thread */

    struct {                     /* capture thread only */
        uint32_t backend;        /* index; the list's end: none works */
        struct capture *capture; /* owned */
        struct backoff backoff;
        uint64_t retry_ns;
        bool failed;
        int32_t x_px, y_px;  /* the pointer's */
        char described[160]; /* as it was logged last */
    } cap;
    struct { /* copy thread only */
        struct history history;
        struct pacing pacing;
        struct capture_layout layout; /* of the last frame */
        uint64_t captured;            /* pictures there were when the last frame was taken */
        uint64_t repeated_ns;         /* when newcomers were looked for last */
    } copy;
    struct {              /* publish_tick()'s thread only */
        const char *name; /* in the session record */
        uint64_t fps_ms, fps_frames;
    } tick;
};

void *publish_capture_main(void *publish); /* capture_loop.c */
void *publish_copy_main(void *publish);    /* copy_loop.c */

/* publish.c. Something happened now; how long a thread may wait for more. Any thread. */
void publish_note_news(struct publish *p);
uint32_t publish_look_ms(const struct publish *p);

/* backend.c; capture thread. The state that is shown, unless it is there already. */
void publish_set_state(struct publish *p, enum publish_state state);
/* Starts the backend that works, or waits a while before the next try. False: not now. */
bool publish_backend_start(struct publish *p);
/* After next() returned `why`, or CAPTURE_OK: stopped without a fault. */
void publish_backend_stop(struct publish *p, enum capture_result why);
/* Begins with the first backend of the list again, whatever was found out about it. */
void publish_backend_forget(struct publish *p);

#endif
