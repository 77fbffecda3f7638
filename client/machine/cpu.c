/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine_private.h"

#define CPU_FOLDER "/sys/devices/system/cpu"

enum { CPUS_MAX = 8192, CACHES_MAX = 5 /* index0 to index4 */, UNKNOWN = UINT32_MAX };

/* ---- lists ---- */

void cpu_list_each(const char *list, uint32_t limit, void (*on_cpu)(void *ctx, uint32_t cpu),
                   void *ctx)
{
    uint64_t left = 2 * (uint64_t)limit;
    while (isdigit((unsigned char)*list)) {
        char *end;
        const unsigned long first = strtoul(list, &end, 10);
        unsigned long last = first;
        if (*end == '-' && isdigit((unsigned char)end[1]))
            last = strtoul(end + 1, &end, 10);
        for (unsigned long n = first; n <= last && n < limit && left > 0; n++, left--)
            on_cpu(ctx, (uint32_t)n);
        if (last >= limit || left == 0)
            return;
        list = *end == ',' ? end + 1 : "";
    }
}

static void each_in_file(struct root *root, const char *path,
                         void (*on_cpu)(void *ctx, uint32_t cpu), void *ctx)
{
    autofree char *text = NULL;
    if (root_read(root, path, &text, NULL) == 0)
        cpu_list_each(text, CPUS_MAX, on_cpu, ctx);
}

static void keep_lowest(void *ctx, uint32_t cpu)
{
    uint32_t *const lowest = ctx;
    if (cpu < *lowest)
        *lowest = cpu;
}

/* ---- one CPU ---- */

static void add_sibling(void *ctx, uint32_t cpu)
{
    struct machine_core *const core = ctx;
    if (core->sibling_count < ARRAY_LEN(core->siblings))
        core->siblings[core->sibling_count++] = cpu;
}

static uint32_t number_in(struct root *root, const char *base, const char *name, uint32_t otherwise)
{
    char path[192];
    uint64_t number;
    snprintf(path, sizeof(path), "%s/%s", base, name);
    if (root_read_number(root, path, &number) < 0 || number > UINT32_MAX)
        return otherwise;
    return (uint32_t)number;
}

static uint32_t lowest_of_l3(struct root *root, const char *base)
{
    char level[32], path[160];
    uint32_t lowest = UNKNOWN;
    for (unsigned int i = 0; i < CACHES_MAX && lowest == UNKNOWN; i++) {
        snprintf(level, sizeof(level), "cache/index%u/level", i);
        snprintf(path, sizeof(path), "%s/cache/index%u/shared_cpu_list", base, i);
        if (number_in(root, base, level, 0) == 3)
            each_in_file(root, path, keep_lowest, &lowest);
    }
    return lowest;
}

static uint32_t numa_node_of(struct root *root, const char *base)
{
    autofree struct root_names *names = NULL;
    unsigned int node;
    if (root_list(root, base, &names) < 0)
        return 0;
    for (size_t i = 0; i < names->count; i++)
        if (sscanf(names->name[i], "node%5u", &node) == 1)
            return node;
    return 0;
}

static void load_core(struct root *root, struct machine_core *core)
{
    char base[96], path[160];
    snprintf(base, sizeof(base), CPU_FOLDER "/cpu%u", core->cpu);
    core->core = number_in(root, base, "topology/core_id", core->cpu);
    core->package = number_in(root, base, "topology/physical_package_id", 0);
    core->l3 = lowest_of_l3(root, base);
    core->numa_node = numa_node_of(root, base);
    snprintf(path, sizeof(path), "%s/topology/thread_siblings_list", base);
    each_in_file(root, path, add_sibling, core);
    if (core->sibling_count == 0)
        add_sibling(core, core->cpu);
}

/* ---- all CPUs ---- */

static void count_one(void *ctx, uint32_t cpu)
{
    (void)cpu;
    ++*(size_t *)ctx;
}

static void add_core(void *ctx, uint32_t cpu)
{
    struct machine_cpu *const all = ctx;
    all->cores[all->core_count++] = (struct machine_core){ .cpu = cpu };
}

