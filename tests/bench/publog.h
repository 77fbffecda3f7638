/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bench/publog.h - the file through which producer, measuring compositor and benchmark share
 * times: when frame `tag` was due, posted and finished, what its pictures look like, and which
 * frames count; and when keys were sent. Mapped by all three; every word has one writer. All times:
 * clock_ns(). */
#ifndef ESPELHO_BENCH_PUBLOG_H
#define ESPELHO_BENCH_PUBLOG_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/macros.h"
#include "rowtag.h"

enum { PUBLOG_FRAMES = 16384, PUBLOG_KEYS = 4096 };

struct publog {
    /* the producer */
    struct rowtag_area area;
    uint32_t width_px, height_px;
    _Atomic uint32_t posted;  /* frames 0 .. posted - 1 were posted */
    _Atomic uint32_t blocked; /* times it found both buffers in use */
    _Atomic uint64_t copy_ns; /* spent copying into the region, all frames */
    _Atomic uint64_t due_ns[PUBLOG_FRAMES], post_ns[PUBLOG_FRAMES], done_ns[PUBLOG_FRAMES];
    /* the benchmark */
    _Atomic uint64_t
        heard_ns[PUBLOG_FRAMES]; /* when its own waiter noticed the frame; 0: it did not */
    _Atomic uint32_t first, end; /* frames that count: first .. end - 1; end 0: not known yet */
    /* the compositor */
    _Atomic uint64_t connected_ns;    /* a client connected */
    _Atomic uint64_t first_commit_ns; /* the first of our pictures was committed */
    _Atomic uint32_t newest_commit;   /* its tag + 1; 0: none yet */
    _Atomic uint32_t keys;            /* sent, and when, right before the flush */
    _Atomic uint64_t key_ns[PUBLOG_KEYS];
};

/* Creates (`create`) or opens the file at `path` and maps it. 0 or -errno. */
int publog_map(const char *path, bool create, struct publog **out) MUST_CHECK;
void publog_unmap(struct publog *log);

#endif
