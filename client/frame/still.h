/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/frame/still.h - a picture of our own: waiting screen, messages. XRGB8888, window-sized, in
 * device pixels. */
#ifndef ESPELHO_FRAME_STILL_H
#define ESPELHO_FRAME_STILL_H

#include <stdint.h>

struct still {
    uint32_t width_px, height_px, stride_bytes;
    uint32_t *pixels; /* owned by who drew it */
};

#endif
