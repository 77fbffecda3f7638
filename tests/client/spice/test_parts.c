/* SPDX-License-Identifier: GPL-2.0-or-later
 * The parts without sockets: framing, link, subject, back-off, text. */
#include "test.h"

#include <errno.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "spice/backoff.h"
#include "spice/framing.h"
#include "spice/link.h"
#include "spice/problem.h"
#include "spice/reader.h"
#include "spice/sendqueue.h"
#include "spice/server.h"
#include "spice/subject.h"

/* ---- link ---- */

static void link_header(uint8_t out[LINK_HEADER_BYTES], const char *magic, uint32_t major,
                        uint32_t size)
{
    memcpy(out, magic, 4);
    spice_put_u32(out + 4, major);
    spice_put_u32(out + 8, 2);
    spice_put_u32(out + 12, size);
}

TEST(link_header_rows)
{
    static const struct {
        const char *magic;
        uint32_t major, size;
        int want;
    } rows[] = {
        { "RFB ", 2, 178, -EPROTO },
        { "REDQ", 1, 178, -EPROTO },
        { "REDQ", 3, 178, -EPROTO },
        { "REDQ", 2, 0, -EPROTO },
        { "REDQ", 2, 177, -EPROTO },
        { "REDQ", 2, 4097, -EPROTO },
        { "REDQ", 2, 0xffffffff, -EPROTO },
        { "REDQ", 2, 178, 0 },
        { "REDQ", 2, 4096, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t header[LINK_HEADER_BYTES];
        size_t bytes = 0;
        const char *why = NULL;
        link_header(header, rows[i].magic, rows[i].major, rows[i].size);
        CHECK_INT(link_reply_size(header, &bytes, &why), rows[i].want);
        CHECK(rows[i].want == 0 ? bytes == rows[i].size : why != NULL);
    }
}

TEST(link_reply_capability_rows)
{
    static const struct {
        uint32_t common, channel, offset;
        int want;
    } rows[] = {
        { 0xffffffff, 1, 178, -EPROTO },
        { 65, 0, 178, -EPROTO },
        { 0x40000000, 0x40000000, 178, -EPROTO },
        { 1, 1, 179, -EPROTO },
        { 1, 1, 0xfffffffc, -EPROTO },
        { 2, 1, 178, -EPROTO },
        { 1, 1, 178, 0 },
        { 0, 0, 0, 0 },
        { 0, 0, 0xffffffff, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t body[178 + 8] = { 0 };
        struct link_reply reply;
        const char *why = NULL;
        spice_put_u32(body + 166, rows[i].common);
        spice_put_u32(body + 170, rows[i].channel);
        spice_put_u32(body + 174, rows[i].offset);
        spice_put_u32(body + 178, 9);
        spice_put_u32(body + 182, 7);
        CHECK_INT(link_reply_parse(body, sizeof(body), &reply, &why), rows[i].want);
        if (rows[i].want == 0) {
            CHECK_INT(reply.common_caps, rows[i].common ? 9 : 0);
            CHECK_INT(reply.channel_caps, rows[i].channel ? 7 : 0);
        }
    }
}

TEST(link_reply_cut_short)
{
    uint8_t body[178] = { 0 };
    struct link_reply reply;
    const char *why;
    for (size_t bytes = 0; bytes < sizeof(body); bytes++)
        CHECK_INT(link_reply_parse(body, bytes, &reply, &why), -EPROTO);
    CHECK_INT(link_reply_parse(body, sizeof(body), &reply, &why), 0);
}

TEST(link_message_is_what_the_protocol_says)
{
    uint8_t message[LINK_MESSAGE_BYTES];
    SpiceLinkMess mess;
    link_message(0x12345678, SPICE_CHANNEL_INPUTS, 3, 0x81, message);
    CHECK(memcmp(message, "REDQ", 4) == 0);
    memcpy(&mess, message + sizeof(SpiceLinkHeader), sizeof(mess));
    CHECK_INT(mess.connection_id, 0x12345678);
    CHECK_INT(mess.channel_type, SPICE_CHANNEL_INPUTS);
    CHECK_INT(mess.channel_id, 3);
    CHECK_INT(mess.caps_offset, sizeof(mess));
    CHECK_INT(message[LINK_MESSAGE_BYTES - 4], 0x81);
}

TEST(every_link_error_has_a_text)
{
    for (uint32_t error = 1; error < 300; error++) {
        const char *text = NULL;
        CHECK(link_error(error, false, &text) != SPICE_FAULT_NONE && text && *text);
    }
    const char *text;
    CHECK_INT(link_error(SPICE_LINK_ERR_PERMISSION_DENIED, true, &text), SPICE_FAULT_PASSWORD);
    CHECK_INT(link_error(SPICE_LINK_ERR_NEED_SECURED, true, &text), SPICE_FAULT_REFUSED);
}

/* ---- framing ---- */

static struct framing framing;

static void framing_begin(bool mini, uint32_t max_bytes)
{
    CHECK_INT(framing_init(&framing), 0);
    framing.mini = mini;
    framing.max_body_bytes = max_bytes;
}

/* Gives at most `step_bytes` at a time. Messages that came out. */
static unsigned feed(const uint8_t *bytes, size_t count, size_t step_bytes, size_t *body_total)
{
    unsigned messages = 0;
    struct framing_message m;
    for (size_t at = 0; at < count;) {
        size_t room_bytes, n = count - at;
        uint8_t *room = framing_room(&framing, &room_bytes);
        CHECK(room_bytes > 0);
        n = n < step_bytes ? n : step_bytes;
        n = n < room_bytes ? n : room_bytes;
        memcpy(room, bytes + at, n);
        framing_filled(&framing, n);
        at += n;
        int found;
        while ((found = framing_next(&framing, &m)) == 1) {
            for (size_t i = 0; i < m.body_bytes; i++)
                CHECK_INT(m.body[i], (uint8_t)(i * 31 + m.type));
            *body_total += m.body_bytes;
            messages++;
        }
        CHECK_INT(found, 0);
    }
    return messages;
}

static size_t put_message(uint8_t *out, bool mini, uint16_t type, size_t body_bytes)
{
    const size_t header = mini ? 6 : 18, at = mini ? 0 : 8;
    memset(out, 0, header);
    spice_put_u16(out + at, type);
    spice_put_u32(out + at + 2, (uint32_t)body_bytes);
    for (size_t i = 0; i < body_bytes; i++)
        out[header + i] = (uint8_t)(i * 31 + type);
    return header + body_bytes;
}

static void framing_sizes(bool mini)
{
    static const size_t sizes[] = { 0, 1, 65517, 65518, 65519, 65529, 65530, 65531, 300000, 3 };
    static const size_t steps[] = { 1, 7, 4096, 65536, 1 << 20 };
    static uint8_t stream[1 << 20];
    for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
        size_t used = 0, total = 0, got = 0;
        framing_begin(mini, 300000);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            used += put_message(stream + used, mini, (uint16_t)(i + 101), sizes[i]);
            total += sizes[i];
        }
        CHECK_INT(feed(stream, used, steps[s], &got), ARRAY_LEN(sizes));
        CHECK_INT(got, total);
        framing_fini(&framing);
    }
}

