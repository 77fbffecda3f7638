/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/copy_in.h"
#include "base/err.h"
#include "base/text.h"
#include "inspect/inspect.h"
#include "shm/region.h"

static int grow(struct inspect_image *image, size_t need_bytes, size_t *cap_bytes)
{
    if (need_bytes > SHM_MAX_BYTES)
        return -EFBIG;
    if (need_bytes <= *cap_bytes)
        return 0;
    const size_t cap = need_bytes > (SIZE_MAX >> 2) ? need_bytes : need_bytes * 2;
    uint8_t *mem = realloc(image->mem, cap);
    if (!mem)
        return -ENOMEM;
    image->mem = mem;
    *cap_bytes = cap;
    return 0;
}

/* zlib reads plain files as they are. Takes the descriptor. */
static int read_file(int fd, struct inspect_image *image, size_t *cap_bytes)
{
    gzFile file = gzdopen(fd, "rb");
    if (!file) {
        close(fd);
        return -ENOMEM;
    }
    int err = 0, got = 0;
    do {
        err = grow(image, image->len_bytes + (1u << 20), cap_bytes);
        got = err < 0 ? 0 : gzread(file, image->mem + image->len_bytes, 1u << 20);
        if (got > 0)
            image->len_bytes += (size_t)got;
    } while (got > 0);
    if (got < 0)
        err = -EIO;
    gzclose(file);
    return err;
}

static int read_device(const char *path, struct inspect_image *image, char *message,
                       size_t message_bytes)
{
    struct shm_region *region;
    struct shm_problem problem = { 0 };
    size_t cap_bytes = 0;
    int err = shm_region_open(path, &region, &problem);
    if (err < 0) {
        snprintf(message, message_bytes, "%s", problem.message);
        return err;
    }
    err = grow(image, region->len_bytes, &cap_bytes);
    if (err == 0) {
        copy_in(image->mem, region->mem, region->len_bytes);
        image->len_bytes = region->len_bytes;
    }
    shm_region_close(region);
    return err;
}

static int extend(struct inspect_image *image, uint64_t region_bytes, size_t *cap_bytes)
{
    if (region_bytes <= image->len_bytes)
        return 0;
    const int err =
        region_bytes > SHM_MAX_BYTES ? -EFBIG : grow(image, (size_t)region_bytes, cap_bytes);
    if (err < 0)
        return err;
    memset(image->mem + image->len_bytes, 0, (size_t)region_bytes - image->len_bytes);
    image->len_bytes = (size_t)region_bytes;
    return 0;
}

int inspect_image_load(const char *path, uint64_t region_bytes, struct inspect_image *out,
                       char *message, size_t message_bytes)
{
    struct inspect_image image = { 0 };
    struct stat st;
    size_t cap_bytes = 0;
    int err;
    message[0] = 0;
    const bool server = strncmp(path, "unix:", 5) == 0;
    autoclose int fd = -1;
    if (!server)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (server)
        err = read_device(path, &image, message, message_bytes);
    else if (fd < 0 || fstat(fd, &st) < 0)
        err = -errno;
    else if (S_ISREG(st.st_mode))
        err = read_file(steal_fd(&fd), &image, &cap_bytes);
    else if (S_ISCHR(st.st_mode))
        err = read_device(path, &image, message, message_bytes);
    else
        err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    if (err == 0)
        err = extend(&image, region_bytes, &cap_bytes);
    if (err < 0) {
        free(image.mem);
        if (!message[0])
            snprintf(message, message_bytes, _("read %s: %s"), path,
                     err == -EFBIG ? _("4 GiB or more; a region is smaller") : err_str(err));
        return err;
    }
    *out = image;
    return 0;
}

void inspect_image_fini(struct inspect_image *image)
{
    free(image->mem);
    *image = (struct inspect_image){ 0 };
}
