/* SPDX-License-Identifier: GPL-2.0-or-later
 * One channel against scripted servers, most of them hostile. */
#include "test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/clock.h"
#include "client/spice/peer.h"
#include "client/spice/script.h"
#include "spice/channel.h"
#include "spice/inputs.h"
#include "spice/link.h"
#include "spice/reader.h"

enum { ANSWER = 150, MAX_BODY = 300000 };

struct seen {
    bool up, down, drained;
    struct spice_problem problem;
    unsigned messages, types;
    size_t bytes;
    bool enough; /* `messages` reached `want` */
    unsigned want;
    bool blame, destroy, answer, pause;
};

static struct script script;
static struct seen seen;
static struct loop *loop;
static struct spice_channel *channel;

static void on_up(void *ctx, struct spice_channel *c)
{
    CHECK(ctx == &seen && (!channel || c == channel));
    seen.up = true;
}

static int on_message(void *ctx, struct spice_channel *c, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    (void)ctx;
    CHECK(type > SPICE_MSG_BASE_LAST); /* the others are the channel's own */
    for (size_t i = 0; i < body_bytes; i++)
        seen.types += body[i]; /* every byte is read: the sanitizers look on */
    seen.bytes += body_bytes;
    seen.messages++;
    seen.enough = seen.messages >= seen.want;
    if (seen.destroy) {
        spice_channel_destroy(c);
        channel = NULL;
        return 0;
    }
    if (seen.pause)
        spice_channel_pause(c, true);
    if (seen.answer)
        CHECK_INT(spice_channel_send(c, ANSWER, body, body_bytes), 0);
    return seen.blame ? spice_channel_blame(c, "a colour of %d bits", 7) : 0;
}

static void on_drained(void *ctx, struct spice_channel *c)
{
    (void)ctx, (void)c;
    seen.drained = true;
}

static void on_down(void *ctx, struct spice_channel *c, const struct spice_problem *problem)
{
    (void)ctx;
    CHECK(!seen.down); /* once */
    seen.down = true;
    seen.problem = *problem;
    spice_channel_destroy(c); /* allowed */
    channel = NULL;
}

static const struct spice_channel_ops ops = {
    .name = "test",
    .type = SPICE_CHANNEL_INPUTS,
    .max_message_bytes = MAX_BODY,
    .on_up = on_up,
    .on_message = on_message,
    .on_drained = on_drained,
    .on_down = on_down,
};

static void begin_with(script_fn run, const struct spice_channel_ops *use, void *ctx)
{
    static struct spice_server server;
    script_start(&script, run);
    server = (struct spice_server){ .socket_path = script.path, .password = "hunter2" };
    CHECK_INT(loop_create(&loop), 0);
    CHECK_INT(spice_channel_create(loop, &server, 1, 0, use, ctx, &channel), 0);
}

static void begin(script_fn run)
{
    begin_with(run, &ops, &seen);
}

static void end(void)
{
    spice_channel_destroy(channel);
    script_end(&script);
    loop_destroy(loop);
}

static void check_down(enum spice_fault fault, const char *text)
{
    pump_until(loop, &seen.down, 15000, "down");
    CHECK_MSG(strstr(seen.problem.text, text), "\"%s\" lacks \"%s\"", seen.problem.text, text);
    CHECK(!strstr(seen.problem.text, "hunter2"));
    CHECK_INT(seen.problem.fault, fault);
    end();
}

/* Leaves when the client does, so that nothing is cut off early. */
static void wait_for_end(int fd)
{
    uint8_t sink[4096];
    while (recv(fd, sink, sizeof(sink), 0) > 0)
        ;
}

/* ---- link ---- */

static uint8_t raw[8192];
static size_t raw_bytes;

static void send_raw(int fd)
{
    uint8_t message[LINK_MESSAGE_BYTES];
    if (script_read(fd, message, sizeof(message)))
        script_write(fd, raw, raw_bytes);
}

