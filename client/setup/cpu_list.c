/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/cpu_list.h"

#include <stdio.h>

/* "first" or "first-last" with what parts it from the one before. */
static size_t put(char *to, size_t room_bytes, const char *before, size_t first, size_t last)
{
    const int n = first == last ? snprintf(to, room_bytes, "%s%zu", before, first)
                                : snprintf(to, room_bytes, "%s%zu-%zu", before, first, last);
    return n > 0 && (size_t)n < room_bytes ? (size_t)n : 0;
}

void cpu_list_text(const struct cpu_set *set, char text[CPU_LIST_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < CPU_SET_MAX; i++) {
        if (!set->has[i])
            continue;
        const size_t first = i;
        while (i + 1 < CPU_SET_MAX && set->has[i + 1])
            i++;
        used += put(text + used, CPU_LIST_BYTES - used, used ? "," : "", first, i);
    }
}

void cpu_list_words(const struct cpu_set *set, char text[CPU_LIST_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < CPU_SET_MAX; i++)
        if (set->has[i])
            used += put(text + used, CPU_LIST_BYTES - used, used ? " " : "", i, i);
}
