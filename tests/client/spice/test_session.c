/* SPDX-License-Identifier: GPL-2.0-or-later
 * The session against a real server (libspice-server, as in QEMU). */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spice/enums.h>
#include <spice/vd_agent.h>

#include "base/clock.h"
#include "client/spice/peer.h"
#include "spice/reader.h"
#include "spice/session.h"

struct seen {
    struct spice_session_status status;
    bool is_up, is_waiting, is_refused, has_info, is_lost, has_agent, agent_gone, is_absolute,
        is_relative;
    struct spice_session_info info;
    uint32_t locks, locks_count;
    bool locks_caps;
    uint8_t agent_bytes[64 * 1024];
    size_t agent_count;
    unsigned rooms;
};

static void on_status(void *ctx, const struct spice_session_status *status)
{
    struct seen *s = ctx;
    s->status = *status;
    s->is_up = status->state == SPICE_SESSION_UP;
    s->is_waiting = status->state == SPICE_SESSION_WAITING;
    s->is_refused = status->state == SPICE_SESSION_REFUSED;
}

static void on_info(void *ctx, const struct spice_session_info *info)
{
    struct seen *s = ctx;
    s->info = *info;
    s->has_info = true;
    s->is_lost = false;
}

static void on_lost(void *ctx)
{
    struct seen *s = ctx;
    CHECK(s->has_info);
    s->has_info = false;
    s->is_lost = true;
}

static void on_mouse_mode(void *ctx, enum spice_mouse_mode mode)
{
    struct seen *s = ctx;
    s->is_absolute = mode == SPICE_MOUSE_ABSOLUTE;
    s->is_relative = mode == SPICE_MOUSE_RELATIVE;
}

static void on_agent(void *ctx, bool connected)
{
    struct seen *s = ctx;
    s->has_agent = connected;
    s->agent_gone = !connected;
}

static void on_agent_data(void *ctx, const uint8_t *bytes, size_t count)
{
    struct seen *s = ctx;
    CHECK(count <= sizeof(s->agent_bytes) - s->agent_count);
    memcpy(s->agent_bytes + s->agent_count, bytes, count);
    s->agent_count += count;
}

static void on_agent_room(void *ctx)
{
    ((struct seen *)ctx)->rooms++;
}

static void on_guest_locks(void *ctx, uint32_t locks)
{
    struct seen *s = ctx;
    s->locks = locks;
    s->locks_caps = locks & SPICE_LOCK_CAPS;
    s->locks_count++;
}

static struct peer peer;
static struct seen seen;
static struct loop *loop;
static struct spice_session *session;
static char socket_path[128];

static void begin(const struct spice_server *server)
{
    const struct spice_session_listener listener = {
        .on_status = on_status,
        .on_info = on_info,
        .on_lost = on_lost,
        .on_mouse_mode = on_mouse_mode,
        .on_agent = on_agent,
        .on_agent_data = on_agent_data,
        .on_agent_room = on_agent_room,
        .on_guest_locks = on_guest_locks,
        .ctx = &seen,
    };
    CHECK_INT(loop_create(&loop), 0);
    CHECK_INT(spice_session_create(loop, server, &listener, &session), 0);
}

static void end(void)
{
    spice_session_destroy(session);
    loop_destroy(loop);
    peer_kill(&peer);
}

static const char *path(void)
{
    snprintf(socket_path, sizeof(socket_path), "%s/spice.sock", peer_dir());
    return socket_path;
}

#define START(...) peer_start(&peer, (const char *const[]){ __VA_ARGS__, NULL })

static void wait_input(void)
{
    const uint64_t end_ms = clock_ms() + 5000;
    while (!spice_session_input_ready(session)) {
        CHECK_MSG(clock_ms() < end_ms, "no input: %s", seen.status.text);
        CHECK(loop_run_once(loop, 10) >= 0);
    }
}

