/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine_private.h"

#define PCI_FOLDER "/sys/bus/pci/devices"

enum {
    FUNCTIONS_MAX = 4096,
    /* Flags in `resource`, include/linux/ioport.h. */
    RESOURCE_IO = 0x100,
    RESOURCE_PREFETCH = 0x2000,
    RESOURCE_MEM_64 = 0x100000,
};

/* ---- addresses ---- */

static bool hex_digits(const char **at, size_t least, size_t most)
{
    size_t count = 0;
    while (count < most && isxdigit((unsigned char)**at)) {
        count++;
        (*at)++;
    }
    return count >= least;
}

static bool take(const char **at, char c)
{
    return **at == c && (*at)++;
}

bool pci_is_address(const char *name)
{
    return hex_digits(&name, 4, 8) && take(&name, ':') && hex_digits(&name, 2, 2) &&
           take(&name, ':') && hex_digits(&name, 2, 2) && take(&name, '.') &&
           hex_digits(&name, 1, 1) && *name == '\0';
}

const struct pci_function *machine_pci(const struct machine *m, const char *address)
{
    char whole[32];
    const char *const colon = strchr(address, ':');
    snprintf(whole, sizeof(whole), "%s%.16s%s",
             colon && strchr(colon + 1, ':') ? "" : "0000:", address,
             strchr(address, '.') ? "" : ".0");
    for (size_t i = 0; i < m->pci_count; i++)
        if (strcasecmp(m->pci[i].address, whole) == 0)
            return &m->pci[i];
    return NULL;
}

/* ---- kinds ---- */

bool pci_is_gpu(const struct pci_function *f)
{
    return f->class_code >> 16 == 0x03;
}

bool pci_is_bridge(const struct pci_function *f)
{
    return f->class_code >> 16 == 0x06;
}

bool pci_is_virtual(const struct pci_function *f)
{
    return f->sriov_parent[0] != '\0';
}

bool pci_same_slot(const struct pci_function *a, const struct pci_function *b)
{
    const char *const dot = strchr(a->address, '.');
    return a != b && dot && strncmp(a->address, b->address, (size_t)(dot - a->address) + 1) == 0;
}

bool pci_same_card(const struct pci_function *a, const struct pci_function *b)
{
    return pci_same_slot(a, b) && !pci_is_virtual(a) && !pci_is_virtual(b);
}

/* ---- one function ---- */

struct place {
    struct root *root;
    const char *address;
    char path[PATH_MAX];
};

static const char *path_of(struct place *p, const char *name)
{
    snprintf(p->path, sizeof(p->path), PCI_FOLDER "/%s/%s", p->address, name);
    return p->path;
}

static uint32_t number_of(struct place *p, const char *name)
{
    uint64_t number;
    if (root_read_number(p->root, path_of(p, name), &number) < 0 || number > UINT32_MAX)
        return 0;
    return (uint32_t)number;
}

static void text_of(struct place *p, const char *name, char *out, size_t cap)
{
    if (root_read_line(p->root, path_of(p, name), out, cap) < 0)
        out[0] = '\0';
    copy_shown(out, strlen(out), out, cap);
}

static void link_of(struct place *p, const char *name, char *out, size_t cap)
{
    if (root_link_name(p->root, path_of(p, name), out, cap) < 0)
        out[0] = '\0';
    copy_shown(out, strlen(out), out, cap);
}

/* One line: "START END FLAGS", all zero if there is nothing. */
static struct pci_resource parse_resource(const char *line)
{
    unsigned long long start, last, flags;
    if (sscanf(line, "%llx %llx %llx", &start, &last, &flags) != 3 || last <= start)
        return (struct pci_resource){ .len_bytes = 0 };
    return (struct pci_resource){ .start = start,
                                  .len_bytes = last - start + 1,
                                  .is_io = flags & RESOURCE_IO,
                                  .is_prefetchable = flags & RESOURCE_PREFETCH,
                                  .is_64_bit = flags & RESOURCE_MEM_64 };
}

