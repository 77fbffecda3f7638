/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/audio/rig/tone_server.h - a real SPICE server (libspice-server, as in QEMU) on a
 * unix socket, with a sound card but without a VM: plays the tone, or records. At most one at a
 * time. Its thread is its own; functions from one other. */
#ifndef ESPELHO_TESTS_TONE_SERVER_H
#define ESPELHO_TESTS_TONE_SERVER_H

#include <stdbool.h>

#include "tone.h"

struct tone_server;

struct tone_server *tone_server_start(const char *socket_path, bool opus);
void tone_server_stop(struct tone_server *server);

void tone_server_play(struct tone_server *server, bool play);
void tone_server_record(struct tone_server *server, bool record);
/* Sent at the next tick. */
void tone_server_volume(struct tone_server *server, uint16_t level, bool mute);
const struct tone_marks *tone_server_marks(const struct tone_server *server);
/* What a guest would record. */
struct tone_judge *tone_server_heard(struct tone_server *server);
uint64_t tone_server_packets(const struct tone_server *server); /* that the server took to send */

#endif
