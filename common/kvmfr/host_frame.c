/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/checked.h"
#include "kvmfr/host_private.h"
#include "kvmfr/sizing.h"
#include "lgmp/fence.h"

#define LAYOUT_FLAGS (FRAME_FLAG_TRUNCATED | FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ)

enum { ACTIVATION_MS = 250 };

static _Atomic uint32_t *write_pointer_of(const struct kvmfr_host *host, uint32_t buffer)
{
    uint8_t *payload = host->frame.buffers[buffer].payload.mem;
    return (_Atomic uint32_t *)(void *)(payload + host->config.align_bytes - 4);
}

static void set_write_pointer(struct kvmfr_host *host, uint32_t buffer, uint32_t bytes)
{
    host->frame.buffers[buffer].raised_bytes = bytes;
    /* The pixel stores may be non-temporal or go through a write-combined mapping: only a store
     * fence orders those. */
    fence_writes();
    /* release: pairs with the acquire in frame_view_ready_bytes() */
    atomic_store_explicit(write_pointer_of(host, buffer), bytes, memory_order_release);
}

static bool damage_valid(const struct kvmfr_frame_desc *d)
{
    if (d->damage_count > FRAME_MAX_DAMAGE || (d->damage_count > 0 && !d->damage))
        return false;
    for (uint32_t i = 0; i < d->damage_count; i++) {
        const struct frame_rect *r = &d->damage[i];
        if (!range_inside(r->x_px, r->width_px, d->width_px) ||
            !range_inside(r->y_px, r->height_px, d->height_px))
            return false;
    }
    return true;
}

static uint32_t screen_or(uint32_t screen_px, uint32_t frame_px)
{
    return screen_px ? screen_px : frame_px;
}

/* Checks the description and works out what is derived from it. 0, -EINVAL, -ENOSPC. */
static int layout_of(const struct kvmfr_host *host, const struct kvmfr_frame_desc *d,
                     struct frame_layout *out)
{
    const struct frame_format_info *fmt = frame_format_find((uint32_t)d->format);
    const uint32_t screen_width = screen_or(d->screen_width_px, d->width_px);
    const uint32_t screen_height = screen_or(d->screen_height_px, d->height_px);
    if (!fmt || d->width_px == 0 || d->width_px > FRAME_MAX_PX || d->height_px == 0 ||
        d->height_px > FRAME_MAX_PX || screen_width > FRAME_MAX_PX ||
        screen_height > FRAME_MAX_PX || d->rotation > FRAME_ROTATE_270 || !damage_valid(d))
        return -EINVAL;
    const uint32_t pitch = d->pitch_bytes ? d->pitch_bytes : kvmfr_default_pitch(fmt, d->width_px);
    if (pitch % fmt->unit_bytes != 0 || pitch / fmt->bytes_per_pixel < d->width_px)
        return -EINVAL;

    const uint32_t capacity = host->frame.buffers[0].payload.len_bytes - host->config.align_bytes;
    const uint32_t rows = min_u32(d->height_px, capacity / pitch);
    if (rows == 0)
        return -ENOSPC;
    *out = (struct frame_layout){
        .type = (uint32_t)d->format,
        .width = d->width_px,
        .height = d->height_px,
        .screen_width = screen_width,
        .screen_height = screen_height,
        .rotation = (uint32_t)d->rotation,
        .pitch = pitch,
        .rows = rows,
        .flags = (d->flags & LAYOUT_FLAGS & ~FRAME_FLAG_TRUNCATED) |
                 (rows < d->height_px ? FRAME_FLAG_TRUNCATED : 0),
    };
    return 0;
}

/* Section 3.1: whole pixels, except that BGR_32 counts the 4-byte units of a row, padding included,
 * in groups of 64. */
static uint32_t data_width_of(const struct frame_layout *l)
{
    if (l->type != FRAME_FORMAT_BGR_32)
        return l->width;
    const uint32_t units = (3 * l->width + 3) / 4;
    return min_u32((uint32_t)round_up_u64(units, 64), l->pitch / 4);
}

/* A viewer may skip the very frame that asks for activation: the mailbox's next ones ask again. */
static uint32_t activation_flag(struct kvmfr_host *host, uint32_t flags, uint64_t now_ms)
{
    if (flags & FRAME_FLAG_REQUEST_ACTIVATION)
        host->frame.activation_until_ms = now_ms + ACTIVATION_MS;
    if (!host->frame.mailbox || now_ms >= host->frame.activation_until_ms)
        return flags & FRAME_FLAG_REQUEST_ACTIVATION;
    return FRAME_FLAG_REQUEST_ACTIVATION;
}

