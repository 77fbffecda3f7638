/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm_server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

enum { BACKLOG = 128 };

struct opening {
    const struct listener_config *config;
    struct sockaddr_un address;
    char *why;
    size_t why_bytes;
};

/* `what` is said of the socket: "cannot be opened". */
static int fail(const struct opening *o, int err, const char *what)
{
    snprintf(o->why, o->why_bytes, "%s: %s: %s", o->config->path, what, err_str(err));
    return err;
}

static int set_address(struct opening *o)
{
    const char *path = o->config->path;
    o->address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(o->address.sun_path)) {
        snprintf(o->why, o->why_bytes, _("%s: the address of a socket has at most %zu bytes"), path,
                 sizeof(o->address.sun_path) - 1);
        return -ENAMETOOLONG;
    }
    memcpy(o->address.sun_path, path, strlen(path));
    return 0;
}

/* The folder, locked: two servers that start at the same time look at the socket one after the
 * other. A descriptor, or -errno. */
static int lock_folder(const struct opening *o)
{
    char folder[sizeof(o->address.sun_path)];
    snprintf(folder, sizeof(folder), "%s", o->config->path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0'; /* "/x" is in "/" */
    const char *name = slash ? folder : ".";
    if (mkdir(name, 0755) != 0 && errno != EEXIST)
        return fail(o, -errno, _("its folder cannot be made"));
    autoclose int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        return fail(o, -errno, _("its folder cannot be opened"));
    return steal_fd(&fd);
}

/* Removes what a server left that is no more. */
static int make_way(const struct opening *o)
{
    struct stat st;
    if (lstat(o->config->path, &st) != 0)
        return errno == ENOENT ? 0 : fail(o, -errno, _("cannot be looked at"));
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(o->why, o->why_bytes, _("%s is there already, and no socket"), o->config->path);
        return -EEXIST;
    }
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(o, -errno, _("cannot be opened"));
    if (connect(fd, (const struct sockaddr *)&o->address, sizeof(o->address)) == 0 ||
        errno != ECONNREFUSED) {
        snprintf(o->why, o->why_bytes, _("%s: another server listens there already"),
                 o->config->path);
        return -EADDRINUSE;
    }
    return unlink(o->config->path) == 0 ? 0 : fail(o, -errno, _("the old one cannot be removed"));
}

static int find_group(const struct opening *o, gid_t *out)
{
    const char *name = o->config->group;
    char *end;
    const unsigned long number = strtoul(name, &end, 10);
    const struct group *entry = *end ? getgrnam(name) : NULL;
    if (*end && !entry) {
        snprintf(o->why, o->why_bytes, _("there is no group '%s' here"), name);
        return -EINVAL;
    }
    *out = entry ? entry->gr_gid : (gid_t)number;
    return 0;
}

static int set_access(const struct opening *o)
{
    const struct listener_config *c = o->config;
    gid_t group = (gid_t)-1;
    const int err = c->group && *c->group ? find_group(o, &group) : 0;
    if (err < 0)
        return err;
    if (group != (gid_t)-1 && chown(c->path, (uid_t)-1, group) != 0)
        return fail(o, -errno, _("its group cannot be changed"));
    return chmod(c->path, c->mode) == 0 ? 0 : fail(o, -errno, _("its mode cannot be changed"));
}

/* Removes the file if it was made by `l`. */
static void remove_file(const struct listener *l)
{
    struct stat st;
    if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode &&
        st.st_ctim.tv_sec == l->changed.tv_sec && st.st_ctim.tv_nsec == l->changed.tv_nsec)
        unlink(l->path);
}

/* Nobody can connect before listen(). */
static int bind_and_listen(const struct opening *o, struct listener *l)
{
    struct stat st;
    const mode_t mask = umask(0177);
    const int bound = bind(l->fd, (const struct sockaddr *)&o->address, sizeof(o->address));
    const int bind_err = bound == 0 ? 0 : -errno;
    umask(mask);
    if (bind_err < 0)
        return fail(o, bind_err, _("cannot be made"));
    int err = set_access(o);
    if (err == 0 && lstat(o->config->path, &st) != 0)
        err = fail(o, -errno, _("cannot be looked at"));
    if (err != 0) {
        unlink(o->config->path); /* the folder is locked: ours */
        return err;
    }
    l->path = o->config->path;
    l->device = st.st_dev;
    l->inode = st.st_ino;
    l->changed = st.st_ctim;
    return listen(l->fd, BACKLOG) == 0 ? 0 : fail(o, -errno, _("cannot be listened at"));
}

int listener_open(const struct listener_config *config, struct listener *out, char *why,
                  size_t why_bytes)
{
    struct opening o = { .config = config, .why = why, .why_bytes = why_bytes };
    int err = set_address(&o);
    if (err < 0)
        return err;
    autoclose int lock = lock_folder(&o);
    err = lock < 0 ? lock : make_way(&o);
    if (err < 0)
        return err;
    struct listener l = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
    err = l.fd < 0 ? fail(&o, -errno, _("cannot be opened")) : bind_and_listen(&o, &l);
    if (err < 0)
        listener_close(&l);
    else
        *out = l;
    return err;
}

void listener_close(struct listener *l)
{
    remove_file(l);
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct listener){ .fd = -1 };
}
