/* SPDX-License-Identifier: GPL-2.0-or-later
 * A window of the test's own is drawn on; the captured screen must show it, pixel by pixel, and say
 * honestly what changed. */
#include <windows.h>

#include <errno.h>

#include "base/clock.h"
#include "capture/capture.h"
#include "test.h"

enum { X = 70, Y = 50, W = 300, H = 200 };

static struct capture *capture;
static HWND window;
static uint32_t seed;
static uint32_t wanted[H][W]; /* what the window shows */
static uint8_t *seen;         /* the screen, kept up to date by damage alone */
static uint32_t seen_pitch;

static void pump(void)
{
    MSG m;
    while (PeekMessageW(&m, NULL, 0, 0, PM_REMOVE))
        DispatchMessageW(&m);
}

static void open_window(void)
{
    const WNDCLASSW class = { .lpfnWndProc = DefWindowProcW,
                              .hInstance = GetModuleHandleW(NULL),
                              .lpszClassName = L"espelho-test-gdi" };
    RegisterClassW(&class);
    window = CreateWindowExW(WS_EX_TOPMOST, class.lpszClassName, L"", WS_POPUP | WS_VISIBLE, X, Y,
                             W, H, NULL, NULL, class.hInstance, NULL);
    CHECK_MSG(window, "no window: error %lu", GetLastError());
    pump();
}

static void put(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t colour)
{
    const RECT r = { (LONG)x, (LONG)y, (LONG)(x + width), (LONG)(y + height) };
    HDC dc = GetDC(window);
    HBRUSH brush = CreateSolidBrush(RGB(colour >> 16 & 0xff, colour >> 8 & 0xff, colour & 0xff));
    CHECK(dc && brush && FillRect(dc, &r, brush));
    DeleteObject(brush);
    ReleaseDC(window, dc);
    GdiFlush();
    for (uint32_t py = y; py < y + height; py++)
        for (uint32_t px = x; px < x + width; px++)
            wanted[py][px] = 0xff000000u | colour;
}

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void start(void)
{
    const struct capture_config config = { 0 };
    CHECK_INT(capture_gdi_ops.create(&config, &capture), 0);
    CHECK_INT(capture->ops->start(capture), CAPTURE_OK);
}

static void end(void)
{
    capture->ops->stop(capture);
    capture->ops->destroy(capture);
    free(seen);
    seen = NULL;
    if (window)
        DestroyWindow(window);
    window = NULL;
}

static void keep(const struct capture_picture *p)
{
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    seen_pitch = p->layout.width_px * 4;
    if (!seen)
        seen = calloc(p->layout.height_px, seen_pitch);
    CHECK(seen);
    const uint32_t count = damage_sorted_by_bottom(&p->damage, p->layout.width_px,
                                                   p->layout.height_px, rects, ARRAY_LEN(rects));
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y_px; y < rects[i].y_px + rects[i].height_px; y++)
            memcpy(seen + (size_t)y * seen_pitch + rects[i].x_px * 4,
                   p->pixels + (size_t)y * p->pitch_bytes + rects[i].x_px * 4,
                   rects[i].width_px * 4);
    for (uint32_t y = 0; y < p->layout.height_px; y++)
        CHECK_MSG(memcmp(seen + (size_t)y * seen_pitch, p->pixels + (size_t)y * p->pitch_bytes,
                         seen_pitch) == 0,
                  "row %u changed outside of the damage", y);
}

/* Takes what there is. */
static void look(void)
{
    struct capture_update u;
    struct capture_picture p;
    pump();
    const enum capture_result r = capture->ops->next(capture, 16, &u);
    CHECK(r == CAPTURE_OK || r == CAPTURE_TIMEOUT);
    if (capture->ops->take(capture, 0, &p) != CAPTURE_OK)
        return;
    CHECK_INT(p.layout.format, FRAME_FORMAT_BGRA);
    CHECK_INT(p.layout.width_px, GetSystemMetrics(SM_CXSCREEN));
    CHECK_INT(p.layout.height_px, GetSystemMetrics(SM_CYSCREEN));
    keep(&p);
    capture->ops->release(capture, true);
}

static bool window_is_seen(void)
{
    for (uint32_t y = 0; seen && y < H; y++)
        if (memcmp(seen + (size_t)(Y + y) * seen_pitch + X * 4, wanted[y], sizeof(wanted[y])) != 0)
            return false;
    return seen != NULL;
}

static void wait_for_window(void)
{
    const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
    for (look(); !window_is_seen(); look())
        CHECK_MSG(clock_ns() < end_ns, "the window's picture did not come");
}