static void raw_header(const char *magic, uint32_t major, uint32_t size)
{
    memcpy(raw, magic, 4);
    spice_put_u32(raw + 4, major);
    spice_put_u32(raw + 8, 2);
    spice_put_u32(raw + 12, size);
}

TEST(nothing_but_a_close)
{
    begin(send_raw);
    check_down(SPICE_FAULT_CLOSED, "before it answered");
}

TEST(half_a_header)
{
    raw_header("REDQ", 2, 178);
    raw_bytes = 9;
    begin(send_raw);
    check_down(SPICE_FAULT_CLOSED, "before it answered");
}

TEST(half_a_reply)
{
    raw_header("REDQ", 2, 178);
    raw_bytes = 100;
    begin(send_raw);
    check_down(SPICE_FAULT_CLOSED, "in the middle of its first answer");
}

TEST(another_protocol)
{
    raw_header("RFB ", 2, 178);
    raw_bytes = 16;
    begin(send_raw);
    check_down(SPICE_FAULT_PROTOCOL, "not a SPICE server");
}

TEST(another_version)
{
    raw_header("REDQ", 1, 178);
    raw_bytes = 16;
    begin(send_raw);
    check_down(SPICE_FAULT_PROTOCOL, "another version");
}

TEST(absurd_reply_size)
{
    raw_header("REDQ", 2, 0xffffffff);
    raw_bytes = 16;
    begin(send_raw);
    check_down(SPICE_FAULT_PROTOCOL, "impossible size");
}

TEST(lying_capability_counts)
{
    raw_header("REDQ", 2, 178);
    spice_put_u32(raw + 16 + 166, 0x40000000);
    spice_put_u32(raw + 16 + 170, 0x40000000);
    raw_bytes = 16 + 178;
    begin(send_raw);
    check_down(SPICE_FAULT_PROTOCOL, "capabilities");
}

TEST(no_usable_key)
{
    raw_header("REDQ", 2, 178);
    raw_bytes = 16 + 178;
    begin(send_raw);
    check_down(SPICE_FAULT_PROTOCOL, "no usable key");
}

static void only_sasl(int fd)
{
    script_link(
        fd, 1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION | 1u << SPICE_COMMON_CAP_AUTH_SASL, 0);
    wait_for_end(fd);
}

TEST(only_sasl)
{
    begin(only_sasl);
    check_down(SPICE_FAULT_REFUSED, "SASL");
}

static uint32_t refuse_with;

static void refuse_in_reply(int fd)
{
    script_link(fd, 0, refuse_with);
    wait_for_end(fd);
}

static void refuse_after_ticket(int fd)
{
    uint8_t ticket[TICKET_BYTES], result[4];
    spice_put_u32(result, refuse_with);
    script_link(fd, 0, 0); /* without a choice of ways to log in */
    if (script_read(fd, ticket, sizeof(ticket)))
        script_write(fd, result, sizeof(result));
    wait_for_end(fd);
}

