/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/spice/guest.h"

#include <errno.h>

#include <spice/vd_agent.h>

#include "spice/reader.h"
#include "test.h"

#define HEADER_BYTES 20u

static size_t room(void *ctx)
{
    const struct guest *g = ctx;
    return g->room_bytes;
}

static int take(void *ctx, const void *bytes, size_t count)
{
    struct guest *g = ctx;
    CHECK_MSG(count <= g->room_bytes, "%zu bytes sent, room for %zu", count, g->room_bytes);
    if (g->room_bytes != SIZE_MAX)
        g->room_bytes -= count;
    if (g->at > 0 && g->at == g->count)
        g->at = g->count = 0;
    if (g->count + count > g->reserved) {
        g->reserved = 2 * (g->count + count);
        g->bytes = realloc(g->bytes, g->reserved);
        CHECK(g->bytes);
    }
    memcpy(g->bytes + g->count, bytes, count);
    g->count += count;
    g->received_bytes += count;
    return 0;
}

struct spice_agent_port guest_port(struct guest *g)
{
    *g = (struct guest){ .room_bytes = SIZE_MAX };
    return (struct spice_agent_port){ .room = room, .send = take, .ctx = g };
}

void guest_free(struct guest *g)
{
    free(g->bytes);
}

bool guest_next(struct guest *g, struct guest_message *out)
{
    if (!g->bytes) /* nothing was ever sent */
        return false;
    struct spice_reader r = spice_reader_of(g->bytes + g->at, g->count - g->at);
    const uint32_t protocol = spice_read_u32(&r), type = spice_read_u32(&r);
    spice_read_u64(&r);
    const uint32_t count = spice_read_u32(&r);
    const uint8_t *body = spice_read_bytes(&r, count);
    if (r.bad)
        return false;
    CHECK_INT(protocol, VD_AGENT_PROTOCOL);
    g->at += HEADER_BYTES + count;
    *out = (struct guest_message){ .type = type, .count = count, .body = body };
    return true;
}

struct guest_message guest_expect(struct guest *g, uint32_t type)
{
    struct guest_message m;
    CHECK_MSG(guest_next(g, &m), "no message, expected one of type %u", type);
    CHECK_INT(m.type, type);
    return m;
}

void guest_expect_nothing(struct guest *g)
{
    struct guest_message m;
    CHECK_MSG(!guest_next(g, &m), "a message of type %u", m.type);
}

void guest_say(struct guest *g, uint32_t type, const void *body, size_t count)
{
    uint8_t *all = calloc(1, HEADER_BYTES + count);
    CHECK(all);
    spice_put_u32(all, VD_AGENT_PROTOCOL);
    spice_put_u32(all + 4, type);
    spice_put_u32(all + 16, (uint32_t)count);
    if (body && count > 0)
        memcpy(all + HEADER_BYTES, body, count);
    spice_agent_data(g->agent, all, HEADER_BYTES + count);
    free(all);
}

void guest_say_words(struct guest *g, uint32_t type, const uint32_t *words, size_t count)
{
    uint8_t body[256];
    CHECK(4 * count <= sizeof(body));
    for (size_t i = 0; i < count; i++)
        spice_put_u32(body + 4 * i, words[i]);
    guest_say(g, type, body, 4 * count);
}

void guest_come(struct guest *g, uint32_t caps)
{
    spice_agent_connected(g->agent, true);
    const struct guest_message m = guest_expect(g, VD_AGENT_ANNOUNCE_CAPABILITIES);
    CHECK_INT(guest_word(&m, 0), 1);
    guest_say_words(g, VD_AGENT_ANNOUNCE_CAPABILITIES, (uint32_t[]){ 0, caps }, 2);
    if (caps & 1u << VD_AGENT_CAP_MAX_CLIPBOARD)
        guest_expect(g, VD_AGENT_MAX_CLIPBOARD);
}

uint32_t guest_word(const struct guest_message *m, size_t index)
{
    struct spice_reader r = spice_reader_of(m->body, m->count);
    spice_read_bytes(&r, 4 * index);
    const uint32_t word = spice_read_u32(&r);
    CHECK_MSG(!r.bad, "message of type %u has no word %zu", m->type, index);
    return word;
}
