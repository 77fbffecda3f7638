/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/weston/weston.h - a headless Weston of one's own, showing one window over all of its
 * output, and what is on its screen. One at a time. It dies with the test, and its directory is
 * removed. */
#ifndef ESPELHO_TESTS_CLIENT_WESTON_H
#define ESPELHO_TESTS_CLIENT_WESTON_H

#include <stdbool.h>
#include <stdint.h>

/* Starts it with an output of so many pixels and sets WAYLAND_DISPLAY and XDG_RUNTIME_DIR. Skips
 * the test where there is no weston. */
void weston_start(uint32_t width_px, uint32_t height_px, uint32_t scale);
/* The screen as XRGB8888 with X = 0, row by row; valid until the next call. */
const uint32_t *weston_screenshot(uint32_t *width_px, uint32_t *height_px);
/* Stops it from doing anything (true), or lets it go on. */
void weston_pause(bool pause);
/* Ends it now, as a crash would. */
void weston_kill(void);

#endif
