/* SPDX-License-Identifier: GPL-2.0-or-later
 * evrecord: prints what the guest's input devices report, one line each:
 *     device NAME                  one appeared, and is read from now on
 *     ev TYPE CODE VALUE NAME      numbers of linux/input-event-codes.h; no SYN, no MSC
 * Devices may come at any time. Ends when it is killed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/input.h>

#define INPUT "/dev/input"
enum { DEVICES_MAX = 16, LOOK_MS = 100 };

struct device {
    char file[32]; /* "" if the slot is free */
    char name[80];
};

struct recorder {
    struct device devices[DEVICES_MAX];
    struct pollfd fds[DEVICES_MAX]; /* fd -1: free */
};

static bool known(const struct recorder *r, const char *file)
{
    for (size_t i = 0; i < DEVICES_MAX; i++)
        if (strcmp(r->devices[i].file, file) == 0)
            return true;
    return false;
}

static void add(struct recorder *r, const char *file)
{
    char path[64];
    size_t i = 0;
    while (i < DEVICES_MAX && r->fds[i].fd >= 0)
        i++;
    snprintf(path, sizeof(path), INPUT "/%.31s", file);
    const int fd = i < DEVICES_MAX ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return;
    struct device *d = &r->devices[i];
    snprintf(d->file, sizeof(d->file), "%.31s", file);
    if (ioctl(fd, EVIOCGNAME(sizeof(d->name)), d->name) < 0)
        snprintf(d->name, sizeof(d->name), "nameless");
    r->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
    printf("device %s\n", d->name);
}

static void look_for_new(struct recorder *r)
{
    DIR *dir = opendir(INPUT);
    for (const struct dirent *e; dir && (e = readdir(dir));)
        if (strncmp(e->d_name, "event", 5) == 0 && !known(r, e->d_name))
            add(r, e->d_name);
    if (dir)
        closedir(dir);
}

static void read_device(struct recorder *r, size_t i)
{
    struct input_event events[64];
    const ssize_t got = read(r->fds[i].fd, events, sizeof(events));
    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        close(r->fds[i].fd);
        r->fds[i].fd = -1;
        r->devices[i].file[0] = '\0';
        return;
    }
    for (size_t n = 0; n < (size_t)got / sizeof(events[0]); n++)
        if (events[n].type != EV_SYN && events[n].type != EV_MSC)
            printf("ev %d %d %d %s\n", events[n].type, events[n].code, events[n].value,
                   r->devices[i].name);
}

int main(void)
{
    static char line[4096];
    struct recorder r = { 0 };
    for (size_t i = 0; i < DEVICES_MAX; i++)
        r.fds[i].fd = -1;
    setvbuf(stdout, line, _IOLBF, sizeof(line)); /* others write to the console as well */
    for (;;) {
        look_for_new(&r);
        if (poll(r.fds, DEVICES_MAX, LOOK_MS) < 0 && errno != EINTR)
            return 1;
        for (size_t i = 0; i < DEVICES_MAX; i++)
            if (r.fds[i].fd >= 0 && r.fds[i].revents)
                read_device(&r, i);
    }
}
