/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "shm/ivshmem_name.h"
#include "shm/region.h"

static const struct {
    const char *path;
    bool is;
    int err;
    struct ivshmem_name name;
} rows[] = {
    { "", false, -EINVAL, { 0 } },
    { "ivshme", false, -EINVAL, { 0 } },
    { "ivshmem2", false, -EINVAL, { 0 } },
    { "ivshmem.bin", false, -EINVAL, { 0 } },
    { "C:\\ivshmem", false, -EINVAL, { 0 } },
    { "IVSHMEM", false, -EINVAL, { 0 } },
    { "ivshmem:", true, -EINVAL, { 0 } },
    { "ivshmem:-1", true, -EINVAL, { 0 } },
    { "ivshmem:+1", true, -EINVAL, { 0 } },
    { "ivshmem: 1", true, -EINVAL, { 0 } },
    { "ivshmem:1 ", true, -EINVAL, { 0 } },
    { "ivshmem:256", true, -EINVAL, { 0 } },
    { "ivshmem:4294967296", true, -EINVAL, { 0 } },
    { "ivshmem:99999999999999999999999999", true, -EINVAL, { 0 } },
    { "ivshmem:0x", true, -EINVAL, { 0 } },
    { "ivshmem:0x100", true, -EINVAL, { 0 } },
    { "ivshmem:0:", true, -EINVAL, { 0 } },
    { "ivshmem:0:16", true, -EINVAL, { 0 } },
    { "ivshmem:0:16.", true, -EINVAL, { 0 } },
    { "ivshmem:0:32.0", true, -EINVAL, { 0 } },
    { "ivshmem:0:16.8", true, -EINVAL, { 0 } },
    { "ivshmem:0:16.0.0", true, -EINVAL, { 0 } },
    { "ivshmem:256:16.0", true, -EINVAL, { 0 } },
    { "ivshmem:0:0x20.0", true, -EINVAL, { 0 } },
    { "ivshmem", true, 0, { .index = 0 } },
    { "ivshmem:0", true, 0, { .index = 0 } },
    { "ivshmem:255", true, 0, { .index = 255 } },
    { "ivshmem:0xA", true, 0, { .index = 10 } },
    { "ivshmem:0:16.0", true, 0, { .by_address = true, .address = 16 << 16 } },
    { "ivshmem:0x0a:0x1f.7", true, 0, { .by_address = true, .bus = 10, .address = 31 << 16 | 7 } },
};

TEST(ivshmem_names)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ivshmem_name name = { .index = 77 };
        CHECK_MSG(ivshmem_name_is(rows[i].path) == rows[i].is, "%s", rows[i].path);
        CHECK_MSG(ivshmem_name_parse(rows[i].path, &name) == rows[i].err, "%s", rows[i].path);
        if (rows[i].err) {
            CHECK_INT(name.index, 77);
            continue;
        }
        CHECK_INT(name.by_address, rows[i].name.by_address);
        CHECK_INT(name.index, rows[i].name.index);
        CHECK_INT(name.bus, rows[i].name.bus);
        CHECK_INT(name.address, rows[i].name.address);
    }
}

TEST(size_advice)
{
    static const uint64_t mib = 1 << 20;
    static const struct {
        uint64_t have, need;
        const char *part;
    } advices[] = {
        { 0, UINT64_MAX, "No size is enough" },
        { 1, (uint64_t)2048 << 20 | 1, "No size is enough" },
        { 32 * 1024 * 1024, (uint64_t)2048 << 20, "<size unit='M'>2048</size>" },
        { 16 * 1024 * 1024 + 512 * 1024, 33 * 1024 * 1024, "has 16.5 MiB; 64 MiB are needed" },
        { 16 * 1024 * 1024, 33 * 1024 * 1024, "size=64M" },
    };
    char text[512];
    for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
        shm_size_advice(advices[i].have, advices[i].need, text, sizeof(text));
        CHECK_MSG(strstr(text, advices[i].part), "row %zu: %s", i, text);
    }
    shm_size_advice(mib, 2 * mib, text, 10);
    CHECK_INT(strlen(text), 9);
}
