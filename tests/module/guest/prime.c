/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/* What we use of the kernel's include/uapi/drm/drm.h and drm_mode.h. */
struct drm_version {
    int major, minor, patch;
    size_t name_len;
    char *name;
    size_t date_len;
    char *date;
    size_t desc_len;
    char *desc;
};
struct drm_gem_close {
    uint32_t handle, pad;
};
struct drm_prime_handle {
    uint32_t handle, flags;
    int32_t fd;
};
struct drm_mode_map_dumb {
    uint32_t handle, pad;
    uint64_t offset;
};
#define DRM_IOCTL_VERSION            _IOWR('d', 0x00, struct drm_version)
#define DRM_IOCTL_GEM_CLOSE          _IOW('d', 0x09, struct drm_gem_close)
#define DRM_IOCTL_PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct drm_prime_handle)
#define DRM_IOCTL_MODE_MAP_DUMB      _IOWR('d', 0xb3, struct drm_mode_map_dumb)

static bool is_vgem(int fd)
{
    char name[16] = "";
    struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
    return ioctl(fd, DRM_IOCTL_VERSION, &version) == 0 && strcmp(name, "vgem") == 0;
}

int open_vgem(void)
{
    for (int i = 0; i < 8; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/dev/dri/card%d", i);
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd >= 0 && is_vgem(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    SKIP("no vgem in this kernel");
}

int prime_import(int vgem, int buf, uint32_t *handle)
{
    struct drm_prime_handle prime = { .fd = buf };
    if (ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) != 0)
        return -errno;
    *handle = prime.handle;
    return 0;
}

void prime_close(int vgem, uint32_t handle)
{
    struct drm_gem_close close = { .handle = handle };
    CHECK_INT(ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &close), 0);
}

void *prime_map(int vgem, uint32_t handle, uint64_t bytes)
{
    struct drm_mode_map_dumb request = { .handle = handle };
    if (ioctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &request) != 0)
        return NULL;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vgem, (off_t)request.offset);
    return p == MAP_FAILED ? NULL : p;
}
