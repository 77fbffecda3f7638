/* SPDX-License-Identifier: GPL-2.0-or-later
 * The device goes away while it is in use: by unbinding, by removal from the bus. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "prime.h"

TEST(unbind_and_bind)
{
    const int device = plain_device();
    const char *address = pci_address(device);
    for (int i = 0; i < 10; i++) {
        const int fd = open_device(device, O_RDWR);
        volatile char *p = map(fd, PAGE, 0);
        p[i] = (char)(i + 1);
        munmap((void *)p, PAGE);
        close(fd);
        CHECK_INT(unbind(address), 0);
        CHECK(try_open_device(device, O_RDWR) < 0);
        CHECK_INT(bind_again(address), 0);
    }
    volatile char *p = map(open_device(plain_device(), O_RDWR), PAGE, 0);
    for (int i = 0; i < 10; i++)
        CHECK_INT(p[i], i + 1);
}

TEST(unbind_under_an_open_file)
{
    const int device = plain_device();
    const char *address = pci_address(device);
    const int fd = open_device(device, O_RDWR);
    volatile char *touched = map(fd, 2 * PAGE, 0), *untouched = map(fd, 2 * PAGE, PAGE);
    touched[0] = 1;
    CHECK_INT(unbind(address), 0);
    CHECK(!can_touch(touched) && !can_touch(untouched));
    struct kvmfr_info info;
    CHECK(ioctl(fd, KVMFR_INFO, &info) == -1 && errno == ENODEV);
    CHECK_INT(create_dmabuf(fd, 0, PAGE), -ENODEV);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    CHECK_INT(errno, ENODEV);
    CHECK(syscall(SYS_delete_module, "kvmfr", O_NONBLOCK) == -1);
    CHECK_INT(bind_again(address), 0);
    /* A device that came back is a new one. */
    CHECK(!can_touch(touched));
    volatile char *anew = map(open_device(plain_device(), O_RDWR), PAGE, 0);
    CHECK_INT(anew[0], 1);
}

/* What killed others: a buffer made, its device unbound, the buffer mapped. */
TEST(unbind_under_a_buffer)
{
    const int device = plain_device();
    const char *address = pci_address(device);
    const int fd = open_device(device, O_RDWR);
    const int buf = must_create_dmabuf(fd, 0, 64 * PAGE);
    volatile char *before = map(buf, 64 * PAGE, 0);
    before[PAGE] = 5;
    close(fd);
    CHECK_INT(unbind(address), 0);
    CHECK(!can_touch(before + PAGE) && !can_touch(before + 9 * PAGE));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, buf, 0) == MAP_FAILED);
    CHECK_INT(errno, ENODEV);
    CHECK_INT(lseek(buf, 0, SEEK_END), 64 * PAGE);
    CHECK_INT(bind_again(address), 0);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, buf, 0) == MAP_FAILED);
    volatile char *anew = map(open_device(plain_device(), O_RDWR), 2 * PAGE, 0);
    CHECK_INT(anew[PAGE], 5);
}

TEST(unbind_under_an_import)
{
    const int vgem = open_vgem();
    const int device = plain_device();
    const char *address = pci_address(device);
    const int fd = open_device(device, O_RDWR);
    const int imported = must_create_dmabuf(fd, 0, 64 * PAGE);
    const int late = must_create_dmabuf(fd, 0, 64 * PAGE);
    uint32_t handle, other;
    CHECK_INT(prime_import(vgem, imported, &handle), 0);
    CHECK_INT(unbind(address), 0);
    CHECK_INT(prime_import(vgem, late, &other), -ENODEV);
    CHECK_INT(bind_again(address), 0); /* beside what the importer still holds */
    close(late);
    close(imported);
    close(fd);
    prime_close(vgem, handle);
    volatile char *p = map(open_device(plain_device(), O_RDWR), PAGE, 0);
    p[0] = 1;
}

TEST(removal_from_the_bus)
{
    const int device = plain_device();
    char path[300];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", pci_address(device));
    const int fd = open_device(device, O_RDWR);
    volatile char *p = map(fd, PAGE, 0);
    const int buf = must_create_dmabuf(fd, 0, 8 * PAGE);
    p[0] = 9;
    CHECK_INT(put_text(path, "1"), 0);
    CHECK(!can_touch(p));
    CHECK(try_open_device(device, O_RDWR) < 0);
    CHECK_INT(put_text("/sys/bus/pci/rescan", "1"), 0);
    volatile char *anew = map(open_device(plain_device(), O_RDWR), PAGE, 0);
    CHECK_INT(anew[0], 9);
    close(buf);
}

static atomic_bool stop;

static void *use_it(void *arg)
{
    const int device = *(int *)arg;
    while (!atomic_load(&stop)) {
        const int fd = try_open_device(device, O_RDWR);
        if (fd < 0)
            continue;
        const int buf = create_dmabuf(fd, 0, 4 * PAGE);
        void *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        void *q =
            buf < 0 ? MAP_FAILED : mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
        /* The kernel touches them for us: an error instead of a signal. */
        const int null = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        if (p != MAP_FAILED && read(null, p, 4 * PAGE) < 0)
            CHECK_INT(errno, EFAULT);
        if (q != MAP_FAILED && read(null, q, 4 * PAGE) < 0)
            CHECK_INT(errno, EFAULT);
        close(null);
        if (p != MAP_FAILED)
            munmap(p, 4 * PAGE);
        if (q != MAP_FAILED)
            munmap(q, 4 * PAGE);
        if (buf >= 0)
            close(buf);
        close(fd);
    }
    return NULL;
}

TEST(unbind_in_a_crowd)
{
    int device = plain_device();
    const char *address = pci_address(device);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, use_it, &device), 0);
    for (int i = 0; i < 30; i++) {
        usleep(10000);
        CHECK_INT(unbind(address), 0);
        CHECK_INT(bind_again(address), 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(module_users(), 0);
}
