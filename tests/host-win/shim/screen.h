/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/screen.h - one output of a scripted desktop: its picture and pointer after
 * each event, and what the system reports of the change.
 *
 * The picture is kept as colours of 8 bits per channel; rows of it come out as any of the four
 * pixel types. Portable: dxgi.dll delivers it, the judge compares with it. Threads: one at a time.
 */
#ifndef ESPELHO_TESTS_SHIM_SCREEN_H
#define ESPELHO_TESTS_SHIM_SCREEN_H

#include "kvmfr/cursor.h"
#include "kvmfr/format.h"
#include "shim/script.h"

enum { SHIM_MAX_RECTS = 1024, SHIM_MAX_SHAPE_PX = 512 };

/* As Windows has them: right and bottom lie outside. */
struct shim_rect {
    int32_t left, top, right, bottom;
};
struct shim_move {
    int32_t from_x, from_y;
    struct shim_rect to;
};

struct shim_pointer {
    int32_t x_px, y_px;
    bool visible;
    enum cursor_type shape; /* NONE: it never had one */
    uint32_t width_px, height_px, hot_x_px, hot_y_px;
    uint32_t shape_event; /* its bytes follow from this */
};

struct shim_screen {
    uint32_t output; /* index: part of the pattern */
    uint32_t width_px, height_px;
    int quarter_turns;
    enum frame_format format;
    enum shim_colour colour;
    uint32_t white_nits;
    enum shim_pattern pattern;
    uint32_t *pixels;   /* owned, 0x00RRGGBB */
    uint16_t half[256]; /* channel values as half floats */
    struct shim_pointer pointer;
};

/* What one event told. */
struct shim_news {
    bool frame, pointer_moved, shape;
    bool remade; /* size, type or rotation changed: the duplication is lost */
    bool bare, protected_content;
    int32_t accumulated, metadata_bytes; /* -1: not told */
    uint32_t dirty_count, move_count;
    struct shim_rect dirty[SHIM_MAX_RECTS];
    struct shim_move moves[SHIM_MAX_RECTS];
    struct shim_rect painted; /* around all pixels that may have changed; inside the picture */
};

/* The desktop as the setup leaves it (800x600 bgra, if it does not say otherwise). 0; -ENOMEM. */
int shim_screen_init(struct shim_screen *screen, const struct shim_script *script, uint32_t output);
void shim_screen_fini(struct shim_screen *screen);
/* Another size, all of it as event `event` paints it; 0; -ENOMEM. */
int shim_screen_resize(struct shim_screen *screen, uint32_t width_px, uint32_t height_px,
                       uint32_t event);
/* The next event. 0; -ENOMEM. */
int shim_screen_apply(struct shim_screen *screen, const struct shim_script *script, uint32_t event,
                      struct shim_news *news);

/* Bytes of pixel type `format` of `count_px` pixels of a row. */
void shim_screen_row(const struct shim_screen *screen, enum frame_format format, uint32_t x_px,
                     uint32_t y_px, uint32_t count_px, void *out);
/* The shape of a `shape` command of event `event`. */
void shim_pointer_shape(struct shim_pointer *pointer, const struct shim_command *command,
                        uint32_t event);
/* Size as delivered by GetFramePointerShape(): a monochrome shape has two masks. */
uint32_t shim_pointer_pitch_bytes(const struct shim_pointer *pointer);
uint32_t shim_pointer_rows(const struct shim_pointer *pointer);
/* pitch * rows bytes. */
void shim_pointer_bytes(const struct shim_pointer *pointer, uint8_t *out);

#endif
