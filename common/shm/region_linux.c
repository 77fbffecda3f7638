/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"
#include "shm/doorbell.h"
#include "shm/doorbell_module_linux.h"
#include "shm/guard.h"
#include "shm/ivshmem_peer_linux.h"
#include "shm/region_problem.h"

#define KVMFR_PATH            "/dev/kvmfr0"
#define FILE_PATH             "/dev/shm/looking-glass"
#define SMALLEST_REGION_BYTES 5760u /* the header of lgmp.md table L1 */

const char *shm_default_path(void)
{
    return access(KVMFR_PATH, F_OK) == 0 ? KVMFR_PATH : FILE_PATH;
}

/* What stands there is neither a file nor a device of ours. */
static int wrong_type(const char *path, mode_t mode, struct shm_problem *problem)
{
    const char *text = _("%.200s is not a regular file");
    switch (mode & S_IFMT) {
    case S_IFDIR:
        text = _("%.200s is a directory");
        break;
    case S_IFIFO:
        text = _("%.200s is a FIFO");
        break;
    case S_IFSOCK:
        text = _("%.200s is a socket");
        break;
    case S_IFBLK:
        text = _("%.200s is a block device");
        break;
    case S_IFCHR:
        text = _("%.200s is a character device, but not a kvmfr one");
        break;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return shm_problem_set(problem, path, SHM_FAULT_TYPE, 0, text, path);
#pragma GCC diagnostic pop
}

/* An ioctl number means something else on every other device: ask the kernel whose device it is
 * before using ours. */
static bool is_kvmfr_device(dev_t rdev)
{
    char link[64], target[256];
    snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/subsystem", major(rdev), minor(rdev));
    const ssize_t len = readlink(link, target, sizeof(target) - 1);
    if (len < 0)
        return false;
    target[len] = '\0';
    const char *slash = strrchr(target, '/');
    return strcmp(slash ? slash + 1 : target, "kvmfr") == 0;
}

static enum shm_kind kind_of(const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return SHM_KIND_FILE;
    return S_ISCHR(st->st_mode) && is_kvmfr_device(st->st_rdev) ? SHM_KIND_KVMFR : SHM_KIND_NONE;
}

static int check_size(const struct shm_region *r, int64_t size_bytes, struct shm_problem *problem)
{
    const long page_bytes = sysconf(_SC_PAGESIZE);
    const char *path = r->path;
    if (size_bytes == 0)
        return shm_problem_set(problem, path, SHM_FAULT_SIZE, 0, _("%.200s is empty (0 bytes)"),
                               path);
    if (size_bytes < SMALLEST_REGION_BYTES)
        return shm_problem_set(problem, path, SHM_FAULT_SIZE, 0,
                               _("%.150s has %" PRId64 " bytes, too few for even the header (%u)"),
                               path, size_bytes, SMALLEST_REGION_BYTES);
    if (size_bytes % page_bytes != 0)
        return shm_problem_set(
            problem, path, SHM_FAULT_SIZE, 0,
            _("%.150s has %" PRId64 " bytes, which is not a multiple of the page size %ld"), path,
            size_bytes, page_bytes);
    if ((uint64_t)size_bytes > SHM_MAX_BYTES)
        return shm_problem_set(problem, path, SHM_FAULT_SIZE, 0,
                               _("%.150s has %" PRId64 " bytes; a region has less than 4 GiB"),
                               path, size_bytes);
    return 0;
}

/* A server can hand over any file. In others than these, the server (or whoever) decides how long
 * it takes to read a byte. */
static bool is_memory(int fd, const struct stat *st)
{
    struct statfs fs;
    return S_ISREG(st->st_mode) && fstatfs(fd, &fs) == 0 &&
           (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC);
}

/* Finds out what r->fd is and how large. */
static int identify(struct shm_region *r, struct shm_problem *problem)
{
    struct stat st;
    const bool from_server = r->doorbell != NULL;
    if (fstat(r->fd, &st) != 0)
        return shm_problem_from_errno(problem, r->path, errno, _("cannot be looked at"));
    r->kind = kind_of(&st);
    if (r->kind == SHM_KIND_NONE && !from_server)
        return wrong_type(r->path, st.st_mode, problem);
    r->device = st.st_dev;
    r->inode = st.st_ino;
    if (from_server && !is_memory(r->fd, &st))
        return shm_problem_set(problem, r->path, SHM_FAULT_TYPE, 0,
                               _("%.180s: what the server gives out is no shared memory"), r->path);
    if (from_server)
        r->kind = SHM_KIND_SERVER;
    const int64_t size_bytes =
        r->kind == SHM_KIND_KVMFR ? kvmfr_module_size_bytes(r->fd) : st.st_size;
    if (size_bytes < 0)
        return shm_problem_from_errno(problem, r->path, (int)-size_bytes,
                                      _("does not tell its size"));
    const int err = check_size(r, size_bytes, problem);
    if (err == 0)
        r->len_bytes = (size_t)size_bytes;
    return err;
}

static int map(struct shm_region *r, struct shm_problem *problem)
{
    void *mem = mmap(NULL, r->len_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (mem == MAP_FAILED)
        return shm_problem_from_errno(problem, r->path, errno, _("cannot be mapped"));
    r->mem = mem;
    const int err = shm_guard_add(mem, r->len_bytes, &r->guard);
    return err ? shm_problem_from_errno(problem, r->path, -err, _("cannot be guarded")) : 0;
}

/* Of an ivshmem device in this guest, behind our kernel module. */
static int find_doorbell(struct shm_region *r, struct shm_problem *problem)
{
    const int err = kvmfr_module_doorbell(r->fd, &r->doorbell);
    return err ? shm_problem_from_errno(problem, r->path, -err,
                                        _("its doorbell cannot be listened to"))
               : 0;
}

struct origin {
    int fd;
    const char *name;
    bool nameless;
    struct shm_doorbell *doorbell; /* of a server; NULL: none */
};

/* Takes descriptor and doorbell over, whatever happens. */
static int create(const struct origin *from, struct shm_region **out, struct shm_problem *problem)
{
    struct shm_region *r = calloc(1, sizeof(*r));
    if (!r) {
        close(from->fd);
        if (from->doorbell)
            from->doorbell->ops->destroy(from->doorbell);
        return shm_problem_from_errno(problem, from->name, ENOMEM, _("cannot be opened"));
    }
    r->fd = from->fd;
    r->nameless = from->nameless;
    r->doorbell = from->doorbell;
    snprintf(r->path, sizeof(r->path), "%s", from->name);
    int err = identify(r, problem);
    if (err == 0)
        err = map(r, problem);
    if (err == 0 && r->kind == SHM_KIND_KVMFR)
        err = find_doorbell(r, problem);
    if (err) {
        shm_region_close(r);
        return err;
    }
    *out = r;
    return 0;
}

/* "unix:PATH" */
static int open_server(const char *name, struct shm_region **out, struct shm_problem *problem)
{
    const char *path = shm_server_path(name);
    struct stat st;
    if (stat(path, &st) != 0)
        return shm_problem_from_errno(problem, name, errno, _("cannot be connected to"));
    if (!S_ISSOCK(st.st_mode))
        return shm_problem_set(problem, name, SHM_FAULT_TYPE, 0, _("%.200s is not a socket"), path);
    struct origin from = { .name = name };
    const int err = ivshmem_peer_connect(path, name, &from.doorbell, &from.fd, problem);
    return err < 0 ? err : create(&from, out, problem);
}

int shm_region_open(const char *path, struct shm_region **out, struct shm_problem *problem)
{
    if (strlen(path) >= sizeof((*out)->path))
        return shm_problem_from_errno(problem, path, ENAMETOOLONG, _("cannot be opened"));
    if (shm_server_path(path))
        return open_server(path, out, problem);
    /* The type is looked at before the file is opened, because opening a device or FIFO can have
     * effects; identify() looks again at what was really opened. */
    struct stat st;
    if (stat(path, &st) != 0)
        return shm_problem_from_errno(problem, path, errno, _("cannot be opened"));
    if (kind_of(&st) == SHM_KIND_NONE)
        return wrong_type(path, st.st_mode, problem);
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return shm_problem_from_errno(problem, path, errno, _("cannot be opened"));
    return create(&(struct origin){ .fd = fd, .name = path }, out, problem);
}

int shm_region_open_fd(int fd, const char *name, struct shm_region **out,
                       struct shm_problem *problem)
{
    const int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own_fd < 0)
        return shm_problem_from_errno(problem, name, errno,
                                      _("its descriptor cannot be duplicated"));
    return create(&(struct origin){ .fd = own_fd, .name = name, .nameless = true }, out, problem);
}

void shm_region_close(struct shm_region *region)
{
    if (!region)
        return;
    if (region->doorbell)
        region->doorbell->ops->destroy(region->doorbell);
    shm_guard_remove(region->guard);
    if (region->mem)
        munmap(region->mem, region->len_bytes);
    if (region->fd >= 0)
        close(region->fd);
    free(region);
}

bool shm_region_lost(const struct shm_region *region)
{
    return region->guard && shm_guard_lost(region->guard);
}

bool shm_region_replaced(const struct shm_region *region)
{
    struct stat st;
    if (region->nameless)
        return false;
    if (region->kind == SHM_KIND_SERVER)
        return ivshmem_peer_replaced(region->doorbell, shm_server_path(region->path),
                                     region->device, region->inode);
    if (stat(region->path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR;
    if (st.st_dev != region->device || st.st_ino != region->inode)
        return true;
    return region->kind == SHM_KIND_FILE && (uint64_t)st.st_size != region->len_bytes;
}
