/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bell/switchboard_server.h - gives one peer of a switchboard out at a socket, as an ivshmem
 * server does: for programs and modules that open "unix:PATH". A thread accepts; each connection
 * gets the same id. */
#ifndef ESPELHO_TESTS_BELL_SWITCHBOARD_SERVER_H
#define ESPELHO_TESTS_BELL_SWITCHBOARD_SERVER_H

#include <pthread.h>

#include "bell/switchboard.h"

struct switchboard_server {
    struct switchboard *board;
    char dir[64], path[96], name[112]; /* name: "unix:PATH" */
    int memory_fd;                     /* borrowed */
    uint16_t id;
    int listener;
    _Atomic int connection; /* the newest; -1: none */
    pthread_t thread;
};

/* `id` is whom connections become; the other peers are announced to them. */
void switchboard_server_start(struct switchboard_server *s, struct switchboard *board,
                              int memory_fd, uint16_t id);
void switchboard_server_stop(struct switchboard_server *s);
/* Tells the connection that peer `id`, which was gone, is there now. */
void switchboard_server_come(struct switchboard_server *s, uint16_t id);
/* Tells the connection that peer `id` left. */
void switchboard_server_gone(struct switchboard_server *s, uint16_t id);

#endif
