/* SPDX-License-Identifier: GPL-2.0-or-later
 * Adding and removing devices while the module runs. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

#define ADD    CLASS_DIR "/add"
#define REMOVE CLASS_DIR "/remove"

TEST(wrong_words)
{
    static const char *const words[] = { "",
                                         "\n",
                                         "0",
                                         "-1",
                                         "1.5",
                                         "0x10",
                                         "4 4",
                                         "four",
                                         "640x",
                                         "x480",
                                         "640x480x",
                                         "640x480@",
                                         "640x480@hd",
                                         "640x480@hdrr",
                                         "640X480",
                                         "0x480",
                                         "640x0",
                                         "16385x1",
                                         "1x16385",
                                         "640x-480",
                                         "640 x480",
                                         "16384x16384@hdr",
                                         "99999999999999999999x1",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i][0] == '\0')
            continue;
        CHECK_MSG(put_text(ADD, words[i]) == -EINVAL, "'%s'", words[i]);
    }
    CHECK_INT(put_text(ADD, "4294967295"), -ENOMEM); /* 4 PiB */
    CHECK_INT(put_text(ADD, "4294967296"), -EINVAL);
    CHECK_INT(put_text(ADD, "1048576"), -ENOMEM);
}

static unsigned long total_mib(void)
{
    return strtoul(text_of("/proc/meminfo") + strlen("MemTotal:"), NULL, 10) / 1024;
}

/* More than is left: an error, and nobody is killed for it. */
TEST(no_room)
{
    char word[16];
    snprintf(word, sizeof(word), "%lu", total_mib() - 8);
    CHECK_INT(put_text(ADD, word), -ENOMEM);
}

TEST(wrong_names)
{
    char pci[16];
    snprintf(pci, sizeof(pci), "kvmfr%d", plain_device());
    const char *const names[] = { "kvmfr", "kvmfr10", "kvmfr9", "9", "kvmfr00", "\n", "null", pci };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK_MSG(put_text(REMOVE, names[i]) < 0, "'%s'", names[i]);
}

static int newest(void)
{
    int device = 9;
    while (text_of(CLASS_DIR "/kvmfr%d/size", device)[0] == '\0')
        CHECK(--device >= 0);
    return device;
}

TEST(as_many_as_there_are_numbers)
{
    int added = 0, err;
    while ((err = put_text(ADD, "1\n")) == 0)
        added++;
    CHECK_INT(err, -ENOSPC);
    CHECK_INT(added, 10 - 5); /* three of the parameters, two on PCI */
    CHECK_INT(newest(), 9);
    for (int i = 9; i > 4; i--) {
        char name[16];
        snprintf(name, sizeof(name), "kvmfr%d\n", i);
        CHECK_INT(put_text(REMOVE, name), 0);
    }
}

TEST(computed_sizes)
{
    static const struct {
        const char *word, *bytes;
    } rows[] = {
        { "1920x1080", "33554432" },
        { "1280x720@hdr", "33554432" },
        { "1x1", "16777216" },
        { "16384x128", "33554432" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_INT(put_text(ADD, rows[i].word), 0);
        const int device = newest();
        CHECK_STR(text_of(CLASS_DIR "/kvmfr%d/size", device), rows[i].bytes);
        CHECK_STR(text_of(CLASS_DIR "/kvmfr%d/mode", device), rows[i].word);
        char name[16];
        snprintf(name, sizeof(name), "kvmfr%d", device);
        CHECK_INT(put_text(REMOVE, name), 0);
    }
}

TEST(only_for_root)
{
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        const bool refused = put_text(ADD, "1") == -EACCES && put_text(REMOVE, "kvmfr0") == -EACCES;
        _exit(refused && try_open_device(0, O_RDWR) == -EACCES ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
}

TEST(memory_comes_back)
{
    for (int i = 0; i < 30; i++) { /* 30 times 64 MiB do not fit */
        CHECK_INT(put_text(ADD, "64"), 0);
        char name[16];
        snprintf(name, sizeof(name), "kvmfr%d", newest());
        CHECK_INT(put_text(REMOVE, name), 0);
    }
}
