/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/printable.h"

static bool path_is_simple(const char *path)
{
    const size_t len_bytes = strlen(path);
    if (path[0] != '/' || len_bytes < 2 || len_bytes >= PATH_MAX || path[len_bytes - 1] == '/')
        return false;
    return printable(path) && !strstr(path, "//") && !strstr(path, "/./") &&
           !strstr(path, "/../") && strcmp(path + len_bytes - 2, "/.") != 0 &&
           (len_bytes < 3 || strcmp(path + len_bytes - 3, "/..") != 0);
}

/* A descriptor below the prefix, whatever links say. */
static int open_inside(int top, const char *path, uint64_t flags)
{
    const struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
    const long fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

static int open_prefix(const char *prefix)
{
    const int fd = open(prefix[0] ? prefix : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The folder that holds `path`; *name is its last part. */
static int open_folder(const char *prefix, const char *path, const char **name)
{
    if (!path_is_simple(path))
        return -EINVAL;
    autoclose int top = open_prefix(prefix);
    if (top < 0)
        return top;
    const char *const slash = strrchr(path, '/');
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + (slash == path), path);
    *name = slash + 1;
    return open_inside(top, folder, O_RDONLY | O_DIRECTORY);
}

/* Up to `len_bytes`, and a NUL. */
static int read_into(int fd, char *buffer, size_t len_bytes)
{
    size_t got_bytes = 0;
    while (got_bytes < len_bytes) {
        const ssize_t n = read(fd, buffer + got_bytes, len_bytes - got_bytes);
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got_bytes += (size_t)n;
    }
    buffer[got_bytes] = '\0';
    return strlen(buffer) == got_bytes ? 0 : -EPROTO;
}

static int read_all(int fd, size_t len_bytes, char **text)
{
    char *buffer = malloc(len_bytes + 1);
    if (!buffer)
        return -ENOMEM;
    const int err = read_into(fd, buffer, len_bytes);
    if (err < 0)
        free(buffer);
    else
        *text = buffer;
    return err;
}

int place_read(const char *prefix, const char *path, char **text, mode_t *mode)
{
    const char *name;
    autoclose int folder = open_folder(prefix, path, &name);
    if (folder < 0)
        return folder;
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode)) /* looked at before it is opened: a device or FIFO is left alone */
        return -ELOOP;
    autoclose int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ELOOP;
    if (st.st_size > PLACE_MAX_BYTES)
        return -EFBIG;
    const int err = read_all(fd, (size_t)st.st_size, text);
    if (err == 0 && mode)
        *mode = st.st_mode & 07777;
    return err;
}

static int write_all(int fd, const char *text)
{
    for (size_t left_bytes = strlen(text); left_bytes > 0;) {
        const ssize_t n = write(fd, text, left_bytes);
        if (n < 0)
            return -errno;
        text += n;
        left_bytes -= (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* The owner and the label of the file that is replaced; a system without labels has none. */
static int take_after(int fd, int folder, const char *name)
{
    struct stat st;
    autoclose int old = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(old, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ELOOP;
    char label[256];
    const ssize_t len_bytes = fgetxattr(old, "security.selinux", label, sizeof(label));
    if (len_bytes > 0 && fsetxattr(fd, "security.selinux", label, (size_t)len_bytes, 0) < 0)
        return -errno;
    return fchown(fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

static int write_beside(int folder, const char *name, const char *temporary, const char *text,
                        mode_t mode)
{
    autoclose int fd =
        openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int err = write_all(fd, text);
    if (err == 0)
        err = take_after(fd, folder, name);
    if (err == 0 && fchmod(fd, mode) < 0) /* after the owner, who may not have set-id bits */
        err = -errno;
    return err;
}

int place_write(const char *prefix, const char *path, const char *text, mode_t mode)
{
    const char *name;
    autoclose int folder = open_folder(prefix, path, &name);
    if (folder < 0)
        return folder;
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        return -ELOOP;
    char temporary[NAME_MAX + 1];
    const int n = snprintf(temporary, sizeof(temporary), ".%s.espelho", name);
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return -ENAMETOOLONG;
    unlinkat(folder, temporary, 0); /* of a run that was killed */
    int err = write_beside(folder, name, temporary, text, mode);
    if (err == 0 && renameat(folder, temporary, folder, name) < 0)
        err = -errno;
    if (err < 0)
        unlinkat(folder, temporary, 0);
    else
        (void)fsync(folder);
    return err;
}

int place_remove(const char *prefix, const char *path)
{
    const char *name;
    autoclose int folder = open_folder(prefix, path, &name);
    if (folder < 0)
        return folder;
    return unlinkat(folder, name, 0) < 0 ? -errno : 0;
}

static int make_folder(const char *prefix, const char *path)
{
    const char *name;
    autoclose int above = open_folder(prefix, path, &name);
    if (above < 0)
        return above;
    if (mkdirat(above, name, 0755) < 0)
        return -errno;
    /* A folder with our mode, whatever the umask is: libvirt's user must be able to look in. */
    return fchmodat(above, name, 0755, 0) < 0 ? -errno : 0;
}

int place_make_folders(const char *prefix, const char *path,
                       void (*on_made)(void *ctx, const char *folder), void *ctx)
{
    if (!path_is_simple(path))
        return -EINVAL;
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        char folder[PATH_MAX];
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
        const int err = make_folder(prefix, folder);
        if (err == 0)
            on_made(ctx, folder);
        else if (err != -EEXIST)
            return err;
    }
    return 0;
}

int place_remove_folder(const char *prefix, const char *path)
{
    const char *name;
    autoclose int above = open_folder(prefix, path, &name);
    if (above == -ENOENT)
        return 0;
    if (above < 0)
        return above;
    if (unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY || errno == EEXIST ||
        errno == ENOENT)
        return 0;
    return -errno;
}
