/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/copy_in.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/utf16.h"

#ifdef _WIN32
#define NOWHERE "NUL"
#else
#define NOWHERE "/dev/null"
#endif

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
    close(fd); /* on Windows mkstemp() lets nobody else in */
    CHECK_INT(log_open_file(path), 0);
    log_write(LOG_LEVEL_DEBUG, "t", "not shown at the default level");
    log_write(LOG_LEVEL_INFO, "t", "guest said %s", "\033[31mred");
    FILE *f = fopen(path, "rb"); /* as it is: Windows would hide a carriage return */
    char text[256] = "";
    CHECK(f && fgets(text, sizeof(text), f));
    fclose(f);
    CHECK_INT(log_open_file(NOWHERE), 0); /* Windows keeps files that are open */
    CHECK_INT(remove(path), 0);
    CHECK_STR(text, "info  t: guest said ?[31mred\n");
    CHECK_INT(log_open_file("/nonexistent/x"), -2);
}

/* Reads and removes it. Static text. */
static const char *take_file(const char *path)
{
    static char text[512];
    FILE *f = fopen(path, "rb");
    CHECK_MSG(f, "%s", path);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    CHECK_INT(remove(path), 0);
    return text;
}

TEST(log_goes_on_in_another_file)
{
    char one[64], two[64];
    /* By the clock: process ids of two Wine prefixes are the same. */
    snprintf(one, sizeof(one), "/tmp/espelho-log-%" PRIu64 "-1", clock_ns());
    snprintf(two, sizeof(two), "/tmp/espelho-log-%" PRIu64 "-2", clock_ns());
    CHECK_INT(log_open_file(one), 0);
    log_write(LOG_LEVEL_INFO, "t", "one");
    CHECK_INT(log_file_bytes(), strlen("info  t: one\n"));
    CHECK_INT(log_open_file("/nonexistent/x"), -ENOENT); /* and the first stays */
    log_set_stamp(true);
    log_write(LOG_LEVEL_INFO, "t", "still one");
    CHECK_INT(log_open_file(two), 0);
    CHECK_INT(log_file_bytes(), 0);
    log_write(LOG_LEVEL_INFO, "t", "two");

    CHECK_INT(log_open_file(NOWHERE), 0);
    const char *text = take_file(one), *form = "info  t: one\n0000-00-00 00:00:00.000 info  t: "
                                               "still one\n";
    CHECK_INT(strlen(text), strlen(form));
    for (size_t i = 0; form[i]; i++)
        CHECK_MSG(form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i], "%s",
                  text);
    CHECK_STR(take_file(two) + strlen("0000-00-00 00:00:00.000 "), "info  t: two\n");
}

enum { LOG_THREADS = 3, LOG_LINES = 1500, LOG_FILES = 20 };

static void *write_lines(void *unused)
{
    (void)unused;
    for (int i = 0; i < LOG_LINES; i++)
        log_write(LOG_LEVEL_INFO, "t", "a line, number %d of many", i);
    return NULL;
}

/* Whole lines only; how many. */
static int count_lines(const char *path)
{
    char line[256];
    int count = 0;
    FILE *f = fopen(path, "rb");
    CHECK_MSG(f, "%s", path);
    for (; fgets(line, sizeof(line), f); count++)
        CHECK_MSG(strlen(line) > 40 && strstr(line, " info  t: ") == line + 23 &&
                      strstr(line, " of many\n"),
                  "%s: '%s'", path, line);
    fclose(f);
    CHECK_INT(remove(path), 0);
    return count;
}

