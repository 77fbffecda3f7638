/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/doorbell_module_linux.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uapi/kvmfr.h"

enum { KEPT_VECTORS = 8 }; /* the rest is not listened to */

struct module_doorbell {
    struct shm_doorbell base;
    int device_fd; /* borrowed */
    int events[KEPT_VECTORS];
};

static const struct shm_doorbell_ops module_doorbell_ops;

static struct module_doorbell *module_doorbell_of(struct shm_doorbell *self)
{
    assert(self->ops == &module_doorbell_ops);
    return container_of(self, struct module_doorbell, base);
}

static void module_destroy(struct shm_doorbell *self)
{
    struct module_doorbell *d = module_doorbell_of(self);
    for (unsigned i = 0; i < KEPT_VECTORS; i++) {
        if (d->events[i] < 0)
            continue;
        const struct kvmfr_eventfd none = { .vector = i, .fd = -1 };
        (void)ioctl(d->device_fd, KVMFR_EVENTFD, &none); /* the device may be gone */
        close(d->events[i]);
    }
    free(d);
}

static int module_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    const struct kvmfr_ring ring = { .peer = peer, .vector = vector };
    if (ioctl(module_doorbell_of(self)->device_fd, KVMFR_RING, &ring) == 0)
        return 0;
    return errno == ENODEV ? -EPIPE : -errno;
}

static int module_fd(struct shm_doorbell *self, uint16_t vector)
{
    return vector < self->vectors ? module_doorbell_of(self)->events[vector] : -1;
}

static bool module_clear(struct shm_doorbell *self, uint16_t vector)
{
    uint64_t count;
    const int fd = module_fd(self, vector);
    return fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count);
}

static int module_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    struct pollfd p = { .fd = module_fd(self, vector), .events = POLLIN };
    if (p.fd < 0)
        return -EINVAL;
    const int ready = poll(&p, 1, timeout_ms > INT32_MAX ? -1 : (int)timeout_ms);
    if (ready <= 0)
        return ready < 0 ? -errno : 0;
    return module_clear(self, vector) ? 1 : 0;
}

/* Peers are not announced to a guest: whether one is there cannot be known. */
static const struct shm_doorbell_ops module_doorbell_ops = {
    .name = "module",
    .destroy = module_destroy,
    .ring = module_ring,
    .wait = module_wait,
    .fd = module_fd,
    .clear = module_clear,
};

static int listen_to(struct module_doorbell *d, uint16_t vector)
{
    d->events[vector] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->events[vector] < 0)
        return -errno;
    const struct kvmfr_eventfd event = { .vector = vector, .fd = d->events[vector] };
    return ioctl(d->device_fd, KVMFR_EVENTFD, &event) == 0 ? 0 : -errno;
}

/* Another module of this name may know nothing of it. */
static int ask_info(int fd, struct kvmfr_info *info)
{
    return ioctl(fd, KVMFR_INFO, info) == 0 ? 0 : -errno;
}

int64_t kvmfr_module_size_bytes(int fd)
{
    struct kvmfr_info info = { 0 };
    int err = ask_info(fd, &info);
    if (err == 0)
        return info.size_bytes <= INT64_MAX ? (int64_t)info.size_bytes : -EOVERFLOW;
    if (err != -ENOTTY)
        return err;
    /* The raw system call: the library's ioctl() would cut 2 GiB or more to a negative int. */
    const long size_bytes = syscall(SYS_ioctl, fd, (unsigned long)KVMFR_DMABUF_GETSIZE, 0ul);
    return size_bytes < 0 ? -(int64_t)errno : size_bytes;
}

int kvmfr_module_doorbell(int fd, struct shm_doorbell **out)
{
    struct kvmfr_info info = { 0 };
    int err = ask_info(fd, &info);
    if (err == -ENOTTY || (err == 0 && !(info.flags & KVMFR_INFO_DOORBELL)) ||
        (err == 0 && info.vectors == 0)) {
        *out = NULL;
        return 0;
    }
    if (err)
        return err;
    struct module_doorbell *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    for (unsigned i = 0; i < KEPT_VECTORS; i++)
        d->events[i] = -1;
    d->base.ops = &module_doorbell_ops;
    d->base.own_id = info.peer_id;
    d->base.vectors = info.vectors < KEPT_VECTORS ? info.vectors : KEPT_VECTORS;
    d->device_fd = fd;
    for (uint16_t v = 0; err == 0 && v < d->base.vectors; v++)
        err = listen_to(d, v);
    if (err) {
        module_destroy(&d->base);
        return err;
    }
    *out = &d->base;
    return 0;
}
