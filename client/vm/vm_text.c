/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/vm_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "vm/scaled_size.h"

void vm_put(struct vm *vm, char *out, size_t cap, const char *text)
{
    const size_t len_bytes = text ? strlen(text) : 0;
    const bool fits = len_bytes < cap && (!text || printable(text));
    vm->truncated |= !fits;
    out[0] = '\0';
    if (fits && text)
        memcpy(out, text, len_bytes + 1);
}

bool vm_grow(struct vm *vm, size_t *count, size_t max)
{
    if (*count == max) {
        vm->truncated = true;
        return false;
    }
    ++*count;
    return true;
}

/* strtoull() takes signs and spaces; we do not. */
static bool read_number(const char *text, int base, const char **end, uint64_t *out)
{
    if (!text || !isxdigit((unsigned char)text[0]))
        return false;
    char *after;
    errno = 0;
    *out = strtoull(text, &after, base);
    *end = after;
    return errno == 0 && after != text;
}

uint32_t vm_number(const char *text, uint32_t otherwise)
{
    const char *end;
    uint64_t n;
    return read_number(text, 10, &end, &n) && *end == '\0' && n <= UINT32_MAX ? (uint32_t)n
                                                                              : otherwise;
}

/* ---- sizes ---- */

static uint64_t times(uint64_t n, uint64_t each)
{
    return each && n <= UINT64_MAX / each ? n * each : 0;
}

uint64_t vm_scaled(const char *number, const char *unit, const char *default_unit)
{
    uint64_t bytes;
    return number && scaled_size(number, unit && unit[0] ? unit : default_unit, &bytes) ? bytes : 0;
}

uint64_t vm_qemu_bytes(const char *word, uint64_t bare)
{
    const char *end;
    uint64_t n;
    if (!read_number(word, 10, &end, &n))
        return 0;
    if (*end == '\0')
        return times(n, bare);
    return end[1] == '\0' ? times(n, scaled_unit(end)) : 0; /* QEMU's b is a byte too */
}

/* ---- sets of CPUs ---- */

static void set_range(uint8_t cpus[VM_CPUS / 8], uint64_t from, uint64_t to, bool on)
{
    for (uint64_t cpu = from; cpu <= to; cpu++) {
        const uint8_t bit = (uint8_t)(1U << (cpu % 8));
        cpus[cpu / 8] = (uint8_t)(on ? cpus[cpu / 8] | bit : cpus[cpu / 8] & ~bit);
    }
}

static const char *read_range(const char *p, uint8_t cpus[VM_CPUS / 8])
{
    const bool off = *p == '^';
    uint64_t from, to;
    if (!read_number(p + off, 10, &p, &from))
        return NULL;
    to = from;
    if (*p == '-' && !read_number(p + 1, 10, &p, &to))
        return NULL;
    if (to >= VM_CPUS || from > to)
        return NULL;
    set_range(cpus, from, to, !off);
    return p;
}

bool vm_cpu_set(const char *list, uint8_t cpus[VM_CPUS / 8])
{
    memset(cpus, 0, VM_CPUS / 8);
    if (!list)
        return false;
    while (*(list += strspn(list, " ,"))) {
        list = read_range(list, cpus);
        if (!list || (*list && !strchr(" ,", *list)))
            return false;
    }
    return true;
}

/* ---- addresses ---- */

void vm_pci_address(uint32_t domain, uint32_t bus, uint32_t slot, uint32_t function, char out[16])
{
    out[0] = '\0';
    if (domain <= 0xffff && bus <= 0xff && slot <= 0x1f && function <= 7)
        snprintf(out, 16, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, slot & 0x1f,
                 function & 7);
}

void vm_pci_address_of(const char *text, char out[16])
{
    unsigned int part[4];
    char rest;
    out[0] = '\0';
    if (strlen(text) > 16 || text[strspn(text, "0123456789abcdefABCDEF:.")])
        return; /* sscanf() takes signs, spaces and 0x */
    if (sscanf(text, "%x:%x:%x.%x%c", &part[0], &part[1], &part[2], &part[3], &rest) == 4)
        vm_pci_address(part[0], part[1], part[2], part[3], out);
    else if (sscanf(text, "%x:%x.%x%c", &part[1], &part[2], &part[3], &rest) == 3)
        vm_pci_address(0, part[1], part[2], part[3], out);
}

bool vm_is_hugepage_path(const char *path)
{
    return strstr(path, "hugepages") || strstr(path, "hugetlb");
}

/* ---- features ---- */

static void add_word(struct vm *vm, char *words, size_t *count, size_t word_bytes, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(words + i * word_bytes, name) == 0)
            return;
    char *const word = words + *count * word_bytes;
    if (!name[0] || !vm_grow(vm, count, VM_LIST))
        return;
    vm_put(vm, word, word_bytes, name);
    if (!word[0])
        --*count;
}

void vm_add_feature(struct vm *vm, const char *name, bool on)
{
    if (on)
        add_word(vm, vm->cpu_features_on[0], &vm->features_on_count, sizeof(vm->cpu_features_on[0]),
                 name);
    else
        add_word(vm, vm->cpu_features_off[0], &vm->features_off_count,
                 sizeof(vm->cpu_features_off[0]), name);
}

void vm_add_hyperv(struct vm *vm, const char *name)
{
    add_word(vm, vm->hyperv[0], &vm->hyperv_count, sizeof(vm->hyperv[0]), name);
}

int vm_problem_set(struct vm_problem *problem, int err, const char *fmt, ...)
{
    if (!problem)
        return err;
    va_list args;
    va_start(args, fmt);
    vsnprintf(problem->message, sizeof(problem->message), fmt, args);
    va_end(args);
    make_printable(problem->message);
    return err;
}
