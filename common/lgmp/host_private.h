/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/host_private.h - what host.c and host_inbox.c share. */
#ifndef ESPELHO_LGMP_HOST_PRIVATE_H
#define ESPELHO_LGMP_HOST_PRIVATE_H

#include <pthread.h>
#include <stdint.h>

#include "lgmp/host.h"
#include "lgmp/layout.h"

/* Everything a decision rests on is kept here: the region is written by us and only compared (6.1).
 */
struct lgmp_host_queue {
    /* Constant after add_queue. */
    struct lgmp_wire_queue *wire;
    struct lgmp_wire_slot *slots;
    struct lgmp_queue_config config;
    uint32_t slot_count;
    uint32_t slots_offset;
    uint32_t lock_wait_us;

    /* Our own threads exclude each other by `ring_mutex`, not by the word in the region: that one
     * can be seized. */
    pthread_mutex_t ring_mutex;
    uint32_t post_index; /* under ring_mutex, and the queue_lock of the region, as is head_index */
    uint32_t head_index; /* the head as we last left or believed it; a peer can only have moved it
                            towards post_index */

    /* The inbox-reading thread only. */
    uint32_t inbox_read_index;
    uint32_t inbox_read_serial; /* messages read so far */
    uint32_t inbox_ack_serial;  /* messages acknowledged so far */
};

struct lgmp_host {
    struct lgmp_wire_header *wire; /* borrowed */
    uint32_t session_id;
    uint32_t lock_wait_us;
    uint32_t next_bytes; /* bump allocator, 2.2 */
    uint32_t avail_bytes;
    uint32_t queue_count;
    struct lgmp_host_queue queues[LGMP_MAX_QUEUES];
    uint32_t udata_bytes;
    uint8_t *udata; /* owned */
};

/* Takes a lock of the region; after `wait_us` from whoever has it (T3). */
void lgmp_host_seize(_Atomic uint32_t *lock, uint32_t wait_us);

#endif
