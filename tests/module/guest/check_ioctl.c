/* SPDX-License-Identifier: GPL-2.0-or-later
 * Requests: every code, every wrong number. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device.h"

static long request(int fd, unsigned long cmd, unsigned long arg)
{
    const int ret = ioctl(fd, cmd, arg);
    return ret < 0 ? -errno : ret;
}

TEST(dmabuf_numbers)
{
    CHECK_INT(KVMFR_DMABUF_CREATE, 0x40187542); /* kvmfr.md 9.3 */
    CHECK_INT(KVMFR_DMABUF_GETSIZE, 0x7544);
    const uint64_t all = SMALL_BYTES;
    const struct {
        uint64_t offset, size;
        int result; /* 0: a descriptor */
    } rows[] = {
        { 0, 0, -EINVAL },
        { PAGE, 0, -EINVAL },
        { all, 0, -EINVAL },
        { 0, 1, -EINVAL },
        { 1, PAGE, -EINVAL },
        { 0, PAGE - 1, -EINVAL },
        { PAGE / 2, PAGE, -EINVAL },
        { 0, all + PAGE, -EINVAL },
        { PAGE, all, -EINVAL },
        { all, PAGE, -EINVAL },
        { all - PAGE, 2 * PAGE, -EINVAL },
        { 0, UINT64_C(1) << 32, -EINVAL },
        { UINT64_C(1) << 32, PAGE, -EINVAL },
        { -(uint64_t)PAGE, PAGE, -EINVAL },
        { -(uint64_t)PAGE, 2 * PAGE, -EINVAL },
        { PAGE, -(uint64_t)PAGE, -EINVAL },
        { 2 * PAGE, -(uint64_t)PAGE, -EINVAL },
        { UINT64_C(1) << 63, UINT64_C(1) << 63, -EINVAL },
        { INT64_MAX & ~(uint64_t)(PAGE - 1), PAGE, -EINVAL },
        { 0, PAGE, 0 },
        { 0, all, 0 },
        { all - PAGE, PAGE, 0 },
        { 3 * PAGE, 5 * PAGE, 0 },
    };
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const int buf = create_dmabuf(fd, rows[i].offset, rows[i].size);
        CHECK_MSG((buf < 0 ? buf : 0) == rows[i].result, "row %zu: %d", i, buf);
        if (buf >= 0)
            close(buf);
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Numbers of all magnitudes, often near each other's edges. */
static uint64_t odd_number(uint64_t *state)
{
    const uint64_t r = next_random(state);
    uint64_t n = next_random(state) >> (r % 64);
    if (r & 0x100)
        n &= ~(uint64_t)(PAGE - 1);
    if (r & 0x200)
        n = SMALL_BYTES - (n & 0xffff);
    return r & 0x400 ? -n : n;
}

TEST(random_dmabuf_numbers)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    uint64_t state = 88172645463325252u;
    int made = 0;
    for (int i = 0; i < 20000; i++) {
        const uint64_t offset = odd_number(&state), size = odd_number(&state);
        const bool good = offset % PAGE == 0 && size % PAGE == 0 && size != 0 &&
                          (unsigned __int128)offset + size <= SMALL_BYTES;
        const int buf = create_dmabuf(fd, offset, size);
        CHECK_MSG((buf >= 0) == good && (buf >= 0 || buf == -EINVAL),
                  "offset %" PRIx64 " size %" PRIx64 ": %d", offset, size, buf);
        made += good;
        if (buf >= 0)
            close(buf);
    }
    CHECK(made > 100);
}

static bool is_known(unsigned long cmd)
{
    const unsigned long known[] = { KVMFR_DMABUF_CREATE, KVMFR_INFO, KVMFR_RING, KVMFR_EVENTFD,
                                    KVMFR_TAKE };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (_IOC_TYPE(cmd) == 'u' && _IOC_NR(cmd) == _IOC_NR(known[i]) &&
            _IOC_DIR(cmd) == _IOC_DIR(known[i]) && _IOC_SIZE(cmd) >= _IOC_SIZE(known[i]))
            return true;
    }
    return cmd == KVMFR_DMABUF_GETSIZE;
}

