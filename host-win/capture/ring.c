/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Three kinds of damage are kept apart. `stale` of a slot: where its image is older than the
 * desktop. `due`: what changed from the last published picture to the newest committed one; the
 * reader's. `begun`: news that no committed picture has yet; it becomes due with the next commit,
 * not earlier, or a reader that takes the older picture meanwhile would take it off the books. */
#include "capture/ring.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cond.h"

#define NO_SLOT UINT32_MAX

struct capture_ring {
    uint32_t slots; /* constant */
    pthread_mutex_t lock;
    pthread_cond_t ready_cond, released_cond;
    bool has_lock, has_ready_cond, has_released_cond;
    /* all under `lock` */
    struct damage stale[CAPTURE_RING_MAX_SLOTS];
    struct damage begun, due;
    uint64_t capture_ns;                          /* of the newest news */
    uint64_t captured_ns[CAPTURE_RING_MAX_SLOTS]; /* of each slot's image */
    struct damage taken_due;                      /* what take() handed out, until release() */
    uint32_t filling;                             /* between begin and commit */
    uint32_t ready;                               /* the newest committed one, not yet taken */
    uint32_t taken;                               /* the reader's */
    bool resetting;                               /* the producer waits for the reader */
    bool woken;
};

/* Lock held, nothing taken. */
static void forget_all(struct capture_ring *ring)
{
    for (uint32_t i = 0; i < ring->slots; i++)
        damage_set_full(&ring->stale[i]);
    damage_clear(&ring->begun);
    damage_set_full(&ring->due);
    ring->filling = ring->ready = ring->taken = NO_SLOT;
}

int capture_ring_create(uint32_t slots, struct capture_ring **out)
{
    if (slots < 3 || slots > CAPTURE_RING_MAX_SLOTS)
        return -EINVAL;
    struct capture_ring *ring = calloc(1, sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    ring->slots = slots;
    ring->has_lock = pthread_mutex_init(&ring->lock, NULL) == 0;
    ring->has_ready_cond = cond_init(&ring->ready_cond) == 0;
    ring->has_released_cond = cond_init(&ring->released_cond) == 0;
    if (!ring->has_lock || !ring->has_ready_cond || !ring->has_released_cond) {
        capture_ring_destroy(ring);
        return -ENOMEM;
    }
    forget_all(ring);
    *out = ring;
    return 0;
}

void capture_ring_destroy(struct capture_ring *ring)
{
    if (!ring)
        return;
    if (ring->has_released_cond)
        pthread_cond_destroy(&ring->released_cond);
    if (ring->has_ready_cond)
        pthread_cond_destroy(&ring->ready_cond);
    if (ring->has_lock)
        pthread_mutex_destroy(&ring->lock);
    free(ring);
}

void capture_ring_reset(struct capture_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    assert(ring->filling == NO_SLOT);
    ring->resetting = true; /* so that the reader does not take the next one before we come round */
    while (ring->taken != NO_SLOT)
        cond_wait_until(&ring->released_cond, &ring->lock, UINT64_MAX);
    forget_all(ring);
    ring->resetting = false;
    pthread_mutex_unlock(&ring->lock);
}

/* Any picture is smaller than this, so full is more than any list. */
static uint64_t lacks_px(const struct capture_ring *ring, uint32_t slot)
{
    return damage_pixels(&ring->stale[slot], FRAME_MAX_PX, FRAME_MAX_PX);
}

/* Of three slots one is the reader's and one the newest at most. */
static uint32_t choose(const struct capture_ring *ring)
{
    uint32_t best = NO_SLOT;
    for (uint32_t i = 0; i < ring->slots; i++) {
        if (i == ring->taken || i == ring->ready)
            continue;
        if (best == NO_SLOT || lacks_px(ring, i) < lacks_px(ring, best))
            best = i;
    }
    assert(best != NO_SLOT);
    return best;
}

uint32_t capture_ring_begin(struct capture_ring *ring, const struct damage *news,
                            struct damage *stale)
{
    pthread_mutex_lock(&ring->lock);
    assert(ring->filling == NO_SLOT);
    for (uint32_t i = 0; i < ring->slots; i++)
        damage_add(&ring->stale[i], news);
    damage_add(&ring->begun, news);
    const uint32_t slot = choose(ring);
    ring->filling = slot;
    *stale = ring->stale[slot];
    pthread_mutex_unlock(&ring->lock);
    return slot;
}

void capture_ring_note_time(struct capture_ring *ring, uint64_t capture_ns)
{
    pthread_mutex_lock(&ring->lock);
    ring->capture_ns = capture_ns;
    pthread_mutex_unlock(&ring->lock);
}

void capture_ring_commit(struct capture_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    assert(ring->filling != NO_SLOT);
    damage_clear(&ring->stale[ring->filling]);
    damage_add(&ring->due, &ring->begun);
    damage_clear(&ring->begun);
    ring->captured_ns[ring->filling] = ring->capture_ns;
    ring->ready = ring->filling;
    ring->filling = NO_SLOT;
    pthread_cond_signal(&ring->ready_cond);
    pthread_mutex_unlock(&ring->lock);
}

void capture_ring_abandon(struct capture_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    assert(ring->filling != NO_SLOT);
    damage_set_full(&ring->stale[ring->filling]);
    ring->filling = NO_SLOT;
    pthread_mutex_unlock(&ring->lock);
}

/* Lock held. */
static bool wait_ready(struct capture_ring *ring, uint64_t deadline_ns)
{
    while (ring->ready == NO_SLOT || ring->resetting) {
        if (ring->woken || clock_ns() >= deadline_ns)
            return false;
        cond_wait_until(&ring->ready_cond, &ring->lock, deadline_ns);
    }
    return !ring->woken;
}

int capture_ring_take(struct capture_ring *ring, uint32_t timeout_ms, uint32_t *slot,
                      struct damage *due)
{
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    pthread_mutex_lock(&ring->lock);
    assert(ring->taken == NO_SLOT);
    const bool got = wait_ready(ring, deadline_ns);
    ring->woken = false;
    if (got) {
        ring->taken = *slot = ring->ready;
        ring->ready = NO_SLOT;
        ring->taken_due = *due = ring->due;
        damage_clear(&ring->due);
    }
    pthread_mutex_unlock(&ring->lock);
    return got ? 0 : -ETIMEDOUT;
}

uint64_t capture_ring_taken_ns(struct capture_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    assert(ring->taken != NO_SLOT);
    const uint64_t ns = ring->captured_ns[ring->taken];
    pthread_mutex_unlock(&ring->lock);
    return ns;
}

void capture_ring_release(struct capture_ring *ring, bool published)
{
    pthread_mutex_lock(&ring->lock);
    assert(ring->taken != NO_SLOT);
    if (!published) {
        damage_add(&ring->due, &ring->taken_due);
        if (ring->ready == NO_SLOT)
            ring->ready = ring->taken;
    }
    ring->taken = NO_SLOT;
    pthread_cond_signal(&ring->released_cond);
    pthread_mutex_unlock(&ring->lock);
}

void capture_ring_wake(struct capture_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->woken = true;
    pthread_cond_signal(&ring->ready_cond);
    pthread_mutex_unlock(&ring->lock);
}
