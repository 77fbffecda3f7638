/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bell/foreign_host.h"

#include <stdlib.h>
#include <string.h>

#include "kvmfr/frame.h"
#include "kvmfr/layout.h"

enum {
    PITCH = 4 * FOREIGN_WIDTH,
    GAP = 4096,
    FRAME_BYTES = GAP + PITCH * FOREIGN_HEIGHT,
};

static void must(enum lgmp_result r)
{
    if (r != LGMP_OK)
        abort();
}

void foreign_host_start(struct foreign_host *h, void *mem, uint32_t len_bytes,
                        const struct kvmfr_extension *extension, uint64_t now_ms)
{
    struct kvmfr_session session = { .host_version = "foreign", .capture = "none" };
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    if (extension) {
        session.has_extension = true;
        session.extension = *extension;
    }
    const struct lgmp_host_config config = {
        .udata = udata,
        .udata_bytes = kvmfr_session_write(&session, udata, sizeof(udata)),
        .now_ms = now_ms,
    };
    const struct lgmp_queue_config frames = { KVMFR_QUEUE_FRAME, KVMFR_FRAME_SLOTS,
                                              KVMFR_SUB_TIMEOUT_MS };
    const struct lgmp_queue_config pointer = { KVMFR_QUEUE_POINTER, KVMFR_POINTER_SLOTS,
                                               KVMFR_SUB_TIMEOUT_MS };
    *h = (struct foreign_host){ 0 };
    must(lgmp_host_create(mem, len_bytes, &config, &h->lgmp));
    must(lgmp_host_add_queue(h->lgmp, &frames, &h->frame_queue));
    must(lgmp_host_add_queue(h->lgmp, &pointer, &h->pointer_queue));
    for (int i = 0; i < FOREIGN_BUFFERS; i++)
        must(lgmp_host_alloc(h->lgmp, FRAME_BYTES, 4096, &h->frame[i]));
    must(lgmp_host_alloc(h->lgmp, sizeof(struct kvmfr_wire_pointer), 4, &h->pointer));
}

void foreign_host_stop(struct foreign_host *h)
{
    lgmp_host_destroy(h->lgmp);
    h->lgmp = NULL;
}

void foreign_host_tick(struct foreign_host *h, uint64_t now_ms)
{
    uint8_t data[64];
    uint32_t len_bytes;
    must(lgmp_host_process(h->lgmp, now_ms));
    while (lgmp_host_read_inbox(h->pointer_queue, data, &len_bytes) != LGMP_EMPTY)
        lgmp_host_ack_inbox(h->pointer_queue);
}

enum lgmp_result foreign_host_frame(struct foreign_host *h, uint8_t fill, uint64_t now_ms)
{
    const struct lgmp_payload *p = &h->frame[h->serial % FOREIGN_BUFFERS];
    const uint32_t raised = PITCH * FOREIGN_HEIGHT;
    const struct kvmfr_wire_frame w = {
        .format_version = 1,
        .frame_serial = h->serial,
        .frame_type = FRAME_FORMAT_BGRA,
        .screen_width = FOREIGN_WIDTH,
        .screen_height = FOREIGN_HEIGHT,
        .data_width = FOREIGN_WIDTH,
        .data_height = FOREIGN_HEIGHT,
        .frame_width = FOREIGN_WIDTH,
        .frame_height = FOREIGN_HEIGHT,
        .stride = FOREIGN_WIDTH,
        .pitch = PITCH,
        .fb_offset = GAP - 4,
    };
    memcpy(p->mem, &w, sizeof(w));
    memset((uint8_t *)p->mem + GAP, fill, raised);
    memcpy((uint8_t *)p->mem + GAP - 4, &raised, sizeof(raised));
    const enum lgmp_result r = lgmp_host_post(h->frame_queue, 0, p, now_ms);
    h->serial += r == LGMP_OK;
    return r;
}

enum lgmp_result foreign_host_pointer(struct foreign_host *h, uint64_t now_ms)
{
    const struct kvmfr_wire_pointer w = { .x = 1, .y = 2 };
    memcpy(h->pointer.mem, &w, sizeof(w));
    return lgmp_host_post(h->pointer_queue, KVMFR_POINTER_POSITION | KVMFR_POINTER_VISIBLE,
                          &h->pointer, now_ms);
}
