/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tells an observer what was looked at, by real paths, and which links led there. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine/root_private.h"

enum { LINKS_MAX = 40 }; /* the kernel's own limit on one way */

/* Folders passed so far, and names still to go. */
struct walk {
    char done[PATH_MAX], rest[PATH_MAX];
    int links;
};

static bool observed(const struct root *root)
{
    const struct root_observer *const o = &root->observer;
    return o->on_file || o->on_link || o->on_stat || o->on_list || o->on_denied;
}

/* The link's text, if `path` is one. */
static bool link_text(const struct root *root, const char *path, char text[PATH_MAX])
{
    autoclose int fd = root_open_path(root, path, O_PATH | O_NOFOLLOW);
    const ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", text, PATH_MAX - 1);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return true;
}

static void leave_folder(char *path)
{
    char *const slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
}

/* Puts what a link says before the names still to go. */
static bool follow(struct walk *w, const char *target)
{
    char rest[PATH_MAX];
    if (snprintf(rest, sizeof(rest), "%s/%s", target, w->rest) >= (int)sizeof(rest))
        return false;
    if (target[0] == '/')
        w->done[0] = '\0';
    memcpy(w->rest, rest, strlen(rest) + 1);
    return ++w->links <= LINKS_MAX;
}

/* One name on. `last_too`: a link at the end is followed as well. */
static bool step(const struct root *root, struct walk *w, bool last_too)
{
    char *rest = w->rest, name[NAME_MAX + 1], next[PATH_MAX], target[PATH_MAX];
    const char *const part = strsep(&rest, "/");
    if (snprintf(name, sizeof(name), "%s", part) >= (int)sizeof(name))
        return false;
    if (rest)
        memmove(w->rest, rest, strlen(rest) + 1);
    else
        w->rest[0] = '\0';
    if (name[0] == '\0' || strcmp(name, ".") == 0)
        return true;
    if (strcmp(name, "..") == 0) {
        leave_folder(w->done);
        return true;
    }
    if (snprintf(next, sizeof(next), "%s/%s", w->done, name) >= (int)sizeof(next))
        return false;
    if (link_text(root, next, target)) {
        if (root->observer.on_link)
            root->observer.on_link(root->observer.ctx, next, target);
        if (w->rest[0] || last_too)
            return follow(w, target);
    }
    memcpy(w->done, next, strlen(next) + 1);
    return true;
}

/* Walks to `path`, telling the links. False: nothing can be told of it. */
static bool walk_to(const struct root *root, const char *path, bool last_too, struct walk *w)
{
    w->done[0] = '\0';
    w->links = 0;
    if (!observed(root) || snprintf(w->rest, sizeof(w->rest), "%s", path) >= (int)sizeof(w->rest))
        return false;
    while (w->rest[0])
        if (!step(root, w, last_too))
            return false;
    if (w->done[0] == '\0')
        snprintf(w->done, sizeof(w->done), "/");
    return true;
}

void root_tell(const struct root *root, enum root_event event, const char *path)
{
    struct walk w;
    const struct root_observer *const o = &root->observer;
    void (*const tell)(void *, const char *) = event == ROOT_EVENT_LIST ? o->on_list : o->on_denied;
    if (walk_to(root, path, true, &w) && tell)
        tell(o->ctx, w.done);
}

void root_tell_file(const struct root *root, const char *path, const char *text, size_t len_bytes)
{
    struct walk w;
    if (walk_to(root, path, true, &w) && root->observer.on_file)
        root->observer.on_file(root->observer.ctx, w.done, text, len_bytes);
}

void root_tell_link(const struct root *root, const char *path)
{
    struct walk w;
    (void)walk_to(root, path, false, &w); /* the walk tells all links, this one too */
}

void root_tell_stat(const struct root *root, const char *path, const struct root_stat *stat)
{
    struct walk w;
    if (walk_to(root, path, true, &w) && root->observer.on_stat)
        root->observer.on_stat(root->observer.ctx, w.done, stat);
}

void root_tell_command(const struct root *root, const char *name, int status, const char *text,
                       size_t len_bytes)
{
    if (root->observer.on_command)
        root->observer.on_command(root->observer.ctx, name, status, text, len_bytes);
}
