/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/dxgi.c - the Desktop Duplication backend: capture.h's functions, put
 * together from the parts in this folder.
 *
 * The textures are made for the first image that comes, since only an image says what its size and
 * format really are, and kept as long as device and images are of the same kind; an image of
 * another kind later on is a rebuild. */
#define LOG_MODULE "dxgi"
#include "capture/capture.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/dxgi/display.h"
#include "capture/dxgi/pacer.h"
#include "capture/dxgi/pipeline.h"
#include "capture/dxgi/target.h"
#include "capture/ring.h"
#include "win/hresult.h"

/* AcquireNextFrame() may hold D3D's lock while it waits, and then the copy thread waits with it for
 * its Map and Unmap. So the wait is cut into slices as long as the copy thread has something to do.
 */
#define SLICE_MS  2u
#define SLICED_MS 50u /* after a picture was committed: somebody will come for it */

/* The user may move the slider for the brightness of SDR windows; nothing tells us. */
#define WHITE_CHECK_MS 2000u

struct dxgi_capture {
    struct capture base;
    struct capture_config config; /* constant; without its texts */
    struct capture_ring *ring;

    struct { /* capture thread */
        struct dxgi_target target;
        struct pacer pacer;
        bool told_masked;
        bool has_image;   /* since start() */
        bool has_pending; /* fed, and held back by the pacer */
        uint64_t committed_ns, white_checked_ns;
        char logged[160];
    } live;
    struct pipeline *pipeline; /* capture thread's, outlives stop(); copy thread: while it has a
                                  slot of the ring */

    struct { /* copy thread */
        uint32_t slot;
    } reader;

    struct {
        pthread_mutex_t lock; /* of text */
        char text[160];
        _Atomic bool is_reading; /* the copy thread has a slot */
        _Atomic int verdict;     /* enum capture_result, for the capture thread; NONE: none */
    } shared;
};

static struct dxgi_capture *dxgi_capture_of(struct capture *self)
{
    assert(self->ops == &capture_dxgi_ops);
    return container_of(self, struct dxgi_capture, base);
}

static void dxgi_destroy(struct capture *self)
{
    if (!self)
        return;
    struct dxgi_capture *c = dxgi_capture_of(self);
    assert(!c->live.target.duplication);
    pipeline_destroy(c->pipeline);
    dxgi_target_fini(&c->live.target);
    capture_ring_destroy(c->ring);
    pthread_mutex_destroy(&c->shared.lock);
    free(c);
}

static int dxgi_create(const struct capture_config *config, struct capture **out)
{
    struct dxgi_capture *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->base.ops = &capture_dxgi_ops;
    c->config = *config;
    pthread_mutex_init(&c->shared.lock, NULL);
    snprintf(c->shared.text, sizeof(c->shared.text), "DXGI");
    c->config.adapter = c->config.output = NULL;
    int err = dxgi_target_init(&c->live.target, config->adapter, config->output,
                               config->hdr != CAPTURE_HDR_NONE);
    if (err == 0)
        err = capture_ring_create(STAGING_SLOTS, &c->ring);
    if (err < 0) {
        dxgi_destroy(&c->base);
        return err;
    }
    *out = &c->base;
    return 0;
}

/* Text of what is captured, for describe(); logged when it is news. */
static void set_text(struct dxgi_capture *c)
{
    char text[sizeof(c->shared.text)];
    const struct capture_layout *l = c->live.has_image ? pipeline_layout(c->pipeline) : NULL;
    const int n =
        snprintf(text, sizeof(text), "DXGI on %.32s of %.64s%s", c->live.target.entry.device,
                 c->live.target.entry.adapter, c->live.target.entry.software ? " (software)" : "");
    if (l && n > 0 && (size_t)n < sizeof(text)) {
        const struct frame_format_info *format = frame_format_find(l->format);
        snprintf(text + n, sizeof(text) - (size_t)n, ", %ux%u %s%s", (unsigned)l->screen_width_px,
                 (unsigned)l->screen_height_px, format ? format->name : "?",
                 l->flags & FRAME_FLAG_HDR ? " HDR" : "");
    }
    pthread_mutex_lock(&c->shared.lock);
    memcpy(c->shared.text, text, sizeof(text));
    pthread_mutex_unlock(&c->shared.lock);
}

