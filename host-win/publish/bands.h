/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/publish/bands.h - from a picture into a frame buffer of the region, from the top, so
 * that a viewer can follow the write pointer. Copy thread. */
#ifndef ESPELHO_PUBLISH_BANDS_H
#define ESPELHO_PUBLISH_BANDS_H

#include <stdint.h>

#include "capture/capture.h"
#include "kvmfr/host.h"

/* Copies what `lacks` covers, in bands of about 1 MiB of the buffer, all rectangles side by side;
 * raises the write pointer after each band. Rows that do not fit into the buffer are left out. The
 * caller ends the frame. Returns the bytes copied. */
uint64_t bands_copy(struct kvmfr_host *host, const struct kvmfr_frame_writer *writer,
                    const struct capture_picture *picture, const struct damage *lacks);

#endif
