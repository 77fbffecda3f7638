/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where the picture's surface lies, and what the compositor's table of formats says. */
#include "test.h"

#include "render/direct/direct_renderer.h"
#include "render/direct/linux_dmabuf.h"

TEST(places_are_whole_logical_pixels)
{
    static const struct {
        const char *name;
        uint32_t width, height, scale_120, frame_width, frame_height;
        bool keep_aspect, no_upscale, good;
        struct geometry_rect place;
    } rows[] = {
        { "nothing", 0, 0, 120, 64, 48, true, false, false, { 0 } },
        { "no frame", 640, 480, 120, 0, 0, true, false, false, { 0 } },
        { "1:1", 640, 480, 120, 640, 480, true, false, true, { 0, 0, 640, 480 } },
        { "1:1 at 1.25", 512, 384, 150, 640, 480, true, false, true, { 0, 0, 512, 384 } },
        { "1:1 inside, scale 1", 640, 480, 120, 600, 460, true, true, true, { 20, 10, 600, 460 } },
        { "1:1 inside, scale 2, odd", 640, 480, 240, 602, 462, true, true, false, { 0 } },
        { "1:1 inside, scale 2, even",
          640,
          480,
          240,
          1000,
          800,
          true,
          true,
          true,
          { 70, 40, 500, 400 } },
        { "1:1 inside at 1.25", 512, 384, 150, 600, 460, true, true, true, { 16, 8, 480, 368 } },
        { "1:1 inside at 1.25, between pixels", 512, 384, 150, 602, 460, true, true, false, { 0 } },
        { "scaled, bars above", 640, 480, 120, 1920, 1080, true, false, true, { 0, 60, 640, 360 } },
        { "scaled at 1.5, to the nearest",
          640,
          480,
          180,
          1920,
          1080,
          true,
          false,
          true,
          { 0, 60, 640, 360 } },
        { "fills the window", 641, 479, 120, 1920, 1080, false, false, true, { 0, 0, 641, 479 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct geometry_config config = { .keep_aspect = rows[i].keep_aspect,
                                                .no_upscale = rows[i].no_upscale };
        const struct display_state state = { .width = rows[i].width,
                                             .height = rows[i].height,
                                             .scale_120 = rows[i].scale_120 };
        struct geometry g;
        struct geometry_rect at = { 0 };
        geometry_compute(&config, state.width, state.height, state.scale_120, rows[i].frame_width,
                         rows[i].frame_height, FRAME_ROTATE_0, &g);
        const bool good = direct_place(&g, &state, &at);
        CHECK_MSG(good == rows[i].good && memcmp(&at, &rows[i].place, sizeof(at)) == 0,
                  "%s: %d, %d,%d %ux%u", rows[i].name, good, at.x, at.y, at.width, at.height);
    }
}

static void put_entry(uint8_t *table, uint32_t index, const char *fourcc, uint64_t modifier)
{
    memcpy(table + 16 * index, fourcc, 4);
    memset(table + 16 * index + 4, 0xa5, 4); /* padding means nothing */
    memcpy(table + 16 * index + 8, &modifier, 8);
}

static uint32_t letters(const char *text)
{
    uint32_t fourcc;
    memcpy(&fourcc, text, 4);
    return fourcc;
}

TEST(formats_of_a_table)
{
    enum { INVALID_HIGH = 0x00ffffff };
    const uint64_t invalid = (uint64_t)INVALID_HIGH << 32 | 0xffffffffu;
    uint8_t table[16 * 5 + 7];
    struct linux_dmabuf d = { 0 };
    uint64_t modifier = 1;
    put_entry(table, 0, "XR24", invalid);
    put_entry(table, 1, "XR24", 0);
    put_entry(table, 2, "XB24", invalid);
    put_entry(table, 3, "XB30", 0x0100000000000001); /* Intel's X tiling: not for us */
    put_entry(table, 4, "XB30", 0x0100000000000002);
    for (uint32_t i = 0; i < 7; i++) /* 5: cut off; 6: behind the end */
        CHECK_INT(linux_dmabuf_add_entry(&d, table, sizeof(table), i), 0);
    CHECK_INT(linux_dmabuf_add_entry(&d, table, sizeof(table), UINT32_MAX), 0);
    CHECK_INT(linux_dmabuf_add_entry(&d, NULL, 0, 0), 0); /* the table could not be mapped */
    CHECK_INT(d.format_count, 3);
    CHECK(linux_dmabuf_takes(&d, letters("XR24"), &modifier) && modifier == 0);
    CHECK(linux_dmabuf_takes(&d, letters("XB24"), &modifier) && modifier == invalid);
    CHECK(!linux_dmabuf_takes(&d, letters("XB30"), &modifier));
    CHECK(!linux_dmabuf_takes(&d, 0, &modifier));
    linux_dmabuf_fini(&d);
}

TEST(a_table_without_end)
{
    uint8_t table[16];
    struct linux_dmabuf d = { 0 };
    put_entry(table, 0, "XR24", 0);
    for (int i = 0; i < 100000; i++)
        CHECK_INT(linux_dmabuf_add_entry(&d, table, sizeof(table), 0), 0);
    CHECK_INT(d.format_count, 256);
    linux_dmabuf_fini(&d);
}
