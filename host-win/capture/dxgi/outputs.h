/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/outputs.h - the adapters and outputs of this machine, as a list to choose
 * from, and the chosen ones opened. Any thread. */
#ifndef ESPELHO_CAPTURE_DXGI_OUTPUTS_H
#define ESPELHO_CAPTURE_DXGI_OUTPUTS_H

#include "capture/dxgi/com.h"
#include "capture/dxgi/output_list.h"

/* Everything beyond OUTPUT_LIST_MAX is left out. An adapter that fails is left out, too. */
void outputs_enumerate(IDXGIFactory1 *factory, struct output_list *out);
/* Both are the caller's to release. DXGI_ERROR_NOT_FOUND: it went away meanwhile. */
HRESULT outputs_open(IDXGIFactory1 *factory, const struct output_entry *entry,
                     IDXGIAdapter1 **adapter, IDXGIOutput **output);

#endif