TEST(framing_mini_header_all_sizes)
{
    framing_sizes(true);
}

TEST(framing_full_header_all_sizes)
{
    framing_sizes(false);
}

TEST(framing_refuses_above_the_limit_before_any_memory)
{
    static const uint32_t sizes[] = { 1001, 0x7fffffff, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t room_bytes;
        struct framing_message m;
        framing_begin(true, 1000);
        uint8_t *room = framing_room(&framing, &room_bytes);
        spice_put_u16(room, 101);
        spice_put_u32(room + 2, sizes[i]);
        framing_filled(&framing, 6);
        CHECK_INT(framing_next(&framing, &m), -EMSGSIZE);
        CHECK(framing.body.bytes == NULL);
        framing_fini(&framing);
    }
}

TEST(sub_message_rows)
{
    /* u16 count, u32 offsets; at 10 a message of type 4 with 2 bytes */
    const struct {
        size_t bytes, offset;
        uint16_t count;
        uint32_t at, size;
        int want;
    } rows[] = {
        { 18, 19, 1, 10, 2, -EPROTO },
        { 18, 17, 1, 10, 2, -EPROTO },
        { 18, SIZE_MAX, 1, 10, 2, -EPROTO },
        { 18, 0, 65, 10, 2, -EPROTO },
        { 18, 0, 0xffff, 10, 2, -EPROTO },
        { 18, 0, 1, 19, 2, -EPROTO },
        { 18, 0, 1, 0xffffffff, 2, -EPROTO },
        { 18, 0, 1, 13, 2, -EPROTO },
        { 18, 0, 1, 10, 3, -EPROTO },
        { 18, 0, 1, 10, 0xffffffff, -EPROTO },
        { 5, 0, 1, 10, 2, -EPROTO },
        { 18, 0, 0, 10, 2, 0 },
        { 18, 0, 1, 10, 2, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t body[18] = { 0 };
        struct framing_message subs[FRAMING_MAX_SUB_MESSAGES];
        spice_put_u16(body, rows[i].count);
        spice_put_u32(body + 2, rows[i].at);
        spice_put_u16(body + 10, 4);
        spice_put_u32(body + 12, rows[i].size);
        const int got = framing_sub_messages(body, rows[i].bytes, rows[i].offset, subs);
        CHECK_MSG(got == rows[i].want, "row %zu: %d", i, got);
        if (got == 1)
            CHECK(subs[0].type == 4 && subs[0].body == body + 16 && subs[0].body_bytes == 2);
    }
}

TEST(sendqueue_keeps_order_while_it_grows)
{
    struct sendqueue q = { 0 };
    uint8_t next_in = 0, next_out = 0;
    for (size_t round = 0; round < 3000; round++) {
        const size_t put = 1 + round % 96;
        uint8_t *p = sendqueue_append(&q, put);
        CHECK(p != NULL);
        for (size_t i = 0; i < put; i++)
            p[i] = next_in++;
        const size_t waiting = sendqueue_bytes(&q), take = waiting < 40 ? waiting : 40;
        for (size_t i = 0; i < take; i++)
            CHECK_INT(q.bytes[q.at + i], next_out++);
        sendqueue_sent(&q, take);
    }
    CHECK(sendqueue_bytes(&q) > 0);
    sendqueue_sent(&q, sendqueue_bytes(&q));
    CHECK_INT(sendqueue_bytes(&q), 0);
    sendqueue_fini(&q);
}

/* ---- the rest ---- */

TEST(subject_rows)
{
    static const struct subject_part parts[] = {
        { "2.5.4.6", "IL", 2 },
        { "2.5.4.10", "Red, Hat\\", 9 },
        { "2.5.4.3", "my server", 9 },
    };
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        { "", false },
        { "C=IL", false },
        { "C=IL,O=Red\\, Hat\\\\", false },
        { "C=IL,O=Red\\, Hat\\\\,CN=my serve", false },
        { "C=IL,O=Red\\, Hat\\\\,CN=my server2", false },
        { "C=IL,O=Red\\, Hat\\\\,CN=my server,", false },
        { "C=IL,O=Red\\, Hat\\\\,CN=my server,L=x", false },
        { "CN=my server,O=Red\\, Hat\\\\,C=IL", false },
        { "C=IL,O=Red, Hat\\\\,CN=my server", false },
        { "C=IL,OU=Red\\, Hat\\\\,CN=my server", false },
        { "C=IL,O=Red\\, Hat\\\\,=my server", false },
        { "=,=,=", false },
        { ",,,", false },
        { "C=IL,O=Red\\, Hat\\\\,CN=my server", true },
        { "c=il, o=red\\, hat\\\\,   cn=MY server", true },
        { "2.5.4.6=IL,O=Red\\, Hat\\\\,CN=my server", true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(subject_matches(rows[i].text, parts, ARRAY_LEN(parts)) == rows[i].want,
                  "row %zu: %s", i, rows[i].text);
    CHECK(!subject_matches("", parts, 0)); /* a certificate without a subject matches nothing */
}

TEST(backoff_doubles_to_its_limit_and_starts_again_after_stable_use)
{
    static const uint32_t want_ms[] = { 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
    struct backoff b = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(want_ms); i++)
        CHECK_INT(backoff_down(&b, 1000), want_ms[i]);
    backoff_up(&b, 1000);
    CHECK_INT(backoff_down(&b, 5999), 5000); /* not long enough */
    backoff_up(&b, 10000);
    CHECK_INT(backoff_down(&b, 15000), 100);
    CHECK_INT(backoff_down(&b, 15000), 200);
    backoff_reset(&b);
    CHECK_INT(backoff_down(&b, 15000), 100);
}

TEST(text_of_the_other_side_is_made_harmless)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "\x1b[2J\r\nx\x7f", "?[2J??x?" },
        { "\xff\xfe\xc3", "???" },
        { "\xc0\xaf \xe0\x80\x80", "?? ???" }, /* overlong */
        { "\xed\xa0\x80", "???" },             /* a surrogate */
        { "a\xe2\x80\xae"
          "b",
          "a???b" },          /* right-to-left override */
        { "\xc2\x9b", "??" }, /* a C1 control */
        { "\xf4\x90\x80\x80", "????" },
        { "Größe 日本 😀", "Größe 日本 😀" },
    };
    char out[64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        spice_text_clean(out, sizeof(out), (const uint8_t *)rows[i].text, strlen(rows[i].text));
        CHECK_STR(out, rows[i].want);
    }
    spice_text_clean(out, 4, (const uint8_t *)"abä", 4); /* no half character */
    CHECK_STR(out, "ab");
    spice_text_clean(out, 1, (const uint8_t *)"abc", 3);
    CHECK_STR(out, "");
}

TEST(server_descriptions)
{
    static const struct {
        struct spice_server server;
        const char *want;
    } rows[] = {
        { { .port = 5900 }, "127.0.0.1:5900" },
        { { .host = "::1", .port = 5900 }, "[::1]:5900" },
        { { .host = "vm.example", .port = 5900, .tls_port = 5901 }, "vm.example:5901" },
        { { .host = "/run/vm.sock" }, "/run/vm.sock" },
        { { .socket_path = "/run/vm.sock", .host = "h", .port = 1 }, "/run/vm.sock" },
    };
    char out[64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        spice_server_describe(&rows[i].server, out, sizeof(out));
        CHECK_STR(out, rows[i].want);
    }
}
