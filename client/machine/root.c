/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/root.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine/root_private.h"

int root_open(const char *folder, struct root **out)
{
    struct root *root = calloc(1, sizeof(*root));
    if (!root)
        return -ENOMEM;
    root->folder_fd = -1;
    int err = 0;
    if (folder) {
        root->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        err = root->folder_fd < 0 ? -errno : saved_facts_load(root, &root->saved);
    }
    if (err < 0) {
        root_close(root);
        return err;
    }
    *out = root;
    return 0;
}

void root_close(struct root *root)
{
    if (!root)
        return;
    saved_facts_free(&root->saved);
    if (root->folder_fd >= 0)
        close(root->folder_fd);
    free(root);
}

bool root_is_live(const struct root *root)
{
    return root->folder_fd < 0;
}

void root_observe(struct root *root, const struct root_observer *observer)
{
    root->observer = *observer;
}

/* ---- opening ---- */

/* A folder on the way that is none, or may not be entered, in the words of root.h. */
static int error_of(int number)
{
    switch (number) {
    case ENOTDIR:
        return -ENOENT;
    case EPERM:
        return -EACCES;
    default:
        return -number;
    }
}

int root_open_path(const struct root *root, const char *path, int flags)
{
    if (path[0] != '/')
        return -EINVAL;
    long fd;
    if (root_is_live(root)) {
        fd = open(path, flags | O_CLOEXEC);
    } else {
        const struct open_how how = { .flags = (unsigned int)(flags | O_CLOEXEC),
                                      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
        fd = syscall(SYS_openat2, root->folder_fd, path, &how, sizeof(how));
    }
    return fd < 0 ? error_of(errno) : (int)fd;
}

/* Opens a regular file to read it. Anything else (a pipe would hang, a device may act) stays
 * closed: it is looked at by O_PATH first, and what was looked at is what is opened. */
static int open_file(const struct root *root, const char *path)
{
    autoclose int looked = root_open_path(root, path, O_PATH);
    struct stat st;
    if (looked < 0)
        return steal_fd(&looked);
    if (fstat(looked, &st) < 0)
        return error_of(errno);
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", looked);
    const int fd = open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? error_of(errno) : fd;
}

/* ---- reading ---- */

struct text {
    char *bytes;
    size_t len_bytes, room_bytes;
};

static int make_room(struct text *t)
{
    if (t->len_bytes + 1 < t->room_bytes)
        return 0;
    const size_t room_bytes = t->room_bytes ? t->room_bytes * 2 : 4096 + 1;
    char *const bytes = realloc(t->bytes, room_bytes);
    if (!bytes)
        return -ENOMEM;
    t->bytes = bytes;
    t->room_bytes = room_bytes;
    return 0;
}

static int read_all(int fd, struct text *t)
{
    for (;;) {
        const int err = make_room(t);
        if (err < 0)
            return err;
        const ssize_t n = read(fd, t->bytes + t->len_bytes, t->room_bytes - t->len_bytes - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_of(errno);
        if (n == 0)
            break;
        t->len_bytes += (size_t)n;
        if (t->len_bytes > ROOT_MAX_BYTES)
            return -EFBIG;
    }
    t->bytes[t->len_bytes] = '\0';
    return 0;
}

int root_read_fd(int fd, char **text, size_t *len_bytes)
{
    struct text t = { .bytes = NULL };
    const int err = read_all(fd, &t);
    if (err < 0) {
        free(t.bytes);
        return err;
    }
    *text = t.bytes;
    if (len_bytes)
        *len_bytes = t.len_bytes;
    return 0;
}

int root_read_file(const struct root *root, const char *path, char **text, size_t *len_bytes)
{
    autoclose int fd = open_file(root, path);
    return fd < 0 ? steal_fd(&fd) : root_read_fd(fd, text, len_bytes);
}

int root_read(struct root *root, const char *path, char **text, size_t *len_bytes)
{
    size_t len = 0;
    char *bytes = NULL;
    const int err = root_denied(root, path) ? -EACCES : root_read_file(root, path, &bytes, &len);
    if (err == -EACCES)
        root_tell(root, ROOT_EVENT_DENIED, path);
    if (err < 0)
        return err;
    root_tell_file(root, path, bytes, len);
    *text = bytes;
    if (len_bytes)
        *len_bytes = len;
    return 0;
}

/* The first line within `text`, without white space around it. */
static void copy_first_line(const char *text, char *line, size_t cap)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t len = strcspn(text, "\n");
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    len = len < cap ? len : cap - 1;
    memcpy(line, text, len);
    line[len] = '\0';
}

int root_read_line(struct root *root, const char *path, char *line, size_t cap)
{
    autofree char *text = NULL;
    const int err = root_read(root, path, &text, NULL);
    if (err == 0)
        copy_first_line(text, line, cap);
    return err;
}

int root_read_number(struct root *root, const char *path, uint64_t *number)
{
    char line[64], *end;
    const int err = root_read_line(root, path, line, sizeof(line));
    if (err < 0)
        return err;
    const bool hex = line[0] == '0' && (line[1] == 'x' || line[1] == 'X');
    errno = 0;
    const unsigned long long n = strtoull(line, &end, hex ? 16 : 10);
    if (errno || end == line || *end || !isdigit((unsigned char)line[0]))
        return -EPROTO;
    *number = n;
    return 0;
}

bool root_exists(struct root *root, const char *path)
{
    struct root_stat ignored;
    return root_stat(root, path, &ignored) == 0;
}

int root_link(struct root *root, const char *path, char *target, size_t cap)
{
    autoclose int fd = root_open_path(root, path, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return steal_fd(&fd);
    char text[PATH_MAX];
    const ssize_t n = readlinkat(fd, "", text, sizeof(text));
    if (n < 0)
        return errno == ENOENT ? -EINVAL : error_of(errno); /* the kernel's word for "no link" */
    if ((size_t)n >= cap)
        return -ENAMETOOLONG;
    memcpy(target, text, (size_t)n);
    target[n] = '\0';
    root_tell_link(root, path);
    return 0;
}

int root_link_name(struct root *root, const char *path, char *name, size_t cap)
{
    char target[PATH_MAX];
    const int err = root_link(root, path, target, sizeof(target));
    if (err < 0)
        return err;
    const char *const slash = strrchr(target, '/'), *const last = slash ? slash + 1 : target;
    if (strlen(last) >= cap)
        return -ENAMETOOLONG;
    memcpy(name, last, strlen(last) + 1);
    return 0;
}

/* ---- owners and modes ---- */

static int stat_in_tree(const struct root *root, const char *path, struct root_stat *out)
{
    autoclose int fd = root_open_path(root, path, O_PATH);
    struct stat st;
    if (fd < 0)
        return steal_fd(&fd);
    if (fstat(fd, &st) < 0)
        return error_of(errno);
    *out = (struct root_stat){ .mode = st.st_mode,
                               .uid = st.st_uid,
                               .gid = st.st_gid,
                               .len_bytes = (uint64_t)st.st_size,
                               .major = major(st.st_rdev),
                               .minor = minor(st.st_rdev) };
    return 0;
}

static int find_stat(const struct root *root, const char *path, struct root_stat *out)
{
    const int err = stat_in_tree(root, path, out);
    if (root_is_live(root))
        return err;
    char real[PATH_MAX];
    const struct root_stat *saved = saved_facts_stat(&root->saved, path);
    if (!saved && err == 0 && root_real_path(root, path, real, sizeof(real)) == 0)
        saved = saved_facts_stat(&root->saved, real);
    if (saved)
        *out = *saved;
    return saved ? 0 : err;
}

int root_stat(struct root *root, const char *path, struct root_stat *out)
{
    struct root_stat found;
    const int err = find_stat(root, path, &found);
    if (err < 0)
        return err;
    root_tell_stat(root, path, &found);
    *out = found;
    return 0;
}

/* ---- folders ---- */

struct name_list {
    char **name;
    size_t count, room, len_bytes;
};

static void free_names(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->name[i]);
    free(list->name);
}

static int add_name(struct name_list *list, const char *name)
{
    if (list->count == list->room) {
        const size_t room = list->room ? list->room * 2 : 64;
        char **const names = realloc(list->name, room * sizeof(*names));
        if (!names)
            return -ENOMEM;
        list->name = names;
        list->room = room;
    }
    char *const copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    list->name[list->count++] = copy;
    list->len_bytes += strlen(name) + 1;
    return 0;
}

static int read_names(DIR *folder, struct name_list *list)
{
    const struct dirent *entry;
    int err = 0;
    while (err == 0 && list->count < ROOT_MAX_NAMES && (errno = 0, entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = add_name(list, entry->d_name);
    return err < 0 ? err : list->count == ROOT_MAX_NAMES ? 0 : error_of(errno);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Pointers and texts in one piece. */
static int pack_names(const struct name_list *list, struct root_names **out)
{
    struct root_names *const names =
        malloc(sizeof(*names) + list->count * sizeof(names->name[0]) + list->len_bytes);
    if (!names)
        return -ENOMEM;
    char *text = (char *)&names->name[list->count];
    names->count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const size_t len_bytes = strlen(list->name[i]) + 1;
        names->name[i] = memcpy(text, list->name[i], len_bytes);
        text += len_bytes;
    }
    *out = names;
    return 0;
}

static int list_fd(int *fd, struct root_names **out)
{
    DIR *const folder = fdopendir(*fd);
    if (!folder)
        return error_of(errno);
    *fd = -1; /* closedir() closes it */
    struct name_list list = { .name = NULL };
    int err = read_names(folder, &list);
    closedir(folder);
    if (err == 0 && list.count > 0)
        qsort(list.name, list.count, sizeof(*list.name), compare_names);
    if (err == 0)
        err = pack_names(&list, out);
    free_names(&list);
    return err;
}

int root_list(struct root *root, const char *path, struct root_names **names)
{
    autoclose int fd =
        root_denied(root, path) ? -EACCES : root_open_path(root, path, O_RDONLY | O_DIRECTORY);
    if (fd == -EACCES)
        root_tell(root, ROOT_EVENT_DENIED, path);
    if (fd < 0)
        return steal_fd(&fd);
    const int err = list_fd(&fd, names);
    if (err == 0)
        root_tell(root, ROOT_EVENT_LIST, path);
    return err;
}
