/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/output.h - IDXGIOutput to IDXGIOutput6 of a scripted output. What a capture
 * program has no use for says E_NOTIMPL. */
#ifndef ESPELHO_TESTS_SHIM_OUTPUT_H
#define ESPELHO_TESTS_SHIM_OUTPUT_H

#include "shim/desktop.h"

/* `monitor`: handle of the primary monitor. The adapter gets a reference. */
HRESULT output_create(struct desktop *desktop, uint32_t index, IDXGIAdapter *adapter,
                      HMONITOR monitor, IDXGIOutput **out);

#endif
