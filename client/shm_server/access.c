/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm_server/access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { NAME_BYTES = 64, MAX_PEER_GROUPS = 65536 /* NGROUPS_MAX of the kernel */ };

static bool number_of(const char *name, uint32_t *out)
{
    char *end;
    errno = 0;
    const unsigned long v = strtoul(name, &end, 10);
    if (name[0] < '0' || name[0] > '9' || *end || errno || v >= UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool find_user(const char *name, uint32_t *out)
{
    if (number_of(name, out))
        return true;
    const struct passwd *entry = getpwnam(name);
    if (entry)
        *out = entry->pw_uid;
    return entry != NULL;
}

static bool find_group(const char *name, uint32_t *out)
{
    if (number_of(name, out))
        return true;
    const struct group *entry = getgrnam(name);
    if (entry)
        *out = entry->gr_gid;
    return entry != NULL;
}

/* One of the two lists. */
struct list {
    bool is_group;
    bool (*find)(const char *name, uint32_t *out);
    uint32_t *ids;
    size_t *count;
};

static int add(const struct list *l, const char *names, bool lenient, char *why, size_t why_bytes)
{
    while (*names) {
        const size_t len = strcspn(names, ",");
        char name[NAME_BYTES];
        uint32_t id;
        snprintf(name, sizeof(name), "%.*s", (int)len, names);
        names += len + (names[len] == ',');
        const char *word = name + strspn(name, " ");
        if (!*word)
            continue;
        const bool known = len < sizeof(name) && l->find(word, &id);
        if (!known && lenient)
            continue;
        if (!known) {
            snprintf(why, why_bytes,
                     l->is_group ? _("there is no group '%s' here")
                                 : _("there is no user '%s' here"),
                     word);
            return -EINVAL;
        }
        if (*l->count == SHM_ACCESS_MAX) {
            snprintf(why, why_bytes,
                     l->is_group ? _("more than %d groups") : _("more than %d users"),
                     SHM_ACCESS_MAX);
            return -EINVAL;
        }
        l->ids[(*l->count)++] = id;
    }
    return 0;
}

int shm_access_add_users(struct shm_access *a, const char *names, bool lenient, char *why,
                         size_t why_bytes)
{
    const struct list l = { false, find_user, a->users, &a->user_count };
    return add(&l, names, lenient, why, why_bytes);
}

int shm_access_add_groups(struct shm_access *a, const char *names, bool lenient, char *why,
                          size_t why_bytes)
{
    const struct list l = { true, find_group, a->groups, &a->group_count };
    return add(&l, names, lenient, why, why_bytes);
}

int shm_access_client(int socket_fd, struct shm_client *out)
{
    struct ucred cred;
    socklen_t len_bytes = sizeof(cred);
    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len_bytes) != 0)
        return -errno;
    *out = (struct shm_client){ .pid = cred.pid, .uid = cred.uid, .gid = cred.gid };
    return 0;
}

static bool has(const uint32_t *ids, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static bool has_one_of(const struct shm_access *a, const gid_t *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has(a->groups, a->group_count, groups[i]))
            return true;
    }
    return false;
}

static bool allows_other_groups(const struct shm_access *a, int socket_fd)
{
    gid_t few[64];
    socklen_t len_bytes = sizeof(few);
    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERGROUPS, few, &len_bytes) == 0)
        return has_one_of(a, few, len_bytes / sizeof(few[0]));
    if (errno != ERANGE || len_bytes > MAX_PEER_GROUPS * sizeof(gid_t))
        return false;
    autofree gid_t *many = malloc(len_bytes);
    if (!many || getsockopt(socket_fd, SOL_SOCKET, SO_PEERGROUPS, many, &len_bytes) != 0)
        return false;
    return has_one_of(a, many, len_bytes / sizeof(many[0]));
}

bool shm_access_allows(const struct shm_access *a, int socket_fd, const struct shm_client *client)
{
    return client->uid == 0 || client->uid == geteuid() ||
           has(a->users, a->user_count, client->uid) ||
           has(a->groups, a->group_count, client->gid) || allows_other_groups(a, socket_fd);
}
