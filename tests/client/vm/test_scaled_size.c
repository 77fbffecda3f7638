/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/scaled_size.h"

#include "test.h"

TEST(units_of_libvirt)
{
    static const struct {
        const char *number, *unit;
        uint64_t bytes;
    } good[] = {
        { "0", "", 0 },
        { "7", "", 7 },
        { "7", "Bytes", 7 },
        { "7", "byte", 7 },
        { "7", "b", 7 },
        { "3", "k", 3 << 10 },
        { "3", "KiB", 3 << 10 },
        { "3", "kib", 3 << 10 },
        { "3", "KB", 3000 },
        { "2", "G", UINT64_C(2) << 30 },
        { "2", "GB", 2000000000 },
        { " \n2\t", "TiB", UINT64_C(2) << 40 },
        { "2", "P", UINT64_C(2) << 50 },
        { "15", "E", UINT64_C(15) << 60 },
        { "18446744073709551615", "", UINT64_MAX },
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint64_t bytes = 1;
        CHECK_MSG(scaled_size(good[i].number, good[i].unit, &bytes) && bytes == good[i].bytes,
                  "'%s' '%s': %ju", good[i].number, good[i].unit, bytes);
    }
}

TEST(what_is_no_size)
{
    static const struct {
        const char *number, *unit;
    } bad[] = {
        { "", "M" },         { " ", "M" },
        { "-1", "" },        { "+1", "" },
        { "1x", "" },        { "0x10", "" },
        { "1 1", "" },       { "1", "X" },
        { "1", "MX" },       { "1", "furlong" },
        { "1", " M" },       { "1", "bits" },
        { "16", "E" },       { "18446744073709551616", "" },
        { "99999999", "T" },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t bytes = 77;
        CHECK_MSG(!scaled_size(bad[i].number, bad[i].unit, &bytes) && bytes == 77, "'%s' '%s'",
                  bad[i].number, bad[i].unit);
    }
}

static const struct {
    const char *text;
    bool ok;
    uint64_t bytes;
} sizes[] = {
    { "", false, 0 },
    { "G", false, 0 },
    { "-1G", false, 0 },
    { "16", false, 0 },
    { "16X", false, 0 },
    { "16Gx", false, 0 },
    { "99999999T", false, 0 },
    { "99999999999999999999G", false, 0 },
    { "16G", true, 16LL << 30 },
    { "16 GiB", true, 16LL << 30 },
    { "2m", true, 2 << 20 },
    { "1GB", true, 1000000000 },
    { "4096KiB", true, 4 << 20 },
    { "7 bytes", true, 7 },
};

TEST(sizes_are_read)
{
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint64_t bytes = 0;
        CHECK_MSG(scaled_size_of_text(sizes[i].text, &bytes) == sizes[i].ok, "%s", sizes[i].text);
        if (sizes[i].ok)
            CHECK_INT(bytes, sizes[i].bytes);
    }
}
