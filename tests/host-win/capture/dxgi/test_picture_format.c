/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "capture/dxgi/picture_format.h"

#ifdef _WIN32
#include <assert.h>
#include <windows.h>
#include <dxgiformat.h>
static_assert(PICTURE_DXGI_RGBA16F == (int)DXGI_FORMAT_R16G16B16A16_FLOAT, "");
static_assert(PICTURE_DXGI_RGB10A2 == (int)DXGI_FORMAT_R10G10B10A2_UNORM, "");
static_assert(PICTURE_DXGI_RGBA8 == (int)DXGI_FORMAT_R8G8B8A8_UNORM, "");
static_assert(PICTURE_DXGI_RGBA8_SRGB == (int)DXGI_FORMAT_R8G8B8A8_UNORM_SRGB, "");
static_assert(PICTURE_DXGI_BGRA8 == (int)DXGI_FORMAT_B8G8R8A8_UNORM, "");
static_assert(PICTURE_DXGI_BGRA8_SRGB == (int)DXGI_FORMAT_B8G8R8A8_UNORM_SRGB, "");
#endif

TEST(unknown_formats_are_refused)
{
    static const uint32_t rows[] = { 0, 1, 2, 9, 11, 23, 25, 88, 103, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct picture_format out = { .format = FRAME_FORMAT_BGR_32 };
        CHECK(!picture_format_choose(rows[i], true, CAPTURE_HDR_KEEP, 0, &out));
        CHECK_INT(out.format, FRAME_FORMAT_BGR_32);
    }
}

TEST(choices)
{
    enum { HDR = FRAME_FLAG_HDR, PQ = FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ };
    static const struct {
        uint32_t in;
        bool hdr;
        enum capture_hdr wish;
        uint32_t white;
        enum frame_format format;
        uint32_t out, flags;
        enum shader_light light;
    } rows[] = {
        { 87, false, CAPTURE_HDR_KEEP, 1000, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_KEEP },
        { 87, true, CAPTURE_HDR_TO_SDR, 3000, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_KEEP },
        { 91, false, CAPTURE_HDR_NONE, 0, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_KEEP },
        { 28, false, CAPTURE_HDR_KEEP, 0, FRAME_FORMAT_RGBA, 28, 0, SHADER_LIGHT_KEEP },
        { 29, true, CAPTURE_HDR_KEEP, 0, FRAME_FORMAT_RGBA, 28, 0, SHADER_LIGHT_KEEP },
        /* ten bits are HDR only on an HDR output */
        { 24, false, CAPTURE_HDR_KEEP, 0, FRAME_FORMAT_RGBA10, 24, 0, SHADER_LIGHT_KEEP },
        { 24, false, CAPTURE_HDR_TO_SDR, 0, FRAME_FORMAT_RGBA10, 24, 0, SHADER_LIGHT_KEEP },
        { 24, true, CAPTURE_HDR_KEEP, 2500, FRAME_FORMAT_RGBA10, 24, PQ, SHADER_LIGHT_KEEP },
        { 24, true, CAPTURE_HDR_TO_SDR, 0, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_PQ_TO_SDR },
        { 24, true, CAPTURE_HDR_NONE, 0, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_PQ_TO_SDR },
        /* half floats always are */
        { 10, false, CAPTURE_HDR_KEEP, 0, FRAME_FORMAT_RGBA16F, 10, HDR, SHADER_LIGHT_KEEP },
        { 10, true, CAPTURE_HDR_KEEP, 1000, FRAME_FORMAT_RGBA16F, 10, HDR, SHADER_LIGHT_KEEP },
        { 10, true, CAPTURE_HDR_KEEP, 2500, FRAME_FORMAT_RGBA16F, 10, HDR, SHADER_LIGHT_SCALE },
        { 10, true, CAPTURE_HDR_TO_SDR, 0, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_SCRGB_TO_SDR },
        { 10, false, CAPTURE_HDR_NONE, 0, FRAME_FORMAT_BGRA, 87, 0, SHADER_LIGHT_SCRGB_TO_SDR },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct picture_format got;
        CHECK(picture_format_choose(rows[i].in, rows[i].hdr, rows[i].wish, rows[i].white, &got));
        CHECK_MSG(got.format == rows[i].format && got.dxgi_format == rows[i].out &&
                      got.flags == rows[i].flags && got.light == rows[i].light,
                  "row %zu: format %d (%u), flags %x, light %d", i, got.format, got.dxgi_format,
                  got.flags, got.light);
    }
}

TEST(sdr_white_is_one)
{
    struct picture_format got;
    CHECK(picture_format_choose(10, true, CAPTURE_HDR_KEEP, 2500, &got)); /* 200 cd/m2 */
    CHECK(got.light_scale == 0.4f);
    CHECK(picture_format_choose(10, true, CAPTURE_HDR_KEEP, 0, &got));
    CHECK(got.light_scale == 1);
}