static void check_refusals(script_fn run)
{
    static const struct {
        uint32_t error;
        enum spice_fault fault;
        const char *text;
    } rows[] = {
        { 0xffffffff, SPICE_FAULT_REFUSED, "do not know" },
        { SPICE_LINK_ERR_PERMISSION_DENIED, SPICE_FAULT_PASSWORD, "password" },
        { SPICE_LINK_ERR_NEED_SECURED, SPICE_FAULT_REFUSED, "tlsPort" },
        { SPICE_LINK_ERR_VERSION_MISMATCH, SPICE_FAULT_PROTOCOL, "version" },
        { SPICE_LINK_ERR_CHANNEL_NOT_AVAILABLE, SPICE_FAULT_REFUSED, "this channel" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        refuse_with = rows[i].error;
        seen = (struct seen){ 0 };
        begin(run);
        check_down(rows[i].fault, rows[i].text);
    }
}

TEST(refused_in_the_reply)
{
    check_refusals(refuse_in_reply);
}

TEST(refused_after_the_ticket)
{
    check_refusals(refuse_after_ticket);
}

static void read_in_one_piece(int fd)
{
    uint8_t bytes[1024];
    script_link(fd, 1u << SPICE_COMMON_CAP_MINI_HEADER, 0);
    const ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
    if (n == TICKET_BYTES + 6 + 3) /* all came with one write */
        script_write(fd, (const uint8_t[4]){ 0 }, 4);
    wait_for_end(fd);
}

static void greet(void *ctx, struct spice_channel *c)
{
    (void)ctx;
    CHECK(spice_channel_has_cap(c, 0) && !spice_channel_has_cap(c, 1));
    CHECK(!spice_channel_has_cap(c, 32) && !spice_channel_has_cap(c, 0xffffffff));
    CHECK_INT(spice_channel_send(c, ANSWER, "abc", 3), 0);
}

TEST(greeting_goes_out_with_the_ticket)
{
    struct spice_channel_ops polite = ops;
    polite.greet = greet;
    begin_with(read_in_one_piece, &polite, &seen);
    CHECK_INT(spice_channel_send(channel, ANSWER, NULL, 0), -ENOTCONN);
    pump_until(loop, &seen.up, 5000, "up");
    end();
}

/* ---- messages ---- */

static const void *body;
static size_t body_bytes;
static uint16_t type;
static bool mini = true;

static void one_message(int fd)
{
    script_let_in(fd, mini);
    script_message(fd, mini, type, body, body_bytes);
    wait_for_end(fd);
}

static void check_bad(uint16_t bad_type, const void *bytes, size_t count, const char *text)
{
    type = bad_type;
    body = bytes;
    body_bytes = count;
    seen = (struct seen){ 0 };
    begin(one_message);
    check_down(SPICE_FAULT_PROTOCOL, text);
}

TEST(common_messages_cut_short)
{
    static const uint8_t zeros[64] = { 0 };
    check_bad(SPICE_MSG_MIGRATE, zeros, 3, "cut short");
    check_bad(SPICE_MSG_SET_ACK, zeros, 7, "cut short");
    check_bad(SPICE_MSG_PING, zeros, 11, "cut short");
    check_bad(SPICE_MSG_DISCONNECTING, zeros, 11, "cut short");
    check_bad(SPICE_MSG_NOTIFY, zeros, 23, "cut short");
    check_bad(SPICE_MSG_LIST, zeros, 1, "sub-messages");
    check_bad(SPICE_MSG_LIST, NULL, 0, "sub-messages");
}

TEST(notify_with_a_lying_length)
{
    uint8_t notify[64] = { 0 };
    spice_put_u32(notify + 20, 0xffffffff);
    check_bad(SPICE_MSG_NOTIFY, notify, sizeof(notify), "cut short");
}

static void oversized(int fd)
{
    uint8_t header[6];
    script_let_in(fd, true);
    spice_put_u16(header, 101);
    spice_put_u32(header + 2, MAX_BODY + 1);
    script_write(fd, header, sizeof(header));
    wait_for_end(fd);
}

TEST(oversized_message)
{
    begin(oversized);
    check_down(SPICE_FAULT_PROTOCOL, "larger than the limit");
}

TEST(blame_becomes_text)
{
    seen.blame = true;
    type = 101;
    begin(one_message);
    check_down(SPICE_FAULT_PROTOCOL, "a colour of 7 bits");
}

TEST(destroyed_inside_on_message)
{
    seen.destroy = true;
    seen.want = 1;
    type = 101;
    begin(one_message);
    pump_until(loop, &seen.enough, 5000, "a message");
    pump_for(loop, 20);
    CHECK(!seen.down && seen.messages == 1);
    end();
}

static void closed_in_a_body(int fd)
{
    uint8_t part[6 + 1000] = { 0 };
    script_let_in(fd, true);
    spice_put_u16(part, 101);
    spice_put_u32(part + 2, 200000);
    script_write(fd, part, sizeof(part));
}

TEST(closed_in_the_middle_of_a_message)
{
    begin(closed_in_a_body);
    check_down(SPICE_FAULT_CLOSED, "closed the connection");
}

static void large_message(int fd)
{
    static uint8_t bytes[MAX_BODY];
    script_let_in(fd, true);
    memset(bytes, 1, sizeof(bytes));
    script_message(fd, true, 101, bytes, sizeof(bytes));
    script_message(fd, true, 102, bytes, 3);
    wait_for_end(fd);
}

TEST(large_message_whole)
{
    seen.want = 2;
    begin(large_message);
    pump_until(loop, &seen.enough, 5000, "two messages");
    CHECK_INT(seen.bytes, MAX_BODY + 3);
    CHECK_INT(seen.types, MAX_BODY + 3);
    end();
}

static bool script_ok;

static void ping(int fd)
{
    static const uint8_t bytes[40] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };
    uint8_t got[64];
    script_let_in(fd, true);
    script_message(fd, true, SPICE_MSG_PING, bytes, sizeof(bytes));
    script_ok =
        script_read_message(fd, got, sizeof(got)) == SPICE_MSGC_PONG && memcmp(got, bytes, 12) == 0;
}

