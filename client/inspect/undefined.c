/* SPDX-License-Identifier: GPL-2.0-or-later
 * Trap T1 as a list: which bytes may hold anything at this moment. */
#include "inspect/inspect_private.h"

#include "kvmfr/layout.h"
#include "lgmp/layout.h"

#define HEADER_AT(field) offsetof(struct lgmp_wire_header, field)
#define QUEUE_AT(field)  offsetof(struct lgmp_wire_queue, field)

static void add_range(cJSON *list, uint64_t offset, uint64_t len_bytes, const char *what)
{
    if (len_bytes == 0)
        return;
    cJSON *o = cJSON_CreateObject();
    add_u64(o, "offset", offset);
    add_u64(o, "length", len_bytes);
    cJSON_AddStringToObject(o, "what", what);
    cJSON_AddItemToArray(list, o);
}

static uint64_t queue_at(uint32_t index)
{
    return HEADER_AT(queues) + index * sizeof(struct lgmp_wire_queue);
}

typedef bool in_use_fn(const struct decoder *d, const struct found_queue *q, uint32_t i);

/* Runs of elements that are not in use. */
static void add_runs(const struct decoder *d, cJSON *list, const struct found_queue *q,
                     in_use_fn *in_use, uint32_t count, uint64_t base, uint32_t element_bytes,
                     const char *what)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i <= count; i++) {
        if (i < count && !in_use(d, q, i))
            continue;
        add_range(list, base + (uint64_t)first * element_bytes,
                  (uint64_t)(i - first) * element_bytes, what);
        first = i + 1;
    }
}

static bool sub_in_use(const struct decoder *d, const struct found_queue *q, uint32_t i)
{
    const uint64_t mask = image_u64(d->image, queue_at(q->index) + QUEUE_AT(sub_mask));
    return (lgmp_on(mask) | lgmp_bad(mask)) >> i & 1;
}

static bool slot_in_use(const struct decoder *d, const struct found_queue *q, uint32_t i)
{
    (void)d;
    return (i + q->slot_count - q->head_index) % q->slot_count < q->pending_count;
}

static bool inbox_in_use(const struct decoder *d, const struct found_queue *q, uint32_t i)
{
    const uint64_t at = queue_at(q->index);
    const uint32_t space = image_u32(d->image, at + QUEUE_AT(inbox_free));
    const uint32_t write = image_u32(d->image, at + QUEUE_AT(inbox_write_index));
    if (space > LGMP_INBOX_SLOTS || write >= LGMP_INBOX_SLOTS)
        return true;
    return (write + LGMP_INBOX_SLOTS - 1 - i) % LGMP_INBOX_SLOTS < LGMP_INBOX_SLOTS - space;
}

static void add_frame_ranges(const struct decoder *d, cJSON *list, const struct found_message *m)
{
    if (m->size < sizeof(struct kvmfr_wire_frame) ||
        !image_has(d->image, m->payload_offset, m->size))
        return;
    const uint64_t at = m->payload_offset;
    const uint32_t damage =
        image_u32(d->image, at + offsetof(struct kvmfr_wire_frame, damage_count));
    const uint32_t fb_offset =
        image_u32(d->image, at + offsetof(struct kvmfr_wire_frame, fb_offset));
    if (damage <= 64)
        add_range(list,
                  at + offsetof(struct kvmfr_wire_frame, damage) +
                      damage * sizeof(struct kvmfr_wire_rect),
                  (64 - damage) * sizeof(struct kvmfr_wire_rect), "unused damage entries");
    if (fb_offset >= sizeof(struct kvmfr_wire_frame) && fb_offset <= m->size)
        add_range(list, at + sizeof(struct kvmfr_wire_frame),
                  fb_offset - sizeof(struct kvmfr_wire_frame),
                  "space between the frame header and the write pointer");
}

