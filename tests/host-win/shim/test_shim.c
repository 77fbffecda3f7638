/* SPDX-License-Identifier: GPL-2.0-or-later
 * The test's dxgi.dll itself, by a plain capture program: every picture is compared with the
 * script's own idea of it. Windows only; runs with dxgi=n,b. */
#include <windows.h>

#include <d3d11.h>
#include <dxgi1_6.h>

#include "shim/screen.h"

#include "test.h"

struct desk {
    struct shim_script script;
    struct shim_screen screen;
    struct shim_news news; /* of the model: what the shim must have told */
    IDXGIFactory1 *factory;
    IDXGIAdapter1 *adapter;
    IDXGIOutput6 *output;
    ID3D11Device *device;
    ID3D11DeviceContext *context;
    IDXGIOutputDuplication *duplication;
    ID3D11Texture2D *texture; /* of the acquired frame */
    DXGI_OUTDUPL_FRAME_INFO info;
    char folder[MAX_PATH];
};

static void write_script(struct desk *d, const char *text)
{
    char path[MAX_PATH + 32], set[MAX_PATH + 64], error[160];
    CHECK(GetTempPathA(MAX_PATH, d->folder) > 0);
    snprintf(path, sizeof(path), "%sshim-%lu.txt", d->folder, GetCurrentProcessId());
    FILE *f = fopen(path, "wb");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
    snprintf(set, sizeof(set), "ESPELHO_SHIM_SCRIPT=%s", path);
    CHECK(putenv(set) == 0);
    CHECK_MSG(shim_script_load(path, &d->script, error) == 0, "%s", error);
}

static void make_device(struct desk *d)
{
    if (d->device)
        ID3D11Device_Release(d->device);
    if (d->context)
        ID3D11DeviceContext_Release(d->context);
    CHECK(SUCCEEDED(D3D11CreateDevice((IDXGIAdapter *)d->adapter, D3D_DRIVER_TYPE_UNKNOWN, NULL, 0,
                                      NULL, 0, D3D11_SDK_VERSION, &d->device, NULL, &d->context)));
}

static void open_desk(struct desk *d, const char *text, UINT index)
{
    IDXGIOutput *output;
    write_script(d, text);
    CHECK_INT(shim_screen_init(&d->screen, &d->script, index), 0);
    CHECK(SUCCEEDED(CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&d->factory)));
    CHECK(SUCCEEDED(IDXGIFactory1_EnumAdapters1(d->factory, 0, &d->adapter)));
    CHECK(SUCCEEDED(IDXGIAdapter1_EnumOutputs(d->adapter, index, &output)));
    CHECK(SUCCEEDED(IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput6, (void **)&d->output)));
    IDXGIOutput_Release(output);
    make_device(d);
}

static HRESULT duplicate(struct desk *d)
{
    static const DXGI_FORMAT formats[] = { DXGI_FORMAT_R8G8B8A8_UNORM, DXGI_FORMAT_B8G8R8A8_UNORM,
                                           DXGI_FORMAT_R10G10B10A2_UNORM,
                                           DXGI_FORMAT_R16G16B16A16_FLOAT };
    if (d->duplication)
        IDXGIOutputDuplication_Release(d->duplication);
    d->duplication = NULL;
    return IDXGIOutput6_DuplicateOutput1(d->output, (IUnknown *)d->device, 0, ARRAY_LEN(formats),
                                         formats, &d->duplication);
}

static HRESULT acquire(struct desk *d, UINT timeout_ms)
{
    IDXGIResource *resource;
    const HRESULT hr =
        IDXGIOutputDuplication_AcquireNextFrame(d->duplication, timeout_ms, &d->info, &resource);
    if (SUCCEEDED(hr)) {
        CHECK(SUCCEEDED(
            IDXGIResource_QueryInterface(resource, &IID_ID3D11Texture2D, (void **)&d->texture)));
        IDXGIResource_Release(resource);
    }
    return hr;
}

static void release(struct desk *d)
{
    ID3D11Texture2D_Release(d->texture);
    CHECK_INT(IDXGIOutputDuplication_ReleaseFrame(d->duplication), S_OK);
}

