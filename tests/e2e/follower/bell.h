/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/follower/bell.h - the doorbell of a viewer whose region has none: it says aloud whom it
 * would ring, so that a test can ring instead. Nobody rings it; it is polled for. */
#ifndef ESPELHO_E2E_FOLLOWER_BELL_H
#define ESPELHO_E2E_FOLLOWER_BELL_H

#include "shm/doorbell.h"

struct spoken_bell {
    struct shm_doorbell base;
    void (*say)(uint16_t peer, uint16_t vector);
};
/* Embedded, as peer `own_id` with two vectors. */
void spoken_bell_init(struct spoken_bell *bell, uint16_t own_id,
                      void (*say)(uint16_t peer, uint16_t vector));

#endif
