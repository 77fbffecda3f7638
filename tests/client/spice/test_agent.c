/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include <spice/vd_agent.h>

#include "client/spice/guest.h"
#include "spice/agent.h"
#include "spice/reader.h"

#define CAP(name) (1u << VD_AGENT_CAP_##name)

struct seen {
    int ready, gone, grabs, releases, requests, begins, ends, rooms, released, sent;
    uint32_t selection, type, total_bytes, id, result;
    size_t types, data_bytes, detail_bytes;
    bool take;
    uint8_t last;
};

static void on_ready(void *ctx, bool ready)
{
    struct seen *s = ctx;
    ready ? s->ready++ : s->gone++;
}

static void on_grab(void *ctx, uint32_t selection, const uint32_t *types, size_t count)
{
    struct seen *s = ctx;
    s->grabs++;
    s->selection = selection;
    s->types = count;
    s->type = count ? types[0] : 0;
}

static void on_release(void *ctx, uint32_t selection)
{
    struct seen *s = ctx;
    s->releases++;
    s->selection = selection;
}

static void on_request(void *ctx, uint32_t selection, uint32_t type)
{
    struct seen *s = ctx;
    s->requests++;
    s->selection = selection;
    s->type = type;
}

static bool on_data_begin(void *ctx, uint32_t selection, uint32_t type, uint32_t total_bytes)
{
    struct seen *s = ctx;
    s->begins++;
    s->selection = selection;
    s->type = type;
    s->total_bytes = total_bytes;
    return s->take;
}

static void on_data(void *ctx, const uint8_t *bytes, size_t count)
{
    struct seen *s = ctx;
    s->data_bytes += count;
    s->last = bytes[count - 1];
}

static void on_data_end(void *ctx)
{
    struct seen *s = ctx;
    s->ends++;
}

static void on_file_status(void *ctx, uint32_t id, uint32_t result, const uint8_t *detail,
                           size_t detail_bytes)
{
    struct seen *s = ctx;
    (void)detail;
    s->id = id;
    s->result = result;
    s->detail_bytes = detail_bytes;
}

static void on_room(void *ctx)
{
    struct seen *s = ctx;
    s->rooms++;
}

static struct spice_agent *make(struct guest *g, struct seen *s)
{
    const struct spice_agent_port port = guest_port(g);
    const struct spice_agent_listener listener = {
        .on_ready = on_ready,
        .on_grab = on_grab,
        .on_release = on_release,
        .on_request = on_request,
        .on_data_begin = on_data_begin,
        .on_data = on_data,
        .on_data_end = on_data_end,
        .on_file_status = on_file_status,
        .on_room = on_room,
        .ctx = s,
    };
    CHECK_INT(spice_agent_create(&port, &listener, &g->agent), 0);
    return g->agent;
}

static void end(struct guest *g)
{
    spice_agent_destroy(g->agent);
    guest_free(g);
}

/* ---- hostile ---- */

TEST(nothing_is_listened_to_before_an_agent_came)
{
    struct guest g;
    struct seen s = { .take = true };
    make(&g, &s);
    guest_say_words(&g, VD_AGENT_ANNOUNCE_CAPABILITIES, (uint32_t[]){ 1, ~0u }, 2);
    CHECK_INT(s.ready, 0);
    guest_expect_nothing(&g);
    CHECK_INT(spice_agent_file_start(g.agent, 1, "x"), -ENOTCONN);
    end(&g);
}

TEST(not_a_message_stream_is_ignored_until_the_agent_comes_again)
{
    struct guest g;
    struct seen s = { .take = true };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    const uint8_t bad[20] = { 2 };
    spice_agent_data(g.agent, bad, sizeof(bad));
    CHECK_INT(s.gone, 1);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 1 }, 1);
    CHECK_INT(s.grabs, 0);
    CHECK_INT(spice_agent_file_start(g.agent, 1, "x"), -ENOTCONN);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 1 }, 1);
    CHECK_INT(s.grabs, 1);
    end(&g);
}

