/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "testcard/testcard.h"

static const enum testcard_damage damages[] = { TESTCARD_DAMAGE_FULL, TESTCARD_DAMAGE_PARTIAL,
                                                TESTCARD_DAMAGE_STATIC, TESTCARD_DAMAGE_SCROLL,
                                                TESTCARD_DAMAGE_SMALL };

/* An own little decoder of the SDR types. */
static uint32_t decode(enum frame_format format, const uint8_t *p)
{
    uint32_t v;
    switch (format) {
    case FRAME_FORMAT_BGRA:
    case FRAME_FORMAT_BGR_32:
        return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
    case FRAME_FORMAT_RGBA:
    case FRAME_FORMAT_RGB_24:
        return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    default: /* RGBA10 */
        memcpy(&v, p, 4);
        return ((v & 1023) * 510 + 1023) / 2046 << 16 |
               ((v >> 10 & 1023) * 510 + 1023) / 2046 << 8 | ((v >> 20 & 1023) * 510 + 1023) / 2046;
    }
}

struct view { /* of a frame, upright */
    struct testcard_config config;
    const uint8_t *image;
    uint32_t pitch_bytes, width_px, height_px;
};

static struct testcard *make(struct testcard_config config)
{
    struct testcard *card = NULL;
    CHECK_INT(testcard_create(&config, &card), 0);
    return card;
}

/* Quarter turns clockwise, as a viewer makes them. */
static uint32_t upright_at(const struct view *v, uint32_t x, uint32_t y)
{
    const uint32_t w = v->config.width_px, h = v->config.height_px;
    uint32_t fx = x, fy = y;
    if (v->config.rotation == FRAME_ROTATE_90) {
        fx = y;
        fy = h - 1 - x;
    } else if (v->config.rotation == FRAME_ROTATE_180) {
        fx = w - 1 - x;
        fy = h - 1 - y;
    } else if (v->config.rotation == FRAME_ROTATE_270) {
        fx = w - 1 - y;
        fy = x;
    }
    const uint32_t px_bytes = frame_format_find(v->config.format)->bytes_per_pixel;
    return decode(v->config.format, v->image + (size_t)fy * v->pitch_bytes + (size_t)fx * px_bytes);
}

static struct view render(struct testcard *card, struct testcard_config config, uint32_t serial)
{
    const bool turned = config.rotation == FRAME_ROTATE_90 || config.rotation == FRAME_ROTATE_270;
    struct view v = { .config = config,
                      .width_px = turned ? config.height_px : config.width_px,
                      .height_px = turned ? config.width_px : config.height_px };
    v.image = testcard_render(card, serial, &v.pitch_bytes);
    return v;
}

TEST(image_turned_and_decoded_is_the_expectation)
{
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_RGBA,
                                                 FRAME_FORMAT_RGBA10, FRAME_FORMAT_BGR_32,
                                                 FRAME_FORMAT_RGB_24 };
    uint32_t *want = calloc(200 * 200, 4);
    CHECK(want);
    for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
        for (uint32_t rotation = 0; rotation < 4; rotation++) {
            const struct testcard_config config = { .format = formats[f],
                                                    .width_px = 151,
                                                    .height_px = 97,
                                                    .rotation = (enum frame_rotation)rotation,
                                                    .damage = TESTCARD_DAMAGE_PARTIAL };
            struct testcard *card = make(config);
            for (uint32_t serial = 3; serial < 8; serial++) { /* incremental from the second on */
                const struct view v = render(card, config, serial);
                testcard_expect_xrgb(card, serial, want, 200 * 4);
                for (uint32_t y = 0; y < v.height_px; y++)
                    for (uint32_t x = 0; x < v.width_px; x++)
                        CHECK_INT(upright_at(&v, x, y), want[y * 200 + x] & 0xffffff);
            }
            testcard_destroy(card);
        }
    }
    free(want);
}

TEST(damage_names_every_change)
{
    for (size_t d = 0; d < ARRAY_LEN(damages); d++) {
        for (uint32_t rotation = 0; rotation < 4; rotation++) {
            const struct testcard_config config = { .format = FRAME_FORMAT_BGRA,
                                                    .width_px = 300,
                                                    .height_px = 220,
                                                    .hz = 60,
                                                    .rotation = (enum frame_rotation)rotation,
                                                    .damage = damages[d] };
            struct testcard *step = make(config), *jump = make(config);
            uint32_t pitch_bytes;
            testcard_render(step, 0, &pitch_bytes);
            for (uint32_t serial = 1; serial < 150; serial++) {
                const uint8_t *a =
                    testcard_render(step, serial, &pitch_bytes); /* draws the damage only */
                testcard_render(jump, serial + 1000,
                                &pitch_bytes); /* so that the next one draws all */
                const uint8_t *b = testcard_render(jump, serial, &pitch_bytes);
                CHECK(memcmp(a, b, (size_t)pitch_bytes * config.height_px) == 0);
            }
            testcard_destroy(step);
            testcard_destroy(jump);
        }
    }
}

