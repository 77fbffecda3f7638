/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/ivshmem_wire.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

void ivshmem_wire_init(struct ivshmem_wire *w)
{
    *w = (struct ivshmem_wire){ .fd = -1 };
}

size_t ivshmem_wire_wants(const struct ivshmem_wire *w)
{
    return IVSHMEM_NUMBER_BYTES - w->have_bytes;
}

static int64_t number_of(const uint8_t bytes[IVSHMEM_NUMBER_BYTES])
{
    uint64_t v = 0;
    for (int i = IVSHMEM_NUMBER_BYTES - 1; i >= 0; i--)
        v = v << 8 | bytes[i];
    return (int64_t)v;
}

static bool is_id(int64_t number)
{
    return number >= 0 && number <= IVSHMEM_MAX_ID;
}

static enum ivshmem_event_type version_event(int64_t number, bool with_fd)
{
    if (with_fd)
        return IVSHMEM_EVENT_BAD;
    if (number == IVSHMEM_VERSION)
        return IVSHMEM_EVENT_VERSION;
    return number == IVSHMEM_REFUSED_USER || number == IVSHMEM_REFUSED_FULL ||
                   number == IVSHMEM_REFUSED_FDS
               ? IVSHMEM_EVENT_REFUSED
               : IVSHMEM_EVENT_WRONG_VERSION;
}

static enum ivshmem_event_type type_of(const struct ivshmem_wire *w, int64_t number, bool with_fd)
{
    switch (w->numbers_seen) {
    case 0:
        return version_event(number, with_fd);
    case 1:
        return is_id(number) && !with_fd ? IVSHMEM_EVENT_OWN_ID : IVSHMEM_EVENT_BAD;
    case 2:
        return number == -1 && with_fd ? IVSHMEM_EVENT_MEMORY : IVSHMEM_EVENT_BAD;
    default:
        if (!is_id(number) || (number == w->own_id && !with_fd))
            return IVSHMEM_EVENT_BAD;
        return with_fd ? IVSHMEM_EVENT_VECTOR : IVSHMEM_EVENT_GONE;
    }
}

void ivshmem_wire_push(struct ivshmem_wire *w, const uint8_t *bytes, size_t len_bytes, int fd,
                       struct ivshmem_event *out)
{
    assert(len_bytes <= ivshmem_wire_wants(w));
    if (fd >= 0 && w->fd >= 0) {
        *out = (struct ivshmem_event){ .type = IVSHMEM_EVENT_BAD, .fd = w->fd };
        w->fd = -1;
        return;
    }
    if (fd >= 0)
        w->fd = fd;
    memcpy(w->bytes + w->have_bytes, bytes, len_bytes);
    w->have_bytes += len_bytes;
    if (w->have_bytes < IVSHMEM_NUMBER_BYTES) {
        *out = (struct ivshmem_event){ .type = IVSHMEM_EVENT_NONE, .fd = -1 };
        return;
    }
    const int64_t number = number_of(w->bytes);
    *out = (struct ivshmem_event){ .type = type_of(w, number, w->fd >= 0),
                                   .id = is_id(number) ? (uint16_t)number : 0,
                                   .fd = w->fd,
                                   .number = number };
    if (out->type == IVSHMEM_EVENT_OWN_ID)
        w->own_id = out->id;
    if (w->numbers_seen < 3)
        w->numbers_seen++;
    w->have_bytes = 0;
    w->fd = -1;
}

void ivshmem_wire_put(int64_t number, uint8_t bytes[IVSHMEM_NUMBER_BYTES])
{
    const uint64_t v = (uint64_t)number;
    for (int i = 0; i < IVSHMEM_NUMBER_BYTES; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
}