TEST(ping_is_answered)
{
    begin(ping);
    pump_until(loop, &seen.down, 5000, "down");
    end();
    CHECK(script_ok);
}

static void acks(int fd)
{
    uint8_t ack[8], got[64];
    script_let_in(fd, true);
    spice_put_u32(ack, 0xabcd);
    spice_put_u32(ack + 4, 3);
    script_message(fd, true, SPICE_MSG_SET_ACK, ack, sizeof(ack));
    script_ok = script_read_message(fd, got, sizeof(got)) == SPICE_MSGC_ACK_SYNC && got[0] == 0xcd;
    for (int i = 0; i < 9; i++)
        script_message(fd, true, 101, "x", 1);
    for (int i = 0; i < 3; i++)
        script_ok = script_ok && script_read_message(fd, got, sizeof(got)) == SPICE_MSGC_ACK;
}

TEST(acknowledges_every_window)
{
    begin(acks);
    pump_until(loop, &seen.down, 5000, "down");
    end();
    CHECK(script_ok);
}

static void ping_flood(int fd)
{
    static uint8_t flood[18 * 4096];
    for (size_t i = 0; i < sizeof(flood); i += 18) {
        spice_put_u16(flood + i, SPICE_MSG_PING);
        spice_put_u32(flood + i + 2, 12);
    }
    script_let_in(fd, true);
    for (int i = 0; i < 200; i++) /* never reads the answers: 14 MiB */
        script_write(fd, flood, sizeof(flood));
    wait_for_end(fd);
}

TEST(flood_of_pings_is_bounded)
{
    begin(ping_flood);
    check_down(SPICE_FAULT_CLOSED, "does not take");
}

static void deaf(int fd)
{
    script_let_in(fd, true);
    usleep(300 * 1000);
    wait_for_end(fd);
}

TEST(sends_wait_then_drain)
{
    static uint8_t bytes[1 << 20];
    begin(deaf);
    pump_until(loop, &seen.up, 5000, "up");
    CHECK_INT(spice_channel_send(channel, ANSWER, bytes, sizeof(bytes)), 0);
    CHECK(spice_channel_queued_bytes(channel) > SPICE_SEND_LOW_BYTES);
    pump_until(loop, &seen.drained, 5000, "drained");
    CHECK(spice_channel_queued_bytes(channel) <= SPICE_SEND_LOW_BYTES);
    end();
}