TEST(unix_socket_name_uuid_and_channels)
{
    START("--socket", path(), "--name", "Vénus\x1b[31m", "--uuid",
          "00112233445566778899aabbccddeeff");
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.is_up, 5000, "up");
    pump_until(loop, &seen.info.has_uuid, 5000, "uuid");
    CHECK_INT(seen.info.uuid[1], 0x11);
    CHECK_INT(seen.info.uuid[15], 0xff);
    CHECK_STR(seen.info.name, "Vénus?[31m");
    CHECK(seen.info.connection_id != 0);
    CHECK(seen.info.has_display && seen.info.has_cursor && !seen.info.has_playback);
    CHECK_STR(seen.status.text, "");
    pump_for(loop, 30);
    CHECK(spice_session_mm_time(session) != 0);
    end();
}

TEST(a_host_that_is_a_path_is_a_unix_socket)
{
    START("--socket", path());
    begin(&(struct spice_server){ .host = path() });
    pump_until(loop, &seen.is_up, 5000, "up");
    end();
}

static void tcp(const char *host, const char *listen_addr)
{
    char port[8];
    const uint16_t number = free_port();
    snprintf(port, sizeof(port), "%u", number);
    START("--addr", listen_addr, "--port", port);
    begin(&(struct spice_server){ .host = host, .port = number });
    pump_until(loop, &seen.is_up, 5000, "up");
    wait_input();
    end();
}

TEST(tcp_ipv4)
{
    tcp("127.0.0.1", "127.0.0.1");
}

TEST(tcp_ipv6)
{
    tcp("::1", "::1");
}

TEST(tcp_localhost_tries_all_addresses)
{
    tcp("localhost", "::1");
}

TEST(keys_arrive_as_scancodes)
{
    START("--socket", path());
    begin(&(struct spice_server){ .socket_path = path() });
    wait_input();
    spice_session_key(session, 0x1e, true);
    peer_wait(&peer, loop, "key 1e");
    spice_session_key(session, 0x1e, false);
    peer_wait(&peer, loop, "key 9e");
    spice_session_key(session, 0x11d, true); /* right control */
    peer_wait(&peer, loop, "key e0");
    peer_wait(&peer, loop, "key 1d");
    spice_session_key(session, 0x11d, false);
    peer_wait(&peer, loop, "key e0");
    peer_wait(&peer, loop, "key 9d");
    static const uint8_t pause[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
    spice_session_scancodes(session, pause, sizeof(pause));
    for (size_t i = 0; i < sizeof(pause); i++) {
        char line[16];
        snprintf(line, sizeof(line), "key %02x", pause[i]);
        peer_wait(&peer, loop, line);
    }
    end();
}

TEST(lock_keys_both_ways)
{
    START("--socket", path());
    begin(&(struct spice_server){ .socket_path = path() });
    wait_input();
    pump_for(loop, 100);
    peer_say(&peer, "locks 4");
    pump_until(loop, &seen.locks_caps, 5000, "caps lock");
    spice_session_set_locks(session, SPICE_LOCK_NUM | SPICE_LOCK_CAPS); /* num is to be pressed */
    peer_wait(&peer, loop, "key 45");
    peer_wait(&peer, loop, "key c5");
    end();
}

TEST(mouse_absolute)
{
    START("--socket", path(), "--no-agent");
    begin(&(struct spice_server){ .socket_path = path() });
    wait_input();
    pump_until(loop, &seen.is_absolute, 5000, "absolute mode");
    spice_session_position(session, 10, 20);
    peer_wait(&peer, loop, "position 10 20 0");
    spice_session_button(session, SPICE_MOUSE_BUTTON_LEFT, true);
    peer_wait(&peer, loop, "wheel 0 1"); /* its way to tell of a button pressed */
    spice_session_position(session, 11, 21);
    peer_wait(&peer, loop, "position 11 21 1");
    spice_session_button(session, SPICE_MOUSE_BUTTON_LEFT, false);
    peer_wait(&peer, loop, "buttons 0");
    spice_session_button(session, SPICE_MOUSE_BUTTON_DOWN, true);
    peer_wait(&peer, loop, "wheel 1 0");
    spice_session_button(session, SPICE_MOUSE_BUTTON_DOWN, false);
    end();
}

TEST(motion_waits_for_acknowledgement_and_ends_where_it_should)
{
    START("--socket", path(), "--no-agent");
    begin(&(struct spice_server){ .socket_path = path() });
    wait_input();
    pump_until(loop, &seen.is_absolute, 5000, "absolute mode");
    for (uint32_t i = 1; i <= 1000; i++)
        spice_session_position(session, i, 2 * i);
    peer_wait(&peer, loop, "position 1000 2000 0");
    CHECK(!peer_printed(&peer, "position 999 1998 0"));
    end();
}

TEST(mouse_relative)
{
    START("--socket", path(), "--no-tablet", "--no-agent");
    begin(&(struct spice_server){ .socket_path = path() });
    wait_input();
    pump_until(loop, &seen.is_relative, 5000, "relative mode");
    spice_session_motion(session, 7, -3);
    peer_wait(&peer, loop, "motion 7 -3 0 0");
    spice_session_button(session, SPICE_MOUSE_BUTTON_RIGHT, true);
    peer_wait(&peer, loop, "motion 0 0 0 2"); /* its way to tell of a button */
    spice_session_motion(session, -1, 0);
    peer_wait(&peer, loop, "motion -1 0 0 2");
    spice_session_button(session, SPICE_MOUSE_BUTTON_RIGHT, false);
    peer_wait(&peer, loop, "buttons 0");
    spice_session_button(session, SPICE_MOUSE_BUTTON_UP, true);
    peer_wait(&peer, loop, "motion 0 0 -1 0");
    end();
}

TEST(mouse_mode_follows_request_and_devices)
{
    START("--socket", path(), "--no-agent");
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.is_absolute, 5000, "absolute mode");
    spice_session_request_mouse_mode(session, SPICE_MOUSE_RELATIVE);
    pump_until(loop, &seen.is_relative, 5000, "relative mode");
    spice_session_request_mouse_mode(session, SPICE_MOUSE_ABSOLUTE);
    pump_until(loop, &seen.is_absolute, 5000, "absolute mode");
    peer_say(&peer, "tablet off");
    pump_until(loop, &seen.is_relative, 5000, "relative mode without a tablet");
    peer_say(&peer, "tablet on");
    pump_until(loop, &seen.is_absolute, 5000, "absolute mode with a tablet");
    end();
}

