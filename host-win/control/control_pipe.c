/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control_pipe.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int control_pipe_name(const char *suffix, wchar_t name[CONTROL_PIPE_NAME_CHARS])
{
    const size_t len = suffix ? strlen(suffix) : 0;
    if (len > CONTROL_PIPE_SUFFIX_MAX)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)suffix[i]) && suffix[i] != '-')
            return -EINVAL;
    }
    swprintf(name, CONTROL_PIPE_NAME_CHARS, L"\\\\.\\pipe\\EspelhoHost%hs", suffix ? suffix : "");
    return 0;
}
