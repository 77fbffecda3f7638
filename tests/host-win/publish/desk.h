/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/publish/desk.h - a desktop that a test draws on, and capture backends for it that
 * do as the test says.
 *
 * The picture is made of cells of 8x8 pixels; every byte of it follows from its cell's number, and
 * the first four bytes are the picture's version. So whoever sees a picture knows what every pixel
 * of it must be. One desk at a time: the backends find it by themselves. Threads: any; one lock. */
#ifndef ESPELHO_TESTS_DESK_H
#define ESPELHO_TESTS_DESK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"

enum { DESK_CELL_PX = 8, DESK_TRUTHS = 8192, DESK_BACKENDS = 2 };

struct desk_truth { /* one picture as it was */
    uint32_t version;
    struct capture_layout layout;
    uint32_t *cells;
};

struct desk {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct capture_layout layout;
    uint32_t version, seed;
    uint32_t *cells;
    struct desk_truth truths[DESK_TRUTHS]; /* by version */
    struct damage news;
    bool frame_due, pointer_due, mode_changed;
    struct capture_pointer pointer; /* news of it */
    uint32_t fail_starts;           /* so many times `fail_with` */
    enum capture_result fail_with;
    enum capture_result always[DESK_BACKENDS]; /* what start() says for ever, if not 0 */
    enum capture_result next_result;           /* next() says so once */
    bool lose_every_frame; /* next() says next_result after each start's first frame */
    enum capture_result storm_result;
    uint32_t short_takes; /* take() fails so many times with CAPTURE_REBUILD */
    struct {
        uint32_t creates, destroys, starts, good_starts, stops, nexts, takes, taken, refused;
        uint32_t wrong_thread;
        uint64_t last_start_ns, shortest_start_gap_ns;
    } count;
};

extern const struct capture_ops desk_a_ops, desk_b_ops; /* "desk A", "desk B" */

void desk_init(struct desk *d, enum frame_format format, uint32_t width_px, uint32_t height_px);
void desk_fini(struct desk *d);
/* Changes `rects` random rectangles. Returns the version of the picture now. */
uint32_t desk_draw(struct desk *d, uint32_t rects);
/* Another mode: the backend says REBUILD, and then has this picture. */
uint32_t desk_set_mode(struct desk *d, const struct capture_layout *layout);
/* `shape` is borrowed until the pointer was sent; NULL: the same. */
void desk_move_pointer(struct desk *d, int32_t x_px, int32_t y_px, bool visible,
                       const struct cursor_shape *shape);
void desk_say(struct desk *d, enum capture_result result); /* next() says so once */
/* Are these rows (of `rows` that are there) the picture whose version is written in them? *version
 * on success. */
bool desk_check(struct desk *d, const uint8_t *pixels, uint32_t pitch_bytes, uint32_t rows,
                const struct capture_layout *layout, uint32_t *version);
uint32_t desk_random(uint32_t *seed, uint32_t n);

#endif
