/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/spice/peer.h - a server process for tests: spice_test_server, started with a folder
 * of its own, ended with the test; what it prints can be waited for while a loop runs. */
#ifndef ESPELHO_TEST_SPICE_PEER_H
#define ESPELHO_TEST_SPICE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop/loop.h"

struct peer {
    pid_t pid; /* 0: does not run */
    int in_fd, out_fd;
    char text[256 * 1024]; /* what it printed and peer_wait() has not passed yet */
    size_t used;
};

/* A folder for sockets and files, made at the first call and removed at the end of the test. */
const char *peer_dir(void);
/* `arguments` ends with NULL. Returns when clients can connect. */
void peer_start(struct peer *peer, const char *const arguments[]);
/* Another program, which prints no "ready": returns at once. */
void peer_start_program(struct peer *peer, const char *program, const char *const arguments[]);
void peer_kill(struct peer *peer); /* SIGKILL: as a VM that crashes */
void peer_say(struct peer *peer, const char *line);

/* Runs the loop until the peer has printed this line (what was before it is passed over), or fails
 * the test after 5 s. */
void peer_wait(struct peer *peer, struct loop *loop, const char *line);
/* Was it printed so far? Nothing is passed over. */
bool peer_printed(struct peer *peer, const char *line);

/* Runs the loop until *flag, or fails the test after `ms`. */
void pump_until(struct loop *loop, const bool *flag, uint32_t ms, const char *what);
void pump_for(struct loop *loop, uint32_t ms);

/* A TCP port of 127.0.0.1 and ::1 that was free a moment ago. */
uint16_t free_port(void);

#endif
