/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/common/lgmp/rig.h - a host and its clients over one private region, under a clock of the
 * test's own. */
#ifndef ESPELHO_TESTS_LGMP_RIG_H
#define ESPELHO_TESTS_LGMP_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lgmp/client.h"
#include "lgmp/host.h"
#include "lgmp/layout.h"

enum {
    RIG_REGION_BYTES = 65536,
    RIG_QUEUE_ID = 7,
    RIG_CAPACITY = 3,
    RIG_SLOTS = RIG_CAPACITY + 1,
    RIG_TIMEOUT_MS = 1000,
    RIG_PAYLOAD_BYTES = 64,
    RIG_LOCK_WAIT_US = 2000,
};

struct rig {
    uint8_t *mem;
    bool mem_owned;
    uint32_t len_bytes;
    uint64_t now_ms;      /* both clocks; tests that need two advance them by hand */
    uint32_t next_random; /* ids count up from here: every one differs */
    struct lgmp_host *host;
    struct lgmp_host_queue *queue;
    struct lgmp_payload payload[RIG_SLOTS];
    struct lgmp_wire_header *wire;
    struct lgmp_wire_queue *wire_queue;
    struct lgmp_wire_slot *wire_slots;
};

/* A region filled with 0xA5 (T1: nothing undefined may matter), a host with one queue, one pass
 * done. */
void rig_init(struct rig *rig);
/* The same in memory of the caller's: RIG_REGION_BYTES, page-aligned. */
void rig_init_at(struct rig *rig, uint8_t *mem);
void rig_fini(struct rig *rig);
/* The host ends without a word and starts anew in the same memory. */
void rig_restart_host(struct rig *rig);
struct lgmp_random rig_random(struct rig *rig);
/* Attaches after one more heartbeat, with a session started. */
struct lgmp_client *rig_client(struct rig *rig);
struct lgmp_subscription *rig_subscribe(struct rig *rig, struct lgmp_client *client);
/* Lets `ms` pass, and one pass of the host after it. */
void rig_pass(struct rig *rig, uint64_t ms);
/* Posts payload[n % RIG_SLOTS] with udata `n`. */
enum lgmp_result rig_post(struct rig *rig, uint32_t n);

#endif
