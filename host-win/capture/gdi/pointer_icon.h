/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/gdi/pointer_icon.h - where the system's pointer is and what it looks like.
 * Embedded; capture thread. Windows only. */
#ifndef ESPELHO_CAPTURE_GDI_POINTER_ICON_H
#define ESPELHO_CAPTURE_GDI_POINTER_ICON_H

#include <windows.h>

#include "capture/capture.h"

struct pointer_icon {
    bool known;
    POINT at; /* the hot spot, in the virtual desktop */
    bool visible;
    HCURSOR handle; /* whose shape is in `shape`; the system's */
    struct cursor_shape shape;
};

void pointer_icon_fini(struct pointer_icon *p);
/* Everything counts as news the next time. */
void pointer_icon_forget(struct pointer_icon *p);
/* Looks at the pointer. True: *out is news since the last look. Where the system does not tell the
 * bitmap of a cursor (another user's, some drivers'), the ordinary arrow stands for it. Positions
 * are against `origin`. */
bool pointer_icon_look(struct pointer_icon *p, POINT origin, struct capture_pointer *out);

#endif
