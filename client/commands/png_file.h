/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/png_file.h - writes a picture as PNG. Any thread. */
#ifndef ESPELHO_COMMANDS_PNG_FILE_H
#define ESPELHO_COMMANDS_PNG_FILE_H

#include <stdint.h>

#include "base/macros.h"

/* `xrgb`: width * height pixels 0xXXRRGGBB. The file appears whole or not at all: it is written
 * beside `path` and renamed. 0 or -errno. */
int png_file_write(const char *path, const uint32_t *xrgb, uint32_t width_px,
                   uint32_t height_px) MUST_CHECK;

#endif
