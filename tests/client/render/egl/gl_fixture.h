/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/render/egl/gl_fixture.h - a GL scene without a window system, synthetic frames, and
 * what the window must show, computed by the CPU. */
#ifndef ESPELHO_TESTS_GL_FIXTURE_H
#define ESPELHO_TESTS_GL_FIXTURE_H

#include "render/egl/gl_scene.h"

enum { FIXTURE_MAX_SURFACES = 5 };

struct gl_fixture {
    struct egl_context egl;
    EGLSurface surfaces[FIXTURE_MAX_SURFACES]; /* pbuffers */
    EGLSurface trial;                          /* a small one, current at first */
    uint32_t surface_count, width_px, height_px;
    struct gl_scene scene;
    struct renderer_stats stats;
    uint32_t *read; /* what gl_fixture_read() returns */
};

/* Skips the test where EGL has no surfaceless platform. */
void gl_fixture_init(struct gl_fixture *f, uint32_t width_px, uint32_t height_px, uint32_t surfaces,
                     bool only_es2);
/* The same with the EGL configuration that has alpha. */
void gl_fixture_init_alpha(struct gl_fixture *f, uint32_t width_px, uint32_t height_px);
void gl_fixture_fini(struct gl_fixture *f);
/* Draws into surface `index`, which holds what was drawn `age` presents ago (0: unknown). */
void gl_fixture_present(struct gl_fixture *f, uint32_t index, uint32_t age);
/* XRGB8888 rows from the top, of the current surface. */
const uint32_t *gl_fixture_read(struct gl_fixture *f);

/* For leak checks: keeps the driver in memory (see gl_fixture.c). */
void gl_fixture_pin_driver(void);

/* A frame in private memory, all rows final. */
struct test_frame {
    struct frame_view view;
    uint8_t *pixels;
    _Atomic uint32_t ready_bytes;
};
/* `pitch_bytes` 0: as the hosts choose it. Filled with random pixels. */
void test_frame_init(struct test_frame *f, enum frame_format format, uint32_t flags,
                     uint32_t width_px, uint32_t height_px, uint32_t pitch_bytes,
                     enum frame_rotation rotation);
void test_frame_fini(struct test_frame *f);
/* New random pixels inside `r`. */
void test_frame_touch(struct test_frame *f, struct frame_rect r);
/* The upright picture as XRGB8888 (missing rows black); free() it. */
uint32_t *test_frame_upright(const struct test_frame *f, enum frame_rotation extra,
                             uint32_t *width_px, uint32_t *height_px);

uint32_t test_random(void);
uint32_t test_below(uint32_t n);

#endif
