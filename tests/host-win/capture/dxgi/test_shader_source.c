/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the text says; what it draws is compared on a real device (test_convert.c). */
#include "test.h"

#include <errno.h>

#include "capture/dxgi/shader_source.h"

static char text[SHADER_TEXT_BYTES];

static uint32_t count(const char *word)
{
    uint32_t n = 0;
    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
        n++;
    return n;
}

TEST(jobs_out_of_limits_are_refused)
{
    static const struct shader_job rows[] = {
        { 0, 0, 0, 0, 0, 1 },
        { 100, 100, 0, 100, 0, 1 },
        { 100, 100, 101, 100, 0, 1 },
        { 100, 100, 100, 12, 0, 1 },
        { 16385, 100, 16385, 100, 0, 1 },
        { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, 1 },
        { 100, 100, 100, 100, (enum shader_light)99, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(shader_source_write(&rows[i], text, sizeof(text)), -EINVAL);
}

TEST(a_short_buffer_is_told_and_not_overrun)
{
    const struct shader_job job = { 100, 100, 50, 50, SHADER_LIGHT_PQ_TO_SDR, 1 };
    const int len = shader_source_write(&job, text, sizeof(text));
    CHECK(len > 0);
    for (int n = 0; n <= len; n++) {
        char *exact = malloc((size_t)n + 1);
        CHECK_INT(shader_source_write(&job, exact, (size_t)n), -ENOSPC);
        free(exact);
    }
    CHECK_INT(shader_source_write(&job, text, (size_t)len + 1), len);
}

TEST(every_ratio_fits_the_buffer)
{
    for (uint32_t px = 128; px <= 1024; px++) {
        const struct shader_job job = {
            1024, 1024, px, 1024 - (1024 - px) / 2, SHADER_LIGHT_PQ_TO_SDR, 1
        };
        const int len = shader_source_write(&job, text, sizeof(text));
        CHECK(len > 0);
        CHECK_INT((size_t)len, strlen(text));
    }
}

TEST(as_many_taps_as_the_ratio_needs)
{
    static const struct {
        struct shader_job job;
        uint32_t taps;
    } rows[] = {
        { { 100, 100, 100, 100, SHADER_LIGHT_SCALE, 1 }, 1 },
        { { 100, 100, 50, 50, SHADER_LIGHT_KEEP, 1 }, 4 },
        { { 120, 120, 40, 60, SHADER_LIGHT_KEEP, 1 }, 6 },
        { { 100, 100, 75, 100, SHADER_LIGHT_KEEP, 1 }, 3 }, /* 1.33: up to 3 pixels are touched */
        { { 800, 800, 100, 100, SHADER_LIGHT_KEEP, 1 }, 64 },
        { { 799, 799, 100, 100, SHADER_LIGHT_KEEP, 1 }, 81 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(shader_source_write(&rows[i].job, text, sizeof(text)) > 0);
        CHECK_INT(count("picture.Load"), rows[i].taps);
        CHECK_INT(count("for ") + count("?") + count("sqrt"), 0);
        CHECK(shader_is_needed(&rows[i].job));
    }
}

TEST(nothing_to_do_is_known)
{
    const struct shader_job job = { 100, 100, 100, 100, SHADER_LIGHT_KEEP, 1 };
    CHECK(!shader_is_needed(&job));
}