TEST(what_a_window_draws)
{
    char text[160];
    open_window();
    put(0, 0, W, H, 0x204060);
    start();
    capture->ops->describe(capture, text, sizeof(text));
    printf("%s\n", text);
    CHECK(strstr(text, "GDI on \\\\.\\DISPLAY1, ") == text);
    wait_for_window();
    for (uint32_t i = 0; i < 25; i++) {
        const uint32_t x = random_below(W), y = random_below(H);
        put(x, y, 1 + random_below(W - x), 1 + random_below(H - y), random_below(1u << 24));
        wait_for_window();
    }
    end();
}

/* Nothing changes: no frames, and few looks at the screen. */
TEST(a_still_desktop_is_left_alone)
{
    struct capture_update u;
    open_window();
    put(0, 0, W, H, 0x102030);
    start();
    wait_for_window();
    const uint64_t end_ns = clock_ns() + 1500 * NS_PER_MS;
    uint32_t frames = 0;
    while (clock_ns() < end_ns)
        frames += capture->ops->next(capture, 16, &u) == CAPTURE_OK && u.frame;
    CHECK_MSG(frames <= 2, "%u frames", frames);
    put(5, 5, 1, 1, 0xffffff); /* and yet the smallest change is seen */
    wait_for_window();
    end();
}

TEST(start_and_stop)
{
    struct capture_picture p;
    open_window();
    put(0, 0, W, H, 0x777777);
    start();
    for (uint32_t i = 0; i < 3; i++) {
        wait_for_window();
        capture->ops->stop(capture);
        CHECK_INT(capture->ops->take(capture, 0, &p), CAPTURE_TIMEOUT);
        free(seen);
        seen = NULL;
        CHECK_INT(capture->ops->start(capture), CAPTURE_OK);
    }
    end();
}

TEST(monitors_by_name)
{
    static const struct {
        const char *output;
        enum capture_result want;
    } rows[] = { { NULL, CAPTURE_OK },
                 { "", CAPTURE_OK },
                 { "display1", CAPTURE_OK },
                 { "0", CAPTURE_OK },
                 { "7", CAPTURE_REBUILD },
                 { "NOSUCH", CAPTURE_REBUILD },
                 { "99999999999999999999", CAPTURE_REBUILD } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct capture_config config = { .output = rows[i].output };
        CHECK_INT(capture_gdi_ops.create(&config, &capture), 0);
        const enum capture_result r = capture->ops->start(capture);
        CHECK_MSG(r == rows[i].want, "row %zu: %d", i, (int)r);
        if (r == CAPTURE_OK)
            capture->ops->stop(capture);
        capture->ops->destroy(capture);
    }
}

/* A cursor of our own making, and where it is. */
TEST(the_pointer_and_its_shape)
{
    static uint8_t and_mask[32 * 4], xor_mask[32 * 4];
    struct capture_update u;
    struct cursor_shape shape = { 0 };
    bool has_shape = false, placed = false;
    open_window();
    for (uint32_t i = 0; i < sizeof(and_mask); i++) {
        and_mask[i] = (uint8_t)(i * 37);
        xor_mask[i] = (uint8_t)(i * 91 + 5);
    }
    HCURSOR cursor = CreateCursor(GetModuleHandleW(NULL), 7, 9, 32, 32, and_mask, xor_mask);
    CHECK(cursor);
    SetClassLongPtrW(window, GCLP_HCURSOR, (LONG_PTR)cursor);
    start();
    const uint64_t end_ns = clock_ns() + 10 * NS_PER_S;
    for (int32_t n = 0; !(has_shape && placed) && clock_ns() < end_ns; n++) {
        SetCursorPos(X + 100 + n % 2, Y + 60);
        SetCursor(cursor);
        pump();
        if (capture->ops->next(capture, 16, &u) != CAPTURE_OK || !u.pointer)
            continue;
        const struct capture_pointer *p = &u.pointer_news;
        placed |= p->visible && p->y_px == Y + 60 - 9 &&
                  (p->x_px == X + 100 - 7 || p->x_px == X + 101 - 7);
        if (p->has_shape && p->shape->type == CURSOR_MONOCHROME && p->shape->hot_x_px == 7) {
            has_shape = true;
            CHECK_INT(p->shape->width_px, 32);
            CHECK_INT(p->shape->height_px, 32);
            CHECK_INT(p->shape->hot_y_px, 9);
            CHECK_INT(p->shape->pitch_bytes, 4);
            CHECK(memcmp(p->shape->data, and_mask, sizeof(and_mask)) == 0);
            CHECK(memcmp(p->shape->data + sizeof(and_mask), xor_mask, sizeof(xor_mask)) == 0);
        }
    }
    (void)shape;
    CHECK(has_shape);
    CHECK(placed);
    end();
    DestroyCursor(cursor);
}
