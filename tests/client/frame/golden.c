/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "golden.h"

#include <unistd.h>

#include "test.h"

void golden_read(const char *name, size_t offset_bytes, void *out, size_t len_bytes)
{
    char command[512];
    uint8_t *all = calloc(1, offset_bytes + len_bytes); /* images end where only zeros follow */
    CHECK(all);
    snprintf(command, sizeof(command), "gzip -dc '%s/vectors/%s.bin.gz'", TEST_SOURCE_DIR, name);
    FILE *p = popen(command, "r");
    CHECK(p);
    CHECK_MSG(fread(all, 1, offset_bytes + len_bytes, p) > offset_bytes, "%s is too short", name);
    pclose(p);
    memcpy(out, all + offset_bytes, len_bytes);
    free(all);
}

void golden_check_sha256(const void *bytes, size_t len_bytes, const char *hex, const char *what)
{
    char path[] = "/tmp/espelho-test-XXXXXX", command[64], line[128] = "";
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, bytes, len_bytes) == (ssize_t)len_bytes && close(fd) == 0);
    snprintf(command, sizeof(command), "sha256sum <%s", path);
    FILE *p = popen(command, "r");
    CHECK(p && fgets(line, sizeof(line), p));
    pclose(p);
    unlink(path);
    line[64] = 0;
    CHECK_MSG(strcmp(line, hex) == 0, "%s: SHA-256 is %s, expected %s", what, line, hex);
}
