/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "test"
#include "win/log_file.h"

#include <errno.h>
#include <windows.h>

#include "base/log.h"
#include "folder.h"
#include "test.h"

static const char *name_in(const struct folder *f, const char *path)
{
    CHECK(strncmp(path, f->path, strlen(f->path)) == 0);
    return path + strlen(f->path) + 1;
}

TEST(a_full_file_is_followed_by_another_with_the_same_head)
{
    struct folder f;
    static struct log_file file;
    char first[FILE_PATH_BYTES], oldest[300];
    folder_init(&f, 0);
    CHECK_INT(log_file_start(&file, f.path, "host", false, 500), 0);
    log_file_header(&file, "espelho-host %s", "1.2.3");
    log_file_header(&file, "GPU: none");
    memcpy(first, file.path, sizeof(first));
    log_file_tick(&file);
    CHECK_STR(file.path, first); /* not full yet */
    for (int i = 0; i < 10; i++)
        log_info("a line that fills it %d", i);
    log_file_tick(&file);
    CHECK(strcmp(file.path, first) > 0);
    log_info("in the second");

    const char *text = folder_read(&f, name_in(&f, first));
    CHECK(strstr(text, "info  test: a line that fills it 9\n"));
    CHECK(strstr(text, "info  log: espelho-host 1.2.3\n"));
    CHECK_MSG(text[4] == '-' && text[10] == ' ', "no time: %.30s", text);
    text = folder_read(&f, name_in(&f, file.path));
    CHECK(strstr(text, "info  log: espelho-host 1.2.3\n") && strstr(text, "GPU: none\n"));
    CHECK(strstr(text, "in the second\n") && !strstr(text, "fills it"));
    CHECK_INT(folder_count(&f, "*.log", oldest), 2);
    CHECK_INT(log_open_file("NUL"), 0);
    folder_fini(&f);
}

TEST(only_the_newest_stay)
{
    struct folder f;
    static struct log_file file;
    char oldest[300];
    folder_init(&f, 1);
    folder_put(&f, "notes.log", "of a person");
    folder_put(&f, "host-20200101-000000-000001-00.dmp", "");
    for (int i = 0; i < 9; i++) {
        char name[80];
        snprintf(name, sizeof(name), "host-2020010%d-000000-000001-00.log", i + 1);
        folder_put(&f, name, "old");
    }
    CHECK_INT(log_file_start(&file, f.path, "host", false, 1), 0);
    CHECK_INT(folder_count(&f, "host-*.log", oldest), LOG_FILE_KEEP);
    CHECK_STR(oldest, "host-20200106-000000-000001-00.log");
    for (int i = 0; i < 7; i++) {
        log_info("more");
        log_file_tick(&file);
    }
    CHECK_INT(folder_count(&f, "host-*.log", oldest), LOG_FILE_KEEP);
    CHECK_INT(folder_count(&f, "notes.log", NULL), 1);
    CHECK_INT(folder_count(&f, "*.dmp", NULL), 1);
    log_info("the last");
    CHECK(strstr(folder_read(&f, name_in(&f, file.path)), "the last"));
    CHECK_INT(log_open_file("NUL"), 0);
    folder_fini(&f);
}

TEST(a_folder_that_cannot_be_is_an_error)
{
    struct folder f;
    static struct log_file file;
    char inside[400];
    folder_init(&f, 0);
    snprintf(inside, sizeof(inside), "%s\\a\\b", f.path);
    CHECK_INT(log_file_start(&file, inside, "host", false, 0), -ENOENT);
    log_file_tick(&file); /* does nothing */
    char long_folder[FILE_PATH_BYTES + 10];
    memset(long_folder, 'x', sizeof(long_folder) - 1);
    long_folder[sizeof(long_folder) - 1] = '\0';
    CHECK_INT(log_file_start(&file, long_folder, "host", false, 0), -ENAMETOOLONG);
}

TEST(a_long_head_is_not_repeated_whole)
{
    struct folder f;
    static struct log_file file;
    folder_init(&f, 1);
    CHECK_INT(log_file_start(&file, f.path, "host", false, 1), 0);
    for (int i = 0; i < 100; i++)
        log_file_header(
            &file, "line %d %.400s", i,
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    CHECK(strlen(file.header) < LOG_FILE_HEADER_BYTES);
    log_file_tick(&file);
    const char *text = folder_read(&f, name_in(&f, file.path));
    CHECK(strstr(text, "line 0 ") && !strstr(text, "line 99 "));
    CHECK_INT(log_open_file("NUL"), 0);
    folder_fini(&f);
}