static void load_resources(struct place *p, struct pci_function *f)
{
    autofree char *text = NULL;
    if (root_read(p->root, path_of(p, "resource"), &text, NULL) < 0)
        return;
    char *rest = text, *line;
    for (size_t i = 0; i < ARRAY_LEN(f->bar) && (line = strsep(&rest, "\n")) != NULL; i++)
        f->bar[i] = parse_resource(line);
}

/* Hexadecimal without 0x: bit n stands for 1 MiB << n. */
static void load_bar_sizes(struct place *p, struct pci_function *f)
{
    for (unsigned int i = 0; i < ARRAY_LEN(f->bar); i++) {
        char name[32], line[32];
        snprintf(name, sizeof(name), "resource%u_resize", i);
        if (f->bar[i].len_bytes &&
            root_read_line(p->root, path_of(p, name), line, sizeof(line)) == 0)
            f->bar_sizes_supported[i] = strtoull(line, NULL, 16);
    }
}

static void load_group(struct place *p, struct pci_function *f)
{
    char name[16], *end;
    link_of(p, "iommu_group", name, sizeof(name));
    const unsigned long number = strtoul(name, &end, 10);
    f->iommu_group = end == name || *end || number > INT_MAX ? -1 : (int)number;
}

/* The folder that the device's real folder lies in. */
static void load_parent(struct place *p, struct pci_function *f)
{
    char target[PATH_MAX];
    snprintf(p->path, sizeof(p->path), PCI_FOLDER "/%s", p->address);
    if (root_link(p->root, p->path, target, sizeof(target)) < 0)
        return;
    char *const last = strrchr(target, '/');
    if (!last)
        return;
    *last = '\0';
    const char *const slash = strrchr(target, '/'), *const above = slash ? slash + 1 : target;
    if (pci_is_address(above) && strlen(above) < sizeof(f->parent_address))
        memcpy(f->parent_address, above, strlen(above) + 1);
}

static void load_reset(struct place *p, struct pci_function *f)
{
    text_of(p, "reset_method", f->reset_method, sizeof(f->reset_method));
    f->reset_possible = f->reset_method[0] || root_exists(p->root, path_of(p, "reset"));
}

static void load_function(struct root *root, const char *address, struct pci_function *f)
{
    struct place p = { .root = root, .address = address };
    snprintf(f->address, sizeof(f->address), "%s", address);
    f->vendor = number_of(&p, "vendor");
    f->device = number_of(&p, "device");
    f->subsystem_vendor = number_of(&p, "subsystem_vendor");
    f->subsystem_device = number_of(&p, "subsystem_device");
    f->class_code = number_of(&p, "class");
    snprintf(f->name, sizeof(f->name), "%04x:%04x", f->vendor, f->device);
    link_of(&p, "driver", f->driver, sizeof(f->driver));
    load_group(&p, f);
    load_parent(&p, f);
    f->boot_vga = number_of(&p, "boot_vga") == 1;
    load_reset(&p, f);
    link_of(&p, "physfn", f->sriov_parent, sizeof(f->sriov_parent));
    f->sriov_total = number_of(&p, "sriov_totalvfs");
    f->sriov_now = number_of(&p, "sriov_numvfs");
    load_resources(&p, f);
    load_bar_sizes(&p, f);
    f->has_rom = root_exists(root, path_of(&p, "rom"));
}

/* ---- all ---- */

int pci_load(struct root *root, struct pci_function **out, size_t *count)
{
    autofree struct root_names *names = NULL;
    const int err = root_list(root, PCI_FOLDER, &names);
    if (err < 0)
        return err;
    const size_t room = names->count < FUNCTIONS_MAX ? names->count : FUNCTIONS_MAX;
    struct pci_function *const all = calloc(room + 1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    size_t found = 0;
    for (size_t i = 0; i < names->count && found < room; i++)
        if (pci_is_address(names->name[i]) && strlen(names->name[i]) < sizeof(all->address))
            load_function(root, names->name[i], &all[found++]);
    pci_names_load(root, all, found);
    *out = all;
    *count = found;
    return 0;
}
