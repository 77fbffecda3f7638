/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "relay"

#include "source/relay/bell.h"

#include "base/log.h"
#include "base/text.h"
#include "kvmfr/client_extension.h"
#include "kvmfr/extension.h"

static uint16_t vector_of(const struct bell *b, uint32_t which)
{
    return which == 0 ? kvmfr_client_frame_vector(b->client)
                      : kvmfr_client_pointer_vector(b->client);
}

bool bell_clear(struct bell *b)
{
    bool any = false;
    for (uint32_t i = 0; i < ARRAY_LEN(b->rung) && b->doorbell; i++) {
        const bool rung = b->doorbell->ops->clear(b->doorbell, vector_of(b, i));
        b->rung[i] |= rung;
        any |= rung;
    }
    /* One vector for both: one ring is the proof for both. */
    if (b->doorbell && vector_of(b, 0) == vector_of(b, 1))
        b->rung[1] |= b->rung[0];
    return any;
}

int bell_fd(const struct bell *b, uint32_t which)
{
    if (which > 0 && vector_of(b, which) == vector_of(b, 0))
        return -1;
    return b->doorbell->ops->fd(b->doorbell, vector_of(b, which));
}

void bell_restart(struct bell *b, struct kvmfr_client *client, struct shm_doorbell *doorbell,
                  bool wanted)
{
    *b = (struct bell){ .client = client };
    if (!client || !wanted || !doorbell || kvmfr_client_host_peer(client) == SHM_DOORBELL_NO_PEER)
        return;
    b->doorbell = doorbell;
    if (bell_fd(b, 0) < 0) {
        b->doorbell = NULL; /* nothing that a loop can sleep on */
        return;
    }
    b->state = SOURCE_BELL_GREETING;
}

static void breaks(struct bell *b, const char *why)
{
    b->state = SOURCE_BELL_BROKEN;
    log_warn("the doorbell is not used until the next connection: %s", why);
}

/* Rings and acknowledgement come in any order; rings that came before our hello are old, but a
 * doorbell that brought them works. */
static void await_proof(struct bell *b, uint64_t now_ms)
{
    (void)bell_clear(b);
    if (kvmfr_client_greet(b->client) != KVMFR_GREETING_DONE)
        return;
    if (!b->acked) {
        b->acked = true;
        b->acked_ms = now_ms;
    }
    if (b->rung[0] && b->rung[1]) {
        b->state = SOURCE_BELL_ACTIVE;
        b->looked_ms = b->probe_from_ms = now_ms;
        log_debug("the host rings: no more looking");
    } else if (now_ms - b->acked_ms > BELL_PROOF_MS) {
        breaks(b, _("the host heard us, but its rings do not arrive"));
    }
}

static void probe(struct bell *b, uint64_t now_ms)
{
    b->looked_ms = now_ms;
    if (b->probe_from_ms == 0)
        b->probe_from_ms =
            now_ms; /* the slow look: this one says only that it lived since the last */
    else if (kvmfr_client_alive_ms(b->client) > b->probe_from_ms)
        b->probe_from_ms = 0;
}

void bell_step(struct bell *b, uint64_t now_ms)
{
    if (b->state == SOURCE_BELL_GREETING)
        await_proof(b, now_ms);
    else if (b->state == SOURCE_BELL_ACTIVE)
        probe(b, now_ms);
    if (b->state == SOURCE_BELL_ACTIVE && b->suspect_from_ms != 0 &&
        now_ms - b->suspect_from_ms >= BELL_SUSPECT_MS)
        breaks(b, _("the host posted something and did not ring"));
}

uint32_t bell_next_step_ms(const struct bell *b)
{
    if (b->state == SOURCE_BELL_GREETING)
        return BELL_PROBE_MS / 10;
    if (b->state != SOURCE_BELL_ACTIVE)
        return BELL_PROBE_MS;
    if (b->suspect_from_ms != 0)
        return BELL_SUSPECT_MS;
    return b->probe_from_ms != 0 ? BELL_PROBE_MS : BELL_PATIENT_MS;
}

void bell_rung(struct bell *b)
{
    b->suspect_from_ms = 0;
}

void bell_found_news(struct bell *b, uint64_t now_ms)
{
    if (b->state == SOURCE_BELL_ACTIVE && b->suspect_from_ms == 0)
        b->suspect_from_ms = now_ms;
}

bool bell_ask(struct bell *b, uint64_t now_ms)
{
    if (b->state != SOURCE_BELL_ACTIVE || b->probe_from_ms != 0 ||
        now_ms - b->looked_ms < BELL_STALE_MS)
        return false;
    return true;
}

void bell_news(struct bell *b)
{
    struct shm_doorbell *d = b->doorbell;
    if (b->state == SOURCE_BELL_ACTIVE && d->ops->peer_present &&
        !d->ops->peer_present(d, kvmfr_client_host_peer(b->client)))
        breaks(b, _("the VM left its server"));
}
