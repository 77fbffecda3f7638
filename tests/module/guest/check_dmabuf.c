/* SPDX-License-Identifier: GPL-2.0-or-later
 * dma-bufs: the same bytes, edges of mappings, and lives that are longer than their file's, their
 * device's and their node's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "prime.h"

static void devices(int out[2])
{
    out[0] = SMALL_DEVICE;
    out[1] = plain_device();
}

TEST(same_bytes)
{
    int device[2];
    devices(device);
    for (int i = 0; i < 2; i++) {
        const int fd = open_device(device[i], O_RDWR);
        volatile uint32_t *all = map(fd, SMALL_BYTES, 0);
        const int buf = must_create_dmabuf(fd, 10 * PAGE, 600 * PAGE);
        volatile uint32_t *part = map(buf, 600 * PAGE, 0);
        CHECK_INT(lseek(buf, 0, SEEK_END), 600 * PAGE);
        for (uint32_t at = 0; at < 600 * PAGE / 4; at += 1021)
            all[10 * PAGE / 4 + at] = at ^ 0xabcd1234;
        for (uint32_t at = 0; at < 600 * PAGE / 4; at += 1021)
            CHECK_INT(part[at], at ^ 0xabcd1234);
        part[0] = 5;
        CHECK_INT(all[10 * PAGE / 4], 5);
    }
}

TEST(mapping_edges)
{
    int device[2];
    devices(device);
    const uint64_t all = 7 * PAGE;
    const struct {
        uint64_t offset, bytes;
        int flags;
        bool good;
    } rows[] = {
        { 0, all, MAP_SHARED, true },
        { 0, all, MAP_PRIVATE, false },
        { 0, all + PAGE, MAP_SHARED, false },
        { all, PAGE, MAP_SHARED, false },
        { all - PAGE, PAGE, MAP_SHARED, true },
        { all - PAGE, 2 * PAGE, MAP_SHARED, false },
        { PAGE, all, MAP_SHARED, false },
        { -(uint64_t)PAGE, PAGE, MAP_SHARED, false },
        { -(uint64_t)PAGE, 2 * PAGE, MAP_SHARED, false },
        { INT64_MAX - PAGE + 1, PAGE, MAP_SHARED, false },
    };
    for (int i = 0; i < 2; i++) {
        const int buf = must_create_dmabuf(open_device(device[i], O_RDWR), PAGE, all);
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            char *p = mmap(NULL, rows[k].bytes, PROT_READ | PROT_WRITE, rows[k].flags, buf,
                           (off_t)rows[k].offset);
            CHECK_MSG((p != MAP_FAILED) == rows[k].good, "row %zu: %s", k, strerror(errno));
            if (p == MAP_FAILED)
                continue;
            CHECK(can_touch(p) && can_touch(p + rows[k].bytes - 1));
            munmap(p, rows[k].bytes);
        }
        char *p = map(buf, PAGE, all - PAGE);
        CHECK(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
    }
}

TEST(cpu_access_brackets)
{
    int device[2];
    devices(device);
    for (int i = 0; i < 2; i++) {
        const int buf = must_create_dmabuf(open_device(device[i], O_RDWR), 0, 4 * PAGE);
        for (uint64_t flags = 0; flags < 16; flags++) {
            struct dma_buf_sync sync = { .flags = flags };
            const bool good = flags < 8 && (flags & DMA_BUF_SYNC_RW) != 0;
            CHECK_INT(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync), good ? 0 : -1);
        }
    }
}

TEST(outlives_its_file)
{
    int device[2];
    devices(device);
    for (int i = 0; i < 2; i++) {
        const int fd = open_device(device[i], O_RDWR);
        const int buf = must_create_dmabuf(fd, PAGE, 2 * PAGE);
        close(fd);
        CHECK_INT(module_users(), 1);
        volatile char *p = map(buf, 2 * PAGE, 0);
        p[PAGE] = 33;
        close(buf); /* now only the mapping is left */
        CHECK_INT(p[PAGE], 33);
        CHECK(syscall(SYS_delete_module, "kvmfr", O_NONBLOCK) == -1);
        CHECK_INT(errno, EWOULDBLOCK);
        munmap((void *)p, 2 * PAGE);
        CHECK_INT(module_users(), 0);
        const int again = open_device(device[i], O_RDWR);
        volatile char *node = map(again, 4 * PAGE, 0);
        CHECK_INT(node[2 * PAGE], 33);
        munmap((void *)node, 4 * PAGE);
        close(again);
    }
}

