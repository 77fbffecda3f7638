/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/direct/direct_buffer.h - the guest's frame buffers as wl_buffers.
 *
 * A wl_buffer is asked for once per frame buffer and layout; the compositor answers some time
 * later, and may refuse. (`create`, not `create_immed`, after which a refusal would end the
 * connection.) Between attach and release it holds the pixels of one frame, named by `id`. Threads:
 * render thread. */
#ifndef ESPELHO_RENDER_DIRECT_DIRECT_BUFFER_H
#define ESPELHO_RENDER_DIRECT_DIRECT_BUFFER_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-client.h>

#include "render/direct/linux_dmabuf.h"
#include "render/dmabuf/dmabuf_picture.h"
#include "render/dmabuf/dmabuf_source.h"

struct zwp_linux_buffer_params_v1;
struct direct_buffers;

enum direct_buffer_state {
    DIRECT_BUFFER_NONE,
    DIRECT_BUFFER_ASKED,
    DIRECT_BUFFER_READY,
    DIRECT_BUFFER_REFUSED,
};

struct direct_buffer {
    struct direct_buffers *owner;
    struct dmabuf_picture picture;
    enum direct_buffer_state state;
    struct zwp_linux_buffer_params_v1 *params; /* while ASKED */
    struct wl_buffer *wl;
    int fd;       /* of the dma-buf, for dmabuf_sync_for_device(); owned */
    uint32_t id;  /* of the frame whose pixels are held; 0: none */
    bool busy;    /* with the compositor */
    bool retired; /* dies when the compositor lets go of it */
    uint64_t asked_ns;
    struct wl_list link; /* the one that was wanted last is first */
};

struct direct_buffers {
    const struct linux_dmabuf *dmabuf; /* borrowed */
    struct wl_list list;
    uint32_t count;
    void (*on_done)(void *ctx, uint32_t id); /* a frame's pixels are not held any more */
    void *ctx;
    char reason[320], advice[512]; /* after a failure of get() */
};

void direct_buffers_init(struct direct_buffers *all, const struct linux_dmabuf *dmabuf,
                         void (*on_done)(void *ctx, uint32_t id), void *ctx);
/* Tells on_done for all frames, destroys all. */
void direct_buffers_fini(struct direct_buffers *all);
/* The buffer of `picture`, asked for if there is none yet: look at its state. NULL: cannot be, see
 * `reason`. */
struct direct_buffer *direct_buffers_get(struct direct_buffers *all, struct dmabuf_source *source,
                                         const struct dmabuf_picture *picture, uint64_t modifier);
/* None of them will be used again. Frames are told done, although the compositor may still show
 * one. */
void direct_buffers_retire(struct direct_buffers *all);
/* Will the compositor say in a moment that it is ready? */
bool direct_buffer_is_coming(const struct direct_buffer *b);
/* Lets go of a frame that was never attached. */
void direct_buffer_drop(struct direct_buffer *b);
void direct_buffer_attach(struct direct_buffer *b, struct wl_surface *surface);

#endif