TEST(unknown_and_oversized_messages_are_skipped)
{
    static const struct {
        uint32_t type;
        size_t count;
    } rows[] = {
        { 0, 0 },
        { 0, 7 },
        { 0xffffffff, 100000 },
        { VD_AGENT_CLIPBOARD_GRAB, SPICE_AGENT_MESSAGE_BYTES + 4 },
        { VD_AGENT_ANNOUNCE_CAPABILITIES, SPICE_AGENT_MESSAGE_BYTES + 1 },
        { VD_AGENT_FILE_XFER_DATA, 70000 },
        { VD_AGENT_CLIPBOARD, 3 }, /* shorter than its prefix */
        { VD_AGENT_CLIPBOARD_REQUEST, 3 },
        { VD_AGENT_FILE_XFER_STATUS, 7 },
        { VD_AGENT_ANNOUNCE_CAPABILITIES, 3 },
        { VD_AGENT_REPLY, 1 },
    };
    struct guest g;
    struct seen s = { .take = true, .id = 77 };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        guest_say(&g, rows[i].type, NULL, rows[i].count);
        CHECK_INT(s.ready, 1);
        CHECK_INT(s.grabs + s.requests + s.begins, 0);
        CHECK_INT(s.id, 77);
        guest_say_words(&g, VD_AGENT_CLIPBOARD_REQUEST, (uint32_t[]){ 1 }, 1); /* still in step */
        CHECK_INT(s.requests, 1);
        s.requests = 0;
    }
    end(&g);
}

TEST(too_many_types_are_cut)
{
    struct guest g;
    struct seen s = { 0 };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    guest_say(&g, VD_AGENT_CLIPBOARD_GRAB, NULL, SPICE_AGENT_MESSAGE_BYTES);
    CHECK_INT(s.types, SPICE_AGENT_TYPES_MAX);
    end(&g);
}

TEST(endless_data_that_nobody_wants_costs_nothing)
{
    static const uint8_t piece[65536];
    struct guest g;
    struct seen s = { .take = false };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    uint8_t head[24] = { VD_AGENT_PROTOCOL };
    spice_put_u32(head + 4, VD_AGENT_CLIPBOARD);
    spice_put_u32(head + 16, UINT32_MAX);
    spice_put_u32(head + 20, VD_AGENT_CLIPBOARD_UTF8_TEXT);
    spice_agent_data(g.agent, head, sizeof(head));
    CHECK_INT(s.total_bytes, UINT32_MAX - 4);
    uint64_t left = UINT32_MAX - 4;
    while (left > 0) {
        const size_t take = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        spice_agent_data(g.agent, piece, take);
        left -= take;
    }
    CHECK_INT(s.data_bytes, 0);
    CHECK_INT(s.ends, 0);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_REQUEST, (uint32_t[]){ 1 }, 1);
    CHECK_INT(s.requests, 1);
    end(&g);
}

TEST(selections_we_do_not_know_are_ignored)
{
    struct guest g;
    struct seen s = { .take = true };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND) | CAP(CLIPBOARD_SELECTION));
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 2, 1 }, 2);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 255, 1 }, 2);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_REQUEST, (uint32_t[]){ 2, 1 }, 2);
    guest_say_words(&g, VD_AGENT_CLIPBOARD, (uint32_t[]){ 2, 1, 0 }, 3);
    CHECK_INT(s.grabs + s.requests + s.begins, 0);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 0xabcdef01, 1 }, 2);
    CHECK_INT(s.grabs, 1); /* the reserved bytes mean nothing */
    CHECK_INT(s.selection, 1);
    end(&g);
}

TEST(the_queue_is_bounded)
{
    struct guest g;
    struct seen s = { 0 };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    g.room_bytes = 0;
    int err = 0, taken = 0;
    for (; err == 0 && taken < 100000; taken++)
        err = spice_agent_request(g.agent, 0, 1);
    CHECK_INT(err, -EAGAIN);
    CHECK(taken < 1000);
    for (int i = 0; i < 1000; i++) /* a guest that asks and asks for our capabilities */
        guest_say_words(&g, VD_AGENT_ANNOUNCE_CAPABILITIES, (uint32_t[]){ 1, 0 }, 2);
    spice_agent_connected(g.agent, false);
    end(&g);
}

/* ---- the protocol ---- */

