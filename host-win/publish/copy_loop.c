/* SPDX-License-Identifier: GPL-2.0-or-later
 * The copy thread: the newest picture into a frame buffer that nobody reads. */
#define LOG_MODULE "publish"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/err.h"
#include "base/log.h"
#include "base/units.h"
#include "kvmfr/sizing.h"
#include "publish/bands.h"
#include "publish/publish_private.h"

/* The size that a region must have for this picture; 0: there is none. */
static uint64_t needed_bytes(const struct capture_layout *l)
{
    const struct frame_format_info *fmt = frame_format_find((uint32_t)l->format);
    const uint32_t mib =
        kvmfr_region_mib_for_mode(l->width_px, l->height_px, kvmfr_sizing_bytes_per_pixel(fmt));
    const uint64_t rows_bytes = (uint64_t)kvmfr_default_pitch(fmt, l->width_px) * l->height_px;
    struct kvmfr_frame_capacity cap;
    for (uint64_t bytes = mib * MIB; bytes > 0 && bytes <= UINT32_MAX; bytes *= 2)
        if (kvmfr_frame_capacity(bytes, KVMFR_SESSION_MAX_BYTES, 4096, &cap) &&
            cap.pixels_bytes >= rows_bytes)
            return bytes;
    return 0;
}

static void tell_truncated(const struct publish *p, const struct capture_layout *l, uint32_t rows,
                           uint64_t needed)
{
    const char *format = frame_format_find((uint32_t)l->format)->name;
    const unsigned long long have_mib = p->config.len_bytes / MIB, need_mib = needed / MIB;
    if (needed == 0)
        log_err("the shared memory (%llu MiB) is too small for %ux%u %s: the lowest %u rows are "
                "missing, and no size that is possible would do. Choose a smaller mode.",
                have_mib, l->width_px, l->height_px, format, rows);
    else
        log_err("the shared memory (%llu MiB) is too small for %ux%u %s: the lowest %u rows are "
                "missing. It needs %llu MiB: in the virtual machine's XML, inside <shmem>, write "
                "<size unit='M'>%llu</size>",
                have_mib, l->width_px, l->height_px, format, rows, need_mib, need_mib);
}

/* The first frame of a layout: do all rows fit? */
static void note_layout(struct publish *p, const struct capture_layout *l, uint32_t rows_px)
{
    const uint32_t missing = l->height_px - rows_px;
    const uint64_t needed = missing > 0 ? needed_bytes(l) : 0;
    if (missing > 0)
        tell_truncated(p, l, missing, needed);
    p->copy.layout = *l;
    pthread_mutex_lock(&p->lock);
    p->shared.status.layout = *l;
    p->shared.status.truncated_rows = missing;
    p->shared.status.needed_bytes = needed;
    pthread_mutex_unlock(&p->lock);
}

static void note_frame(struct publish *p, uint64_t bytes, uint64_t replaced)
{
    const uint64_t now_ns = clock_ns();
    pthread_mutex_lock(&p->lock);
    struct publish_status *s = &p->shared.status;
    s->frames++;
    s->bytes_copied += bytes;
    s->replaced += replaced;
    if (p->shared.lost_ns != 0)
        s->last_rebuild_ns = now_ns - p->shared.lost_ns;
    p->shared.lost_ns = 0;
    p->shared.current = true;
    pthread_mutex_unlock(&p->lock);
}

static bool same_layout(const struct capture_layout *a, const struct capture_layout *b)
{
    return memcmp(a, b, sizeof(*a)) == 0; /* no padding: all members have four bytes */
}

/* Whoever subscribed gets the last frame, if it is still true and nothing newer came at once. */
static void serve_newcomers(struct publish *p, bool current)
{
    const uint64_t now_ns = clock_ns();
    if (!current || now_ns - p->copy.repeated_ns < (LOOK_MS / 2) * NS_PER_MS)
        return;
    p->copy.repeated_ns = now_ns;
    kvmfr_host_repeat_frame(p->host, now_ns / NS_PER_MS);
}

static uint32_t system_flags(const struct publish *p)
{
    const struct publish_system *s = &p->config.system;
    return s->frame_flags ? s->frame_flags(s->ctx) : 0;
}

static void write_frame(struct publish *p, const struct capture_picture *picture,
                        const struct damage *due, const struct kvmfr_frame_writer *writer,
                        uint64_t captured)
{
    struct damage lacks;
    history_begin(&p->copy.history, writer, due, &lacks);
    const uint64_t bytes = bands_copy(p->host, writer, picture, &lacks);
    kvmfr_host_end_frame(p->host, writer);
    if (!same_layout(&picture->layout, &p->copy.layout))
        note_layout(p, &picture->layout, writer->rows_px);
    const uint64_t passed = captured - p->copy.captured;
    p->copy.captured = captured;
    note_frame(p, bytes, passed > 1 ? passed - 1 : 0);
}

/* A picture that cannot be described or does not fit at all: said once, and then it is as if it had
 * been published, or this thread would come back for it at once. */
