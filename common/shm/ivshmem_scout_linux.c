/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/ivshmem_scout_linux.h"

#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS_PER_LOOK = 4096 };

void ivshmem_scout_init(struct ivshmem_scout *s)
{
    ivshmem_link_init(&s->link);
    s->memory_fd = -1;
}

void ivshmem_scout_fini(struct ivshmem_scout *s)
{
    ivshmem_link_fini(&s->link);
    if (s->memory_fd >= 0)
        close(s->memory_fd);
    s->memory_fd = -1;
}

/* Only the memory matters; bells are given back. False: the server is gone again, or none. */
static bool listen_to(struct ivshmem_scout *s)
{
    for (int i = 0; i < EVENTS_PER_LOOK; i++) {
        struct ivshmem_event e;
        const int got = ivshmem_link_read(&s->link, &e);
        if (got <= 0)
            return got == 0;
        if (e.type == IVSHMEM_EVENT_MEMORY)
            s->memory_fd = e.fd;
        else if (e.fd >= 0)
            close(e.fd);
        if (e.type >= IVSHMEM_EVENT_REFUSED)
            return false;
    }
    return true;
}

static bool in_use(int memory_fd)
{
    uint64_t first = 0;
    return pread(memory_fd, &first, sizeof(first), 0) == sizeof(first) && first != 0;
}

bool ivshmem_scout_look(struct ivshmem_scout *s, const char *path, uint64_t device, uint64_t inode)
{
    if (s->link.fd < 0 && ivshmem_link_connect(&s->link, path) < 0)
        return false;
    struct stat st;
    if (!listen_to(s)) {
        ivshmem_scout_fini(s);
        return false;
    }
    if (s->memory_fd < 0 || fstat(s->memory_fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    return (st.st_dev == device && st.st_ino == inode) || in_use(s->memory_fd);
}
