/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ext_rig.h"

#include "kvmfr/session.h"

static uint32_t next_random(void *ctx)
{
    return ++((struct ext_rig *)ctx)->next_random;
}

static struct kvmfr_wire_board *find_board(const struct ext_rig *r)
{
    const struct lgmp_wire_header *wire = (const void *)r->mem;
    struct kvmfr_session s;
    CHECK_INT(kvmfr_session_parse(r->mem + LGMP_UDATA_OFFSET, atomic_load(&wire->udata_size), &s),
              KVMFR_SESSION_OK);
    CHECK(s.has_extension);
    CHECK_INT(s.extension.board_bytes, sizeof(struct kvmfr_wire_board));
    CHECK_INT(s.extension.timing_offset, KVMFR_TIMING_OFFSET);
    CHECK_INT(s.extension.peer_id, r->bells ? EXT_HOST_PEER : KVMFR_NO_PEER);
    CHECK_INT(s.extension.capabilities,
              KVMFR_EXT_TIMING | KVMFR_EXT_BUFFERS | (r->bells ? KVMFR_EXT_DOORBELL : 0));
    CHECK(s.extension.board_offset % 64 == 0);
    CHECK(s.extension.board_offset + sizeof(struct kvmfr_wire_board) <= EXT_REGION_BYTES);
    return (void *)(r->mem + s.extension.board_offset);
}

void ext_setup(struct ext_rig *r, bool bells)
{
    memset(r, 0, sizeof(*r));
    r->bells = bells;
    r->now_ms = 1000;
    r->block = malloc(EXT_REGION_BYTES + 4096);
    CHECK(r->block);
    r->mem = (uint8_t *)(((uintptr_t)r->block + 4095) & ~(uintptr_t)4095);
    memset(r->mem, 0xA5, EXT_REGION_BYTES); /* nothing old may matter */
    bell_hub_init(&r->hub);
    const struct kvmfr_host_config config = {
        .session = { .host_version = "test", .capture = "none" },
        .shape_bytes = 16408,
        .now_ms = r->now_ms,
        .random = { next_random, r },
        .extension = true,
        .doorbell = bells ? bell_hub_of(&r->hub, EXT_HOST_PEER) : NULL,
    };
    CHECK_INT(kvmfr_host_create(r->mem, EXT_REGION_BYTES, &config, &r->host), 0);
    r->board = find_board(r);
}

void ext_teardown(struct ext_rig *r)
{
    kvmfr_host_destroy(r->host);
    bell_hub_fini(&r->hub);
    free(r->block);
}

void ext_pass(struct ext_rig *r, uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 10) {
        r->now_ms += 10;
        CHECK_INT(kvmfr_host_tick(r->host, r->now_ms, NULL), 0);
    }
}

void ext_join(struct ext_rig *r, struct ext_viewer *v, uint16_t peer)
{
    struct lgmp_wire_header *wire = (void *)r->mem;
    struct lgmp_session session;
    *v = (struct ext_viewer){ .rig = r, .peer = peer };
    CHECK_INT(lgmp_client_create(r->mem, EXT_REGION_BYTES, (struct lgmp_random){ next_random, r },
                                 &v->client),
              LGMP_OK);
    ext_pass(r, 10);
    CHECK_INT(lgmp_client_start_session(v->client, r->now_ms, &session), LGMP_OK);
    const uint32_t before = lgmp_on(atomic_load(&wire->queues[0].sub_mask));
    CHECK_INT(lgmp_client_subscribe(v->client, KVMFR_QUEUE_FRAME, &v->frames), LGMP_OK);
    CHECK_INT(lgmp_client_subscribe(v->client, KVMFR_QUEUE_POINTER, &v->pointers), LGMP_OK);
    const uint32_t mine = lgmp_on(atomic_load(&wire->queues[0].sub_mask)) & ~before;
    CHECK(mine);
    v->line = (uint16_t)__builtin_ctz(mine);
    v->client_id = atomic_load(&wire->queues[0].client_id[v->line]);
}

