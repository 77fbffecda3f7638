/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "publish/history.h"

#include <assert.h>

void history_begin(struct history *h, const struct kvmfr_frame_writer *writer,
                   const struct damage *due, struct damage *lacks)
{
    const uint32_t b = writer->buffer;
    assert(b < HISTORY_BUFFERS);
    for (uint32_t i = 0; i < HISTORY_BUFFERS; i++)
        damage_add(&h->buffers[i].lacks, due);
    *lacks = h->buffers[b].lacks;
    if (writer->age == 0 || !h->buffers[b].known ||
        h->buffers[b].serial != writer->serial - writer->age)
        damage_set_full(lacks);
    damage_clear(&h->buffers[b].lacks);
    h->buffers[b].serial = writer->serial;
    h->buffers[b].known = true;
}
