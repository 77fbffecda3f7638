/* SPDX-License-Identifier: GPL-2.0-or-later
 * The two buffers of a region as bitmaps: what the history says they lack makes them right. */
#include "publish/history.h"

#include "test.h"

enum { W = 64, H = 48 };

static uint32_t random_state = 3;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

struct picture {
    uint32_t px[H][W];
};

static void copy_damage(struct picture *to, const struct picture *from, const struct damage *d)
{
    struct frame_rect r[2 * DAMAGE_MAX_RECTS];
    const uint32_t count = damage_sorted_by_bottom(d, W, H, r, ARRAY_LEN(r));
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t y = r[i].y_px; y < r[i].y_px + r[i].height_px; y++)
            for (uint32_t x = r[i].x_px; x < r[i].x_px + r[i].width_px; x++)
                to->px[y][x] = from->px[y][x];
}

static void draw(struct picture *p, uint32_t value, struct damage *due)
{
    damage_clear(due);
    for (uint32_t i = random_below(4); i > 0; i--) {
        const uint32_t x = random_below(W), y = random_below(H);
        const struct frame_rect r = { x, y, 1 + random_below(W - x), 1 + random_below(H - y) };
        damage_add_rect(due, r);
        for (uint32_t py = y; py < y + r.height_px; py++)
            for (uint32_t px = x; px < x + r.width_px; px++)
                p->px[py][px] = value;
    }
}

/* A host whose choice of buffers and whose ages are as kvmfr_host_begin_frame() has them, with
 * layout changes, and buffers chosen twice in a row, which it does not do. */
TEST(both_buffers_are_always_right)
{
    static struct picture desktop, buffers[HISTORY_BUFFERS];
    struct history h = { 0 };
    uint32_t serial_in[HISTORY_BUFFERS] = { 0 }, newest = 0;
    bool usable[HISTORY_BUFFERS] = { false };
    uint64_t saved = 0;
    for (uint32_t serial = 0; serial < 20000; serial++) {
        struct damage due, lacks;
        draw(&desktop, serial, &due);
        const uint32_t b = random_below(9) == 0 ? newest : 1 - newest;
        if (random_below(50) == 0) { /* another layout */
            usable[0] = usable[1] = false;
            draw(&desktop, serial, &due);
            damage_set_full(&due);
        }
        const struct kvmfr_frame_writer w = { .serial = serial,
                                              .buffer = b,
                                              .age = usable[b] ? serial - serial_in[b] : 0 };
        history_begin(&h, &w, &due, &lacks);
        if (!usable[b])
            CHECK(lacks.full);
        copy_damage(&buffers[b], &desktop, &lacks);
        CHECK_MSG(memcmp(&buffers[b], &desktop, sizeof(desktop)) == 0, "frame %u", serial);
        saved += !lacks.full;
        serial_in[b] = serial;
        usable[b] = true;
        newest = b;
    }
    CHECK(saved > 10000);
}

/* An age that does not fit to what was booked here is not trusted. */
TEST(a_frame_that_was_not_booked)
{
    struct history h = { 0 };
    struct damage due = { 0 }, lacks;
    struct kvmfr_frame_writer w = { .serial = 10, .buffer = 0, .age = 0 };
    damage_add_rect(&due, (struct frame_rect){ 1, 1, 1, 1 });
    history_begin(&h, &w, &due, &lacks);
    CHECK(lacks.full);
    w = (struct kvmfr_frame_writer){ .serial = 12, .buffer = 0, .age = 2 };
    history_begin(&h, &w, &due, &lacks);
    CHECK(!lacks.full);
    w = (struct kvmfr_frame_writer){ .serial = 15, .buffer = 0, .age = 2 };
    history_begin(&h, &w, &due, &lacks);
    CHECK(lacks.full);
    w = (struct kvmfr_frame_writer){ .serial = 16, .buffer = 1, .age = 3 };
    history_begin(&h, &w, &due, &lacks);
    CHECK(lacks.full);
}
