/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/trays.h - one tray process per session with a user at it. Windows. Threads: the
 * service's main one. */
#ifndef ESPELHO_SERVICE_TRAYS_H
#define ESPELHO_SERVICE_TRAYS_H

#include <stddef.h>
#include <stdint.h>

struct child;

enum { TRAYS_MAX = 16 }; /* sessions; more get no icon */

struct trays { /* embedded; all zero is empty */
    struct tray_place {
        uint32_t session;
        struct child *child; /* owned; NULL: free */
    } places[TRAYS_MAX];
};

/* Starts what is missing, forgets what has ended. A user who closed the icon gets it back at the
 * next log-on or unlocking only, which is when this is called. */
void trays_refresh(struct trays *trays);
/* Asks all to end, so that they take their icons away; what still runs after `patience_ms` is
 * ended. */
void trays_stop(struct trays *trays, uint32_t patience_ms);

#endif
