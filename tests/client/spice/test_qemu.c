/* SPDX-License-Identifier: GPL-2.0-or-later
 * The session against the product's real peer: QEMU, with a machine that is stopped. */
#include "test.h"

#include <unistd.h>

#include "base/clock.h"
#include "client/spice/peer.h"
#include "spice/session.h"

#define UUID_TEXT "00112233-4455-6677-8899-aabbccddeeff"

struct seen {
    struct spice_session_status status;
    bool is_up, is_waiting, is_refused, has_uuid, is_absolute, is_relative;
    struct spice_session_info info;
};

static struct peer peer;
static struct seen seen;
static struct loop *loop;
static struct spice_session *session;
static char path[128];

static void on_status(void *ctx, const struct spice_session_status *status)
{
    (void)ctx;
    seen.status = *status;
    seen.is_up = status->state == SPICE_SESSION_UP;
    seen.is_waiting = status->state == SPICE_SESSION_WAITING;
    seen.is_refused = status->state == SPICE_SESSION_REFUSED;
}

static void on_info(void *ctx, const struct spice_session_info *info)
{
    (void)ctx;
    seen.info = *info;
    seen.has_uuid = info->has_uuid;
}

static void on_mouse_mode(void *ctx, enum spice_mouse_mode mode)
{
    (void)ctx;
    seen.is_absolute = mode == SPICE_MOUSE_ABSOLUTE;
    seen.is_relative = mode == SPICE_MOUSE_RELATIVE;
}

static void start_qemu(const char *auth)
{
    static char spice[256];
    if (access("/usr/bin/qemu-system-x86_64", X_OK) != 0)
        SKIP("no qemu-system-x86_64");
    snprintf(path, sizeof(path), "%s/qemu.sock", peer_dir());
    unlink(path);
    snprintf(spice, sizeof(spice), "unix=on,addr=%s,%s", path, auth);
    const char *const arguments[] = {
        "-accel",    "tcg",     "-S",         "-nodefaults", "-display",
        "none",      "-vga",    "std",        "-m",          "64",
        "-name",     "Lisboa",  "-uuid",      UUID_TEXT,     "-device",
        "qemu-xhci", "-device", "usb-tablet", "-object",     "secret,id=pw,data=hunter2",
        "-spice",    spice,     NULL
    };
    peer_start_program(&peer, "qemu-system-x86_64", arguments);
}

static void begin(const char *password)
{
    const struct spice_session_listener listener = { .on_status = on_status,
                                                     .on_info = on_info,
                                                     .on_mouse_mode = on_mouse_mode };
    const struct spice_server server = { .socket_path = path, .password = password };
    CHECK_INT(loop_create(&loop), 0);
    CHECK_INT(spice_session_create(loop, &server, &listener, &session), 0);
}

static void end(void)
{
    spice_session_destroy(session);
    loop_destroy(loop);
    peer_kill(&peer);
}

TEST(qemu_tells_who_it_is_and_takes_input)
{
    start_qemu("disable-ticketing=on");
    begin(NULL);
    pump_until(loop, &seen.is_up, 30000, "up");
    pump_until(loop, &seen.has_uuid, 5000, "uuid");
    CHECK_INT(seen.info.uuid[1], 0x11);
    CHECK_INT(seen.info.uuid[15], 0xff);
    CHECK_STR(seen.info.name, "Lisboa");
    CHECK(seen.info.has_display && seen.info.has_cursor);
    pump_until(loop, &seen.is_relative, 5000, "a mouse mode");
    const uint64_t end_ms = clock_ms() + 5000;
    while (!spice_session_input_ready(session) && clock_ms() < end_ms)
        CHECK(loop_run_once(loop, 10) >= 0);
    CHECK(spice_session_input_ready(session));
    spice_session_key(session, 0x1e, true);
    spice_session_motion(session, 1, 1);
    pump_for(loop, 100);
    CHECK(seen.is_up);
    end();
}

TEST(qemu_password_wrong_then_right)
{
    start_qemu("password-secret=pw");
    begin("swordfish");
    pump_until(loop, &seen.is_refused, 30000, "refused");
    CHECK_INT(seen.status.fault, SPICE_FAULT_PASSWORD);
    CHECK_INT(spice_session_set_password(session, "hunter2"), 0);
    pump_until(loop, &seen.is_up, 5000, "up");
    end();
}

TEST(qemu_killed_and_started_again)
{
    start_qemu("disable-ticketing=on");
    begin(NULL);
    pump_until(loop, &seen.is_up, 30000, "up");
    peer_kill(&peer);
    pump_until(loop, &seen.is_waiting, 5000, "waiting");
    start_qemu("disable-ticketing=on");
    pump_until(loop, &seen.is_up, 30000, "up again");
    end();
}