TEST(stream_cut_at_every_byte)
{
    struct guest g;
    struct seen s = { .take = true };
    uint8_t message[20 + 8 + 100] = { VD_AGENT_PROTOCOL };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND) | CAP(CLIPBOARD_SELECTION));
    spice_put_u32(message + 4, VD_AGENT_CLIPBOARD);
    spice_put_u32(message + 16, 108);
    message[20] = 1;
    spice_put_u32(message + 24, VD_AGENT_CLIPBOARD_IMAGE_PNG);
    message[127] = 42;
    for (size_t cut = 0; cut <= sizeof(message); cut++) {
        s = (struct seen){ .take = true };
        spice_agent_data(g.agent, message, cut);
        spice_agent_data(g.agent, message + cut, sizeof(message) - cut);
        CHECK_INT(s.begins, 1);
        CHECK_INT(s.ends, 1);
        CHECK_INT(s.selection, 1);
        CHECK_INT(s.type, VD_AGENT_CLIPBOARD_IMAGE_PNG);
        CHECK_INT(s.total_bytes, 100);
        CHECK_INT(s.data_bytes, 100);
        CHECK_INT(s.last, 42);
    }
    for (size_t i = 0; i < sizeof(message); i++)
        spice_agent_data(g.agent, message + i, 1);
    CHECK_INT(s.ends, 2);
    end(&g);
}

TEST(capabilities_are_asked_and_answered)
{
    struct guest g;
    struct seen s = { 0 };
    make(&g, &s);
    spice_agent_set_max_clipboard(g.agent, 5000);
    spice_agent_set_resolution(g.agent, 1024, 768);
    spice_agent_connected(g.agent, true);
    struct guest_message m = guest_expect(&g, VD_AGENT_ANNOUNCE_CAPABILITIES);
    CHECK_INT(guest_word(&m, 0), 1);
    CHECK_INT(guest_word(&m, 1) & CAP(CLIPBOARD_BY_DEMAND), CAP(CLIPBOARD_BY_DEMAND));
    CHECK(!spice_agent_ready(g.agent));
    guest_say_words(
        &g, VD_AGENT_ANNOUNCE_CAPABILITIES,
        (uint32_t[]){ 1, CAP(MAX_CLIPBOARD) | CAP(MONITORS_CONFIG) | CAP(CLIPBOARD_BY_DEMAND) }, 2);
    m = guest_expect(&g, VD_AGENT_ANNOUNCE_CAPABILITIES);
    CHECK_INT(guest_word(&m, 0), 0);
    m = guest_expect(&g, VD_AGENT_MAX_CLIPBOARD);
    CHECK_INT(guest_word(&m, 0), 5000);
    m = guest_expect(&g, VD_AGENT_MONITORS_CONFIG);
    CHECK_INT(m.count, 28);
    CHECK_INT(guest_word(&m, 0), 1);
    CHECK_INT(guest_word(&m, 2), 768);
    CHECK_INT(guest_word(&m, 3), 1024);
    spice_agent_set_resolution(g.agent, 1024, 768); /* the same: nothing */
    spice_agent_set_resolution(g.agent, 0, 768);
    guest_expect_nothing(&g);
    CHECK(spice_agent_has_clipboard(g.agent, 0));
    CHECK(!spice_agent_has_clipboard(g.agent, 1));
    end(&g);
}

TEST(grabs_with_serials_ours_wins_when_they_cross)
{
    struct guest g;
    struct seen s = { 0 };
    make(&g, &s);
    guest_come(&g,
               CAP(CLIPBOARD_BY_DEMAND) | CAP(CLIPBOARD_SELECTION) | CAP(CLIPBOARD_GRAB_SERIAL));
    const uint32_t type = VD_AGENT_CLIPBOARD_UTF8_TEXT;
    CHECK_INT(spice_agent_grab(g.agent, 0, &type, 1), 0);
    struct guest_message m = guest_expect(&g, VD_AGENT_CLIPBOARD_GRAB);
    CHECK_INT(guest_word(&m, 0), 0);
    CHECK_INT(guest_word(&m, 1), 0);
    CHECK_INT(guest_word(&m, 2), type);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 0, 0, type }, 3); /* crossed */
    CHECK_INT(s.grabs, 0);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 0, 1, type }, 3);
    CHECK_INT(s.grabs, 1);
    guest_say_words(&g, VD_AGENT_CLIPBOARD_GRAB, (uint32_t[]){ 1, 0, type }, 3);
    CHECK_INT(s.grabs, 2); /* each selection counts for itself */
    CHECK_INT(spice_agent_grab(g.agent, 0, &type, 1), 0);
    m = guest_expect(&g, VD_AGENT_CLIPBOARD_GRAB);
    CHECK_INT(guest_word(&m, 1), 2);
    end(&g);
}

static void pull(void *ctx, uint8_t *to, size_t count)
{
    (void)ctx;
    memset(to, 7, count);
}

static void released(void *ctx, bool sent)
{
    struct seen *s = ctx;
    s->released++;
    s->sent += sent;
}

