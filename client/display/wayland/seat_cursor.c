/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pointer's picture: none, the desktop's arrow, or the guest's shape. */
#define LOG_MODULE "seat"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-cursor.h>

#include "base/checked.h"
#include "base/log.h"
#include "display/wayland/seat_private.h"

#include "viewporter-client-protocol.h"
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
#include "cursor-shape-v1-client-protocol.h"
#endif

enum { ARROW_SIZE = 24, ARROW_MAX_SIZE = 256 };

/* A picture that the compositor may still read. */
struct seat_cursor_buffer {
    struct display_seat *seat;
    struct wl_buffer *wl;
    bool released;
    struct seat_cursor_buffer *next;
};

static void free_buffer(struct seat_cursor_buffer *b)
{
    if (b->wl)
        wl_buffer_destroy(b->wl);
    free(b);
}

/* The newest stays: it is shown again after the pointer was hidden. */
static void drop_released(struct display_seat *s)
{
    if (!s->cursor.buffers)
        return;
    for (struct seat_cursor_buffer **at = &s->cursor.buffers->next; *at;) {
        struct seat_cursor_buffer *b = *at;
        if (!b->released) {
            at = &b->next;
            continue;
        }
        *at = b->next;
        free_buffer(b);
    }
}

static void on_release(void *ctx, struct wl_buffer *wl)
{
    (void)wl;
    struct seat_cursor_buffer *b = ctx;
    b->released = true;
    drop_released(b->seat);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

/* A sealed file with the pixels, or -errno. */
static int pixel_file(const uint32_t *argb, size_t bytes)
{
    const int fd = memfd_create("pointer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    size_t done = 0;
    while (done < bytes) {
        const ssize_t n = write(fd, (const char *)argb + done, bytes - done);
        if (n <= 0) {
            const int err = n < 0 ? -errno : -EIO;
            close(fd);
            return err;
        }
        done += (size_t)n;
    }
    return fd;
}

static int new_buffer(struct display_seat *s, const struct display_pointer_image *image)
{
    const size_t bytes = (size_t)image->width_px * image->height_px * sizeof(*image->argb);
    struct seat_cursor_buffer *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    const int fd = pixel_file(image->argb, bytes);
    if (fd < 0) {
        free(b);
        return fd;
    }
    struct wl_shm_pool *pool = wl_shm_create_pool(s->global.shm, fd, (int32_t)bytes);
    if (pool) {
        b->wl =
            wl_shm_pool_create_buffer(pool, 0, (int32_t)image->width_px, (int32_t)image->height_px,
                                      (int32_t)image->width_px * 4, WL_SHM_FORMAT_ARGB8888);
        wl_shm_pool_destroy(pool);
    }
    close(fd);
    if (!b->wl) {
        free(b);
        return -ENOMEM;
    }
    b->seat = s;
    wl_buffer_add_listener(b->wl, &buffer_listener, b);
    b->next = s->cursor.buffers;
    s->cursor.buffers = b;
    drop_released(s);
    return 0;
}

static bool have_surface(struct display_seat *s)
{
    if (s->cursor.surface)
        return true;
    s->cursor.surface = wl_compositor_create_surface(s->global.compositor);
    if (s->cursor.surface && s->global.viewporter)
        s->cursor.viewport = wp_viewporter_get_viewport(s->global.viewporter, s->cursor.surface);
    return s->cursor.surface;
}

static void attach(struct wl_surface *surface, struct wl_buffer *buffer)
{
    wl_surface_attach(surface, buffer, 0, 0);
    if (wl_surface_get_version(surface) >= WL_SURFACE_DAMAGE_BUFFER_SINCE_VERSION)
        wl_surface_damage_buffer(surface, 0, 0, INT32_MAX, INT32_MAX);
    else
        wl_surface_damage(surface, 0, 0, INT32_MAX, INT32_MAX);
    wl_surface_commit(surface);
}

static void apply_image(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    struct seat_cursor_buffer *b = s->cursor.buffers;
    if (s->cursor.viewport)
        wp_viewport_set_destination(s->cursor.viewport, s->cursor.width, s->cursor.height);
    wl_pointer_set_cursor(d->pointer.wl, d->pointer.enter_serial, s->cursor.surface,
                          s->cursor.hot_x, s->cursor.hot_y);
    b->released = false;
    attach(s->cursor.surface, b->wl);
}

static struct wl_cursor_image *arrow_image(struct display_seat *s)
{
    if (!s->cursor.theme) {
        const char *size = getenv("XCURSOR_SIZE");
        const int wanted = size ? atoi(size) : 0;
        s->cursor.theme = wl_cursor_theme_load(
            getenv("XCURSOR_THEME"), wanted > 0 && wanted <= ARROW_MAX_SIZE ? wanted : ARROW_SIZE,
            s->global.shm);
    }
    struct wl_cursor *c =
        s->cursor.theme ? wl_cursor_theme_get_cursor(s->cursor.theme, "left_ptr") : NULL;
    return c && c->image_count ? c->images[0] : NULL;
}

static void apply_arrow(struct seat_device *d)
{
    struct display_seat *s = d->seat;
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
    if (d->pointer.shape) {
        wp_cursor_shape_device_v1_set_shape(d->pointer.shape, d->pointer.enter_serial,
                                            WP_CURSOR_SHAPE_DEVICE_V1_SHAPE_DEFAULT);
        return;
    }
#endif
    struct wl_cursor_image *image = arrow_image(s);
    if (image && !s->cursor.arrow_surface)
        s->cursor.arrow_surface = wl_compositor_create_surface(s->global.compositor);
    if (!image || !s->cursor.arrow_surface)
        return;
    wl_pointer_set_cursor(d->pointer.wl, d->pointer.enter_serial, s->cursor.arrow_surface,
                          (int32_t)image->hotspot_x, (int32_t)image->hotspot_y);
    attach(s->cursor.arrow_surface, wl_cursor_image_get_buffer(image));
}

void seat_cursor_apply(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    if (!d->pointer.focused || !s->global.compositor || !s->global.shm)
        return;
    if (s->cursor.kind == SEAT_CURSOR_NONE)
        wl_pointer_set_cursor(d->pointer.wl, d->pointer.enter_serial, NULL, 0, 0);
    else if (s->cursor.kind == SEAT_CURSOR_IMAGE)
        apply_image(d);
    else
        apply_arrow(d);
}

static void show(struct display_seat *s, enum seat_cursor_kind kind)
{
    s->cursor.kind = kind;
    struct seat_device *d;
    wl_list_for_each (d, &s->devices, link)
        seat_cursor_apply(d);
}

void display_seat_show_arrow(struct display_seat *s)
{
    show(s, SEAT_CURSOR_ARROW);
}

void display_seat_hide_pointer(struct display_seat *s)
{
    show(s, SEAT_CURSOR_NONE);
}

static int32_t within(double v, double low, double high)
{
    return (int32_t)lrint(fmax(low, fmin(high, v)));
}

static int take_image(struct display_seat *s, const struct display_pointer_image *image)
{
    if (!image->argb || !image->width_px || !image->height_px ||
        image->width_px > DISPLAY_POINTER_MAX_PX || image->height_px > DISPLAY_POINTER_MAX_PX)
        return -EINVAL;
    if (!s->global.compositor || !s->global.shm || !have_surface(s))
        return -ENOTSUP;
    const int err = new_buffer(s, image);
    if (err)
        return err;
    s->cursor.width = within(image->width, 1, DISPLAY_POINTER_MAX_PX);
    s->cursor.height = within(image->height, 1, DISPLAY_POINTER_MAX_PX);
    s->cursor.hot_x = within(image->hot_x, 0, s->cursor.width);
    s->cursor.hot_y = within(image->hot_y, 0, s->cursor.height);
    return 0;
}

int display_seat_show_image(struct display_seat *s, const struct display_pointer_image *image)
{
    const int err = take_image(s, image);
    show(s, err ? SEAT_CURSOR_ARROW : SEAT_CURSOR_IMAGE);
    return err;
}

void seat_cursor_fini(struct display_seat *s)
{
    while (s->cursor.buffers) {
        struct seat_cursor_buffer *b = s->cursor.buffers;
        s->cursor.buffers = b->next;
        free_buffer(b);
    }
    if (s->cursor.viewport)
        wp_viewport_destroy(s->cursor.viewport);
    if (s->cursor.surface)
        wl_surface_destroy(s->cursor.surface);
    if (s->cursor.arrow_surface)
        wl_surface_destroy(s->cursor.arrow_surface);
    if (s->cursor.theme)
        wl_cursor_theme_destroy(s->cursor.theme);
}
