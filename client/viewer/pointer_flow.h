/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/pointer_flow.h - takes the guest's pointer from the source to the renderer, turned
 * as the user turned the picture. Threads: render thread. */
#ifndef ESPELHO_VIEWER_POINTER_FLOW_H
#define ESPELHO_VIEWER_POINTER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "frame/cursor_image.h"
#include "render/render.h"
#include "source/source.h"

struct pointer_flow {
    struct cursor_image image; /* as the guest sent it */
    int32_t x_px, y_px;
    bool visible;
    uint32_t user_turns; /* constant: quarter turns that the user asked for */
    uint32_t desktop_width_px, desktop_height_px; /* the guest's rotated desktop, 0 unknown */
};

void pointer_flow_init(struct pointer_flow *p, uint32_t user_turns);
void pointer_flow_fini(struct pointer_flow *p);
/* Drains the source. True if the renderer was given something new. */
bool pointer_flow_pump(struct pointer_flow *p, struct source *source, struct renderer *renderer);
/* The layout of frames: positions are turned within it. */
void pointer_flow_set_desktop(struct pointer_flow *p, const struct frame_view *frame,
                              struct renderer *renderer);
/* The guest is gone, and its pointer with it. */
void pointer_flow_hide(struct pointer_flow *p, struct renderer *renderer);

#endif
