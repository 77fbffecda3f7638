/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/pacer.h - at most so many pictures per second, evenly. Time is an argument.
 * Pure, portable. */
#ifndef ESPELHO_CAPTURE_DXGI_PACER_H
#define ESPELHO_CAPTURE_DXGI_PACER_H

#include <stdint.h>

struct pacer {
    uint64_t interval_ns; /* 0: no limit */
    uint64_t due_ns;      /* the next picture may come then */
};
void pacer_init(struct pacer *pacer, uint32_t max_fps); /* 0: no limit */
/* Until a picture may come; 0: now. */
uint64_t pacer_wait_ns(const struct pacer *pacer, uint64_t now_ns);
/* A picture came. The beat is kept when it came a little late. */
void pacer_done(struct pacer *pacer, uint64_t now_ns);

#endif
