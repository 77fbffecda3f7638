/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/common/kvmfr/bell_hub.h - the doorbells of peers that are threads of one process: a ring
 * sets a flag and wakes whoever waits. Counts rings, so that tests can ask. Any thread. */
#ifndef ESPELHO_TESTS_BELL_HUB_H
#define ESPELHO_TESTS_BELL_HUB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/doorbell.h"

enum { HUB_PEERS = 8, HUB_VECTORS = 2 };

struct bell_hub {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool absent[HUB_PEERS]; /* the others do not know it (yet, or any more) */
    bool pending[HUB_PEERS][HUB_VECTORS];
    uint32_t rings[HUB_PEERS][HUB_VECTORS]; /* so far */
    uint32_t refreshes;
    bool broken; /* wait() fails */
    struct hub_bell {
        struct shm_doorbell base;
        struct bell_hub *hub;
    } bells[HUB_PEERS];
};

void bell_hub_init(struct bell_hub *hub);
void bell_hub_fini(struct bell_hub *hub);
struct shm_doorbell *bell_hub_of(struct bell_hub *hub, uint16_t peer);
/* Rings of the vector since the last question. */
uint32_t bell_hub_take(struct bell_hub *hub, uint16_t peer, uint16_t vector);
/* Forgets all rings so far. */
void bell_hub_reset(struct bell_hub *hub);

#endif
