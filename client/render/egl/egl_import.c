/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "egl"

#include "render/egl/egl_import.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

enum { POLL_US = 500 };

static const char *const being_tried = N_("the driver is being tried");

static void set_reason(struct egl_import *i, const char *reason, const char *advice)
{
    i->in_use = false;
    const char *text = reason == being_tried ? _(reason) : reason;
    if (strcmp(i->reason, text) == 0)
        return;
    snprintf(i->reason, sizeof(i->reason), "%s", text);
    if (reason == being_tried)
        return;
    log_info("frames are copied to the GPU: %s", reason);
    if (advice && advice[0])
        log_info("%s", advice);
}

/* ---- frames in flight ---- */

static void land(struct egl_import_flight *f)
{
    struct egl_import *i = f->owner;
    const uint32_t id = f->id;
    loop_source_destroy(f->event);
    import_fence_fini(i->egl, &f->fence);
    f->event = NULL;
    f->id = 0;
    i->on_frame_done(i->ctx, id);
}

static void on_fence(void *ctx, uint32_t events)
{
    (void)events;
    land(ctx);
}

static void on_poll(void *ctx)
{
    struct egl_import *i = ctx;
    bool more = false;
    for (size_t k = 0; k < ARRAY_LEN(i->flights); k++) {
        struct egl_import_flight *f = &i->flights[k];
        if (f->id == 0 || f->event)
            continue;
        if (import_fence_is_done(i->egl, &f->fence))
            land(f);
        else
            more = true;
    }
    if (more)
        loop_timer_set_ns(i->poll_timer, clock_ns() + POLL_US * NS_PER_US, 0);
}

static struct egl_import_flight *free_flight(struct egl_import *i)
{
    for (size_t k = 0; k < ARRAY_LEN(i->flights); k++)
        if (i->flights[k].id == 0)
            return &i->flights[k];
    return NULL;
}

/* The loop tells, by the fence's descriptor, or by asking now and then. */
static bool watch(struct egl_import *i, struct egl_import_flight *f)
{
    if (f->fence.fd >= 0)
        return loop_add_fd(i->loop, f->fence.fd, EPOLLIN, on_fence, f, &f->event) == 0;
    if (!i->poll_timer && loop_add_timer(i->loop, on_poll, i, &i->poll_timer) < 0)
        return false;
    loop_timer_set_ns(i->poll_timer, clock_ns() + POLL_US * NS_PER_US, 0);
    return true;
}

enum render_upload egl_import_drawn(struct egl_import *i, uint32_t id)
{
    struct egl_import_flight *f = id ? free_flight(i) : NULL;
    if (!f) {
        i->egl->gl.Finish();
        return RENDER_UPLOAD_OK;
    }
    if (!import_fence_create(i->egl, &f->fence))
        return RENDER_UPLOAD_OK;
    if (!watch(i, f)) {
        import_fence_fini(i->egl, &f->fence);
        i->egl->gl.Finish();
        return RENDER_UPLOAD_OK;
    }
    f->id = id;
    return RENDER_UPLOAD_KEPT;
}

/* ---- may it be done? ---- */

static void on_tried(void *ctx, const char *problem)
{
    struct egl_import *i = ctx;
    i->tried = problem ? EGL_IMPORT_BAD : EGL_IMPORT_GOOD;
    i->reason[0] = '\0'; /* it is not being tried any more */
    if (problem)
        set_reason(i, problem, NULL);
    else
        log_debug("the driver reads dma-bufs right");
    import_trial_destroy(i->trial);
    i->trial = NULL;
}

/* What can be asked; once. */
static bool driver_may_be_good(struct egl_import *i)
{
    if (i->tried == EGL_IMPORT_UNTRIED) {
        const char *missing = import_dmabuf_missing(i->egl);
        if (missing)
            set_reason(i, missing, NULL);
        i->tried = missing                       ? EGL_IMPORT_BAD
                   : i->mode == RENDER_IMPORT_ON ? EGL_IMPORT_GOOD
                                                 : EGL_IMPORT_TRYING;
    }
    return i->tried != EGL_IMPORT_BAD;
}

