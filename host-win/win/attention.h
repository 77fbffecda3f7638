/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/attention.h - what a viewer on another desktop should do for this one: keep the
 * display on while a program here wants that, and ask for attention when a window does. Windows.
 *
 * A thread of its own with a hidden window hears from the shell of windows that flash. */
#ifndef ESPELHO_WIN_ATTENTION_H
#define ESPELHO_WIN_ATTENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct attention;

/* Either may be off. Flashing windows need the desktop of a user: without one (or without a shell)
 * they are never heard of, which is no error. 0; -ENOMEM; -EAGAIN: no thread. */
int attention_create(bool block_screensaver, bool flash, struct attention **out) MUST_CHECK;
void attention_destroy(struct attention *a); /* NULL is fine */

/* FRAME_FLAG_BLOCK_SCREENSAVER (looked up at most once per second) and, once per flash,
 * FRAME_FLAG_REQUEST_ACTIVATION. One thread: the one that publishes frames. */
uint32_t attention_frame_flags(struct attention *a);

#endif
