/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/demo/headless.h - a compositor of our own without a screen, for a demo on a machine
 * without a desktop.
 *
 * weston or sway, as installed, in a private XDG_RUNTIME_DIR; sets WAYLAND_DISPLAY and
 * XDG_RUNTIME_DIR of this process, so start it before other threads exist. Ends exactly what it
 * started. One instance per process. */
#ifndef ESPELHO_DEMO_HEADLESS_H
#define ESPELHO_DEMO_HEADLESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct headless;

/* Is there a Wayland session that a client could connect to? */
bool headless_session_exists(void);
/* 0; -ENOENT: neither weston nor sway is installed; -ETIMEDOUT: it did not come up; -errno. Logs
 * why. */
int headless_start(uint32_t width_px, uint32_t height_px, struct headless **out) MUST_CHECK;
/* Screenshot of the whole output as PNG into `path`. Any thread; takes a moment. 0 or -errno,
 * logged. */
int headless_screenshot(struct headless *headless, const char *path) MUST_CHECK;
const char *headless_compositor(const struct headless *headless); /* "weston", "sway" */
void headless_stop(struct headless *headless);                    /* NULL is fine */

#endif