/* Once the layout is known; a rebuild that changes nothing says nothing. */
static void log_facts(struct dxgi_capture *c)
{
    char facts[sizeof(c->live.logged)];
    const struct capture_layout *l = pipeline_layout(c->pipeline);
    snprintf(facts, sizeof(facts), "%s, scaled to %ux%u, turned by %d", c->shared.text,
             (unsigned)l->width_px, (unsigned)l->height_px, (int)l->rotation * 90);
    if (strcmp(facts, c->live.logged) == 0)
        return;
    memcpy(c->live.logged, facts, sizeof(facts));
    char entry[512];
    output_entry_format(&c->live.target.entry, entry, sizeof(entry));
    log_info("output: %s", entry);
    log_info("%s", facts);
    if (c->live.target.entry.software)
        log_warn("only a software adapter has an output: pictures are drawn by the CPU");
    if (l->flags & FRAME_FLAG_HDR)
        log_info("HDR, SDR white %u cd/m2%s",
                 (unsigned)c->live.target.entry.sdr_white_permille * 80 / 1000,
                 c->live.target.entry.sdr_white_permille ? "" : " (unknown to the system)");
}

static void begin_capture(struct dxgi_capture *c)
{
    if (c->pipeline && !pipeline_is_of(c->pipeline, &c->live.target.device)) {
        pipeline_destroy(c->pipeline);
        c->pipeline = NULL;
    }
    c->live.has_image = c->live.has_pending = c->live.told_masked = false;
    c->live.white_checked_ns = clock_ns();
    pacer_init(&c->live.pacer, c->config.max_fps);
    atomic_store(&c->shared.verdict, CAPTURE_NONE);
    set_text(c);
}

static enum capture_result dxgi_start(struct capture *self)
{
    struct dxgi_capture *c = dxgi_capture_of(self);
    const enum capture_result result = dxgi_target_open(&c->live.target);
    if (result == CAPTURE_OK)
        begin_capture(c);
    return result;
}

static void dxgi_stop(struct capture *self)
{
    struct dxgi_capture *c = dxgi_capture_of(self);
    capture_ring_reset(c->ring); /* the reader has nothing from here on */
    dxgi_target_close(&c->live.target);
}

/* For the first image after a start. */
static enum capture_result prepare_pipeline(struct dxgi_capture *c,
                                            const D3D11_TEXTURE2D_DESC *desc)
{
    const struct pipeline_config config = {
        .hdr = c->config.hdr,
        .output_is_hdr = c->live.target.entry.hdr,
        .sdr_white_permille = c->live.target.entry.sdr_white_permille,
        .down_width_px = c->config.down_width_px,
        .down_height_px = c->config.down_height_px,
        .rotation = duplication_rotation(c->live.target.duplication),
        .keeps_desktop = c->config.max_fps != 0,
    };
    HRESULT hr = S_OK;
    if (c->pipeline && pipeline_is_for(c->pipeline, &config, desc)) {
        pipeline_restart(c->pipeline);
    } else {
        pipeline_destroy(c->pipeline);
        c->pipeline = NULL;
        hr = pipeline_create(&c->live.target.device, &config, desc, c->ring, &c->pipeline);
    }
    if (FAILED(hr)) {
        log_warn("an image of %ux%u in format %d cannot be captured: %s", desc->Width, desc->Height,
                 (int)desc->Format, hresult_text(hr).text);
        return dxgi_target_judge(&c->live.target,
                                 (struct dxgi_failure){ DXGI_CALL_CREATE_RESOURCE, hr });
    }
    c->live.has_image = true;
    set_text(c);
    log_facts(c);
    return CAPTURE_OK;
}

