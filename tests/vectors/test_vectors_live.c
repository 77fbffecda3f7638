/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the images hold, read by the live client: it joins while post_index stands at the head, so
 * the pending messages are new to it. */
#include <nettle/sha2.h>

#include "kvmfr/client.h"
#include "lgmp/layout.h"
#include "test.h"
#include "vector.h"

struct reader {
    struct vector v;
    struct shm_region region;
    struct kvmfr_client *client;
};

static void join(struct reader *r, const char *name)
{
    uint32_t post_index[2];
    vector_load(name, &r->v);
    r->region = vector_region(&r->v);
    struct lgmp_wire_header *h = r->region.mem;
    CHECK_INT(kvmfr_client_create(&r->region, (struct lgmp_random){ 0 }, &r->client), 0);
    for (int q = 0; q < 2; q++) {
        post_index[q] = lgmp_get(&h->queues[q].post_index);
        lgmp_set(&h->queues[q].post_index, lgmp_get(&h->queues[q].head_index));
    }
    CHECK_INT(kvmfr_client_step(r->client, 1000), KVMFR_STATE_CONNECTING); /* no heartbeat yet */
    atomic_fetch_add(&h->timestamp_ms, 10);
    CHECK_INT(kvmfr_client_step(r->client, 1020), KVMFR_STATE_CONNECTED);
    for (int q = 0; q < 2; q++)
        lgmp_set(&h->queues[q].post_index, post_index[q]);
}

static void leave(struct reader *r)
{
    kvmfr_client_destroy(r->client);
    vector_region_fini(&r->region);
    vector_fini(&r->v);
}

static void check_session(const struct reader *r)
{
    const struct kvmfr_session *s = kvmfr_client_session(r->client);
    char uuid[37];
    kvmfr_session_uuid_text(s, uuid);
    CHECK_STR(uuid, "12345678-9abc-4def-8011-223344556677");
    CHECK_STR(s->host_version, "B7-golden-vector");
    CHECK_STR(s->capture, "D12");
    CHECK_STR(s->cpu_model, "Golden Vector CPU @ 3.0GHz");
    CHECK_STR(s->os_name, "Windows 11 Pro (Build: 22631) ");
    CHECK_INT(s->os, KVMFR_OS_WINDOWS);
    CHECK_INT(s->features, KVMFR_FEATURE_SET_CURSOR_POSITION);
    CHECK_INT(s->cpus, 8);
    CHECK_INT(s->cores, 4);
    CHECK_INT(s->sockets, 1);
}

static void check_sha256(const uint8_t *data, size_t len_bytes, const cJSON *want)
{
    struct sha256_ctx ctx;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[2 * SHA256_DIGEST_SIZE + 1];
    sha256_init(&ctx);
    sha256_update(&ctx, len_bytes, data);
    sha256_digest(&ctx, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    CHECK(cJSON_IsString(want));
    CHECK_STR(text, want->valuestring);
}

static void check_frame(const struct frame_view *v, const cJSON *want)
{
    CHECK_INT(v->format_version, vector_number(want, "format_version"));
    CHECK_INT(v->serial, vector_number(want, "frame_serial"));
    CHECK_INT(v->fmt->format, vector_number(want, "frame_type"));
    CHECK_INT(v->width_px, vector_number(want, "frame_width"));
    CHECK_INT(v->height_px, vector_number(want, "frame_height"));
    CHECK_INT(v->rotation, vector_number(want, "rotation"));
    CHECK_INT(v->pitch_bytes, vector_number(want, "pitch"));
    CHECK_INT(v->flags, vector_number(want, "flags"));
    CHECK_INT(v->damage_count, vector_number(want, "damage_count"));
    CHECK_INT(v->pixels_offset_bytes, vector_number(want, "pixels_offset"));
    const uint32_t rows = frame_view_ready_rows(v);
    CHECK_INT(rows, vector_number(want, "readable_rows"));
    const cJSON *damage = cJSON_GetObjectItemCaseSensitive(want, "damage");
    for (uint32_t i = 0; i < v->damage_count; i++) {
        const struct frame_rect *d = &v->damage[i];
        const uint32_t got[] = { d->x_px, d->y_px, d->width_px, d->height_px };
        for (int n = 0; n < 4; n++)
            CHECK_INT(got[n],
                      cJSON_GetArrayItem(cJSON_GetArrayItem(damage, (int)i), n)->valuedouble);
    }
    if (rows > 0)
        check_sha256(v->pixels, (size_t)rows * v->pitch_bytes,
                     cJSON_GetObjectItemCaseSensitive(want, "readable_pixels_sha256"));
}

static void check_cursor(const struct cursor_update *u, const cJSON *want)
{
    CHECK_INT(u->x_px, cJSON_GetObjectItemCaseSensitive(want, "x")->valuedouble);
    CHECK_INT(u->y_px, cJSON_GetObjectItemCaseSensitive(want, "y")->valuedouble);
    CHECK_INT(u->visible, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(want, "visible")));
    CHECK_INT(u->has_shape, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(want, "has_shape")));
    if (!u->has_shape)
        return;
    CHECK_INT(u->shape.type, vector_number(want, "shape_type") + 1);
    CHECK_INT(u->shape.hot_x_px, vector_number(want, "hot_x"));
    CHECK_INT(u->shape.hot_y_px, vector_number(want, "hot_y"));
    check_sha256(u->shape.data, u->shape.data_bytes,
                 cJSON_GetObjectItemCaseSensitive(want, "shape_data_sha256"));
}

static void read_everything(const char *name)
{
    struct reader r;
    struct frame_view v;
    struct cursor_update u = { 0 };
    const cJSON *want;
    join(&r, name);
    check_session(&r);
    cJSON_ArrayForEach(want, cJSON_GetObjectItemCaseSensitive(r.v.expect, "frame_messages"))
    {
        CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
        check_frame(&v, want);
        CHECK(kvmfr_client_frame_intact(r.client));
        CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    }
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_EMPTY);
    cJSON_ArrayForEach(want, cJSON_GetObjectItemCaseSensitive(r.v.expect, "pointer_messages"))
    {
        CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
        check_cursor(&u, want);
        cursor_shape_fini(&u.shape);
    }
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_EMPTY);
    leave(&r);
}

TEST(pointer_messages)
{
    read_everything("04-pointer-color-and-move");
    read_everything("05-pointer-first-done");
    read_everything("21-slow-client-pending");
}

TEST(frame_messages)
{
    static const char *const names[] = {
        "07-frame-posted-empty",     "08-frame-bgra-partial", "09-frame-bgra-complete",
        "11-frame-rgba10",           "13-frame-rgb24",        "14-frame-bgr32",
        "15-frame-queue-full-damage"
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        read_everything(names[i]);
}

TEST(nothing_pending)
{
    static const char *const names[] = { "02-queues", "03-subscribed", "10-frame-done",
                                         "18-client-messages-sent", "24-unsubscribed" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        read_everything(names[i]);
}

TEST(dirty_memory)
{
    read_everything("26-dirty-memory");
}
