/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm_server/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

#define HUGE_PAGES_DIR "/sys/kernel/mm/hugepages/hugepages-2048kB/"

enum { MAX_NODES = 1024, SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

static unsigned long free_huge_pages(void)
{
    unsigned long count = 0;
    autofclose FILE *f = fopen(HUGE_PAGES_DIR "free_hugepages", "re");
    if (!f || fscanf(f, "%lu", &count) != 1)
        return 0;
    return count;
}

static void explain_huge(uint64_t len_bytes, int err, char *why, size_t why_bytes)
{
    const uint64_t need = len_bytes / SHM_MEMORY_HUGE_PAGE_BYTES;
    snprintf(why, why_bytes,
             _("%" PRIu64
               " huge pages of 2 MiB are needed, %lu are free (%s). Reserve them, best right "
               "after boot:\n"
               "  sudo sysctl vm.nr_hugepages=%" PRIu64 "\n"
               "for good: put vm.nr_hugepages=%" PRIu64
               " into /etc/sysctl.d/espelho.conf; or leave --huge out."),
             need, free_huge_pages(), err_str(err), need, need);
}

/* The policy belongs to the file, not to the mapping: that can go at once. The raw system call: all
 * that libnuma does for this. */
static int bind_to_node(int fd, uint64_t len_bytes, int node, char *why, size_t why_bytes)
{
    unsigned long mask[MAX_NODES / (8 * sizeof(unsigned long))] = { 0 };
    const size_t bits = 8 * sizeof(mask[0]);
    assert(node >= 0 && node < MAX_NODES);
    mask[(size_t)node / bits] = 1ul << ((size_t)node % bits);
    void *mem = mmap(NULL, (size_t)len_bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    int err = 0;
    if (mem == MAP_FAILED)
        err = -errno;
    else if (syscall(SYS_mbind, mem, (unsigned long)len_bytes, MPOL_BIND, mask, MAX_NODES + 1ul,
                     0u) != 0)
        err = -errno;
    if (mem != MAP_FAILED)
        munmap(mem, (size_t)len_bytes);
    if (err < 0)
        snprintf(why, why_bytes,
                 err == -EINVAL ? _("cannot bind the memory to NUMA node %d: %s. `numactl "
                                    "--hardware` lists the nodes; or leave --numa out")
                                : _("cannot bind the memory to NUMA node %d: %s"),
                 node, err_str(err));
    return err;
}

/* Allocates without mapping: nothing of it counts as this process's. */
static int fill(int fd, const struct shm_memory_config *c, char *why, size_t why_bytes)
{
    int err;
    do
        err = fallocate(fd, 0, 0, (off_t)c->len_bytes) == 0 ? 0 : -errno;
    while (err == -EINTR);
    if (err < 0 && c->huge)
        explain_huge(c->len_bytes, err, why, why_bytes);
    else if (err < 0)
        snprintf(why, why_bytes,
                 c->numa_node >= 0 ? _("cannot allocate %" PRIu64 " MiB on that NUMA node: %s")
                                   : _("cannot allocate %" PRIu64 " MiB: %s"),
                 c->len_bytes >> 20, err_str(err));
    return err;
}

static int create_empty(const struct shm_memory_config *c, char *why, size_t why_bytes)
{
    const unsigned huge = c->huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0;
    autoclose int fd = memfd_create(c->name, MFD_CLOEXEC | MFD_ALLOW_SEALING | huge);
    if (fd < 0 || ftruncate(fd, (off_t)c->len_bytes) != 0) {
        const int err = -errno;
        if (c->huge)
            explain_huge(c->len_bytes, err, why, why_bytes);
        else
            snprintf(why, why_bytes, _("cannot create %" PRIu64 " MiB of shared memory: %s"),
                     c->len_bytes >> 20, err_str(err));
        return err;
    }
    return steal_fd(&fd);
}

int shm_memory_create(const struct shm_memory_config *c, int *out, char *why, size_t why_bytes)
{
    assert(is_power_of_two(c->len_bytes));
    if (c->huge && c->len_bytes < SHM_MEMORY_HUGE_PAGE_BYTES) {
        snprintf(why, why_bytes, _("the memory is smaller than one huge page (2 MiB)"));
        return -EINVAL;
    }
    autoclose int fd = create_empty(c, why, why_bytes);
    int err = fd < 0 ? fd : 0;
    if (err == 0 && c->numa_node != SHM_MEMORY_ANY_NODE)
        err = bind_to_node(fd, c->len_bytes, c->numa_node, why, why_bytes);
    /* Huge pages that turn out to be missing later would kill whoever touches them. */
    if (err == 0 && (c->prefault || c->huge))
        err = fill(fd, c, why, why_bytes);
    if (err == 0 && fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
        err = -errno;
        snprintf(why, why_bytes, _("cannot seal the shared memory: %s"), err_str(err));
    }
    if (err == 0)
        *out = steal_fd(&fd);
    return err;
}

uint64_t shm_memory_check(int fd)
{
    struct stat st;
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    return is_power_of_two((uint64_t)st.st_size) ? (uint64_t)st.st_size : 0;
}
