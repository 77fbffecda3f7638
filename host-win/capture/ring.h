/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/ring.h - pictures on their way from the capture thread to the copy thread: the
 * newest wins, and no damage is lost. Used by the backends. Portable.
 *
 * A ring has a few slots; what a slot is (a staging texture, a buffer) is the backend's business.
 * Each slot's image may lack what changed since it was last filled: begin() says what. Damage that
 * the reader was told of counts from picture to picture *taken and published*, so pictures that are
 * replaced unseen leave their damage to their successor. Threads: producer functions from one,
 * reader functions from one other; one mutex, never held over a copy. No allocation after create.
 */
#ifndef ESPELHO_CAPTURE_RING_H
#define ESPELHO_CAPTURE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/damage.h"

enum { CAPTURE_RING_MAX_SLOTS = 8 };

struct capture_ring;

/* `slots`: 3..CAPTURE_RING_MAX_SLOTS. 0; -EINVAL; -ENOMEM. */
int capture_ring_create(uint32_t slots, struct capture_ring **out) MUST_CHECK;
void capture_ring_destroy(struct capture_ring *ring); /* NULL is fine */

/* Producer: the contents of all slots are unknown from now on, and no slot is ready. Waits for the
 * reader to release its slot. To be called before slots are made anew and after they are gone. */
void capture_ring_reset(struct capture_ring *ring);
/* Producer: the desktop changed by `news`. Chooses a slot that nobody reads and that is not the
 * newest ready one, of those the one that lacks least, and tells what its image lacks, `news`
 * included. There is always one. A commit or abandon follows before the next begin or reset. */
uint32_t capture_ring_begin(struct capture_ring *ring, const struct damage *news,
                            struct damage *stale);
/* Producer: what comes with the next commit was taken from the system at this time (clock_ns(); 0:
 * not known). */
void capture_ring_note_time(struct capture_ring *ring, uint64_t capture_ns);
/* Producer: the slot of begin() is complete now, and the newest. */
void capture_ring_commit(struct capture_ring *ring);
/* Producer: it could not be filled; its image is unknown. The damage stays due, with the next
 * committed picture. */
void capture_ring_abandon(struct capture_ring *ring);

/* Reader: waits up to `timeout_ms` for a ready slot. 0: *slot is the newest, the reader's until
 * release, *due what changed since the last published one (full: all). -ETIMEDOUT. */
int capture_ring_take(struct capture_ring *ring, uint32_t timeout_ms, uint32_t *slot,
                      struct damage *due) MUST_CHECK;
/* Reader: the time of the slot that it took. */
uint64_t capture_ring_taken_ns(struct capture_ring *ring);
/* Reader: not published: *due counts again, for the next taken picture, which is the same one as
 * long as no newer came: take() has it at once. */
void capture_ring_release(struct capture_ring *ring, bool published);
/* Any thread: the reader's current or next take() returns -ETIMEDOUT at once. */
void capture_ring_wake(struct capture_ring *ring);

#endif
