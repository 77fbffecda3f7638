/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/pointer_flow.h - takes the guest's pointer from the source to the renderer, turned
 * as the user turned the picture, and to who else wants to know. While the desktop's own pointer
 * has the guest's shape, the renderer draws none. Threads: render thread. */
#ifndef ESPELHO_VIEWER_POINTER_FLOW_H
#define ESPELHO_VIEWER_POINTER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "frame/cursor_image.h"
#include "render/render.h"
#include "source/source.h"

struct pointer_flow_listener { /* every entry is optional */
    /* Shape, hot spot or visibility changed. `image`: as the guest sent it; NULL: none known. */
    void (*on_shape)(void *ctx, const struct cursor_image *image, int32_t hot_x_px,
                     int32_t hot_y_px, bool visible);
    void (*on_position)(void *ctx, int32_t hot_x_px, int32_t hot_y_px); /* of the hot spot */
    void *ctx;
};

struct pointer_flow {
    struct pointer_flow_listener listener;
    struct cursor_image image; /* as the guest sent it */
    int32_t hot_x_px, hot_y_px;
    int32_t x_px, y_px;
    bool visible;                                 /* as the guest says */
    bool gone;                                    /* known from a session that is over */
    bool covered;                                 /* by a picture of our own */
    bool hidden;                                  /* the renderer is not to draw it */
    uint32_t user_turns;                          /* quarter turns that the user asked for */
    uint32_t desktop_width_px, desktop_height_px; /* the guest's rotated desktop, 0 unknown */
};

/* `listener` may be NULL. */
void pointer_flow_init(struct pointer_flow *p, uint32_t user_turns,
                       const struct pointer_flow_listener *listener);
void pointer_flow_fini(struct pointer_flow *p);
/* Drains the source. True if the renderer was given something new. */
bool pointer_flow_pump(struct pointer_flow *p, struct source *source, struct renderer *renderer);
/* The layout of frames: positions are turned within it. */
void pointer_flow_set_desktop(struct pointer_flow *p, const struct frame_view *frame,
                              struct renderer *renderer);
/* The user turned the picture. */
void pointer_flow_set_turns(struct pointer_flow *p, uint32_t user_turns, struct renderer *renderer);
/* Has the renderer to draw it? True at first. */
void pointer_flow_set_drawn(struct pointer_flow *p, bool drawn, struct renderer *renderer);
/* The guest's session is over. Its pointer stays with its last picture, but is not drawn over
 * another: a new session tells its own. */
void pointer_flow_lost(struct pointer_flow *p);
/* Our own picture is shown instead of the guest's: no pointer is drawn until that is over. What
 * comes meanwhile is remembered, as a host may tell its pointer before its first picture, once. */
void pointer_flow_cover(struct pointer_flow *p, bool covered, struct renderer *renderer);

#endif
