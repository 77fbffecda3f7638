/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/shm/shm_buffer.h - wl_shm buffers, each in a memory of its own, and who holds them.
 * Threads: render thread. A pool owns its buffers; it dies before the display. */
#ifndef ESPELHO_RENDER_SHM_SHM_BUFFER_H
#define ESPELHO_RENDER_SHM_SHM_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-client.h>

#include "kvmfr/damage.h"

struct shm_buffer {
    struct wl_buffer *wl;
    uint8_t *mem; /* all zero at first */
    size_t len_bytes;
    uint32_t width_px, height_px, stride_bytes;
    uint32_t format;     /* WL_SHM_FORMAT_* */
    bool busy;           /* with the compositor: read it, do not write it */
    bool retired;        /* dies when the compositor lets go of it */
    struct damage lacks; /* what the newest picture has and this one has not, in image pixels */
    struct wl_list link;
};

struct shm_pool {
    struct wl_shm *shm; /* borrowed */
    struct wl_list buffers;
};

void shm_pool_init(struct shm_pool *pool, struct wl_shm *shm);
void shm_pool_fini(struct shm_pool *pool);
/* A new buffer, lacking everything. NULL: no memory; logged. Buffers have 4 bytes per pixel. */
struct shm_buffer *shm_pool_add(struct shm_pool *pool, uint32_t width_px, uint32_t height_px,
                                uint32_t format);
/* The buffer that is free and lacks least; NULL: none. */
struct shm_buffer *shm_pool_find_free(struct shm_pool *pool);
/* How many are in use or free, the retired ones not counted. */
uint32_t shm_pool_count(const struct shm_pool *pool);
/* The newest picture changed there: every buffer lacks it now. */
void shm_pool_add_damage(struct shm_pool *pool, const struct damage *damage);
/* They will not be used again: each is freed at once, or when the compositor releases it. */
void shm_pool_retire_all(struct shm_pool *pool);
/* Opaque black, also for those who take X for alpha, as some screenshot programs do. */
void shm_buffer_blacken(struct shm_buffer *buffer);
/* Marks the buffer as the compositor's and attaches it. */
void shm_buffer_attach(struct shm_buffer *buffer, struct wl_surface *surface);

#endif
