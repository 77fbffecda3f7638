/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/pointer_flow.h"

#include "base/err.h"
#include "base/log.h"

void pointer_flow_init(struct pointer_flow *p, uint32_t user_turns,
                       const struct pointer_flow_listener *listener)
{
    *p = (struct pointer_flow){ .user_turns = user_turns & 3 };
    if (listener)
        p->listener = *listener;
}

void pointer_flow_fini(struct pointer_flow *p)
{
    cursor_image_fini(&p->image);
}

/* The top-left corner of the shape after the picture was turned clockwise; the shape is turned,
 * too. */
static void turned_position(const struct pointer_flow *p, int32_t *x_px, int32_t *y_px)
{
    const int64_t width = p->desktop_width_px, height = p->desktop_height_px;
    const int64_t right = (int64_t)p->x_px + p->image.width_px,
                  bottom = (int64_t)p->y_px + p->image.height_px;
    *x_px = p->x_px;
    *y_px = p->y_px;
    if (p->user_turns == 1) {
        *x_px = (int32_t)(height - bottom);
        *y_px = p->x_px;
    } else if (p->user_turns == 2) {
        *x_px = (int32_t)(width - right);
        *y_px = (int32_t)(height - bottom);
    } else if (p->user_turns == 3) {
        *x_px = p->y_px;
        *y_px = (int32_t)(width - right);
    }
}

static bool seen(const struct pointer_flow *p)
{
    return p->visible && !p->covered;
}

static void send(struct pointer_flow *p, struct renderer *renderer, bool new_shape)
{
    int32_t x_px, y_px;
    struct cursor_image turned = { 0 };
    turned_position(p, &x_px, &y_px);
    if (new_shape && p->user_turns) {
        const int err = cursor_image_rotate(&p->image, p->user_turns, &turned);
        if (err < 0)
            log_every(1000, LOG_LEVEL_ERROR, "cannot turn the pointer: %s", err_str(err));
    }
    const struct cursor_image *image = new_shape ? (turned.argb ? &turned : &p->image) : NULL;
    renderer->ops->set_cursor(renderer, image, x_px, y_px, seen(p) && !p->hidden);
    cursor_image_fini(&turned);
}

static void tell_shape(const struct pointer_flow *p)
{
    if (p->listener.on_shape)
        p->listener.on_shape(p->listener.ctx, p->image.argb ? &p->image : NULL, p->hot_x_px,
                             p->hot_y_px, seen(p));
}

static void tell_position(const struct pointer_flow *p)
{
    if (p->listener.on_position)
        p->listener.on_position(p->listener.ctx, p->x_px + p->hot_x_px, p->y_px + p->hot_y_px);
}

/* True if there is a new shape. */
static bool take_shape(struct pointer_flow *p, struct cursor_update *update)
{
    struct cursor_image image;
    if (!update->has_shape)
        return false;
    const int err = cursor_image_from_shape(&update->shape, &image);
    const int32_t hot_x_px = (int32_t)update->shape.hot_x_px,
                  hot_y_px = (int32_t)update->shape.hot_y_px;
    cursor_shape_fini(&update->shape);
    if (err < 0) {
        log_every(1000, LOG_LEVEL_ERROR, "a pointer shape cannot be shown: %s", err_str(err));
        return false;
    }
    cursor_image_fini(&p->image);
    p->image = image;
    p->hot_x_px = hot_x_px;
    p->hot_y_px = hot_y_px;
    return true;
}

bool pointer_flow_pump(struct pointer_flow *p, struct source *source, struct renderer *renderer)
{
    struct cursor_update update;
    bool changed = false, new_shape = false, moved = false;
    const bool was_visible = p->visible;
    while (source->ops->take_cursor(source, &update)) {
        changed = true;
        p->gone = false;
        p->visible = update.visible;
        if (update.has_position) {
            p->x_px = update.x_px;
            p->y_px = update.y_px;
            moved = true;
        }
        new_shape |= take_shape(p, &update);
    }
    if (new_shape || p->visible != was_visible)
        tell_shape(p);
    if (moved || new_shape)
        tell_position(p);
    if (changed)
        send(p, renderer, new_shape);
    return changed;
}

void pointer_flow_set_desktop(struct pointer_flow *p, const struct frame_view *frame,
                              struct renderer *renderer)
{
    const bool sideways = frame->rotation == FRAME_ROTATE_90 || frame->rotation == FRAME_ROTATE_270;
    const uint32_t width_px = sideways ? frame->height_px : frame->width_px;
    const uint32_t height_px = sideways ? frame->width_px : frame->height_px;
    if (width_px == p->desktop_width_px && height_px == p->desktop_height_px)
        return;
    p->desktop_width_px = width_px;
    p->desktop_height_px = height_px;
    if (p->user_turns)
        send(p, renderer, false);
}

void pointer_flow_lost(struct pointer_flow *p)
{
    p->gone = true;
}

void pointer_flow_cover(struct pointer_flow *p, bool covered, struct renderer *renderer)
{
    if (covered && p->gone)
        p->visible = false;
    if (p->covered == covered)
        return;
    p->covered = covered;
    tell_shape(p);
    send(p, renderer, false);
}

void pointer_flow_set_turns(struct pointer_flow *p, uint32_t user_turns, struct renderer *renderer)
{
    p->user_turns = user_turns & 3;
    send(p, renderer, p->image.argb != NULL);
}

void pointer_flow_set_drawn(struct pointer_flow *p, bool drawn, struct renderer *renderer)
{
    p->hidden = !drawn;
    send(p, renderer, false);
}
