/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/desktop.h"

#include <pthread.h>
#include <windows.h>

#include "test.h"

static void *enter_and_leave(void *arg)
{
    struct desktop d;
    HDESK before = GetThreadDesktop(GetCurrentThreadId());
    desktop_init(&d);
    for (int i = 0; i < 200; i++) /* no handle is lost on the way */
        CHECK_INT(desktop_enter(&d), 0);
    CHECK(GetThreadDesktop(GetCurrentThreadId()) == (HDESK)d.handle);
    CHECK_STR(d.name, "Default");
    CHECK(!desktop_is_secure(&d));
    desktop_leave(&d);
    CHECK(!d.handle && GetThreadDesktop(GetCurrentThreadId()) == before);
    desktop_leave(&d);
    return arg;
}

TEST(a_thread_enters_the_input_desktop)
{
    pthread_t thread;
    DWORD before = 0, after = 0;
    CHECK_INT(pthread_create(&thread, NULL, enter_and_leave, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &before));
    CHECK_INT(pthread_create(&thread, NULL, enter_and_leave, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &after));
    CHECK_MSG(after <= before + 5, "%lu handles became %lu", before, after);
}

TEST(the_secure_desktop_is_known_by_its_name)
{
    struct desktop d = { .name = "Winlogon" };
    CHECK(desktop_is_secure(&d));
}
