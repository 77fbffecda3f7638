/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/doorbell_windows.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "shm/ivshmem_windows.h"

struct driver_doorbell {
    struct shm_doorbell base;
    HANDLE device;                          /* borrowed */
    HANDLE events[DRIVER_DOORBELL_VECTORS]; /* owned: base.vectors of them, resetting themselves */
};

static const struct shm_doorbell_ops driver_doorbell_ops;

static struct driver_doorbell *driver_doorbell_of(struct shm_doorbell *self)
{
    assert(self->ops == &driver_doorbell_ops);
    return container_of(self, struct driver_doorbell, base);
}

static void driver_destroy(struct shm_doorbell *self)
{
    struct driver_doorbell *d = driver_doorbell_of(self);
    for (uint16_t i = 0; i < d->base.vectors; i++)
        CloseHandle(d->events[i]); /* the driver has a reference of its own */
    free(d);
}

static int driver_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    switch (ivshmem_ring(driver_doorbell_of(self)->device, peer, vector)) {
    case 0:
        return 0; /* the device does not say whether anybody heard it */
    case ERROR_INVALID_PARAMETER:
        return -ENOENT;
    default:
        return -EPIPE;
    }
}

static int driver_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    const struct driver_doorbell *d = driver_doorbell_of(self);
    if (vector >= d->base.vectors)
        return -ENOENT;
    switch (WaitForSingleObject(d->events[vector], timeout_ms)) {
    case WAIT_OBJECT_0:
        return 1;
    case WAIT_TIMEOUT:
        return 0;
    default:
        return -EIO;
    }
}

static int driver_fd(struct shm_doorbell *self, uint16_t vector)
{
    (void)self;
    (void)vector;
    return -1;
}

static bool driver_clear(struct shm_doorbell *self, uint16_t vector)
{
    return driver_wait(self, vector, 0) == 1;
}

static const struct shm_doorbell_ops driver_doorbell_ops = {
    .name = "driver",
    .destroy = driver_destroy,
    .ring = driver_ring,
    .wait = driver_wait,
    .fd = driver_fd,
    .clear = driver_clear,
};

/* One more vector of ours. */
static DWORD add_event(struct driver_doorbell *d)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!event)
        return GetLastError();
    const DWORD error = ivshmem_register_event(d->device, d->base.vectors, event);
    if (error)
        CloseHandle(event);
    else
        d->events[d->base.vectors++] = event;
    return error;
}

DWORD driver_doorbell_create(HANDLE device, uint16_t own_id, uint16_t vectors,
                             struct shm_doorbell **out)
{
    const uint16_t wanted = vectors < DRIVER_DOORBELL_VECTORS ? vectors : DRIVER_DOORBELL_VECTORS;
    struct driver_doorbell *d = calloc(1, sizeof(*d));
    if (!d)
        return ERROR_NOT_ENOUGH_MEMORY;
    d->base = (struct shm_doorbell){ .ops = &driver_doorbell_ops, .own_id = own_id };
    d->device = device;
    DWORD error = 0;
    while (!error && d->base.vectors < wanted)
        error = add_event(d);
    if (d->base.vectors == 0) {
        driver_destroy(&d->base);
        return error ? error : ERROR_INVALID_PARAMETER;
    }
    *out = &d->base; /* a doorbell with fewer vectors is one all the same */
    return 0;
}