/* ---- password ---- */

static void password(const char *wants, const char *has, bool let_in, const char *text)
{
    START("--socket", path(), "--password", wants);
    begin(&(struct spice_server){ .socket_path = path(), .password = has });
    if (let_in) {
        pump_until(loop, &seen.is_up, 5000, "up");
        wait_input();
    } else {
        pump_until(loop, &seen.is_refused, 5000, "refused");
        CHECK_INT(seen.status.fault, SPICE_FAULT_PASSWORD);
        CHECK_MSG(strstr(seen.status.text, text), "%s", seen.status.text);
        CHECK(!has || !*has || !strstr(seen.status.text, has));
    }
    end();
}

TEST(password_wrong)
{
    password("hunter2", "swordfish", false, "wrong or has expired");
}

TEST(password_missing)
{
    password("hunter2", NULL, false, "wants a password");
}

TEST(password_empty)
{
    password("hunter2", "", false, "wants a password");
}

TEST(password_too_long)
{
    password("hunter2", "0123456789012345678901234567890123456789012345678901234567890", false,
             "longer than");
}

TEST(password_right)
{
    password("hunter2", "hunter2", true, NULL);
}

TEST(password_of_the_greatest_length)
{
    /* 60 by the protocol, but this server keeps 59 */
    password("01234567890123456789012345678901234567890123456789012345678",
             "01234567890123456789012345678901234567890123456789012345678", true, NULL);
}

TEST(password_expired_and_a_new_one_lets_in_at_once)
{
    START("--socket", path(), "--password", "old", "--lifetime", "1");
    usleep(2200 * 1000); /* it counts whole seconds */
    begin(&(struct spice_server){ .socket_path = path(), .password = "old" });
    pump_until(loop, &seen.is_refused, 5000, "refused");
    peer_say(&peer, "password new");
    peer_wait(&peer, loop, "done password");
    CHECK_INT(spice_session_set_password(session, "new"), 0);
    pump_until(loop, &seen.is_up, 2000, "up");
    end();
}

