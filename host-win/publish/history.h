/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/publish/history.h - what each frame buffer of the region lacks. Embedded, no heap; copy
 * thread. */
#ifndef ESPELHO_PUBLISH_HISTORY_H
#define ESPELHO_PUBLISH_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/damage.h"
#include "kvmfr/host.h"

enum { HISTORY_BUFFERS = KVMFR_HOST_BUFFERS };

struct history {
    struct {
        bool known;          /* it was written */
        uint32_t serial;     /* of the frame in it */
        struct damage lacks; /* what changed since that frame */
    } buffers[HISTORY_BUFFERS];
};

/* A frame was begun whose picture differs by `due` from the last published one. Books it as
 * written; *lacks is what its buffer needs, `due` included. Full where the buffer cannot be built
 * upon. */
void history_begin(struct history *h, const struct kvmfr_frame_writer *writer,
                   const struct damage *due, struct damage *lacks);

#endif
