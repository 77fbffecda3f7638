/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/live.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { TILE_PX = 64 };

struct live {
    HDC screen, memory;
    HBITMAP bitmap;
    HGDIOBJ previous;
    uint32_t *pixels; /* of the bitmap */
};

struct live *live_create(const struct shim_screen *screen)
{
    struct live *l = calloc(1, sizeof(*l));
    if (!l)
        return NULL;
    l->screen = GetDC(NULL);
    l->memory = CreateCompatibleDC(l->screen);
    const BITMAPINFO info = { .bmiHeader = { .biSize = sizeof(info.bmiHeader),
                                             .biWidth = (LONG)screen->width_px,
                                             .biHeight = -(LONG)screen->height_px, /* top down */
                                             .biPlanes = 1,
                                             .biBitCount = 32 } };
    l->bitmap = CreateDIBSection(l->memory, &info, DIB_RGB_COLORS, (void **)&l->pixels, NULL, 0);
    if (l->bitmap) {
        l->previous = SelectObject(l->memory, l->bitmap);
        return l;
    }
    live_destroy(l);
    return NULL;
}

void live_destroy(struct live *l)
{
    if (!l)
        return;
    if (l->previous)
        SelectObject(l->memory, l->previous);
    if (l->bitmap)
        DeleteObject(l->bitmap);
    DeleteDC(l->memory);
    ReleaseDC(NULL, l->screen);
    free(l);
}

/* Copies a tile; true if it was different. */
static bool take_tile(const struct live *l, struct shim_screen *s, const struct shim_rect *tile)
{
    bool changed = false;
    for (int32_t y = tile->top; y < tile->bottom; y++) {
        const size_t at = (size_t)y * s->width_px + (size_t)tile->left;
        for (int32_t x = 0; x < tile->right - tile->left; x++) {
            const uint32_t pixel = l->pixels[at + (size_t)x] & 0xFFFFFF;
            changed |= s->pixels[at + (size_t)x] != pixel;
            s->pixels[at + (size_t)x] = pixel;
        }
    }
    return changed;
}

/* Tiles of a row that touch become one rectangle. */
static void add_tile(struct shim_news *news, const struct shim_rect *tile)
{
    struct shim_rect *last = news->dirty_count ? &news->dirty[news->dirty_count - 1] : NULL;
    if (last && last->top == tile->top && last->right == tile->left)
        last->right = tile->right;
    else if (news->dirty_count < SHIM_MAX_RECTS)
        news->dirty[news->dirty_count++] = *tile;
    else
        news->dirty[0] = news->painted; /* too many: all of it */
}

static int32_t least(int32_t a, uint32_t b)
{
    return a < (int32_t)b ? a : (int32_t)b;
}

bool live_look(struct live *l, struct shim_screen *s, struct shim_news *news)
{
    *news = (struct shim_news){ .accumulated = -1, .metadata_bytes = -1 };
    news->painted = (struct shim_rect){ 0, 0, (int32_t)s->width_px, (int32_t)s->height_px };
    BitBlt(l->memory, 0, 0, (int)s->width_px, (int)s->height_px, l->screen, 0, 0, SRCCOPY);
    GdiFlush();
    for (int32_t y = 0; y < (int32_t)s->height_px; y += TILE_PX) {
        for (int32_t x = 0; x < (int32_t)s->width_px; x += TILE_PX) {
            const struct shim_rect tile = { x, y, least(x + TILE_PX, s->width_px),
                                            least(y + TILE_PX, s->height_px) };
            if (take_tile(l, s, &tile))
                add_tile(news, &tile);
        }
    }
    news->frame = news->dirty_count > 0;
    POINT at;
    if (GetCursorPos(&at) && (at.x != s->pointer.x_px || at.y != s->pointer.y_px)) {
        news->pointer_moved = true;
        s->pointer.x_px = at.x;
        s->pointer.y_px = at.y;
        s->pointer.visible = true;
    }
    return news->frame || news->pointer_moved;
}
