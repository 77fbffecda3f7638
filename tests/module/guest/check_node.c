/* SPDX-License-Identifier: GPL-2.0-or-later
 * The node itself: sizes, mappings and their edges, and what it does not do. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

static int all_kinds(struct kind *kinds)
{
    kinds[0] = (struct kind){ "small", SMALL_DEVICE, SMALL_BYTES };
    kinds[1] = (struct kind){ "pci", plain_device(), 0 };
    kinds[1].bytes = strtoull(text_of(CLASS_DIR "/kvmfr%d/size", kinds[1].device), NULL, 10);
    return 2;
}

TEST(attributes)
{
    const struct {
        int device;
        const char *size, *mode, *backing;
    } rows[] = {
        { SMALL_DEVICE, "4194304", "none", "ram" },
        { OTHER_DEVICE, "6291456", "none", "ram" },
        { MODE_DEVICE, "16777216", "640x480@hdr", "ram" },
        { plain_device(), "8388608", "none", "pci" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_STR(text_of(CLASS_DIR "/kvmfr%d/size", rows[i].device), rows[i].size);
        CHECK_STR(text_of(CLASS_DIR "/kvmfr%d/mode", rows[i].device), rows[i].mode);
        CHECK_STR(text_of(CLASS_DIR "/kvmfr%d/backing", rows[i].device), rows[i].backing);
        CHECK_STR(text_of(CLASS_DIR "/kvmfr%d/state", rows[i].device), "ready");
        struct stat st;
        char path[64];
        snprintf(path, sizeof(path), CLASS_DIR "/kvmfr%d/mode", rows[i].device);
        CHECK(stat(path, &st) == 0);
        CHECK_INT(st.st_mode & 0777, 0444);
    }
    CHECK_STR(text_of("/sys/module/kvmfr/parameters/static_size_mb"), ""); /* not visible */
}

TEST(sizes_by_request)
{
    struct kind kinds[4];
    const int count = all_kinds(kinds);
    for (int i = 0; i < count; i++) {
        const int fd = open_device(kinds[i].device, O_RDONLY);
        struct kvmfr_info info;
        memset(&info, 0xaa, sizeof(info));
        CHECK_INT(ioctl(fd, 0x7544, 0), (long long)kinds[i].bytes); /* the number of kvmfr.md */
        CHECK_INT(ioctl(fd, KVMFR_INFO, &info), 0);
        CHECK_INT(info.size_bytes, kinds[i].bytes);
        CHECK_INT(info.reserved, 0);
        CHECK_INT(info.flags, i == 1 ? KVMFR_INFO_PCI : 0);
        close(fd);
    }
    const int fd = open_device(MODE_DEVICE, O_RDONLY);
    struct kvmfr_info info;
    CHECK_INT(ioctl(fd, KVMFR_INFO, &info), 0);
    CHECK_INT(info.width_px, 640);
    CHECK_INT(info.height_px, 480);
    CHECK_INT(info.bytes_per_px, 8);
}

static bool is_zero(const uint64_t *words, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes / 8; i++) {
        if (words[i] != 0)
            return false;
    }
    return true;
}

TEST(new_memory_is_zero)
{
    const int fd = open_device(OTHER_DEVICE, O_RDWR);
    CHECK(is_zero(map(fd, OTHER_BYTES, 0), OTHER_BYTES));
}

TEST(every_page_is_its_own)
{
    struct kind kinds[4];
    const int count = all_kinds(kinds);
    for (int i = 0; i < count; i++) {
        const int fd = open_device(kinds[i].device, O_RDWR);
        char *all = map(fd, kinds[i].bytes, 0);
        for (uint64_t at = 0; at < kinds[i].bytes; at += PAGE)
            *(uint64_t *)(all + at) = at * 2654435761u + 1;
        munmap(all, kinds[i].bytes);
        close(fd);
        const int other = open_device(kinds[i].device, O_RDONLY);
        for (uint64_t at = 0; at < kinds[i].bytes; at += 37 * PAGE) {
            uint64_t *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, (off_t)at);
            CHECK(page != MAP_FAILED);
            CHECK_INT(*page, at * 2654435761u + 1);
            munmap(page, PAGE);
        }
        close(other);
    }
}

TEST(mapping_edges)
{
    struct kind kinds[4];
    const int count = all_kinds(kinds);
    for (int i = 0; i < count; i++) {
        const uint64_t all = kinds[i].bytes;
        const struct {
            uint64_t offset, bytes;
            int err;
        } rows[] = {
            { 0, all, 0 },
            { 0, all + 1, EINVAL },
            { 0, all + PAGE, EINVAL },
            { all, PAGE, EINVAL },
            { all - PAGE, PAGE, 0 },
            { all - PAGE, 1, 0 },
            { all - PAGE, PAGE + 1, EINVAL },
            { PAGE, all, EINVAL },
            { PAGE, all - PAGE, 0 },
            { all + PAGE, PAGE, EINVAL },
            { UINT64_C(1) << 32, PAGE, EINVAL },
            { UINT64_C(1) << 44, PAGE, EINVAL },
            { (UINT64_C(1) << 32) - PAGE, 2 * PAGE, EINVAL },
            { INT64_MAX - PAGE + 1, PAGE, EINVAL },
            { -(uint64_t)PAGE, PAGE, EINVAL },
            { -(uint64_t)PAGE, 2 * PAGE, EOVERFLOW },
            { 1, PAGE, EINVAL },
            { 0, 0, EINVAL },
            { 0, UINT64_C(1) << 46, EINVAL },
        };
        const int fd = open_device(kinds[i].device, O_RDWR);
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
            /* The system call, so that the library has no opinion. */
            errno = 0;
            char *p = mmap(NULL, rows[k].bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                           (off_t)rows[k].offset);
            const int err = p == MAP_FAILED ? errno : 0;
            CHECK_MSG(err == rows[k].err || (err && rows[k].err && err != ENODEV),
                      "%s row %zu: %d (%s), expected %d", kinds[i].name, k, err, strerror(err),
                      rows[k].err);
            if (err)
                continue;
            CHECK(can_touch(p) && can_touch(p + rows[k].bytes - 1));
            munmap(p, rows[k].bytes);
        }
        close(fd);
    }
}

