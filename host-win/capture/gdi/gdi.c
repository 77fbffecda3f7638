/* SPDX-License-Identifier: GPL-2.0-or-later
 * The slow way that works everywhere: the whole screen is copied by GDI and compared with the
 * picture before, tile by tile. So it is paced: never more than half of the time, and less often
 * while nothing changes. The picture is neither scaled down nor HDR. */
#define LOG_MODULE "gdi"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/capture.h"
#include "capture/gdi/pointer_icon.h"
#include "capture/gdi/screen.h"
#include "capture/gdi/tile_diff.h"
#include "capture/rects.h"
#include "capture/ring.h"

enum {
    SLOTS = 3,
    POINTER_MS = 8,
    STILL_AFTER_MS = 1000, /* without a change: */
    STILL_MS = 100,        /* so seldom, until something moves */
};

struct gdi {
    struct capture base;
    char *output; /* constant after create; owned */
    uint32_t max_fps;
    struct capture_ring *ring; /* owned */

    struct { /* capture thread only */
        bool started, told, first;
        enum screen_fault fault; /* said last */
        struct screen screen;
        struct pointer_icon pointer;
        uint64_t shot_ns, took_ns; /* when the last shot was taken, and how long it took */
        uint64_t next_look_ns, changed_ns;
    } own;
    uint8_t *slots[SLOTS];        /* owned; what is in them belongs to whom the ring says */
    struct capture_layout layout; /* constant between start and stop */
    char description[160];        /* under the lock */
    CRITICAL_SECTION describe_lock;
};

static struct gdi *gdi_of(struct capture *self)
{
    assert(self->ops == &capture_gdi_ops);
    return container_of(self, struct gdi, base);
}

static void destroy(struct capture *self)
{
    struct gdi *g = gdi_of(self);
    assert(!g->own.started);
    pointer_icon_fini(&g->own.pointer);
    capture_ring_destroy(g->ring);
    DeleteCriticalSection(&g->describe_lock);
    free(g->output);
    free(g);
}

static int create(const struct capture_config *config, struct capture **out)
{
    struct gdi *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->base.ops = &capture_gdi_ops;
    g->max_fps = config->max_fps;
    InitializeCriticalSection(&g->describe_lock);
    snprintf(g->description, sizeof(g->description), "GDI");
    g->output = strdup(config->output ? config->output : "");
    const int err = g->output ? capture_ring_create(SLOTS, &g->ring) : -ENOMEM;
    if (err < 0) {
        destroy(&g->base);
        return err;
    }
    *out = &g->base;
    return 0;
}

static void stop(struct capture *self)
{
    struct gdi *g = gdi_of(self);
    capture_ring_reset(g->ring);
    for (uint32_t i = 0; i < SLOTS; i++) {
        free(g->slots[i]);
        g->slots[i] = NULL;
    }
    screen_close(&g->own.screen);
    g->own.started = false;
}

static enum capture_result fail(struct gdi *g, enum screen_fault fault)
{
    static const char *const texts[] = {
        [SCREEN_OK] = "",
        [SCREEN_NONE] = "the desktop has no monitor",
        [SCREEN_NO_MATCH] = "no monitor is called like capture.output says",
        [SCREEN_NOT_ALLOWED] = "the system does not let this desktop be read now",
        [SCREEN_NO_MEMORY] = "no memory for bitmaps of the screen",
    };
    if (fault != g->own.fault)
        log_warn("%s; trying again", texts[fault]);
    g->own.fault = fault;
    return CAPTURE_REBUILD;
}

static void describe_screen(struct gdi *g)
{
    const struct screen *s = &g->own.screen;
    EnterCriticalSection(&g->describe_lock);
    snprintf(g->description, sizeof(g->description), "GDI on %s, %ux%u bgra", s->name, s->width_px,
             s->height_px);
    LeaveCriticalSection(&g->describe_lock);
}

static bool make_slots(struct gdi *g)
{
    const struct screen *s = &g->own.screen;
    for (uint32_t i = 0; i < SLOTS; i++) {
        g->slots[i] = malloc((size_t)s->pitch_bytes * s->height_px);
        if (!g->slots[i])
            return false;
    }
    return true;
}

static enum capture_result start(struct capture *self)
{
    struct gdi *g = gdi_of(self);
    struct screen *s = &g->own.screen;
    capture_ring_reset(g->ring);
    const enum screen_fault fault = screen_open(s, g->output);
    if (fault != SCREEN_OK)
        return fail(g, fault);
    if (!make_slots(g)) {
        stop(self);
        return fail(g, SCREEN_NO_MEMORY);
    }
    if (!g->own.told)
        log_warn(
            "capturing through GDI: this is the slow way, with much work for the processor and "
            "at most half of the frames; it is there for systems that have no other");
    g->own.told = g->own.started = g->own.first = true;
    g->own.fault = SCREEN_OK;
    g->layout = (struct capture_layout){ .format = FRAME_FORMAT_BGRA,
                                         .width_px = s->width_px,
                                         .height_px = s->height_px,
                                         .screen_width_px = s->width_px,
                                         .screen_height_px = s->height_px };
    describe_screen(g);
    pointer_icon_forget(&g->own.pointer);
    g->own.next_look_ns = g->own.changed_ns = clock_ns();
    g->own.shot_ns = g->own.took_ns = 0; /* the first at once */
    return CAPTURE_OK;
}

