/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follower/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int judge_init(struct judge *j, const struct shim_script *script, uint32_t output)
{
    *j = (struct judge){ .script = script, .scale = 1 };
    return script ? shim_screen_init(&j->screen, script, output) : 0;
}

void judge_fini(struct judge *j)
{
    shim_screen_fini(&j->screen);
    free(j->before);
}

void judge_forget(struct judge *j)
{
    free(j->before);
    j->before = NULL;
}

/* Bytes of a pixel that are colour. */
static uint32_t colour_bytes(const struct frame_format_info *fmt)
{
    return fmt->bytes_per_pixel == 8 ? 6 : 3;
}

static bool near(int a, int b, uint32_t tolerance)
{
    return (uint32_t)abs(a - b) <= tolerance;
}

static bool same_pixel(const struct frame_format_info *fmt, const uint8_t *a, const uint8_t *b,
                       uint32_t tolerance)
{
    if (fmt->format == FRAME_FORMAT_RGBA10) {
        uint32_t x, y;
        memcpy(&x, a, 4);
        memcpy(&y, b, 4);
        return ((x ^ y) & 0x3FFFFFFF) == 0;
    }
    for (uint32_t i = 0; i < colour_bytes(fmt); i++)
        if (!near(a[i], b[i], tolerance))
            return false;
    return true;
}

/* --- against the script */

/* The pixels of one row of the frame as they must be. */
static void expected_row(const struct judge *j, const struct shim_screen *s,
                         const struct frame_view *f, uint32_t y, uint8_t *out)
{
    if (j->scale == 1) {
        shim_screen_row(s, f->fmt->format, 0, y, f->width_px, out);
        return;
    }
    for (uint32_t x = 0; x < f->width_px; x++)
        shim_screen_row(s, f->fmt->format, x * j->scale, y * j->scale, 1,
                        out + (size_t)x * f->fmt->bytes_per_pixel);
}

static bool same_layout(const struct judge *j, const struct shim_screen *s,
                        const struct frame_view *f)
{
    return s->width_px / j->scale == f->width_px && s->height_px / j->scale == f->height_px &&
           s->quarter_turns == (int)f->rotation;
}

static bool shows(const struct judge *j, const struct shim_screen *s, const struct frame_view *f,
                  uint8_t *row, uint32_t *x_px, uint32_t *y_px)
{
    *x_px = *y_px = 0;
    if (!same_layout(j, s, f))
        return false;
    for (uint32_t y = 0; y < f->rows_px; y++) {
        const uint8_t *pixels = f->pixels + (size_t)y * f->pitch_bytes;
        expected_row(j, s, f, y, row);
        for (uint32_t x = 0; x < f->width_px; x++) {
            const size_t at = (size_t)x * f->fmt->bytes_per_pixel;
            if (!same_pixel(f->fmt, row + at, pixels + at, j->tolerance)) {
                *x_px = x;
                *y_px = y;
                return false;
            }
        }
    }
    return true;
}

static int copy_screen(const struct shim_screen *from, struct shim_screen *to)
{
    const size_t bytes = (size_t)from->width_px * from->height_px * sizeof(*from->pixels);
    *to = *from;
    to->pixels = malloc(bytes);
    if (!to->pixels)
        return -ENOMEM;
    memcpy(to->pixels, from->pixels, bytes);
    return 0;
}

/* Plays the script on until a picture fits. */
static int search(struct judge *j, const struct frame_view *f, uint8_t *row, struct verdict *out)
{
    struct shim_screen trial;
    struct shim_news *news = malloc(sizeof(*news));
    int err = news ? copy_screen(&j->screen, &trial) : -ENOMEM;
    uint32_t x, y, event = j->event;
    while (err == 0 && !out->known && ++event < j->script->event_count) {
        err = shim_screen_apply(&trial, j->script, event, news);
        out->known = err == 0 && shows(j, &trial, f, row, &x, &y);
    }
    free(news);
    if (out->known) {
        shim_screen_fini(&j->screen);
        j->screen = trial;
        j->event = event;
    } else if (err == 0) {
        shim_screen_fini(&trial);
    }
    return err;
}

