/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/spice/script.h - a scripted SPICE server: one connection on a unix socket, served by
 * a function in a thread of its own with blocking calls. The other end may vanish at any time. */
#ifndef ESPELHO_TEST_SPICE_SCRIPT_H
#define ESPELHO_TEST_SPICE_SCRIPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*script_fn)(int fd); /* the descriptor is closed after it */

struct script {
    char path[128];
    int listen_fd;
    script_fn run;
    pthread_t thread;
};

void script_start(struct script *script, script_fn run);
void script_end(struct script *script); /* waits for the function */

/* Reads exactly so many bytes; false at the end. */
bool script_read(int fd, void *out, size_t bytes);
void script_write(int fd, const void *bytes, size_t count);

/* The reply to a client's link message, which is read first. The key is a valid one. */
void script_link(int fd, uint32_t common_caps, uint32_t error);
/* Link, ticket, result OK. `mini`: with mini headers. */
void script_let_in(int fd, bool mini);
void script_message(int fd, bool mini, uint16_t type, const void *body, size_t body_bytes);
/* Type of the client's next message (mini header); at most `room` bytes of its body. -1: the end.
 */
int script_read_message(int fd, uint8_t *body, size_t room);

#endif