void ext_leave(struct ext_viewer *v)
{
    lgmp_client_unsubscribe(v->frames);
    lgmp_client_unsubscribe(v->pointers);
    lgmp_client_destroy(v->client);
}

struct kvmfr_wire_hello ext_hello_of(const struct ext_viewer *v, uint16_t buffers)
{
    return (struct kvmfr_wire_hello){ .type = KVMFR_INBOX_HELLO,
                                      .version = KVMFR_EXTENSION_VERSION,
                                      .peer_id = v->peer,
                                      .frame_vector = 0,
                                      .pointer_vector = 1,
                                      .line = v->line,
                                      .buffers = buffers,
                                      .client_id = v->client_id };
}

void ext_send(struct ext_viewer *v, const void *data, uint32_t len_bytes)
{
    uint32_t serial;
    CHECK_INT(lgmp_client_send(v->pointers, data, len_bytes, &serial), LGMP_OK);
    CHECK(!lgmp_client_acked(v->pointers, serial));
    ext_pass(v->rig, 10);
    CHECK(lgmp_client_acked(v->pointers, serial)); /* whatever it was */
}

void ext_hello(struct ext_viewer *v, uint16_t buffers)
{
    const struct kvmfr_wire_hello w = ext_hello_of(v, buffers);
    ext_send(v, &w, sizeof(w));
}

struct kvmfr_wire_board_line *ext_line(const struct ext_viewer *v)
{
    return &v->rig->board->lines[v->line];
}

int ext_try_publish(struct ext_rig *r, uint32_t width_px, uint32_t height_px,
                    struct kvmfr_frame_writer *out)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = width_px,
                                           .height_px = height_px,
                                           .flags = r->frame_flags };
    struct kvmfr_frame_writer w;
    const int err = kvmfr_host_begin_frame(r->host, &desc, r->now_ms, &w);
    if (err < 0)
        return err;
    CHECK(w.buffer < KVMFR_HOST_BUFFERS);
    memset(w.pixels, (int)(w.serial & 0xFF), (size_t)w.pitch_bytes * w.rows_px);
    kvmfr_host_end_frame(r->host, &w);
    *out = w;
    return 0;
}

struct kvmfr_frame_writer ext_publish(struct ext_rig *r)
{
    struct kvmfr_frame_writer w = { 0 };
    CHECK_INT(ext_try_publish(r, EXT_WIDTH_PX, EXT_HEIGHT_PX, &w), 0);
    CHECK_INT(w.rows_px, EXT_HEIGHT_PX);
    return w;
}

uint32_t ext_check_payload(const struct ext_rig *r, uint32_t offset_bytes)
{
    struct kvmfr_wire_frame w;
    uint32_t ready;
    memcpy(&w, r->mem + offset_bytes, sizeof(w));
    memcpy(&ready, r->mem + offset_bytes + w.fb_offset, sizeof(ready));
    const uint8_t *pixels = r->mem + offset_bytes + w.fb_offset + 4;
    CHECK_INT(ready, w.data_height * w.pitch);
    for (uint32_t i = 0; i < ready; i++)
        CHECK_INT(pixels[i], w.frame_serial & 0xFF);
    return w.frame_serial;
}

uint32_t ext_newest(const struct ext_rig *r)
{
    const uint64_t newest = atomic_load(&r->board->host.newest);
    const uint32_t number = (uint32_t)newest;
    if (newest == 0)
        return 0;
    CHECK(number >= 1 && number <= atomic_load(&r->board->host.buffer_count));
    const uint32_t offset = atomic_load(&r->board->host.buffer_offset[number - 1]);
    CHECK_INT(ext_check_payload(r, offset), newest >> 32);
    return number;
}

uint32_t ext_drain(struct ext_viewer *v)
{
    struct lgmp_message m;
    uint32_t last = 0;
    while (lgmp_client_peek(v->frames, &m) == LGMP_OK) {
        last = m.offset_bytes;
        CHECK_INT(lgmp_client_finish(v->frames), LGMP_OK);
    }
    return last;
}
