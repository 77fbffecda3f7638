/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/control/control_pipe.h - the named pipe \\.\pipe\EspelhoHost, as far as both ends must
 * agree. Windows. Any thread. */
#ifndef ESPELHO_CONTROL_CONTROL_PIPE_H
#define ESPELHO_CONTROL_CONTROL_PIPE_H

#include <wchar.h>

#include "base/macros.h"

enum { CONTROL_PIPE_NAME_CHARS = 64, CONTROL_PIPE_SUFFIX_MAX = 32 };

/* `suffix`: NULL, or letters, digits and '-' that are put behind the name (tests have pipes of
 * their own). 0; -EINVAL: other characters, or too many. */
int control_pipe_name(const char *suffix, wchar_t name[CONTROL_PIPE_NAME_CHARS]) MUST_CHECK;

#endif