static void stage(struct dxgi_capture *c, ID3D11Texture2D *image, uint64_t now_ns,
                  struct capture_update *out)
{
    pipeline_stage(c->pipeline, image);
    pacer_done(&c->live.pacer, now_ns);
    c->live.has_pending = false;
    c->live.committed_ns = now_ns;
    out->frame = true;
}

static enum capture_result take_image(struct dxgi_capture *c, const struct duplication_news *news,
                                      struct capture_update *out)
{
    if (c->live.has_image && !pipeline_fits(c->pipeline, &news->desc)) {
        log_debug("the image became %ux%u, format %d: rebuilding", news->desc.Width,
                  news->desc.Height, (int)news->desc.Format);
        return CAPTURE_REBUILD;
    }
    if (!c->live.has_image) {
        const enum capture_result result = prepare_pipeline(c, &news->desc);
        if (result != CAPTURE_OK)
            return result;
    } else if (damage_is_empty(&news->damage)) {
        return CAPTURE_OK; /* all that was reported lies outside */
    }
    if (news->masked && !c->live.told_masked)
        log_warn("the desktop shows protected content, which is black in what we get");
    c->live.told_masked |= news->masked;

    const uint64_t now_ns = clock_ns();
    capture_ring_note_time(c->ring, news->present_ns);
    pipeline_feed(c->pipeline, news->image, &news->damage);
    c->live.has_pending = true;
    if (pacer_wait_ns(&c->live.pacer, now_ns) == 0)
        stage(c, news->image, now_ns, out);
    return CAPTURE_OK;
}

static enum capture_result take_news(struct dxgi_capture *c, const struct duplication_news *news,
                                     struct capture_update *out)
{
    out->pointer = news->has_pointer;
    out->pointer_news = news->pointer;
    return news->image ? take_image(c, news, out) : CAPTURE_OK;
}

