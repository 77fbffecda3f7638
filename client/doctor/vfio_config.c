/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/vfio_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* ---- ids ---- */

/* "10de:2204", perhaps with more behind it. */
static void add_id(struct vfio_config *c, const char *text, bool is_parameter)
{
    struct vfio_id id = { .is_parameter = is_parameter };
    if (c->id_count < VFIO_CONFIG_MAX && sscanf(text, "%8x:%8x", &id.vendor, &id.device) == 2)
        c->ids[c->id_count++] = id;
}

static void add_ids(struct vfio_config *c, const char *list, bool is_parameter)
{
    while (*list) {
        add_id(c, list, is_parameter);
        list += strcspn(list, ",");
        list += *list == ',';
    }
}

bool vfio_config_takes(const struct vfio_config *c, const struct pci_function *f)
{
    for (size_t i = 0; i < c->id_count; i++)
        if (c->ids[i].vendor == f->vendor && c->ids[i].device == f->device)
            return true;
    return false;
}

/* ---- drivers that are kept out ---- */

static void copy_plain(const char *text, size_t len, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s", (int)(len < cap ? len : cap - 1), text);
    for (char *c = out; *c; c++)
        if (*c == '-')
            *c = '_';
}

static void add_ban(struct vfio_config *c, const char *driver, size_t len, const char *where,
                    bool is_parameter)
{
    if (len == 0 || c->ban_count == VFIO_CONFIG_MAX)
        return;
    struct vfio_ban *const ban = &c->bans[c->ban_count++];
    copy_plain(driver, len, ban->driver, sizeof(ban->driver));
    snprintf(ban->where, sizeof(ban->where), "%s", where);
    ban->is_parameter = is_parameter;
}

const struct vfio_ban *vfio_config_ban(const struct vfio_config *c, const char *driver)
{
    for (size_t i = 0; i < c->ban_count; i++)
        if (strcmp(c->bans[i].driver, driver) == 0)
            return &c->bans[i];
    return NULL;
}

static void add_banned_list(struct vfio_config *c, const char *name, const char *list)
{
    char where[192];
    snprintf(where, sizeof(where), "%s=%s", name, list);
    while (*list) {
        const size_t len = strcspn(list, ",");
        add_ban(c, list, len, where, true);
        list += len + (list[len] == ',');
    }
}

/* ---- files ---- */

/* The words of a line, parted by white space. */
static char *next_word(char **rest)
{
    char *word;
    do
        word = strsep(rest, " \t\r");
    while (word && !word[0]);
    return word;
}

static bool is_vfio(const char *word)
{
    return strcmp(word, "vfio-pci") == 0 || strcmp(word, "vfio_pci") == 0;
}

static void read_line(struct vfio_config *c, char *line, const char *path)
{
    char *rest = line;
    const char *const verb = next_word(&rest), *const module = verb ? next_word(&rest) : NULL;
    if (!module)
        return;
    if (strcmp(verb, "blacklist") == 0)
        add_ban(c, module, strlen(module), path, false);
    if (strcmp(verb, "options") != 0 || !is_vfio(module))
        return;
    for (const char *word; (word = next_word(&rest)) != NULL;)
        if (strncmp(word, "ids=", 4) == 0)
            add_ids(c, word + 4, false);
}

static void read_file(struct vfio_config *c, struct root *root, const char *path)
{
    autofree char *text = NULL;
    if (root_read(root, path, &text, NULL) < 0)
        return;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        read_line(c, line, path);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

void vfio_config_read(const struct machine *m, struct vfio_config *out)
{
    static const char *const ban_parameters[] = { "modprobe.blacklist", "module_blacklist",
                                                  "rd.driver.blacklist" };
    autofree struct root_names *names = NULL;
    *out = (struct vfio_config){ .id_count = 0 };
    if (root_list(m->root, "/etc/modprobe.d", &names) == 0)
        for (size_t i = 0; i < names->count; i++) {
            char path[320];
            snprintf(path, sizeof(path), "/etc/modprobe.d/%s", names->name[i]);
            if (ends_with(path, ".conf"))
                read_file(out, m->root, path);
        }
    const char *const ids = machine_parameter(m, "vfio-pci.ids");
    if (ids)
        add_ids(out, ids, true);
    for (size_t i = 0; i < ARRAY_LEN(ban_parameters); i++) {
        const char *const list = machine_parameter(m, ban_parameters[i]);
        if (list)
            add_banned_list(out, ban_parameters[i], list);
    }
}

bool vfio_config_has_override(const struct machine *m, const struct pci_function *f)
{
    char path[64], line[64];
    snprintf(path, sizeof(path), "/etc/driverctl.d/pci-%s", f->address);
    return root_read_line(m->root, path, line, sizeof(line)) == 0 && is_vfio(line);
}

bool vfio_config_has_hooks(const struct machine *m)
{
    autofree struct root_names *names = NULL;
    if (root_exists(m->root, "/etc/libvirt/hooks/qemu"))
        return true;
    return root_list(m->root, "/etc/libvirt/hooks/qemu.d", &names) == 0 && names->count > 0;
}

static bool hook_resizes(const char *text, const struct pci_function *f, unsigned int bar,
                         unsigned int bit)
{
    char gpu[32], size[16];
    snprintf(gpu, sizeof(gpu), "\ngpu='%s'\n", f->address);
    snprintf(size, sizeof(size), "%u:%u", bar, bit);
    const char *at = strstr(text, gpu) ? strstr(text, "\nbars='") : NULL;
    const char *const end = at ? strchr(at + 1, '\n') : NULL;
    const size_t len = strlen(size);
    for (at = at ? strstr(at, size) : NULL; at && end && at < end; at = strstr(at + 1, size))
        if (strchr(" '", at[-1]) && strchr(" '", at[len]))
            return true;
    return false;
}

bool vfio_config_hook_resizes(const struct machine *m, const struct pci_function *f,
                              unsigned int bar, unsigned int bit)
{
    static const char folder[] = "/etc/libvirt/hooks/qemu.d";
    autofree struct root_names *names = NULL;
    if (root_list(m->root, folder, &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        char path[320];
        autofree char *text = NULL;
        snprintf(path, sizeof(path), "%s/%.255s", folder, names->name[i]);
        if (root_read(m->root, path, &text, NULL) == 0 && hook_resizes(text, f, bar, bit))
            return true;
    }
    return false;
}
