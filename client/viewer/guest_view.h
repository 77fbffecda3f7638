/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/guest_view.h - what the window does because of the guest: its size, title,
 * wakefulness, and words in the log. Threads: render thread. */
#ifndef ESPELHO_VIEWER_GUEST_VIEW_H
#define ESPELHO_VIEWER_GUEST_VIEW_H

#include <stdbool.h>

#include "config/client_options.h"
#include "display/display.h"
#include "display/geometry.h"
#include "source/source.h"

struct guest_view {
    struct display *display;              /* borrowed */
    const struct client_options *options; /* borrowed */
    struct geometry_config geometry;
    struct frame_view last; /* of the newest frame; its pointers are not used */
    bool has_last;
    bool announced; /* the line in the log about this connection was written */
    struct kvmfr_session session;
    bool connected;
    bool captured;
};

void guest_view_init(struct guest_view *g, struct display *display,
                     const struct client_options *options, const struct geometry_config *geometry);
void guest_view_on_status(struct guest_view *g, const struct source_status *status);
void guest_view_on_frame(struct guest_view *g, const struct frame_view *frame);

/* The mouse was captured or let go: the title says how to get it back. */
void guest_view_set_captured(struct guest_view *g, bool captured);

#endif