static void fill_header(struct kvmfr_host *host, const struct frame_layout *l,
                        const struct kvmfr_frame_desc *d, uint64_t now_ms)
{
    struct kvmfr_wire_frame *w = &host->frame.header;
    *w = (struct kvmfr_wire_frame){
        .format_version = host->frame.format_version,
        .frame_serial = host->frame.next_serial,
        .frame_type = l->type,
        .screen_width = l->screen_width,
        .screen_height = l->screen_height,
        .data_width = data_width_of(l),
        .data_height = l->rows,
        .frame_width = l->width,
        .frame_height = l->height,
        .rotation = l->rotation,
        .stride = l->pitch / frame_format_find(l->type)->unit_bytes,
        .pitch = l->pitch,
        .fb_offset = host->config.align_bytes - 4,
        .damage_count = d->damage_count,
        .flags = l->flags | (d->flags & FRAME_FLAG_BLOCK_SCREENSAVER) |
                 activation_flag(host, d->flags, now_ms),
    };
    for (uint32_t i = 0; i < d->damage_count; i++) {
        const struct frame_rect *r = &d->damage[i];
        w->damage[i] = (struct kvmfr_wire_rect){ r->x_px, r->y_px, r->width_px, r->height_px };
    }
}

/* How many frames behind the content of `buffer` is; 0: it cannot be built upon. */
static uint32_t age_of(const struct kvmfr_host *host, uint32_t buffer)
{
    const struct frame_buffer *b = &host->frame.buffers[buffer];
    return b->format_version == host->frame.format_version ? host->frame.next_serial - b->serial
                                                           : 0;
}

static void bump_version_on_change(struct kvmfr_host *host, const struct frame_layout *l)
{
    if (memcmp(l, &host->frame.layout, sizeof(*l)) == 0)
        return;
    host->frame.layout = *l;
    if (++host->frame.format_version == 0) /* 0 means "content unknown" in a buffer */
        host->frame.format_version = 1;
}

static uint32_t need_bytes_of(const struct kvmfr_host *host, const struct frame_layout *l)
{
    return host->config.align_bytes + l->rows * l->pitch;
}

/* Decides where the frame goes. 0, -EAGAIN. */
static int choose_buffer(struct kvmfr_host *host, const struct frame_layout *l, uint64_t now_ms,
                         struct lgmp_audience *audience, uint32_t *buffer)
{
    const uint64_t whole_bytes = host->config.align_bytes + (uint64_t)l->height * l->pitch;
    kvmfr_host_mailbox_turn(host, whole_bytes, audience);
    return kvmfr_host_mailbox_choose(host, need_bytes_of(host, l), now_ms, buffer) ? 0 : -EAGAIN;
}

/* Tells everybody of the frame whose header is in `buffer`. In the mailbox a full queue is no
 * hindrance. 0, -EAGAIN. */
static int announce(struct kvmfr_host *host, uint32_t buffer, const struct lgmp_audience *audience,
                    uint64_t now_ms)
{
    const bool mailbox = host->frame.mailbox != 0;
    kvmfr_host_mailbox_show(host, buffer, host->frame.next_serial);
    const enum lgmp_result r =
        kvmfr_host_post_frame(host, buffer, mailbox ? audience : NULL, now_ms);
    if (r == LGMP_OK)
        kvmfr_host_mailbox_posted(host, buffer);
    if (r == LGMP_UNSUBSCRIBED) /* somebody came just now who may not see this buffer */
        kvmfr_host_mailbox_leave(host);
    return r == LGMP_OK || (r == LGMP_FULL && mailbox) ? 0 : -EAGAIN;
}

