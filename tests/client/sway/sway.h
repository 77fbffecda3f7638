/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/sway/sway.h - a headless sway of one's own, with virtual keyboards and pointers, and
 * lock and confinement allowed. One at a time. It dies with the test, and its directory is removed.
 */
#ifndef ESPELHO_TESTS_CLIENT_SWAY_H
#define ESPELHO_TESTS_CLIENT_SWAY_H

#include <stdint.h>

/* Starts it with an output of so many pixels and sets WAYLAND_DISPLAY and XDG_RUNTIME_DIR. Skips
 * the test where there is no sway. */
void sway_start(uint32_t width_px, uint32_t height_px);
/* Ends it now, as a crash would. */
void sway_kill(void);

#endif
