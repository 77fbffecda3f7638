/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "setup/cpu_choice.h"

enum { CPUS_MAX = 64 };

/* `cores` in caches of `per_cache`; threads of core n: n and n + cores, or 2n and 2n + 1. */
struct shape {
    uint32_t cores, per_cache, threads, efficient; /* efficient: more cores without threads */
    bool beside;
};
struct made {
    struct machine_core core[CPUS_MAX];
    struct machine_cpu cpu;
};

static uint32_t number(const struct shape *s, uint32_t core, uint32_t thread)
{
    return s->beside ? core * s->threads + thread : core + thread * s->cores;
}

static void make(const struct shape *s, struct made *m)
{
    *m = (struct made){ .cpu = { .cores = m->core } };
    for (uint32_t c = 0; c < s->cores; c++)
        for (uint32_t t = 0; t < s->threads; t++) {
            const uint32_t cpu = number(s, c, t);
            struct machine_core *const core = &m->core[cpu];
            *core = (struct machine_core){ .cpu = cpu,
                                           .core = c,
                                           .l3 = number(s, c / s->per_cache * s->per_cache, 0),
                                           .sibling_count = s->threads };
            for (uint32_t i = 0; i < s->threads; i++)
                core->siblings[i] = number(s, c, i);
        }
    const uint32_t fast = s->cores * s->threads;
    for (uint32_t e = 0; e < s->efficient; e++)
        m->core[fast + e] = (struct machine_core){ .cpu = fast + e,
                                                   .core = s->cores + e,
                                                   .siblings = { fast + e },
                                                   .sibling_count = 1,
                                                   .efficient = true };
    m->cpu.core_count = fast + s->efficient;
}

static const struct {
    const char *name;
    struct shape shape;
    uint32_t wish;
    int err;
    const char *vm, *host; /* vm in the guest's order */
    uint32_t caches;
} rows[] = {
    { "nothing known", { 0, 1, 1, 0, false }, 0, -ENOENT, "", "", 0 },
    { "one core", { 1, 1, 2, 0, false }, 0, -ERANGE, "", "", 0 },
    { "all of them", { 4, 4, 2, 0, false }, 4, -ERANGE, "", "", 0 },
    { "far more", { 4, 4, 2, 0, false }, UINT32_MAX, -ERANGE, "", "", 0 },
    { "two cores", { 2, 2, 1, 0, false }, 0, 0, "1 ", "0", 1 },
    { "six of one cache", { 6, 6, 2, 0, false }, 0, 0, "2 8 3 9 4 10 5 11 ", "0-1,6-7", 1 },
    { "threads beside each other", { 4, 4, 2, 0, true }, 0, 0, "4 5 6 7 ", "0-3", 1 },
    { "two CCX: the second", { 8, 4, 2, 0, false }, 0, 0, "4 12 5 13 6 14 7 15 ", "0-3,8-11", 1 },
    { "part of the second", { 8, 4, 1, 0, false }, 2, 0, "6 7 ", "0-5", 1 },
    { "more than one CCX", { 8, 4, 1, 0, false }, 6, 0, "2 3 4 5 6 7 ", "0-1", 2 },
    { "no second threads", { 8, 8, 1, 0, false }, 0, 0, "2 3 4 5 6 7 ", "0-1", 1 },
    { "four CCX of three", { 12, 3, 2, 0, false }, 0, 0, "9 21 10 22 11 23 ", "0-8,12-20", 1 },
    { "two of four CCX",
      { 12, 3, 2, 0, false },
      6,
      0,
      "6 18 7 19 8 20 9 21 10 22 11 23 ",
      "0-5,12-17",
      2 },
    { "a hybrid, unasked", { 6, 6, 2, 8, true }, 0, 0, "4 5 6 7 8 9 10 11 ", "0-3,12-19", 1 },
    { "all fast ones of a hybrid", { 8, 8, 2, 16, true }, 8, -ERANGE, "", "", 0 },
    { "efficient ones alone", { 0, 1, 1, 4, false }, 0, 0, "2 3 ", "0-1", 1 },
    { "fast ones of a hybrid", { 4, 4, 2, 4, true }, 3, 0, "2 3 4 5 6 7 ", "0-1,8-11", 1 },
};

TEST(whole_cores_of_few_caches)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made m;
        static struct cpu_choice choice;
        char vm[256] = "", host[CPU_LIST_BYTES];
        make(&rows[i].shape, &m);
        const int err = cpu_choose(&m.cpu, rows[i].wish, &choice);
        const uint32_t most = cpu_choice_most(&m.cpu);
        CHECK_MSG(err != 0 || choice.cores <= most, "%s", rows[i].name);
        CHECK_MSG(err != -ERANGE || rows[i].wish == 0 || rows[i].wish > most, "%s", rows[i].name);
        CHECK_MSG(err == rows[i].err, "%s: %d", rows[i].name, err);
        if (err < 0)
            continue;
        for (size_t k = 0; k < choice.vm_count; k++)
            snprintf(vm + strlen(vm), sizeof(vm) - strlen(vm), "%" PRIu32 " ", choice.vm[k]);
        cpu_list_text(&choice.host_set, host);
        CHECK_STR(vm, rows[i].vm);
        CHECK_STR(host, rows[i].host);
        CHECK_INT(choice.caches, rows[i].caches);
        CHECK_INT(choice.cores * choice.threads, choice.vm_count);
    }
}

TEST(lists_are_written_as_the_kernel_does)
{
    static struct cpu_set set;
    char text[CPU_LIST_BYTES];
    cpu_list_text(&set, text);
    CHECK_STR(text, "");
    set.has[0] = set.has[2] = set.has[3] = set.has[CPU_SET_MAX - 1] = true;
    cpu_list_text(&set, text);
    CHECK_STR(text, "0,2-3,1023");
    cpu_list_words(&set, text);
    CHECK_STR(text, "0 2 3 1023");
    for (size_t i = 0; i < CPU_SET_MAX; i++) /* the longest list */
        set.has[i] = i % 2;
    cpu_list_text(&set, text);
    CHECK(strlen(text) < CPU_LIST_BYTES && strstr(text, ",1021,1023"));
}
