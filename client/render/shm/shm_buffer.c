/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "shm"

#include "render/shm/shm_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"

static void buffer_destroy(struct shm_buffer *b)
{
    wl_list_remove(&b->link);
    if (b->wl)
        wl_buffer_destroy(b->wl);
    if (b->mem)
        munmap(b->mem, b->len_bytes);
    free(b);
}

static void on_release(void *ctx, struct wl_buffer *wl)
{
    (void)wl;
    struct shm_buffer *b = ctx;
    b->busy = false;
    if (b->retired)
        buffer_destroy(b);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

void shm_pool_init(struct shm_pool *pool, struct wl_shm *shm)
{
    pool->shm = shm;
    wl_list_init(&pool->buffers);
}

void shm_pool_fini(struct shm_pool *pool)
{
    struct shm_buffer *b, *next;
    wl_list_for_each_safe (b, next, &pool->buffers, link)
        buffer_destroy(b);
}

/* 0 or -errno. The compositor maps the same pages; sealed, so that it need not fear that we shrink
 * them. */
static int map_memory(struct shm_buffer *b, int *fd)
{
    *fd = memfd_create("espelho-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0 || ftruncate(*fd, (off_t)b->len_bytes) < 0)
        return -errno;
    fcntl(*fd, F_ADD_SEALS,
          F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL); /* a courtesy: failing is fine */
    /* All pages at once: as thousands of faults during the first copy they would cost more than
     * the copy, many times more on a machine where a fault is dear. */
    void *mem = mmap(NULL, b->len_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, *fd, 0);
    if (mem == MAP_FAILED)
        return -errno;
    b->mem = mem;
    return 0;
}

struct shm_buffer *shm_pool_add(struct shm_pool *pool, uint32_t width_px, uint32_t height_px,
                                uint32_t format)
{
    autoclose int fd = -1;
    const uint64_t len_bytes = (uint64_t)width_px * 4 * height_px;
    struct shm_buffer *b =
        len_bytes <= INT32_MAX ? calloc(1, sizeof(*b)) : NULL; /* wl_shm counts in int32_t */
    if (!b) {
        log_every(1000, LOG_LEVEL_ERROR, "a picture of %ux%u pixels is too large", width_px,
                  height_px);
        return NULL;
    }
    wl_list_insert(&pool->buffers, &b->link);
    b->width_px = width_px;
    b->height_px = height_px;
    b->stride_bytes = width_px * 4;
    b->len_bytes = (size_t)len_bytes;
    b->format = format;
    damage_set_full(&b->lacks);
    const int err = map_memory(b, &fd);
    if (err < 0) {
        log_every(1000, LOG_LEVEL_ERROR, "no memory for a picture of %ux%u pixels: %s", width_px,
                  height_px, err_str(err));
        buffer_destroy(b);
        return NULL;
    }
    struct wl_shm_pool *wl_pool = wl_shm_create_pool(pool->shm, fd, (int32_t)b->len_bytes);
    b->wl = wl_shm_pool_create_buffer(wl_pool, 0, (int32_t)width_px, (int32_t)height_px,
                                      (int32_t)b->stride_bytes, format);
    wl_shm_pool_destroy(wl_pool);
    wl_buffer_add_listener(b->wl, &buffer_listener, b);
    return b;
}

struct shm_buffer *shm_pool_find_free(struct shm_pool *pool)
{
    struct shm_buffer *b, *best = NULL;
    uint64_t best_px = UINT64_MAX;
    wl_list_for_each (b, &pool->buffers, link) {
        const uint64_t px = damage_pixels(&b->lacks, b->width_px, b->height_px);
        if (b->busy || b->retired || px >= best_px)
            continue;
        best = b;
        best_px = px;
    }
    return best;
}

uint32_t shm_pool_count(const struct shm_pool *pool)
{
    struct shm_buffer *b;
    uint32_t count = 0;
    wl_list_for_each (b, &pool->buffers, link)
        count += !b->retired;
    return count;
}

void shm_pool_add_damage(struct shm_pool *pool, const struct damage *damage)
{
    struct shm_buffer *b;
    wl_list_for_each (b, &pool->buffers, link)
        damage_add(&b->lacks, damage);
}

void shm_pool_retire_all(struct shm_pool *pool)
{
    struct shm_buffer *b, *next;
    wl_list_for_each_safe (b, next, &pool->buffers, link) {
        b->retired = true;
        if (!b->busy)
            buffer_destroy(b);
    }
}

void shm_buffer_blacken(struct shm_buffer *b)
{
    uint32_t *pixels = (uint32_t *)(void *)b->mem;
    for (size_t i = 0; i < b->len_bytes / 4; i++)
        pixels[i] = b->format == WL_SHM_FORMAT_XBGR2101010 ? 0xc0000000u : 0xff000000u;
}

void shm_buffer_attach(struct shm_buffer *b, struct wl_surface *surface)
{
    b->busy = true;
    wl_surface_attach(surface, b->wl, 0, 0);
}