/* ---- servers that come and go ---- */

TEST(no_server_then_one)
{
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.is_waiting, 2000, "waiting");
    CHECK_INT(seen.status.fault, SPICE_FAULT_NO_SERVER);
    CHECK_MSG(strstr(seen.status.text, "is the VM running"), "%s", seen.status.text);
    START("--socket", path());
    pump_until(loop, &seen.is_up, 6000, "up");
    end();
}

TEST(server_killed_and_started_again)
{
    START("--socket", path());
    begin(&(struct spice_server){ .socket_path = path() });
    wait_input();
    pump_until(loop, &seen.has_agent, 5000, "agent");
    spice_session_button(session, SPICE_MOUSE_BUTTON_LEFT, true);
    peer_kill(&peer);
    pump_until(loop, &seen.is_waiting, 2000, "waiting");
    CHECK(seen.is_lost && seen.agent_gone && !seen.is_absolute && !seen.is_relative);
    CHECK(!spice_session_input_ready(session));
    CHECK_INT(spice_session_agent_room(session), 0);
    spice_session_key(session, 0x1e, true); /* nothing happens */
    unlink(path());
    START("--socket", path(), "--no-agent");
    pump_until(loop, &seen.is_up, 6000, "up");
    wait_input();
    pump_until(loop, &seen.is_absolute, 5000, "absolute mode");
    spice_session_position(session, 1, 1);
    peer_wait(&peer, loop, "position 1 1 0"); /* the button is forgotten */
    end();
}

TEST(server_stopped_in_the_handshake_is_given_up)
{
    START("--socket", path());
    kill(peer.pid, SIGSTOP);
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.is_waiting, 12000, "given up");
    CHECK_MSG(strstr(seen.status.text, "does not answer"), "%s", seen.status.text);
    kill(peer.pid, SIGCONT);
    pump_until(loop, &seen.is_up, 6000, "up");
    end();
}

TEST(no_permission)
{
    if (geteuid() == 0)
        SKIP("root may do everything");
    START("--socket", path());
    CHECK(chmod(path(), 0) == 0);
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.is_refused, 2000, "refused");
    CHECK_INT(seen.status.fault, SPICE_FAULT_UNREACHABLE);
    end();
}

static void unreachable(const struct spice_server *server, const char *text)
{
    begin(server);
    pump_until(loop, &seen.is_refused, 10000, "refused");
    CHECK_INT(seen.status.fault, SPICE_FAULT_UNREACHABLE);
    CHECK_MSG(strstr(seen.status.text, text), "%s", seen.status.text);
    end();
}

TEST(path_too_long)
{
    char long_path[300];
    memset(long_path, 'x', sizeof(long_path));
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    unreachable(&(struct spice_server){ .socket_path = long_path }, "");
}

TEST(no_port_at_all)
{
    unreachable(&(struct spice_server){ .host = "127.0.0.1" }, "spice:port");
}

TEST(name_that_does_not_exist)
{
    begin(&(struct spice_server){ .host = "no-such-host.invalid", .port = 5900 });
    const uint64_t end_ms = clock_ms() + 30000;
    while (!seen.is_refused && !seen.is_waiting) { /* without a name server it is "waiting" */
        CHECK(clock_ms() < end_ms);
        CHECK(loop_run_once(loop, 20) >= 0);
    }
    CHECK_MSG(strstr(seen.status.text, "cannot be resolved"), "%s", seen.status.text);
    end();
}

TEST(destroyed_while_a_name_is_looked_up)
{
    for (int i = 0; i < 20; i++) {
        begin(&(struct spice_server){ .host = "no-such-host.invalid", .port = 5900 });
        for (int round = 0; round < i % 3; round++)
            CHECK(loop_run_once(loop, 1) >= 0);
        end();
    }
    usleep(200 * 1000); /* threads that end late find what they need */
}

TEST(nothing_listens)
{
    begin(&(struct spice_server){ .port = free_port() });
    pump_until(loop, &seen.is_waiting, 2000, "waiting");
    CHECK_INT(seen.status.fault, SPICE_FAULT_NO_SERVER);
    CHECK_MSG(strstr(seen.status.text, "SPICE: nothing listens on 127.0.0.1:"), "%s",
              seen.status.text);
    end();
}

