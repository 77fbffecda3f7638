/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <unistd.h>

#include "service/ini_change.h"

TEST(a_change_counts_once_and_when_it_has_settled)
{
    static const struct {
        uint64_t at_ms, fingerprint;
        bool changed;
    } rows[] = {
        { 0, 7, false },     { 100, 7, false },  { 1000, 8, false }, /* half written */
        { 1400, 9, false },  { 1499, 9, false }, { 1500, 9, false }, /* and the rest */
        { 1899, 9, false },  { 1900, 9, true },  { 1901, 9, false }, { 9000, 9, false },
        { 9100, 5, false },  { 9200, 9, false }, { 9900, 9, false }, /* and as it was */
        { 10000, 6, false }, { 99999, 6, true },
    };
    struct ini_change change;
    ini_change_init(&change, 7);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(ini_change_look(&change, rows[i].fingerprint, rows[i].at_ms) == rows[i].changed,
                  "row %zu", i);
}

TEST(it_says_when_to_look_again)
{
    struct ini_change change;
    ini_change_init(&change, 1);
    CHECK(ini_change_due_ms(&change) == UINT64_MAX);
    CHECK(!ini_change_look(&change, 2, 50));
    CHECK(ini_change_due_ms(&change) == 50 + INI_CHANGE_SETTLE_MS);
    CHECK(ini_change_look(&change, 2, 50 + INI_CHANGE_SETTLE_MS));
    CHECK(ini_change_due_ms(&change) == UINT64_MAX);
}

static void write_file(const char *path, const char *text, size_t times)
{
    FILE *f = fopen(path, "wb");
    CHECK(f);
    for (size_t i = 0; i < times; i++)
        CHECK(fputs(text, f) >= 0);
    CHECK_INT(fclose(f), 0);
}

TEST(fingerprints_are_of_contents)
{
    char a[64], b[64];
    snprintf(a, sizeof(a), "ini-change-%ld-a.ini", (long)getpid());
    snprintf(b, sizeof(b), "ini-change-%ld-b.ini", (long)getpid());
    const char *const paths[] = { a, b };
    const uint64_t none = ini_fingerprint(paths, 2);
    write_file(a, "", 1);
    const uint64_t empty = ini_fingerprint(paths, 2);
    write_file(a, "[os]\nx=1\n", 1);
    const uint64_t in_a = ini_fingerprint(paths, 2);
    write_file(a, "[os]\nx=1\n", 1);
    CHECK(ini_fingerprint(paths, 2) == in_a); /* written again, the same */
    write_file(a, "[os]\nx=2\n", 1);
    const uint64_t other = ini_fingerprint(paths, 2);
    remove(a);
    write_file(b, "[os]\nx=1\n", 1);
    const uint64_t in_b = ini_fingerprint(paths, 2);
    remove(b);
    CHECK(ini_fingerprint(paths, 2) == none);
    CHECK(none != empty && empty != in_a && in_a != other && in_a != in_b && in_b != none);
}

/* Folders, and files without end, are no reason to hang or to fail. */
TEST(fingerprints_of_what_is_no_settings_file)
{
    char big[64];
    snprintf(big, sizeof(big), "ini-change-%ld-big.ini", (long)getpid());
    const char *const folder[] = { "." }, *const endless[] = { big };
    const uint64_t before = ini_fingerprint(folder, 1);
    CHECK(ini_fingerprint(folder, 1) == before);
    write_file(big, "0123456789abcdef", 1 << 17); /* 2 MiB */
    const uint64_t long_one = ini_fingerprint(endless, 1);
    write_file(big, "0123456789abcdef", (1 << 17) + 1);
    CHECK(ini_fingerprint(endless, 1) == long_one); /* beyond what is read at all */
    remove(big);
}
