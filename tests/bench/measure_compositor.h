/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bench/measure_compositor.h - a Wayland compositor that shows nothing and notes everything.
 *
 * It knows frames by their row tags (rowtag.h) and the time of their publication from the
 * producer's log (publog.h). At every simulated vertical blank the newest committed content becomes
 * "shown": frame callbacks and presentation feedback go out, and the buffer shown before is
 * released, as a compositor does that scans out or samples client buffers. One client, one output,
 * and a keyboard on request. Threads: one. */
#ifndef ESPELHO_BENCH_MEASURE_COMPOSITOR_H
#define ESPELHO_BENCH_MEASURE_COMPOSITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "publog.h"

enum { MC_LATE_BLANKS = 1024 };

struct mc_surface;

struct mc {
    struct wl_display *display;
    struct publog *log;
    uint32_t width, height; /* of the output and of every toplevel */
    double refresh_hz;
    uint64_t epoch_ns; /* a vertical blank was at this time */
    struct wl_event_source *vblank_timer;
    int vblank_fd;
    uint64_t vblank_count;
    uint64_t late_ns[MC_LATE_BLANKS]; /* when blanks came late by more than an eighth of their
                                         period: the newest ones */
    uint32_t late_count;
    struct wl_list surfaces; /* mc_surface.link */
    int clients;
    bool had_client;
    struct wl_resource *window; /* the wl_surface of the toplevel; NULL: none */
    struct wl_list keyboards;   /* wl_resource links; all are told of each key */
    struct wl_event_source *orders;

    uint32_t commits, picture_commits, torn, duplicates, backwards, stale;
    uint32_t last_tag;                                          /* + 1 */
    uint64_t commit_ns[PUBLOG_FRAMES], shown_ns[PUBLOG_FRAMES]; /* by tag; 0: never */
};

/* mc_surface.c: compositor, subcompositor, viewporter, presentation-time globals. */
bool mc_surface_globals(struct mc *mc);
/* What was committed becomes what is shown. */
void mc_surfaces_latch(struct mc *mc, uint64_t now_ns);
/* Role objects look at commits of their surface. */
struct mc_surface *mc_surface_from_resource(struct wl_resource *resource);
void mc_surface_on_commit(struct mc_surface *surface, void (*fn)(void *ctx), void *ctx);

/* mc_shell.c: xdg_wm_base, decoration, output. */
bool mc_shell_globals(struct mc *mc);

/* mc_seat.c: seat; takes stdin over. */
bool mc_seat_globals(struct mc *mc);

/* measure_compositor.c: a tagged picture was committed, or is shown now. `pixels` are 32-bit. */
void mc_note_commit(struct mc *mc, const uint8_t *pixels, uint32_t stride_bytes, uint32_t width,
                    uint32_t height);
void mc_note_shown(struct mc *mc, const uint8_t *pixels, uint32_t stride_bytes, uint32_t width,
                   uint32_t height, uint64_t now_ns);

#endif