/* How long the next AcquireNextFrame() may wait. */
static uint32_t slice_ms(struct dxgi_capture *c, uint64_t now_ns, uint64_t deadline_ns)
{
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    if (c->live.has_pending)
        wait_ns = min_u64(wait_ns, pacer_wait_ns(&c->live.pacer, now_ns));
    if (atomic_load_explicit(&c->shared.is_reading, memory_order_relaxed) ||
        now_ns - c->live.committed_ns < SLICED_MS * NS_PER_MS)
        wait_ns = min_u64(wait_ns, SLICE_MS * NS_PER_MS);
    return (uint32_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* Now and then, and only where it matters. */
static bool white_has_changed(struct dxgi_capture *c, uint64_t now_ns)
{
    if (!c->live.has_image || !pipeline_uses_white(c->pipeline) ||
        now_ns - c->live.white_checked_ns < WHITE_CHECK_MS * NS_PER_MS)
        return false;
    c->live.white_checked_ns = now_ns;
    const uint32_t white = display_sdr_white(c->live.target.entry.device);
    if (white == 0 || white == c->live.target.entry.sdr_white_permille)
        return false;
    log_info("SDR white is %u cd/m2 now", (unsigned)white * 80 / 1000);
    return true;
}

/* One round of waiting. TIMEOUT: nothing yet. */
static enum capture_result next_once(struct dxgi_capture *c, uint32_t wait_ms,
                                     struct capture_update *out)
{
    struct duplication_news news = { 0 };
    struct dxgi_failure why = { 0 };
    enum capture_result result =
        duplication_acquire(c->live.target.duplication, wait_ms, &news, &why);
    if (result == CAPTURE_OK)
        result = take_news(c, &news, out);
    else if (result != CAPTURE_TIMEOUT)
        result = dxgi_target_judge(&c->live.target, why);
    if (result != CAPTURE_OK && result != CAPTURE_TIMEOUT)
        return result;
    const uint64_t now_ns = clock_ns();
    if (c->live.has_pending && pacer_wait_ns(&c->live.pacer, now_ns) == 0)
        stage(c, NULL, now_ns, out);
    return out->frame || out->pointer ? CAPTURE_OK : CAPTURE_TIMEOUT;
}

static enum capture_result dxgi_next(struct capture *self, uint32_t timeout_ms,
                                     struct capture_update *out)
{
    struct dxgi_capture *c = dxgi_capture_of(self);
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    if (!c->live.target.duplication)
        return CAPTURE_REBUILD;
    for (;;) {
        /* acquire: pairs with the release in take(). */
        const enum capture_result verdict = (enum capture_result)atomic_exchange_explicit(
            &c->shared.verdict, CAPTURE_NONE, memory_order_acquire);
        if (verdict != CAPTURE_NONE) {
            c->live.target.device_is_lost |= verdict == CAPTURE_DEVICE_REMOVED;
            return verdict;
        }
        struct capture_update update = { 0 };
        const uint64_t now_ns = clock_ns();
        if (white_has_changed(c, now_ns))
            return CAPTURE_REBUILD;
        const enum capture_result result = next_once(c, slice_ms(c, now_ns, deadline_ns), &update);
        if (result == CAPTURE_OK)
            *out = update;
        if (result != CAPTURE_TIMEOUT || clock_ns() >= deadline_ns)
            return result;
    }
}

static enum capture_result map_slot(struct dxgi_capture *c, uint32_t slot,
                                    struct capture_picture *out)
{
    struct readback_rows rows;
    struct readback_failure why;
    const enum capture_result result =
        staging_map(pipeline_staging(c->pipeline), slot, &rows, &why);
    if (result != CAPTURE_OK) {
        log_every(1000, LOG_LEVEL_WARN, "reading a picture back: %s: %s", why.call,
                  hresult_text(why.hr).text);
        return result;
    }
    out->layout = *pipeline_layout(c->pipeline);
    out->pixels = rows.pixels;
    out->pitch_bytes = rows.pitch_bytes;
    out->capture_ns = capture_ring_taken_ns(c->ring);
    return CAPTURE_OK;
}

static void end_reading(struct dxgi_capture *c, bool published)
{
    atomic_store_explicit(&c->shared.is_reading, false, memory_order_relaxed);
    capture_ring_release(c->ring, published);
}

static enum capture_result dxgi_take(struct capture *self, uint32_t timeout_ms,
                                     struct capture_picture *out)
{
    struct dxgi_capture *c = dxgi_capture_of(self);
    struct capture_picture picture;
    uint32_t slot;
    if (capture_ring_take(c->ring, timeout_ms, &slot, &picture.damage) < 0)
        return CAPTURE_TIMEOUT;
    atomic_store_explicit(&c->shared.is_reading, true, memory_order_relaxed);
    const enum capture_result result = map_slot(c, slot, &picture);
    if (result != CAPTURE_OK) {
        /* release: pairs with the acquire in next(). Told before the slot is given back, since the
         * next picture would fail in the same way. */
        atomic_store_explicit(&c->shared.verdict, (int)result, memory_order_release);
        end_reading(c, false);
        return result;
    }
    c->reader.slot = slot;
    *out = picture;
    return CAPTURE_OK;
}

static void dxgi_release(struct capture *self, bool published)
{
    struct dxgi_capture *c = dxgi_capture_of(self);
    staging_unmap(pipeline_staging(c->pipeline), c->reader.slot);
    end_reading(c, published);
}

static void dxgi_wake(struct capture *self)
{
    capture_ring_wake(dxgi_capture_of(self)->ring);
}

static void dxgi_describe(struct capture *self, char *text, uint32_t text_bytes)
{
    struct dxgi_capture *c = dxgi_capture_of(self);
    pthread_mutex_lock(&c->shared.lock);
    snprintf(text, text_bytes, "%s", c->shared.text);
    pthread_mutex_unlock(&c->shared.lock);
}

const struct capture_ops capture_dxgi_ops = {
    .name = "DXGI",
    .create = dxgi_create,
    .destroy = dxgi_destroy,
    .start = dxgi_start,
    .stop = dxgi_stop,
    .next = dxgi_next,
    .take = dxgi_take,
    .release = dxgi_release,
    .wake = dxgi_wake,
    .describe = dxgi_describe,
};