int kvmfr_host_begin_frame(struct kvmfr_host *host, const struct kvmfr_frame_desc *desc,
                           uint64_t now_ms, struct kvmfr_frame_writer *out)
{
    struct frame_layout layout;
    struct lgmp_audience audience;
    uint32_t buffer;
    int err = layout_of(host, desc, &layout);
    if (err == 0)
        err = choose_buffer(host, &layout, now_ms, &audience, &buffer);
    if (err < 0)
        return err;

    struct frame_buffer *b = &host->frame.buffers[buffer];
    bump_version_on_change(host, &layout);
    fill_header(host, &layout, desc, now_ms);
    const uint32_t age = age_of(host, buffer);
    kvmfr_host_mailbox_claim(host, buffer, need_bytes_of(host, &layout));
    set_write_pointer(host, buffer, 0);
    memcpy(b->payload.mem, &host->frame.header, sizeof(host->frame.header));
    kvmfr_host_timing_begin(host, buffer, host->frame.next_serial, desc->capture_ns);
    /* The write pointer must be seen as 0 by whoever sees this message; post fences. Newcomers get
     * this frame anyway. */
    (void)kvmfr_host_take_new(host, false);
    host->frame.repeat_owed = false;
    host->frame.any = false;
    err = announce(host, buffer, &audience, now_ms);
    if (err < 0)
        return err;

    host->frame.writing = true;
    host->frame.newest = buffer;
    *out = (struct kvmfr_frame_writer){
        .pixels = (uint8_t *)b->payload.mem + host->config.align_bytes,
        .pitch_bytes = layout.pitch,
        .rows_px = layout.rows,
        .serial = host->frame.next_serial++,
        .buffer = buffer,
        .age = age,
    };
    kvmfr_host_ring(host, KVMFR_BELL_FRAME);
    return 0;
}

void kvmfr_host_raise_rows(struct kvmfr_host *host, const struct kvmfr_frame_writer *writer,
                           uint32_t rows_px)
{
    const uint32_t bytes = min_u32(rows_px, writer->rows_px) * writer->pitch_bytes;
    if (bytes <= host->frame.buffers[writer->buffer].raised_bytes)
        return;
    if (rows_px >= writer->rows_px)
        kvmfr_host_timing_complete(host, writer->buffer);
    set_write_pointer(host, writer->buffer, bytes);
    if (rows_px >= writer->rows_px)
        kvmfr_host_ring(host, KVMFR_BELL_FRAME);
}

void kvmfr_host_end_frame(struct kvmfr_host *host, const struct kvmfr_frame_writer *writer)
{
    struct frame_buffer *b = &host->frame.buffers[writer->buffer];
    kvmfr_host_raise_rows(host, writer, writer->rows_px);
    b->serial = writer->serial;
    b->format_version = host->frame.format_version;
    host->frame.writing = false;
    host->frame.any = true;
}

/* The newest frame into a buffer that every viewer may see. Read back from the region: slow where
 * that is write-combined, but only done for a newcomer to a picture that stands still. */
static bool move_newest(struct kvmfr_host *host, uint64_t now_ms)
{
    const uint32_t from = host->frame.newest, align = host->config.align_bytes;
    const struct frame_buffer *f = &host->frame.buffers[from];
    uint32_t to;
    if (!kvmfr_host_mailbox_choose(host, f->used_bytes, now_ms, &to))
        return false;
    struct frame_buffer *t = &host->frame.buffers[to];
    kvmfr_host_mailbox_claim(host, to, f->used_bytes);
    set_write_pointer(host, to, 0);
    memcpy(t->payload.mem, f->payload.mem, align - 4); /* header and timing block */
    memcpy((uint8_t *)t->payload.mem + align, (const uint8_t *)f->payload.mem + align,
           f->used_bytes - align);
    t->serial = f->serial;
    t->format_version = f->format_version;
    t->raised_bytes = f->raised_bytes;
    host->frame.newest = to;
    return true;
}

void kvmfr_host_repeat_frame(struct kvmfr_host *host, uint64_t now_ms)
{
    struct lgmp_audience audience;
    if (kvmfr_host_take_new(host, false))
        host->frame.repeat_owed = true;
    if (!host->frame.repeat_owed || host->frame.writing || !host->frame.any)
        return;
    kvmfr_host_mailbox_check(host, &audience);
    const bool mailbox = host->frame.mailbox != 0;
    if (!mailbox && host->frame.newest >= KVMFR_FRAME_BUFFERS && !move_newest(host, now_ms))
        return;
    /* The header is as we left it, or a hostile client changed it: repaired. Not rewritten blindly,
     * others may be reading. */
    const uint32_t newest = host->frame.newest;
    const struct frame_buffer *b = &host->frame.buffers[newest];
    if (memcmp(b->payload.mem, &host->frame.header, sizeof(host->frame.header)) != 0)
        memcpy(b->payload.mem, &host->frame.header, sizeof(host->frame.header));
    set_write_pointer(host, newest, b->raised_bytes);
    if (kvmfr_host_post_frame(host, newest, mailbox ? &audience : NULL, now_ms) != LGMP_OK)
        return;
    kvmfr_host_mailbox_posted(host, newest);
    host->frame.repeat_owed = false;
    kvmfr_host_ring(host, KVMFR_BELL_FRAME);
}
