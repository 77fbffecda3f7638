/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/os_name.h - how Windows calls itself. Portable, pure, any thread. */
#ifndef ESPELHO_WIN_OS_NAME_H
#define ESPELHO_WIN_OS_NAME_H

#include <stddef.h>
#include <stdint.h>

struct os_version {
    const char *product; /* "Windows 10 Pro"; says 10 on Windows 11 as well; "" unknown */
    const char *release; /* "23H2"; "" unknown */
    uint32_t major, minor, build, revision;
};

/* "Windows 11 Pro 23H2 (build 22631.2861)" */
void os_name_format(const struct os_version *version, char *text, size_t text_bytes);

#endif
