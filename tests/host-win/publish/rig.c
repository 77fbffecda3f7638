/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "test.h"

#define MARGIN_BYTES 65536u
#define PATIENCE_NS  (20 * NS_PER_S)

static const struct capture_ops *const only_a[] = { &desk_a_ops, NULL };

static void on_desktop(void *ctx)
{
    ((struct rig *)ctx)->desktops++;
}

static void on_thread(void *ctx, bool copy)
{
    struct rig *r = ctx;
    if (copy)
        r->copy_threads++;
    else
        r->capture_threads++;
}

static uint32_t on_flags(void *ctx)
{
    return ((struct rig *)ctx)->flags;
}

static void on_cursor(void *ctx, int32_t x, int32_t y)
{
    struct rig *r = ctx;
    r->cursor_x = x;
    r->cursor_y = y;
    r->cursor_sets++;
}

void rig_init_region(struct rig *r, uint64_t region_bytes)
{
    memset(r, 0, sizeof(*r));
    desk_init(&r->desk, FRAME_FORMAT_BGRA, 168, 104);
    r->block = malloc((size_t)region_bytes + 2 * MARGIN_BYTES + 4096);
    CHECK(r->block);
    memset(r->block, 0xa5, (size_t)region_bytes + 2 * MARGIN_BYTES + 4096);
    uint8_t *mem = (uint8_t *)(((uintptr_t)r->block + MARGIN_BYTES + 4095) & ~(uintptr_t)4095);
    memset(mem, 0, (size_t)region_bytes);
    r->region = (struct shm_region){ .mem = mem, .len_bytes = (size_t)region_bytes };
    r->config = (struct publish_config){
        .mem = mem,
        .len_bytes = region_bytes,
        .session = { .host_version = "test", .has_vm = true },
        .backends = only_a,
        .system = { .enter_desktop = on_desktop,
                    .enter_thread = on_thread,
                    .frame_flags = on_flags,
                    .set_cursor_position = on_cursor,
                    .ctx = r },
    };
}

void rig_init(struct rig *r)
{
    rig_init_region(r, 8u << 20);
}

static void *tick(void *ctx)
{
    struct rig *r = ctx;
    while (!r->stop) {
        if (publish_tick(r->publish, clock_ms()) < 0)
            r->tick_errors++;
        if (r->config.doorbell)
            publish_wait(r->publish, 10);
        else
            clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    return NULL;
}

void rig_start(struct rig *r)
{
    CHECK_INT(publish_create(&r->config, &r->publish), 0);
    CHECK_INT(pthread_create(&r->ticker, NULL, tick, r), 0);
}

static void check_margins(const struct rig *r)
{
    const uint8_t *mem = r->region.mem;
    for (const uint8_t *p = r->block; p < mem; p++)
        CHECK_MSG(*p == 0xa5, "written %zu bytes before the region", (size_t)(mem - p));
    for (const uint8_t *p = mem + r->region.len_bytes; p < mem + r->region.len_bytes + MARGIN_BYTES;
         p++)
        CHECK_MSG(*p == 0xa5, "written behind the region");
}

void rig_stop(struct rig *r)
{
    r->stop = true;
    pthread_join(r->ticker, NULL);
    publish_destroy(r->publish);
    CHECK(r->capture_threads == 1 && r->copy_threads == 1);
    CHECK_INT(r->desktops, r->desk.count.starts);
    CHECK_INT(r->desk.count.good_starts, r->desk.count.stops);
    check_margins(r);
    desk_fini(&r->desk);
    free(r->block);
}

struct publish_status rig_status(struct rig *r)
{
    struct publish_status s;
    publish_status(r->publish, &s);
    return s;
}

uint32_t rig_count(struct rig *r, const uint32_t *counter)
{
    pthread_mutex_lock(&r->desk.lock);
    const uint32_t n = *counter;
    pthread_mutex_unlock(&r->desk.lock);
    return n;
}

void rig_wait_state(struct rig *r, enum publish_state state)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_NS;
    while (rig_status(r).state != state) {
        CHECK_MSG(clock_ns() < end_ns, "state is %d, not %d", (int)rig_status(r).state, (int)state);
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
}

void viewer_init(struct viewer *v, struct rig *r)
{
    *v = (struct viewer){ .rig = r };
    CHECK_INT(kvmfr_client_create(&r->region, (struct lgmp_random){ 0 }, &v->client), 0);
}

void viewer_fini(struct viewer *v)
{
    kvmfr_client_destroy(v->client);
    cursor_shape_fini(&v->cursor.shape);
    free(v->image);
}

static struct capture_layout layout_of(const struct frame_view *f)
{
    return (struct capture_layout){ .format = f->fmt->format,
                                    .width_px = f->width_px,
                                    .height_px = f->height_px,
                                    .screen_width_px = f->screen_width_px,
                                    .screen_height_px = f->screen_height_px,
                                    .rotation = f->rotation,
                                    .flags = f->flags & (FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ) };
}

static void apply_damage(struct viewer *v, const struct frame_view *f, const uint8_t *copy)
{
    struct damage d = { 0 };
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    const uint32_t bpp = f->fmt->bytes_per_pixel;
    damage_add_frame(&d, f);
    if (!v->has_image)
        damage_set_full(&d);
    const uint32_t count =
        damage_sorted_by_bottom(&d, f->width_px, f->rows_px, rects, ARRAY_LEN(rects));
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y_px; y < rects[i].y_px + rects[i].height_px; y++)
            memcpy(v->image + (size_t)y * f->pitch_bytes + (size_t)rects[i].x_px * bpp,
                   copy + (size_t)y * f->pitch_bytes + (size_t)rects[i].x_px * bpp,
                   (size_t)rects[i].width_px * bpp);
}