TEST(a_mapping_does_not_grow)
{
    struct kind kinds[4];
    const int count = all_kinds(kinds);
    for (int i = 0; i < count; i++) {
        const int fd = open_device(kinds[i].device, O_RDWR);
        char *p = map(fd, PAGE, kinds[i].bytes - PAGE);
        CHECK(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
        char *moved = mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 64 * PAGE);
        CHECK(moved != MAP_FAILED);
        CHECK(can_touch(moved) && !can_touch(p));
        /* remap_file_pages can point a page anywhere: nothing outside may appear. */
        char *two = map(fd, 2 * PAGE, 0);
        if (remap_file_pages(two, PAGE, 0, kinds[i].bytes / PAGE + 3, 0) == 0)
            CHECK(!can_touch(two));
        close(fd);
    }
}

TEST(a_private_mapping_keeps_to_itself)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    char *shared = map(fd, SMALL_BYTES, 0);
    char *own = mmap(NULL, SMALL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(own != MAP_FAILED);
    shared[5 * PAGE] = 1;
    CHECK_INT(own[5 * PAGE], 1);
    own[5 * PAGE] = 2;
    CHECK_INT(shared[5 * PAGE], 1);
    /* On PCI memory there is no such thing: its pages are never borrowed. */
    const int pci = open_device(plain_device(), O_RDWR);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, pci, 0) == MAP_FAILED);
    CHECK_INT(errno, EINVAL);
}

TEST(read_only_stays_read_only)
{
    struct kind kinds[4];
    const int count = all_kinds(kinds);
    for (int i = 0; i < count; i++) {
        const int fd = open_device(kinds[i].device, O_RDONLY);
        CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
        CHECK_INT(errno, EACCES);
        void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
        CHECK(p != MAP_FAILED);
        CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) != 0);
        const int buf = must_create_dmabuf(fd, 0, PAGE);
        CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0) == MAP_FAILED);
        CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, buf, 0) != MAP_FAILED);
    }
}

TEST(children_share_it)
{
    struct kind kinds[4];
    const int count = all_kinds(kinds);
    for (int i = 0; i < count; i++) {
        volatile char *p = map(open_device(kinds[i].device, O_RDWR), PAGE, 0);
        p[9] = 0;
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            p[9] = 77;
            _exit(0);
        }
        waitpid(child, NULL, 0);
        CHECK_INT(p[9], 77);
    }
}

TEST(what_it_is_not)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    char byte = 0;
    struct stat st;
    CHECK(read(fd, &byte, 1) == -1 && errno == EINVAL);
    CHECK(write(fd, &byte, 1) == -1 && errno == EINVAL);
    CHECK(fstat(fd, &st) == 0);
    CHECK_INT(st.st_size, 0);
    CHECK(ftruncate(fd, PAGE) == -1);
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
    CHECK_INT(poll(&p, 1, 0), 1); /* as for every file without poll() */
    CHECK_INT(p.revents, POLLIN | POLLOUT);
}

/* Its pages can be borrowed by the kernel, which is how devices reach a guest's memory. */
TEST(pages_can_be_pinned)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    char *p = map(fd, SMALL_BYTES, 0);
    int ends[2];
    CHECK(pipe(ends) == 0);
    memcpy(p + 8 * PAGE, "borrowed", 9);
    const struct iovec part = { p + 8 * PAGE, PAGE };
    CHECK_INT(vmsplice(ends[1], &part, 1, 0), PAGE);
    munmap(p, SMALL_BYTES);
    char copy[PAGE];
    CHECK_INT(read(ends[0], copy, PAGE), PAGE);
    CHECK_STR(copy, "borrowed");
}

TEST(a_thousand_opens)
{
    int fds[1000];
    for (int i = 0; i < 1000; i++)
        fds[i] = open_device(i % 3, O_RDWR);
    for (int i = 0; i < 1000; i++)
        close(fds[i]);
    CHECK_INT(module_users(), 0);
}

static void *map_and_touch(void *arg)
{
    const int fd = *(int *)arg;
    for (int i = 0; i < 200; i++) {
        char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                       (i * 7 % 100) * (off_t)PAGE);
        for (int k = 0; p != MAP_FAILED && k < 16; k++)
            p[(unsigned)k * PAGE] = (char)k;
        if (p != MAP_FAILED)
            munmap(p, 16 * PAGE);
    }
    return NULL;
}

TEST(many_threads)
{
    int fds[2] = { open_device(SMALL_DEVICE, O_RDWR), open_device(plain_device(), O_RDWR) };
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, map_and_touch, &fds[i % 2]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}
