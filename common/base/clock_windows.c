/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <windows.h>

uint64_t clock_ns_of_counter(int64_t count)
{
    LARGE_INTEGER per_second;
    QueryPerformanceFrequency(&per_second); /* constant since boot, cheap */
    const uint64_t ticks = (uint64_t)count;
    const uint64_t hz = (uint64_t)per_second.QuadPart;
    return ticks / hz * NS_PER_S + ticks % hz * NS_PER_S / hz;
}

uint64_t clock_ns(void)
{
    LARGE_INTEGER count;
    QueryPerformanceCounter(&count);
    return clock_ns_of_counter(count.QuadPart);
}

void clock_sleep_until_ns(uint64_t deadline_ns)
{
    for (uint64_t now_ns = clock_ns(); now_ns < deadline_ns; now_ns = clock_ns())
        Sleep((DWORD)((deadline_ns - now_ns) / NS_PER_MS));
}
