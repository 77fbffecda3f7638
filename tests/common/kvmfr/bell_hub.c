/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bell_hub.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"

static struct hub_bell *bell_of(struct shm_doorbell *self)
{
    return (struct hub_bell *)(void *)self; /* `base` is the first member */
}

static int hub_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    struct bell_hub *hub = bell_of(self)->hub;
    if (peer >= HUB_PEERS || vector >= HUB_VECTORS)
        return -ENOENT;
    pthread_mutex_lock(&hub->lock);
    const bool there = !hub->absent[peer];
    if (there) {
        hub->pending[peer][vector] = true;
        hub->rings[peer][vector]++;
        pthread_cond_broadcast(&hub->changed);
    }
    pthread_mutex_unlock(&hub->lock);
    return there ? 0 : -ENOENT;
}

static int hub_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    struct bell_hub *hub = bell_of(self)->hub;
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    pthread_mutex_lock(&hub->lock);
    bool *pending = &hub->pending[self->own_id][vector];
    while (!*pending && !hub->broken && clock_ns() < deadline_ns)
        cond_wait_until(&hub->changed, &hub->lock, deadline_ns);
    const int result = hub->broken ? -EIO : *pending;
    *pending = false;
    pthread_mutex_unlock(&hub->lock);
    return result;
}

static int hub_fd(struct shm_doorbell *self, uint16_t vector)
{
    (void)self;
    (void)vector;
    return -1;
}

static bool hub_clear(struct shm_doorbell *self, uint16_t vector)
{
    struct bell_hub *hub = bell_of(self)->hub;
    pthread_mutex_lock(&hub->lock);
    const bool was = hub->pending[self->own_id][vector];
    hub->pending[self->own_id][vector] = false;
    pthread_mutex_unlock(&hub->lock);
    return was;
}

static bool hub_refresh(struct shm_doorbell *self)
{
    struct bell_hub *hub = bell_of(self)->hub;
    pthread_mutex_lock(&hub->lock);
    hub->refreshes++;
    pthread_mutex_unlock(&hub->lock);
    return true;
}

static const struct shm_doorbell_ops hub_ops = {
    .name = "hub",
    .ring = hub_ring,
    .wait = hub_wait,
    .fd = hub_fd,
    .clear = hub_clear,
    .refresh = hub_refresh,
};

void bell_hub_init(struct bell_hub *hub)
{
    memset(hub, 0, sizeof(*hub));
    pthread_mutex_init(&hub->lock, NULL);
    (void)!cond_init(&hub->changed);
    for (int i = 0; i < HUB_PEERS; i++)
        hub->bells[i] =
            (struct hub_bell){ .base = { &hub_ops, (uint16_t)i, HUB_VECTORS }, .hub = hub };
}

void bell_hub_fini(struct bell_hub *hub)
{
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->lock);
}

struct shm_doorbell *bell_hub_of(struct bell_hub *hub, uint16_t peer)
{
    return &hub->bells[peer].base;
}

uint32_t bell_hub_take(struct bell_hub *hub, uint16_t peer, uint16_t vector)
{
    pthread_mutex_lock(&hub->lock);
    const uint32_t n = hub->rings[peer][vector];
    hub->rings[peer][vector] = 0;
    pthread_mutex_unlock(&hub->lock);
    return n;
}

void bell_hub_reset(struct bell_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    memset(hub->rings, 0, sizeof(hub->rings));
    memset(hub->pending, 0, sizeof(hub->pending));
    pthread_mutex_unlock(&hub->lock);
}
