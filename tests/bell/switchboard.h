/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bell/switchboard.h - a real doorbell without a server: eventfds of a few peers, made before
 * a fork or before threads start, as an ivshmem server would hand them out. One per test; outlives
 * the peers' doorbells. */
#ifndef ESPELHO_TESTS_BELL_SWITCHBOARD_H
#define ESPELHO_TESTS_BELL_SWITCHBOARD_H

#include <stdatomic.h>

#include "shm/doorbell.h"

enum { SWITCHBOARD_PEERS = 4, SWITCHBOARD_VECTORS = 2 };

struct switchboard {
    int fd[SWITCHBOARD_PEERS][SWITCHBOARD_VECTORS];
    int news_fd;                              /* raised when a peer went */
    _Atomic bool gone[SWITCHBOARD_PEERS];     /* rings are refused */
    _Atomic bool mute[SWITCHBOARD_PEERS];     /* rings vanish: a broken device */
    _Atomic uint32_t rung[SWITCHBOARD_PEERS]; /* times */
};

void switchboard_init(struct switchboard *s);
void switchboard_fini(struct switchboard *s);
/* The doorbell of one peer; its destroy() frees it. Peer ids are 0 .. SWITCHBOARD_PEERS - 1. */
struct shm_doorbell *switchboard_peer(struct switchboard *s, uint16_t id);
/* As if the peer's connection to the server ended. */
void switchboard_hang_up(struct switchboard *s, uint16_t id);

#endif
