/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/spice/pointer.h - SPICE's pointer (a hot spot's place, seven wire forms reduced to
 * three) as the cursor updates that viewers take, merged until they are taken. Embedded; one
 * thread. */
#ifndef ESPELHO_SOURCE_SPICE_POINTER_H
#define ESPELHO_SOURCE_SPICE_POINTER_H

#include <stdbool.h>

#include "kvmfr/cursor.h"
#include "spice/cursor.h"

struct pointer {
    bool pending;
    struct cursor_update update; /* owns its shape while pending */
};

void pointer_init(struct pointer *p);
void pointer_fini(struct pointer *p);
/* A shape that there is no memory for is left out: the last one stays. */
void pointer_set(struct pointer *p, const struct spice_cursor_state *state);
/* The guest is gone: the next update hides the pointer. */
void pointer_hide(struct pointer *p);
bool pointer_take(struct pointer *p, struct cursor_update *out); /* as source_ops.take_cursor */

#endif
