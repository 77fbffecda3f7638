/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/render.h - turns frames and the cursor into what the compositor shows. Backends:
 * egl/, shm/.
 *
 * Life of a picture: upload() copies the damaged part of a frame into the backend's own store,
 * following the write pointer (it may be called while the compositor is busy); present() commits
 * what is stored. In between the guest's buffer is free again. Threads: render thread only. */
#ifndef ESPELHO_RENDER_RENDER_H
#define ESPELHO_RENDER_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "display/display.h"
#include "display/geometry.h"
#include "frame/cursor_image.h"
#include "kvmfr/damage.h"
#include "frame/still.h"
#include "kvmfr/frame.h"

struct renderer_config {
    struct display *display; /* borrowed, outlives the renderer */
    struct geometry_config geometry;
    bool nearest; /* scaling filter: nearest instead of linear (egl; the shm backend leaves it to
                     the compositor) */
};

struct renderer_stats {
    uint64_t uploads;       /* frames copied */
    uint64_t upload_bytes;  /* bytes read from the region */
    uint64_t damaged_bytes; /* bytes that damage asked for */
    uint64_t presents;      /* commits with new content */
    uint64_t waits;         /* times the writer was slower than the copy */
    uint64_t wait_timeouts; /* gave up on a write pointer */
};

enum render_upload {
    RENDER_UPLOAD_NONE,
    RENDER_UPLOAD_OK,
    RENDER_UPLOAD_BUSY,    /* all own buffers are still with the compositor: try after the next
                              release/frame event */
    RENDER_UPLOAD_STALLED, /* the write pointer stopped (host died in mid-frame): nothing was
                              changed that present() would show torn */
    RENDER_UPLOAD_FAILED,  /* out of memory, context lost ... logged */
};

struct renderer;
struct renderer_ops {
    const char *name; /* "egl", "shm" */
    /* -ENOTSUP: cannot work here; *why (static or renderer-owned text) says it for the log. */
    int (*create)(const struct renderer_config *config, struct renderer **out, const char **why);
    void (*destroy)(struct renderer *self);
    /* Window size, scale or rotation option changed. */
    void (*configure)(struct renderer *self, const struct display_state *state,
                      const struct geometry_config *geometry);
    /* Copies `damage` of `frame` (also what earlier uploads to the same back buffer left out). */
    enum render_upload (*upload)(struct renderer *self, const struct frame_view *frame,
                                 const struct damage *damage);
    /* NULL image: keep the shape. x, y: top-left of the shape in upright guest pixels. Takes effect
     * with the next present(). The image is copied. */
    void (*set_cursor)(struct renderer *self, const struct cursor_image *image, int32_t x_px,
                       int32_t y_px, bool visible);
    /* Shows a still instead of guest pictures until the next successful upload; copied. */
    void (*show_still)(struct renderer *self, const struct still *still);
    /* Commits what changed since the last present: picture, cursor, geometry. Asks for a frame
     * callback when it commits. Returns true if it committed; false if nothing had changed (no
     * wake-up of the compositor). `tag` != 0: presentation feedback is asked for. */
    bool (*present)(struct renderer *self, uint64_t tag);
    const struct geometry *(*geometry)(struct renderer *self);
    void (*stats)(struct renderer *self, struct renderer_stats *out);
};
struct renderer {
    const struct renderer_ops *ops;
};

extern const struct renderer_ops renderer_egl_ops;
extern const struct renderer_ops renderer_shm_ops;

/* Tries the named backend, or NULL/"auto": shm when EGL is absent or a software rasteriser, else
 * egl. Logs the choice and its reason. */
int renderer_create(const char *name, const struct renderer_config *config,
                    struct renderer **out) MUST_CHECK;

#endif
