/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/bell.h - may this viewer sleep until rung? Hello to the host, proof that its
 * rings arrive, and the doubts that end it. Source: docs/extensions.md section 2.
 *
 * States of one subscription: NONE (no doorbell, or the host does not ring), GREETING (hello said;
 * the owner looks as without a doorbell), ACTIVE (rings are relied on), BROKEN (until the next
 * subscription). Threads: the loop's thread. Embedded; client and doorbell are borrowed. */
#ifndef ESPELHO_SOURCE_RELAY_BELL_H
#define ESPELHO_SOURCE_RELAY_BELL_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/client.h"
#include "shm/doorbell.h"
#include "source/source.h"

#define BELL_PROOF_MS   1000u /* rings that do not come so long after the acknowledgement: broken */
#define BELL_SUSPECT_MS 50u   /* news without a ring */
#define BELL_PROBE_MS   100u  /* between looks at the heartbeat while it is in question ... */
#define BELL_PATIENT_MS 30000u /* ... and while it is not */
#define BELL_STALE_MS   1000u  /* local input or a ring asks for a look at the heartbeat */

struct bell {
    struct kvmfr_client *client; /* NULL: not connected */
    struct shm_doorbell *doorbell;
    enum source_bell state;
    bool rung[2]; /* frame and pointer vector, since hello */
    bool acked;
    uint64_t acked_ms;
    uint64_t probe_from_ms;   /* the heartbeat is in question since then; 0: it is not */
    uint64_t looked_ms;       /* the last look at it */
    uint64_t suspect_from_ms; /* news without a ring since then; 0: no */
};

/* A new subscription, or none (NULL). `wanted`: the owner's strategy allows for it. */
void bell_restart(struct bell *b, struct kvmfr_client *client, struct shm_doorbell *doorbell,
                  bool wanted);
/* After each step of the client. */
void bell_step(struct bell *b, uint64_t now_ms);
/* When to step again at the latest, ms from now. */
uint32_t bell_next_step_ms(const struct bell *b);

/* A ring was taken. */
void bell_rung(struct bell *b);
/* News lay there although nobody rang and our words were armed. */
void bell_found_news(struct bell *b, uint64_t now_ms);
/* Something asks whether the host lives. True: step now. */
bool bell_ask(struct bell *b, uint64_t now_ms);
/* The server had something to say, and the doorbell was refreshed. */
void bell_news(struct bell *b);

/* Takes the rings of both vectors; was there one? */
bool bell_clear(struct bell *b);
int bell_fd(const struct bell *b, uint32_t which);

#endif
