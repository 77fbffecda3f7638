/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/host_private.h - the producer's parts, grouped by the thread that owns them. */
#ifndef ESPELHO_KVMFR_HOST_PRIVATE_H
#define ESPELHO_KVMFR_HOST_PRIVATE_H

#include <pthread.h>

#include "kvmfr/extension.h"
#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "lgmp/host.h"

/* Everything whose change makes a new format version (section 3.9). */
struct frame_layout {
    uint32_t type, width, height, screen_width, screen_height, rotation, pitch, rows, flags;
};

/* A piece of the region. */
struct span {
    uint32_t offset_bytes, len_bytes;
};

struct frame_buffer {
    struct lgmp_payload payload; /* our description; never read back from the region */
    uint32_t serial;             /* of the frame in it */
    uint32_t format_version;     /* its layout; 0: content unknown */
    uint32_t raised_bytes;       /* the write pointer as we set it */
    uint32_t used_bytes;         /* of the payload by that frame */
};

/* A viewer that said hello, by its line on the board. The timer thread writes, the frame and
 * pointer threads read; a lost race is a viewer that is noticed one frame later. */
struct bell_line {
    _Atomic uint64_t viewer; /* client id << 32 | frame buffers it can cope with; 0: nobody */
    _Atomic uint64_t bell;   /* host_bells.c; 0: it does not want to be rung */
    _Atomic uint32_t owed;   /* vectors that could not be rung yet: bits of enum kvmfr_bell */
    uint64_t unheard_ms;     /* timer thread: since when that is so; 0: it is not */
};

struct pointer_state {
    int32_t x_px, y_px;
    bool visible;
};

struct kvmfr_host {
    /* constant after create */
    struct kvmfr_host_config config;
    void *mem; /* borrowed */
    uint32_t len_bytes;
    uint32_t udata_bytes;

    struct kvmfr_wire_board *board; /* in the region; NULL: no extension */
    struct shm_doorbell *doorbell;  /* borrowed; NULL: nobody can be rung */

    uint8_t udata[KVMFR_SESSION_MAX_BYTES]; /* timer thread only, as is config.session */
    struct bell_line lines[KVMFR_BELL_LINES];

    /* Under `lock`, which is held for single operations of the message layer, never over a copy:
     * the timer thread replaces all of it when a peer destroyed the header. */
    struct {
        pthread_mutex_t lock;
        struct lgmp_host *lgmp;
        struct lgmp_host_queue *frame_queue, *pointer_queue;
        uint32_t generation; /* counts sessions */
        bool torn_down;      /* the last rebuild failed; the next tick tries again */
    } link;

    struct { /* frame thread only */
        /* 0 and 1: the two that every viewer knows. The mailbox has 0 and those from 2 on, which
         * lie over 0 and 1: what is written to one is lost in the others. */
        struct frame_buffer buffers[KVMFR_HOST_BUFFERS];
        struct kvmfr_wire_frame header; /* of the newest frame, as published */
        struct frame_layout layout;
        uint32_t format_version, next_serial;
        uint32_t newest;  /* buffer of the newest frame */
        bool writing;     /* between begin and end */
        bool any;         /* `newest` holds a complete frame */
        bool repeat_owed; /* somebody new came while nothing could be re-posted */
        struct {          /* the last posts, newest last: what messages may still protect */
            struct span span;
            bool guarded; /* by its message, not by the holding words */
        } posted[KVMFR_FRAME_SLOTS];
        uint32_t mailbox;             /* how many buffers are used as a mailbox; 0: it is off */
        uint64_t starved_ms;          /* since when no buffer was free; 0: there was one */
        uint64_t activation_until_ms; /* the mailbox's frames ask for activation; 0: no */
    } frame;

    struct { /* pointer thread only */
        struct lgmp_payload small[KVMFR_POINTER_BUFFERS], large[KVMFR_SHAPE_BUFFERS];
        uint32_t next_small, next_large;
        uint32_t large_len_bytes;
        /* Which large buffer each of the last posts used, newest last; -1: a small one. */
        int8_t history[KVMFR_POINTER_SLOTS];
        struct pointer_state now;  /* the newest state */
        bool known;                /* it was ever set */
        struct cursor_shape shape; /* our copy of the newest shape; type 0: none */
        bool state_owed, shape_owed;
    } pointer;
};

/* host.c; all take and release the lock. The result of posting is FULL while no session can be
 * built. `audience` NULL: for everybody; else as lgmp_host_post_among(). */
enum lgmp_result kvmfr_host_post_frame(struct kvmfr_host *host, uint32_t buffer,
                                       const struct lgmp_audience *audience, uint64_t now_ms);
