/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/follower/judge.h - what a published frame shows, against the script that the desktop
 * was made of, and against the frame before. Knows nothing of the host. Threads: one. */
#ifndef ESPELHO_TESTS_FOLLOWER_JUDGE_H
#define ESPELHO_TESTS_FOLLOWER_JUDGE_H

#include "kvmfr/cursor.h"
#include "kvmfr/frame.h"
#include "shim/screen.h"

struct judge {
    const struct shim_script *script; /* borrowed; NULL: only honesty is judged */
    uint32_t scale;                   /* the picture has so many times fewer pixels per side */
    uint32_t tolerance;               /* per byte of a pixel */
    struct shim_screen screen;        /* as it was in the last frame that was recognised */
    uint32_t event;
    /* The frame before, as it lay in shared memory. */
    uint8_t *before; /* owned; NULL: unknown */
    size_t before_bytes;
    struct frame_view before_view;
};

struct verdict {
    bool known;          /* it shows the desktop after `event`, in every pixel */
    uint32_t event;      /* the first such, not before the last frame's */
    bool honest;         /* nothing changed outside the damage */
    uint32_t x_px, y_px; /* where something did */
    uint32_t wrong_x,
        wrong_y;         /* !known: the first pixel that is not as in the last known picture */
    uint64_t damaged_px; /* overlaps counted once or more */
};

/* script: may be NULL. 0; -ENOMEM. */
int judge_init(struct judge *judge, const struct shim_script *script, uint32_t output);
void judge_fini(struct judge *judge);
/* The frame before is unknown from now on. */
void judge_forget(struct judge *judge);
/* All rows of the frame are final. 0; -ENOMEM. */
int judge_frame(struct judge *judge, const struct frame_view *frame, struct verdict *out);
/* The event whose shape this is; false: none's. */
bool judge_shape(const struct judge *judge, const struct cursor_shape *shape, uint32_t *event);

#endif
