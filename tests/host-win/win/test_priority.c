/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/priority.h"

#include <pthread.h>
#include <windows.h>

#include "test.h"

static void *raise_copy(void *arg)
{
    bool *multimedia = arg;
    *multimedia = priority_enter_thread(true);
    CHECK(*multimedia || GetThreadPriority(GetCurrentThread()) == THREAD_PRIORITY_ABOVE_NORMAL);
    return NULL;
}

TEST(priorities_are_raised)
{
    pthread_t thread;
    bool multimedia;
    priority_enter_process();
    CHECK_INT(GetPriorityClass(GetCurrentProcess()), HIGH_PRIORITY_CLASS);
    multimedia = priority_enter_thread(false);
    CHECK(multimedia || GetThreadPriority(GetCurrentThread()) == THREAD_PRIORITY_HIGHEST);
    CHECK_INT(pthread_create(&thread, NULL, raise_copy, &multimedia), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
}
