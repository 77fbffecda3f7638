/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/result.h - outcomes of the message protocol, both sides. Names as in
 * docs/protocol/lgmp.md section 3. */
#ifndef ESPELHO_LGMP_RESULT_H
#define ESPELHO_LGMP_RESULT_H

#include <stdint.h>

enum lgmp_result {
    LGMP_RESULT_NONE,
    LGMP_OK,
    LGMP_EMPTY,        /* nothing to read */
    LGMP_FULL,         /* no room now: queue, subscriber slots or inbox */
    LGMP_TIMED_OUT,    /* we were evicted: drop the subscription, subscribe again */
    LGMP_UNSUBSCRIBED, /* our slot is not ours any more: drop the subscription, subscribe again */
    LGMP_INVALID_SESSION, /* host not alive (yet), restarted, or a lock that never came free */
    LGMP_INVALID_MAGIC,
    LGMP_INVALID_VERSION,
    LGMP_INVALID_SIZE,  /* an argument or the region is too small or too large */
    LGMP_NO_SUCH_QUEUE, /* normal while a host starts: retry */
    LGMP_TOO_MANY_QUEUES,
    LGMP_NO_SHARED_MEMORY,
    LGMP_NO_MEMORY, /* our own heap */
    LGMP_CORRUPTED, /* the peer broke a rule of table 6.1: end the session */
};

/* Static text such as "queue full". */
const char *lgmp_result_str(enum lgmp_result r);

/* Where ids come from; tests pass their own. NULL function: random_u32(). */
struct lgmp_random {
    uint32_t (*next)(void *ctx);
    void *ctx;
};

#endif
