/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/com.h - the headers of D3D11 and DXGI, for C, and the release of a
 * reference. */
#ifndef ESPELHO_CAPTURE_DXGI_COM_H
#define ESPELHO_CAPTURE_DXGI_COM_H

#define COBJMACROS
#include <windows.h>
#include <d3d11_4.h>
#include <dxgi1_6.h>

/* `where`: address of an interface pointer; NULL in it is fine, and is what stays. */
static inline void com_release(void *where)
{
    IUnknown **unknown = where;
    if (*unknown)
        IUnknown_Release(*unknown);
    *unknown = NULL;
}

extern const GUID espelho_iid_multithread; /* IID_ID3D11Multithread: the import library has none */

#endif
