/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "vm/server_conf.h"

#define MIB (UINT64_C(1) << 20)

TEST(what_a_server_is_told)
{
    static const struct {
        const char *text;
        bool understood, hdr;
        uint64_t size_bytes; /* 0: none is said */
        uint32_t width_px, height_px;
    } rows[] = {
        { "size=lots\n", false, false, 0, 3840, 2160 },
        { "size=\n", true, false, 0, 3840, 2160 },
        { "size=99999999999999999999G\n", false, false, 0, 3840, 2160 },
        { "size=-64M\n", false, false, 0, 3840, 2160 },
        { "mode=2560\n", false, false, 0, 3840, 2160 },
        { "mode=-1x1\n", false, false, 0, 3840, 2160 },
        { "mode=big\n", false, false, 0, 3840, 2160 },
        { "mode=1920x1080x2\n", false, false, 0, 1920, 1080 },
        { "mode=1920x1080\nsize=none\nmode=1280x720", false, false, 0, 1280, 720 },
        { "", true, false, 0, 3840, 2160 },
        { "# size=16M\nvectors=4\nsizes=3\n=\n\n", true, false, 0, 3840, 2160 },
        { "size=64M\n", true, false, 64 * MIB, 3840, 2160 },
        { "  Size = \"1G\"\r\n", true, false, 1024 * MIB, 3840, 2160 },
        { "size=33554432", true, false, 32 * MIB, 3840, 2160 },
        { "size=16M\nsize=32M\n", true, false, 32 * MIB, 3840, 2160 },
        { "mode=2560x1440\nhdr=yes\n", true, true, 0, 2560, 1440 },
        { "hdr=on\nhdr=no\n", true, false, 0, 3840, 2160 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct server_conf c = server_conf_read(rows[i].text);
        CHECK_MSG(c.understood == rows[i].understood && c.hdr == rows[i].hdr, "row %zu", i);
        CHECK_MSG(!c.understood || c.size_bytes == rows[i].size_bytes, "row %zu", i);
        CHECK_MSG(!c.understood ||
                      (c.width_px == rows[i].width_px && c.height_px == rows[i].height_px),
                  "row %zu: %ux%u", i, c.width_px, c.height_px);
    }
}

TEST(where_the_size_is_said)
{
    static const char text[] = "vectors=4\n size = \"16M\"\nhdr=yes\n";
    const struct server_conf c = server_conf_read(text);
    CHECK(c.size_line == text + strlen("vectors=4\n"));
    CHECK_INT(c.size_line_bytes, strlen(" size = \"16M\""));
    CHECK(!server_conf_read("hdr=yes\n").size_line);
}

/* A line that is longer than any of ours says nothing. */
TEST(a_long_line)
{
    char text[600];
    memset(text, ' ', sizeof(text) - 1);
    memcpy(text, "size=64M", 8);
    text[sizeof(text) - 1] = '\0';
    CHECK(!server_conf_read(text).size_line);
}
