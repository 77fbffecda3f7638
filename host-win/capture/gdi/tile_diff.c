/* SPDX-License-Identifier: GPL-2.0-or-later
 * Row by row, as the memory lies: a row of a tile is four cache lines, compared without a branch so
 * that the compiler uses vectors. A tile that is known to differ is not looked at any more. */
#include "capture/gdi/tile_diff.h"

#include <stdbool.h>
#include <string.h>

#include "base/checked.h"

enum { MAX_COLUMNS = FRAME_MAX_PX / TILE_DIFF_PX, ROW_BYTES = TILE_DIFF_PX * 4 };

static bool whole_row_differs(const uint8_t *a, const uint8_t *b)
{
    uint64_t differs = 0;
    for (uint32_t i = 0; i < ROW_BYTES; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, sizeof(x));
        memcpy(&y, b + i, sizeof(y));
        differs |= x ^ y;
    }
    return differs != 0;
}

/* The tiles of one row of tiles that differ. */
static void compare_band(const uint8_t *before, const uint8_t *after, uint32_t pitch_bytes,
                         uint32_t width_px, uint32_t rows, bool *differs)
{
    const uint32_t whole = width_px / TILE_DIFF_PX, rest_px = width_px % TILE_DIFF_PX;
    for (uint32_t y = 0; y < rows; y++) {
        const size_t row = (size_t)y * pitch_bytes;
        for (uint32_t c = 0; c < whole; c++)
            if (!differs[c])
                differs[c] =
                    whole_row_differs(before + row + c * ROW_BYTES, after + row + c * ROW_BYTES);
        if (rest_px > 0 && !differs[whole])
            differs[whole] = memcmp(before + row + whole * ROW_BYTES,
                                    after + row + whole * ROW_BYTES, rest_px * 4) != 0;
    }
}

/* Runs of differing tiles side by side as one rectangle each. */
static void add_runs(const bool *differs, uint32_t columns, uint32_t width_px, uint32_t top,
                     uint32_t rows, struct damage *out)
{
    for (uint32_t c = 0; c < columns;) {
        const uint32_t first = c;
        while (c < columns && differs[c])
            c++;
        if (c == first) {
            c++;
            continue;
        }
        const uint32_t x = first * TILE_DIFF_PX;
        damage_add_rect(
            out, (struct frame_rect){ x, top, min_u32(c * TILE_DIFF_PX, width_px) - x, rows });
    }
}

void tile_diff(const uint8_t *before, const uint8_t *after, uint32_t pitch_bytes, uint32_t width_px,
               uint32_t height_px, struct damage *out)
{
    damage_clear(out);
    const uint32_t columns = (min_u32(width_px, FRAME_MAX_PX) + TILE_DIFF_PX - 1) / TILE_DIFF_PX;
    for (uint32_t top = 0; top < height_px; top += TILE_DIFF_PX) {
        bool differs[MAX_COLUMNS] = { false };
        const uint32_t rows = min_u32(TILE_DIFF_PX, height_px - top);
        const size_t at = (size_t)top * pitch_bytes;
        compare_band(before + at, after + at, pitch_bytes, min_u32(width_px, FRAME_MAX_PX), rows,
                     differs);
        add_runs(differs, columns, width_px, top, rows, out);
    }
}
