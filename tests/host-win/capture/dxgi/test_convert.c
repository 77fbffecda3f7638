/* SPDX-License-Identifier: GPL-2.0-or-later
 * The shaders on a real device, against the same sums in double precision. The reference is written
 * from the definitions (area filter, IEC 61966-2-1, ST 2084, ITU-R BT.709 and BT.2020), not from
 * the shader. */
#include "test.h"

#include <math.h>

#include "capture/dxgi/convert.h"
#include "capture/dxgi/geometry.h"
#include "gpu.h"
#include "win/hresult.h"

struct picture { /* four channels of doubles */
    uint32_t width_px, height_px;
    double *samples;
};

static struct picture picture_of(uint32_t width_px, uint32_t height_px)
{
    return (struct picture){ width_px, height_px,
                             calloc((size_t)width_px * height_px * 4, sizeof(double)) };
}

static double *at(const struct picture *p, uint32_t x, uint32_t y)
{
    return p->samples + ((size_t)y * p->width_px + x) * 4;
}

static uint32_t hash(uint32_t v)
{
    v = (v ^ 61) ^ (v >> 16);
    v *= 9;
    v ^= v >> 4;
    v *= 0x27d4eb2d;
    return v ^ (v >> 15);
}

/* Noise: every pixel differs from its neighbours, so a wrong tap shows. */
static double noise(uint32_t x, uint32_t y, uint32_t c)
{
    return (hash(x * 7919 + y * 104729 + c * 31) & 0xff) / 255.0;
}

static double covered(uint32_t pixel, double from, double to)
{
    const double a = fmax(from, pixel), b = fmin(to, pixel + 1.0);
    return b > a ? b - a : 0;
}

static void scale_down(const struct picture *in, struct picture *out)
{
    const double sx = (double)in->width_px / out->width_px;
    const double sy = (double)in->height_px / out->height_px;
    for (uint32_t y = 0; y < out->height_px; y++) {
        for (uint32_t x = 0; x < out->width_px; x++) {
            double *o = at(out, x, y);
            for (uint32_t v = (uint32_t)(y * sy); v < in->height_px && v < (y + 1) * sy; v++) {
                for (uint32_t u = (uint32_t)(x * sx); u < in->width_px && u < (x + 1) * sx; u++) {
                    const double w = covered(u, x * sx, (x + 1) * sx) *
                                     covered(v, y * sy, (y + 1) * sy) / (sx * sy);
                    for (int c = 0; c < 4; c++)
                        o[c] += at(in, u, v)[c] * w;
                }
            }
        }
    }
}

