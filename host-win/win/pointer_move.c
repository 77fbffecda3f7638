/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/pointer_move.h"

#include <errno.h>
#include <stdbool.h>
#include <windows.h>

#include "win/pointer_place.h"

/* As a device would do it: works where SetCursorPos() is refused because a program holds the
 * pointer. */
static bool send_position(int32_t x_px, int32_t y_px)
{
    const int32_t width_px = GetSystemMetrics(SM_CXVIRTUALSCREEN),
                  height_px = GetSystemMetrics(SM_CYVIRTUALSCREEN);
    if (width_px <= 0 || height_px <= 0)
        return false;
    INPUT input = {
        .type = INPUT_MOUSE,
        .mi = { .dx = pointer_place(x_px, GetSystemMetrics(SM_XVIRTUALSCREEN), width_px),
                .dy = pointer_place(y_px, GetSystemMetrics(SM_YVIRTUALSCREEN), height_px),
                .dwFlags = MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK },
    };
    return SendInput(1, &input, sizeof(input)) == 1;
}

int pointer_move_to(int32_t x_px, int32_t y_px)
{
    return SetCursorPos(x_px, y_px) || send_position(x_px, y_px) ? 0 : -EACCES;
}
