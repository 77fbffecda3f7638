/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desk.h"

#include <windows.h>

#include "test.h"

#include "base/clock.h"

void desk_open(struct desk *d, const char *script, const struct capture_config *config)
{
    static const struct capture_config keep = { .hdr = CAPTURE_HDR_KEEP };
    char folder[MAX_PATH], path[MAX_PATH + 32], set[MAX_PATH + 64], error[160];
    *d = (struct desk){ 0 };
    CHECK(GetTempPathA(sizeof(folder), folder) > 0);
    snprintf(path, sizeof(path), "%sdesk-%lu.txt", folder, GetCurrentProcessId());
    FILE *f = fopen(path, "wb");
    CHECK(f && fputs(script, f) >= 0 && fclose(f) == 0);
    snprintf(set, sizeof(set), "ESPELHO_SHIM_SCRIPT=%s", path);
    CHECK_INT(putenv(set), 0);
    CHECK_MSG(shim_script_load(path, &d->script, error) == 0, "%s", error);
    CHECK_INT(shim_screen_init(&d->screen, &d->script, 0), 0);
    CHECK_INT(capture_dxgi_ops.create(config ? config : &keep, &d->capture), 0);
}

void desk_close(struct desk *d)
{
    d->capture->ops->stop(d->capture);
    d->capture->ops->destroy(d->capture);
    shim_screen_fini(&d->screen);
    shim_script_fini(&d->script);
    free(d->copy);
}

enum capture_result desk_next(struct desk *d)
{
    d->update = (struct capture_update){ 0 };
    return d->capture->ops->next(d->capture, 500, &d->update);
}

enum capture_result desk_wait_frame(struct desk *d)
{
    for (int i = 0; i < 100; i++) {
        const enum capture_result r = desk_next(d);
        if ((r != CAPTURE_OK && r != CAPTURE_TIMEOUT) || d->update.frame)
            return r;
    }
    test_fail(__FILE__, __LINE__, "no frame came");
}

void desk_play(struct desk *d)
{
    CHECK_INT(shim_screen_apply(&d->screen, &d->script, ++d->event, &d->news), 0);
}

static void copy_rect(struct desk *d, const struct capture_picture *p, const struct frame_rect *r)
{
    const uint32_t px = frame_format_find((uint32_t)p->layout.format)->bytes_per_pixel;
    CHECK(r->x_px + r->width_px <= p->layout.width_px);
    CHECK(r->y_px + r->height_px <= p->layout.height_px);
    for (uint32_t y = r->y_px; y < r->y_px + r->height_px; y++)
        memcpy(d->copy + ((size_t)y * p->layout.width_px + r->x_px) * px,
               p->pixels + (size_t)y * p->pitch_bytes + (size_t)r->x_px * px,
               (size_t)r->width_px * px);
}

static void make_room(struct desk *d, const struct capture_picture *p)
{
    const size_t bytes = (size_t)p->layout.width_px * p->layout.height_px *
                         frame_format_find((uint32_t)p->layout.format)->bytes_per_pixel;
    if (bytes == d->copy_bytes && memcmp(&d->layout, &p->layout, sizeof(d->layout)) == 0)
        return;
    CHECK_MSG(p->damage.full, "the first picture of a kind has only %u rectangles",
              p->damage.count);
    free(d->copy);
    d->copy = calloc(1, bytes);
    d->copy_bytes = bytes;
    CHECK(d->copy);
}

void desk_copy(struct desk *d, const struct capture_picture *picture)
{
    const struct capture_layout *l = &picture->layout;
    const struct frame_rect all = { 0, 0, l->width_px, l->height_px };
    const uint32_t count = picture->damage.full ? 1 : picture->damage.count;
    make_room(d, picture);
    for (uint32_t i = 0; i < count; i++)
        copy_rect(d, picture, picture->damage.full ? &all : &picture->damage.rects[i]);
    d->layout = *l;
    d->damage_px = damage_pixels(&picture->damage, l->width_px, l->height_px);
}

void desk_take(struct desk *d)
{
    struct capture_picture p;
    CHECK_INT(d->capture->ops->take(d->capture, 1000, &p), CAPTURE_OK);
    desk_copy(d, &p);
    d->capture->ops->release(d->capture, true);
}

/* The first row that differs, or as many as there are. */
static uint32_t equal_rows(const struct desk *d)
{
    static uint8_t row[SHIM_MAX_PX * 8];
    const struct shim_screen *s = &d->screen;
    const size_t bytes =
        (size_t)s->width_px * frame_format_find((uint32_t)s->format)->bytes_per_pixel;
    uint32_t y = 0;
    for (; y < s->height_px; y++) {
        shim_screen_row(s, s->format, 0, y, s->width_px, row);
        if (memcmp(row, d->copy + y * bytes, bytes) != 0)
            break;
    }
    return y;
}

static bool has_layout(const struct desk *d)
{
    return d->copy && d->layout.width_px == d->screen.width_px &&
           d->layout.height_px == d->screen.height_px && d->layout.format == d->screen.format;
}

bool desk_is_equal(const struct desk *d)
{
    return has_layout(d) && equal_rows(d) == d->screen.height_px;
}

void desk_compare(const struct desk *d)
{
    CHECK_MSG(has_layout(d), "%ux%u, format %d", d->layout.width_px, d->layout.height_px,
              d->layout.format);
    CHECK_MSG(desk_is_equal(d), "event %u: row %u differs", d->event, equal_rows(d));
}

void desk_restart(struct desk *d)
{
    const uint64_t deadline_ms = clock_ms() + 1000;
    d->capture->ops->stop(d->capture);
    enum capture_result r;
    do
        r = d->capture->ops->start(d->capture);
    while ((r == CAPTURE_REBUILD || r == CAPTURE_DEVICE_REMOVED) && clock_ms() < deadline_ms);
    CHECK_INT(r, CAPTURE_OK);
}
