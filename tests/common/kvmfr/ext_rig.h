/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/common/kvmfr/ext_rig.h - a host with the extension over one piece of memory, viewers that
 * speak the message layer and the board by hand (so that they can also do it wrong), and a
 * simulated clock. */
#ifndef ESPELHO_TESTS_EXT_RIG_H
#define ESPELHO_TESTS_EXT_RIG_H

#include "bell_hub.h"
#include "kvmfr/extension.h"
#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "lgmp/client.h"
#include "lgmp/layout.h"
#include "test.h"

enum { EXT_REGION_BYTES = 1 << 20, EXT_WIDTH_PX = 64, EXT_HEIGHT_PX = 48, EXT_HOST_PEER = 0 };

struct ext_rig {
    uint8_t *block; /* owned; `mem` is in it, at a page */
    uint8_t *mem;
    struct bell_hub hub;
    struct kvmfr_host *host;
    struct kvmfr_wire_board *board;
    uint64_t now_ms;
    uint32_t frame_flags; /* of what ext_publish() publishes */
    uint32_t next_random;
    bool bells;
};

struct ext_viewer {
    struct ext_rig *rig;
    uint16_t peer;
    struct lgmp_client *client;
    struct lgmp_subscription *frames, *pointers;
    uint16_t line;
    uint32_t client_id;
};

void ext_setup(struct ext_rig *r, bool bells);
void ext_teardown(struct ext_rig *r);
void ext_pass(struct ext_rig *r, uint32_t ms); /* ticks each 10 ms */

/* Subscribed to both queues; says nothing yet. */
void ext_join(struct ext_rig *r, struct ext_viewer *v, uint16_t peer);
void ext_leave(struct ext_viewer *v);
struct kvmfr_wire_hello ext_hello_of(const struct ext_viewer *v, uint16_t buffers);
/* Sends bytes, and lets the host read them. */
void ext_send(struct ext_viewer *v, const void *data, uint32_t len_bytes);
void ext_hello(struct ext_viewer *v, uint16_t buffers);
struct kvmfr_wire_board_line *ext_line(const struct ext_viewer *v);

/* A frame that is `serial & 0xFF` all over. */
struct kvmfr_frame_writer ext_publish(struct ext_rig *r);
int ext_try_publish(struct ext_rig *r, uint32_t width_px, uint32_t height_px,
                    struct kvmfr_frame_writer *out);
/* The header's serial in the payload at `offset`, whose pixels must be that serial's. */
uint32_t ext_check_payload(const struct ext_rig *r, uint32_t offset_bytes);
/* The number (1..4) in the mailbox, 0: none; its payload is checked. */
uint32_t ext_newest(const struct ext_rig *r);
/* Finishes all messages; the payload offset of the last one, 0: there was none. */
uint32_t ext_drain(struct ext_viewer *v);

#endif