/* A device of main memory that root removes: like a file that is deleted while it is open. */
TEST(outlives_a_removed_device)
{
    CHECK_INT(put_text(CLASS_DIR "/add", "2"), 0);
    int device = 9;
    while (strcmp(text_of(CLASS_DIR "/kvmfr%d/size", device), "2097152") != 0)
        CHECK(--device > 0);
    const int fd = open_device(device, O_RDWR);
    volatile char *node = map(fd, 2 * MIB, 0);
    const int buf = must_create_dmabuf(fd, 0, 2 * MIB);
    volatile char *part = map(buf, 2 * MIB, 0);
    char name[16];
    snprintf(name, sizeof(name), "kvmfr%d", device);
    CHECK_INT(put_text(CLASS_DIR "/remove", name), 0);
    CHECK(try_open_device(device, O_RDWR) < 0);
    node[PAGE] = 4;
    CHECK_INT(part[PAGE], 4);
    CHECK_INT(part[100 * PAGE], 0); /* not touched before */
    const int later = must_create_dmabuf(fd, PAGE, PAGE);
    /* Another one in its place is another one. */
    CHECK_INT(put_text(CLASS_DIR "/add", "2"), 0);
    const int other = open_device(device, O_RDWR);
    volatile char *fresh = map(other, PAGE, PAGE);
    CHECK_INT(fresh[0], 0);
    CHECK_INT(put_text(CLASS_DIR "/remove", name), 0);
    close(fd);
    close(buf);
    munmap((void *)node, 2 * MIB);
    munmap((void *)part, 2 * MIB);
    volatile char *last = map(later, PAGE, 0);
    CHECK_INT(last[0], 4);
}

TEST(import_by_another_driver)
{
    const int vgem = open_vgem();
    int device[2];
    devices(device);
    for (int i = 0; i < 2; i++) {
        const int fd = open_device(device[i], O_RDWR);
        volatile uint32_t *all = map(fd, SMALL_BYTES, 0);
        const int buf = must_create_dmabuf(fd, 3 * PAGE, 300 * PAGE);
        uint32_t handle, again;
        CHECK_INT(prime_import(vgem, buf, &handle), 0);
        CHECK_INT(prime_import(vgem, buf, &again), 0);
        CHECK_INT(again, handle);
        struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START };
        CHECK_INT(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync), 0);
        sync.flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END;
        CHECK_INT(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync), 0);
        all[3 * PAGE / 4 + 77] = 0x5eed;
        close(fd);
        close(buf);
        CHECK(module_users() > 0);
        volatile uint32_t *theirs = prime_map(vgem, handle, 300 * PAGE);
        if (theirs) {
            CHECK_INT(theirs[77], 0x5eed);
            munmap((void *)theirs, 300 * PAGE);
        }
        prime_close(vgem, handle);
        munmap((void *)all, SMALL_BYTES);
        CHECK_INT(module_users(), 0);
    }
}

TEST(a_thousand_buffers)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    int bufs[1000];
    for (int i = 0; i < 1000; i++)
        bufs[i] = must_create_dmabuf(fd, (uint64_t)i * PAGE, (uint64_t)(i % 24 + 1) * PAGE);
    for (int i = 0; i < 1000; i++)
        close(bufs[i]);
    close(fd);
    CHECK_INT(module_users(), 0);
}
