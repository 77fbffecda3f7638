/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "dxgi"
#include "capture/dxgi/priority.h"

#include "base/log.h"
#include "win/hresult.h"

/* d3dkmthk.h: "high" is above every normal program; "realtime" (5) can stop the desktop itself. */
#define SCHEDULING_PRIORITY_HIGH 4
#define GPU_THREAD_PRIORITY      7 /* -7..7 */

typedef LONG(WINAPI *set_process_priority_fn)(HANDLE process, int priority);

/* Not in every Windows' gdi32, and not in the import library. */
static void raise_process(void)
{
    const HMODULE gdi = GetModuleHandleW(L"gdi32.dll");
    const FARPROC found =
        gdi ? GetProcAddress(gdi, "D3DKMTSetProcessSchedulingPriorityClass") : NULL;
    if (!found) {
        log_debug("this Windows has no scheduling priority of processes for the GPU");
        return;
    }
    const LONG status = ((set_process_priority_fn)(void (*)(void))found)(GetCurrentProcess(),
                                                                         SCHEDULING_PRIORITY_HIGH);
    if (status < 0)
        log_debug("GPU priority of the process stays: status 0x%08lX", (unsigned long)status);
}

static void raise_device(ID3D11Device *device)
{
    IDXGIDevice1 *dxgi = NULL;
    HRESULT hr = ID3D11Device_QueryInterface(device, &IID_IDXGIDevice1, (void **)&dxgi);
    if (SUCCEEDED(hr))
        hr = IDXGIDevice1_SetGPUThreadPriority(dxgi, GPU_THREAD_PRIORITY);
    if (FAILED(hr))
        log_debug("GPU priority of the device stays: %s", hresult_text(hr).text);
    com_release(&dxgi);
}

void priority_raise(ID3D11Device *device)
{
    raise_device(device);
    raise_process();
}