/* ---- agent ---- */

static void clipboard_message(uint8_t *out, size_t data_bytes)
{
    memset(out, 0, 20);
    spice_put_u32(out, VD_AGENT_PROTOCOL);
    spice_put_u32(out + 4, VD_AGENT_CLIPBOARD);
    spice_put_u32(out + 16, (uint32_t)data_bytes);
    for (size_t i = 0; i < data_bytes; i++)
        out[20 + i] = (uint8_t)(i * 7);
}

TEST(agent_data_comes_back_whole_through_the_tokens)
{
    static uint8_t message[20 + 40000];
    START("--socket", path());
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.has_agent, 5000, "agent");
    clipboard_message(message, sizeof(message) - 20);
    const uint64_t end_ms = clock_ms() + 10000;
    for (size_t sent = 0; sent < sizeof(message);) {
        const size_t room = spice_session_agent_room(session), left = sizeof(message) - sent;
        const size_t n = room < left ? room : left;
        CHECK_INT(spice_session_agent_send(session, message + sent, n), 0);
        sent += n;
        CHECK(loop_run_once(loop, 5) >= 0);
        CHECK_MSG(clock_ms() < end_ms, "%zu sent", sent);
    }
    while (seen.agent_count < sizeof(message)) {
        CHECK(loop_run_once(loop, 5) >= 0);
        CHECK_MSG(clock_ms() < end_ms, "%zu came back", seen.agent_count);
    }
    CHECK_INT(seen.agent_count, sizeof(message));
    CHECK(memcmp(seen.agent_bytes, message, sizeof(message)) == 0);
    CHECK(seen.rooms > 0); /* 40000 bytes are more than the first tokens */
    end();
}

TEST(agent_send_beyond_the_room_takes_nothing)
{
    static uint8_t much[1 << 20];
    START("--socket", path());
    begin(&(struct spice_server){ .socket_path = path() });
    CHECK_INT(spice_session_agent_send(session, much, 1), -EAGAIN);
    pump_until(loop, &seen.has_agent, 5000, "agent");
    CHECK_INT(spice_session_agent_send(session, much, sizeof(much)), -EAGAIN);
    end();
}

TEST(agent_comes_and_goes)
{
    START("--socket", path(), "--no-agent");
    begin(&(struct spice_server){ .socket_path = path() });
    pump_until(loop, &seen.is_up, 5000, "up");
    CHECK(!seen.has_agent);
    peer_say(&peer, "agent on");
    pump_until(loop, &seen.has_agent, 5000, "agent");
    CHECK(spice_session_agent_room(session) > 0);
    peer_say(&peer, "agent off");
    pump_until(loop, &seen.agent_gone, 5000, "no agent");
    CHECK_INT(spice_session_agent_room(session), 0);
    end();
}

/* ---- TLS ---- */

static char ca_path[128], tls_port_text[8];

static void shell(const char *what)
{
    char command[1024];
    snprintf(command, sizeof(command), "cd %s && ( %s ) >tls.log 2>&1", peer_dir(), what);
    CHECK_MSG(system(command) == 0, "%s", command);
}

/* ca-cert.pem, which this machine does not know. */
static void make_authority(void)
{
    if (access("/usr/bin/openssl", X_OK) != 0)
        SKIP("no openssl program");
    shell("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca-cert.pem -days 2 "
          "-subj '/CN=test authority'");
}

/* Certificates for this name (an openssl subjectAltName), and a server with them. */
static uint16_t start_tls(const char *alt_name)
{
    char sign[512];
    const uint16_t port = free_port();
    make_authority();
    shell("openssl req -x509 -newkey rsa:2048 -nodes -keyout other-key.pem -out other-cert.pem "
          "-days 2 -subj '/CN=test authority'");
    shell("openssl req -newkey rsa:2048 -nodes -keyout server-key.pem -out server.csr "
          "-subj '/C=IL/O=Red Hat/CN=my server'");
    snprintf(sign, sizeof(sign),
             "echo subjectAltName=%s >ext && openssl x509 -req -in server.csr -CA ca-cert.pem "
             "-CAkey ca-key.pem -CAcreateserial -out server-cert.pem -days 2 -extfile ext",
             alt_name);
    shell(sign);
    snprintf(tls_port_text, sizeof(tls_port_text), "%u", port);
    START("--addr", "127.0.0.1", "--tls-port", tls_port_text, "--tls-dir", peer_dir());
    return port;
}

