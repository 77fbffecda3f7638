/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/layout.h - the region as both sides see it (docs/protocol/lgmp.md, tables L0 to L4).
 *
 * Every word is atomic: a peer may change any of them at any time, and an atomic load is read
 * exactly once. Only lgmp/ itself and decoders of memory images include this file. */
#ifndef ESPELHO_LGMP_LAYOUT_H
#define ESPELHO_LGMP_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LGMP_MAGIC                UINT32_C(0x504D474C) /* "LGMP" in memory */
#define LGMP_VERSION              6u
#define LGMP_MAX_QUEUES           5u
#define LGMP_MAX_SUBS             32u
#define LGMP_INBOX_SLOTS          10u
#define LGMP_INBOX_BYTES          64u
#define LGMP_HEARTBEAT_TIMEOUT_MS 1000u
#define LGMP_ALLOC_ALIGN          4u
#define LGMP_HEADER_BYTES         5760u /* in allocations; the user data begins before its end */
#define LGMP_UDATA_OFFSET         5756u

struct lgmp_wire_slot {
    _Atomic uint32_t udata;
    _Atomic uint32_t size; /* of the payload allocation */
    _Atomic uint32_t payload_offset;
    _Atomic uint32_t waiting_mask;
};

struct lgmp_wire_inbox_entry {
    _Atomic uint32_t size;
    _Atomic uint32_t
        data[LGMP_INBOX_BYTES / 4]; /* bytes; kept as words so that they are read once */
};

struct lgmp_wire_queue {
    _Atomic uint32_t queue_id;
    _Atomic uint32_t slot_count; /* capacity + 1 */
    _Atomic uint32_t new_subscribers;
    _Atomic uint32_t sub_timeout_ms;
    _Atomic uint32_t post_index;
    _Atomic uint32_t slots_offset;
    _Atomic uint64_t evict_deadline[LGMP_MAX_SUBS];
    _Atomic uint32_t client_id[LGMP_MAX_SUBS];
    _Atomic uint32_t queue_lock;
    uint32_t pad0;
    _Atomic uint64_t sub_mask; /* high half ON, low half BAD */
    _Atomic uint32_t head_index;
    uint32_t pad1;
    _Atomic uint64_t head_deadline;
    _Atomic uint32_t pending_count;
    _Atomic uint32_t inbox_lock;
    _Atomic uint32_t inbox_free;
    _Atomic uint32_t inbox_write_index;
    _Atomic uint32_t inbox_write_serial;
    _Atomic uint32_t inbox_ack_serial;
    struct lgmp_wire_inbox_entry inbox[LGMP_INBOX_SLOTS];
};

struct lgmp_wire_header {
    _Atomic uint32_t magic;
    _Atomic uint32_t version;
    _Atomic uint32_t session_id;
    uint32_t pad0;
    _Atomic uint64_t timestamp_ms;
    _Atomic uint32_t queue_count;
    uint32_t pad1;
    struct lgmp_wire_queue queues[LGMP_MAX_QUEUES];
    _Atomic uint32_t udata_size;
    uint8_t udata[4]; /* the first of them; the rest lies behind this structure */
};

static_assert(sizeof(_Atomic uint32_t) == 4, "wire ABI");
static_assert(_Alignof(_Atomic uint32_t) == 4, "wire ABI");
static_assert(sizeof(_Atomic uint64_t) == 8, "wire ABI");
static_assert(_Alignof(_Atomic uint64_t) == 8, "wire ABI");
static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
              "peers share memory, not our lock table");

#define LGMP_AT(type, field, offset)                                                               \
    static_assert(offsetof(struct lgmp_wire_##type, field) == (offset),                            \
                  "wire ABI: " #type "." #field)
LGMP_AT(slot, udata, 0);
LGMP_AT(slot, size, 4);
LGMP_AT(slot, payload_offset, 8);
LGMP_AT(slot, waiting_mask, 12);
static_assert(sizeof(struct lgmp_wire_slot) == 16, "wire ABI");
LGMP_AT(inbox_entry, size, 0);
LGMP_AT(inbox_entry, data, 4);
static_assert(sizeof(struct lgmp_wire_inbox_entry) == 68, "wire ABI");
LGMP_AT(queue, queue_id, 0);
LGMP_AT(queue, slot_count, 4);
LGMP_AT(queue, new_subscribers, 8);
LGMP_AT(queue, sub_timeout_ms, 12);
LGMP_AT(queue, post_index, 16);
LGMP_AT(queue, slots_offset, 20);
LGMP_AT(queue, evict_deadline, 24);
LGMP_AT(queue, client_id, 280);
LGMP_AT(queue, queue_lock, 408);
LGMP_AT(queue, pad0, 412);
LGMP_AT(queue, sub_mask, 416);
LGMP_AT(queue, head_index, 424);
LGMP_AT(queue, pad1, 428);
LGMP_AT(queue, head_deadline, 432);
LGMP_AT(queue, pending_count, 440);
LGMP_AT(queue, inbox_lock, 444);
LGMP_AT(queue, inbox_free, 448);
LGMP_AT(queue, inbox_write_index, 452);
LGMP_AT(queue, inbox_write_serial, 456);
LGMP_AT(queue, inbox_ack_serial, 460);
LGMP_AT(queue, inbox, 464);
static_assert(sizeof(struct lgmp_wire_queue) == 1144, "wire ABI");
LGMP_AT(header, magic, 0);
LGMP_AT(header, version, 4);
LGMP_AT(header, session_id, 8);
LGMP_AT(header, pad0, 12);
LGMP_AT(header, timestamp_ms, 16);
LGMP_AT(header, queue_count, 24);
LGMP_AT(header, pad1, 28);
LGMP_AT(header, queues, 32);
LGMP_AT(header, udata_size, 5752);
LGMP_AT(header, udata, LGMP_UDATA_OFFSET);
static_assert(sizeof(struct lgmp_wire_header) == LGMP_HEADER_BYTES, "wire ABI");
#undef LGMP_AT

/* Halves of sub_mask. */
static inline uint32_t lgmp_on(uint64_t sub_mask)
{
    return (uint32_t)(sub_mask >> 32);
}

static inline uint32_t lgmp_bad(uint64_t sub_mask)
{
    return (uint32_t)sub_mask;
}

static inline uint64_t lgmp_mask(uint32_t on, uint32_t bad)
{
    return (uint64_t)on << 32 | bad;
}

/* One load or store of a shared word, no order implied. */
static inline uint32_t lgmp_get(const _Atomic uint32_t *shared)
{
    return atomic_load_explicit(shared, memory_order_relaxed);
}

static inline void lgmp_set(_Atomic uint32_t *shared, uint32_t v)
{
    atomic_store_explicit(shared, v, memory_order_relaxed);
}

#endif
