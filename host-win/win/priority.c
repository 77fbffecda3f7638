/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/priority.h"

#include <windows.h>

#include <timeapi.h>

#define FIND(module, type, name) (type)(void *) GetProcAddress((module), (name))

/* Of Windows 10 1709 and Windows 11; not in mingw-w64's headers. */
struct power_throttling {
    ULONG version, control_mask, state_mask;
};
enum {
    PROCESS_POWER_THROTTLING = 4, /* enum PROCESS_INFORMATION_CLASS */
    THROTTLING_VERSION = 1,
    THROTTLING_EXECUTION_SPEED = 1,
    THROTTLING_IGNORE_TIMER = 4,
};

/* Says that it wants to control `what`, and that it is off. */
static void no_throttling(ULONG what)
{
    typedef BOOL(WINAPI * set_information)(HANDLE, int, void *, DWORD);
    const set_information call =
        FIND(GetModuleHandleW(L"kernel32.dll"), set_information, "SetProcessInformation");
    struct power_throttling off = { .version = THROTTLING_VERSION, .control_mask = what };
    if (call)
        call(GetCurrentProcess(), PROCESS_POWER_THROTTLING, &off, sizeof(off));
}

void priority_enter_process(void)
{
    SetPriorityClass(GetCurrentProcess(), HIGH_PRIORITY_CLASS);
    timeBeginPeriod(1); /* until the process ends */
    /* One by one: an older Windows refuses the second, and would refuse both. */
    no_throttling(THROTTLING_EXECUTION_SPEED);
    no_throttling(THROTTLING_IGNORE_TIMER);
}

static bool enter_multimedia_class(int relative)
{
    typedef HANDLE(WINAPI * set_class)(LPCWSTR, DWORD *);
    typedef BOOL(WINAPI * set_relative)(HANDLE, int);
    /* Stays loaded: the class lasts as long as the thread. */
    HMODULE avrt = LoadLibraryExW(L"avrt.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!avrt)
        return false;
    const set_class set = FIND(avrt, set_class, "AvSetMmThreadCharacteristicsW");
    const set_relative adjust = FIND(avrt, set_relative, "AvSetMmThreadPriority");
    DWORD index = 0;
    HANDLE task = set ? set(L"Capture", &index) : NULL;
    if (!task)
        return false;
    if (adjust)
        adjust(task, relative);
    return true;
}

bool priority_enter_thread(bool copy)
{
    enum { NORMAL = 0, HIGH = 1 }; /* of AVRT_PRIORITY */
    if (enter_multimedia_class(copy ? NORMAL : HIGH))
        return true;
    SetThreadPriority(GetCurrentThread(),
                      copy ? THREAD_PRIORITY_ABOVE_NORMAL : THREAD_PRIORITY_HIGHEST);
    return false;
}
