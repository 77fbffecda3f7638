/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/spice/spice_source.h - the source that shows what QEMU's SPICE server shows:
 * firmware, boot, a guest without the host program.
 *
 * It owns the display and cursor channels, on the loop of the render thread. The main channel lives
 * elsewhere (session.h, input thread): the viewer carries its connection id over here. Channels are
 * open while there is a session and the picture is wanted; lost ones are opened again with
 * back-off. Status: CONNECTED with session NULL when there is a picture. Threads: render thread,
 * except source_ops' local_input (which does nothing). */
#ifndef ESPELHO_SOURCE_SPICE_SPICE_SOURCE_H
#define ESPELHO_SOURCE_SPICE_SPICE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"
#include "spice/server.h"

/* `server` is borrowed and outlives the source. Wanted at first, without a session. 0 or -errno. */
int spice_source_create(struct loop *loop, const struct spice_server *server,
                        const struct source_listener *listener, struct source **out) MUST_CHECK;
/* The main channel is up (its connection id, and what the server offers) or gone (0). Another id
 * than before: all channels are opened anew. */
void spice_source_set_session(struct source *self, uint32_t connection_id, bool has_display,
                              bool has_cursor);
/* Why there is no session, one line for a person; NULL or "": nothing is known. Copied. */
void spice_source_set_problem(struct source *self, const char *text);
/* False: the channels are closed, and cost the guest and us nothing. True: they are opened, or if
 * they are open already, the whole picture is given anew. */
void spice_source_want(struct source *self, bool want);

/* The size of the VM's emulated display as last seen, also after its channel was closed; 0, 0:
 * never seen. Positions of an absolute pointer count in it. */
void spice_source_get_size(struct source *self, uint32_t *width_px, uint32_t *height_px);

#endif
