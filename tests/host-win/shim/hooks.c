/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/hooks.h"

#include "shim/desktop.h"
#include "shim/output.h"

/* What was in the slots. As with the desktop: nobody owns a DLL's hooks but the DLL. */
static HRESULT(WINAPI *real_enum_outputs)(IDXGIAdapter *, UINT, IDXGIOutput **);
static HRESULT(WINAPI *real_removed_reason)(ID3D11Device *);
static HRESULT(WINAPI *real_map)(ID3D11DeviceContext *, ID3D11Resource *, UINT, D3D11_MAP, UINT,
                                 D3D11_MAPPED_SUBRESOURCE *);
static HRESULT(WINAPI *real_get_data)(ID3D11DeviceContext *, ID3D11Asynchronous *, void *, UINT,
                                      UINT);

/* slot: address of a function pointer in a table; *real is what was there. */
static void replace(void *slot, void *function, void *real)
{
    DWORD old;
    VirtualProtect(slot, sizeof(void *), PAGE_READWRITE, &old);
    memcpy(real, slot, sizeof(void *));
    memcpy(slot, &function, sizeof(void *));
    VirtualProtect(slot, sizeof(void *), old, &old);
}

static HRESULT scripted(enum shim_call call)
{
    struct desktop *d = desktop_get();
    EnterCriticalSection(&d->lock);
    const HRESULT hr = desktop_failure(d, call);
    LeaveCriticalSection(&d->lock);
    return hr;
}

/* Wine's dxgi.dll asks, too, and takes only what is its own. */
static bool is_wine(const void *caller)
{
    HMODULE module, mine;
    const DWORD how =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    return GetModuleHandleExW(how, caller, &module) &&
           GetModuleHandleExW(how, (const void *)real_enum_outputs, &mine) && module == mine;
}

static HRESULT WINAPI enum_outputs(IDXGIAdapter *adapter, UINT index, IDXGIOutput **out)
{
    struct desktop *d = desktop_get();
    IDXGIOutput *first;
    DXGI_OUTPUT_DESC desc = { 0 };
    if (is_wine(__builtin_return_address(0)))
        return real_enum_outputs(adapter, index, out);
    *out = NULL;
    if (index >= d->output_count)
        return DXGI_ERROR_NOT_FOUND;
    if (SUCCEEDED(real_enum_outputs(adapter, 0, &first))) {
        IDXGIOutput_GetDesc(first, &desc);
        IDXGIOutput_Release(first);
    }
    return output_create(d, index, adapter, desc.Monitor, out);
}

static HRESULT WINAPI removed_reason(ID3D11Device *device)
{
    struct desktop *d = desktop_get();
    EnterCriticalSection(&d->lock);
    const HRESULT hr = d->removed == device ? d->removed_reason : S_OK;
    LeaveCriticalSection(&d->lock);
    return FAILED(hr) ? hr : real_removed_reason(device);
}

static HRESULT WINAPI map(ID3D11DeviceContext *context, ID3D11Resource *resource, UINT index,
                          D3D11_MAP how, UINT flags, D3D11_MAPPED_SUBRESOURCE *out)
{
    const HRESULT hr = flags & D3D11_MAP_FLAG_DO_NOT_WAIT ? scripted(SHIM_CALL_MAP) : S_OK;
    if (FAILED(hr))
        return hr;
    return real_map(context, resource, index, how, flags, out);
}

static HRESULT WINAPI get_data(ID3D11DeviceContext *context, ID3D11Asynchronous *query, void *data,
                               UINT bytes, UINT flags)
{
    const HRESULT hr = scripted(SHIM_CALL_QUERY);
    if (hr != S_OK)
        return hr;
    return real_get_data(context, query, data, bytes, flags);
}

static BOOL CALLBACK hook_adapters(PINIT_ONCE once, void *parameter, void **context)
{
    IUnknown *unknown = parameter;
    IDXGIFactory *factory;
    IDXGIAdapter *adapter;
    (void)once, (void)context;
    if (FAILED(IUnknown_QueryInterface(unknown, &IID_IDXGIFactory, (void **)&factory)))
        return FALSE;
    const bool found = SUCCEEDED(IDXGIFactory_EnumAdapters(factory, 0, &adapter));
    if (found) {
        replace(&((IDXGIAdapterVtbl *)adapter->lpVtbl)->EnumOutputs, (void *)enum_outputs,
                &real_enum_outputs);
        IDXGIAdapter_Release(adapter);
    }
    IDXGIFactory_Release(factory);
    return found;
}

void hooks_factory(IUnknown *factory)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    if (desktop_get())
        InitOnceExecuteOnce(&once, hook_adapters, factory, NULL);
}

static BOOL CALLBACK hook_device(PINIT_ONCE once, void *parameter, void **unused)
{
    ID3D11Device *device = parameter;
    ID3D11DeviceContext *context;
    (void)once, (void)unused;
    replace(&((ID3D11DeviceVtbl *)device->lpVtbl)->GetDeviceRemovedReason, (void *)removed_reason,
            &real_removed_reason);
    ID3D11Device_GetImmediateContext(device, &context);
    ID3D11DeviceContextVtbl *table = (ID3D11DeviceContextVtbl *)context->lpVtbl;
    replace(&table->Map, (void *)map, &real_map);
    replace(&table->GetData, (void *)get_data, &real_get_data);
    ID3D11DeviceContext_Release(context);
    return TRUE;
}

void hooks_device(ID3D11Device *device)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    InitOnceExecuteOnce(&once, hook_device, device, NULL);
}
