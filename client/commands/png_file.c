/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/png_file.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static uint8_t *rgb_of(const uint32_t *xrgb, size_t count)
{
    uint8_t *rgb = malloc(count * 3);
    for (size_t i = 0; rgb && i < count; i++) {
        rgb[3 * i] = (uint8_t)(xrgb[i] >> 16);
        rgb[3 * i + 1] = (uint8_t)(xrgb[i] >> 8);
        rgb[3 * i + 2] = (uint8_t)xrgb[i];
    }
    return rgb;
}

static int write_fd(int fd, const uint8_t *rgb, uint32_t width_px, uint32_t height_px)
{
    FILE *file = fdopen(fd, "wb");
    if (!file) {
        const int err = -errno;
        close(fd);
        return err;
    }
    png_image image = { .version = PNG_IMAGE_VERSION,
                        .width = width_px,
                        .height = height_px,
                        .format = PNG_FORMAT_RGB };
    errno = 0;
    int err = png_image_write_to_stdio(&image, file, 0, rgb, 0, NULL) ? 0 : errno ? -errno : -EIO;
    if (fclose(file) != 0 && err == 0)
        err = -errno;
    return err;
}

/* Into a new file beside `path`, which then takes its name. */
static int write_beside(const char *path, const uint8_t *rgb, uint32_t width_px, uint32_t height_px)
{
    autofree char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    const int fd = mkstemp(temporary);
    if (fd < 0)
        return -errno;
    const mode_t mask = umask(0);
    umask(mask);
    int err = fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0; /* mkstemp() makes it private */
    const int written = write_fd(fd, rgb, width_px, height_px);
    err = err < 0 ? err : written;
    if (err == 0 && rename(temporary, path) < 0)
        err = -errno;
    if (err < 0)
        unlink(temporary);
    return err;
}

int png_file_write(const char *path, const uint32_t *xrgb, uint32_t width_px, uint32_t height_px)
{
    uint8_t *rgb = rgb_of(xrgb, (size_t)width_px * height_px);
    const int err = rgb ? write_beside(path, rgb, width_px, height_px) : -ENOMEM;
    free(rgb);
    return err;
}