/* Codes that the kernel itself answers for every file. */
static bool is_general(unsigned long cmd)
{
    return _IOC_TYPE(cmd) != 'u';
}

TEST(every_code)
{
    static const unsigned sizes[] = {
        0, 1, 4, 7, 8, 16, 19, 20, 23, 24, 25, 31, 32, 33, 4096, 16383
    };
    static char zeroes[16384];
    const int fds[] = { open_device(SMALL_DEVICE, O_RDWR), open_device(bell_device(), O_RDWR) };
    const unsigned long pointers[] = { 0, 1, (unsigned long)zeroes, ~0ul, 0xffff888000000000ul };
    for (int f = 0; f < 2; f++) {
        for (unsigned nr = 0; nr < 256; nr++) {
            for (unsigned dir = 0; dir < 4; dir++) {
                for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
                    const unsigned long cmd = _IOC(dir, 'u', nr, sizes[s]);
                    const unsigned long arg = pointers[(nr + dir + s) % 5];
                    memset(zeroes, 0, sizeof(zeroes));
                    const long ret = request(fds[f], cmd, arg);
                    CHECK_MSG(is_known(cmd) == (ret != -ENOTTY), "%lx: %ld", cmd, ret);
                    if (ret >= 0 && cmd != KVMFR_DMABUF_GETSIZE &&
                        _IOC_NR(cmd) == _IOC_NR(KVMFR_DMABUF_CREATE))
                        close((int)ret);
                }
            }
        }
    }
    /* Other types, and bits above the 32 that the kernel takes. */
    for (unsigned type = 0; type < 256; type++) {
        const unsigned long cmd = _IOC(_IOC_WRITE, type, 0x42, 24);
        if (is_general(cmd))
            CHECK(request(fds[0], cmd, 0) < 0);
    }
}

TEST(pointers)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    const unsigned long cmds[] = { KVMFR_DMABUF_CREATE, KVMFR_INFO };
    char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(two + PAGE, PAGE);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(request(fd, cmds[i], 0), -EFAULT);
        CHECK_INT(request(fd, cmds[i], ~0ul - 8), -EFAULT);
        CHECK_INT(request(fd, cmds[i], 0xffffffff81000000ul), -EFAULT);
        CHECK_INT(request(fd, cmds[i], (unsigned long)(two + PAGE - 9)), -EFAULT);
    }
    mprotect(two, PAGE, PROT_READ);
    CHECK_INT(request(fd, KVMFR_INFO, (unsigned long)two), -EFAULT);
    /* An odd address is an address. */
    static struct {
        char pad;
        struct kvmfr_info info;
    } __attribute__((packed)) odd;
    CHECK_INT(request(fd, KVMFR_INFO, (unsigned long)&odd.info), 0);
    CHECK_INT(odd.info.size_bytes, SMALL_BYTES);
}

TEST(structures_of_another_size)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    struct {
        struct kvmfr_dmabuf_create known;
        uint64_t later;
    } create = { .known = { .size = PAGE } };
    const unsigned long cmd = _IOC(_IOC_WRITE, 'u', 0x42, sizeof(create));
    const long buf = request(fd, cmd, (unsigned long)&create);
    CHECK(buf >= 0);
    close((int)buf);
    create.later = 1;
    CHECK_INT(request(fd, cmd, (unsigned long)&create), -E2BIG);
    struct {
        struct kvmfr_info known;
        uint64_t later[2];
    } info;
    memset(&info, 0xff, sizeof(info));
    CHECK_INT(request(fd, _IOC(_IOC_READ, 'u', 0x50, sizeof(info)), (unsigned long)&info), 0);
    CHECK_INT(info.known.size_bytes, SMALL_BYTES);
    CHECK(info.later[0] == 0 && info.later[1] == 0);
}

