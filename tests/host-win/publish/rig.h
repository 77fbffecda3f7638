/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/publish/rig.h - publish over a piece of memory with margins that must stay as they
 * are, its ticking thread, and viewers that check every pixel they are shown. */
#ifndef ESPELHO_TESTS_PUBLISH_RIG_H
#define ESPELHO_TESTS_PUBLISH_RIG_H

#include "desk.h"
#include "kvmfr/client.h"
#include "publish/publish.h"

struct rig {
    struct desk desk;
    struct shm_region region;
    uint8_t *block; /* margin, region, margin */
    struct publish_config config;
    struct publish *publish;
    pthread_t ticker;
    _Atomic bool stop;
    _Atomic uint32_t tick_errors;
    /* what the system was told */
    _Atomic uint32_t desktops, copy_threads, capture_threads, cursor_sets, flags;
    _Atomic int32_t cursor_x, cursor_y;
};

/* 8 MiB, BGRA of 168x104 (no multiples of cells), backend A. To be changed before rig_start(). */
void rig_init(struct rig *r);
void rig_init_region(struct rig *r, uint64_t region_bytes);
void rig_start(struct rig *r);
void rig_stop(struct rig *r); /* checks the margins */
struct publish_status rig_status(struct rig *r);
/* Of the desk, while the threads run. */
uint32_t rig_count(struct rig *r, const uint32_t *counter);
/* Waits up to 20 s. */
void rig_wait_state(struct rig *r, enum publish_state state);

struct viewer {
    struct rig *rig;
    struct kvmfr_client *client;
    uint32_t frames, repeats, restarts, rejected, version, serial, flags;
    struct capture_layout layout; /* of the last frame */
    uint32_t rows_px;
    uint8_t *image; /* kept up to date by damage alone */
    uint32_t pitch_bytes;
    bool has_image;
    struct cursor_update cursor; /* the newest of each */
    uint32_t cursors, shapes;
};
void viewer_init(struct viewer *v, struct rig *r);
void viewer_fini(struct viewer *v);
/* Step, and what is there to read (two frames at most): checked. */
void viewer_look(struct viewer *v);
/* Looks until the condition, up to 20 s. */
void viewer_connect(struct viewer *v);
void viewer_wait_version(struct viewer *v, uint32_t version);
void viewer_wait_cursor(struct viewer *v, int32_t x_px, int32_t y_px);
void viewer_look_for_ms(struct viewer *v, uint32_t ms);

#endif