/* GDI leaves the fourth byte 0; the wire's is unused, but who shows it as alpha sees something. */
static void copy_rect(const struct gdi *g, const uint8_t *image, uint8_t *slot,
                      const struct frame_rect *r)
{
    for (uint32_t y = r->y_px; y < r->y_px + r->height_px; y++) {
        const size_t at = (size_t)y * g->own.screen.pitch_bytes + (size_t)r->x_px * 4;
        const uint32_t *from = (const uint32_t *)(const void *)(image + at);
        uint32_t *to = (uint32_t *)(void *)(slot + at);
        for (uint32_t x = 0; x < r->width_px; x++)
            to[x] = from[x] | 0xff000000u;
    }
}

static void hand_over(struct gdi *g, const struct damage *news)
{
    const struct screen *s = &g->own.screen;
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    struct damage stale;
    capture_ring_note_time(g->ring, g->own.shot_ns);
    const uint32_t slot = capture_ring_begin(g->ring, news, &stale);
    const uint32_t count =
        damage_sorted_by_bottom(&stale, s->width_px, s->height_px, rects, ARRAY_LEN(rects));
    for (uint32_t i = 0; i < count; i++)
        copy_rect(g, s->shots[s->newest].pixels, g->slots[slot], &rects[i]);
    capture_ring_commit(g->ring);
}

static uint64_t next_shot_ns(const struct gdi *g)
{
    const uint64_t now_ns = clock_ns();
    uint32_t hz = g->own.screen.hz;
    if (g->max_fps > 0)
        hz = min_u32(hz, g->max_fps);
    uint64_t period_ns = NS_PER_S / hz;
    if (now_ns - g->own.changed_ns > STILL_AFTER_MS * NS_PER_MS)
        period_ns = STILL_MS * NS_PER_MS;
    if (period_ns < 2 * g->own.took_ns)
        period_ns = 2 * g->own.took_ns;
    return g->own.shot_ns + period_ns;
}

static enum capture_result shoot(struct gdi *g, uint64_t now_ns, bool *frame)
{
    struct screen *s = &g->own.screen;
    struct damage news;
    if (!screen_shoot(s))
        return CAPTURE_REBUILD;
    if (g->own.first)
        damage_set_full(&news);
    else
        tile_diff(s->shots[1 - s->newest].pixels, s->shots[s->newest].pixels, s->pitch_bytes,
                  s->width_px, s->height_px, &news);
    g->own.first = false;
    *frame = !damage_is_empty(&news);
    if (*frame) {
        rects_merge(&news);
        hand_over(g, &news);
        g->own.changed_ns = now_ns;
    }
    g->own.shot_ns = now_ns;
    g->own.took_ns = clock_ns() - now_ns;
    return CAPTURE_OK;
}

static bool look_at_pointer(struct gdi *g, uint64_t now_ns, struct capture_pointer *news)
{
    const POINT origin = { g->own.screen.area.left, g->own.screen.area.top };
    g->own.next_look_ns = now_ns + POINTER_MS * NS_PER_MS;
    if (!pointer_icon_look(&g->own.pointer, origin, news))
        return false;
    g->own.changed_ns = now_ns; /* what it points at will change as well */
    return true;
}

static enum capture_result next(struct capture *self, uint32_t timeout_ms,
                                struct capture_update *out)
{
    struct gdi *g = gdi_of(self);
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    for (;;) {
        const uint64_t due_ns = min_u64(next_shot_ns(g), g->own.next_look_ns);
        clock_sleep_until_ns(min_u64(due_ns, deadline_ns));
        const uint64_t now_ns = clock_ns();
        struct capture_update update = { 0 };
        enum capture_result r = CAPTURE_OK;
        if (now_ns >= g->own.next_look_ns)
            update.pointer = look_at_pointer(g, now_ns, &update.pointer_news);
        if (now_ns >= next_shot_ns(g))
            r = screen_unchanged(&g->own.screen) ? shoot(g, now_ns, &update.frame)
                                                 : CAPTURE_REBUILD;
        if (r != CAPTURE_OK)
            return r;
        if (update.frame || update.pointer) {
            *out = update;
            return CAPTURE_OK;
        }
        if (now_ns >= deadline_ns)
            return CAPTURE_TIMEOUT;
    }
}

static enum capture_result take(struct capture *self, uint32_t timeout_ms,
                                struct capture_picture *out)
{
    struct gdi *g = gdi_of(self);
    struct damage due;
    uint32_t slot;
    if (capture_ring_take(g->ring, timeout_ms, &slot, &due) < 0)
        return CAPTURE_TIMEOUT;
    *out = (struct capture_picture){ .layout = g->layout,
                                     .pixels = g->slots[slot],
                                     .pitch_bytes = g->layout.width_px * 4,
                                     .capture_ns = capture_ring_taken_ns(g->ring),
                                     .damage = due };
    return CAPTURE_OK;
}

static void release(struct capture *self, bool published)
{
    capture_ring_release(gdi_of(self)->ring, published);
}

static void wake(struct capture *self)
{
    capture_ring_wake(gdi_of(self)->ring);
}

static void describe(struct capture *self, char *text, uint32_t text_bytes)
{
    struct gdi *g = gdi_of(self);
    EnterCriticalSection(&g->describe_lock);
    snprintf(text, text_bytes, "%s", g->description);
    LeaveCriticalSection(&g->describe_lock);
}

const struct capture_ops capture_gdi_ops = {
    .name = "GDI",
    .create = create,
    .destroy = destroy,
    .start = start,
    .stop = stop,
    .next = next,
    .take = take,
    .release = release,
    .wake = wake,
    .describe = describe,
};