/* Bytes that B7's programs leave undefined. */
TEST(ignored_bytes)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    struct kvmfr_dmabuf_create create;
    memset(&create, 0xff, sizeof(create));
    create.offset = 0;
    create.size = PAGE;
    const long buf = request(fd, KVMFR_DMABUF_CREATE, (unsigned long)&create);
    CHECK(buf >= 0);
    CHECK_INT(fcntl((int)buf, F_GETFD), FD_CLOEXEC);
    close((int)buf);
    create.flags = 0xfe;
    const long inherited = request(fd, KVMFR_DMABUF_CREATE, (unsigned long)&create);
    CHECK(inherited >= 0);
    CHECK_INT(fcntl((int)inherited, F_GETFD), 0);
}

TEST(no_more_descriptors)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    const struct rlimit few = { 16, 16 };
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    int buf, made = 0, made_again = 0, last[16];
    while ((buf = create_dmabuf(fd, 0, PAGE)) >= 0)
        last[made++] = buf;
    CHECK_INT(buf, -EMFILE);
    for (int i = 0; i < made; i++)
        close(last[i]);
    while (create_dmabuf(fd, 0, PAGE) >= 0)
        made_again++;
    CHECK_INT(made_again, made);
}

TEST(no_doorbell_here)
{
    const int devices[] = { SMALL_DEVICE, plain_device() };
    for (int i = 0; i < 2; i++) {
        const int fd = open_device(devices[i], O_RDWR);
        struct kvmfr_ring ring = { 0 };
        struct kvmfr_eventfd event = { .fd = -1 };
        struct kvmfr_take take = { .vectors = ~UINT64_C(0) };
        CHECK_INT(request(fd, KVMFR_RING, (unsigned long)&ring), -EOPNOTSUPP);
        CHECK_INT(request(fd, KVMFR_EVENTFD, (unsigned long)&event), -EOPNOTSUPP);
        CHECK_INT(request(fd, KVMFR_TAKE, (unsigned long)&take), -EOPNOTSUPP);
    }
}

/* The door of 32-bit programs, which a 64-bit one can use too, with pointers below 4 GiB. */
static long request32(int fd, unsigned long cmd, const void *arg)
{
    long ret;
    __asm__ volatile("int $0x80"
                     : "=a"(ret)
                     : "a"(54), "b"(fd), "c"(cmd), "d"(arg)
                     : "memory", "r8", "r9", "r10", "r11");
    return ret;
}

TEST(callers_of_32_bit)
{
    const int fd = open_device(SMALL_DEVICE, O_RDWR);
    char *low =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(low != MAP_FAILED);
    CHECK_INT(request32(fd, KVMFR_DMABUF_GETSIZE, NULL), SMALL_BYTES);
    memset(low, 0, PAGE); /* the structure without room between flags and offset */
    low[0] = 1;
    *(uint64_t *)(low + 4) = PAGE;      /* offset */
    *(uint64_t *)(low + 12) = 2 * PAGE; /* size */
    const long buf = request32(fd, _IOC(_IOC_WRITE, 'u', 0x42, 20), low);
    CHECK_MSG(buf >= 0, "%ld", buf);
    CHECK_INT(lseek((int)buf, 0, SEEK_END), 2 * PAGE);
    CHECK_INT(fcntl((int)buf, F_GETFD), FD_CLOEXEC);
    *(uint64_t *)(low + 12) = -(uint64_t)PAGE;
    CHECK_INT(request32(fd, _IOC(_IOC_WRITE, 'u', 0x42, 20), low), -EINVAL);
    CHECK_INT(request32(fd, _IOC(_IOC_WRITE, 'u', 0x42, 20), (void *)8), -EFAULT);
    CHECK_INT(request32(fd, KVMFR_INFO, low), 0);
    CHECK_INT(((struct kvmfr_info *)low)->size_bytes, SMALL_BYTES);
}
