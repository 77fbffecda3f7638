/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/inspect/inspect_private.h - the decoder's own parts. */
#ifndef ESPELHO_INSPECT_INSPECT_PRIVATE_H
#define ESPELHO_INSPECT_INSPECT_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "inspect/inspect.h"

#define MAX_PENDING_SHOWN 256u /* of a queue; the hosts we know have 2 and 20 */

/* A message slot as found, its place checked. */
struct found_message {
    uint32_t slot, slot_offset, udata, size, payload_offset, waiting_mask;
};

struct decoder {
    const struct inspect_image *image;
    cJSON *errors;
    uint64_t budget_bytes; /* of payload still to be hashed: many messages may point at the same
                              large payload */
};

/* Queue geometry that later passes trust. */
struct found_queue {
    uint32_t index, queue_id, slot_count, slots_offset, head_index, pending_count;
    bool geometry_good;
};

/* `offset` + `len` must lie inside the image. */
uint32_t image_u32(const struct inspect_image *image, uint64_t offset);
uint64_t image_u64(const struct inspect_image *image, uint64_t offset);
bool image_has(const struct inspect_image *image, uint64_t offset, uint64_t len_bytes);

void add_u64(cJSON *object, const char *name, uint64_t v);
void add_i64(cJSON *object, const char *name, int64_t v);
void add_sha256(cJSON *object, const char *name, const uint8_t *data, size_t len_bytes);
void add_error(struct decoder *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* False, and an error entry, if that many more bytes would be too much work. */
bool take_budget(struct decoder *d, uint32_t slot, uint64_t bytes);

/* Slot `i` of the pending ones, from the head. Geometry is good. */
struct found_message message_at(const struct inspect_image *image, const struct found_queue *q,
                                uint32_t i);
/* messages.c */
cJSON *decode_pointer_message(struct decoder *d, const struct found_message *m);
cJSON *decode_frame_message(struct decoder *d, const struct found_message *m);
/* undefined.c: byte ranges that may hold anything. */
cJSON *list_undefined(const struct decoder *d, const struct found_queue *queues,
                      uint32_t queue_count);

#endif
