/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where the board lies, and what the session's records say of it: docs/extensions.md section 1. It
 * is the first allocation: its place follows from the size of the user data, which names it. */
#include <string.h>

#include "base/checked.h"
#include "kvmfr/host_private.h"
#include "lgmp/fence.h"
#include "lgmp/layout.h"
#include "shm/doorbell.h"

static uint64_t offset_after(uint32_t udata_bytes)
{
    return round_up_u64((uint64_t)LGMP_HEADER_BYTES + udata_bytes, KVMFR_BOARD_ALIGN);
}

void kvmfr_host_board_announce(const struct kvmfr_host *host, struct kvmfr_session *session)
{
    const struct shm_doorbell *d = host->doorbell;
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    if (!host->config.extension) /* a record that the caller wrote stays as it is */
        return;
    session->has_extension = true;
    session->extension = (struct kvmfr_extension){
        .capabilities = KVMFR_EXT_TIMING | KVMFR_EXT_BUFFERS | (d ? KVMFR_EXT_DOORBELL : 0),
        .peer_id = d ? d->own_id : KVMFR_NO_PEER,
        .timing_offset = KVMFR_TIMING_OFFSET,
        .board_bytes = sizeof(struct kvmfr_wire_board),
    };
    const uint32_t udata_bytes = kvmfr_session_write(session, udata, sizeof(udata));
    session->extension.board_offset = (uint32_t)offset_after(udata_bytes);
}

/* Before the session is published, in the plain order of stores: nobody looks yet. */
bool kvmfr_host_board_clear(struct kvmfr_host *host)
{
    const struct kvmfr_session *s = &host->config.session;
    if (!host->config.extension)
        return true;
    if (!range_inside(s->extension.board_offset, sizeof(*host->board), host->len_bytes))
        return false;
    host->board =
        (struct kvmfr_wire_board *)(void *)((uint8_t *)host->mem + s->extension.board_offset);
    /* Words, not memset(): a viewer of the session before may still look at its own. */
    _Atomic uint32_t *words = (_Atomic uint32_t *)(void *)host->board;
    for (size_t i = 0; i < sizeof(*host->board) / sizeof(*words); i++)
        atomic_store_explicit(&words[i], 0, memory_order_relaxed);
    fence_writes();
    return true;
}

enum lgmp_result kvmfr_host_board_alloc(const struct kvmfr_host *host, struct lgmp_host *lgmp)
{
    struct lgmp_payload p;
    if (!host->board)
        return LGMP_OK;
    const enum lgmp_result r = lgmp_host_alloc(lgmp, sizeof(*host->board), KVMFR_BOARD_ALIGN, &p);
    assert(r != LGMP_OK || p.mem == host->board);
    return r;
}
