/* SPDX-License-Identifier: GPL-2.0-or-later
 * A host with the extension while viewers say anything in the inbox and write anything anywhere,
 * the board above all. It may be denied service; it must stay inside its own buffers, and neither
 * ring nor loop without a bound. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/checked.h"
#include "kvmfr/extension.h"
#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "kvmfr/session.h"
#include "lgmp/layout.h"
#include "script.h"
#include "shm/doorbell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum {
    REGION_BYTES = 65536,
    ALIGN_BYTES = 2048,
    SHAPE_BYTES = 1024,
    OWN_PEER = 9,
    MAX_RINGS = 4096
};

struct state {
    uint8_t *mem;
    struct kvmfr_host *host;
    uint64_t now_ms;
    uint32_t next_random, board_offset;
    bool refuse; /* rings fail */
    uint32_t rings;
};

struct fuzz_bell {
    struct shm_doorbell base;
    struct state *state;
};

static int bell_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    struct state *s = ((struct fuzz_bell *)(void *)self)->state;
    (void)vector;
    assert(peer != KVMFR_NO_PEER);
    s->rings++;
    return s->refuse ? -ENOENT : 0;
}

static int bell_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    (void)self;
    (void)vector;
    (void)timeout_ms;
    return 0;
}

static int bell_fd(struct shm_doorbell *self, uint16_t vector)
{
    (void)self;
    (void)vector;
    return -1;
}

static bool bell_clear(struct shm_doorbell *self, uint16_t vector)
{
    (void)self;
    return vector == 1;
}

static const struct shm_doorbell_ops bell_ops = {
    .name = "fuzz", .ring = bell_ring, .wait = bell_wait, .fd = bell_fd, .clear = bell_clear
};

static uint32_t next_random(void *ctx)
{
    return ((struct state *)ctx)->next_random++;
}

static void find_board(struct state *s)
{
    const struct lgmp_wire_header *wire = (const void *)s->mem;
    struct kvmfr_session session;
    if (kvmfr_session_parse(s->mem + LGMP_UDATA_OFFSET, lgmp_get(&wire->udata_size), &session) !=
            KVMFR_SESSION_OK ||
        !session.has_extension)
        abort();
    s->board_offset = session.extension.board_offset;
}

/* A viewer's message, as lgmp_client_send() leaves it; its size may be a lie. */
static void send(struct state *s, const void *data, uint32_t data_bytes, uint32_t len_bytes)
{
    struct lgmp_wire_queue *q = &((struct lgmp_wire_header *)(void *)s->mem)->queues[1];
    const uint32_t index = lgmp_get(&q->inbox_write_index) % LGMP_INBOX_SLOTS;
    lgmp_set(&q->inbox[index].size, len_bytes);
    memcpy(q->inbox[index].data, data, data_bytes);
    lgmp_set(&q->inbox_write_index, (index + 1) % LGMP_INBOX_SLOTS);
    lgmp_set(&q->inbox_free, lgmp_get(&q->inbox_free) - 1);
}

static void say_hello(struct state *s, struct script_step step)
{
    const struct kvmfr_wire_hello w = {
        .type = step.c & 0x40 ? step.c : KVMFR_INBOX_HELLO + step.c % 4 / 3,
        .version = step.c & 0x80 ? 0 : 1,
        .peer_id = step.b,
        .frame_vector = step.c,
        .pointer_vector = (uint16_t)(step.b * 257),
        .line = step.a & 0x80 ? (uint16_t)(step.a << 8) : step.a % 33,
        .buffers = step.c % 7,
        .client_id = step.a % 3,
    };
    send(s, &w, sizeof(w), step.c == 255 ? 19 : sizeof(w));
}

static void send_other(struct state *s, struct script_step step)
{
    const struct kvmfr_wire_ping w = { KVMFR_INBOX_BYE + step.c % 2, step.a % 34, 0, step.b % 3,
                                       step.c };
    send(s, &w, sizeof(w), step.c & 0x80 ? step.c : step.c % 2 ? 16 : 12);
}

