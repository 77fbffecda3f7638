/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/evdev_find.h - which keyboard and mouse a person means: the ones that are used while
 * we look at all of them. Nothing is grabbed. Threads: main thread; it waits. */
#ifndef ESPELHO_SETUP_EVDEV_FIND_H
#define ESPELHO_SETUP_EVDEV_FIND_H

#include "base/macros.h"

enum evdev_kind { EVDEV_KEYBOARD, EVDEV_MOUSE };
enum { EVDEV_PATH_BYTES = 512 };

/* `prefix`: of paths. The stable name ("/dev/input/by-id/...", else by-path) of the first device
 * that reports a key press, or a motion, within `wait_ms`. -ENOENT: there are no such devices;
 * -EACCES: there are, and none can be opened; -ETIMEDOUT; -errno. */
int evdev_find(const char *prefix, enum evdev_kind kind, int wait_ms,
               char path[EVDEV_PATH_BYTES]) MUST_CHECK;

#endif
