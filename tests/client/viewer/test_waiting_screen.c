/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "viewer/waiting_screen.h"

#define BACKGROUND 0xff16181cu

static const char advice[] =
    "There is no shared memory at /dev/shm/looking-glass.\n\nIf the VM is switched off, start it.\n"
    "    <shmem name='looking-glass'>\n    </shmem>\n";

/* How far the text stays from the four edges; false: there is none. */
struct margins {
    uint32_t left, top, right, bottom;
};

static bool text_margins(const struct still *s, struct margins *m)
{
    *m = (struct margins){ UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    bool any = false;
    for (uint32_t y = 0; y < s->height_px; y++) {
        for (uint32_t x = 0; x < s->width_px; x++) {
            if ((s->pixels[y * (s->stride_bytes / 4) + x] & 0xffffff) == (BACKGROUND & 0xffffff))
                continue;
            any = true;
            m->left = x < m->left ? x : m->left;
            m->top = y < m->top ? y : m->top;
            m->right = s->width_px - 1 - x < m->right ? s->width_px - 1 - x : m->right;
            m->bottom = s->height_px - 1 - y < m->bottom ? s->height_px - 1 - y : m->bottom;
        }
    }
    return any;
}

static bool about_equal(uint32_t a, uint32_t b, uint32_t tolerance)
{
    return a > b ? a - b <= tolerance : b - a <= tolerance;
}

TEST(no_window_no_screen)
{
    struct still s;
    CHECK_INT(waiting_screen_draw("a", "b", 0, 10, 120, &s), -EINVAL);
    CHECK_INT(waiting_screen_draw("a", "b", 10, 0, 120, &s), -EINVAL);
    CHECK_INT(waiting_screen_draw("a", "b", 100000, 10, 120, &s), -EINVAL);
}

TEST(text_is_centred_at_any_size)
{
    static const struct {
        uint32_t width, height, scale_120;
    } rows[] = {
        { 640, 480, 120 },  { 1024, 768, 120 },  { 1920, 1080, 120 },
        { 1280, 960, 150 }, { 2048, 1536, 240 }, { 300, 200, 120 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct still s;
        struct margins m;
        CHECK_INT(waiting_screen_draw("Waiting for the VM to start", advice, rows[i].width,
                                      rows[i].height, rows[i].scale_120, &s),
                  0);
        CHECK(s.width_px == rows[i].width && s.height_px == rows[i].height);
        if (!text_margins(&s, &m))
            SKIP("no Pango here: plain screen");
        CHECK_MSG(about_equal(m.left, m.right, s.width_px / 10) &&
                      about_equal(m.top, m.bottom, s.height_px / 10),
                  "%ux%u: margins %u %u %u %u", rows[i].width, rows[i].height, m.left, m.top,
                  m.right, m.bottom);
        free(s.pixels);
    }
}

TEST(text_grows_with_the_scale)
{
    struct still one, two;
    struct margins m1, m2;
    CHECK_INT(waiting_screen_draw("Waiting for the VM to start", "", 1024, 768, 120, &one), 0);
    CHECK_INT(waiting_screen_draw("Waiting for the VM to start", "", 2048, 1536, 240, &two), 0);
    if (!text_margins(&one, &m1) || !text_margins(&two, &m2))
        SKIP("no Pango here: plain screen");
    const uint32_t width_1 = 1024 - m1.left - m1.right, width_2 = 2048 - m2.left - m2.right;
    CHECK_MSG(width_2 > width_1 * 19 / 10 && width_2 < width_1 * 21 / 10, "%u and %u pixels wide",
              width_1, width_2);
    free(one.pixels);
    free(two.pixels);
}

TEST(hostile_text)
{
    char many[1280];
    struct still s;
    memset(many, 'M', sizeof(many) - 1);
    many[sizeof(many) - 1] = 0;
    static const uint32_t sides[] = { 1, 2, 17, 400 };
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        CHECK_INT(waiting_screen_draw(many, many, sides[i], sides[i], 120, &s), 0);
        free(s.pixels);
    }
    CHECK_INT(
        waiting_screen_draw("\xff\xfe broken \xc3", "<b>not markup</b> %n%s", 400, 300, 120, &s),
        0);
    free(s.pixels);
    CHECK_INT(waiting_screen_draw("", "", 400, 300, 120, &s), 0);
    free(s.pixels);
}
