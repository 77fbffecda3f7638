/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/connector.h - the screens that are plugged into graphics cards, as the kernel's
 * drivers know them (/sys/class/drm). Threads: any one thread. */
#ifndef ESPELHO_MACHINE_CONNECTOR_H
#define ESPELHO_MACHINE_CONNECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/root.h"

struct connector {
    char name[64];                /* "DP-1" */
    char card[16];                /* the function that it belongs to, "0000:03:00.0"; "": unknown */
    uint32_t width_px, height_px; /* the mode that the screen prefers; below 100000 */
};

/* Names of connectors among others of their folder; NULL if it cannot be read. free(names). */
struct root_names *connector_names(struct root *root);
/* The one of that name ("card1-DP-1"); false: no connector, nothing is plugged in, or its modes are
 * not known. */
bool connector_read(struct root *root, const char *name, struct connector *out);

#endif
