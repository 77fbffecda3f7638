/* SPDX-License-Identifier: GPL-2.0-or-later
 * Names of PCI functions from pci.ids. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/machine_private.h"
#include "machine/root_private.h"

static const char *const places[] = { "/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids",
                                      "/usr/share/pci.ids" };

/* The vendor that the lines now are about, and what we used of the file. */
struct reading {
    struct pci_function *functions;
    size_t count;
    uint32_t vendor;
    const char *vendor_line;
    bool vendor_used;
    FILE *used; /* may be NULL */
};

/* "10de  NVIDIA Corporation": four digits, two spaces, a name. */
static bool parse_line(const char *line, uint32_t *number, const char **name)
{
    for (size_t i = 0; i < 4; i++)
        if (!isxdigit((unsigned char)line[i]))
            return false;
    if (line[4] != ' ' || line[5] != ' ')
        return false;
    *number = (uint32_t)strtoul(line, NULL, 16);
    *name = line + 6;
    return true;
}

static void name_function(struct pci_function *f, const char *vendor, const char *device)
{
    char name[sizeof(f->name)];
    snprintf(name, sizeof(name), "%s %s", vendor, device);
    copy_shown(name, strlen(name), f->name, sizeof(f->name));
}

static void on_device(struct reading *r, const char *line)
{
    uint32_t device;
    const char *name;
    if (!r->vendor_line || !parse_line(line, &device, &name))
        return;
    bool used = false;
    for (size_t i = 0; i < r->count; i++) {
        struct pci_function *const f = &r->functions[i];
        if (f->vendor != r->vendor || f->device != device)
            continue;
        name_function(f, r->vendor_line + 6, name);
        used = true;
    }
    if (used && r->used && !r->vendor_used)
        fprintf(r->used, "%s\n", r->vendor_line);
    if (used && r->used)
        fprintf(r->used, "\t%s\n", line);
    r->vendor_used |= used;
}

static void on_line(struct reading *r, const char *line)
{
    const char *name;
    if (line[0] == '\t' && line[1] != '\t') {
        on_device(r, line + 1);
    } else if (line[0] != '\t' && line[0] != '#' && line[0]) {
        r->vendor_line = parse_line(line, &r->vendor, &name) ? line : NULL;
        r->vendor_used = false;
    }
}

static void read_lines(struct reading *r, char *text)
{
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        on_line(r, line);
}

/* The path of the database that was read; NULL: there is none. */
static const char *read_database(const struct root *root, char **text)
{
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (root_read_file(root, places[i], text, NULL) == 0)
            return places[i];
    return NULL;
}

/* An observer gets the lines that were used, not all the hardware of the world. */
void pci_names_load(struct root *root, struct pci_function *functions, size_t count)
{
    autofree char *text = NULL, *used = NULL;
    size_t used_bytes = 0;
    const char *const path = read_database(root, &text);
    if (!path)
        return;
    FILE *const lines = open_memstream(&used, &used_bytes);
    struct reading r = { .functions = functions, .count = count, .used = lines };
    read_lines(&r, text);
    if (lines && fclose(lines) == 0)
        root_tell_file(root, path, used, used_bytes);
}
