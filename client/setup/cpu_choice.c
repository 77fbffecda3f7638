/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/cpu_choice.h"

#include <errno.h>
#include <string.h>

/* A physical core, by its first thread. */
struct core {
    const struct machine_core *first;
};
struct cores {
    struct core core[CPU_SET_MAX];
    size_t count;
};

static bool is_first_thread(const struct machine_core *c)
{
    for (uint32_t i = 0; i < c->sibling_count; i++)
        if (c->siblings[i] < c->cpu)
            return false;
    return true;
}

static bool is_hybrid(const struct machine_cpu *cpu)
{
    bool fast = false, efficient = false;
    for (size_t i = 0; i < cpu->core_count; i++) {
        fast = fast || !cpu->cores[i].efficient;
        efficient = efficient || cpu->cores[i].efficient;
    }
    return fast && efficient;
}

/* Those that a VM may have, sorted by L3 and number: the host's core is the first. */
static void collect(const struct machine_cpu *cpu, struct cores *out)
{
    const bool hybrid = is_hybrid(cpu);
    for (size_t i = 0; i < cpu->core_count && out->count < CPU_SET_MAX; i++) {
        const struct machine_core *const c = &cpu->cores[i];
        if (c->cpu >= CPU_SET_MAX || !is_first_thread(c) || (hybrid && c->efficient))
            continue;
        size_t at = out->count++;
        for (; at > 0 && out->core[at - 1].first->l3 > c->l3; at--)
            out->core[at] = out->core[at - 1];
        out->core[at].first = c;
    }
}

/* Cores of the last cache. */
static size_t last_cache(const struct cores *cores)
{
    size_t n = 0;
    const uint32_t l3 = cores->core[cores->count - 1].first->l3;
    while (n < cores->count && cores->core[cores->count - 1 - n].first->l3 == l3)
        n++;
    return n;
}

static size_t usual_count(const struct cores *cores)
{
    const size_t last = last_cache(cores);
    if (last < cores->count)
        return last;
    return cores->count > 3 ? cores->count - 2 : cores->count - 1;
}

static uint32_t thread_count(const struct machine_core *c)
{
    return c && c->sibling_count ? c->sibling_count : 1;
}

static void give(const struct machine_core *c, uint32_t threads, struct cpu_choice *out)
{
    for (uint32_t t = 0; t < threads; t++) {
        const uint32_t cpu = c->sibling_count ? c->siblings[t] : c->cpu;
        if (cpu >= CPU_SET_MAX || out->vm_count == CPU_SET_MAX)
            continue;
        out->vm[out->vm_count++] = cpu;
        out->vm_set.has[cpu] = true;
    }
}

static void split_sets(const struct machine_cpu *cpu, struct cpu_choice *out)
{
    for (size_t i = 0; i < cpu->core_count; i++) {
        const uint32_t n = cpu->cores[i].cpu;
        if (n >= CPU_SET_MAX)
            continue;
        out->all_set.has[n] = true;
        out->host_set.has[n] = !out->vm_set.has[n];
    }
}

uint32_t cpu_choice_most(const struct machine_cpu *cpu)
{
    struct cores all = { .count = 0 };
    collect(cpu, &all);
    return all.count > 0 ? (uint32_t)all.count - 1 : 0;
}

int cpu_choose(const struct machine_cpu *cpu, uint32_t cores, struct cpu_choice *out)
{
    static const struct cpu_choice none = { .vm_count = 0 };
    struct cores all = { .count = 0 };
    collect(cpu, &all);
    if (all.count == 0)
        return -ENOENT;
    const size_t want = cores ? cores : usual_count(&all);
    if (want == 0 || want >= all.count)
        return -ERANGE;
    *out = none;
    out->cores = (uint32_t)want;
    const size_t from = all.count - want;
    out->threads = thread_count(all.core[from].first);
    for (size_t i = from; i < all.count; i++)
        if (thread_count(all.core[i].first) < out->threads)
            out->threads = thread_count(all.core[i].first);
    for (size_t i = from; i < all.count; i++) {
        give(all.core[i].first, out->threads, out);
        out->caches += i == from || all.core[i].first->l3 != all.core[i - 1].first->l3;
    }
    split_sets(cpu, out);
    return 0;
}
