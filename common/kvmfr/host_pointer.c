/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kvmfr/host_private.h"

static int16_t clamp_i16(int32_t v)
{
    return (int16_t)(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v);
}

static int keep_shape(struct kvmfr_host *host, const struct cursor_shape *shape)
{
    const uint32_t bytes = shape->pitch_bytes * cursor_shape_rows(shape);
    uint8_t *data = malloc(bytes);
    if (!data)
        return -ENOMEM;
    memcpy(data, shape->data, bytes);
    cursor_shape_fini(&host->pointer.shape);
    host->pointer.shape = *shape;
    host->pointer.shape.data = data;
    host->pointer.shape.data_bytes = bytes;
    host->pointer.shape_owed = true;
    return 0;
}

static void remember_post(struct kvmfr_host *host, int8_t large)
{
    int8_t *const h = host->pointer.history;
    memmove(h, h + 1, sizeof(host->pointer.history) - 1);
    h[KVMFR_POINTER_SLOTS - 1] = large;
}

/* Messages retire in order, so the unread ones are among the newest `pending` posts. (Posts that
 * found no listener do not count as pending, but then nobody was reading the older ones either.)
 * -1: every large buffer is still being read. */
static int free_large(const struct kvmfr_host *host, uint32_t pending)
{
    bool used[KVMFR_SHAPE_BUFFERS] = { false };
    for (uint32_t i = 0; i < pending && i < KVMFR_POINTER_SLOTS; i++) {
        const int8_t large = host->pointer.history[KVMFR_POINTER_SLOTS - 1 - i];
        if (large >= 0)
            used[large] = true;
    }
    for (uint32_t i = 0; i < KVMFR_SHAPE_BUFFERS; i++) {
        const uint32_t candidate = (host->pointer.next_large + i) % KVMFR_SHAPE_BUFFERS;
        if (!used[candidate])
            return (int)candidate;
    }
    return -1;
}

static uint32_t state_flags(const struct kvmfr_host *host)
{
    return KVMFR_POINTER_POSITION | (host->pointer.now.visible ? KVMFR_POINTER_VISIBLE : 0);
}

static int post_shape(struct kvmfr_host *host, uint32_t pending, uint64_t now_ms)
{
    const struct cursor_shape *s = &host->pointer.shape;
    const int large = free_large(host, pending);
    if (large < 0)
        return -EAGAIN;
    const struct lgmp_payload *p = &host->pointer.large[large];
    const struct kvmfr_wire_pointer w = {
        .x = clamp_i16(host->pointer.now.x_px),
        .y = clamp_i16(host->pointer.now.y_px),
        .shape_type = (uint32_t)s->type - 1,
        .hot_x = (uint8_t)s->hot_x_px,
        .hot_y = (uint8_t)s->hot_y_px,
        .width = s->width_px,
        .height = cursor_shape_rows(s),
        .pitch = s->pitch_bytes,
    };
    memcpy(p->mem, &w, sizeof(w));
    memcpy((uint8_t *)p->mem + sizeof(w), s->data, s->data_bytes);
    if (kvmfr_host_post_pointer(host, state_flags(host) | KVMFR_POINTER_SHAPE, p, now_ms) !=
        LGMP_OK)
        return -EAGAIN;
    host->pointer.next_large = ((uint32_t)large + 1) % KVMFR_SHAPE_BUFFERS;
    remember_post(host, (int8_t)large);
    return 0;
}

/* There are as many small buffers as messages can be pending, so the next one in turn is free when
 * the queue has room. */
static int post_state(struct kvmfr_host *host, uint64_t now_ms)
{
    const struct lgmp_payload *p = &host->pointer.small[host->pointer.next_small];
    const int16_t at[2] = { clamp_i16(host->pointer.now.x_px), clamp_i16(host->pointer.now.y_px) };
    memcpy(p->mem, at, sizeof(at));
    if (kvmfr_host_post_pointer(host, state_flags(host), p, now_ms) != LGMP_OK)
        return -EAGAIN;
    host->pointer.next_small = (host->pointer.next_small + 1) % KVMFR_POINTER_BUFFERS;
    remember_post(host, -1);
    return 0;
}

/* Sends the newest state if it is owed: what could not be queued in between is not worth sending
 * any more. */
static int post_owed(struct kvmfr_host *host, uint64_t now_ms)
{
    if (!host->pointer.state_owed && !host->pointer.shape_owed)
        return 0;
    const uint32_t pending = kvmfr_host_pending(host, true);
    if (pending >= KVMFR_POINTER_SLOTS)
        return -EAGAIN;
    const int err =
        host->pointer.shape_owed ? post_shape(host, pending, now_ms) : post_state(host, now_ms);
    if (err == 0) {
        host->pointer.state_owed = false;
        host->pointer.shape_owed = false;
        kvmfr_host_ring(host, KVMFR_BELL_POINTER);
    }
    return err;
}

int kvmfr_host_pointer(struct kvmfr_host *host, int32_t x_px, int32_t y_px, bool visible,
                       const struct cursor_shape *shape, uint64_t now_ms)
{
    const struct pointer_state next = { x_px, y_px, visible };
    if (shape) {
        if (cursor_shape_fault(shape) || !shape->data || shape->hot_x_px > 255 ||
            shape->hot_y_px > 255 ||
            (uint64_t)shape->pitch_bytes * cursor_shape_rows(shape) +
                    sizeof(struct kvmfr_wire_pointer) >
                host->config.shape_bytes)
            return -EINVAL;
        const int err = keep_shape(host, shape);
        if (err < 0)
            return err;
    }
    const struct pointer_state *now = &host->pointer.now;
    if (!host->pointer.known || next.x_px != now->x_px || next.y_px != now->y_px ||
        next.visible != now->visible)
        host->pointer.state_owed = true;
    host->pointer.now = next;
    host->pointer.known = true;
    return post_owed(host, now_ms);
}

void kvmfr_host_pointer_repeat(struct kvmfr_host *host, uint64_t now_ms)
{
    if (kvmfr_host_take_new(host, true)) {
        host->pointer.state_owed |= host->pointer.known;
        host->pointer.shape_owed |= host->pointer.shape.type != CURSOR_NONE;
    }
    (void)post_owed(host, now_ms); /* still full: the next call tries again */
}
