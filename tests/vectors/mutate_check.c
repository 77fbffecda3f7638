/* SPDX-License-Identifier: GPL-2.0-or-later
 * Every field of the image set to hostile values, one at a time: decoder and live client must
 * survive, and say something about what they find. The sanitizer builds are the sharper judges. */
#include "kvmfr/client.h"
#include "lgmp/layout.h"
#include "test.h"
#include "vector.h"
#include "vector_check.h"

static const uint32_t hostile[] = { 0,          1,          2,          3,          7,
                                    64,         65,         4095,       4096,       16385,
                                    0x7fffffff, 0x80000000, 0xfffff000, 0xfffffffc, 0xffffffff };

static void survive_decoding(const struct inspect_image *image)
{
    cJSON *tree = inspect_decode(image);
    CHECK(tree);
    CHECK(cJSON_GetObjectItemCaseSensitive(tree, "errors"));
    cJSON_Delete(tree);
}

static void read_frame(struct kvmfr_client *c)
{
    struct frame_view v;
    if (kvmfr_client_peek_frame(c, &v) != KVMFR_READ_OK)
        return;
    /* what was accepted may be read: all of it */
    uint32_t sum = 0;
    for (uint32_t y = 0; y < v.rows_px; y++)
        for (uint32_t x = 0; x < v.row_bytes; x += 64)
            sum += v.pixels[(size_t)y * v.pitch_bytes + x];
    CHECK(sum != 1 || frame_view_ready_rows(&v) <= v.rows_px);
    (void)!kvmfr_client_finish_frame(c);
}

static void read_cursor(struct kvmfr_client *c)
{
    struct cursor_update u;
    if (kvmfr_client_read_cursor(c, &u) == KVMFR_READ_OK && u.has_shape)
        cursor_shape_fini(&u.shape);
}

/* A client that subscribed when the pending messages were not posted yet, so that it reads them:
 * post_index is set back to the head while it joins. */
static void survive_reading(const struct shm_region *region)
{
    struct kvmfr_client *c;
    struct lgmp_wire_header *h = region->mem;
    uint32_t post_index[LGMP_MAX_QUEUES];
    if (kvmfr_client_create(region, (struct lgmp_random){ 0 }, &c) < 0)
        return;
    for (uint32_t q = 0; q < LGMP_MAX_QUEUES; q++) {
        post_index[q] = lgmp_get(&h->queues[q].post_index);
        lgmp_set(&h->queues[q].post_index, lgmp_get(&h->queues[q].head_index));
    }
    (void)!kvmfr_client_step(c, 1000);
    atomic_fetch_add(&h->timestamp_ms, 10);
    (void)!kvmfr_client_step(c, 1010);
    for (uint32_t q = 0; q < LGMP_MAX_QUEUES; q++)
        lgmp_set(&h->queues[q].post_index, post_index[q]);
    for (int i = 0; i < 3; i++) {
        read_frame(c);
        read_cursor(c);
        (void)!kvmfr_client_step(c, 1020);
    }
    uint32_t serial;
    (void)!kvmfr_client_set_cursor_position(c, 1, 2, &serial);
    kvmfr_client_destroy(c);
}

/* Words worth changing: header, descriptors in use, slots, payload headers. */
struct span {
    uint32_t from, to;
};

static void mutate_span(const struct vector *v, struct span span, struct shm_region *region)
{
    for (uint32_t at = span.from; at + 4 <= span.to && at + 4 <= v->image.len_bytes; at += 4) {
        uint32_t was;
        memcpy(&was, v->image.mem + at, 4);
        for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
            memcpy(v->image.mem + at, &hostile[i], 4);
            survive_decoding(&v->image);
            if (i % 3 ==
                at / 4 % 3) { /* the client takes longer; each field still meets five values */
                memcpy(region->mem, v->image.mem, 65536);
                memcpy((uint8_t *)region->mem + at, &hostile[i], 4);
                survive_reading(region);
            }
        }
        memcpy(v->image.mem + at, &was, 4);
    }
}

TEST(mutate)
{
    struct vector v;
    vector_load(vector_name(), &v);
    struct shm_region region = vector_region(&v);
    const cJSON *queue, *m;
    mutate_span(&v, (struct span){ 0, 32 }, &region);
    mutate_span(&v, (struct span){ 5752, 5936 }, &region);
    cJSON_ArrayForEach(queue, cJSON_GetObjectItemCaseSensitive(v.expect, "queues"))
    {
        const uint32_t at = (uint32_t)vector_number(queue, "offset"),
                       slots = (uint32_t)vector_number(queue, "slots_offset");
        mutate_span(&v, (struct span){ at, at + 24 }, &region);
        mutate_span(&v, (struct span){ at + 408, at + 480 }, &region);
        mutate_span(
            &v, (struct span){ slots, slots + 16 * (uint32_t)vector_number(queue, "slot_count") },
            &region);
    }
    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(v.expect, "frame_messages"))
    {
        const uint32_t at = (uint32_t)vector_number(m, "payload_offset");
        mutate_span(&v, (struct span){ at, at + 72 }, &region);
        mutate_span(&v, (struct span){ at + 1080, at + 1084 }, &region);
        mutate_span(&v, (struct span){ at + 4092, at + 4096 }, &region);
    }
    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(v.expect, "pointer_messages"))
    {
        const uint32_t at = (uint32_t)vector_number(m, "payload_offset");
        mutate_span(&v, (struct span){ at, at + 24 }, &region);
    }
    vector_region_fini(&region);
    vector_fini(&v);
}
