/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/pointer_move.h"

#include <windows.h>

#include "test.h"

/* Wine moves the X server's pointer only while it has a window. */
static void have_window(void)
{
    CHECK(CreateWindowExW(0, L"STATIC", L"", WS_POPUP | WS_VISIBLE, 0, 0, 64, 64, NULL, NULL, NULL,
                          NULL));
}

static void expect_at(LONG x, LONG y)
{
    POINT at;
    CHECK(GetCursorPos(&at));
    CHECK_MSG(at.x == x && at.y == y, "at %ld, %ld and not %ld, %ld", at.x, at.y, x, y);
}

TEST(pointer_goes_where_it_is_told)
{
    have_window();
    static const POINT rows[] = { { 0, 0 }, { 17, 300 }, { 640, 360 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(pointer_move_to(rows[i].x, rows[i].y), 0);
        expect_at(rows[i].x, rows[i].y);
    }
}

TEST(pointer_outside_goes_to_the_edge)
{
    have_window();
    CHECK_INT(pointer_move_to(INT32_MIN, INT32_MIN), 0);
    expect_at(0, 0);
    CHECK_INT(pointer_move_to(INT32_MAX, INT32_MAX), 0);
    expect_at(GetSystemMetrics(SM_CXSCREEN) - 1, GetSystemMetrics(SM_CYSCREEN) - 1);
}
