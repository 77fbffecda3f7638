/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/attention.h"

#include <windows.h>

#include "kvmfr/frame.h"
#include "test.h"

enum { SHELL_FLASH = 0x8006, SHELL_ACTIVATED = 4 };

/* What a shell would send. */
static void from_the_shell(WPARAM what)
{
    HWND window = FindWindowW(L"EspelhoAttention", NULL);
    CHECK(window);
    SendMessageW(window, RegisterWindowMessageW(L"SHELLHOOK"), what, 0);
}

TEST(a_flash_is_told_once)
{
    struct attention *a;
    CHECK_INT(attention_create(false, true, &a), 0);
    CHECK_INT(attention_frame_flags(a), 0);
    from_the_shell(SHELL_ACTIVATED);
    CHECK_INT(attention_frame_flags(a), 0);
    from_the_shell(SHELL_FLASH);
    from_the_shell(SHELL_FLASH);
    CHECK_INT(attention_frame_flags(a), FRAME_FLAG_REQUEST_ACTIVATION);
    CHECK_INT(attention_frame_flags(a), 0);
    attention_destroy(a);
    CHECK(!FindWindowW(L"EspelhoAttention", NULL));
}

TEST(several_in_turn)
{
    for (int i = 0; i < 20; i++) {
        struct attention *a;
        CHECK_INT(attention_create(i % 2, true, &a), 0);
        from_the_shell(SHELL_FLASH);
        CHECK(attention_frame_flags(a) & FRAME_FLAG_REQUEST_ACTIVATION);
        attention_destroy(a);
    }
    attention_destroy(NULL);
}

TEST(what_is_off_does_nothing)
{
    struct attention *a;
    CHECK_INT(attention_create(false, false, &a), 0);
    CHECK(!FindWindowW(L"EspelhoAttention", NULL));
    SetThreadExecutionState(ES_CONTINUOUS | ES_DISPLAY_REQUIRED);
    CHECK_INT(attention_frame_flags(a), 0);
    SetThreadExecutionState(ES_CONTINUOUS);
    attention_destroy(a);
}

/* Wine answers the question, but never with a display that is needed. */
TEST(the_screensaver_is_asked_for)
{
    struct attention *a;
    CHECK_INT(attention_create(true, false, &a), 0);
    CHECK_INT(attention_frame_flags(a) & FRAME_FLAG_REQUEST_ACTIVATION, 0);
    attention_destroy(a);
}
