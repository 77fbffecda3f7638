/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/puppet/main.c - the puppet over a file (`puppet --file PATH [BYTES]`); over a region as
 * viewers open it, with its doorbell (`puppet --region unix:PATH`, `--region /dev/kvmfr0`); or, in
 * a guest, over the memory of the ivshmem PCI device (`puppet --pci`). With BYTES the file is made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "puppet/puppet.h"
#include "shm/region.h"

#define PCI_DEVICES "/sys/bus/pci/devices"

struct mapping {
    void *mem;
    size_t len_bytes;
};

static int map_fd(int fd, const char *name, struct mapping *out)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_size <= 0) {
        fprintf(stderr, "puppet: %s has no size\n", name);
        return -EINVAL;
    }
    void *mem = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mem == MAP_FAILED) {
        fprintf(stderr, "puppet: mmap %s: %s\n", name, strerror(errno));
        return -errno;
    }
    *out = (struct mapping){ mem, (size_t)st.st_size };
    return 0;
}

static int map_file(const char *path, const char *bytes, struct mapping *out)
{
    autoclose int fd = open(path, O_RDWR | O_CLOEXEC | (bytes ? O_CREAT : 0), 0600);
    if (fd < 0 || (bytes && ftruncate(fd, strtol(bytes, NULL, 10)) < 0)) {
        fprintf(stderr, "puppet: %s: %s\n", path, strerror(errno));
        return -errno;
    }
    return map_fd(fd, path, out);
}

/* The number in the sysfs file DEVICE/NAME, -1 if there is none. */
static long device_number(const char *device, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, name);
    autofclose FILE *f = fopen(path, "re");
    long value = -1;
    return f && fscanf(f, "%li", &value) == 1 ? value : -1;
}

static int map_bar2(const char *device, struct mapping *out)
{
    char path[512];
    snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", device);
    autoclose int enable = open(path, O_WRONLY | O_CLOEXEC);
    if (enable < 0 || write(enable, "1", 1) != 1) { /* BARs do not answer before */
        fprintf(stderr, "puppet: %s: %s\n", path, strerror(errno));
        return -EIO;
    }
    snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource2", device);
    autoclose int fd = open(path, O_RDWR | O_CLOEXEC | O_SYNC);
    if (fd < 0) {
        fprintf(stderr, "puppet: %s: %s\n", path, strerror(errno));
        return -errno;
    }
    return map_fd(fd, path, out);
}

static int map_pci(struct mapping *out)
{
    DIR *dir = opendir(PCI_DEVICES);
    int err = -ENODEV;
    for (const struct dirent *d; dir && err == -ENODEV && (d = readdir(dir));)
        if (device_number(d->d_name, "vendor") == 0x1af4 &&
            device_number(d->d_name, "device") == 0x1110)
            err = map_bar2(d->d_name, out);
    if (dir)
        closedir(dir);
    if (err == -ENODEV)
        fprintf(stderr, "puppet: no ivshmem device (1af4:1110) here\n");
    return err;
}

static int obey(void *mem, size_t len_bytes, struct shm_doorbell *doorbell)
{
    struct puppet *puppet = NULL;
    int err = puppet_create(mem, len_bytes, doorbell, &puppet);
    if (err == 0)
        err = puppet_run(puppet, STDIN_FILENO, stdout);
    if (err < 0)
        fprintf(stderr, "puppet: %s\n", strerror(-err));
    puppet_destroy(puppet);
    return err < 0 ? 1 : 0;
}

static int obey_on_region(const char *name)
{
    struct shm_region *region;
    struct shm_problem problem;
    if (shm_region_open(name, &region, &problem) < 0) {
        fprintf(stderr, "puppet: %s\n%s\n", problem.message, problem.advice);
        return 2;
    }
    const int status = obey(region->mem, region->len_bytes, region->doorbell);
    shm_region_close(region);
    return status;
}

int main(int argc, char **argv)
{
    struct mapping map = { 0 };
    int err = -EINVAL;
    if (argc == 3 && strcmp(argv[1], "--region") == 0)
        return obey_on_region(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--pci") == 0)
        err = map_pci(&map);
    else if ((argc == 3 || argc == 4) && strcmp(argv[1], "--file") == 0)
        err = map_file(argv[2], argc == 4 ? argv[3] : NULL, &map);
    else
        fprintf(stderr, "usage: puppet --file PATH [BYTES] | --region NAME | --pci\n");
    if (err < 0)
        return 2;
    const int status = obey(map.mem, map.len_bytes, NULL);
    munmap(map.mem, map.len_bytes);
    return status;
}
