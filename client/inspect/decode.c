/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "inspect/inspect_private.h"
#include "kvmfr/extension.h"
#include "kvmfr/layout.h"
#include "kvmfr/text.h"
#include "lgmp/layout.h"

#define AT(type, field) offsetof(struct lgmp_wire_##type, field)

static void add_text(cJSON *object, const char *name, const struct inspect_image *image,
                     uint64_t offset, size_t len_bytes)
{
    char *text = malloc(len_bytes + 1);
    if (!text)
        return;
    kvmfr_text_copy(text, len_bytes + 1, image->mem + offset, len_bytes);
    cJSON_AddStringToObject(object, name, text);
    free(text);
}

static void add_hex(cJSON *object, const char *name, const uint8_t *data, size_t len_bytes)
{
    char text[2 * LGMP_INBOX_BYTES + 1] = "";
    for (size_t i = 0; i < len_bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    cJSON_AddStringToObject(object, name, text);
}

static cJSON *decode_header(const struct inspect_image *image)
{
    cJSON *o = cJSON_CreateObject();
    add_u64(o, "magic", image_u32(image, AT(header, magic)));
    add_u64(o, "version", image_u32(image, AT(header, version)));
    add_u64(o, "session_id", image_u32(image, AT(header, session_id)));
    add_u64(o, "timestamp_ms", image_u64(image, AT(header, timestamp_ms)));
    add_u64(o, "queue_count", image_u32(image, AT(header, queue_count)));
    add_u64(o, "udata_size", image_u32(image, AT(header, udata_size)));
    add_u64(o, "udata_offset", LGMP_UDATA_OFFSET);
    return o;
}

/* ---- user data ---- */

static void decode_vm(cJSON *o, const struct inspect_image *image, uint64_t at, uint32_t size)
{
    const uint8_t *body = image->mem + at;
    add_hex(o, "uuid", body, 16);
    add_text(o, "capture", image, at + 16, 32);
    add_u64(o, "cpus", body[48]);
    add_u64(o, "cores", body[49]);
    add_u64(o, "sockets", body[50]);
    add_text(o, "model", image, at + KVMFR_RECORD_VM_MODEL, size - KVMFR_RECORD_VM_MODEL);
}

static void decode_os(cJSON *o, const struct inspect_image *image, uint64_t at, uint32_t size)
{
    add_u64(o, "os", image->mem[at]);
    add_text(o, "os_name", image, at + KVMFR_RECORD_OS_NAME, size - KVMFR_RECORD_OS_NAME);
}

/* Table E1 of docs/extensions.md */
static void decode_extension(cJSON *o, const struct inspect_image *image, uint64_t at,
                             uint32_t size)
{
    struct kvmfr_wire_extension e;
    (void)size;
    memcpy(&e, image->mem + at, sizeof(e));
    add_u64(o, "version", e.version);
    add_u64(o, "peer_id", e.peer_id);
    add_u64(o, "vector", e.vector);
    add_u64(o, "timing_offset", e.timing_offset);
    add_u64(o, "capabilities", e.capabilities);
    add_u64(o, "board_offset", e.board_offset);
    add_u64(o, "board_bytes", e.board_bytes);
}

static const struct record {
    uint32_t type, least_bytes;
    void (*decode)(cJSON *o, const struct inspect_image *image, uint64_t at, uint32_t size);
} records[] = {
    { KVMFR_RECORD_VM, KVMFR_RECORD_VM_MODEL, decode_vm },
    { KVMFR_RECORD_OS, KVMFR_RECORD_OS_NAME, decode_os },
    { KVMFR_RECORD_ESPELHO, sizeof(struct kvmfr_wire_extension), decode_extension },
};

static const struct record *find_record(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(records); i++)
        if (records[i].type == type)
            return &records[i];
    return NULL;
}

static cJSON *decode_record(struct decoder *d, uint64_t at, uint32_t size)
{
    const uint32_t type = d->image->mem[at];
    const struct record *record = find_record(type);
    cJSON *o = cJSON_CreateObject();
    add_u64(o, "offset", at);
    add_u64(o, "type", type);
    add_u64(o, "size", size);
    if (record && size >= record->least_bytes)
        record->decode(o, d->image, at + KVMFR_RECORD_HEADER_BYTES, size);
    else
        add_error(d, "record at %llu: %s", (unsigned long long)at,
                  record ? "too short" : "unknown type");
    return o;
}

