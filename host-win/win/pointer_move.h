/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/pointer_move.h - puts the pointer somewhere, because a viewer asks for it. Windows.
 * Any thread of a process that is aware of each monitor's resolution. */
#ifndef ESPELHO_WIN_POINTER_MOVE_H
#define ESPELHO_WIN_POINTER_MOVE_H

#include <stdint.h>

#include "base/macros.h"

/* The hot spot to a pixel of the virtual desktop, whose (0, 0) is the primary monitor's corner;
 * what is outside goes to the nearest edge, as Windows does it. 0; -EACCES: another desktop has the
 * input and both ways were refused. */
int pointer_move_to(int32_t x_px, int32_t y_px) MUST_CHECK;

#endif