static double srgb(double linear)
{
    const double v = fmin(fmax(linear, 0), 1);
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double pq_nits(double v)
{
    const double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128;
    const double c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
    const double e = pow(fmin(fmax(v, 0), 1), 1 / m2);
    return 10000 * pow(fmax(e - c1, 0) / (c2 - c3 * e), 1 / m1);
}

/* From the chromaticities of both, through XYZ (D65 in both, so no adaptation). */
static void bt709_of_bt2020(double rgb[3])
{
    const double r = rgb[0], g = rgb[1], b = rgb[2];
    const double x = 0.636958 * r + 0.144617 * g + 0.168881 * b;
    const double y = 0.262700 * r + 0.677998 * g + 0.059302 * b;
    const double z = 0.028073 * g + 1.060985 * b;
    rgb[0] = 3.240970 * x - 1.537383 * y - 0.498611 * z;
    rgb[1] = -0.969244 * x + 1.875968 * y + 0.041555 * z;
    rgb[2] = 0.055630 * x - 0.203977 * y + 1.056972 * z;
}

static void convert_light(struct picture *p, enum shader_light light, double scale)
{
    for (size_t i = 0; i < (size_t)p->width_px * p->height_px; i++) {
        double *s = p->samples + i * 4;
        if (light == SHADER_LIGHT_PQ_TO_SDR) {
            for (int c = 0; c < 3; c++)
                s[c] = pq_nits(s[c]) / 80;
            bt709_of_bt2020(s);
        }
        for (int c = 0; c < 3 && light != SHADER_LIGHT_KEEP; c++)
            s[c] = light == SHADER_LIGHT_SCALE ? s[c] * scale : srgb(s[c] * scale);
    }
}

/* Positive normal halves and zero; rounds towards zero. */
static uint16_t half_of(double v)
{
    int e;
    if (v == 0)
        return 0;
    const double m = frexp(fabs(v), &e); /* 0.5 <= m < 1 */
    return (uint16_t)((v < 0 ? 0x8000 : 0) | ((e + 14) << 10) | ((int)(m * 2048) & 0x3ff));
}

static double of_half(uint16_t h)
{
    const double v = ldexp(1024 + (h & 0x3ff), (h >> 10 & 31) - 25);
    return (h & 0x7fff) == 0 ? 0 : h & 0x8000 ? -v : v;
}

struct format {
    DXGI_FORMAT dxgi;
    uint32_t bytes;
};
static const struct format bgra8 = { DXGI_FORMAT_B8G8R8A8_UNORM, 4 };
static const struct format rgba8 = { DXGI_FORMAT_R8G8B8A8_UNORM, 4 };
static const struct format rgba10 = { DXGI_FORMAT_R10G10B10A2_UNORM, 4 };
static const struct format rgba16f = { DXGI_FORMAT_R16G16B16A16_FLOAT, 8 };

/* Stores a pixel, and sets `s` to what was really stored. */
static void store(const struct format *f, double *s, uint8_t *to)
{
    static const int bgra[] = { 2, 1, 0, 3 };
    uint32_t packed = 0;
    for (int c = 0; c < 4; c++) {
        if (f == &rgba16f) {
            const uint16_t h = half_of(s[c]);
            memcpy(to + c * 2, &h, 2);
            s[c] = of_half(h);
        } else if (f == &rgba10) {
            const double max = c == 3 ? 3 : 1023;
            s[c] = round(s[c] * max) / max;
            packed |= (uint32_t)lround(s[c] * max) << (c * 10);
        } else {
            s[c] = round(s[c] * 255) / 255;
            to[f == &bgra8 ? bgra[c] : c] = (uint8_t)lround(s[c] * 255);
        }
    }
    if (f == &rgba10)
        memcpy(to, &packed, 4);
}

static double load(const struct format *f, const uint8_t *from, int c)
{
    static const int bgra[] = { 2, 1, 0, 3 };
    uint32_t packed;
    uint16_t h;
    memcpy(&packed, from, 4);
    if (f == &rgba16f) {
        memcpy(&h, from + c * 2, 2);
        return of_half(h);
    }
    if (f == &rgba10)
        return (packed >> (c * 10) & (c == 3 ? 3 : 1023)) / (c == 3 ? 3.0 : 1023.0);
    return from[f == &bgra8 ? bgra[c] : c] / 255.0;
}

struct row {
    uint32_t source_width_px, source_height_px, width_px, height_px;
    enum shader_light light;
    double scale, peak; /* samples are 0..peak */
    const struct format *in, *out;
    double tolerance; /* of a sample; relative for half floats */
};

static struct picture make_source(const struct row *r, uint8_t *bytes)
{
    struct picture p = picture_of(r->source_width_px, r->source_height_px);
    for (uint32_t y = 0; y < p.height_px; y++) {
        for (uint32_t x = 0; x < p.width_px; x++) {
            for (uint32_t c = 0; c < 4; c++)
                at(&p, x, y)[c] = noise(x, y, c) * r->peak;
            store(r->in, at(&p, x, y), bytes + ((size_t)y * p.width_px + x) * r->in->bytes);
        }
    }
    return p;
}

static void compare(const struct row *r, const struct picture *want, const uint8_t *got)
{
    double worst = 0;
    for (uint32_t y = 0; y < want->height_px; y++) {
        for (uint32_t x = 0; x < want->width_px; x++) {
            for (int c = 0; c < 3; c++) {
                const double w = at(want, x, y)[c];
                const double g =
                    load(r->out, got + ((size_t)y * want->width_px + x) * r->out->bytes, c);
                const double difference = fabs(w - g) / (r->out == &rgba16f ? fmax(w, 0.1) : 1);
                worst = fmax(worst, difference);
                CHECK_MSG(difference <= r->tolerance, "%ux%u: %u,%u channel %d: %f, expected %f",
                          want->width_px, want->height_px, x, y, c, g, w);
            }
        }
    }
    fprintf(stderr, "%ux%u -> %ux%u light %d: worst difference %f of %f\n", r->source_width_px,
            r->source_height_px, r->width_px, r->height_px, r->light, worst, r->tolerance);
}

static void run_row(const struct dxgi_device *device, const struct row *r)
{
    const struct shader_job job = { r->source_width_px, r->source_height_px,
                                    r->width_px,        r->height_px,
                                    r->light,           (float)r->scale };
    const struct damage all = { .full = true };
    uint8_t *in = calloc((size_t)r->source_width_px * r->source_height_px, r->in->bytes);
    uint8_t *out = calloc((size_t)r->width_px * r->height_px, r->out->bytes);
    struct picture source = make_source(r, in), want = picture_of(r->width_px, r->height_px);
    ID3D11Texture2D *texture = gpu_texture(device, r->source_width_px, r->source_height_px,
                                           r->in->dxgi, in, r->source_width_px * r->in->bytes);
    struct convert *convert = NULL;
    const HRESULT hr = convert_create(device, &job, texture, r->out->dxgi, &convert);
    CHECK_MSG(SUCCEEDED(hr), "convert_create: %s", hresult_text(hr).text);

    convert_run(convert, &all);
    gpu_read(device, convert_result(convert), out, r->width_px * r->out->bytes);
    scale_down(&source, &want);
    convert_light(&want, r->light, r->scale);
    compare(r, &want, out);

    convert_destroy(convert);
    com_release(&texture);
    free(source.samples);
    free(want.samples);
    free(in);
    free(out);
}

static void run_rows(const struct row *rows, size_t count)
{
    struct dxgi_device device = gpu_create();
    for (size_t i = 0; i < count; i++)
        run_row(&device, &rows[i]);
    dxgi_device_destroy(&device);
}

#define STEP_8  (1.01 / 255) /* one step of the result: two roundings */
#define STEP_10 (1.01 / 1023)
#define STEP_16 0.003

TEST(scaling_is_the_mean_of_the_area)
{
    static const struct row rows[] = {
        { 64, 48, 32, 24, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 64, 48, 63, 47, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 64, 48, 48, 32, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 101, 67, 37, 23, SHADER_LIGHT_KEEP, 1, 1, &rgba8, &rgba8, STEP_8 },
        { 160, 80, 20, 10, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 159, 79, 20, 10, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 8, 8, 1, 1, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 100, 40, 60, 40, SHADER_LIGHT_KEEP, 1, 1, &rgba10, &rgba10, STEP_10 },
        { 100, 40, 60, 20, SHADER_LIGHT_KEEP, 1, 12, &rgba16f, &rgba16f, STEP_16 },
    };
    run_rows(rows, ARRAY_LEN(rows));
}

TEST(wide_pictures_keep_their_right_edge)
{
    static const struct row rows[] = {
        { 3840, 4, 1707, 2, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 4, 2160, 3, 1523, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
        { 7680, 2, 7679, 1, SHADER_LIGHT_KEEP, 1, 1, &bgra8, &bgra8, STEP_8 },
    };
    run_rows(rows, ARRAY_LEN(rows));
}

TEST(light)
{
    static const struct row rows[] = {
        { 64, 48, 64, 48, SHADER_LIGHT_SCALE, 80.0 / 203, 12, &rgba16f, &rgba16f, STEP_16 },
        { 64, 48, 64, 48, SHADER_LIGHT_SCRGB_TO_SDR, 1, 1.5, &rgba16f, &bgra8, STEP_8 },
        { 64, 48, 64, 48, SHADER_LIGHT_SCRGB_TO_SDR, 80.0 / 240, 4, &rgba16f, &bgra8, STEP_8 },
        { 64, 48, 64, 48, SHADER_LIGHT_SCRGB_TO_SDR, 1, 0.02, &rgba16f, &bgra8, STEP_8 },
        { 64, 48, 64, 48, SHADER_LIGHT_PQ_TO_SDR, 80.0 / 203, 0.7, &rgba10, &bgra8, STEP_8 },
        { 64, 48, 64, 48, SHADER_LIGHT_PQ_TO_SDR, 1, 1, &rgba10, &bgra8, STEP_8 },
        { 64, 48, 40, 30, SHADER_LIGHT_SCRGB_TO_SDR, 80.0 / 203, 3, &rgba16f, &bgra8, STEP_8 },
        { 64, 48, 40, 30, SHADER_LIGHT_PQ_TO_SDR, 80.0 / 203, 0.6, &rgba10, &bgra8, STEP_8 },
    };
    run_rows(rows, ARRAY_LEN(rows));
}

TEST(negative_and_huge_light_is_clipped)
{
    static const double light[] = { -1, -1000, 60000, 1, 0, 0.5 };
    struct dxgi_device device = gpu_create();
    uint16_t in[ARRAY_LEN(light)][4];
    uint8_t out[ARRAY_LEN(light)][4];
    for (size_t i = 0; i < ARRAY_LEN(light); i++) {
        for (int c = 0; c < 4; c++)
            in[i][c] = half_of(light[i]);
    }
    const uint32_t count = (uint32_t)ARRAY_LEN(light);
    const struct shader_job job = { count, 1, count, 1, SHADER_LIGHT_SCRGB_TO_SDR, 1 };
    const struct damage all = { .full = true };
    ID3D11Texture2D *texture = gpu_texture(&device, count, 1, rgba16f.dxgi, in, sizeof(in));
    struct convert *convert = NULL;
    CHECK(SUCCEEDED(convert_create(&device, &job, texture, bgra8.dxgi, &convert)));
    convert_run(convert, &all);
    gpu_read(&device, convert_result(convert), out, sizeof(out));
    for (size_t i = 0; i < ARRAY_LEN(light); i++)
        CHECK_INT(out[i][0], lround(srgb(light[i]) * 255));
    convert_destroy(convert);
    com_release(&texture);
    dxgi_device_destroy(&device);
}

/* What is outside of the damage stays as it was, what is inside is new. */
TEST(only_the_damage_is_drawn)
{
    enum { W = 64, H = 32 };
    static uint32_t grey[W * H], out[W / 2 * H / 2];
    struct dxgi_device device = gpu_create();
    const struct shader_job job = { W, H, W / 2, H / 2, SHADER_LIGHT_KEEP, 1 };
    const struct damage all = { .full = true };
    const struct damage some = { .count = 2, .rects = { { 0, 0, 3, 1 }, { 20, 5, 12, 11 } } };
    memset(grey, 0x80, sizeof(grey));
    ID3D11Texture2D *texture = gpu_texture(&device, W, H, bgra8.dxgi, grey, W * 4);
    struct convert *convert = NULL;
    CHECK(SUCCEEDED(convert_create(&device, &job, texture, bgra8.dxgi, &convert)));
    convert_run(convert, &all);
    memset(grey, 0x20, sizeof(grey));
    ID3D11DeviceContext_UpdateSubresource(device.context, (ID3D11Resource *)texture, 0, NULL, grey,
                                          W * 4, 0);
    convert_run(convert, &some);
    gpu_read(&device, convert_result(convert), out, W / 2 * 4);
    for (uint32_t y = 0; y < H / 2; y++) {
        for (uint32_t x = 0; x < W / 2; x++) {
            const bool inside = (y < 1 && x < 3) || (x >= 20 && y >= 5);
            CHECK_INT(out[y * (W / 2) + x], inside ? 0x20202020u : 0x80808080u);
        }
    }
    convert_destroy(convert);
    com_release(&texture);
    dxgi_device_destroy(&device);
}
