/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/exchange.h - what goes between desktop and guest besides keys and pictures:
 * clipboard, dropped files, the resolution; the parts of this folder, display/selection.h and
 * spice/agent.h put together for one VM.
 *
 * Threads: everything on the input thread; callbacks come there. */
#ifndef ESPELHO_CLIPBOARD_EXCHANGE_H
#define ESPELHO_CLIPBOARD_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "clipboard/clipboard.h"
#include "clipboard/report.h"
#include "loop/loop.h"
#include "spice/agent.h"

struct exchange;
struct seat_native;

struct exchange_config {
    struct clipboard_config clipboard; /* both directions off: no clipboard */
    bool file_transfer;
};

/* `native`: borrowed, outlives this; NULL: no desktop yet (only the resolution is exchanged).
 * `port`: usually spice_session_agent_room() and _agent_send(). */
int exchange_create(struct loop *loop, const struct spice_agent_port *port,
                    const struct seat_native *native, const struct exchange_config *config,
                    const struct transfer_listener *listener, struct exchange **out) MUST_CHECK;
void exchange_destroy(struct exchange *exchange); /* NULL is fine */

/* For the same entries of struct spice_session_listener: on_agent, on_agent_data, on_agent_room. */
void exchange_on_agent(struct exchange *exchange, bool connected);
void exchange_on_agent_data(struct exchange *exchange, const uint8_t *bytes, size_t count);
void exchange_on_agent_room(struct exchange *exchange);

/* The guest should have this resolution; the caller debounces. */
void exchange_set_resolution(struct exchange *exchange, uint32_t width_px, uint32_t height_px);
/* Ends the file transfers that go on. False: there are none. */
bool exchange_cancel_files(struct exchange *exchange);

#endif
