/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/host.h - a producer's end of the relay: formats the region, publishes frames and the
 * pointer.
 *
 * Used by host-win, by `espelho demo` and by the tests' guests. Source: docs/protocol/kvmfr.md.
 * Threads: three roles, each one thread at a time (they may be the same): the timer
 * (kvmfr_host_tick), the frame thread (begin/raise/end_frame, repeat) and the pointer thread
 * (kvmfr_host_pointer). Nothing blocks but bounded spins. */
#ifndef ESPELHO_KVMFR_HOST_H
#define ESPELHO_KVMFR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"
#include "kvmfr/frame.h"
#include "kvmfr/session.h"
#include "lgmp/result.h"

struct kvmfr_host;
struct shm_doorbell;

enum { KVMFR_HOST_BUFFERS = 5 }; /* numbers that kvmfr_frame_writer.buffer may have */

struct kvmfr_host_config {
    struct kvmfr_session session; /* version is set by create */
    uint32_t align_bytes;         /* of pixels: 0 = 4096 */
    uint32_t shape_bytes;         /* of a pointer payload with a shape: 0 = 1048600, the largest */
    uint64_t now_ms;              /* any monotonic clock, the same for all calls */
    struct lgmp_random random;
    /* Timer thread. Absolute guest desktop coordinates. NULL: the feature bit is not offered. */
    void (*set_cursor_position)(void *ctx, int32_t x_px, int32_t y_px);
    void *ctx;
    /* docs/extensions.md: timing blocks, more than two frame buffers for viewers that want them.
     * Without, the region is byte for byte what the release makes. */
    bool extension;
    /* Of the region, with the extension: borrowed, outlives the host. Its vector 0 is ours. NULL:
     * nobody is rung, and nobody rings. */
    struct shm_doorbell *doorbell;
};

/* What the frame thread wants to publish; a wire header without its derived fields. */
struct kvmfr_frame_desc {
    enum frame_format format;
    uint32_t width_px, height_px;
    uint32_t screen_width_px, screen_height_px; /* 0: same as width, height */
    uint32_t pitch_bytes;                       /* 0: kvmfr_default_pitch() */
    enum frame_rotation rotation;
    uint32_t flags;        /* FRAME_FLAG_* without TRUNCATED, which is computed */
    uint32_t damage_count; /* 0: everything */
    const struct frame_rect *damage;
    uint64_t capture_ns; /* clock_ns() when the picture was taken from the system; 0: not known */
};

/* A frame being written. */
struct kvmfr_frame_writer {
    uint8_t *pixels; /* into the region, aligned as configured */
    uint32_t pitch_bytes;
    uint32_t rows_px; /* rows that fit; fewer than height_px: truncated */
    uint32_t serial;
    uint32_t buffer; /* which of the frame buffers: 0 or 1, with the extension < KVMFR_HOST_BUFFERS
                      */
    /* The buffer holds an older frame: damage since then must be written, not only this frame's.
     * `serial - age` is the serial of the frame in the buffer; age 0: content unknown, or another
     * layout. */
    uint32_t age;
};

/* 0; -ENOSPC: the region cannot hold even one row of a frame; -EINVAL; -ENOMEM. `mem` is borrowed.
 */
int kvmfr_host_create(void *mem, size_t len_bytes, const struct kvmfr_host_config *config,
                      struct kvmfr_host **out) MUST_CHECK;
void kvmfr_host_destroy(struct kvmfr_host *host);

/* Timer thread, every 10 ms: heartbeat, retiring, inbox. When a peer overwrote the header, the
 * session is built anew here (new session id, serials go on) and *restarted (may be NULL) is set. 0
 * or -errno. */
int kvmfr_host_tick(struct kvmfr_host *host, uint64_t now_ms, bool *restarted) MUST_CHECK;

/* Timer thread: other records for whoever connects from now on, such as another capture name. Texts
 * of another length than at create's are refused (-EINVAL): everything behind would have to move.
 * If something changed, the session is built anew, so that viewers that are there read it too: they
 * subscribe again. 0 or -errno. */
