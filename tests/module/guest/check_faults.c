/* SPDX-License-Identifier: GPL-2.0-or-later
 * Each allocation fails once, in its turn: an error comes out, and nothing is lost. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "prime.h"

/* Open all the time: opening it allocates. */
static int fail_nth = -1;

/* Arms the N-th allocation from now on in this thread. */
static void arm(int n)
{
    if (fail_nth < 0)
        fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
    if (fail_nth < 0)
        SKIP("this kernel injects no faults");
    char text[16];
    const int len = snprintf(text, sizeof(text), "%d", n);
    CHECK_INT(pwrite(fail_nth, text, (size_t)len, 0), len);
}

/* Ends it; was it reached? Not if the fault hits this reading. */
static bool was_reached(void)
{
    char text[16] = "";
    const bool read_it = pread(fail_nth, text, sizeof(text) - 1, 0) > 0;
    const ssize_t n = pwrite(fail_nth, "0", 1, 0);
    (void)n; /* the fault may hit this, too, and is over then */
    return read_it && atoi(text) == 0;
}

/* Runs `run` with every allocation failing once. Returns how many there are. */
static int for_each_allocation(int (*run)(void *), void (*undo)(void *), void *arg)
{
    for (int n = 1; n < 2000; n++) {
        arm(n);
        const int err = run(arg);
        const bool reached = was_reached();
        if (err == 0)
            undo(arg);
        if (!reached) {
            CHECK_INT(err, 0);
            return n - 1;
        }
    }
    test_fail(__FILE__, __LINE__, "there is no end of it");
}

struct thing {
    int fd, made, vgem;
    uint32_t handle;
    const char *word;
    void *mapped;
};

static int open_run(void *arg)
{
    struct thing *t = arg;
    t->made = open("/dev/kvmfr0", O_RDWR);
    return t->made < 0 ? -errno : 0;
}

static void close_made(void *arg)
{
    close(((struct thing *)arg)->made);
}

TEST(open_node)
{
    struct thing t = { 0 };
    CHECK(for_each_allocation(open_run, close_made, &t) > 1);
    CHECK_INT(module_users(), 0);
}

static int create_run(void *arg)
{
    struct thing *t = arg;
    t->made = create_dmabuf(t->fd, 0, 64 * PAGE);
    CHECK(t->made >= 0 || t->made == -ENOMEM || t->made == -EFAULT || t->made == -ENFILE);
    return t->made < 0 ? t->made : 0;
}

TEST(create_buffer)
{
    struct thing t = { .fd = open_device(SMALL_DEVICE, O_RDWR) };
    CHECK(for_each_allocation(create_run, close_made, &t) > 3);
    close(t.fd);
    CHECK_INT(module_users(), 0);
}

static int map_run(void *arg)
{
    struct thing *t = arg;
    t->mapped = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, t->fd, 0);
    return t->mapped == MAP_FAILED ? -errno : 0;
}

static void unmap(void *arg)
{
    munmap(((struct thing *)arg)->mapped, 16 * PAGE);
}

TEST(map_node_and_buffer)
{
    struct thing t = { .fd = open_device(plain_device(), O_RDWR) };
    CHECK(for_each_allocation(map_run, unmap, &t) > 0);
    const int buf = must_create_dmabuf(t.fd, 0, 64 * PAGE);
    close(t.fd);
    t.fd = buf;
    CHECK(for_each_allocation(map_run, unmap, &t) > 0);
    close(t.fd);
    CHECK_INT(module_users(), 0);
}

static int import_run(void *arg)
{
    struct thing *t = arg;
    return prime_import(t->vgem, t->made, &t->handle);
}

static void close_import(void *arg)
{
    struct thing *t = arg;
    prime_close(t->vgem, t->handle);
}

TEST(import)
{
    const int devices[] = { SMALL_DEVICE, plain_device() };
    for (int i = 0; i < 2; i++) {
        struct thing t = { .vgem = open_vgem(), .fd = open_device(devices[i], O_RDWR) };
        t.made = must_create_dmabuf(t.fd, 0, 512 * PAGE);
        CHECK(for_each_allocation(import_run, close_import, &t) > 3);
        close(t.made);
        close(t.fd);
        close(t.vgem);
        CHECK_INT(module_users(), 0);
    }
}

static int newest_device(void)
{
    int device = 9;
    while (device >= 0 && text_of(CLASS_DIR "/kvmfr%d/size", device)[0] == '\0')
        device--;
    return device;
}

static int add_run(void *arg)
{
    const struct thing *t = arg;
    return put_text(CLASS_DIR "/add", t->word);
}

static void remove_newest(void *arg)
{
    (void)arg;
    char name[16];
    snprintf(name, sizeof(name), "kvmfr%d", newest_device());
    CHECK_INT(put_text(CLASS_DIR "/remove", name), 0);
}

TEST(add_device)
{
    struct thing t = { .word = "4" };
    const int before = newest_device();
    CHECK(for_each_allocation(add_run, remove_newest, &t) > 10);
    CHECK_INT(newest_device(), before);
}

static int bind_run(void *arg)
{
    return bind_again(((struct thing *)arg)->word);
}

static void unbind_undo(void *arg)
{
    CHECK_INT(unbind(((struct thing *)arg)->word), 0);
}

/* A PCI device's memory is mapped by memremap_pages(), and the kernel's own part of that
 * (phys_pmd_init() on x86, for the direct map) does not look whether it got its page tables: only
 * what comes from slabs may fail there. */
static void let_pages_fail(bool may)
{
    const int fd = open("/sys/kernel/debug/fail_page_alloc/min-order", O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    const char *least = may ? "0" : "10";
    CHECK_INT(write(fd, least, strlen(least)), strlen(least));
    close(fd);
}

TEST(bind_device)
{
    let_pages_fail(false);
    const int devices[] = { plain_device(), bell_device() };
    for (int i = 0; i < 2; i++) {
        char address[64];
        snprintf(address, sizeof(address), "%s", pci_address(devices[i]));
        struct thing t = { .word = address };
        CHECK_INT(unbind(address), 0);
        CHECK(for_each_allocation(bind_run, unbind_undo, &t) > 10);
        CHECK_INT(bind_again(address), 0);
    }
    let_pages_fail(true);
    CHECK_INT(module_users(), 0);
}
