/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>

int file_open(const char *path, int flags, int mode)
{
    const int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    return fd < 0 ? -errno : fd;
}