static cJSON *decode_records(struct decoder *d, uint64_t at, uint64_t end)
{
    cJSON *list = cJSON_CreateArray();
    while (at + KVMFR_RECORD_HEADER_BYTES <= end) {
        const uint32_t size = image_u32(d->image, at + 4);
        if (size > end - at - KVMFR_RECORD_HEADER_BYTES) {
            add_error(d, "record at %llu: %u bytes reach beyond the user data",
                      (unsigned long long)at, size);
            break;
        }
        cJSON_AddItemToArray(list, decode_record(d, at, size));
        at += KVMFR_RECORD_HEADER_BYTES + size;
    }
    return list;
}

static cJSON *decode_udata(struct decoder *d)
{
    const struct inspect_image *image = d->image;
    const uint64_t at = LGMP_UDATA_OFFSET, size = image_u32(image, AT(header, udata_size));
    cJSON *o = cJSON_CreateObject();
    if (size < sizeof(struct kvmfr_wire_session) || !image_has(image, at, size)) {
        add_error(d, "user data: %llu bytes are %s", (unsigned long long)size,
                  size < sizeof(struct kvmfr_wire_session) ? "less than the KVMFR header"
                                                           : "more than the region has");
        return o;
    }
    add_text(o, "magic", image, at, KVMFR_MAGIC_BYTES);
    add_u64(o, "version", image_u32(image, at + 8));
    add_text(o, "host_version", image, at + 12, 32);
    add_u64(o, "features", image_u32(image, at + 44));
    if (memcmp(image->mem + at, KVMFR_MAGIC, KVMFR_MAGIC_BYTES) != 0) {
        add_error(d, "user data: not KVMFR");
        return o;
    }
    if (image_u32(image, at + 8) != KVMFR_VERSION)
        add_error(d, "user data: KVMFR version %u, known is %u", image_u32(image, at + 8),
                  KVMFR_VERSION);
    cJSON_AddItemToObject(o, "records",
                          decode_records(d, at + sizeof(struct kvmfr_wire_session), at + size));
    return o;
}

/* ---- queues ---- */

