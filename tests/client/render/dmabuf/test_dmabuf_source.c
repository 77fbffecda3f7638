/* SPDX-License-Identifier: GPL-2.0-or-later
 * Exporters as they are here: the messages where there is none, the arithmetic, and, with
 * /dev/udmabuf, a buffer whose bytes are the region's. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "render/dmabuf/dmabuf_source.h"

enum { REGION_BYTES = 1 << 20 };

static struct shm_region *region_new(unsigned seals)
{
    const int fd = memfd_create("espelho-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct shm_region *r;
    CHECK(fd >= 0 && ftruncate(fd, REGION_BYTES) == 0);
    CHECK(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0);
    CHECK_INT(shm_region_open_fd(fd, "the test's memory", &r, NULL), 0);
    close(fd);
    return r;
}

static const char *file_with(const char *text)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/espelho-test-limit-%d", (int)getpid());
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
    return path;
}

TEST(ranges)
{
    static const struct {
        const char *name;
        uint64_t offset, len, total;
        bool good;
        uint64_t start, size;
    } rows[] = {
        { "empty", 4096, 0, 65536, false, 0, 0 },
        { "behind the end", 65536, 1, 65536, false, 0, 0 },
        { "one byte too long", 61440, 4097, 65536, false, 0, 0 },
        { "wraps", UINT64_MAX - 10, 20, 65536, false, 0, 0 },
        { "length wraps", 4096, UINT64_MAX - 4095, 65536, false, 0, 0 },
        { "last page of a region that ends inside it", 61440, 100, 61540, false, 0, 0 },
        { "one page", 4096, 4096, 65536, true, 4096, 4096 },
        { "a byte of a page", 8191, 1, 65536, true, 4096, 4096 },
        { "over an edge", 4095, 2, 65536, true, 0, 8192 },
        { "all", 0, 65536, 65536, true, 0, 65536 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t start = 0, size = 0;
        const bool good =
            dmabuf_range(rows[i].offset, rows[i].len, rows[i].total, 4096, &start, &size);
        CHECK_MSG(good == rows[i].good && start == rows[i].start && size == rows[i].size, "%s",
                  rows[i].name);
    }
}

TEST(memory_that_cannot_be_exported)
{
    static const struct {
        const char *name;
        unsigned seals;
        const char *udmabuf;
        int want;
        const char *text, *advice;
    } rows[] = {
        { "not sealed", 0, NULL, -ENOTSUP, "the test's memory", "espelho shm-server" },
        { "grows only", F_SEAL_GROW, NULL, -ENOTSUP, "sealed", "" },
        { "no module", F_SEAL_SHRINK, "/nonexistent/udmabuf", -ENOENT, "/nonexistent/udmabuf",
          "modprobe udmabuf" },
        { "a folder", F_SEAL_SHRINK, "/tmp", -EISDIR, "/tmp", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shm_region *r = region_new(rows[i].seals);
        const struct dmabuf_paths paths = { .udmabuf = rows[i].udmabuf };
        struct dmabuf_source *s = NULL;
        struct dmabuf_problem p;
        const int got = dmabuf_source_create(r, &paths, &s, &p);
        CHECK_MSG(got == rows[i].want && !s, "%s: %d", rows[i].name, got);
        CHECK_MSG(strstr(p.text, rows[i].text), "%s: %s", rows[i].name, p.text);
        CHECK_MSG(strstr(p.advice, rows[i].advice), "%s: %s", rows[i].name, p.advice);
        shm_region_close(r);
    }
}

TEST(a_device_of_others_is_a_message_about_its_group)
{
    const bool root = geteuid() == 0;
    if (root && seteuid(65534) != 0)
        SKIP("cannot be anybody but root here");
    struct shm_region *r = region_new(F_SEAL_SHRINK);
    const struct dmabuf_paths paths = { .udmabuf = "/etc/shadow" };
    struct dmabuf_source *s = NULL;
    struct dmabuf_problem p;
    CHECK_INT(dmabuf_source_create(r, &paths, &s, &p), -EACCES);
    CHECK_MSG(strstr(p.advice, "uaccess") && strstr(p.advice, "usermod"), "%s", p.advice);
    shm_region_close(r);
    /* A process that was somebody else may not be looked at, which the leak checker has to. */
    CHECK(!root || (seteuid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0));
}

