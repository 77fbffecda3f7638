/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/dmabuf/dmabuf_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

#define UDMABUF_PATH     "/dev/udmabuf"
#define SIZE_LIMIT_PATH  "/sys/module/udmabuf/parameters/size_limit_mb"
#define DEFAULT_LIMIT_MB 64u /* of the kernel, should it not tell */

/* kvmfr.md 9.3; flags bit 0: close on exec */
struct kvmfr_create {
    uint8_t flags;
    uint64_t offset_bytes, size_bytes;
};
_Static_assert(sizeof(struct kvmfr_create) == 24, "kernel ABI");
#define KVMFR_IOCTL_CREATE 0x40187542ul
_Static_assert(_IOW('u', 0x42, struct kvmfr_create) == KVMFR_IOCTL_CREATE, "kernel ABI");

struct dmabuf_source {
    int region_fd;  /* owned */
    int udmabuf_fd; /* owned; -1: the region is a kvmfr device, which exports itself */
    uint64_t len_bytes;
    uint64_t device, inode;
    const void *mem; /* only to be compared */
    char size_limit_path[256];
};

static int PRINTF_LIKE(3, 4) say(struct dmabuf_problem *p, int err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->text, sizeof(p->text), fmt, args);
    va_end(args);
    p->advice[0] = '\0';
    return err;
}

static void PRINTF_LIKE(2, 3) advise(struct dmabuf_problem *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->advice, sizeof(p->advice), fmt, args);
    va_end(args);
}

/* udmabuf takes memfds that cannot shrink, and still can be written. */
static int check_seals(const struct shm_region *region, struct dmabuf_problem *problem)
{
    const int seals = fcntl(region->fd, F_GET_SEALS);
    if (seals >= 0 && (seals & F_SEAL_SHRINK) && !(seals & F_SEAL_WRITE))
        return 0;
    const int err = say(problem, -ENOTSUP,
                        _("%.150s is not memory that is sealed against shrinking"), region->path);
    advise(
        problem,
        _("A file in /dev/shm cannot be handed to the GPU. Memory of `espelho shm-server` and of "
          "the kvmfr module can: see espelho-shm-server(1)."));
    return err;
}

static int open_udmabuf(const char *path, int *out, struct dmabuf_problem *problem)
{
    *out = open(path, O_RDWR | O_CLOEXEC);
    if (*out >= 0)
        return 0;
    const int reason = errno;
    const int err = say(problem, -reason, _("cannot open %.120s: %s"), path, err_str(-reason));
    if (reason == ENOENT)
        advise(problem, _("Load the module, now and at each start:\n"
                          "  sudo modprobe udmabuf\n"
                          "  echo udmabuf | sudo tee /etc/modules-load.d/udmabuf.conf"));
    else if (reason == EACCES || reason == EPERM)
        advise(problem,
               _("Let the user of this seat open it:\n"
                 "  echo 'KERNEL==\"udmabuf\", TAG+=\"uaccess\"' | sudo tee "
                 "/etc/udev/rules.d/70-udmabuf.rules\n"
                 "  sudo udevadm control --reload && sudo udevadm trigger --name-match=udmabuf\n"
                 "or join its group (usually kvm): sudo usermod -aG kvm $USER"));
    return err;
}

int dmabuf_source_create(const struct shm_region *region, const struct dmabuf_paths *paths,
                         struct dmabuf_source **out, struct dmabuf_problem *problem)
{
    const char *udmabuf = paths && paths->udmabuf ? paths->udmabuf : UDMABUF_PATH;
    const char *limit = paths && paths->size_limit_mb ? paths->size_limit_mb : SIZE_LIMIT_PATH;
    struct dmabuf_source *s = calloc(1, sizeof(*s));
    if (!s)
        return say(problem, -ENOMEM, _("out of memory"));
    s->udmabuf_fd = -1;
    s->len_bytes = region->len_bytes;
    s->device = region->device;
    s->inode = region->inode;
    s->mem = region->mem;
    snprintf(s->size_limit_path, sizeof(s->size_limit_path), "%s", limit);
    s->region_fd = fcntl(region->fd, F_DUPFD_CLOEXEC, 0);
    int err = s->region_fd < 0
                  ? say(problem, -errno, _("duplicate a descriptor: %s"), strerror(errno))
                  : 0;
    if (!err && region->kind != SHM_KIND_KVMFR)
        err = check_seals(region, problem);
    if (!err && region->kind != SHM_KIND_KVMFR)
        err = open_udmabuf(udmabuf, &s->udmabuf_fd, problem);
    if (err) {
        dmabuf_source_destroy(s);
        return err;
    }
    *out = s;
    return 0;
}

void dmabuf_source_destroy(struct dmabuf_source *s)
{
    if (!s)
        return;
    if (s->udmabuf_fd >= 0)
        close(s->udmabuf_fd);
    if (s->region_fd >= 0)
        close(s->region_fd);
    free(s);
}