static cJSON *decode_subscribers(const struct inspect_image *image, uint64_t at)
{
    const uint64_t mask = image_u64(image, at + AT(queue, sub_mask));
    cJSON *list = cJSON_CreateArray();
    for (uint32_t i = 0; i < LGMP_MAX_SUBS; i++) {
        if (!(lgmp_on(mask) >> i & 1))
            continue;
        cJSON *o = cJSON_CreateObject();
        add_u64(o, "slot", i);
        add_u64(o, "client_id", image_u32(image, at + AT(queue, client_id) + 4 * i));
        add_u64(o, "evict_deadline", image_u64(image, at + AT(queue, evict_deadline) + 8 * i));
        cJSON_AddBoolToObject(o, "bad", lgmp_bad(mask) >> i & 1);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

struct found_message message_at(const struct inspect_image *image, const struct found_queue *q,
                                uint32_t i)
{
    const uint32_t slot = (uint32_t)(((uint64_t)q->head_index + i) % q->slot_count);
    const uint32_t at = q->slots_offset + slot * (uint32_t)sizeof(struct lgmp_wire_slot);
    return (struct found_message){
        .slot = slot,
        .slot_offset = at,
        .udata = image_u32(image, at + AT(slot, udata)),
        .size = image_u32(image, at + AT(slot, size)),
        .payload_offset = image_u32(image, at + AT(slot, payload_offset)),
        .waiting_mask = image_u32(image, at + AT(slot, waiting_mask)),
    };
}

static cJSON *decode_pending(struct decoder *d, const struct found_queue *q)
{
    cJSON *list = cJSON_CreateArray();
    for (uint32_t i = 0; i < q->pending_count && i < MAX_PENDING_SHOWN; i++) {
        const struct found_message m = message_at(d->image, q, i);
        cJSON *o = cJSON_CreateObject();
        add_u64(o, "slot", m.slot);
        add_u64(o, "offset", m.slot_offset);
        add_u64(o, "udata", m.udata);
        add_u64(o, "size", m.size);
        add_u64(o, "payload_offset", m.payload_offset);
        add_u64(o, "waiting_mask", m.waiting_mask);
        cJSON_AddItemToArray(list, o);
        if (!image_has(d->image, m.payload_offset, m.size))
            add_error(d, "queue %u slot %u: the payload lies outside the region", q->index, m.slot);
    }
    return list;
}

static cJSON *decode_inbox_entry(struct decoder *d, uint32_t queue, uint64_t at, uint32_t index)
{
    const struct inspect_image *image = d->image;
    const uint32_t size = image_u32(image, at), shown = min_u32(size, LGMP_INBOX_BYTES);
    cJSON *o = cJSON_CreateObject();
    add_u64(o, "inbox_index", index);
    add_u64(o, "offset", at);
    add_u64(o, "size", size);
    add_hex(o, "data", image->mem + at + 4, shown);
    if (size > LGMP_INBOX_BYTES)
        add_error(d, "queue %u inbox entry %u: %u bytes, 64 is the largest", queue, index, size);
    if (shown < 4)
        return o;
    const uint32_t type = image_u32(image, at + 4);
    add_u64(o, "type", type);
    if (type == KVMFR_INBOX_SET_CURSOR_POSITION && shown >= sizeof(struct kvmfr_wire_set_cursor)) {
        add_i64(o, "x", (int32_t)image_u32(image, at + 8));
        add_i64(o, "y", (int32_t)image_u32(image, at + 12));
    }
    return o;
}

/* The host's read index is not in memory: the unread entries are the last ones in front of the
 * write index. */
static cJSON *decode_inbox(struct decoder *d, uint32_t queue, uint64_t at)
{
    const uint32_t space = image_u32(d->image, at + AT(queue, inbox_free));
    const uint32_t write = image_u32(d->image, at + AT(queue, inbox_write_index));
    cJSON *list = cJSON_CreateArray();
    if (space > LGMP_INBOX_SLOTS || write >= LGMP_INBOX_SLOTS) {
        add_error(d, "queue %u: inbox counters out of range (free %u, write index %u)", queue,
                  space, write);
        return list;
    }
    for (uint32_t left = LGMP_INBOX_SLOTS - space; left > 0; left--) {
        const uint32_t index = (write + LGMP_INBOX_SLOTS - left) % LGMP_INBOX_SLOTS;
        const uint64_t entry = at + AT(queue, inbox) + index * sizeof(struct lgmp_wire_inbox_entry);
        cJSON_AddItemToArray(list, decode_inbox_entry(d, queue, entry, index));
    }
    return list;
}

/* Table 6.1. What does not hold is reported; then no slot of the queue is looked at. */
static void check_geometry(struct decoder *d, struct found_queue *q, uint32_t post_index)
{
    const uint64_t bytes = (uint64_t)q->slot_count * sizeof(struct lgmp_wire_slot);
    const char *fault = NULL;
    if (q->slot_count < 2)
        fault = "fewer than two slots";
    else if (q->slots_offset < LGMP_HEADER_BYTES || q->slots_offset % 4 != 0 ||
             !image_has(d->image, q->slots_offset, bytes))
        fault = "slots lie outside the region or inside the header";
    else if (q->head_index >= q->slot_count || post_index >= q->slot_count)
        fault = "head or post index out of range";
    else if (q->pending_count >= q->slot_count)
        fault = "more pending messages than slots";
    q->geometry_good = !fault;
    if (fault)
        add_error(d, "queue %u: %s", q->index, fault);
}

static void add_words(cJSON *o, const struct inspect_image *image, uint64_t at)
{
    const uint64_t mask = image_u64(image, at + AT(queue, sub_mask));
#define WORD(field) add_u64(o, #field, image_u32(image, at + AT(queue, field)))
    WORD(queue_id);
    WORD(slot_count);
    WORD(new_subscribers);
    WORD(sub_timeout_ms);
    WORD(post_index);
    WORD(slots_offset);
    WORD(queue_lock);
    add_u64(o, "sub_on", lgmp_on(mask));
    add_u64(o, "sub_bad", lgmp_bad(mask));
    WORD(head_index);
    add_u64(o, "head_deadline", image_u64(image, at + AT(queue, head_deadline)));
    WORD(pending_count);
    WORD(inbox_lock);
    WORD(inbox_free);
    WORD(inbox_write_index);
    WORD(inbox_write_serial);
    WORD(inbox_ack_serial);
#undef WORD
}

static cJSON *decode_queue(struct decoder *d, uint32_t index, struct found_queue *q)
{
    const struct inspect_image *image = d->image;
    const uint64_t at = AT(header, queues) + index * sizeof(struct lgmp_wire_queue);
    *q = (struct found_queue){
        .index = index,
        .queue_id = image_u32(image, at + AT(queue, queue_id)),
        .slot_count = image_u32(image, at + AT(queue, slot_count)),
        .slots_offset = image_u32(image, at + AT(queue, slots_offset)),
        .head_index = image_u32(image, at + AT(queue, head_index)),
        .pending_count = image_u32(image, at + AT(queue, pending_count)),
    };
    check_geometry(d, q, image_u32(image, at + AT(queue, post_index)));
    cJSON *o = cJSON_CreateObject();
    add_u64(o, "index", index);
    add_u64(o, "offset", at);
    add_words(o, image, at);
    cJSON_AddItemToObject(o, "subscribers", decode_subscribers(image, at));
    cJSON_AddItemToObject(o, "pending",
                          q->geometry_good ? decode_pending(d, q) : cJSON_CreateArray());
    cJSON_AddItemToObject(o, "inbox_unread", decode_inbox(d, index, at));
    return o;
}

typedef cJSON *decode_message_fn(struct decoder *d, const struct found_message *m);

static cJSON *decode_messages(struct decoder *d, const struct found_queue *queues, uint32_t count,
                              uint32_t queue_id, decode_message_fn *decode)
{
    cJSON *list = cJSON_CreateArray();
    for (uint32_t i = 0; i < count; i++) {
        if (queues[i].queue_id != queue_id)
            continue;
        for (uint32_t n = 0;
             queues[i].geometry_good && n < queues[i].pending_count && n < MAX_PENDING_SHOWN; n++) {
            const struct found_message m = message_at(d->image, &queues[i], n);
            cJSON *o = image_has(d->image, m.payload_offset, m.size) ? decode(d, &m) : NULL;
            if (o)
                cJSON_AddItemToArray(list, o);
        }
        break; /* clients take the first match */
    }
    return list;
}

static void decode_body(struct decoder *d, cJSON *root)
{
    struct found_queue queues[LGMP_MAX_QUEUES];
    const uint32_t claimed = image_u32(d->image, AT(header, queue_count)),
                   count = min_u32(claimed, LGMP_MAX_QUEUES);
    if (claimed > LGMP_MAX_QUEUES)
        add_error(d, "header: %u queues, %u is the most", claimed, LGMP_MAX_QUEUES);
    cJSON_AddItemToObject(root, "kvmfr", decode_udata(d));
    cJSON *list = cJSON_AddArrayToObject(root, "queues");
    for (uint32_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, decode_queue(d, i, &queues[i]));
    cJSON_AddItemToObject(
        root, "pointer_messages",
        decode_messages(d, queues, count, KVMFR_QUEUE_POINTER, decode_pointer_message));
    cJSON_AddItemToObject(
        root, "frame_messages",
        decode_messages(d, queues, count, KVMFR_QUEUE_FRAME, decode_frame_message));
    cJSON_AddItemToObject(root, "undefined_bytes", list_undefined(d, queues, count));
}

struct cJSON *inspect_decode(const struct inspect_image *image)
{
    struct decoder d = { .image = image,
                         .errors = cJSON_CreateArray(),
                         .budget_bytes = 4 * (uint64_t)image->len_bytes };
    cJSON *root = cJSON_CreateObject();
    if (!root || !d.errors) {
        cJSON_Delete(root);
        cJSON_Delete(d.errors);
        return NULL;
    }
    add_u64(root, "region_size", image->len_bytes);
    if (image->len_bytes < LGMP_HEADER_BYTES) {
        add_error(&d, "region: %zu bytes are less than the header's %u", image->len_bytes,
                  LGMP_HEADER_BYTES);
    } else {
        cJSON_AddItemToObject(root, "header", decode_header(image));
        if (image_u32(image, AT(header, magic)) != LGMP_MAGIC)
            add_error(&d, "header: no LGMP magic; no host has started here");
        else if (image_u32(image, AT(header, version)) != LGMP_VERSION)
            add_error(&d, "header: LGMP version %u, known is %u",
                      image_u32(image, AT(header, version)), LGMP_VERSION);
        else
            decode_body(&d, root);
    }
    cJSON_AddItemToObject(root, "errors", d.errors);
    return root;
}
