/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/log_rotation.h"

#include "test.h"

TEST(names_sort_by_time)
{
    static const struct {
        struct log_time time;
        uint32_t process_id, serial;
        const char *name;
    } rows[] = { /* in the order of time */
                 { { 2026, 9, 30, 23, 59, 59 }, 5000, 0, "host-20260930-235959-005000-00.log" },
                 { { 2026, 10, 1, 0, 0, 0 }, 12, 0, "host-20261001-000000-000012-00.log" },
                 { { 2026, 10, 1, 0, 0, 0 }, 12, 1, "host-20261001-000000-000012-01.log" },
                 { { 2026, 10, 1, 0, 0, 1 }, 7, 0, "host-20261001-000001-000007-00.log" }
    };
    char name[LOG_NAME_BYTES], before[LOG_NAME_BYTES] = "";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        log_rotation_name("host", "log", &rows[i].time, rows[i].process_id, rows[i].serial, name);
        CHECK_STR(name, rows[i].name);
        CHECK(strcmp(before, name) < 0);
        memcpy(before, name, sizeof(name));
    }
}

static const char *const foreign[] = {
    "",
    "log",
    ".log",
    "host.log",
    "host-.log",
    "other-20261001-000000-000012-00.log",
    "host-20261001-000000-000012-00.dmp",
    "host-20261001-000000-000012-00.log.bak",
    "host-20261001-000000-000012.log",
    "host-2026100a-000000-000012-00.log",
    "host-20261001-000000-000012-0x.log",
    "host-20261001_000000-000012-00.log",
    "host-20261001-000000-000012345678901-00.log",
    "host20261001-000000-000012-00.log",
    "host-20261001-000000-000012-00Xlog",
    "host-20261001-000000-00012-00.log",
    "host-20261001-000000-000012-00-00.log",
    "host-20261001-000000-000012-00.logxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
};

TEST(what_is_not_ours_is_no_victim)
{
    struct log_rotation r;
    char victim[LOG_NAME_BYTES];
    log_rotation_init(&r, "host", "log", 1);
    CHECK(!log_rotation_add(&r, "host-99991231-235959-999999-99.log", victim));
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
        CHECK_MSG(!log_rotation_add(&r, foreign[i], victim), "%s", foreign[i]);
    CHECK_INT(r.count, 1);
    CHECK(log_rotation_add(&r, "host-20261001-000000-4294967295-00.log", victim));
    CHECK_STR(victim, "host-20261001-000000-4294967295-00.log");
}

/* Whatever the order in which a folder lists them, the newest `keep` stay, each other is a victim
 * once. */
static void all_orders(size_t keep, size_t files, uint32_t seed)
{
    struct log_rotation r;
    char names[24][LOG_NAME_BYTES], victim[LOG_NAME_BYTES];
    size_t order[24], dead[24] = { 0 };
    for (size_t i = 0; i < files; i++) {
        const struct log_time time = { 2026, 11, 26, 6, 0, (uint32_t)i };
        log_rotation_name("host", "log", &time, 1000 - (uint32_t)i, 0, names[i]);
        order[i] = i;
    }
    for (size_t i = files; i > 1; i--) {
        seed = seed * 1664525 + 1013904223;
        const size_t k = (seed >> 8) % i, swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
    log_rotation_init(&r, "host", "log", keep);
    for (size_t i = 0; i < files; i++) {
        if (!log_rotation_add(&r, names[order[i]], victim))
            continue;
        for (size_t k = 0; k < files; k++)
            dead[k] += strcmp(victim, names[k]) == 0;
    }
    for (size_t k = 0; k < files; k++)
        CHECK_MSG(dead[k] == (k + keep < files), "keep %zu of %zu: file %zu died %zu times", keep,
                  files, k, dead[k]);
    CHECK_INT(r.count, files < keep ? files : keep);
    for (size_t i = 0; i < r.count; i++)
        CHECK_STR(r.names[i], names[files - r.count + i]);
}

TEST(the_newest_stay_in_any_order)
{
    for (size_t keep = 1; keep <= LOG_ROTATION_MAX; keep++) {
        for (size_t files = 0; files <= 24; files++) {
            for (uint32_t seed = 0; seed < 20; seed++)
                all_orders(keep, files, seed);
        }
    }
}