/* Follows the write pointer and copies; false: thrown out meanwhile. */
static uint8_t *copy_frame(struct viewer *v, const struct frame_view *f)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_NS;
    uint8_t *copy = malloc((size_t)f->pixels_bytes);
    CHECK(copy);
    while (frame_view_ready_rows(f) < f->rows_px && kvmfr_client_frame_intact(v->client))
        CHECK(clock_ns() < end_ns);
    memcpy(copy, f->pixels, (size_t)f->pixels_bytes);
    if (kvmfr_client_frame_intact(v->client))
        return copy;
    free(copy);
    return NULL;
}

static void take_frame(struct viewer *v, const struct frame_view *f)
{
    uint8_t *copy = copy_frame(v, f);
    if (!copy)
        return;
    const struct capture_layout l = layout_of(f);
    uint32_t version;
    CHECK(desk_check(&v->rig->desk, copy, f->pitch_bytes, f->rows_px, &l, &version));
    CHECK_MSG(version >= v->version, "picture %u after %u", version, v->version);
    if (memcmp(&l, &v->layout, sizeof(l)) != 0 || f->rows_px != v->rows_px || !v->image) {
        free(v->image);
        v->image = calloc(f->rows_px, f->pitch_bytes);
        CHECK(v->image);
        v->has_image = false;
    }
    apply_damage(v, f, copy);
    CHECK_MSG(desk_check(&v->rig->desk, v->image, f->pitch_bytes, f->rows_px, &l, &version),
              "the damage of frame %u does not cover what changed", f->serial);
    v->repeats += v->has_image && f->serial == v->serial;
    v->has_image = true;
    v->layout = l;
    v->rows_px = f->rows_px;
    v->version = version;
    v->serial = f->serial;
    v->flags = f->flags;
    v->frames++;
    free(copy);
}

static void look_at_frames(struct viewer *v)
{
    struct frame_view f;
    enum kvmfr_read r = KVMFR_READ_EMPTY;
    for (uint32_t i = 0; i < 2 && (r = kvmfr_client_peek_frame(v->client, &f)) == KVMFR_READ_OK;
         i++) {
        take_frame(v, &f);
        r = kvmfr_client_finish_frame(v->client);
        if (r == KVMFR_READ_RESTART)
            break;
    }
    v->rejected += r == KVMFR_READ_REJECTED;
    if (r == KVMFR_READ_RESTART) {
        v->restarts++;
        v->has_image = false;
    }
}

static void look_at_cursor(struct viewer *v)
{
    struct cursor_update u;
    while (kvmfr_client_read_cursor(v->client, &u) == KVMFR_READ_OK) {
        v->cursors++;
        if (u.has_shape) {
            v->shapes++;
            cursor_shape_fini(&v->cursor.shape);
        } else {
            u.shape = v->cursor.shape;
        }
        v->cursor = u;
    }
}

void viewer_look(struct viewer *v)
{
    const uint32_t before = kvmfr_client_generation(v->client);
    (void)kvmfr_client_step(v->client, clock_ms());
    if (kvmfr_client_generation(v->client) != before)
        v->has_image = false;
    look_at_frames(v);
    look_at_cursor(v);
}

static void nap(void)
{
    clock_sleep_until_ns(clock_ns() + NS_PER_MS);
}

void viewer_connect(struct viewer *v)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_NS;
    for (; kvmfr_client_step(v->client, clock_ms()) != KVMFR_STATE_CONNECTED; nap())
        CHECK_MSG(clock_ns() < end_ns, "not connected");
}

void viewer_wait_version(struct viewer *v, uint32_t version)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_NS;
    for (viewer_look(v); v->version < version; viewer_look(v), nap())
        CHECK_MSG(clock_ns() < end_ns, "picture %u did not come, %u was the last", version,
                  v->version);
}

void viewer_wait_cursor(struct viewer *v, int32_t x_px, int32_t y_px)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_NS;
    for (viewer_look(v); v->cursor.x_px != x_px || v->cursor.y_px != y_px; viewer_look(v), nap())
        CHECK_MSG(clock_ns() < end_ns, "the pointer is at %d,%d", v->cursor.x_px, v->cursor.y_px);
}

void viewer_look_for_ms(struct viewer *v, uint32_t ms)
{
    for (const uint64_t end_ns = clock_ns() + ms * NS_PER_MS; clock_ns() < end_ns; nap())
        viewer_look(v);
}