/* Any device node takes the place of udmabuf up to the ioctl, which it does not know. */
TEST(limits_and_refusals_of_the_exporter)
{
    static const struct {
        const char *name, *limit;
        uint64_t offset, len;
        int want;
        const char *text, *advice;
    } rows[] = {
        { "outside", "64\n", REGION_BYTES, 1, -ERANGE, "outside", "" },
        { "limit", "0\n", 0, REGION_BYTES, -ENOTTY, "makes no dma-buf", "" }, /* nonsense: 64 */
        { "unreadable limit", "x\n", 0, REGION_BYTES, -ENOTTY, "makes no dma-buf", "" },
        { "exporter refuses", "64\n", 4096, 4096, -ENOTTY, "udmabuf makes no dma-buf", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shm_region *r = region_new(F_SEAL_SHRINK);
        const struct dmabuf_paths paths = { .udmabuf = "/dev/null",
                                            .size_limit_mb = file_with(rows[i].limit) };
        struct dmabuf_source *s = NULL;
        struct dmabuf_problem p;
        struct dmabuf b;
        CHECK_INT(dmabuf_source_create(r, &paths, &s, &p), 0);
        CHECK_STR(dmabuf_source_name(s), "udmabuf");
        CHECK(dmabuf_source_is_of(s, r));
        const int got = dmabuf_source_export(s, rows[i].offset, rows[i].len, &b, &p);
        CHECK_MSG(got == rows[i].want, "%s: %d, %s", rows[i].name, got, p.text);
        CHECK_MSG(strstr(p.text, rows[i].text), "%s: %s", rows[i].name, p.text);
        dmabuf_source_destroy(s);
        unlink(paths.size_limit_mb);
        shm_region_close(r);
    }
}

TEST(a_frame_beyond_the_limit_is_a_message_with_the_line_to_write)
{
    const int fd = memfd_create("espelho-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct shm_region *r;
    CHECK(fd >= 0 && ftruncate(fd, 80 << 20) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    CHECK_INT(shm_region_open_fd(fd, "memfd", &r, NULL), 0);
    close(fd);
    const struct dmabuf_paths paths = { .udmabuf = "/dev/null",
                                        .size_limit_mb = file_with("64\n") };
    struct dmabuf_source *s = NULL;
    struct dmabuf_problem p;
    struct dmabuf b;
    CHECK_INT(dmabuf_source_create(r, &paths, &s, &p), 0);
    /* 3840x2160 of eight bytes: 63.3 MiB fit, and one row more than 64 MiB does not */
    CHECK_INT(dmabuf_source_export(s, 4096, 3840ull * 2160 * 8, &b, &p), -ENOTTY);
    CHECK_INT(dmabuf_source_export(s, 4096, (64 << 20) + 1, &b, &p), -EFBIG);
    CHECK_MSG(strstr(p.text, "64 MiB") && strstr(p.text, "65"), "%s", p.text);
    CHECK_MSG(strstr(p.advice, "options udmabuf size_limit_mb=65"), "%s", p.advice);
    dmabuf_source_destroy(s);
    unlink(paths.size_limit_mb);
    shm_region_close(r);
}

TEST(another_region_at_the_same_place_is_another)
{
    struct shm_region *r = region_new(F_SEAL_SHRINK);
    const struct dmabuf_paths paths = { .udmabuf = "/dev/null" };
    struct dmabuf_source *s = NULL;
    struct dmabuf_problem p;
    CHECK_INT(dmabuf_source_create(r, &paths, &s, &p), 0);
    struct shm_region other = *r;
    CHECK(dmabuf_source_is_of(s, &other));
    other.inode++;
    CHECK(!dmabuf_source_is_of(s, &other));
    other = *r;
    other.len_bytes += 4096;
    CHECK(!dmabuf_source_is_of(s, &other));
    dmabuf_source_destroy(s);
    shm_region_close(r);
}

TEST(the_buffer_has_the_bytes_of_the_region)
{
    if (access("/dev/udmabuf", R_OK | W_OK) != 0)
        SKIP("there is no /dev/udmabuf");
    struct shm_region *r = region_new(F_SEAL_SHRINK | F_SEAL_GROW);
    struct dmabuf_source *s = NULL;
    struct dmabuf_problem p;
    struct dmabuf b;
    uint8_t *bytes = r->mem;
    for (size_t i = 0; i < REGION_BYTES; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 4096);
    const int err = dmabuf_source_create(r, NULL, &s, &p);
    CHECK_MSG(err == 0, "%s", p.text);
    CHECK_INT(dmabuf_source_export(s, 3 * 4096 + 64, 100000, &b, &p), 0);
    CHECK_INT(b.offset_bytes, 64);
    dmabuf_sync_for_device(b.fd);
    const uint8_t *seen = mmap(NULL, 102400, PROT_READ, MAP_SHARED, b.fd, 0);
    CHECK(seen != MAP_FAILED);
    dmabuf_source_destroy(s);
    CHECK(memcmp(seen + 64, bytes + 3 * 4096 + 64, 100000) == 0);
    bytes[3 * 4096 + 64] ^= 0xff;
    CHECK(seen[64] == bytes[3 * 4096 + 64]);
    close(b.fd);
    shm_region_close(r);
}
