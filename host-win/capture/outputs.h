/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/outputs.h - what can be captured, in words: for `espelho-host --list-outputs`
 * and the head of the log. */
#ifndef ESPELHO_CAPTURE_OUTPUTS_H
#define ESPELHO_CAPTURE_OUTPUTS_H

#include "base/macros.h"

/* Adapters and their outputs, with the indices and names that the options take, and which one is
 * captured with these options (NULL or "": chosen); line by line, without line ends. 0; -EIO: DXGI
 * does not answer (the reason is a line as well). Any thread. */
int capture_outputs_tell(const char *adapter, const char *output,
                         void (*take)(void *ctx, const char *line), void *ctx) MUST_CHECK;

#endif
