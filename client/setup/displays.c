/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/displays.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kvmfr/frame.h"
#include "machine/connector.h"

/* "card1-DP-1" and kin. */
static bool read_screen(struct root *root, const char *name, struct display_mode *mode)
{
    struct connector found;
    if (!connector_read(root, name, &found) || found.width_px > FRAME_MAX_PX ||
        found.height_px > FRAME_MAX_PX)
        return false;
    mode->width_px = found.width_px;
    mode->height_px = found.height_px;
    memcpy(mode->connector, found.name, sizeof(mode->connector));
    return true;
}

bool displays_largest(struct root *root, struct display_mode *out)
{
    autofree struct root_names *names = connector_names(root);
    struct display_mode largest = { .width_px = 0 };
    for (size_t i = 0; names && i < names->count; i++) {
        struct display_mode mode;
        if (read_screen(root, names->name[i], &mode) &&
            (uint64_t)mode.width_px * mode.height_px >
                (uint64_t)largest.width_px * largest.height_px)
            largest = mode;
    }
    if (largest.width_px)
        *out = largest;
    return largest.width_px != 0;
}