TEST(serial_strip_is_read_back)
{
    const uint32_t serials[] = { 0, 1, 255, 65536, 0x7fffffff, UINT32_MAX };
    static uint32_t px[100 * 100];
    for (size_t d = 0; d < ARRAY_LEN(damages); d++) {
        const struct testcard_config config = {
            .format = FRAME_FORMAT_RGBA, .width_px = 100, .height_px = 100, .damage = damages[d]
        };
        struct testcard *card = make(config);
        for (size_t i = 0; i < ARRAY_LEN(serials); i++) {
            uint32_t found = 77;
            testcard_expect_xrgb(card, serials[i], px, 400);
            CHECK(testcard_read_serial(px, 400, 100, 100, &found));
            CHECK_INT(found, damages[d] == TESTCARD_DAMAGE_STATIC ? 0 : serials[i]);
            px[5 * 100 + 2] ^= 0xffffff; /* the middle of a block */
            px[6 * 100 + 2] ^= 0xffffff;
            CHECK(!testcard_read_serial(px, 400, 100, 100, &found));
        }
        testcard_destroy(card);
    }
}

TEST(hdr_white_and_black_stay)
{
    /* SDR white as linear 1.0 is white; as PQ at reference white it is rolled off to 0.9 of linear
     * light: sRGB 243. */
    const struct {
        enum frame_format format;
        uint32_t flags, white;
    } rows[] = {
        { FRAME_FORMAT_RGBA16F, FRAME_FLAG_HDR, 255 },
        { FRAME_FORMAT_RGBA10, FRAME_FLAG_HDR, 255 },
        { FRAME_FORMAT_RGBA10, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ, 243 },
        { FRAME_FORMAT_RGBA16F, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ, 243 },
    };
    static uint32_t px[64 * 64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct testcard *card = make((struct testcard_config){ .format = rows[i].format,
                                                               .flags = rows[i].flags,
                                                               .width_px = 64,
                                                               .height_px = 64,
                                                               .damage = TESTCARD_DAMAGE_STATIC });
        uint32_t brightest = 0, darkest = 255;
        testcard_expect_xrgb(card, 0, px, 256);
        for (uint32_t n = 0; n < 64 * 12; n++) { /* the strip is black and white */
            brightest = (px[n] & 255) > brightest ? px[n] & 255 : brightest;
            darkest = (px[n] & 255) < darkest ? px[n] & 255 : darkest;
        }
        CHECK_INT(darkest, 0);
        CHECK(brightest + 1 >= rows[i].white && brightest <= rows[i].white + 1);
        testcard_destroy(card);
    }
}

TEST(pointers_have_all_kinds_of_pixels)
{
    for (enum cursor_type type = CURSOR_COLOUR; type <= CURSOR_MASKED_COLOUR; type++) {
        const struct cursor_shape *s = testcard_cursor(type);
        CHECK(s && s->type == type && s->data);
        CHECK_INT(s->data_bytes,
                  s->pitch_bytes * s->height_px * (type == CURSOR_MONOCHROME ? 2 : 1));
    }
    bool seen[4] = { false };
    const struct cursor_shape *mono = testcard_cursor(CURSOR_MONOCHROME);
    for (uint32_t i = 0; i < 32 * 32; i++) {
        const uint32_t at = i / 32 * 4 + i % 32 / 8, bit = 0x80u >> i % 8;
        seen[(mono->data[at] & bit ? 2 : 0) + (mono->data[at + 128] & bit ? 1 : 0)] = true;
    }
    CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
    CHECK(!testcard_cursor(CURSOR_NONE));
}

TEST(nonsense_is_refused)
{
    struct testcard *card = NULL;
    struct testcard_config config = {
        .format = FRAME_FORMAT_BGRA, .width_px = 64, .height_px = 64, .damage = TESTCARD_DAMAGE_FULL
    };
    config.format = (enum frame_format)7;
    CHECK(testcard_create(&config, &card) < 0);
    config.format = FRAME_FORMAT_BGRA;
    config.width_px = FRAME_MAX_PX + 1;
    CHECK(testcard_create(&config, &card) < 0);
    config.width_px = 0;
    CHECK(testcard_create(&config, &card) < 0);
    CHECK(!card);
}