/* The whole texture is the model's picture, byte by byte. */
static void check_picture(struct desk *d)
{
    D3D11_TEXTURE2D_DESC desc;
    ID3D11Texture2D *staging;
    D3D11_MAPPED_SUBRESOURCE map;
    static uint8_t row[SHIM_MAX_PX * 8];
    ID3D11Texture2D_GetDesc(d->texture, &desc);
    CHECK_INT(desc.Width, d->screen.width_px);
    CHECK_INT(desc.Height, d->screen.height_px);
    desc.Usage = D3D11_USAGE_STAGING;
    desc.BindFlags = 0;
    desc.CPUAccessFlags = D3D11_CPU_ACCESS_READ;
    CHECK(SUCCEEDED(ID3D11Device_CreateTexture2D(d->device, &desc, NULL, &staging)));
    ID3D11DeviceContext_CopyResource(d->context, (ID3D11Resource *)staging,
                                     (ID3D11Resource *)d->texture);
    CHECK(SUCCEEDED(ID3D11DeviceContext_Map(d->context, (ID3D11Resource *)staging, 0,
                                            D3D11_MAP_READ, 0, &map)));
    const size_t bytes =
        (size_t)desc.Width * frame_format_find((uint32_t)d->screen.format)->bytes_per_pixel;
    for (uint32_t y = 0; y < desc.Height; y++) {
        shim_screen_row(&d->screen, d->screen.format, 0, y, desc.Width, row);
        CHECK_MSG(memcmp(row, (uint8_t *)map.pData + (size_t)y * map.RowPitch, bytes) == 0,
                  "row %u", y);
    }
    ID3D11DeviceContext_Unmap(d->context, (ID3D11Resource *)staging, 0);
    ID3D11Texture2D_Release(staging);
}

static void check_rects(struct desk *d)
{
    static RECT rects[SHIM_MAX_RECTS];
    static DXGI_OUTDUPL_MOVE_RECT moves[SHIM_MAX_RECTS];
    UINT bytes = 0;
    const UINT need = (UINT)(d->news.dirty_count * sizeof(RECT));
    CHECK_INT(IDXGIOutputDuplication_GetFrameDirtyRects(d->duplication, need - 1, rects, &bytes),
              DXGI_ERROR_MORE_DATA);
    CHECK_INT(bytes, need);
    CHECK_INT(IDXGIOutputDuplication_GetFrameDirtyRects(d->duplication, need, rects, &bytes), S_OK);
    CHECK(memcmp(rects, d->news.dirty, need) == 0);
    CHECK_INT(
        IDXGIOutputDuplication_GetFrameMoveRects(d->duplication, sizeof(moves), moves, &bytes),
        S_OK);
    CHECK_INT(bytes, d->news.move_count * sizeof(*moves));
    for (uint32_t i = 0; i < d->news.move_count; i++) {
        CHECK_INT(moves[i].SourcePoint.x, d->news.moves[i].from_x);
        CHECK_INT(moves[i].DestinationRect.bottom, d->news.moves[i].to.bottom);
    }
}

static void play(struct desk *d, uint32_t event)
{
    CHECK_INT(shim_screen_apply(&d->screen, &d->script, event, &d->news), 0);
}

TEST(pictures_and_rectangles)
{
    static struct desk d;
    open_desk(&d,
              "mode 320 200\nscribble\nbegin\nfull\ngo\nrepeat 3\npaint 10 20 30 40\nmove 0 0 99 "
              "99 5 7\nrandom 9\ngo\nend\nmetadata 7\ndirty -5 0 900 10\ngo\n",
              0);
    CHECK_INT(duplicate(&d), S_OK);
    CHECK_INT(acquire(&d, 0), S_OK);
    CHECK(d.info.LastPresentTime.QuadPart != 0);
    check_picture(&d);
    CHECK_INT(acquire(&d, 0), DXGI_ERROR_INVALID_CALL);
    release(&d);
    CHECK_INT(IDXGIOutputDuplication_ReleaseFrame(d.duplication), DXGI_ERROR_INVALID_CALL);
    for (uint32_t event = 1; event < d.script.event_count; event++) {
        play(&d, event);
        CHECK_INT(acquire(&d, 100), S_OK);
        check_picture(&d);
        check_rects(&d);
        release(&d);
    }
    CHECK_INT(d.info.TotalMetadataBufferSize, 7);
    CHECK_INT(acquire(&d, 20), DXGI_ERROR_WAIT_TIMEOUT);
}

