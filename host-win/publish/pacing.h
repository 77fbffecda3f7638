/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/publish/pacing.h - when to try again: pure rules over a clock, no waiting. Each struct
 * belongs to one thread. */
#ifndef ESPELHO_PUBLISH_PACING_H
#define ESPELHO_PUBLISH_PACING_H

#include <stdbool.h>
#include <stdint.h>

/* How soon the copy thread looks for a picture again. */
struct pacing {
    uint64_t period_ns;  /* of the fastest rate; 0: as fast as pictures come */
    uint64_t due_ns;     /* not before; 0: now */
    uint64_t next_ns;    /* the rate's own time of the next frame */
    uint64_t busy_since; /* both frame buffers are being read since; 0: no */
};
void pacing_init(struct pacing *p, uint32_t max_fps);
void pacing_published(struct pacing *p, uint64_t now_ns);
/* No frame buffer was free. First in a millisecond, as a viewer that is awake is done soon; with
 * one that sleeps less often. */
void pacing_busy(struct pacing *p, uint64_t now_ns);

/* How soon the capture thread starts a capture again that failed or was lost. A system that does
 * not allow a capture is asked at least every 50 ms, so that the picture is back within 100 ms of
 * when it does. One that allows it, only to take it away at once, time after time, is given as much
 * each time. */
struct backoff {
    uint32_t failures;   /* starts in a row */
    uint32_t losses;     /* of captures that did not last */
    uint64_t started_ns; /* of the last one that started; 0: none */
};
void backoff_started(struct backoff *b, uint64_t now_ns);
/* The start failed. Returns how long to wait. */
uint64_t backoff_failed_ns(struct backoff *b);
/* A started capture was lost. Returns how long to wait. */
uint64_t backoff_lost_ns(struct backoff *b, uint64_t now_ns);

#endif