static void add_pointer_ranges(const struct decoder *d, cJSON *list, const struct found_message *m)
{
    if (m->size < sizeof(struct kvmfr_wire_pointer) ||
        !image_has(d->image, m->payload_offset, m->size))
        return;
    if (!(m->udata & KVMFR_POINTER_POSITION))
        add_range(list, m->payload_offset, 4, "cursor position, no position flag");
    if (!(m->udata & KVMFR_POINTER_SHAPE))
        add_range(list, m->payload_offset + 4, sizeof(struct kvmfr_wire_pointer) - 4,
                  "cursor shape fields, no shape flag");
    else
        add_range(list, m->payload_offset + offsetof(struct kvmfr_wire_pointer, pad), 2,
                  "cursor header padding");
}

static void add_message_ranges(const struct decoder *d, cJSON *list, const struct found_queue *q)
{
    for (uint32_t i = 0; i < q->pending_count && i < MAX_PENDING_SHOWN; i++) {
        const struct found_message m = message_at(d->image, q, i);
        if (q->queue_id == KVMFR_QUEUE_FRAME)
            add_frame_ranges(d, list, &m);
        else if (q->queue_id == KVMFR_QUEUE_POINTER)
            add_pointer_ranges(d, list, &m);
    }
}

static void add_queue_ranges(const struct decoder *d, cJSON *list, const struct found_queue *q)
{
    const uint64_t at = queue_at(q->index);
    add_runs(d, list, q, sub_in_use, LGMP_MAX_SUBS, at + QUEUE_AT(evict_deadline), 8,
             "evict_deadline of free subscriber slots");
    add_runs(d, list, q, sub_in_use, LGMP_MAX_SUBS, at + QUEUE_AT(client_id), 4,
             "client_id of free subscriber slots");
    if (q->geometry_good)
        add_runs(d, list, q, slot_in_use, q->slot_count, q->slots_offset,
                 sizeof(struct lgmp_wire_slot), "message slots that are not pending");
    add_runs(d, list, q, inbox_in_use, LGMP_INBOX_SLOTS, at + QUEUE_AT(inbox),
             sizeof(struct lgmp_wire_inbox_entry), "inbox entries without an unread message");
    if (q->geometry_good)
        add_message_ranges(d, list, q);
}

static void add_record_ranges(const struct decoder *d, cJSON *list, uint64_t end)
{
    uint64_t at = LGMP_UDATA_OFFSET + sizeof(struct kvmfr_wire_session);
    while (at + KVMFR_RECORD_HEADER_BYTES <= end) {
        add_range(list, at + 1, 3, "record header padding");
        at += KVMFR_RECORD_HEADER_BYTES + (uint64_t)image_u32(d->image, at + 4);
    }
}

cJSON *list_undefined(const struct decoder *d, const struct found_queue *queues,
                      uint32_t queue_count)
{
    cJSON *list = cJSON_CreateArray();
    const uint64_t udata_bytes = image_u32(d->image, HEADER_AT(udata_size));
    add_range(list, HEADER_AT(pad0), 4, "header padding");
    add_range(list, HEADER_AT(pad1), 4, "header padding");
    for (uint32_t i = 0; i < queue_count; i++) {
        add_range(list, queue_at(i) + QUEUE_AT(pad0), 4, "queue padding");
        add_range(list, queue_at(i) + QUEUE_AT(pad1), 4, "queue padding");
    }
    add_range(list, queue_at(queue_count),
              (LGMP_MAX_QUEUES - queue_count) * sizeof(struct lgmp_wire_queue),
              "queue descriptors that were never created");
    if (image_has(d->image, LGMP_UDATA_OFFSET, udata_bytes)) {
        const uint64_t end = LGMP_UDATA_OFFSET + udata_bytes;
        const uint64_t next = (LGMP_HEADER_BYTES + udata_bytes + LGMP_ALLOC_ALIGN - 1) &
                              ~(uint64_t)(LGMP_ALLOC_ALIGN - 1);
        add_range(list, end, next - end, "gap between the user data and the first allocation");
        add_record_ranges(d, list, end);
    }
    for (uint32_t i = 0; i < queue_count; i++)
        add_queue_ranges(d, list, &queues[i]);
    return list;
}
