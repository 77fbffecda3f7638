/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/puppet/puppet.h - a host that does what a test tells it: the real host side of common/,
 * moved by lines of text.
 *
 * One command per line, one answer per command ("ok ..." or "error ..."):
 *     card WIDTH HEIGHT FORMAT ROTATION DAMAGE [FLAGS]   a new picture; FORMAT, DAMAGE by name,
 * ROTATION 0..3, FLAGS a number frames COUNT HZ                                    publishes the
 * card's next COUNT pictures; answers "ok SERIAL", the last pointer KIND X Y | pointer none KIND:
 * colour, monochrome, masked wait-viewer                                        answers once
 * somebody subscribed quit Between commands the host's heartbeat goes on and new subscribers get
 * the last picture and pointer again. Threads: everything from one thread; puppet_run() plays all
 * three roles of a host. */
#ifndef ESPELHO_E2E_PUPPET_H
#define ESPELHO_E2E_PUPPET_H

#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"

struct puppet;
struct shm_doorbell;

/* Formats `mem`. `doorbell`: of the region; NULL: nobody can be rung. Both are borrowed and must
 * outlive the puppet. 0 or -errno. */
int puppet_create(void *mem, size_t len_bytes, struct shm_doorbell *doorbell,
                  struct puppet **out) MUST_CHECK;
void puppet_destroy(struct puppet *puppet);
/* Obeys commands from `in_fd` until "quit" or its end; answers on `out`. 0 or -errno. */
int puppet_run(struct puppet *puppet, int in_fd, FILE *out) MUST_CHECK;

#endif
