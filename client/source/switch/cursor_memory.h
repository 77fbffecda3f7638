/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/switch/cursor_memory.h - all that a source said about its pointer, to say it again
 * after a switch. Embedded; one thread. */
#ifndef ESPELHO_SOURCE_SWITCH_CURSOR_MEMORY_H
#define ESPELHO_SOURCE_SWITCH_CURSOR_MEMORY_H

#include "kvmfr/cursor.h"

struct cursor_memory {        /* all zero: nothing was said */
    struct cursor_update all; /* owns its shape */
};

void cursor_memory_fini(struct cursor_memory *m);
/* Remembers an update; a shape is copied (one that there is no memory for is forgotten). */
void cursor_memory_add(struct cursor_memory *m, const struct cursor_update *update);
/* Everything at once; the caller owns the copy of the shape. */
void cursor_memory_tell(const struct cursor_memory *m, struct cursor_update *out);

#endif
