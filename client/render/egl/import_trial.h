/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/import_trial.h - tries in another process what a driver does with a dma-buf.
 *
 * There are drivers that take a dma-buf and crash when it is first drawn from (seen: Mesa with a
 * vgem device), and such that show something else. So before the viewer's own process does it, this
 * program is run once more as `espelho try-import EXPORTER`, draws a known pattern from one, reads
 * it back, and says by its exit what became of it. Until that is known, frames are copied. Threads:
 * the loop's. */
#ifndef ESPELHO_RENDER_EGL_IMPORT_TRIAL_H
#define ESPELHO_RENDER_EGL_IMPORT_TRIAL_H

#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"

#define IMPORT_TRIAL_PATIENCE_MS 60000u

struct import_trial_config {
    struct loop *loop;    /* borrowed */
    const char *program;  /* NULL: the one that runs now */
    const char *exporter; /* "udmabuf", or the path of a kvmfr device */
    uint32_t patience_ms; /* after which the trial is killed and has failed */
    /* NULL: it went well. Called once, from the loop; may destroy the trial. */
    void (*done)(void *ctx, const char *problem);
    void *ctx;
};
struct import_trial;
/* 0 or -errno. */
int import_trial_create(const struct import_trial_config *config,
                        struct import_trial **out) MUST_CHECK;
void import_trial_destroy(struct import_trial *trial); /* ends its process; NULL is fine */

/* The other process. The exit status: 0 good, and the driver's name on stdout; 1 and a reason.
 * Takes precautions for a process that may crash: leaves no core file, ends with its parent. */
int import_trial_run(const char *exporter) MUST_CHECK;

#endif