TEST(server_that_does_not_read_ends)
{
    static uint8_t bytes[1 << 20];
    int err = 0;
    begin(deaf);
    pump_until(loop, &seen.up, 5000, "up");
    for (int i = 0; i < 8 && err == 0; i++)
        err = spice_channel_send(channel, ANSWER, bytes, sizeof(bytes));
    CHECK_INT(err, -EAGAIN);
    CHECK(!seen.down); /* not from inside the call */
    CHECK_INT(spice_channel_send(channel, ANSWER, NULL, 0), -ENOTCONN);
    check_down(SPICE_FAULT_CLOSED, "does not take");
}

static void full_headers(int fd)
{
    uint8_t got[18 + 4];
    script_let_in(fd, false);
    script_message(fd, false, 101, "abcd", 4);
    script_ok = script_read(fd, got, sizeof(got)) && got[0] == 1 /* serial */ && got[8] == ANSWER &&
                got[10] == 4 && memcmp(got + 18, "abcd", 4) == 0;
}

TEST(full_headers_both_ways)
{
    seen.answer = true;
    begin(full_headers);
    pump_until(loop, &seen.down, 5000, "down");
    end();
    CHECK(script_ok);
}

static void sub_list(int fd)
{
    /* main body of 4 bytes, a list at 4 with one sub-message of type 102 at 10 */
    uint8_t bytes[18 + 18] = { 0 };
    uint8_t *list = bytes + 18 + 4;
    script_let_in(fd, false);
    spice_put_u16(bytes + 8, 101);
    spice_put_u32(bytes + 10, 18);
    spice_put_u32(bytes + 14, 4);
    spice_put_u16(list, 1);
    spice_put_u32(list + 2, 10);
    spice_put_u16(list + 6, 102);
    spice_put_u32(list + 8, 2);
    script_write(fd, bytes, sizeof(bytes));
    wait_for_end(fd);
}

TEST(sub_messages_before_their_message)
{
    seen.want = 2;
    begin(sub_list);
    pump_until(loop, &seen.enough, 5000, "two messages");
    CHECK_INT(seen.bytes, 2 + 18);
    end();
}

TEST(list_within_a_list)
{
    uint8_t list[2 + 4 + 6] = { 1, 0, 6, 0, 0, 0, SPICE_MSG_LIST };
    check_bad(SPICE_MSG_LIST, list, sizeof(list), "inside another");
}

static void migrate(int fd)
{
    uint8_t flags[4], got[16];
    script_let_in(fd, true);
    spice_put_u32(flags, SPICE_MIGRATE_NEED_FLUSH | SPICE_MIGRATE_NEED_DATA_TRANSFER);
    script_message(fd, true, SPICE_MSG_MIGRATE, flags, sizeof(flags));
    script_ok = script_read_message(fd, got, sizeof(got)) == SPICE_MSGC_MIGRATE_FLUSH_MARK;
    wait_for_end(fd);
}

TEST(migration_is_marked_and_ends_it)
{
    begin(migrate);
    check_down(SPICE_FAULT_CLOSED, "moves to another host");
    CHECK(script_ok);
}

static void tolerated(int fd)
{
    uint8_t notify[24 + 5] = { 0 };
    script_let_in(fd, true);
    memcpy(notify + 24, "\x1b[31m", 5);
    spice_put_u32(notify + 20, 5);
    script_message(fd, true, SPICE_MSG_NOTIFY, notify, sizeof(notify));
    script_message(fd, true, SPICE_MSG_WAIT_FOR_CHANNELS, "\x05", 1);
    script_message(fd, true, 99, "abc", 3); /* of the future */
    script_message(fd, true, 101, "abc", 3);
    uint8_t disconnecting[12] = { 0 };
    script_message(fd, true, SPICE_MSG_DISCONNECTING, disconnecting, sizeof(disconnecting));
    wait_for_end(fd);
}

TEST(tolerated_messages_then_disconnecting)
{
    begin(tolerated);
    pump_until(loop, &seen.down, 5000, "down");
    CHECK_INT(seen.messages, 1);
    check_down(SPICE_FAULT_CLOSED, "ends the connection");
}

