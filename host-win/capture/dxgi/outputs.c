/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/outputs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf16.h"
#include "capture/dxgi/display.h"
#include "capture/outputs.h"
#include "win/hresult.h"

enum { MAX_ADAPTERS = 32, MAX_OUTPUTS = 32 }; /* a driver that never ends its list */

#define VENDOR_MICROSOFT      0x1414u
#define DEVICE_BASIC_RENDERER 0x8cu

static struct output_entry *new_entry(struct output_list *list)
{
    if (list->count == OUTPUT_LIST_MAX)
        return NULL;
    return &list->entries[list->count++];
}

static void copy_name(const WCHAR *text, size_t units, char *out, size_t out_bytes)
{
    if (utf16_span_to_utf8(text, units, out, out_bytes) < 0)
        out[0] = 0;
    for (char *p = out; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?'; /* it goes to terminals */
    }
}

static bool is_primary(HMONITOR monitor)
{
    MONITORINFO info = { .cbSize = sizeof(info) };
    return GetMonitorInfoW(monitor, &info) && (info.dwFlags & MONITORINFOF_PRIMARY);
}

static bool is_hdr(IDXGIOutput *output)
{
    IDXGIOutput6 *output6 = NULL;
    DXGI_OUTPUT_DESC1 desc;
    if (FAILED(IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput6, (void **)&output6)))
        return false;
    const bool hdr = SUCCEEDED(IDXGIOutput6_GetDesc1(output6, &desc)) &&
                     desc.ColorSpace == DXGI_COLOR_SPACE_RGB_FULL_G2084_NONE_P2020;
    com_release(&output6);
    return hdr;
}

static uint32_t extent(LONG from, LONG to)
{
    return to > from ? (uint32_t)to - (uint32_t)from : 0;
}

static void fill_output(IDXGIOutput *output, const DXGI_OUTPUT_DESC *desc, struct output_entry *e)
{
    const RECT *r = &desc->DesktopCoordinates;
    struct display_facts facts;
    WCHAR device[ARRAY_LEN(desc->DeviceName) + 1] = { 0 };
    memcpy(device, desc->DeviceName, sizeof(desc->DeviceName));
    display_facts_find(device, &facts);
    e->has_output = true;
    e->attached = desc->AttachedToDesktop;
    e->primary = e->attached && is_primary(desc->Monitor);
    e->hdr = is_hdr(output);
    e->x_px = r->left;
    e->y_px = r->top;
    e->width_px = extent(r->left, r->right);
    e->height_px = extent(r->top, r->bottom);
    e->mode_rotation = (uint32_t)desc->Rotation;
    e->sdr_white_permille = facts.sdr_white_permille;
    copy_name(desc->DeviceName, ARRAY_LEN(desc->DeviceName), e->device, sizeof(e->device));
    memcpy(e->monitor, facts.monitor, sizeof(e->monitor));
}

static void fill_adapter(uint32_t index, const DXGI_ADAPTER_DESC1 *desc, struct output_entry *e)
{
    *e = (struct output_entry){
        .adapter_index = index,
        .luid_high = desc->AdapterLuid.HighPart,
        .luid_low = desc->AdapterLuid.LowPart,
        .software = (desc->Flags & DXGI_ADAPTER_FLAG_SOFTWARE) ||
                    (desc->VendorId == VENDOR_MICROSOFT && desc->DeviceId == DEVICE_BASIC_RENDERER),
    };
    copy_name(desc->Description, ARRAY_LEN(desc->Description), e->adapter, sizeof(e->adapter));
}

static void enumerate_adapter(IDXGIAdapter1 *adapter, uint32_t index, struct output_list *out)
{
    DXGI_ADAPTER_DESC1 desc;
    IDXGIOutput *output = NULL;
    uint32_t found = 0;
    if (FAILED(IDXGIAdapter1_GetDesc1(adapter, &desc)))
        return;
    for (UINT i = 0; i < MAX_OUTPUTS && IDXGIAdapter1_EnumOutputs(adapter, i, &output) == S_OK;
         i++) {
        DXGI_OUTPUT_DESC output_desc;
        struct output_entry *e =
            SUCCEEDED(IDXGIOutput_GetDesc(output, &output_desc)) ? new_entry(out) : NULL;
        if (e) {
            fill_adapter(index, &desc, e);
            e->output_index = i;
            fill_output(output, &output_desc, e);
            found++;
        }
        com_release(&output);
    }
    struct output_entry *e = found == 0 ? new_entry(out) : NULL;
    if (e)
        fill_adapter(index, &desc, e);
}

void outputs_enumerate(IDXGIFactory1 *factory, struct output_list *out)
{
    IDXGIAdapter1 *adapter = NULL;
    out->count = 0;
    for (UINT i = 0; i < MAX_ADAPTERS && IDXGIFactory1_EnumAdapters1(factory, i, &adapter) == S_OK;
         i++) {
        enumerate_adapter(adapter, i, out);
        com_release(&adapter);
    }
}

HRESULT outputs_open(IDXGIFactory1 *factory, const struct output_entry *entry,
                     IDXGIAdapter1 **adapter, IDXGIOutput **output)
{
    IDXGIAdapter1 *a = NULL;
    IDXGIOutput *o = NULL;
    HRESULT hr = IDXGIFactory1_EnumAdapters1(factory, entry->adapter_index, &a);
    if (SUCCEEDED(hr))
        hr = IDXGIAdapter1_EnumOutputs(a, entry->output_index, &o);
    if (FAILED(hr)) {
        com_release(&a);
        return hr;
    }
    *adapter = a;
    *output = o;
    return S_OK;
}

struct line_taker {
    void (*take)(void *ctx, const char *line);
    void *ctx;
};

static void tell(const struct line_taker *to, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void tell(const struct line_taker *to, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    to->take(to->ctx, line);
}

static void tell_list(const struct line_taker *to, const struct output_list *list, int chosen)
{
    char text[768];
    for (uint32_t i = 0; i < list->count; i++) {
        const struct output_entry *e = &list->entries[i];
        if (i == 0 || list->entries[i - 1].adapter_index != e->adapter_index) {
            output_entry_format_adapter(e, text, sizeof(text));
            tell(to, "adapter %u: %s", (unsigned)e->adapter_index, text);
        }
        output_entry_format(e, text, sizeof(text));
        if (e->has_output)
            tell(to, "  output %u: %s%s", (unsigned)e->output_index, text,
                 (int)i == chosen ? "  <- captured" : "");
        else
            tell(to, "  no output");
    }
}

int capture_outputs_tell(const char *adapter, const char *output,
                         void (*take)(void *ctx, const char *line), void *ctx)
{
    const struct line_taker to = { take, ctx };
    IDXGIFactory1 *factory = NULL;
    const HRESULT hr = CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&factory);
    struct output_list *list = calloc(1, sizeof(*list));
    if (FAILED(hr) || !list) {
        tell(&to, "outputs cannot be listed: %s",
             hresult_text(FAILED(hr) ? hr : E_OUTOFMEMORY).text);
        com_release(&factory);
        free(list);
        return -EIO;
    }
    outputs_enumerate(factory, list);
    const int chosen = output_list_choose(list, adapter, output);
    tell_list(&to, list, chosen);
    if (chosen == -ENODEV)
        tell(&to, "no output is part of the desktop");
    else if (chosen < 0)
        tell(&to, "no output matches adapter \"%s\", output \"%s\"", adapter ? adapter : "",
             output ? output : "");
    com_release(&factory);
    free(list);
    return 0;
}
