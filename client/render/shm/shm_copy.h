/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/shm/shm_copy.h - copies damaged rows of a frame out of the region while its host is
 * still writing it. Threads: render thread. Waits at most SHM_COPY_STALL_NS for each next row. */
#ifndef ESPELHO_RENDER_SHM_SHM_COPY_H
#define ESPELHO_RENDER_SHM_SHM_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "frame/convert.h"
#include "kvmfr/damage.h"
#include "kvmfr/frame.h"

/* A host that does not raise its write pointer for so long is dead or hangs; a slow copy of 64 MiB
 * takes 20 ms. */
#define SHM_COPY_STALL_NS (100 * NS_PER_MS)

struct shm_copy_target {
    uint8_t
        *origin; /* the first pixel of the picture; rows and columns of the image exist behind it */
    uint32_t stride_bytes;
    enum pixel_out format;
};

struct shm_copy_result {
    bool complete;  /* false: the host stalled; some of the rows were written */
    bool waited;    /* the copy had caught up with the writer at least once */
    uint64_t bytes; /* read from the region */
};

struct shm_copy_result shm_copy_frame(const struct frame_view *frame, const struct damage *damage,
                                      const struct shm_copy_target *target);

#endif
