/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/box.h - frames of a host with a mailbox (docs/extensions.md section 4): which
 * one is the newest, and whose buffers we hold.
 *
 * No message protects such a frame, a holding word does, for as long as its reader needs: so
 * messages can be finished at once, and the host never waits. There are two words: one frame kept
 * by the GPU or the compositor, and one taken after it. Threads: the render thread. Embedded; the
 * client is borrowed. */
#ifndef ESPELHO_SOURCE_RELAY_BOX_H
#define ESPELHO_SOURCE_RELAY_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/client_extension.h"

struct box {
    struct kvmfr_client *client; /* NULL: not connected */
    uint64_t seen;               /* the mailbox at the last box_look(); 0: not in force */
    uint64_t taken;              /* of the frame that was taken last */
    int hold;                    /* its holding word; -1: given back, or kept */
    uint32_t token[KVMFR_HOLDS]; /* of kept frames; 0: not kept */
};

void box_restart(struct box *b, struct kvmfr_client *client);
/* Looks at the mailbox: how many serials it went on; 0: nothing new, or not in force. */
uint32_t box_look(struct box *b);
/* Is the mailbox another one than box_look() saw? */
bool box_changed(const struct box *b);
/* The newest frame, held until box_give_back() or box_keep(). EMPTY also while both words are used.
 */
enum kvmfr_read box_take(struct box *b, struct frame_view *out) MUST_CHECK;
/* After the copy: are the pixels those of `view`? */
bool box_intact(const struct box *b, const struct frame_view *view);
void box_give_back(struct box *b);
/* The taken frame stays held under `token`. */
void box_keep(struct box *b, uint32_t token);
bool box_release(struct box *b, uint32_t token); /* false: not one of ours */

#endif
