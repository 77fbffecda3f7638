/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/guest_mail.h - what render and input thread say to each other: the messages of
 * guest_link.c's two mailboxes. Bodies are the structs below, or text with its NUL. */
#ifndef ESPELHO_VIEWER_GUEST_MAIL_H
#define ESPELHO_VIEWER_GUEST_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "display/geometry.h"

/* To the input thread. */
enum guest_order {
    GUEST_ORDER_NONE,
    GUEST_ORDER_GEOMETRY,        /* struct guest_geometry */
    GUEST_ORDER_POSITION_SPACE,  /* struct guest_point: a size */
    GUEST_ORDER_CURSOR,          /* struct guest_cursor, then its pixels */
    GUEST_ORDER_CURSOR_POSITION, /* struct guest_point */
    GUEST_ORDER_BLOCKED,         /* text; empty: not blocked */
    GUEST_ORDER_CAN_PLACE,       /* bool */
    GUEST_ORDER_PASSWORD,        /* text */
    GUEST_ORDER_MIC,             /* bool */
    GUEST_ORDER_WINDOW_SIZE,     /* struct guest_point */
};

/* To the render thread. */
enum guest_news {
    GUEST_NEWS_NONE,
    GUEST_NEWS_STATUS,        /* struct spice_session_status */
    GUEST_NEWS_INFO,          /* struct spice_session_info */
    GUEST_NEWS_LOST,          /* nothing */
    GUEST_NEWS_ACTION,        /* enum input_action */
    GUEST_NEWS_HELP,          /* text; empty: hide */
    GUEST_NEWS_NOTICE,        /* text */
    GUEST_NEWS_PROGRESS,      /* text; empty: over */
    GUEST_NEWS_CAPTURE,       /* bool */
    GUEST_NEWS_CURSOR_DRAWN,  /* bool */
    GUEST_NEWS_PLACE_POINTER, /* struct guest_point */
    GUEST_NEWS_ABSOLUTE,      /* bool */
    GUEST_NEWS_MIC_REQUEST,   /* nothing */
    GUEST_NEWS_MIC_ACTIVE,    /* bool */
};

struct guest_geometry {
    struct geometry geometry;
    uint32_t scale_120;
    enum frame_rotation user_rotation;
};

struct guest_point {
    int32_t x, y;
};

struct guest_cursor {
    bool visible, inverts, has_pixels;
    uint32_t width_px, height_px;
    int32_t hot_x_px, hot_y_px;
    uint32_t argb[]; /* width * height if has_pixels */
};

#endif
