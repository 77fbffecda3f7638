/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/dmabuf/dmabuf_source.h - parts of a region as dma-bufs: what a GPU driver and a
 * compositor can read without a copy.
 *
 * Two exporters: /dev/udmabuf makes them of any memfd that cannot shrink (Linux's
 * Documentation/driver-api/dma-buf.rst, <linux/udmabuf.h>), the kvmfr module of its own memory
 * (docs/protocol/kvmfr.md section 9.3). A dma-buf outlives source and region: whoever holds one can
 * read the pages for as long. Threads: one. Functions that fail leave a whole sentence and what to
 * do in *problem. */
#ifndef ESPELHO_RENDER_DMABUF_DMABUF_SOURCE_H
#define ESPELHO_RENDER_DMABUF_DMABUF_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "shm/region.h"

struct dmabuf_problem {
    char text[256];
    char advice[512]; /* what to do; may be empty */
};

/* Where things are; tests have others. NULL members: the real ones. */
struct dmabuf_paths {
    const char *udmabuf;       /* /dev/udmabuf */
    const char *size_limit_mb; /* /sys/module/udmabuf/parameters/size_limit_mb */
};

struct dmabuf_source;

/* Finds the exporter for `region`, whose descriptor is duplicated. 0; -ENOTSUP no exporter for such
 * memory; -ENOENT, -EACCES: /dev/udmabuf is not there, or not for this user; other -errno. */
int dmabuf_source_create(const struct shm_region *region, const struct dmabuf_paths *paths,
                         struct dmabuf_source **out, struct dmabuf_problem *problem) MUST_CHECK;
void dmabuf_source_destroy(struct dmabuf_source *source); /* NULL is fine */
/* Is this the region it was made from? */
bool dmabuf_source_is_of(const struct dmabuf_source *source, const struct shm_region *region);
/* "udmabuf" or "kvmfr". */
const char *dmabuf_source_name(const struct dmabuf_source *source);

struct dmabuf {
    int fd;                /* owned by the caller */
    uint32_t offset_bytes; /* where the range begins in it: below a page */
};
/* A dma-buf that holds [offset, offset + len) of the region. -ERANGE: outside; -EFBIG: larger than
 * udmabuf's limit; other -errno of the exporter. */
int dmabuf_source_export(struct dmabuf_source *source, uint64_t offset_bytes, uint64_t len_bytes,
                         struct dmabuf *out, struct dmabuf_problem *problem) MUST_CHECK;

/* What the CPU wrote is seen by devices from here on. Nothing to do on most machines, but exporters
 * with bounce buffers or caches that devices do not see want to be told. */
void dmabuf_sync_for_device(int fd);

/* Rounded out to whole pages: false if it does not lie inside `total_bytes`, or is empty. For the
 * tests. */
bool dmabuf_range(uint64_t offset_bytes, uint64_t len_bytes, uint64_t total_bytes,
                  uint64_t page_bytes, uint64_t *start_bytes, uint64_t *size_bytes);

#endif
