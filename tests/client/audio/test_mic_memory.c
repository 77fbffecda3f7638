/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/mic_memory.h"

#define LONG_KEY                                                                                   \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "01234567890123456789"

TEST(hostile_text_is_no_answer)
{
    static const struct {
        const char *text;
        size_t bytes;
        enum mic_answer want;
    } rows[] = {
        { "", 0, MIC_ANSWER_NONE },
        { "\n\n\n", 3, MIC_ANSWER_NONE },
        { "allow", 5, MIC_ANSWER_NONE },
        { "allow ", 6, MIC_ANSWER_NONE },
        { "allow vm2\n", 10, MIC_ANSWER_NONE },
        { "allow v\n", 8, MIC_ANSWER_NONE },
        { "allow  vm\n", 10, MIC_ANSWER_NONE },
        { "allow vm \n", 10, MIC_ANSWER_NONE },
        { "allow vm\r\n", 10, MIC_ANSWER_NONE },
        { "allow vm\0\n", 10, MIC_ANSWER_NONE },
        { "ALLOW vm\n", 9, MIC_ANSWER_NONE },
        { "allowvm\n", 8, MIC_ANSWER_NONE },
        { " allow vm\n", 10, MIC_ANSWER_NONE },
        { "\xff\xfe\0\0", 4, MIC_ANSWER_NONE },
        { "allow " LONG_KEY "\n", sizeof("allow " LONG_KEY "\n") - 1, MIC_ANSWER_NONE },
        { "allow vm\n", 9, MIC_ANSWER_ALLOW },
        { "allow vm", 8, MIC_ANSWER_ALLOW },
        { "deny vm\n", 8, MIC_ANSWER_DENY },
        { "allow vm\ndeny vm\n", 17, MIC_ANSWER_DENY },
        { "deny vm\nrubbish\nallow vm\n", 25, MIC_ANSWER_ALLOW },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(mic_memory_find(rows[i].text, rows[i].bytes, "vm") == rows[i].want, "row %zu", i);
}

TEST(an_edit_replaces_and_drops_rubbish)
{
    static const char old[] = "deny a\nrubbish\nallow vm\nallow b b";
    char *text;
    size_t bytes;
    CHECK_INT(mic_memory_edit(old, sizeof(old) - 1, "vm", MIC_ANSWER_DENY, &text, &bytes), 0);
    CHECK_INT(bytes, strlen("deny a\nallow b b\ndeny vm\n"));
    CHECK(memcmp(text, "deny a\nallow b b\ndeny vm\n", bytes) == 0);
    free(text);
}

TEST(the_file_does_not_grow_for_ever)
{
    char *text = strdup("");
    size_t bytes = 0;
    for (int i = 0; i < MIC_MEMORY_MAX_VMS + 50; i++) {
        char key[16], *next;
        (void)snprintf(key, sizeof(key), "vm%d", i);
        CHECK_INT(mic_memory_edit(text, bytes, key, MIC_ANSWER_ALLOW, &next, &bytes), 0);
        free(text);
        text = next;
    }
    CHECK_INT(mic_memory_find(text, bytes, "vm49"), MIC_ANSWER_NONE);
    CHECK_INT(mic_memory_find(text, bytes, "vm50"), MIC_ANSWER_ALLOW);
    CHECK_INT(mic_memory_find(text, bytes, "vm549"), MIC_ANSWER_ALLOW);
    free(text);
}

static void remove_all(const char *root)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    CHECK_INT(system(command), 0);
}

TEST(stored_privately_and_found_again)
{
    char root[] = "/tmp/espelho-mic-XXXXXX", path[256];
    CHECK(mkdtemp(root) != NULL);
    setenv("XDG_STATE_HOME", root, 1);
    CHECK_INT(mic_memory_path(path, sizeof(path)), 0);
    CHECK_INT(mic_memory_load(path, "vm"), MIC_ANSWER_NONE);
    CHECK_INT(mic_memory_store(path, "", MIC_ANSWER_ALLOW), -EINVAL);
    CHECK_INT(mic_memory_store(path, "a\nallow b", MIC_ANSWER_ALLOW), -EINVAL);
    CHECK_INT(mic_memory_store(path, LONG_KEY, MIC_ANSWER_ALLOW), -EINVAL);
    CHECK_INT(mic_memory_store(path, "vm", MIC_ANSWER_NONE), -EINVAL);
    CHECK_INT(mic_memory_store(path, "vm", MIC_ANSWER_ALLOW), 0);
    CHECK_INT(mic_memory_store(path, "other vm", MIC_ANSWER_DENY), 0);
    CHECK_INT(mic_memory_load(path, "vm"), MIC_ANSWER_ALLOW);
    CHECK_INT(mic_memory_load(path, "other vm"), MIC_ANSWER_DENY);
    struct stat st;
    CHECK(stat(path, &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    remove_all(root);
}

TEST(what_is_no_small_file_is_left_alone)
{
    char root[] = "/tmp/espelho-mic-XXXXXX", path[256];
    CHECK(mkdtemp(root) != NULL);
    (void)snprintf(path, sizeof(path), "%s/fifo", root);
    CHECK_INT(mkfifo(path, 0600), 0);
    CHECK_INT(mic_memory_load(path, "vm"), MIC_ANSWER_NONE);
    CHECK_INT(mic_memory_store(path, "vm", MIC_ANSWER_ALLOW), -EFBIG);
    (void)snprintf(path, sizeof(path), "%s/big", root);
    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0 && ftruncate(fd, MIC_MEMORY_MAX_BYTES + 1) == 0 && close(fd) == 0);
    CHECK_INT(mic_memory_load(path, "vm"), MIC_ANSWER_NONE);
    CHECK_INT(mic_memory_store(path, "vm", MIC_ANSWER_ALLOW), -EFBIG);
    CHECK_INT(mic_memory_store(root, "vm", MIC_ANSWER_ALLOW), -EFBIG);
    CHECK_INT(mic_memory_load("/nonexistent/x/y", "vm"), MIC_ANSWER_NONE);
    remove_all(root);
}
