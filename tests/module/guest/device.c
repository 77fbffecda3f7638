/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCI_DRIVER "/sys/bus/pci/drivers/kvmfr"

const char *text_of(const char *format, ...)
{
    static char text[4][256];
    static unsigned turn;
    char path[256], *own = text[turn++ % 4];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    own[0] = '\0';
    FILE *f = fopen(path, "r");
    if (!f)
        return own;
    if (!fgets(own, sizeof(text[0]), f))
        own[0] = '\0';
    fclose(f);
    own[strcspn(own, "\n")] = '\0';
    return own;
}

int put_text(const char *path, const char *word)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const ssize_t n = write(fd, word, strlen(word));
    const int err = n < 0 ? -errno : 0;
    close(fd);
    return err;
}

static int find_pci(bool with_bell)
{
    for (int i = 0; i < 10; i++) {
        if (strcmp(text_of(CLASS_DIR "/kvmfr%d/backing", i), "pci") != 0)
            continue;
        if ((text_of(CLASS_DIR "/kvmfr%d/vectors", i)[0] != '\0') == with_bell)
            return i;
    }
    test_fail(__FILE__, __LINE__, "no device on PCI with%s doorbell", with_bell ? "" : "out");
}

int plain_device(void)
{
    return find_pci(false);
}

int bell_device(void)
{
    return find_pci(true);
}

int try_open_device(int device, int flags)
{
    char path[32];
    snprintf(path, sizeof(path), "/dev/kvmfr%d", device);
    const int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int open_device(int device, int flags)
{
    const int fd = try_open_device(device, flags);
    CHECK_MSG(fd >= 0, "open kvmfr%d: %s", device, strerror(-fd));
    return fd;
}

void *map(int fd, uint64_t bytes, uint64_t offset)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    CHECK_MSG(p != MAP_FAILED, "map %" PRIu64 " at %" PRIu64 ": %s", bytes, offset,
              strerror(errno));
    return p;
}

int create_dmabuf(int fd, uint64_t offset, uint64_t bytes)
{
    const struct kvmfr_dmabuf_create create = { .flags = KVMFR_DMABUF_FLAG_CLOEXEC,
                                                .offset = offset,
                                                .size = bytes };
    const int buf = ioctl(fd, KVMFR_DMABUF_CREATE, &create);
    return buf < 0 ? -errno : buf;
}

int must_create_dmabuf(int fd, uint64_t offset, uint64_t bytes)
{
    const int buf = create_dmabuf(fd, offset, bytes);
    CHECK_MSG(buf >= 0, "a dma-buf of %" PRIu64 " at %" PRIu64 ": %s", bytes, offset,
              strerror(-buf));
    return buf;
}

static sigjmp_buf touch_failed;

static void on_fault(int sig)
{
    (void)sig;
    siglongjmp(touch_failed, 1);
}

bool can_touch(const volatile void *p)
{
    const struct sigaction action = { .sa_handler = on_fault };
    struct sigaction old_bus, old_segv;
    sigaction(SIGBUS, &action, &old_bus);
    sigaction(SIGSEGV, &action, &old_segv);
    const bool fine = sigsetjmp(touch_failed, 1) == 0;
    if (fine)
        (void)*(const volatile unsigned char *)p;
    sigaction(SIGBUS, &old_bus, NULL);
    sigaction(SIGSEGV, &old_segv, NULL);
    return fine;
}

const char *pci_address(int device)
{
    static char address[256];
    char link[64], target[256];
    snprintf(link, sizeof(link), CLASS_DIR "/kvmfr%d/device", device);
    const ssize_t len = readlink(link, target, sizeof(target) - 1);
    CHECK(len > 0);
    target[len] = '\0';
    snprintf(address, sizeof(address), "%s", strrchr(target, '/') + 1);
    return address;
}

int unbind(const char *address)
{
    return put_text(PCI_DRIVER "/unbind", address);
}

int bind_again(const char *address)
{
    return put_text(PCI_DRIVER "/bind", address);
}

int module_users(void)
{
    return atoi(text_of("/sys/module/kvmfr/refcnt"));
}
