/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/hresult.h - Windows' result codes by number and by name. Portable, no state, any
 * thread. The numbers are those of winerror.h and ntstatus.h; the Windows build compares them. */
#ifndef ESPELHO_WIN_HRESULT_H
#define ESPELHO_WIN_HRESULT_H

#include <stdint.h>

#define HRESULT_LIST(X)                                                                            \
    X(S_OK, 0x00000000)                                                                            \
    X(S_FALSE, 0x00000001)                                                                         \
    X(E_NOTIMPL, 0x80004001)                                                                       \
    X(E_NOINTERFACE, 0x80004002)                                                                   \
    X(E_POINTER, 0x80004003)                                                                       \
    X(E_ABORT, 0x80004004)                                                                         \
    X(E_FAIL, 0x80004005)                                                                          \
    X(E_UNEXPECTED, 0x8000FFFF)                                                                    \
    X(E_ACCESSDENIED, 0x80070005)                                                                  \
    X(E_HANDLE, 0x80070006)                                                                        \
    X(E_OUTOFMEMORY, 0x8007000E)                                                                   \
    X(E_INVALIDARG, 0x80070057)                                                                    \
    X(DXGI_ERROR_INVALID_CALL, 0x887A0001)                                                         \
    X(DXGI_ERROR_NOT_FOUND, 0x887A0002)                                                            \
    X(DXGI_ERROR_MORE_DATA, 0x887A0003)                                                            \
    X(DXGI_ERROR_UNSUPPORTED, 0x887A0004)                                                          \
    X(DXGI_ERROR_DEVICE_REMOVED, 0x887A0005)                                                       \
    X(DXGI_ERROR_DEVICE_HUNG, 0x887A0006)                                                          \
    X(DXGI_ERROR_DEVICE_RESET, 0x887A0007)                                                         \
    X(DXGI_ERROR_WAS_STILL_DRAWING, 0x887A000A)                                                    \
    X(DXGI_ERROR_DRIVER_INTERNAL_ERROR, 0x887A0020)                                                \
    X(DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, 0x887A0022)                                              \
    X(DXGI_ERROR_REMOTE_CLIENT_DISCONNECTED, 0x887A0023)                                           \
    X(DXGI_ERROR_REMOTE_OUTOFMEMORY, 0x887A0024)                                                   \
    X(DXGI_ERROR_MODE_CHANGE_IN_PROGRESS, 0x887A0025)                                              \
    X(DXGI_ERROR_ACCESS_LOST, 0x887A0026)                                                          \
    X(DXGI_ERROR_WAIT_TIMEOUT, 0x887A0027)                                                         \
    X(DXGI_ERROR_SESSION_DISCONNECTED, 0x887A0028)                                                 \
    X(DXGI_ERROR_ACCESS_DENIED, 0x887A002B)                                                        \
    X(DXGI_ERROR_SDK_COMPONENT_MISSING, 0x887A002D)                                                \
    X(DXGI_ERROR_NOT_CURRENT, 0x887A002E)

enum hresult {
#define HRESULT_VALUE(name, value) HR_##name = (int32_t)(value),
    HRESULT_LIST(HRESULT_VALUE)
#undef HRESULT_VALUE
};

/* "DXGI_ERROR_ACCESS_LOST (0x887A0026)", or the number alone. For one expression:
 * log_warn("...: %s", hresult_text(hr).text). */
struct hresult_text {
    char text[64];
};
struct hresult_text hresult_text(int32_t hr);

#endif
