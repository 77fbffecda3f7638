/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/injector/injector.h - a keyboard and a pointer in a compositor's first seat (wlroots'
 * virtual devices). Keys are evdev codes on a pc105 "us" keymap. Every call has reached the
 * compositor when it returns. Threads: one. */
#ifndef ESPELHO_E2E_INJECTOR_H
#define ESPELHO_E2E_INJECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct injector;

/* `display_name`: NULL for WAYLAND_DISPLAY. 0; -ENOTSUP: the compositor has no virtual devices;
 * another -errno. */
int injector_create(const char *display_name, struct injector **out) MUST_CHECK;
void injector_destroy(struct injector *injector); /* its devices go */

/* 0, or -ECONNRESET. */
int injector_key(struct injector *injector, uint32_t key, bool down) MUST_CHECK;
int injector_rel(struct injector *injector, double dx, double dy) MUST_CHECK;
int injector_abs(struct injector *injector, uint32_t x, uint32_t y, uint32_t width,
                 uint32_t height) MUST_CHECK;
int injector_button(struct injector *injector, uint32_t button, bool down) MUST_CHECK;
/* axis 0 vertical, 1 horizontal. Whole notches come as a wheel's, the rest as a finger's. */
int injector_wheel(struct injector *injector, uint32_t axis, int32_t value_120) MUST_CHECK;

#endif
