/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/outputs.h - lists what can be captured, for `espelho-host --list-outputs`. */
#ifndef ESPELHO_CAPTURE_OUTPUTS_H
#define ESPELHO_CAPTURE_OUTPUTS_H

#include <stdio.h>

#include "base/macros.h"

/* Adapters and their outputs, with the indices and names that the options take, and which one is
 * captured with these options (NULL or "": chosen). 0; -EIO: DXGI does not answer (the reason is
 * printed as well). */
int capture_outputs_print(FILE *to, const char *adapter, const char *output) MUST_CHECK;

#endif
