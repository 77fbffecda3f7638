/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/display/window.h - a window drawn by a render thread of its own, as the viewer has
 * it. */
#ifndef ESPELHO_TESTS_CLIENT_DISPLAY_WINDOW_H
#define ESPELHO_TESTS_CLIENT_DISPLAY_WINDOW_H

#include <stdint.h>

struct display;
struct test_window;

/* Returns when it was drawn. `busy_ms`: the render thread draws with every frame callback and
 * computes for so long each time; 0: it draws once. */
struct test_window *test_window_open(uint32_t busy_ms);
struct display *test_window_display(struct test_window *window);
void test_window_close(struct test_window *window);

#endif