TEST(log_changes_files_while_threads_write)
{
    char paths[LOG_FILES][64];
    pthread_t threads[LOG_THREADS];
    int lines = 0;
    log_set_stamp(true);
    for (int i = 0; i < LOG_FILES; i++)
        snprintf(paths[i], sizeof(paths[i]), "/tmp/espelho-log-%" PRIu64 "-%d", clock_ns(), i);
    CHECK_INT(log_open_file(paths[0]), 0);
    for (size_t i = 0; i < LOG_THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    for (int i = 1; i < LOG_FILES; i++) {
        clock_sleep_until_ns(clock_ns() + 2 * NS_PER_MS);
        CHECK_INT(log_open_file(paths[i]), 0);
    }
    for (size_t i = 0; i < LOG_THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(log_open_file(NOWHERE), 0);
    for (int i = 0; i < LOG_FILES; i++)
        lines += count_lines(paths[i]);
    CHECK_INT(lines, LOG_THREADS * LOG_LINES);
}

TEST(err_text_takes_both_signs)
{
    char text[128];
    snprintf(text, sizeof(text), "%s", err_str(2));
    CHECK_STR(err_str(-2), text);
}

static const struct {
    const char *utf8;
    uint16_t utf16[8];
    const char *back; /* NULL: the same */
} utf16_rows[] = {
    { "", { 0 }, NULL },
    { "a\xff", { 'a', 0xFFFD }, "a\xef\xbf\xbd" },
    { "\xc3", { 0xFFFD }, "\xef\xbf\xbd" },                         /* cut off */
    { "\xe2\x82", { 0xFFFD, 0xFFFD }, "\xef\xbf\xbd\xef\xbf\xbd" }, /* cut off */
    { "\xc0\x80", { 0xFFFD, 0xFFFD }, "\xef\xbf\xbd\xef\xbf\xbd" }, /* overlong */
    { "\xed\xa0\x80x", { 0xFFFD, 0xFFFD, 0xFFFD, 'x' }, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx" },
    { "\xf4\x90\x80\x80",
      { 0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD },
      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xc3\xa9\xe2\x82\xac", { 0xE9, 0x20AC }, NULL },
    { "\xf0\x9f\x98\x80!", { 0xD83D, 0xDE00, '!' }, NULL },
};

TEST(utf16_from_any_bytes_and_back)
{
    for (size_t i = 0; i < ARRAY_LEN(utf16_rows); i++) {
        uint16_t wide[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
        char back[32];
        CHECK_INT(utf16_from_utf8(utf16_rows[i].utf8, wide, ARRAY_LEN(wide)), 0);
        size_t n = 0;
        for (; utf16_rows[i].utf16[n]; n++)
            CHECK_MSG(wide[n] == utf16_rows[i].utf16[n], "row %zu unit %zu: %x", i, n, wide[n]);
        CHECK_INT(wide[n], 0);
        CHECK_INT(utf16_to_utf8(wide, back, sizeof(back)), 0);
        if (utf16_rows[i].back)
            CHECK_STR(back, utf16_rows[i].back);
    }
}

TEST(utf16_lone_surrogates_and_small_buffers)
{
    static const uint16_t lone[] = { 0xDC00, 'a', 0xD800, 'b', 0xD800, 0 };
    char text[16];
    CHECK_INT(utf16_to_utf8(lone, text, sizeof(text)), 0);
    CHECK_STR(text, "\xef\xbf\xbd"
                    "a\xef\xbf\xbd"
                    "b\xef\xbf\xbd");
    CHECK_INT(utf16_span_to_utf8(lone, 2, text, sizeof(text)), 0);
    CHECK_STR(text, "\xef\xbf\xbd"
                    "a");
    CHECK_INT(utf16_to_utf8(lone, text, 4), -ENAMETOOLONG);
    CHECK_STR(text, "\xef\xbf\xbd");
    CHECK_INT(utf16_to_utf8(lone, text, 3), -ENAMETOOLONG);
    CHECK_STR(text, "");
    uint16_t wide[3];
    CHECK_INT(utf16_from_utf8("a\xf0\x9f\x98\x80", wide, 3), -ENAMETOOLONG); /* no half of a pair */
    CHECK_INT(wide[1], 0);
    CHECK_INT(utf16_from_utf8("", wide, 1), 0);
}

TEST(files_have_utf8_names)
{
    static const char path[] = "/tmp/espelho-\xc3\xa9\xe2\x82\xac.txt";
    int fd = file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_MSG(fd >= 0, "%d", fd);
    CHECK_INT(write(fd, "a\nb", 3), 3); /* not four */
    close(fd);
    fd = file_open(path, O_RDONLY, 0);
    char text[8];
    CHECK(fd >= 0 && read(fd, text, sizeof(text)) == 3);
    close(fd);
    CHECK_INT(file_open("/tmp/espelho-absent/x", O_RDONLY, 0), -ENOENT);
#ifdef _WIN32
    CHECK_INT(_wremove(L"/tmp/espelho-\xe9\x20ac.txt"), 0);
#else
    CHECK_INT(remove(path), 0);
#endif
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool set;
};

static void *set_soon(void *ctx)
{
    struct waiter *w = ctx;
    clock_sleep_until_ns(clock_ns() + 20 * NS_PER_MS);
    pthread_mutex_lock(&w->lock);
    w->set = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

TEST(cond_waits_no_shorter_and_hears_signals)
{
    struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER };
    pthread_t thread;
    CHECK_INT(cond_init(&w.cond), 0);
    pthread_mutex_lock(&w.lock);
    static const uint64_t ns[] = { 0, 1, 100, 999999, 3 * NS_PER_MS, 40 * NS_PER_MS };
    for (size_t i = 0; i < ARRAY_LEN(ns); i++) {
        const uint64_t deadline_ns = clock_ns() + ns[i];
        uint32_t turns = 0;
        for (; clock_ns() < deadline_ns; turns++)
            cond_wait_until(&w.cond, &w.lock, deadline_ns);
        CHECK_MSG(turns < 5, "%u turns: it spins", turns);
    }
    cond_wait_until(&w.cond, &w.lock, 0); /* long past */
    CHECK_INT(pthread_create(&thread, NULL, set_soon, &w), 0);
    const uint64_t end_ns = clock_ns() + 30 * NS_PER_S;
    while (!w.set && clock_ns() < end_ns)
        cond_wait_until(&w.cond, &w.lock, UINT64_MAX);
    CHECK(w.set);
    pthread_mutex_unlock(&w.lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&w.cond);
}

TEST(decimals_for_people)
{
    static const struct {
        double value;
        int decimals;
        const char *text;
    } rows[] = {
        { 1.25, 2, "1.25" },
        { 0.96, 1, "1.0" },
        { -3.5, 1, "-3.5" },
        { 7, 0, "7" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(DECIMAL(rows[i].value, rows[i].decimals), rows[i].text);
    CHECK_INT(strlen(DECIMAL(1e300, 2)), DECIMAL_BYTES - 1); /* cut off, not beyond */
}
