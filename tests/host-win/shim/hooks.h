/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/hooks.h - functions of Wine's own objects that the script decides instead:
 * slots of their tables are overwritten, once per process (all objects of a kind share a table).
 * So everything else stays Wine's: identity, QueryInterface, Direct3D. */
#ifndef ESPELHO_TESTS_SHIM_HOOKS_H
#define ESPELHO_TESTS_SHIM_HOOKS_H

#include <d3d11.h>
#include <dxgi.h>

/* EnumOutputs() of adapters: the script's outputs. */
void hooks_factory(IUnknown *factory);
/* GetDeviceRemovedReason() of devices; of their contexts Map() and GetData(). */
void hooks_device(ID3D11Device *device);

#endif
