/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/copy_in.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"

TEST(range_inside)
{
    static const struct {
        uint64_t offset, len, total;
        bool inside;
    } rows[] = {
        { UINT64_MAX, 1, 100, false }, { 1, UINT64_MAX, 100, false }, { 100, 1, 100, false },
        { 101, 0, 100, false },        { 100, 0, 100, true },         { 0, 100, 100, true },
        { 40, 60, 100, true },         { 40, 61, 100, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(range_inside(rows[i].offset, rows[i].len, rows[i].total) == rows[i].inside,
                  "row %zu", i);
}

TEST(checked_sums)
{
    uint64_t v;
    CHECK(!checked_add_u64(UINT64_MAX, 1, &v));
    CHECK(!checked_mul_u64(UINT64_C(1) << 33, UINT64_C(1) << 33, &v));
    CHECK(checked_add_u64(2, 3, &v) && v == 5);
    CHECK(checked_mul_u64(2, 3, &v) && v == 6);
    CHECK(round_up_u64(4097, 4096) == 8192 && round_up_u64(4096, 4096) == 4096);
}

TEST(copy_in_all_alignments)
{
    _Alignas(8) uint8_t from[64];
    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)(i * 7 + 1);
    for (size_t start = 0; start < 8; start++) {
        for (size_t len = 0; len <= 40; len++) {
            uint8_t to[64];
            memset(to, 0xEE, sizeof(to));
            copy_in(to, from + start, len);
            CHECK(memcmp(to, from + start, len) == 0);
            CHECK(to[len] == 0xEE);
        }
    }
}

TEST(clock_goes_forward)
{
    const uint64_t before_ns = clock_ns();
    clock_sleep_until_ns(before_ns + 2 * NS_PER_MS);
    CHECK(clock_ns() >= before_ns + 2 * NS_PER_MS);
}

TEST(random_differs)
{
    uint32_t first = random_u32();
    bool differs = false;
    for (int i = 0; i < 8; i++)
        differs = differs || random_u32() != first;
    CHECK(differs);
}

TEST(log_levels_and_file)
{
    enum log_level level;
    CHECK_INT(log_level_parse("loud", &level), -22);
    CHECK_INT(log_level_parse("debug", &level), 0);
    CHECK_INT(level, LOG_LEVEL_DEBUG);

    char path[] = "/tmp/espelho-log-XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(log_open_file(path), 0);
    log_write(LOG_LEVEL_DEBUG, "t", "not shown at the default level");
    log_write(LOG_LEVEL_INFO, "t", "guest said %s", "\033[31mred");
    FILE *f = fopen(path, "r");
    char text[256] = "";
    CHECK(f && fgets(text, sizeof(text), f));
    fclose(f);
    remove(path);
    CHECK_STR(text, "info  t: guest said ?[31mred\n");
    CHECK_INT(log_open_file("/nonexistent/x"), -2);
}

TEST(err_text_takes_both_signs)
{
    char text[128];
    snprintf(text, sizeof(text), "%s", err_str(2));
    CHECK_STR(err_str(-2), text);
}