TEST(pointer)
{
    static struct desk d;
    open_desk(&d,
              "mode 64 64\nbegin\npointer 5 -6 shown\ngo\nshape mono 17 5 1 2\ngo\nwait 40\n"
              "pointer 1 1 hidden\ngo\n",
              0);
    CHECK_INT(duplicate(&d), S_OK);
    CHECK_INT(acquire(&d, 0), S_OK);
    CHECK_INT(d.info.PointerShapeBufferSize, 0);
    release(&d);
    CHECK_INT(acquire(&d, 0), S_OK);
    CHECK_INT(d.info.LastPresentTime.QuadPart, 0);
    CHECK(d.info.LastMouseUpdateTime.QuadPart != 0 && d.info.PointerPosition.Visible);
    CHECK_INT(d.info.PointerPosition.Position.y, -6);
    release(&d);
    CHECK_INT(acquire(&d, 0), S_OK);
    CHECK_INT(d.info.PointerShapeBufferSize, 30);
    uint8_t got[30], want[30];
    UINT bytes = 0;
    DXGI_OUTDUPL_POINTER_SHAPE_INFO shape;
    CHECK_INT(IDXGIOutputDuplication_GetFramePointerShape(d.duplication, 29, got, &bytes, &shape),
              DXGI_ERROR_MORE_DATA);
    CHECK_INT(IDXGIOutputDuplication_GetFramePointerShape(d.duplication, 30, got, &bytes, &shape),
              S_OK);
    CHECK_INT(shape.Height, 10);
    play(&d, 1);
    play(&d, 2);
    shim_pointer_bytes(&d.screen.pointer, want);
    CHECK(memcmp(got, want, 30) == 0);
    release(&d);
    CHECK_INT(acquire(&d, 5), DXGI_ERROR_WAIT_TIMEOUT);
    CHECK_INT(acquire(&d, 500), S_OK);
    CHECK(!d.info.PointerPosition.Visible);
}

TEST(losses_and_failures)
{
    static struct desk d;
    open_desk(&d,
              "mode 64 64\nfail duplicate1 2 access_denied\nbegin\nlost\nmode 128 32\nrotation 90\n"
              "format rgba16f\ngo\ntimeout\nfail acquire 1 0x80070005\nfull\ngo\n"
              "fail map 1 still_drawing\nremoved device_hung\n",
              0);
    CHECK_INT(duplicate(&d), (HRESULT)0x80070005);
    CHECK_INT(duplicate(&d), (HRESULT)0x80070005);
    CHECK_INT(duplicate(&d), S_OK);
    IDXGIOutputDuplication *second = NULL;
    CHECK_INT(IDXGIOutput6_DuplicateOutput(d.output, (IUnknown *)d.device, &second), E_INVALIDARG);
    CHECK_INT(acquire(&d, 0), S_OK);
    release(&d);
    CHECK_INT(acquire(&d, 0), DXGI_ERROR_ACCESS_LOST);
    CHECK_INT(acquire(&d, 0), DXGI_ERROR_ACCESS_LOST);
    CHECK_INT(duplicate(&d), S_OK);
    CHECK_INT(acquire(&d, 0), S_OK);
    release(&d);
    CHECK_INT(acquire(&d, 0), DXGI_ERROR_ACCESS_LOST); /* the mode */
    CHECK_INT(duplicate(&d), S_OK);
    DXGI_OUTPUT_DESC desc;
    DXGI_OUTDUPL_DESC picture;
    CHECK_INT(IDXGIOutput6_GetDesc(d.output, &desc), S_OK);
    IDXGIOutputDuplication_GetDesc(d.duplication, &picture);
    CHECK_INT(desc.DesktopCoordinates.right, 32);
    CHECK_INT(desc.Rotation, DXGI_MODE_ROTATION_ROTATE90);
    CHECK_INT(picture.ModeDesc.Format, DXGI_FORMAT_R16G16B16A16_FLOAT);
    play(&d, 1);
    play(&d, 2);
    CHECK_INT(acquire(&d, 0), S_OK);
    check_picture(&d);
    release(&d);
    CHECK_INT(acquire(&d, 10), DXGI_ERROR_WAIT_TIMEOUT);
    CHECK_INT(acquire(&d, 10), S_OK);
    release(&d);
    CHECK_INT(acquire(&d, 10), E_ACCESSDENIED);
    CHECK_INT(ID3D11Device_GetDeviceRemovedReason(d.device), S_OK);
    CHECK_INT(acquire(&d, 10), DXGI_ERROR_DEVICE_REMOVED);
    CHECK_INT(ID3D11Device_GetDeviceRemovedReason(d.device), DXGI_ERROR_DEVICE_HUNG);
    CHECK_INT(duplicate(&d), DXGI_ERROR_DEVICE_REMOVED);
    make_device(&d);
    CHECK_INT(ID3D11Device_GetDeviceRemovedReason(d.device), S_OK);
    CHECK_INT(duplicate(&d), S_OK);
    CHECK_INT(acquire(&d, 10), S_OK);
}