static int recognise(struct judge *j, const struct frame_view *f, struct verdict *out)
{
    uint8_t *row = malloc((size_t)f->width_px * f->fmt->bytes_per_pixel);
    if (!row)
        return -ENOMEM;
    out->known = shows(j, &j->screen, f, row, &out->wrong_x, &out->wrong_y);
    const int err = out->known ? 0 : search(j, f, row, out);
    out->event = j->event;
    free(row);
    return err;
}

/* --- against the frame before */

static bool damaged(const struct frame_view *f, uint32_t x, uint32_t y)
{
    for (uint32_t i = 0; i < f->damage_count; i++) {
        const struct frame_rect *r = &f->damage[i];
        if (x >= r->x_px && x - r->x_px < r->width_px && y >= r->y_px && y - r->y_px < r->height_px)
            return true;
    }
    return f->damage_count == 0;
}

static void compare_with_before(const struct judge *j, const struct frame_view *f,
                                struct verdict *out)
{
    if (!j->before || !frame_view_same_layout(&j->before_view, f) ||
        j->before_view.rows_px != f->rows_px)
        return;
    for (uint32_t y = 0; y < f->rows_px; y++) {
        const uint8_t *now = f->pixels + (size_t)y * f->pitch_bytes,
                      *then = j->before + (size_t)y * f->pitch_bytes;
        if (memcmp(now, then, f->row_bytes) == 0)
            continue;
        for (uint32_t x = 0; x < f->width_px; x++) {
            const size_t at = (size_t)x * f->fmt->bytes_per_pixel;
            if (!same_pixel(f->fmt, now + at, then + at, 0) && !damaged(f, x, y)) {
                out->honest = false;
                out->x_px = x;
                out->y_px = y;
                return;
            }
        }
    }
}

static int remember(struct judge *j, const struct frame_view *f)
{
    if (!j->before || j->before_bytes != f->pixels_bytes) {
        judge_forget(j);
        j->before = malloc(f->pixels_bytes);
        if (!j->before)
            return -ENOMEM;
        j->before_bytes = f->pixels_bytes;
    }
    memcpy(j->before, f->pixels, f->pixels_bytes);
    j->before_view = *f;
    return 0;
}

int judge_frame(struct judge *j, const struct frame_view *f, struct verdict *out)
{
    *out = (struct verdict){ .honest = true };
    for (uint32_t i = 0; i < f->damage_count; i++)
        out->damaged_px += (uint64_t)f->damage[i].width_px * f->damage[i].height_px;
    if (f->damage_count == 0)
        out->damaged_px = (uint64_t)f->width_px * f->height_px;
    compare_with_before(j, f, out);
    const int err = j->script ? recognise(j, f, out) : 0;
    return err < 0 ? err : remember(j, f);
}

/* --- pointers */

static bool is_shape(const struct shim_pointer *p, const struct cursor_shape *shape, uint8_t *bytes)
{
    const uint32_t pitch = shim_pointer_pitch_bytes(p);
    if (p->shape != shape->type || p->width_px != shape->width_px ||
        p->height_px != shape->height_px || p->hot_x_px != shape->hot_x_px ||
        p->hot_y_px != shape->hot_y_px || shape->pitch_bytes < pitch)
        return false;
    shim_pointer_bytes(p, bytes);
    for (uint32_t y = 0; y < shim_pointer_rows(p); y++)
        if (memcmp(bytes + (size_t)y * pitch, shape->data + (size_t)y * shape->pitch_bytes,
                   pitch) != 0)
            return false;
    return true;
}

bool judge_shape(const struct judge *j, const struct cursor_shape *shape, uint32_t *event)
{
    bool found = false;
    uint8_t *bytes = malloc((size_t)SHIM_MAX_SHAPE_PX * SHIM_MAX_SHAPE_PX * 4);
    for (uint32_t e = 0; bytes && j->script && !found && e < j->script->event_count; e++) {
        const struct shim_command *c = shim_script_find(j->script, e, SHIM_OP_SHAPE);
        struct shim_pointer p;
        if (c) {
            shim_pointer_shape(&p, c, e);
            found = is_shape(&p, shape, bytes);
            *event = e;
        }
    }
    free(bytes);
    return found;
}
