/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/direct/linux_dmabuf.h - zwp_linux_dmabuf_v1: which dma-bufs the compositor takes.
 *
 * Versions 1 to 3 tell formats (and modifiers) as events, 4 and later as a table in a file.
 * Threads: render thread. */
#ifndef ESPELHO_RENDER_DIRECT_LINUX_DMABUF_H
#define ESPELHO_RENDER_DIRECT_LINUX_DMABUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-client.h>

#include "base/macros.h"

struct zwp_linux_dmabuf_v1;

struct linux_dmabuf_format {
    uint32_t fourcc;
    uint64_t modifier;
};

struct linux_dmabuf {
    struct wl_display *display;        /* borrowed */
    struct zwp_linux_dmabuf_v1 *proxy; /* NULL: not offered */
    uint32_t version;
    struct linux_dmabuf_format *formats; /* those with modifiers we could use; owned */
    size_t format_count;
};

/* Asks the compositor, and waits for its answer. 0; -ENOTSUP: it has no such thing; -ENOMEM,
 * -EPIPE. Objects made with the proxy have their events in the display's own queue. */
int linux_dmabuf_init(struct linux_dmabuf *d, struct wl_display *display) MUST_CHECK;
void linux_dmabuf_fini(struct linux_dmabuf *d);

/* Does it take rows of such pixels? *modifier: to be named (linear, or none in particular). */
bool linux_dmabuf_takes(const struct linux_dmabuf *d, uint32_t fourcc, uint64_t *modifier);

/* The table of version 4: 16 bytes each (format, padding, modifier). Adds entry `index` of a table
 * of `table_bytes` bytes, if it is there and of use. -ENOMEM. For the tests. */
int linux_dmabuf_add_entry(struct linux_dmabuf *d, const void *table, size_t table_bytes,
                           uint32_t index) MUST_CHECK;

#endif
