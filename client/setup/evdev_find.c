/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/evdev_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES_MAX = 64 };

struct devices {
    enum evdev_kind kind;
    size_t count;
    bool denied;
    struct pollfd fd[DEVICES_MAX]; /* owned */
    dev_t number[DEVICES_MAX];
    ino_t inode[DEVICES_MAX];
    char path[DEVICES_MAX][EVDEV_PATH_BYTES]; /* without the prefix */
};

static bool name_fits(const char *name, enum evdev_kind kind)
{
    const char *const suffix = kind == EVDEV_KEYBOARD ? "-event-kbd" : "-event-mouse";
    const size_t len_bytes = strlen(name), suffix_bytes = strlen(suffix);
    return len_bytes > suffix_bytes && strcmp(name + len_bytes - suffix_bytes, suffix) == 0;
}

/* by-id and by-path name the same devices. */
static bool is_known(const struct devices *d, const struct stat *st)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->number[i] == st->st_dev && d->inode[i] == st->st_ino)
            return true;
    return false;
}

static void add(struct devices *d, const char *prefix, const char *path)
{
    char whole[2 * EVDEV_PATH_BYTES];
    struct stat st;
    snprintf(whole, sizeof(whole), "%s%s", prefix, path);
    if (d->count == DEVICES_MAX)
        return;
    const int fd = open(whole, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        d->denied = d->denied || errno == EACCES;
        return;
    }
    if (fstat(fd, &st) < 0 || is_known(d, &st)) {
        close(fd);
        return;
    }
    d->fd[d->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    d->number[d->count] = st.st_dev;
    d->inode[d->count] = st.st_ino;
    snprintf(d->path[d->count++], EVDEV_PATH_BYTES, "%s", path);
}

static void open_folder(struct devices *d, const char *prefix, const char *folder)
{
    char whole[EVDEV_PATH_BYTES], path[EVDEV_PATH_BYTES];
    snprintf(whole, sizeof(whole), "%s%s", prefix, folder);
    DIR *dir = opendir(whole);
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (name_fits(entry->d_name, d->kind) && n > 0 && (size_t)n < sizeof(path))
            add(d, prefix, path);
    }
    closedir(dir);
}

static bool is_meant(const struct input_event *event, enum evdev_kind kind)
{
    if (kind == EVDEV_MOUSE)
        return event->type == EV_REL;
    return event->type == EV_KEY && event->value == 1 && event->code < BTN_MISC;
}

static bool reports(struct pollfd *fd, enum evdev_kind kind)
{
    struct input_event events[16];
    const ssize_t n = read(fd->fd, events, sizeof(events));
    if (n <= 0 && !(n < 0 && errno == EAGAIN))
        fd->fd = -1 - fd->fd; /* it was unplugged: poll leaves it out */
    for (ssize_t i = 0; i < n / (ssize_t)sizeof(events[0]); i++)
        if (is_meant(&events[i], kind))
            return true;
    return false;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What was pressed before we asked does not count. */
static void drain(struct devices *d)
{
    for (size_t i = 0; i < d->count; i++) {
        char old[4096];
        while (read(d->fd[i].fd, old, sizeof(old)) > 0)
            ;
    }
}

static int await(struct devices *d, int wait_ms, char path[EVDEV_PATH_BYTES])
{
    const int64_t end_ms = now_ms() + wait_ms;
    for (int64_t left_ms = wait_ms; left_ms > 0; left_ms = end_ms - now_ms()) {
        if (poll(d->fd, d->count, (int)left_ms) < 0 && errno != EINTR)
            return -errno;
        for (size_t i = 0; i < d->count; i++)
            if ((d->fd[i].revents & (POLLIN | POLLHUP)) && reports(&d->fd[i], d->kind)) {
                memcpy(path, d->path[i], EVDEV_PATH_BYTES);
                return 0;
            }
    }
    return -ETIMEDOUT;
}

int evdev_find(const char *prefix, enum evdev_kind kind, int wait_ms, char path[EVDEV_PATH_BYTES])
{
    struct devices d = { .kind = kind };
    open_folder(&d, prefix, "/dev/input/by-id");
    open_folder(&d, prefix, "/dev/input/by-path");
    int err = d.denied ? -EACCES : -ENOENT;
    if (d.count > 0) {
        drain(&d);
        err = await(&d, wait_ms, path);
    }
    for (size_t i = 0; i < d.count; i++)
        close(d.fd[i].fd < 0 ? -1 - d.fd[i].fd : d.fd[i].fd);
    return err;
}
