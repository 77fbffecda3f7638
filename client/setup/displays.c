/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/displays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kvmfr/frame.h"

#define CONNECTORS "/sys/class/drm"

/* "card1-DP-1", whose file `modes` begins with the mode that the screen prefers. */
static bool read_connector(struct root *root, const char *name, struct display_mode *mode)
{
    char path[320], line[64];
    const char *const dash = strchr(name, '-');
    if (strncmp(name, "card", 4) != 0 || !dash)
        return false;
    snprintf(path, sizeof(path), CONNECTORS "/%.200s/status", name);
    if (root_read_line(root, path, line, sizeof(line)) < 0 || strcmp(line, "connected") != 0)
        return false;
    snprintf(path, sizeof(path), CONNECTORS "/%.200s/modes", name);
    if (root_read_line(root, path, line, sizeof(line)) < 0 ||
        sscanf(line, "%5ux%5u", &mode->width_px, &mode->height_px) != 2 || mode->width_px == 0 ||
        mode->height_px == 0 || mode->width_px > FRAME_MAX_PX || mode->height_px > FRAME_MAX_PX)
        return false;
    snprintf(mode->connector, sizeof(mode->connector), "%.63s", dash + 1);
    return true;
}

bool displays_largest(struct root *root, struct display_mode *out)
{
    autofree struct root_names *names = NULL;
    struct display_mode largest = { .width_px = 0 };
    if (root_list(root, CONNECTORS, &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        struct display_mode mode;
        if (read_connector(root, names->name[i], &mode) &&
            (uint64_t)mode.width_px * mode.height_px >
                (uint64_t)largest.width_px * largest.height_px)
            largest = mode;
    }
    if (largest.width_px)
        *out = largest;
    return largest.width_px != 0;
}