static const char *authority(const char *name)
{
    snprintf(ca_path, sizeof(ca_path), "%s/%s", peer_dir(), name);
    return ca_path;
}

static void tls_refused(const struct spice_server *server, const char *text)
{
    begin(server);
    pump_until(loop, &seen.is_refused, 5000, "refused");
    CHECK_INT(seen.status.fault, SPICE_FAULT_TLS);
    CHECK_MSG(strstr(seen.status.text, text), "%s", seen.status.text);
    end();
}

TEST(tls_with_the_right_authority_and_address)
{
    const uint16_t port = start_tls("IP:127.0.0.1");
    begin(&(struct spice_server){ .tls_port = port, .ca_file = authority("ca-cert.pem") });
    pump_until(loop, &seen.is_up, 5000, "up");
    wait_input();
    spice_session_key(session, 0x1e, true);
    peer_wait(&peer, loop, "key 1e");
    static uint8_t message[20 + 15000];
    pump_until(loop, &seen.has_agent, 5000, "agent");
    clipboard_message(message, sizeof(message) - 20);
    CHECK_INT(spice_session_agent_send(session, message, sizeof(message)), 0);
    const uint64_t end_ms = clock_ms() + 10000;
    while (seen.agent_count < sizeof(message) && clock_ms() < end_ms)
        CHECK(loop_run_once(loop, 5) >= 0);
    CHECK_INT(seen.agent_count, sizeof(message));
    CHECK(memcmp(seen.agent_bytes, message, sizeof(message)) == 0);
    end();
}

TEST(tls_wrong_authority)
{
    const uint16_t port = start_tls("IP:127.0.0.1");
    tls_refused(&(struct spice_server){ .tls_port = port, .ca_file = authority("other-cert.pem") },
                "spice:caFile");
}

TEST(tls_authority_of_the_system_does_not_know_it)
{
    const uint16_t port = start_tls("IP:127.0.0.1");
    tls_refused(&(struct spice_server){ .tls_port = port }, "spice:caFile");
}

TEST(tls_no_authority_file)
{
    const uint16_t port = start_tls("IP:127.0.0.1");
    tls_refused(&(struct spice_server){ .tls_port = port, .ca_file = authority("missing.pem") },
                "missing.pem");
}

TEST(tls_wrong_address)
{
    const uint16_t port = start_tls("IP:127.0.0.2,DNS:elsewhere.example");
    tls_refused(&(struct spice_server){ .tls_port = port, .ca_file = authority("ca-cert.pem") },
                "spice:hostSubject");
}

TEST(tls_subject_instead_of_the_address)
{
    const uint16_t port = start_tls("DNS:elsewhere.example");
    begin(&(struct spice_server){ .tls_port = port,
                                  .ca_file = authority("ca-cert.pem"),
                                  .host_subject = "C=IL, O=Red Hat, CN=my server" });
    pump_until(loop, &seen.is_up, 5000, "up");
    end();
}

TEST(tls_wrong_subject)
{
    const uint16_t port = start_tls("IP:127.0.0.1");
    tls_refused(&(struct spice_server){ .tls_port = port,
                                        .ca_file = authority("ca-cert.pem"),
                                        .host_subject = "C=IL,O=Red Hat,CN=another server" },
                "my server");
}

TEST(tls_with_a_port_without_it)
{
    const uint16_t port = free_port();
    make_authority();
    snprintf(tls_port_text, sizeof(tls_port_text), "%u", port);
    START("--addr", "127.0.0.1", "--port", tls_port_text);
    tls_refused(&(struct spice_server){ .tls_port = port, .ca_file = authority("ca-cert.pem") },
                "is this the port with TLS");
}
