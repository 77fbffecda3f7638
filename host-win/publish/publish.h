/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/publish/publish.h - from a capture into shared memory: two threads around one region.
 *
 * The capture thread runs the backend: starts it while somebody is subscribed, rebuilds it with a
 * short back-off, goes to the next backend where one is unsupported, and publishes the pointer. The
 * copy thread takes the newest picture, waits for a free frame buffer (a picture that nobody took
 * is replaced meanwhile), and copies what the buffer lacks, raising the write pointer per band. The
 * owner calls publish_tick() every 10 ms from its own thread. Portable. */
#ifndef ESPELHO_PUBLISH_PUBLISH_H
#define ESPELHO_PUBLISH_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "capture/capture.h"
#include "kvmfr/host.h"

struct shm_doorbell;

/* What the system has to say beside the picture; each may be NULL. Called from publish's threads.
 */
struct publish_system {
    /* Capture thread, before each start(): attach to the desktop that has the input now. */
    void (*enter_desktop)(void *ctx);
    /* Both threads, once: priorities (MMCSS). `copy`: the copy thread. */
    void (*enter_thread)(void *ctx, bool copy);
    /* Both threads, at their end: what the two above took. */
    void (*leave_thread)(void *ctx, bool copy);
    /* Copy thread, before each frame: FRAME_FLAG_BLOCK_SCREENSAVER, FRAME_FLAG_REQUEST_ACTIVATION.
     */
    uint32_t (*frame_flags)(void *ctx);
    /* publish_tick()'s thread. */
    void (*set_cursor_position)(void *ctx, int32_t x_px, int32_t y_px);
    void *ctx;
};

struct publish_config {
    void *mem; /* the region: borrowed, outlives publish */
    uint64_t len_bytes;
    struct shm_doorbell *doorbell; /* of the region, the same; NULL: it has none */
    struct kvmfr_session session;  /* capture name is set here, per backend */
    struct lgmp_random random;
    const struct capture_ops *const *backends; /* in the order of trying; NULL-terminated */
    struct capture_config capture;             /* its texts are borrowed */
    struct publish_system system;
};

enum publish_state {
    PUBLISH_STATE_NONE,
    PUBLISH_STATE_IDLE,     /* nobody is subscribed: nothing is captured */
    PUBLISH_STATE_STARTING, /* the system does not allow a capture now, or it is being built */
    PUBLISH_STATE_CAPTURING,
    PUBLISH_STATE_FAILED, /* no backend works; until publish_restart() */
};

struct publish_status {
    enum publish_state state;
    struct capture_layout layout; /* of the last picture; format 0: none yet */
    char capture[160];            /* describe() of the backend */
    uint64_t frames, replaced, pointer_updates, rebuilds, bytes_copied;
    uint32_t truncated_rows;  /* rows that do not fit into the region; 0: all fit */
    uint64_t needed_bytes;    /* region size for this mode, when rows were cut off */
    uint64_t rings;           /* of viewers, seen by publish_wait() */
    double fps;               /* over the last second */
    uint64_t last_rebuild_ns; /* how long the picture was away, the last time */
};

struct publish;
/* 0; -ENOSPC: the region is too small for any picture; -EINVAL; -ENOMEM; -EAGAIN: no thread. */
int publish_create(const struct publish_config *config, struct publish **out) MUST_CHECK;
void publish_destroy(struct publish *publish); /* NULL is fine; ends both threads */

/* Every publish_tick_wait_ms(), one thread: heartbeat, subscribers, inbox. `now_ms`: clock_ms(). 0
 * or -errno: log and go on. */
int publish_tick(struct publish *publish, uint64_t now_ms) MUST_CHECK;
/* publish_tick()'s thread, with a doorbell: sleeps so long at most; a viewer that rings ends it. */
void publish_wait(struct publish *publish, uint32_t timeout_ms);
/* publish_tick()'s thread: 10 while something moves, 25 on a desktop that stands still, 30 without
 * a viewer. */
uint32_t publish_tick_wait_ms(const struct publish *publish);
/* Any thread: stop and start the capture, with the first backend again. */
void publish_restart(struct publish *publish);
void publish_status(const struct publish *publish, struct publish_status *out);

#endif
