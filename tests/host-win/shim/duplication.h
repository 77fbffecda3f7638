/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/duplication.h - IDXGIOutputDuplication over the scripted desktop. It is as
 * strict as Windows: calls without an acquired frame, and a second acquire before the release, are
 * refused; all calls are logged. */
#ifndef ESPELHO_TESTS_SHIM_DUPLICATION_H
#define ESPELHO_TESTS_SHIM_DUPLICATION_H

#include "shim/desktop.h"

/* What DuplicateOutput() and DuplicateOutput1() return. `format`: of the picture. */
HRESULT duplication_create(struct desktop *desktop, uint32_t output, ID3D11Device *device,
                           enum frame_format format, IDXGIOutputDuplication **out);

#endif
