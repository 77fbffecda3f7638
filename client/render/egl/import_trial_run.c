/* SPDX-License-Identifier: GPL-2.0-or-later
 * The other process: draws from dma-bufs with the very code the viewer draws with, on the same
 * platform, and compares every pixel. Twice, with other pixels in the same buffer: a driver that
 * copies when it imports would show the first ones for ever. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>
#include <wayland-client.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "render/egl/gl_scene.h"
#include "render/egl/import_dmabuf.h"
#include "render/egl/import_trial.h"

enum { WIDTH = 64, HEIGHT = 64, PITCH = 256, BYTES = PITCH * HEIGHT, REGION_BYTES = 65536 };

struct trial {
    struct wl_display *display;
    struct egl_context egl;
    struct shm_region *region;
    bool ours; /* the region's contents are: they can be written */
    struct dmabuf_source *source;
    struct import_dmabuf import;
    struct gl_scene scene;
    struct renderer_stats stats;
    _Atomic uint32_t written;
    char reason[320];
};

static bool fail(struct trial *t, const char *reason)
{
    snprintf(t->reason, sizeof(t->reason), "%s", reason);
    return false;
}

static void be_careful(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(2 * IMPORT_TRIAL_PATIENCE_MS / 1000);
}

static bool open_region(struct trial *t, const char *exporter)
{
    struct shm_problem problem = { 0 };
    t->ours = strcmp(exporter, "udmabuf") == 0;
    if (!t->ours)
        return shm_region_open(exporter, &t->region, &problem) == 0 || fail(t, problem.message);
    autoclose int fd = memfd_create("espelho-trial", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, REGION_BYTES) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
        return fail(t, _("no memory that cannot shrink"));
    return shm_region_open_fd(fd, "trial", &t->region, &problem) == 0 || fail(t, problem.message);
}

static bool open_driver(struct trial *t)
{
    const char *why = "?";
    t->display = wl_display_connect(NULL);
    if (!t->display)
        return fail(t, _("the trial does not reach the compositor"));
    const struct egl_context_config config = { .platform = EGL_PLATFORM_WAYLAND_KHR,
                                               .native_display = t->display,
                                               .surface_type = EGL_WINDOW_BIT };
    if (egl_context_init(&t->egl, &config, &why) < 0)
        return fail(t, why);
    if (!egl_context_make_current(&t->egl, EGL_NO_SURFACE))
        return fail(t, _("the driver draws nothing without a window"));
    why = import_dmabuf_missing(&t->egl);
    return !why || fail(t, why);
}

static bool open_source(struct trial *t)
{
    struct dmabuf_problem problem;
    return dmabuf_source_create(t->region, NULL, &t->source, &problem) == 0 ||
           fail(t, problem.text);
}

static void write_pattern(struct trial *t, uint32_t round)
{
    uint32_t *pixels = t->region->mem;
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = (i + round * 977u) * 2654435761u;
}

static bool draw(struct trial *t, const struct dmabuf_picture *picture,
                 const struct frame_view *frame)
{
    struct damage all;
    damage_set_full(&all);
    const struct import_entry *entry = import_dmabuf_find(&t->import, t->source, picture);
    if (!entry)
        return fail(t, t->import.reason);
    dmabuf_sync_for_device(entry->fd);
    return gl_scene_import(&t->scene, frame, &all, entry->texture, &t->stats) == RENDER_UPLOAD_OK ||
           fail(t, _("the driver draws nothing from a dma-buf"));
}

static void read_back(struct trial *t, uint8_t *out)
{
    const struct gl_api *gl = &t->egl.gl;
    gl->BindFramebuffer(GL_FRAMEBUFFER, t->scene.picture.framebuffer);
    gl->ReadPixels(0, 0, WIDTH, HEIGHT, GL_RGBA, GL_UNSIGNED_BYTE, out);
    gl->BindFramebuffer(GL_FRAMEBUFFER, 0);
}

static bool same_pixel(const uint8_t *rgba, const uint8_t *bgrx)
{
    return rgba[0] == bgrx[2] && rgba[1] == bgrx[1] && rgba[2] == bgrx[0];
}

/* A device's memory is alive: each pixel must be what it was before or after. */
static bool try_once(struct trial *t, const struct dmabuf_picture *picture,
                     const struct frame_view *frame, uint32_t round)
{
    static uint8_t before[BYTES], after[BYTES], drawn[WIDTH * HEIGHT * 4];
    if (t->ours)
        write_pattern(t, round);
    memcpy(before, t->region->mem, BYTES);
    if (!draw(t, picture, frame))
        return false;
    read_back(t, drawn);
    memcpy(after, t->region->mem, BYTES);
    for (size_t i = 0; i < sizeof(drawn); i += 4)
        if (!same_pixel(drawn + i, before + i) && !same_pixel(drawn + i, after + i))
            return fail(t, _("the driver draws other pixels than are in the dma-buf"));
    return true;
}

static bool try_pixels(struct trial *t)
{
    t->written = BYTES;
    const struct frame_view frame = {
        .fmt = frame_format_find(FRAME_FORMAT_BGRA),
        .width_px = WIDTH,
        .height_px = HEIGHT,
        .rows_px = HEIGHT,
        .pitch_bytes = PITCH,
        .row_bytes = PITCH,
        .pixels = t->region->mem,
        .pixels_bytes = BYTES,
        .write_pointer = &t->written,
    };
    struct dmabuf_picture picture;
    const char *why = dmabuf_picture_of(&frame, DMABUF_FOR_TEXTURE, &picture);
    if (why)
        return fail(t, why);
    import_dmabuf_init(&t->import, &t->egl);
    gl_scene_init(&t->scene, &t->egl, false);
    return try_once(t, &picture, &frame, 0) && try_once(t, &picture, &frame, 1);
}

/* Nothing is freed: the process ends here, and the fewer calls a doubtful driver gets the better.
 */
int import_trial_run(const char *exporter)
{
    struct trial t = { .reason = "" };
    be_careful();
    const bool good =
        open_region(&t, exporter) && open_source(&t) && open_driver(&t) && try_pixels(&t);
    printf("%s\n", good ? (const char *)t.egl.gl.GetString(GL_RENDERER) : t.reason);
    fflush(stdout);
    return good ? 0 : 1;
}
