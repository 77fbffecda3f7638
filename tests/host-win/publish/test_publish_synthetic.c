/* SPDX-License-Identifier: GPL-2.0-or-later
 * The test card's backend, publish and a viewer: what `--capture synthetic` is. */
#include "base/clock.h"
#include "rig.h"
#include "test.h"
#include "testcard/testcard.h"

static const struct capture_ops *const synthetic[] = { &capture_synthetic_ops, NULL };

struct card_viewer {
    struct kvmfr_client *client;
    struct testcard *card;
    uint32_t serial, frames, cursors, shapes;
};

static bool rows_equal(const struct frame_view *f, const uint8_t *copy, const uint8_t *want,
                       uint32_t pitch_bytes)
{
    for (uint32_t y = 0; y < f->rows_px; y++)
        if (memcmp(copy + (size_t)y * f->pitch_bytes, want + (size_t)y * pitch_bytes,
                   f->row_bytes) != 0)
            return false;
    return true;
}

static void take(struct card_viewer *v, const struct frame_view *f)
{
    const uint64_t end_ns = clock_ns() + 10 * NS_PER_S;
    uint8_t *copy = malloc((size_t)f->pixels_bytes);
    CHECK(copy);
    while (frame_view_ready_rows(f) < f->rows_px)
        CHECK(clock_ns() < end_ns);
    memcpy(copy, f->pixels, (size_t)f->pixels_bytes);
    bool found = !kvmfr_client_frame_intact(v->client);
    for (uint32_t n = 0; n < 500 && !found; n++) {
        uint32_t pitch_bytes;
        const uint8_t *want = testcard_render(v->card, v->serial + n, &pitch_bytes);
        found = rows_equal(f, copy, want, pitch_bytes);
        v->serial += found ? n : 0;
    }
    CHECK_MSG(found, "frame %u is no card after %u", f->serial, v->serial);
    v->frames++;
    free(copy);
}

TEST(every_pixel_from_the_card_to_the_viewer)
{
    static struct rig rig;
    struct card_viewer v = { 0 };
    const struct testcard_config card = { .format = FRAME_FORMAT_RGBA,
                                          .width_px = 200,
                                          .height_px = 150,
                                          .damage = TESTCARD_DAMAGE_PARTIAL,
                                          .hz = 120 };
    rig_init(&rig);
    rig.config.backends = synthetic;
    rig.config.capture = (struct capture_config){
        .width_px = 200, .height_px = 150, .hz = 120, .format = FRAME_FORMAT_RGBA
    };
    CHECK_INT(testcard_create(&card, &v.card), 0);
    rig_start(&rig);
    CHECK_INT(kvmfr_client_create(&rig.region, (struct lgmp_random){ 0 }, &v.client), 0);
    const uint64_t end_ns = clock_ns() + 30 * NS_PER_S;
    while (v.frames < 60 || v.cursors < 60) {
        struct frame_view f;
        struct cursor_update u;
        CHECK(clock_ns() < end_ns);
        (void)kvmfr_client_step(v.client, clock_ms());
        if (kvmfr_client_peek_frame(v.client, &f) == KVMFR_READ_OK) {
            take(&v, &f);
            CHECK(kvmfr_client_finish_frame(v.client) != KVMFR_READ_REJECTED);
        }
        while (kvmfr_client_read_cursor(v.client, &u) == KVMFR_READ_OK) {
            v.cursors++;
            v.shapes += u.has_shape;
            if (u.has_shape)
                cursor_shape_fini(&u.shape);
        }
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
    CHECK(v.shapes >= 1);
    CHECK_STR(kvmfr_client_session(v.client)->capture, "synthetic");
    const struct publish_status s = rig_status(&rig);
    CHECK_STR(s.capture, "test card, 200x150 rgba at 120 Hz");
    /* only what changes is copied */
    CHECK(s.bytes_copied < s.frames * 200 * 150 * 4 / 2 + 3 * 200 * 150 * 4);
    kvmfr_client_destroy(v.client);
    testcard_destroy(v.card);
    rig.desk.count.starts = rig.desktops; /* the desk had no part in this */
    rig_stop(&rig);
}
