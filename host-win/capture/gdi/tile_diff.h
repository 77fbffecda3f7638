/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/gdi/tile_diff.h - where two pictures of 32-bit pixels differ, in tiles. Pure and
 * portable. */
#ifndef ESPELHO_CAPTURE_GDI_TILE_DIFF_H
#define ESPELHO_CAPTURE_GDI_TILE_DIFF_H

#include <stdint.h>

#include "kvmfr/damage.h"

enum { TILE_DIFF_PX = 64 };

/* Tiles of TILE_DIFF_PX x TILE_DIFF_PX (narrower at the right and bottom edge) in which any byte
 * differs become damage; neighbours are joined. Both pictures have the same size and pitch. *out is
 * empty if they are equal. */
void tile_diff(const uint8_t *before, const uint8_t *after, uint32_t pitch_bytes, uint32_t width_px,
               uint32_t height_px, struct damage *out);

#endif
