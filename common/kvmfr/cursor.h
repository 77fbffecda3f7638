/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/cursor.h - the guest's pointer, copied out of shared memory and checked.
 * Source: docs/protocol/kvmfr.md section 4. */
#ifndef ESPELHO_KVMFR_CURSOR_H
#define ESPELHO_KVMFR_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Values are wire value + 1, so that 0 means none. */
enum cursor_type { CURSOR_NONE, CURSOR_COLOUR, CURSOR_MONOCHROME, CURSOR_MASKED_COLOUR };

#define CURSOR_MAX_PX    1024u
#define CURSOR_MAX_BYTES 1048576u

struct cursor_shape {
    enum cursor_type type;
    uint32_t width_px;
    uint32_t height_px; /* visible height (monochrome: half of the rows in data) */
    uint32_t pitch_bytes;
    uint32_t hot_x_px, hot_y_px; /* 0..255 */
    uint32_t data_bytes;
    uint8_t *data; /* owned by whoever owns the struct; see cursor_shape_fini() */
};
void cursor_shape_fini(struct cursor_shape *shape);
/* Rows of data: height_px, monochrome twice that. */
uint32_t cursor_shape_rows(const struct cursor_shape *shape);
/* NULL if type, sizes and pitch are within limits (data and data_bytes are not looked at), else a
 * static text, for _(). */
const char *cursor_shape_fault(const struct cursor_shape *shape);

struct cursor_update {
    bool visible;
    bool has_position;
    bool has_shape;
    int32_t x_px,
        y_px; /* top-left of the shape, relative to the captured output, guest's rotated desktop */
    struct cursor_shape shape; /* valid if has_shape; then the receiver owns data */
};

/* The checker: copies header and shape out once. 0; -EPROTO with a static text in *why; -ENOMEM.
 * Pure; fuzzed. */
int cursor_update_from_wire(const void *region, size_t region_len_bytes, uint32_t offset_bytes,
                            uint32_t len_bytes, uint32_t flags, struct cursor_update *out,
                            const char **why) MUST_CHECK;

#endif