int kvmfr_host_set_session(struct kvmfr_host *host, const struct kvmfr_session *session,
                           uint64_t now_ms) MUST_CHECK;

/* Is anybody there who gets frames? Without, a host neither captures nor copies. Who is subscribed
 * to the pointer alone does not count: no viewer is, but one that died may look so for as long as
 * the pointer rests. Any thread. */
bool kvmfr_host_wanted(const struct kvmfr_host *host);

/* Timer thread: sleeps until a viewer rings, or `timeout_ms` have passed; not at all when there is
 * something for kvmfr_host_tick() to do. True: rung, or not slept: tick now. Without a doorbell it
 * only sleeps. */
bool kvmfr_host_wait(struct kvmfr_host *host, uint32_t timeout_ms);
/* The same in parts, for a loop that waits for other things too. arm: false: do not sleep, tick
 * now. Else sleep until the descriptor (-1: there is none) is readable, and disarm. Without a
 * doorbell arm says true. */
bool kvmfr_host_arm(struct kvmfr_host *host) MUST_CHECK;
int kvmfr_host_fd(const struct kvmfr_host *host);
bool kvmfr_host_disarm(struct kvmfr_host *host); /* true: rung */
#ifndef _WIN32
/* The same until clock_ns() reads `deadline_ns`, or `fd` (-1: none) is readable: a loop's whole
 * sleep. What woke it; 0: the time. Signals may end it early. */
#define KVMFR_WOKE_RUNG 1u /* tick now */
#define KVMFR_WOKE_FD   2u
unsigned kvmfr_host_sleep(struct kvmfr_host *host, uint64_t deadline_ns, int fd);
#endif
/* Whoever reads frames rings when it has finished one: after -EAGAIN there is no need to look again
 * by oneself, only after each tick. Any thread. */
bool kvmfr_host_readers_ring(const struct kvmfr_host *host);
/* begin_frame would find a free frame buffer, by what is known now. Any thread. */
bool kvmfr_host_has_room(const struct kvmfr_host *host);

/* Starts a frame: 0; -EAGAIN: both buffers are still being read, try again later with a newer
 * picture; -EINVAL: impossible description; -ENOSPC: not even one row fits. The message is posted
 * here, before the pixels (section 3.6). */
int kvmfr_host_begin_frame(struct kvmfr_host *host, const struct kvmfr_frame_desc *desc,
                           uint64_t now_ms, struct kvmfr_frame_writer *out) MUST_CHECK;
/* The first `rows_px` rows are final. A store fence precedes it. Never lower than before. */
void kvmfr_host_raise_rows(struct kvmfr_host *host, const struct kvmfr_frame_writer *writer,
                           uint32_t rows_px);
void kvmfr_host_end_frame(struct kvmfr_host *host, const struct kvmfr_frame_writer *writer);
/* Frame thread, when there was no new picture for a while: re-posts the last frame if somebody new
 * subscribed. */
void kvmfr_host_repeat_frame(struct kvmfr_host *host, uint64_t now_ms);

/* Pointer thread. Publishes position, visibility and, if `shape` is not NULL, a shape (copied in).
 * 0; -EAGAIN queue full: the newest state is kept and goes out with the next call; -EINVAL: shape
 * too large or malformed. */
int kvmfr_host_pointer(struct kvmfr_host *host, int32_t x_px, int32_t y_px, bool visible,
                       const struct cursor_shape *shape, uint64_t now_ms) MUST_CHECK;
/* Pointer thread, about every 10 ms: re-posts shape and position for new subscribers, and what was
 * kept by -EAGAIN. */
void kvmfr_host_pointer_repeat(struct kvmfr_host *host, uint64_t now_ms);

/* Copies `rows` rows of `row_bytes` with non-temporal stores; the caller's raise fences. Any
 * alignment; fastest when dst is 32-byte aligned. Regions must not overlap. Any thread. */
void kvmfr_copy_rows(uint8_t *dst, size_t dst_pitch_bytes, const uint8_t *src,
                     size_t src_pitch_bytes, size_t row_bytes, uint32_t rows);

#endif
