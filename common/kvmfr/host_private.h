/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/host_private.h - the producer's parts, grouped by the thread that owns them. */
#ifndef ESPELHO_KVMFR_HOST_PRIVATE_H
#define ESPELHO_KVMFR_HOST_PRIVATE_H

#include <pthread.h>

#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "lgmp/host.h"

/* Everything whose change makes a new format version (section 3.9). */
struct frame_layout {
    uint32_t type, width, height, screen_width, screen_height, rotation, pitch, rows, flags;
};

struct frame_buffer {
    struct lgmp_payload payload; /* our description; never read back from the region */
    uint32_t serial;             /* of the frame in it */
    uint32_t format_version;     /* its layout; 0: content unknown */
    uint32_t raised_bytes;       /* the write pointer as we set it */
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

    uint8_t udata[KVMFR_SESSION_MAX_BYTES]; /* timer thread only, as is config.session */

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
        struct frame_buffer buffers[KVMFR_FRAME_BUFFERS];
        struct kvmfr_wire_frame header; /* of the newest frame, as published */
        struct frame_layout layout;
        uint32_t format_version, next_serial;
        uint32_t newest;  /* buffer of the newest frame */
        bool writing;     /* between begin and end */
        bool any;         /* `newest` holds a complete frame */
        bool repeat_owed; /* somebody new came while nothing could be re-posted */
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
 * built. */
enum lgmp_result kvmfr_host_post_frame(struct kvmfr_host *host, uint32_t buffer, uint64_t now_ms);
enum lgmp_result kvmfr_host_post_pointer(struct kvmfr_host *host, uint32_t flags,
                                         const struct lgmp_payload *payload, uint64_t now_ms);
uint32_t kvmfr_host_pending(struct kvmfr_host *host, bool pointer);
bool kvmfr_host_take_new(struct kvmfr_host *host, bool pointer);

#endif