/* Somebody takes or leaves a slot of the frame queue. */
static void change_slot(struct state *s, struct script_step step)
{
    struct lgmp_wire_queue *q = &((struct lgmp_wire_header *)(void *)s->mem)->queues[0];
    const uint32_t bit = UINT32_C(1) << step.a % 32;
    lgmp_set(&q->client_id[step.a % 32], step.b % 3);
    atomic_fetch_xor(&q->sub_mask, lgmp_mask(bit, step.c & 1 ? bit : 0));
}

static void write_board(struct state *s, struct script_step step)
{
    const size_t words = sizeof(struct kvmfr_wire_board) / 4;
    struct kvmfr_wire_board *board = (void *)(s->mem + s->board_offset);
    if (step.c & 1) /* a holding word, mostly */
        atomic_store(&board->lines[step.a % 32].holding[step.c / 2 % 2], step.b % 8);
    else
        script_poke(&step, s->mem + s->board_offset, words * 4);
}

static void publish(struct state *s, struct script_step step)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = 1 + step.a,
                                           .height_px = 1 + step.b % 64,
                                           .capture_ns = step.c };
    struct kvmfr_frame_writer w;
    const int err = kvmfr_host_begin_frame(s->host, &desc, s->now_ms, &w);
    if (err < 0)
        return;
    const size_t at = (size_t)(w.pixels - s->mem), bytes = (size_t)w.pitch_bytes * w.rows_px;
    assert(w.buffer < KVMFR_HOST_BUFFERS && w.rows_px > 0 && w.rows_px <= desc.height_px);
    assert(at >= s->board_offset + sizeof(struct kvmfr_wire_board) + ALIGN_BYTES &&
           range_inside(at, bytes, REGION_BYTES));
    memset(w.pixels, step.c, bytes);
    kvmfr_host_end_frame(s->host, &w);
}

static void call_on(struct state *s, struct script_step step)
{
    switch (step.call % 8) {
    case 0:
        publish(s, step);
        break;
    case 1:
        say_hello(s, step);
        break;
    case 2:
        send_other(s, step);
        break;
    case 3:
        change_slot(s, step);
        break;
    case 4:
        write_board(s, step);
        break;
    case 5:
        (void)!kvmfr_host_pointer(s->host, step.a, step.b, step.c & 1, NULL, s->now_ms);
        kvmfr_host_pointer_repeat(s->host, s->now_ms);
        break;
    case 6:
        kvmfr_host_repeat_frame(s->host, s->now_ms);
        (void)kvmfr_host_readers_ring(s->host);
        (void)kvmfr_host_has_room(s->host);
        break;
    case 7:
        (void)kvmfr_host_wait(s->host, 0);
        s->refuse = step.a & 1;
        break;
    }
}

static void tick(struct state *s, uint32_t ms)
{
    bool restarted = false;
    s->now_ms += ms;
    s->rings = 0;
    assert(kvmfr_host_tick(s->host, s->now_ms, &restarted) == 0);
    assert(s->rings < MAX_RINGS);
    if (restarted)
        find_board(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct state s = { .mem = aligned_alloc(4096, REGION_BYTES), .now_ms = 1000 };
    struct fuzz_bell bell = { .base = { &bell_ops, OWN_PEER, 2 }, .state = &s };
    static uint8_t image[REGION_BYTES];
    struct script_step step;
    assert(s.mem);
    struct script script = script_load(data, len_bytes, image, REGION_BYTES);
    memcpy(s.mem, image, REGION_BYTES);
    const struct kvmfr_host_config config = {
        .session = { .host_version = "fuzz" },
        .align_bytes = ALIGN_BYTES,
        .shape_bytes = SHAPE_BYTES,
        .now_ms = s.now_ms,
        .random = { next_random, &s },
        .extension = true,
        .doorbell = &bell.base,
    };
    if (kvmfr_host_create(s.mem, REGION_BYTES, &config, &s.host) != 0)
        abort();
    find_board(&s);
    while (script_next(&script, &step)) {
        if (step.call / 32 == 2)
            script_poke(&step, s.mem, REGION_BYTES);
        else if (step.call / 32 == 0)
            tick(&s, step.a);
        else
            call_on(&s, step);
    }
    tick(&s, 1);
    kvmfr_host_destroy(s.host);
    free(s.mem);
    return 0;
}
