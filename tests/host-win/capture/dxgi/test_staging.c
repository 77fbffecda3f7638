/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copies GPU -> staging on a real device, pixels compared. */
#include "test.h"

#include "capture/dxgi/staging.h"
#include "gpu.h"
#include "win/hresult.h"

enum { W = 200, H = 100 };

static uint32_t pixels[W * H];

static ID3D11Texture2D *filled(const struct dxgi_device *device, uint32_t value)
{
    for (uint32_t i = 0; i < W * H; i++)
        pixels[i] = value + i;
    return gpu_texture(device, W, H, DXGI_FORMAT_B8G8R8A8_UNORM, pixels, W * 4);
}

static bool inside(const struct damage *d, uint32_t x, uint32_t y)
{
    bool in = d->full;
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame_rect *r = &d->rects[i];
        in |=
            x >= r->x_px && x < r->x_px + r->width_px && y >= r->y_px && y < r->y_px + r->height_px;
    }
    return in;
}

/* The slot holds `new` + i inside of the damage, `old` + i outside. */
static void check_slot(struct staging *staging, uint32_t slot, const struct damage *damage,
                       uint32_t old, uint32_t new)
{
    struct readback_rows rows;
    struct readback_failure why;
    CHECK_INT(staging_map(staging, slot, &rows, &why), CAPTURE_OK);
    CHECK(rows.pitch_bytes >= W * 4);
    for (uint32_t y = 0; y < H; y++) {
        for (uint32_t x = 0; x < W; x++) {
            uint32_t got;
            memcpy(&got, rows.pixels + (size_t)y * rows.pitch_bytes + x * 4, 4);
            CHECK_INT(got, (inside(damage, x, y) ? new : old) + y * W + x);
        }
    }
    staging_unmap(staging, slot);
}

TEST(only_what_is_stale_is_copied)
{
    static const struct damage all = { .full = true };
    static const struct damage rows[] = {
        { .count = 0 },
        { .count = 1, .rects = { { 0, 0, 1, 1 } } },
        { .count = 1, .rects = { { W - 1, H - 1, 1, 1 } } },
        { .count = 3, .rects = { { 0, 0, W, 1 }, { 10, 20, 30, 40 }, { 150, 0, 50, 100 } } },
        { .full = true },
    };
    struct dxgi_device device = gpu_create();
    struct staging *staging = NULL;
    CHECK(SUCCEEDED(staging_create(&device, W, H, DXGI_FORMAT_B8G8R8A8_UNORM, &staging)));
    ID3D11Texture2D *first = filled(&device, 0x01000000), *second = filled(&device, 0x02000000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const uint32_t slot = (uint32_t)(i % STAGING_SLOTS);
        staging_fill(staging, slot, first, &all);
        check_slot(staging, slot, &all, 0, 0x01000000);
        staging_fill(staging, slot, second, &rows[i]);
        check_slot(staging, slot, &rows[i], 0x01000000, 0x02000000);
    }
    com_release(&second);
    com_release(&first);
    staging_destroy(staging);
    dxgi_device_destroy(&device);
}

TEST(slots_are_independent)
{
    static const struct damage all = { .full = true };
    struct dxgi_device device = gpu_create();
    struct staging *staging = NULL;
    CHECK(SUCCEEDED(staging_create(&device, W, H, DXGI_FORMAT_B8G8R8A8_UNORM, &staging)));
    ID3D11Texture2D *textures[STAGING_SLOTS];
    for (uint32_t i = 0; i < STAGING_SLOTS; i++) {
        textures[i] = filled(&device, i << 24);
        staging_fill(staging, i, textures[i], &all);
    }
    for (uint32_t i = 0; i < STAGING_SLOTS; i++)
        check_slot(staging, i, &all, 0, i << 24);
    for (uint32_t i = 0; i < STAGING_SLOTS; i++)
        com_release(&textures[i]);
    staging_destroy(staging);
    dxgi_device_destroy(&device);
}

TEST(impossible_sizes_are_an_error)
{
    struct dxgi_device device = gpu_create();
    struct staging *staging = NULL;
    CHECK(FAILED(staging_create(&device, 0, H, DXGI_FORMAT_B8G8R8A8_UNORM, &staging)));
    CHECK(staging == NULL);
    dxgi_device_destroy(&device);
}
