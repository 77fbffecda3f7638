/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/egl_import.h - whether frames can be read in place, and when they have been:
 * exporter, trial of the driver, textures, fences. Says each new reason why not once in the log.
 * Render thread; context current where it says so. */
#ifndef ESPELHO_RENDER_EGL_EGL_IMPORT_H
#define ESPELHO_RENDER_EGL_EGL_IMPORT_H

#include "render/egl/import_dmabuf.h"
#include "render/egl/import_trial.h"
#include "render/render.h"

enum { EGL_IMPORT_FLIGHTS = 4 };

struct egl_import;
struct egl_import_flight {
    struct egl_import *owner;
    uint32_t id; /* 0: unused */
    struct import_fence fence;
    struct loop_source *event; /* of fence.fd */
};

enum egl_import_trial { EGL_IMPORT_UNTRIED, EGL_IMPORT_TRYING, EGL_IMPORT_GOOD, EGL_IMPORT_BAD };

struct egl_import {
    const struct egl_context *egl; /* borrowed */
    struct loop *loop;             /* borrowed; NULL: never */
    enum render_import mode;
    const char *trial_program;
    void (*on_frame_done)(void *ctx, uint32_t id);
    void *ctx;

    struct import_dmabuf textures;
    struct dmabuf_source *source; /* of the region that frames came from last; or NULL */
    struct {                      /* regions and formats that were refused are not tried again */
        const void *mem;
        uint64_t inode;
        uint32_t fourcc;
        uint64_t len_bytes;
    } refused;
    enum egl_import_trial tried;
    struct import_trial *trial;
    struct egl_import_flight flights[EGL_IMPORT_FLIGHTS];
    struct loop_source *poll_timer; /* while a fence that has no descriptor is in flight */
    bool in_use;
    char reason[320]; /* why not, if not in_use */
};

void egl_import_init(struct egl_import *i, const struct egl_context *egl,
                     const struct renderer_config *config);
void egl_import_fini(struct egl_import *i);
/* The texture that shows the frame's memory; NULL: not this way (now). Context current. */
const struct import_entry *egl_import_entry(struct egl_import *i, const struct render_frame *frame);
/* After it was drawn from. KEPT: on_frame_done(id) follows. OK: that is over already. Context
 * current. */
enum render_upload egl_import_drawn(struct egl_import *i, uint32_t id);
/* Lets go of textures, dma-bufs and frames in flight. Context current, or lost. */
void egl_import_forget(struct egl_import *i);
const char *egl_import_state(const struct egl_import *i);

#endif
