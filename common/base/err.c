/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

const char *err_str(int err)
{
    static _Thread_local char text[128];
    const int code = err < 0 ? -err : err;
#if defined(_WIN32)
    if (strerror_s(text, sizeof(text), code) != 0)
        snprintf(text, sizeof(text), "error %d", code);
    return text;
#else
    return strerror_r(code, text, sizeof(text));
#endif
}