TEST(data_is_pulled_as_there_is_room)
{
    struct guest g;
    struct seen s = { 0 };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    const struct spice_agent_source source = { .pull = pull, .release = released, .ctx = &s };
    g.room_bytes = 10;
    CHECK_INT(spice_agent_send_clipboard(g.agent, 0, 1, 100000, &source), 0);
    CHECK_INT(spice_agent_request(g.agent, 0, 1), 0);
    spice_agent_want_room(g.agent);
    for (int i = 0; s.rooms == 0; i++) {
        CHECK(i < 200);
        g.room_bytes = 1000;
        spice_agent_room(g.agent);
    }
    CHECK_INT(s.released, 1);
    CHECK_INT(s.sent, 1);
    CHECK(spice_agent_idle(g.agent));
    const struct guest_message m = guest_expect(&g, VD_AGENT_CLIPBOARD);
    CHECK_INT(m.count, 100004);
    CHECK_INT(m.body[100003], 7);
    guest_expect(&g, VD_AGENT_CLIPBOARD_REQUEST);
    end(&g);
}

TEST(agent_dies_in_mid_message_and_comes_again)
{
    struct guest g;
    struct seen s = { .take = true };
    make(&g, &s);
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    const struct spice_agent_source source = { .pull = pull, .release = released, .ctx = &s };
    g.room_bytes = 50;
    CHECK_INT(spice_agent_send_clipboard(g.agent, 0, 1, 100000, &source), 0);
    uint8_t head[25] = { VD_AGENT_PROTOCOL };
    spice_put_u32(head + 4, VD_AGENT_CLIPBOARD);
    spice_put_u32(head + 16, 100);
    spice_agent_data(g.agent, head, sizeof(head));
    CHECK_INT(s.begins, 1);
    CHECK_INT(s.data_bytes, 1);
    spice_agent_connected(g.agent, false);
    CHECK_INT(s.released, 1);
    CHECK_INT(s.sent, 0);
    CHECK_INT(s.gone, 1);
    g.room_bytes = SIZE_MAX;
    g.at = g.count; /* the half message went with the old agent */
    guest_come(&g, CAP(CLIPBOARD_BY_DEMAND));
    CHECK_INT(s.ends, 0);
    CHECK_INT(spice_agent_request(g.agent, 0, 1), 0);
    guest_expect(&g, VD_AGENT_CLIPBOARD_REQUEST);
    CHECK_INT(spice_agent_send_clipboard(g.agent, 0, 1, 10, &source), 0);
    CHECK_INT(s.released, 2);
    end(&g);
}

TEST(files_are_framed)
{
    struct guest g;
    struct seen s = { 0 };
    make(&g, &s);
    guest_come(&g, 0);
    CHECK_INT(spice_agent_file_start(g.agent, 9, "name=x\n"), 0);
    struct guest_message m = guest_expect(&g, VD_AGENT_FILE_XFER_START);
    CHECK_INT(guest_word(&m, 0), 9);
    CHECK_INT(m.count, 4 + 8);
    CHECK_STR((const char *)m.body + 4, "name=x\n");
    CHECK_INT(spice_agent_file_data(g.agent, 9, (const uint8_t *)"abc", 3), 0);
    m = guest_expect(&g, VD_AGENT_FILE_XFER_DATA);
    CHECK_INT(m.count, 15);
    CHECK_INT(guest_word(&m, 1), 3);
    CHECK(memcmp(m.body + 12, "abc", 3) == 0);
    CHECK_INT(spice_agent_file_cancel(g.agent, 9), 0);
    m = guest_expect(&g, VD_AGENT_FILE_XFER_STATUS);
    CHECK_INT(guest_word(&m, 1), VD_AGENT_FILE_XFER_STATUS_CANCELLED);
    guest_say_words(&g, VD_AGENT_FILE_XFER_STATUS,
                    (uint32_t[]){ 9, VD_AGENT_FILE_XFER_STATUS_NOT_ENOUGH_SPACE, 1, 0 }, 4);
    CHECK_INT(s.id, 9);
    CHECK_INT(s.result, VD_AGENT_FILE_XFER_STATUS_NOT_ENOUGH_SPACE);
    CHECK_INT(s.detail_bytes, 8);
    CHECK_INT(spice_agent_request(g.agent, 0, 1), -ENOTCONN); /* no clipboard with this agent */
    end(&g);
}
