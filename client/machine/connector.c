/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTORS "/sys/class/drm"

struct root_names *connector_names(struct root *root)
{
    struct root_names *names = NULL;
    return root_list(root, CONNECTORS, &names) < 0 ? NULL : names;
}

static bool read_file(struct root *root, const char *name, const char *file, char *line, size_t cap)
{
    char path[320];
    snprintf(path, sizeof(path), CONNECTORS "/%.200s/%s", name, file);
    return root_read_line(root, path, line, cap) == 0;
}

/* The first of its modes is the one that the screen prefers. */
static bool read_mode(struct root *root, const char *name, struct connector *out)
{
    char line[64], width[6], height[6];
    if (!read_file(root, name, "modes", line, sizeof(line)) ||
        sscanf(line, "%5[0-9]x%5[0-9]", width, height) != 2)
        return false;
    out->width_px = (uint32_t)strtoul(width, NULL, 10);
    out->height_px = (uint32_t)strtoul(height, NULL, 10);
    return out->width_px > 0 && out->height_px > 0;
}

bool connector_read(struct root *root, const char *name, struct connector *out)
{
    char path[128], status[32];
    struct connector found = { .name = "" };
    const size_t card_len = strcspn(name, "-");
    if (strncmp(name, "card", 4) != 0 || !name[card_len] || card_len > 64 ||
        !read_file(root, name, "status", status, sizeof(status)) ||
        strcmp(status, "connected") != 0 || !read_mode(root, name, &found))
        return false;
    snprintf(found.name, sizeof(found.name), "%.63s", name + card_len + 1);
    snprintf(path, sizeof(path), CONNECTORS "/%.*s/device", (int)card_len, name);
    if (root_link_name(root, path, found.card, sizeof(found.card)) < 0)
        found.card[0] = '\0';
    *out = found;
    return true;
}
