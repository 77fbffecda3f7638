/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/relay.h - the source that reads LGMP/KVMFR from shared memory. */
#ifndef ESPELHO_SOURCE_RELAY_RELAY_H
#define ESPELHO_SOURCE_RELAY_RELAY_H

#include "source/relay/wait.h"
#include "source/source.h"

struct relay_config {
    const char *path; /* NULL: shm_default_path(), looked up again at each try */
    int fd;           /* -1, or a descriptor used instead of path (demo); borrowed */
    /* NULL: the doorbell where the region has one and the host rings it, else adaptive.
     * wait_doorbell_ops: the same, with a word when there is none. Others: no doorbell. */
    const struct wait_ops *wait;
    uint32_t fixed_interval_us; /* for wait_fixed */
};
int relay_create(struct loop *loop, const struct relay_config *config,
                 const struct source_listener *listener, struct source **out) MUST_CHECK;

#endif
