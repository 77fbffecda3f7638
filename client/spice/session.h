/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/session.h - a VM's SPICE session: the main channel, and with it the channels that
 * live on the same loop (inputs, playback, record). Finds, loses and finds again its server by
 * itself, with back-off; SPICE may be absent, late or restarted at any time.
 *
 * Threads: everything on the loop's thread (the viewer's input thread). Display and cursor channels
 * belong to another loop: their owner gets the connection id from on_up by way of the viewer. */
#ifndef ESPELHO_SPICE_SESSION_H
#define ESPELHO_SPICE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"
#include "spice/channel.h"
#include "spice/server.h"

struct spice_session;

enum spice_mouse_mode {
    SPICE_MOUSE_NONE,
    SPICE_MOUSE_RELATIVE, /* "server mode": relative motion reaches the guest, positions do not */
    SPICE_MOUSE_ABSOLUTE, /* "client mode": there is a tablet or an agent; motion is ignored */
};

enum spice_session_state {
    SPICE_SESSION_NONE,
    SPICE_SESSION_CONNECTING,
    SPICE_SESSION_UP,
    SPICE_SESSION_WAITING, /* not there or gone; tried again by itself */
    SPICE_SESSION_REFUSED, /* password, TLS, permission: a person has to do something; tried again
                              seldom, and at once after spice_session_set_password() */
};

struct spice_session_status {
    enum spice_session_state state;
    enum spice_fault fault; /* why WAITING or REFUSED */
    char text[256];         /* one line for a person; "" when UP */
};

/* What the main channel told. */
struct spice_session_info {
    uint32_t connection_id;
    bool has_uuid;
    uint8_t uuid[16]; /* of the VM, bytes as SPICE sends them (RFC 4122 order) */
    char name[128];   /* of the VM, control characters removed; "" if not told */
    bool has_display, has_cursor, has_playback, has_record;
};

struct spice_session_listener { /* every entry is optional; none may destroy the session */
    void (*on_status)(void *ctx, const struct spice_session_status *status);
    /* Main channel is up and the server listed its channels; again when uuid or name come. */
    void (*on_info)(void *ctx, const struct spice_session_info *info);
    void (*on_lost)(void *ctx); /* after on_info: the session is gone, its channels with it */
    void (*on_mouse_mode)(void *ctx, enum spice_mouse_mode mode);
    /* The inputs channel came or went: what was held in the guest by way of it is forgotten. */
    void (*on_input_ready)(void *ctx, bool ready);
    /* The guest's agent came or went (the vdagent port). */
    void (*on_agent)(void *ctx, bool connected);
    /* Bytes from the agent: a stream of VDAgent chunks' payloads, cut anywhere. agent.h puts them
     * together. */
    void (*on_agent_data)(void *ctx, const uint8_t *bytes, size_t count);
    /* More may be given to spice_session_agent_send(). */
    void (*on_agent_room)(void *ctx);
    /* Lock state that the guest's keyboard has now: SPICE_*_LOCK bits of spice_inputs.h. */
    void (*on_guest_locks)(void *ctx, uint32_t locks);
    void *ctx;
};

int spice_session_create(struct loop *loop, const struct spice_server *server,
                         const struct spice_session_listener *listener,
                         struct spice_session **out) MUST_CHECK;
void spice_session_destroy(struct spice_session *session); /* disconnects; NULL is fine */

/* A channel that the session opens whenever it is up and the server offers one of that type, and
 * opens again with back-off when it ends alone. Before the loop runs. `ops` and `ctx` are borrowed.
 */
int spice_session_add_channel(struct spice_session *session, const struct spice_channel_ops *ops,
                              void *ctx) MUST_CHECK;
/* Takes effect at once if the session was refused. The text is copied, and wiped when replaced. */
int spice_session_set_password(struct spice_session *session, const char *password) MUST_CHECK;

/* ---- keyboard and mouse (inputs channel). All silently do nothing while it is not up. ---- */

enum { SPICE_LOCK_SCROLL = 1, SPICE_LOCK_NUM = 2, SPICE_LOCK_CAPS = 4 }; /* as on the wire */
/* Wheel "buttons" included: SPICE_MOUSE_BUTTON_* of spice/enums.h. */

bool spice_session_input_ready(const struct spice_session *session);
/* PC AT set 1 code; extended keys as 0x1xx (right control: 0x11d). Written to the socket before it
 * returns, unless the socket is full. */
void spice_session_key(struct spice_session *session, uint32_t scancode, bool down);
/* Several codes in a row in one write (Pause: e1 1d 45 ...). Raw bytes as the keyboard sends them.
 */
void spice_session_scancodes(struct spice_session *session, const uint8_t *codes, size_t count);
void spice_session_motion(struct spice_session *session, int32_t dx, int32_t dy);
void spice_session_position(struct spice_session *session, uint32_t x_px, uint32_t y_px);
void spice_session_button(struct spice_session *session, uint8_t button, bool down);
void spice_session_set_locks(struct spice_session *session, uint32_t locks);
void spice_session_request_mouse_mode(struct spice_session *session, enum spice_mouse_mode mode);

/* The server's multimedia clock now (ms, wraps); 0 while there is no session. */
uint32_t spice_session_mm_time(const struct spice_session *session);

/* ---- the guest's agent, over the main channel ---- */

/* Bytes of VDAgent chunks' payloads that may be given now (0: no agent, no tokens or a full queue;
 * on_agent_room tells when there is room again). */
size_t spice_session_agent_room(const struct spice_session *session);
/* At most agent_room() bytes; they go out in one or several SPICE_MSGC_MAIN_AGENT_DATA. 0;
 * -EAGAIN. */
int spice_session_agent_send(struct spice_session *session, const void *bytes,
                             size_t count) MUST_CHECK;

#endif
