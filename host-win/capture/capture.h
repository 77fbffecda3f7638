/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/capture.h - pictures and pointer of one desktop output, from one of several
 * backends (dxgi, gdi, synthetic).
 *
 * Two threads use a capture. The *capture thread* creates, starts, stops and destroys it and calls
 * next(), which never waits for a picture to be copied: pointer news leave at once. The *copy
 * thread* takes the newest picture, whose damage is against the one it took before; pictures that
 * it does not take are replaced, and their damage is kept (capture/ring.h). Nothing here knows of
 * shared memory. Portable: the backends are not. */
#ifndef ESPELHO_CAPTURE_CAPTURE_H
#define ESPELHO_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"
#include "kvmfr/damage.h"
#include "kvmfr/frame.h"

enum capture_result {
    CAPTURE_NONE,
    CAPTURE_OK,
    CAPTURE_TIMEOUT,        /* nothing new; normal on a still desktop */
    CAPTURE_REBUILD,        /* mode, desktop or session changed: stop() and start() again, normal */
    CAPTURE_DEVICE_REMOVED, /* driver reset or update: the same, with a new device */
    CAPTURE_UNSUPPORTED,    /* this backend cannot do it here: try the next one */
    CAPTURE_FATAL,          /* no sense in trying again */
};

enum capture_hdr { CAPTURE_HDR_NONE, CAPTURE_HDR_KEEP, CAPTURE_HDR_TO_SDR };

struct capture_config {  /* borrowed by create(), which copies what it keeps */
    const char *adapter; /* name (part of it), LUID "0x0:0x1234" or index; "" or NULL: choose */
    const char *output;  /* name ("\\\\.\\DISPLAY1", or part of the monitor's), or index of the
                            adapter's; "" or NULL: choose */
    uint32_t max_fps;    /* 0: the output's own rate */
    uint32_t down_width_px, down_height_px; /* scale down to fit in this; 0: do not */
    enum capture_hdr hdr;
    /* synthetic */
    uint32_t width_px, height_px, hz;
    enum frame_format format;
};

/* What a reader must know of a picture; constant between start() and stop(). */
struct capture_layout {
    enum frame_format format;
    uint32_t width_px, height_px;               /* of the picture: scaled, unrotated */
    uint32_t screen_width_px, screen_height_px; /* before scaling */
    enum frame_rotation rotation;
    uint32_t flags; /* FRAME_FLAG_HDR, FRAME_FLAG_HDR_PQ */
};

struct capture_pointer {
    bool has_position, has_shape; /* which of the following are new */
    int32_t x_px, y_px;           /* top left of the shape, in the rotated desktop, of the output */
    bool visible;                 /* always valid */
    const struct cursor_shape *shape; /* valid until the next next() */
};

struct capture_update {
    bool frame;   /* a new picture is there (or on its way through the GPU): wake the copy thread */
    bool pointer; /* something in `pointer_news` is new */
    struct capture_pointer pointer_news;
};

/* A complete picture that the CPU can read. */
struct capture_picture {
    struct capture_layout layout;
    const uint8_t *pixels; /* rows of the wire format; valid until release() */
    uint32_t pitch_bytes;
    uint64_t capture_ns;  /* when the system had it, as clock_ns(); 0: not known */
    struct damage damage; /* since the picture taken before; full: first of a start(), or unknown */
};

struct capture;
struct capture_ops {
    const char *name; /* "DXGI", "GDI", "synthetic": also what viewers show */
    /* 0; -ENOMEM; -EINVAL. Touches no device. */
    int (*create)(const struct capture_config *config, struct capture **out);
    void (*destroy)(struct capture *self); /* stopped before */

    /* Capture thread. OK, REBUILD (try again soon: the system does not allow it now),
     * DEVICE_REMOVED, UNSUPPORTED or FATAL; logs why once per change of the reason. */
    enum capture_result (*start)(struct capture *self);
    /* Capture thread. Waits until the copy thread has released what it took (it is quick); take()
     * gives nothing until the next start(). */
    void (*stop)(struct capture *self);
    /* Capture thread. Waits up to `timeout_ms` for news. Any result; *out only with OK. */
    enum capture_result (*next)(struct capture *self, uint32_t timeout_ms,
                                struct capture_update *out);

    /* Copy thread. OK: *out is the newest picture, complete, until release(). TIMEOUT: none came.
     * REBUILD, DEVICE_REMOVED: nothing to release; the capture thread will hear the same. */
    enum capture_result (*take)(struct capture *self, uint32_t timeout_ms,
                                struct capture_picture *out);
    /* Copy thread. `published` false: the damage counts again for the next picture. */
    void (*release)(struct capture *self, bool published);
    /* Any thread: lets take() return early, once. */
    void (*wake)(struct capture *self);

    /* Any thread, after create(): what is captured, for logs and the tray: "DXGI on \\.\DISPLAY1 of
     * NVIDIA ..., 2560x1440 bgra". */
    void (*describe)(struct capture *self, char *text, uint32_t text_bytes);
};

struct capture {
    const struct capture_ops *ops;
};

extern const struct capture_ops capture_synthetic_ops;
#ifdef _WIN32
extern const struct capture_ops capture_dxgi_ops, capture_gdi_ops;
#endif

#endif
