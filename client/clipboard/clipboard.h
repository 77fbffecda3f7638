/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/clipboard.h - one clipboard for guest and desktop.
 *
 * Both ways lazily: a copy on one side only tells the other side which types there are; the data
 * moves when somebody pastes. Rules that keep it private and whole:
 * - The guest gets data only while the window has the keyboard focus, only of the types that the
 *   desktop offers now, and only if config.to_guest. Anything else is answered with "nothing".
 * - Data that nobody here asked for is dropped. What the guest sends reaches a pasting program only
 *   when it is complete: a guest that dies in the middle gives an empty paste, never half a one. (A
 *   Wayland reader cannot be told of an error otherwise.)
 * - What a program here had offered is refused to the guest when its owner changes in the middle.
 * - One transfer per direction and selection; more wait, and beyond a limit they are refused.
 * - When both sides copy at the same time the desktop wins, if the agent numbers its grabs.
 * Text: UTF-8; line ends become CR LF for a guest whose agent says so, and LF here.
 * Memory: at most config.limit_bytes per transfer, twice that for programs here that read slowly.
 *
 * Threads: the loop's (input) thread, which gets SIGPIPE blocked. The desktop is reached through
 * struct clipboard_desktop (display/selection.h fits); it and the agent are borrowed and outlive
 * this. */
#ifndef ESPELHO_CLIPBOARD_CLIPBOARD_H
#define ESPELHO_CLIPBOARD_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "clipboard/report.h"
#include "display/selection.h"
#include "loop/loop.h"
#include "spice/agent.h"

struct clipboard;

struct clipboard_config {
    uint64_t limit_bytes; /* of one paste; at most CLIPBOARD_LIMIT_MAX_BYTES */
    bool to_guest, to_host;
    bool primary;        /* the primary selection as well */
    uint32_t timeout_ms; /* of a peer that does not go on; 0: CLIPBOARD_TIMEOUT_MS */
};
#define CLIPBOARD_LIMIT_MAX_BYTES (UINT64_C(1) << 30)
#define CLIPBOARD_TIMEOUT_MS      20000u

struct clipboard_desktop { /* as selection_offer(), _clear() and _receive() */
    int (*offer)(void *ctx, enum selection_kind kind, const char *const *mimes, size_t count);
    void (*clear)(void *ctx, enum selection_kind kind);
    int (*receive)(void *ctx, enum selection_kind kind, const char *mime, int *out_fd);
    void *ctx;
};

int clipboard_create(struct loop *loop, struct spice_agent *agent,
                     const struct clipboard_desktop *desktop, const struct clipboard_config *config,
                     const struct transfer_listener *listener, struct clipboard **out) MUST_CHECK;
/* Before the agent is destroyed, or after: data that the agent still holds is let go by itself. */
void clipboard_destroy(struct clipboard *clipboard);

/* ---- from the agent: see struct spice_agent_listener ---- */
void clipboard_on_ready(struct clipboard *clipboard, bool ready);
void clipboard_on_grab(struct clipboard *clipboard, uint32_t selection, const uint32_t *types,
                       size_t count);
void clipboard_on_release(struct clipboard *clipboard, uint32_t selection);
void clipboard_on_request(struct clipboard *clipboard, uint32_t selection, uint32_t type);
bool clipboard_on_data_begin(struct clipboard *clipboard, uint32_t selection, uint32_t type,
                             uint32_t total_bytes);
void clipboard_on_data(struct clipboard *clipboard, const uint8_t *bytes, size_t count);
void clipboard_on_data_end(struct clipboard *clipboard);
void clipboard_on_room(struct clipboard *clipboard);

/* ---- from the desktop: see struct selection_listener ---- */
void clipboard_on_offer(struct clipboard *clipboard, enum selection_kind kind,
                        const char *const *mimes, size_t count);
void clipboard_on_paste(struct clipboard *clipboard, enum selection_kind kind, const char *mime,
                        int fd); /* fd: owned here from now on */
void clipboard_on_lost(struct clipboard *clipboard, enum selection_kind kind);
void clipboard_on_focus(struct clipboard *clipboard, bool focused);

#endif
