/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "overlay/overlay_draw.h"

static struct overlay_picture draw(const char *help, const char *notice, uint32_t max_width_px,
                                   uint32_t max_height_px, uint32_t scale_120)
{
    const char *texts[OVERLAY_SLOT_COUNT] = { [OVERLAY_HELP] = help, [OVERLAY_NOTICE] = notice };
    struct overlay_picture p;
    CHECK_INT(overlay_draw(texts, max_width_px, max_height_px, scale_120, &p), 0);
    CHECK(p.width_px <= max_width_px && p.height_px <= max_height_px && p.argb);
    return p;
}

/* Bright pixels: letters. */
static uint32_t ink(const struct overlay_picture *p)
{
    uint32_t count = 0;
    for (size_t i = 0; i < (size_t)p->width_px * p->height_px; i++)
        count += (p->argb[i] & 0xff) > 0x80;
    return count;
}

TEST(texts_stand_below_each_other)
{
    struct overlay_picture one = draw("F  full screen", NULL, 2000, 2000, 120);
    struct overlay_picture two = draw("F  full screen", "captured", 2000, 2000, 120);
    CHECK(ink(&one) > 50);
    CHECK(ink(&two) > ink(&one));
    CHECK(two.height_px > one.height_px);
    free(one.argb);
    free(two.argb);
}

TEST(grows_with_the_scale)
{
    struct overlay_picture one = draw(NULL, "captured", 2000, 2000, 120);
    struct overlay_picture two = draw(NULL, "captured", 2000, 2000, 240);
    CHECK(two.height_px > one.height_px * 3 / 2 && two.width_px > one.width_px * 3 / 2);
    free(one.argb);
    free(two.argb);
}

TEST(never_larger_than_its_room)
{
    char text[4001];
    memset(text, 'W', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct overlay_picture p = draw(text, "\xff\xfe not UTF-8", 120, 60, 120);
    free(p.argb);
}

TEST(nothing_to_draw_is_said)
{
    static const struct {
        const char *text;
        uint32_t width_px, height_px;
    } rows[] = { { NULL, 100, 100 }, { "x", 0, 100 }, { "x", 100, 15 }, { "x", 100, 1u << 20 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *texts[OVERLAY_SLOT_COUNT] = { [OVERLAY_MIC] = rows[i].text };
        struct overlay_picture p;
        CHECK_INT(overlay_draw(texts, rows[i].width_px, rows[i].height_px, 120, &p), -EINVAL);
    }
}
