/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/render.h - turns frames and the cursor into what the compositor shows. Backends:
 * egl/, shm/.
 *
 * Life of a picture: upload() copies the damaged part of a frame into the backend's own store,
 * following the write pointer (it may be called while the compositor is busy); present() commits
 * what is stored. In between the guest's buffer is free again. import() is the way without a copy
 * by the CPU: the GPU, or the compositor itself, reads the guest's buffer, and says later that it
 * has. Threads: render thread only. */
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
#include "loop/loop.h"

enum render_import {
    RENDER_IMPORT_AUTO, /* where a trial in another process went well */
    RENDER_IMPORT_ON,   /* without a trial */
    RENDER_IMPORT_OFF,
};

struct renderer_config {
    struct display *display; /* borrowed, outlives the renderer; so does the loop */
    struct loop *loop;       /* NULL: import() is never possible */
    enum render_import import;
    bool direct; /* hand frames to the compositor where nothing has to be drawn (direct/) */
    const char *trial_program; /* NULL: this program; run as `PROGRAM try-import ...` */
    /* The pixels of the frame that import() kept as `id` are not read any more. Told once for each,
     * also by forget() and destroy(); from the loop, or from inside import(), present(), ... */
    void (*on_frame_done)(void *ctx, uint32_t id);
    void *ctx;
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
    uint64_t imports;       /* frames that the GPU read in place */
    uint64_t directs;       /* frames that the compositor was handed */
    uint64_t settles;       /* of these, shown from a copy later: nothing changed for so long that
                               the host wanted its buffer back. The copy is counted above, too */
    char import_state[320]; /* "" not asked for; "udmabuf", "kvmfr": in use; else why not */
    char direct_state[320]; /* "" not asked for; "on"; else why not, now */
};

enum render_upload {
    RENDER_UPLOAD_NONE,
    RENDER_UPLOAD_OK,
    RENDER_UPLOAD_BUSY,    /* all own buffers are still with the compositor: try after the next
                              release/frame event */
    RENDER_UPLOAD_STALLED, /* the write pointer stopped (host died in mid-frame): nothing was
                              changed that present() would show torn */
    RENDER_UPLOAD_FAILED,  /* out of memory, context lost ... logged */
    RENDER_UPLOAD_KEPT,    /* import() only: as OK, but the pixels are still being read */
    RENDER_UPLOAD_PENDING, /* import() only: the host still writes what has to be complete first */
};

struct shm_region;
struct render_frame {
    const struct shm_region *region; /* that the frame lies in */
    const struct frame_view *view;
    const struct damage *damage;
    uint32_t id; /* not 0: KEPT may be the answer, and this is what on_frame_done() will say */
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
    /* Optional, as the next two; renderer_import() etc. ask. Instead of upload(): takes the frame
     * where it lies. NONE: not this one, or not at all, for a reason that stats() tells: upload()
     * it. */
    enum render_upload (*import)(struct renderer *self, const struct render_frame *frame);
    /* The pixels of kept frame `id` have to be given back soon, although it may still be what is
     * shown: shows it from a copy. True: something was changed for the next present(). */
    bool (*reclaim)(struct renderer *self, uint32_t id);
    /* The region goes away, or the frames in it are of another session: lets go of all frames. */
    void (*forget)(struct renderer *self);
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

static inline enum render_upload renderer_import(struct renderer *r,
                                                 const struct render_frame *frame)
{
    return r->ops->import ? r->ops->import(r, frame) : RENDER_UPLOAD_NONE;
}

static inline bool renderer_reclaim(struct renderer *r, uint32_t id)
{
    return r->ops->reclaim && r->ops->reclaim(r, id);
}

static inline void renderer_forget(struct renderer *r)
{
    if (r->ops->forget)
        r->ops->forget(r);
}

extern const struct renderer_ops renderer_egl_ops;
extern const struct renderer_ops renderer_shm_ops;

/* Tries the named backend, or NULL/"auto": shm when EGL is absent or a software rasteriser, else
 * egl. Logs the choice and its reason. */
int renderer_create(const char *name, const struct renderer_config *config,
                    struct renderer **out) MUST_CHECK;

/* What a renderer runs as `espelho try-import EXPORTER` before it lets a driver read a dma-buf:
 * does so, and compares. 0 and the driver's name on stdout, or 1 and a reason; the driver may also
 * end the process. */
int renderer_try_import(const char *exporter) MUST_CHECK;

#endif
