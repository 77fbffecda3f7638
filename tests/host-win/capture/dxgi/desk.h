/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/capture/dxgi/desk.h - a scripted desktop (tests/host-win/shim), the backend that
 * captures it, and a reader who copies only what the damage says: so damage that leaves something
 * out shows as a wrong pixel. Every failure ends the test. */
#ifndef ESPELHO_TEST_DXGI_DESK_H
#define ESPELHO_TEST_DXGI_DESK_H

#include "capture/capture.h"
#include "shim/screen.h"

struct desk {
    struct shim_script script;
    struct shim_screen screen; /* the model */
    struct shim_news news;     /* of the model's last event */
    uint32_t event;            /* the model's */
    struct capture *capture;
    struct capture_update update; /* of the last next() */
    struct capture_layout layout; /* of the last picture */
    uint64_t damage_px;           /* of the last picture */
    uint8_t *copy;                /* the reader's picture, rows without padding */
    size_t copy_bytes;
};

/* Writes the script where the test's dxgi.dll finds it, and creates the capture (not started). */
void desk_open(struct desk *d, const char *script, const struct capture_config *config);
void desk_close(struct desk *d);

/* Until a frame came; pointer-only news and timeouts are passed over. OK, or what next() said. */
enum capture_result desk_wait_frame(struct desk *d);
/* next() once, with a long timeout. */
enum capture_result desk_next(struct desk *d);
/* The model's next event. */
void desk_play(struct desk *d);
/* What the damage of a taken picture says goes into the copy. */
void desk_copy(struct desk *d, const struct capture_picture *picture);
/* Takes the newest picture into the copy. */
void desk_take(struct desk *d);
/* The copy is the model's picture, byte by byte. */
void desk_compare(const struct desk *d);
bool desk_is_equal(const struct desk *d);
/* start() until it works, for a second at most. */
void desk_restart(struct desk *d);

#endif
