/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bell/foreign_host.h - a host that is not ours: messages by common/lgmp, everything of
 * docs/extensions.md left to the test, wrong as well. It acknowledges inbox messages without
 * reading them. One thread. */
#ifndef ESPELHO_TESTS_BELL_FOREIGN_HOST_H
#define ESPELHO_TESTS_BELL_FOREIGN_HOST_H

#include "kvmfr/extension.h"
#include "kvmfr/session.h"
#include "lgmp/host.h"

enum { FOREIGN_WIDTH = 64, FOREIGN_HEIGHT = 48, FOREIGN_BUFFERS = 2 };

struct foreign_host {
    struct lgmp_host *lgmp;
    struct lgmp_host_queue *frame_queue, *pointer_queue;
    struct lgmp_payload frame[FOREIGN_BUFFERS], pointer;
    uint32_t serial;
};

/* `extension` is told as it is; NULL: none. */
void foreign_host_start(struct foreign_host *h, void *mem, uint32_t len_bytes,
                        const struct kvmfr_extension *extension, uint64_t now_ms);
void foreign_host_stop(struct foreign_host *h);
void foreign_host_tick(struct foreign_host *h, uint64_t now_ms);
/* A complete frame, its pixels all `fill`. */
enum lgmp_result foreign_host_frame(struct foreign_host *h, uint8_t fill, uint64_t now_ms);
enum lgmp_result foreign_host_pointer(struct foreign_host *h, uint64_t now_ms);

#endif
