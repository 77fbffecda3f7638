/* SPDX-License-Identifier: GPL-2.0-or-later
 * The arithmetic that the kernel module shares with the programs; the rows are the KUnit suite's.
 */
#include "kunit/rows.h"

#include "kvmfr-bounds.h"
#include "kvmfr-sizing.h"
#include "kvmfr/sizing.h"
#include "test.h"

TEST(words)
{
    for (size_t i = 0; i < ARRAY_LEN(mode_rows); i++) {
        struct kvmfr_mode mode = { 0 };
        const bool good = kvmfr_mode_parse(mode_rows[i].text, &mode);
        CHECK_MSG(good == (mode_rows[i].mib != 0), "'%s'", mode_rows[i].text);
        CHECK_MSG(kvmfr_mode_mib(&mode) == mode_rows[i].mib, "'%s'", mode_rows[i].text);
    }
}

TEST(refused_words_leave_the_result)
{
    struct kvmfr_mode mode = { 1, 2, 3 };
    CHECK(!kvmfr_mode_parse("1920x1080@hd", &mode));
    CHECK(mode.width_px == 1 && mode.height_px == 2 && mode.bytes_per_px == 3);
}

/* `espelho size` says the same. */
TEST(numbers)
{
    for (size_t i = 0; i < ARRAY_LEN(number_rows); i++) {
        const struct kvmfr_mode mode = { number_rows[i].width_px, number_rows[i].height_px,
                                         number_rows[i].bytes_per_px };
        CHECK_INT(kvmfr_mode_mib(&mode), number_rows[i].mib);
        CHECK_INT(kvmfr_region_mib_for_mode(mode.width_px, mode.height_px, mode.bytes_per_px),
                  number_rows[i].mib);
    }
}

TEST(parts)
{
    for (size_t i = 0; i < ARRAY_LEN(part_rows); i++) {
        const struct part_row *row = &part_rows[i];
        CHECK_MSG(kvmfr_part_inside(row->first, row->count, row->total) == row->inside, "row %zu",
                  i);
    }
}

TEST(bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(bytes_rows); i++) {
        const struct bytes_row *row = &bytes_rows[i];
        CHECK_MSG(kvmfr_bytes_inside(row->offset, row->size, row->total, 4096) == row->inside,
                  "row %zu", i);
    }
}

/* All small numbers, against sums that are large enough. */
TEST(parts_exhaustively)
{
    for (unsigned total = 0; total < 24; total++) {
        for (unsigned first = 0; first < 32; first++) {
            for (unsigned count = 0; count < 32; count++)
                CHECK_INT(kvmfr_part_inside(first, count, total),
                          count > 0 && first + count <= total);
        }
    }
}
