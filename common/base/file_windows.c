/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>

#include "base/utf16.h"

int file_open(const char *path, int flags, int mode)
{
    wchar_t wide[FILE_PATH_BYTES];
    if (utf16_from_utf8(path, wide, ARRAY_LEN(wide)) < 0)
        return -ENAMETOOLONG;
    const int permission = _S_IREAD | (mode & 0200 ? _S_IWRITE : 0);
    const int fd = _wopen(wide, flags | _O_BINARY | _O_NOINHERIT, permission);
    return fd < 0 ? -errno : fd;
}