/* What has to be tried; once. */
static bool driver_is_good(struct egl_import *i, const struct shm_region *region)
{
    if (i->tried == EGL_IMPORT_TRYING && !i->trial) {
        const struct import_trial_config config = {
            .loop = i->loop,
            .program = i->trial_program,
            .exporter = region->kind == SHM_KIND_KVMFR ? region->path : "udmabuf",
            .patience_ms = IMPORT_TRIAL_PATIENCE_MS,
            .done = on_tried,
            .ctx = i,
        };
        set_reason(i, being_tried, NULL);
        const int err = import_trial_create(&config, &i->trial);
        if (err < 0) {
            i->tried = EGL_IMPORT_BAD;
            set_reason(i, _("the trial of the driver cannot be started"), err_str(err));
        }
    }
    return i->tried == EGL_IMPORT_GOOD;
}

static bool was_refused(const struct egl_import *i, const struct shm_region *region,
                        const struct dmabuf_picture *p)
{
    return i->refused.mem == region->mem && i->refused.inode == region->inode &&
           (i->refused.fourcc == 0 ||
            (i->refused.fourcc == p->fourcc && i->refused.len_bytes == p->len_bytes));
}

static void refuse(struct egl_import *i, const struct shm_region *region,
                   const struct dmabuf_picture *p)
{
    i->refused.mem = region->mem;
    i->refused.inode = region->inode;
    i->refused.fourcc = p ? p->fourcc : 0;
    i->refused.len_bytes = p ? p->len_bytes : 0;
}

static bool ensure_source(struct egl_import *i, const struct shm_region *region)
{
    struct dmabuf_problem problem;
    if (i->source && dmabuf_source_is_of(i->source, region))
        return true;
    egl_import_forget(i);
    if (dmabuf_source_create(region, NULL, &i->source, &problem) == 0)
        return true;
    i->source = NULL;
    set_reason(i, problem.text, problem.advice);
    refuse(i, region, NULL);
    return false;
}

const struct import_entry *egl_import_entry(struct egl_import *i, const struct render_frame *frame)
{
    const struct shm_region *region = frame->region;
    struct dmabuf_picture picture;
    if (i->mode == RENDER_IMPORT_OFF || !i->loop || !driver_may_be_good(i))
        return NULL;
    const char *why = dmabuf_picture_of(frame->view, DMABUF_FOR_TEXTURE, &picture);
    if (why) {
        set_reason(i, why, NULL);
        return NULL;
    }
    if (was_refused(i, region, &picture) || !ensure_source(i, region) || !driver_is_good(i, region))
        return NULL;
    const struct import_entry *entry = import_dmabuf_find(&i->textures, i->source, &picture);
    if (!entry) {
        set_reason(i, i->textures.reason, i->textures.advice);
        refuse(i, region, &picture);
        return NULL;
    }
    if (!i->in_use)
        log_info("frames are read in place, by %s", dmabuf_source_name(i->source));
    i->in_use = true;
    i->reason[0] = '\0';
    return entry;
}

/* ---- life ---- */

void egl_import_init(struct egl_import *i, const struct egl_context *egl,
                     const struct renderer_config *config)
{
    *i = (struct egl_import){
        .egl = egl,
        .loop = config->loop,
        .mode = config->import,
        .trial_program = config->trial_program,
        .on_frame_done = config->on_frame_done,
        .ctx = config->ctx,
    };
    for (size_t k = 0; k < ARRAY_LEN(i->flights); k++)
        i->flights[k].owner = i;
    import_dmabuf_init(&i->textures, egl);
    if (i->mode == RENDER_IMPORT_OFF)
        snprintf(i->reason, sizeof(i->reason), "egl.import=off");
}

/* The pages stay with the driver for as long as it reads: nobody writes to a region that is gone.
 */
void egl_import_forget(struct egl_import *i)
{
    for (size_t k = 0; k < ARRAY_LEN(i->flights); k++)
        if (i->flights[k].id)
            land(&i->flights[k]);
    import_dmabuf_forget(&i->textures);
    dmabuf_source_destroy(i->source);
    i->source = NULL;
}

void egl_import_fini(struct egl_import *i)
{
    if (!i->egl)
        return;
    egl_import_forget(i);
    import_trial_destroy(i->trial);
    loop_source_destroy(i->poll_timer);
    *i = (struct egl_import){ 0 };
}

const char *egl_import_state(const struct egl_import *i)
{
    return i->in_use && i->source ? dmabuf_source_name(i->source) : i->reason;
}
