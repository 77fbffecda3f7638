/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/com.h"

/* d3d11_4.h */
const GUID espelho_iid_multithread = {
    0x9b7e4e00, 0x342c, 0x4106, { 0xa1, 0x9f, 0x4f, 0x27, 0x04, 0xf6, 0x89, 0xf0 }
};
