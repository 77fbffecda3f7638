/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/displays.h"

#include <string.h>

#include "base/cleanup.h"
#include "kvmfr/frame.h"
#include "machine/connector.h"

/* "card1-DP-1" and kin. */
static bool read_screen(struct root *root, const char *name, struct display_mode *mode)
{
    struct connector found;
    if (!connector_read(root, name, &found))
        return false;
    mode->width_px = found.width_px;
    mode->height_px = found.height_px;
    memcpy(mode->connector, found.name, sizeof(mode->connector));
    return true;
}

static void take_larger(const struct display_mode *mode, struct display_mode *largest)
{
    if (mode->width_px <= FRAME_MAX_PX && mode->height_px <= FRAME_MAX_PX &&
        (uint64_t)mode->width_px * mode->height_px >
            (uint64_t)largest->width_px * largest->height_px)
        *largest = *mode;
}

/* Names of connectors are the same for the compositor, and no two cards share one. Where it does
 * not tell them, nobody knows which screens it does not show. */
static bool is_counted(const struct displays_shown *shown, const char *connector)
{
    for (size_t i = 0; i < shown->count; i++)
        if (!shown->mode[i].connector[0] || strcmp(shown->mode[i].connector, connector) == 0)
            return true;
    return false;
}

bool displays_largest(struct root *root, const struct displays_shown *shown,
                      struct display_mode *out)
{
    autofree struct root_names *names = connector_names(root);
    struct display_mode largest = { .width_px = 0 };
    for (size_t i = 0; i < shown->count; i++)
        take_larger(&shown->mode[i], &largest);
    for (size_t i = 0; names && i < names->count; i++) {
        struct display_mode mode = { .width_px = 0 };
        if (read_screen(root, names->name[i], &mode) && !is_counted(shown, mode.connector))
            take_larger(&mode, &largest);
    }
    if (largest.width_px)
        *out = largest;
    return largest.width_px != 0;
}
