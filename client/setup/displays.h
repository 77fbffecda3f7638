/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/displays.h - the screens that are plugged in, as the kernel's drivers know them: for
 * how much room the guest's pictures need. Threads: any one thread. */
#ifndef ESPELHO_SETUP_DISPLAYS_H
#define ESPELHO_SETUP_DISPLAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/root.h"

struct display_mode {
    uint32_t width_px, height_px;
    char connector[64]; /* "DP-1"; "": the compositor does not say */
    bool is_shown;      /* by the desktop, in this mode; else the mode is what the screen prefers */
};
enum { DISPLAYS_SHOWN_MAX = 16 };
/* What the session's compositor shows now; none where there is no session. */
struct displays_shown {
    struct display_mode mode[DISPLAYS_SHOWN_MAX];
    size_t count;
};

/* The largest mode in use: of each screen that the desktop shows, the one that it has, and of the
 * others that are plugged in, of any GPU, the one that they prefer: the guest's window may lie on
 * one of the desktop's, and the GPU for the VM may have its own. False: no screen is known. */
bool displays_largest(struct root *root, const struct displays_shown *shown,
                      struct display_mode *out);

#endif