static void many_then_close(int fd)
{
    script_let_in(fd, true);
    for (int i = 0; i < 100; i++)
        script_message(fd, true, 101, "abc", 3);
}

TEST(pause_holds_messages_back_and_does_not_spin)
{
    seen.pause = true;
    seen.want = 1;
    begin(many_then_close);
    pump_until(loop, &seen.enough, 5000, "a message");
    pump_for(loop, 50); /* by now the server is gone */
    int rounds = 0;
    for (int i = 0; i < 20; i++)
        rounds += loop_run_once(loop, 1);
    CHECK_MSG(rounds <= 1, "%d callbacks while paused", rounds);
    CHECK_INT(seen.messages, 1);
    seen.pause = false;
    spice_channel_pause(channel, false);
    pump_until(loop, &seen.down, 5000, "down");
    CHECK_INT(seen.messages, 100);
    end();
}

static void accept_and_say_nothing(int fd)
{
    wait_for_end(fd);
}

TEST(silence_is_given_up)
{
    begin(accept_and_say_nothing);
    check_down(SPICE_FAULT_NO_SERVER, "does not answer");
}

TEST(destroyed_at_every_step)
{
    for (int rounds = 0; rounds < 12; rounds++) {
        seen = (struct seen){ 0 };
        begin(many_then_close);
        for (int i = 0; i < rounds; i++)
            CHECK(loop_run_once(loop, 2) >= 0);
        end();
    }
}

/* ---- inputs with a server that does not acknowledge ---- */

static unsigned positions, keys;
static bool key_came, click_came;
static uint32_t last_x_px, click_x_px;

static void count_inputs(int fd)
{
    uint8_t got[64];
    script_let_in(fd, true);
    for (int got_type; (got_type = script_read_message(fd, got, sizeof(got))) >= 0;) {
        struct spice_reader r = spice_reader_of(got, sizeof(got));
        if (got_type == SPICE_MSGC_INPUTS_MOUSE_POSITION) {
            positions++;
            last_x_px = spice_read_u32(&r);
        } else if (got_type == SPICE_MSGC_INPUTS_KEY_DOWN) {
            keys++;
            script_message(fd, true, SPICE_MSG_INPUTS_KEY_MODIFIERS, "\x02\x00", 2);
        } else if (got_type == SPICE_MSGC_INPUTS_MOUSE_PRESS) {
            click_x_px = last_x_px;
            script_message(fd, true, SPICE_MSG_INPUTS_KEY_MODIFIERS, "\x04\x00", 2);
        }
    }
}

static void on_locks(void *ctx, uint32_t locks)
{
    (void)ctx;
    key_came |= locks == 2;
    click_came |= locks == 4;
}

TEST(keys_and_clicks_do_not_wait_behind_motion)
{
    struct inputs in = { .on_locks = on_locks };
    begin_with(count_inputs, &inputs_ops, &in);
    pump_until(loop, &in.up, 5000, "up");
    for (uint32_t i = 1; i <= 100; i++)
        inputs_position(&in, i, i);
    inputs_key(&in, 0x1e, true);
    pump_until(loop, &key_came, 5000, "the key");
    CHECK_INT(positions, 8); /* the window */
    inputs_button(&in, SPICE_MOUSE_BUTTON_LEFT, true);
    pump_until(loop, &click_came, 5000, "the click");
    CHECK_INT(click_x_px, 100); /* it hits what was pointed at */
    CHECK_INT(positions, 9);
    inputs_button(&in, 0, true); /* no such buttons */
    inputs_button(&in, 200, true);
    CHECK_INT(in.buttons, 1);
    inputs_motion(&in, INT32_MAX, INT32_MIN);
    inputs_motion(&in, INT32_MAX, INT32_MIN);
    CHECK(in.dx == INT32_MAX && in.dy == INT32_MIN);
    end();
}
