/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/displays.h - the screens that are plugged in, as the kernel's drivers know them: for
 * how much room the guest's pictures need. Threads: any one thread. */
#ifndef ESPELHO_SETUP_DISPLAYS_H
#define ESPELHO_SETUP_DISPLAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/root.h"

struct display_mode {
    uint32_t width_px, height_px;
    char connector[64]; /* "DP-1" */
};

/* The mode that the largest of them prefers, of any GPU: the guest's window may lie on one of the
 * desktop's, and the GPU for the VM may have its own. False: none is known. */
bool displays_largest(struct root *root, struct display_mode *out);

#endif
