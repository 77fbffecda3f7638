/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follower/bell.h"

#include <errno.h>

static void bell_destroy(struct shm_doorbell *self)
{
    (void)self; /* embedded */
}

static int bell_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    container_of(self, struct spoken_bell, base)->say(peer, vector);
    return 0;
}

static int bell_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    (void)self;
    (void)vector;
    (void)timeout_ms;
    return -ENOSYS;
}

static int bell_fd(struct shm_doorbell *self, uint16_t vector)
{
    (void)self;
    (void)vector;
    return -1;
}

static bool bell_clear(struct shm_doorbell *self, uint16_t vector)
{
    (void)self;
    (void)vector;
    return false;
}

static const struct shm_doorbell_ops spoken_ops = {
    .name = "spoken",
    .destroy = bell_destroy,
    .ring = bell_ring,
    .wait = bell_wait,
    .fd = bell_fd,
    .clear = bell_clear,
};

void spoken_bell_init(struct spoken_bell *bell, uint16_t own_id,
                      void (*say)(uint16_t peer, uint16_t vector))
{
    *bell = (struct spoken_bell){ .base = { &spoken_ops, own_id, 2 }, .say = say };
}