bool dmabuf_source_is_of(const struct dmabuf_source *s, const struct shm_region *region)
{
    return s->mem == region->mem && s->len_bytes == region->len_bytes &&
           s->device == region->device && s->inode == region->inode;
}

const char *dmabuf_source_name(const struct dmabuf_source *s)
{
    return s->udmabuf_fd >= 0 ? "udmabuf" : "kvmfr";
}

bool dmabuf_range(uint64_t offset_bytes, uint64_t len_bytes, uint64_t total_bytes,
                  uint64_t page_bytes, uint64_t *start_bytes, uint64_t *size_bytes)
{
    if (len_bytes == 0 || !range_inside(offset_bytes, len_bytes, total_bytes))
        return false;
    const uint64_t start = offset_bytes & ~(page_bytes - 1),
                   end = round_up_u64(offset_bytes + len_bytes, page_bytes);
    if (end > total_bytes)
        return false;
    *start_bytes = start;
    *size_bytes = end - start;
    return true;
}

static uint64_t size_limit_mb(const struct dmabuf_source *s)
{
    char text[32] = "";
    autofclose FILE *f = fopen(s->size_limit_path, "re");
    if (!f || !fgets(text, sizeof(text), f))
        return DEFAULT_LIMIT_MB;
    const long mb = strtol(text, NULL, 10);
    return mb > 0 ? (uint64_t)mb : DEFAULT_LIMIT_MB;
}

/* list_limit, udmabuf's other parameter, is of no matter: ours have one range. */
static int check_limit(const struct dmabuf_source *s, uint64_t size_bytes,
                       struct dmabuf_problem *problem)
{
    const uint64_t limit_mb = size_limit_mb(s), need_mb = round_up_u64(size_bytes, 1 << 20) >> 20;
    if (need_mb <= limit_mb)
        return 0;
    const int err = say(problem, -EFBIG,
                        _("udmabuf allows %" PRIu64 " MiB for a buffer, a frame needs %" PRIu64),
                        limit_mb, need_mb);
    advise(problem,
           _("Raise the limit, at the next start of the machine and now:\n"
             "  echo 'options udmabuf size_limit_mb=%" PRIu64 "' | sudo tee "
             "/etc/modprobe.d/udmabuf.conf\n"
             "  echo %" PRIu64 " | sudo tee %s"),
           need_mb, need_mb, s->size_limit_path);
    return err;
}

static int create_by_udmabuf(const struct dmabuf_source *s, uint64_t start_bytes,
                             uint64_t size_bytes)
{
    struct udmabuf_create create = { .memfd = (uint32_t)s->region_fd,
                                     .flags = UDMABUF_FLAGS_CLOEXEC,
                                     .offset = start_bytes,
                                     .size = size_bytes };
    const int fd = ioctl(s->udmabuf_fd, UDMABUF_CREATE, &create);
    return fd < 0 ? -errno : fd;
}

static int create_by_kvmfr(const struct dmabuf_source *s, uint64_t start_bytes, uint64_t size_bytes)
{
    struct kvmfr_create create = { .flags = 1,
                                   .offset_bytes = start_bytes,
                                   .size_bytes = size_bytes };
    const int fd = ioctl(s->region_fd, KVMFR_IOCTL_CREATE, &create);
    return fd < 0 ? -errno : fd;
}

int dmabuf_source_export(struct dmabuf_source *s, uint64_t offset_bytes, uint64_t len_bytes,
                         struct dmabuf *out, struct dmabuf_problem *problem)
{
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t start_bytes, size_bytes;
    if (!dmabuf_range(offset_bytes, len_bytes, s->len_bytes, page_bytes, &start_bytes, &size_bytes))
        return say(problem, -ERANGE, _("a frame lies outside of the region"));
    if (s->udmabuf_fd >= 0) {
        const int err = check_limit(s, size_bytes, problem);
        if (err)
            return err;
    }
    const int fd = s->udmabuf_fd >= 0 ? create_by_udmabuf(s, start_bytes, size_bytes)
                                      : create_by_kvmfr(s, start_bytes, size_bytes);
    if (fd < 0)
        return say(problem, fd, _("%s makes no dma-buf: %s"), dmabuf_source_name(s), err_str(fd));
    *out = (struct dmabuf){ .fd = fd, .offset_bytes = (uint32_t)(offset_bytes - start_bytes) };
    return 0;
}

static void sync_one(int fd, uint64_t flags)
{
    struct dma_buf_sync sync = { .flags = flags };
    for (int tries = 0; tries < 10; tries++)
        if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) == 0 || (errno != EINTR && errno != EAGAIN))
            return;
}

void dmabuf_sync_for_device(int fd)
{
    sync_one(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
    sync_one(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
}
