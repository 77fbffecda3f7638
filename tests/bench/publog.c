/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "publog.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

int publog_map(const char *path, bool create, struct publog **out)
{
    autoclose int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0), 0600);
    if (fd < 0)
        return -errno;
    if (create && ftruncate(fd, sizeof(struct publog)) < 0)
        return -errno;
    void *mem = mmap(NULL, sizeof(struct publog), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mem == MAP_FAILED)
        return -errno;
    *out = mem;
    return 0;
}

void publog_unmap(struct publog *log)
{
    if (log)
        munmap(log, sizeof(*log));
}