enum lgmp_result kvmfr_host_post_pointer(struct kvmfr_host *host, uint32_t flags,
                                         const struct lgmp_payload *payload, uint64_t now_ms);
uint32_t kvmfr_host_pending(const struct kvmfr_host *host, bool pointer);
bool kvmfr_host_take_new(struct kvmfr_host *host, bool pointer);
/* Is anybody subscribed to the frame queue, and nobody but these? */
bool kvmfr_host_only_among(const struct kvmfr_host *host, const struct lgmp_audience *audience);
bool kvmfr_host_line_is(const struct kvmfr_host *host, uint32_t line, uint32_t client_id);

/* Timer thread: inbox messages, or messages that were finished: kvmfr_host_tick() is due. */
bool kvmfr_host_has_work(struct kvmfr_host *host);

/* host_board.c. What the records say of the extension; called by create and with the lock held. */
#define KVMFR_BOARD_ALIGN 64u
void kvmfr_host_board_announce(const struct kvmfr_host *host, struct kvmfr_session *session);
bool kvmfr_host_board_clear(struct kvmfr_host *host); /* false: no room for it */
enum lgmp_result kvmfr_host_board_alloc(const struct kvmfr_host *host, struct lgmp_host *lgmp);

/* host_bells.c. All do nothing without the extension. */
enum kvmfr_bell { KVMFR_BELL_FRAME = 1, KVMFR_BELL_POINTER = 2 };
/* Any thread, after something was published: rings those who sleep. */
void kvmfr_host_ring(struct kvmfr_host *host, enum kvmfr_bell bell);
/* Timer thread. A message of ours from the inbox, not acknowledged yet. False: not one of ours. */
bool kvmfr_host_bell_message(struct kvmfr_host *host, const uint8_t *data, uint32_t len_bytes);
/* Timer thread. Before the inbox is read: peers that came. After it: viewers that left. */
void kvmfr_host_bells_refresh(struct kvmfr_host *host);
void kvmfr_host_bells_pass(struct kvmfr_host *host, uint64_t now_ms);
/* Timer thread. Rings everybody, armed or not: those who are known, or who may be there. */
void kvmfr_host_ring_known(struct kvmfr_host *host);
void kvmfr_host_ring_strangers(struct kvmfr_host *host);
void kvmfr_host_bells_forget(struct kvmfr_host *host);
/* Frame thread. Viewers that can cope with at least `buffers` frame buffers; returns the smallest
 * number among them, 0: there is none. */
uint32_t kvmfr_host_audience(const struct kvmfr_host *host, uint32_t buffers,
                             struct lgmp_audience *out);

/* host_timing.c; frame thread. The timing block of a frame in `buffer`, before its post. */
void kvmfr_host_timing_begin(struct kvmfr_host *host, uint32_t buffer, uint32_t serial,
                             uint64_t capture_ns);
/* Before the last raise of its write pointer. */
void kvmfr_host_timing_complete(struct kvmfr_host *host, uint32_t buffer);

/* host_mailbox.c; frame thread. Lays the buffers from 2 on over the first two, and tells the board.
 */
void kvmfr_host_mailbox_plan(struct kvmfr_host *host);
/* Timer thread: the same on the board, which was cleared. */
void kvmfr_host_mailbox_tell(const struct kvmfr_host *host);
/* Enters or leaves the mailbox as the subscribers and a frame of `need_bytes` allow. On return, as
 * whom the frame is for: *audience if frame.mailbox is not 0. */
void kvmfr_host_mailbox_turn(struct kvmfr_host *host, uint64_t need_bytes,
                             struct lgmp_audience *audience);
/* A buffer that nobody reads; false: none, or (without the mailbox) no room in the queue. */
bool kvmfr_host_mailbox_choose(struct kvmfr_host *host, uint32_t need_bytes, uint64_t now_ms,
                               uint32_t *buffer);
/* Books `buffer` as being written with `need_bytes`: what lay there is gone. */
void kvmfr_host_mailbox_claim(struct kvmfr_host *host, uint32_t buffer, uint32_t need_bytes);
/* The header is written; to be called before the post: what viewers find in the mailbox. */
void kvmfr_host_mailbox_show(struct kvmfr_host *host, uint32_t buffer, uint32_t serial);
void kvmfr_host_mailbox_posted(struct kvmfr_host *host, uint32_t buffer);
void kvmfr_host_mailbox_leave(struct kvmfr_host *host);
/* Leaves it if somebody is subscribed who does not know of it. */
void kvmfr_host_mailbox_check(struct kvmfr_host *host, struct lgmp_audience *audience);

#endif
