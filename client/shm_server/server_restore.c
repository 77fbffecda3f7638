/* SPDX-License-Identifier: GPL-2.0-or-later
 * What systemd kept of the process before this one: for each peer "peer-ID", its connection, and
 * "bell-ID-VECTOR". Connections that ended meanwhile are missing, their bells are not. */
#define LOG_MODULE "shm-server"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "shm_server/server_private.h"

struct kept {
    struct notify_given *given; /* the descriptor is taken out of it */
    unsigned id, vector;
    bool is_bell;
};

static bool read_name(struct notify_given *given, struct kept *out)
{
    char rest;
    *out = (struct kept){ .given = given };
    if (given->fd < 0)
        return false;
    out->is_bell = sscanf(given->name, "bell-%5u-%2u%c", &out->id, &out->vector, &rest) == 2;
    if (!out->is_bell && sscanf(given->name, "peer-%5u%c", &out->id, &rest) != 1)
        return false;
    return out->id < SHM_SERVER_MAX_PEERS && out->vector < IVSHMEM_MAX_VECTORS;
}

/* By id, its connection first, then its bells in order. */
static int by_peer(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    if (x->is_bell != y->is_bell)
        return x->is_bell ? 1 : -1;
    return x->vector < y->vector ? -1 : x->vector > y->vector;
}

static bool is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The bells of one peer, 0, 1, 2 ... without a gap; NULL if it is not like that. */
static int *take_bells(struct kept *kept, size_t count)
{
    int *bells = count > 0 && count <= IVSHMEM_MAX_VECTORS ? malloc(count * sizeof(*bells)) : NULL;
    for (size_t i = 0; bells && i < count; i++) {
        if (!kept[i].is_bell || kept[i].vector != i) {
            free(bells);
            return NULL;
        }
        bells[i] = kept[i].given->fd;
    }
    for (size_t i = 0; bells && i < count; i++)
        kept[i].given->fd = -1;
    return bells;
}

static void forget(const struct shm_server *s, const struct kept *kept, size_t count)
{
    for (size_t i = 0; i < count; i++)
        notify_forget(s->config.notify, kept[i].given->name);
}

/* All that was kept of one id. */
static bool restore_one(struct shm_server *s, struct kept *kept, size_t count)
{
    const bool connected = !kept[0].is_bell && is_socket(kept[0].given->fd);
    int *bells = connected ? take_bells(kept + 1, count - 1) : NULL;
    if (!bells) {
        forget(s, kept, count);
        return false;
    }
    struct shm_peer *p = shm_peer_create(s, steal_fd(&kept[0].given->fd), (uint16_t)kept[0].id,
                                         bells, (uint16_t)(count - 1));
    if (!p || !shm_server_add(s, p)) {
        forget(s, kept, count);
        return false;
    }
    p->stored = true;
    s->next_id = (uint16_t)((p->id + 1u) % SHM_SERVER_MAX_PEERS);
    return true;
}

static size_t end_of_id(const struct kept *kept, size_t from, size_t count)
{
    size_t to = from + 1;
    while (to < count && kept[to].id == kept[from].id)
        to++;
    return to;
}

/* Two passes: who is there has to be known before it can be told who is not. */
static void restore_all(struct shm_server *s, struct kept *kept, size_t count)
{
    for (size_t from = 0; from < count; from = end_of_id(kept, from, count))
        (void)restore_one(s, kept + from, end_of_id(kept, from, count) - from);
    for (size_t from = 0; from < count; from = end_of_id(kept, from, count)) {
        if (!s->by_id[kept[from].id])
            shm_server_tell_gone(s, (uint16_t)kept[from].id, 0);
    }
}

size_t shm_server_restore(struct shm_server *s, struct notify_given *given, size_t given_count)
{
    struct kept *kept = malloc((given_count + 1) * sizeof(*kept));
    size_t count = 0;
    for (size_t i = 0; kept && i < given_count; i++)
        count += read_name(&given[i], &kept[count]);
    if (count > 0) {
        qsort(kept, count, sizeof(*kept), by_peer);
        restore_all(s, kept, count);
        for (size_t i = 0; i < s->count; i++)
            shm_peer_flush(s->peers[i]);
        shm_server_sweep(s);
        log_info("peers that go on where the server before this one left off: %zu", s->count);
    }
    free(kept);
    return s->count;
}