TEST(two_outputs)
{
    static struct desk d;
    open_desk(&d,
              "mode 64 64\ncolour pq\nformat rgba10\noutput A 0 0\noutput B -64 0\nbegin\nfull\n"
              "go\n",
              1);
    DXGI_OUTPUT_DESC1 desc;
    CHECK_INT(IDXGIOutput6_GetDesc1(d.output, &desc), S_OK);
    CHECK(wcscmp(desc.DeviceName, L"B") == 0);
    CHECK_INT(desc.DesktopCoordinates.left, -64);
    CHECK_INT(desc.ColorSpace, DXGI_COLOR_SPACE_RGB_FULL_G2084_NONE_P2020);
    IDXGIOutput *third;
    CHECK_INT(IDXGIAdapter1_EnumOutputs(d.adapter, 2, &third), DXGI_ERROR_NOT_FOUND);
    CHECK_INT(duplicate(&d), S_OK);
    CHECK_INT(acquire(&d, 0), S_OK);
    check_picture(&d);
    release(&d);
    play(&d, 1);
    CHECK_INT(acquire(&d, 0), S_OK);
    check_picture(&d);
}

TEST(live)
{
    static struct desk d;
    open_desk(&d, "live\nbegin\n", 0);
    CHECK_INT(duplicate(&d), S_OK);
    CHECK_INT(acquire(&d, 0), S_OK);
    D3D11_TEXTURE2D_DESC desc;
    ID3D11Texture2D_GetDesc(d.texture, &desc);
    CHECK_INT(desc.Width, GetSystemMetrics(SM_CXSCREEN));
    release(&d);
    while (SUCCEEDED(acquire(&d, 200))) /* the desktop may still be moving */
        release(&d);
    HWND window = CreateWindowW(L"STATIC", L"", WS_POPUP | WS_VISIBLE | SS_WHITERECT, 130, 70, 100,
                                40, NULL, NULL, NULL, NULL);
    CHECK(window);
    bool seen = false;
    for (int i = 0; i < 100 && !seen; i++) {
        for (MSG m; PeekMessageW(&m, NULL, 0, 0, PM_REMOVE);)
            DispatchMessageW(&m);
        if (FAILED(acquire(&d, 50)))
            continue;
        RECT rects[64];
        UINT bytes = sizeof(rects);
        CHECK_INT(IDXGIOutputDuplication_GetFrameDirtyRects(d.duplication, bytes, rects, &bytes),
                  S_OK);
        for (UINT r = 0; r < bytes / sizeof(RECT); r++)
            seen |= rects[r].left <= 130 && rects[r].right >= 230 && rects[r].top <= 70;
        release(&d);
    }
    CHECK(seen);
}
