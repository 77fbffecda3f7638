/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/report.h - tells `espelho stats` how this viewer is doing: one JSON object for each
 * connection to $XDG_RUNTIME_DIR/espelho/view-PID.sock. Threads: render thread. */
#ifndef ESPELHO_VIEWER_REPORT_H
#define ESPELHO_VIEWER_REPORT_H

#include "base/macros.h"
#include "loop/loop.h"

struct cJSON;
struct report;

enum { REPORT_MAX_BYTES = 16384 }; /* of one object */

/* Adds the figures of now to `object`. */
typedef void (*report_fill_fn)(void *ctx, struct cJSON *object);

/* 0; -ENOTSUP: there is no $XDG_RUNTIME_DIR; another -errno, logged. A viewer runs without it, too.
 */
int report_create(struct loop *loop, report_fill_fn fill, void *ctx,
                  struct report **out) MUST_CHECK;
void report_destroy(struct report *report); /* removes the socket; NULL is fine */

#endif