static void refuse(struct publish *p, const struct capture_picture *picture, int err)
{
    const struct capture_layout *l = &picture->layout;
    if (err == -ENOSPC && !same_layout(l, &p->copy.layout))
        note_layout(p, l, 0);
    else if (err != -ENOSPC)
        log_every(1000, LOG_LEVEL_ERROR, "a picture of %ux%u, format %d, cannot be published: %s",
                  l->width_px, l->height_px, (int)l->format, err_str(err));
    if (err != -ENOSPC) /* its damage is lost: the next one is a first one */
        p->copy.layout = (struct capture_layout){ 0 };
}

/* Both frame buffers are being read. Readers who ring when they have finished spare us looking:
 * each ring is followed by a tick, and the tick tells us. Else, by the clock. */
static void wait_for_room(struct publish *p, uint64_t now_ns)
{
    pacing_busy(&p->copy.pacing, now_ns);
    if (!kvmfr_host_readers_ring(p->host))
        return;
    p->copy.pacing.due_ns = UINT64_MAX;
    pthread_mutex_lock(&p->lock);
    p->shared.wants_room = true;
    /* one that came free meanwhile is not told again before the next tick */
    p->shared.room = kvmfr_host_has_room(p->host);
    pthread_mutex_unlock(&p->lock);
}

/* False: try again soon; the picture stays due. */
static bool publish_picture(struct publish *p, const struct capture_picture *picture,
                            uint64_t captured)
{
    const struct capture_layout *l = &picture->layout;
    struct frame_rect rects[FRAME_MAX_DAMAGE];
    struct damage due = picture->damage;
    if (!same_layout(l, &p->copy.layout))
        damage_set_full(&due);
    const uint32_t count =
        damage_sorted_by_bottom(&due, l->width_px, l->height_px, rects, FRAME_MAX_DAMAGE);
    if (!due.full && count == 0) /* nothing in it is new */
        return true;
    const struct kvmfr_frame_desc desc = {
        .format = l->format,
        .width_px = l->width_px,
        .height_px = l->height_px,
        .screen_width_px = l->screen_width_px,
        .screen_height_px = l->screen_height_px,
        .rotation = l->rotation,
        .flags = l->flags | system_flags(p),
        .damage_count = due.full ? 0 : count,
        .damage = rects,
        .capture_ns = picture->capture_ns,
    };
    struct kvmfr_frame_writer writer;
    const uint64_t now_ns = clock_ns();
    const int err = kvmfr_host_begin_frame(p->host, &desc, now_ns / NS_PER_MS, &writer);
    if (err == -EAGAIN) {
        wait_for_room(p, now_ns);
        return false;
    }
    if (err == 0)
        write_frame(p, picture, &due, &writer, captured);
    else
        refuse(p, picture, err);
    pacing_published(&p->copy.pacing, now_ns);
    return true;
}

/* One picture, or none for a while. */
static void turn(struct publish *p, struct capture *c)
{
    struct capture_picture picture;
    const enum capture_result r = c->ops->take(c, publish_look_ms(p), &picture);
    if (r == CAPTURE_OK) {
        const uint64_t captured = atomic_load_explicit(&p->captured, memory_order_relaxed);
        c->ops->release(c, publish_picture(p, &picture, captured));
    } else if (r != CAPTURE_TIMEOUT) { /* the capture thread will hear of it too */
        p->copy.pacing.due_ns = clock_ns() + LOOK_MS * NS_PER_MS;
    }
}

/* Waits until there may be a picture for this thread, sees to newcomers meanwhile. NULL: the end.
 */
static struct capture *enter_capture(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    for (;;) {
        const uint64_t now_ns = clock_ns();
        const bool ready = p->shared.running && p->shared.wanted;
        if (p->shared.room)
            p->copy.pacing.due_ns = 0;
        p->shared.room = false;
        if (p->shared.stop || (ready && now_ns >= p->copy.pacing.due_ns))
            break;
        uint64_t until_ns = p->shared.wanted ? now_ns + LOOK_MS * NS_PER_MS : UINT64_MAX;
        if (ready)
            until_ns = min_u64(until_ns, p->copy.pacing.due_ns);
        cond_wait_until(&p->changed, &p->lock, until_ns);
        const bool current = p->shared.current && p->shared.wanted;
        pthread_mutex_unlock(&p->lock);
        serve_newcomers(p, current);
        pthread_mutex_lock(&p->lock);
    }
    p->shared.copying = !p->shared.stop;
    struct capture *c = p->shared.copying ? p->shared.capture : NULL;
    pthread_mutex_unlock(&p->lock);
    return c;
}

static void leave_capture(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    p->shared.copying = false;
    if (!p->shared.running)
        pthread_cond_broadcast(&p->changed);
    const bool current = p->shared.current;
    pthread_mutex_unlock(&p->lock);
    serve_newcomers(p, current);
}

void *publish_copy_main(void *publish)
{
    struct publish *p = publish;
    struct capture *c;
    if (p->config.system.enter_thread)
        p->config.system.enter_thread(p->config.system.ctx, true);
    pacing_init(&p->copy.pacing, p->config.capture.max_fps);
    while ((c = enter_capture(p))) {
        turn(p, c);
        leave_capture(p);
    }
    if (p->config.system.leave_thread)
        p->config.system.leave_thread(p->config.system.ctx, true);
    return NULL;
}
