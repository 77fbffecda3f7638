/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "gdi"

#include "capture/gdi/pointer_icon.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "capture/gdi/icon_bits.h"

struct bitmap_header { /* BITMAPINFO with room for the two colours of a mask */
    BITMAPINFOHEADER header;
    RGBQUAD colours[2];
};

void pointer_icon_fini(struct pointer_icon *p)
{
    cursor_shape_fini(&p->shape);
    *p = (struct pointer_icon){ 0 };
}

void pointer_icon_forget(struct pointer_icon *p)
{
    p->known = false;
    p->handle = NULL;
}

/* Rows from the top, `bits` per pixel, padded to four bytes. NULL: not to be had. */
static void *read_bitmap(HDC dc, HBITMAP bitmap, const BITMAP *size, WORD bits,
                         uint32_t *pitch_bytes)
{
    *pitch_bytes = ((uint32_t)size->bmWidth * bits + 31) / 32 * 4;
    struct bitmap_header h = { .header = { .biSize = sizeof(h.header),
                                           .biWidth = size->bmWidth,
                                           .biHeight = -size->bmHeight,
                                           .biPlanes = 1,
                                           .biBitCount = bits,
                                           .biCompression = BI_RGB } };
    void *rows = calloc((size_t)size->bmHeight, *pitch_bytes);
    if (rows && GetDIBits(dc, bitmap, 0, (UINT)size->bmHeight, rows, (BITMAPINFO *)(void *)&h,
                          DIB_RGB_COLORS) != size->bmHeight) {
        free(rows);
        rows = NULL;
    }
    return rows;
}

static bool bitmap_size(HBITMAP bitmap, BITMAP *out)
{
    return GetObjectW(bitmap, sizeof(*out), out) == sizeof(*out) && out->bmWidth > 0 &&
           out->bmWidth <= (LONG)CURSOR_MAX_PX && out->bmHeight > 0 &&
           out->bmHeight <= 2 * (LONG)CURSOR_MAX_PX;
}

static bool read_shape(HDC dc, const ICONINFO *info, struct cursor_shape *out)
{
    BITMAP mask, colour;
    if (!bitmap_size(info->hbmMask, &mask) ||
        (info->hbmColor && (!bitmap_size(info->hbmColor, &colour) ||
                            colour.bmWidth != mask.bmWidth || colour.bmHeight != mask.bmHeight)))
        return false;
    uint32_t unused;
    struct icon_bits bits = {
        .width_px = (uint32_t)mask.bmWidth,
        .height_px = (uint32_t)mask.bmHeight / (info->hbmColor ? 1 : 2),
        .hot_x_px = info->xHotspot,
        .hot_y_px = info->yHotspot,
    };
    autofree uint8_t *mask_rows = read_bitmap(dc, info->hbmMask, &mask, 1, &bits.mask_pitch_bytes);
    autofree uint32_t *colour_rows =
        info->hbmColor ? read_bitmap(dc, info->hbmColor, &colour, 32, &unused) : NULL;
    if (!mask_rows || (info->hbmColor && !colour_rows))
        return false;
    bits.mask = mask_rows;
    bits.colour = colour_rows;
    return icon_bits_to_shape(&bits, out) == 0;
}

static bool shape_of(HCURSOR cursor, struct cursor_shape *out)
{
    ICONINFO info;
    if (!GetIconInfo(cursor, &info))
        return false;
    HDC dc = GetDC(NULL);
    const bool ok = dc && read_shape(dc, &info, out);
    if (dc)
        ReleaseDC(NULL, dc);
    DeleteObject(info.hbmMask);
    if (info.hbmColor)
        DeleteObject(info.hbmColor);
    return ok;
}

/* True: a new shape. */
static bool follow_shape(struct pointer_icon *p, HCURSOR cursor)
{
    struct cursor_shape shape;
    if (!cursor || cursor == p->handle)
        return false;
    p->handle = cursor; /* asked once, whatever comes of it */
    if (!shape_of(cursor, &shape) && !shape_of(LoadCursorW(NULL, (LPCWSTR)IDC_ARROW), &shape)) {
        log_every(60000, LOG_LEVEL_WARN, "the pointer's shape is not to be had (error %lu)",
                  GetLastError());
        return false;
    }
    cursor_shape_fini(&p->shape);
    p->shape = shape;
    return true;
}

bool pointer_icon_look(struct pointer_icon *p, POINT origin, struct capture_pointer *out)
{
    CURSORINFO info = { .cbSize = sizeof(info) };
    if (!GetCursorInfo(&info)) /* another desktop has the input: the capture will hear of it */
        return false;
    const bool visible = (info.flags & CURSOR_SHOWING) != 0;
    const bool shape = visible && follow_shape(p, info.hCursor);
    const bool moved =
        !p->known || info.ptScreenPos.x != p->at.x || info.ptScreenPos.y != p->at.y || shape;
    if (!moved && visible == p->visible)
        return false;
    p->known = true;
    p->at = info.ptScreenPos;
    p->visible = visible;
    *out = (struct capture_pointer){
        .has_position = true,
        .has_shape = shape,
        .x_px = p->at.x - origin.x - (int32_t)p->shape.hot_x_px,
        .y_px = p->at.y - origin.y - (int32_t)p->shape.hot_y_px,
        .visible = visible,
        .shape = &p->shape,
    };
    return true;
}
