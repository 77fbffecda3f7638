/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/priority.h - the GPU serves our few copies before the game that is
 * captured; else a game that keeps the GPU busy starves the capture. */
#ifndef ESPELHO_CAPTURE_DXGI_PRIORITY_H
#define ESPELHO_CAPTURE_DXGI_PRIORITY_H

#include "capture/dxgi/com.h"

/* Device and process. What the system refuses (rights, age) is logged at debug level and left. */
void priority_raise(ID3D11Device *device);

#endif