static void mark_efficient(void *ctx, uint32_t cpu)
{
    struct machine_cpu *const all = ctx;
    for (size_t i = 0; i < all->core_count; i++)
        if (all->cores[i].cpu == cpu)
            all->cores[i].efficient = true;
}

/* A processor without an L3 shares something else: its package stands for it. */
static void fill_l3(struct machine_cpu *all)
{
    for (size_t i = 0; i < all->core_count; i++)
        for (size_t j = 0; j < all->core_count && all->cores[i].l3 == UNKNOWN; j++)
            if (all->cores[j].package == all->cores[i].package)
                all->cores[i].l3 = all->cores[j].cpu;
}

static int load_cores(struct root *root, struct machine_cpu *out)
{
    autofree char *online = NULL;
    size_t count = 0;
    const int err = root_read(root, CPU_FOLDER "/online", &online, NULL);
    if (err < 0)
        return err;
    cpu_list_each(online, CPUS_MAX, count_one, &count);
    if (count == 0 || count > CPUS_MAX)
        return -EPROTO;
    out->cores = calloc(count, sizeof(*out->cores));
    if (!out->cores)
        return -ENOMEM;
    cpu_list_each(online, CPUS_MAX, add_core, out);
    for (size_t i = 0; i < out->core_count; i++)
        load_core(root, &out->cores[i]);
    each_in_file(root, "/sys/devices/cpu_atom/cpus", mark_efficient, out);
    fill_l3(out);
    return 0;
}

/* ---- /proc ---- */

/* What follows "NAME : " in the first line of that name; NULL if there is none. */
static const char *entry(const char *text, const char *name, size_t *len)
{
    const size_t name_len = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, name_len) != 0)
            continue;
        const char *const colon = line + name_len + strspn(line + name_len, " \t");
        if (*colon != ':')
            continue;
        const char *const value = colon + 1 + strspn(colon + 1, " \t");
        *len = strcspn(value, "\n");
        return value;
    }
    return NULL;
}

static bool has_word(const char *text, size_t len, const char *word)
{
    const size_t word_len = strlen(word);
    for (size_t i = 0; i < len;) {
        const size_t n = strcspn(text + i, " \n");
        if (n == word_len && memcmp(text + i, word, n) == 0)
            return true;
        i += n + 1;
    }
    return false;
}

static int load_cpuinfo(struct root *root, struct machine_cpu *out)
{
    autofree char *text = NULL;
    size_t len = 0;
    const int err = root_read(root, "/proc/cpuinfo", &text, NULL);
    if (err < 0)
        return err;
    const char *value = entry(text, "vendor_id", &len);
    if (value && len == 12)
        out->vendor = memcmp(value, "GenuineIntel", 12) == 0   ? CPU_INTEL
                      : memcmp(value, "AuthenticAMD", 12) == 0 ? CPU_AMD
                                                               : CPU_OTHER;
    if ((value = entry(text, "model name", &len)) != NULL)
        copy_shown(value, len, out->model, sizeof(out->model));
    if ((value = entry(text, "flags", &len)) != NULL) {
        out->svm_or_vmx = has_word(value, len, "svm") || has_word(value, len, "vmx");
        out->hypervisor = has_word(value, len, "hypervisor");
    }
    return 0;
}

static void load_memory(struct root *root, struct machine_cpu *out)
{
    autofree char *text = NULL;
    size_t len;
    const char *value;
    if (root_read(root, "/proc/meminfo", &text, NULL) == 0 &&
        (value = entry(text, "MemTotal", &len)) != NULL)
        out->memory_bytes = (uint64_t)strtoull(value, NULL, 10) << 10;
}

int cpu_load(struct root *root, struct machine_cpu *out)
{
    load_memory(root, out);
    const int err = load_cpuinfo(root, out);
    const int cores_err = load_cores(root, out);
    return cores_err < 0 ? cores_err : err;
}

void cpu_free(struct machine_cpu *cpu)
{
    free(cpu->cores);
}
