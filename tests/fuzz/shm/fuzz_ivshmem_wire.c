/* SPDX-License-Identifier: GPL-2.0-or-later
 * An ivshmem server's words, in pieces of any length, with descriptors anywhere. Each piece begins
 * with a byte: its length in the low four bits, how many descriptors come with it in the next two.
 * Each descriptor comes out exactly once, or stays the parser's or the caller's. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "shm/ivshmem_wire.h"

enum { FIRST_FD = 1000 };

struct run {
    struct ivshmem_wire wire;
    int next_fd;
    int out; /* descriptors that were handed back */
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_event(struct run *r, const struct ivshmem_event *e, int given, unsigned seen)
{
    static const enum ivshmem_event_type fixed[] = { IVSHMEM_EVENT_VERSION, IVSHMEM_EVENT_OWN_ID,
                                                     IVSHMEM_EVENT_MEMORY };
    static const bool needs_fd[] = { [IVSHMEM_EVENT_MEMORY] = true, [IVSHMEM_EVENT_VECTOR] = true };
    require(e->type <= IVSHMEM_EVENT_BAD);
    if (e->type == IVSHMEM_EVENT_NONE) {
        require(e->fd < 0 && r->wire.have_bytes < IVSHMEM_NUMBER_BYTES);
        return;
    }
    if (e->type < ARRAY_LEN(needs_fd))
        require((e->fd >= 0) == needs_fd[e->type]);
    /* The greeting's fixed part, in its order. */
    if (e->type < IVSHMEM_EVENT_REFUSED)
        require(e->type == (seen < 3 ? fixed[seen] : e->type) &&
                (seen < 3) == (e->type <= IVSHMEM_EVENT_MEMORY));
    if (e->fd >= 0)
        r->out++;
    if (e->type == IVSHMEM_EVENT_BAD && given >= 0 && e->fd != given)
        r->out++; /* the caller keeps it */
}

/* One recvmsg() of ivshmem_link_linux.c. Returns how many bytes it took. */
static size_t piece(struct run *r, uint8_t head, const uint8_t *data, size_t len_bytes)
{
    const uint64_t wants = ivshmem_wire_wants(&r->wire);
    require(wants >= 1 && wants <= IVSHMEM_NUMBER_BYTES);
    const size_t take =
        (size_t)min_u64(min_u64(wants, (head & 15u) ? (head & 15u) : 1u), len_bytes);
    const int fd = head & 0x30u ? r->next_fd++ : -1;
    const unsigned seen = r->wire.numbers_seen;
    struct ivshmem_event e;
    ivshmem_wire_push(&r->wire, data, take, fd, &e);
    check_event(r, &e, fd, seen);
    return take;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct run r = { .next_fd = FIRST_FD };
    ivshmem_wire_init(&r.wire);
    size_t at = 0;
    while (at + 1 < len_bytes) {
        const uint8_t head = data[at++];
        at += piece(&r, head, data + at, len_bytes - at);
    }
    require(r.next_fd - FIRST_FD == r.out + (r.wire.fd >= 0));
    return 0;
}
