/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/live.h - the real desktop (of the X server, under Wine) as if it were
 * duplicated: BitBlt, and the tiles of 64 x 64 pixels that differ. Threads: one. */
#ifndef ESPELHO_TESTS_SHIM_LIVE_H
#define ESPELHO_TESTS_SHIM_LIVE_H

#include "shim/screen.h"

struct live;
/* NULL: no desktop. The screen has the desktop's size. */
struct live *live_create(const struct shim_screen *screen);
void live_destroy(struct live *live); /* NULL is fine */
/* Puts the desktop's pixels into screen->pixels and the tiles that changed into *news, pointer
 * position included. False: nothing did. */
bool live_look(struct live *live, struct shim_screen *screen, struct shim_news *news);

#endif
