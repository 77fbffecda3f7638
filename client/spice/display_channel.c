/* SPDX-License-Identifier: GPL-2.0-or-later
 * The display on its channel: what is sent first, and who hears of what comes. */
#define LOG_MODULE "spice"

#include <errno.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/log.h"
#include "base/text.h"
#include "spice/display_private.h"

enum {
    CACHE_ID = 1, /* one display channel: any numbers do */
    GLZ_ID = 1,
    GLZ_WINDOW_PX = 256 * 1024, /* the server keeps that much for a compression we do not want */
    INIT_BYTES = 14,
    MESSAGE_SLACK_BYTES = 1024 * 1024,
};

static void send_init(struct spice_channel *channel)
{
    uint8_t init[INIT_BYTES] = { CACHE_ID };
    spice_put_u64(init + 1, SPICE_PIXMAP_CACHE_PX);
    init[9] = GLZ_ID;
    spice_put_u32(init + 10, GLZ_WINDOW_PX);
    if (spice_channel_send(channel, SPICE_MSGC_DISPLAY_INIT, init, sizeof(init)) < 0)
        log_debug("display: nothing can be sent"); /* on_down says why */
}

static void on_greet(void *ctx, struct spice_channel *channel)
{
    (void)ctx;
    const uint8_t off = SPICE_IMAGE_COMPRESSION_OFF;
    /* Before INIT, which makes the server send the picture that is there. Both leave with the
     * ticket: a client that goes away between link and INIT would take the server with it. */
    if (spice_channel_has_cap(channel, SPICE_DISPLAY_CAP_PREF_COMPRESSION) &&
        spice_channel_send(channel, SPICE_MSGC_DISPLAY_PREFERRED_COMPRESSION, &off, sizeof(off)) <
            0)
        log_debug("display: nothing can be sent");
    send_init(channel);
}

static void on_up(void *ctx, struct spice_channel *channel)
{
    (void)channel;
    struct spice_display *d = ctx;
    if (d->listener.on_up)
        d->listener.on_up(d->listener.ctx);
}

static int on_message(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    const char *why = NULL;
    const int err = spice_display_message(ctx, type, body, body_bytes, &why);
    if (err == 0)
        return 0;
    return spice_channel_blame(channel, "%s", err == -ENOMEM ? _("out of memory") : why);
}

static void on_down(void *ctx, struct spice_channel *channel, const struct spice_problem *problem)
{
    (void)channel;
    struct spice_display *d = ctx;
    if (d->listener.on_down)
        d->listener.on_down(d->listener.ctx, problem);
}

const struct spice_channel_ops spice_display_ops = {
    .name = "display",
    .type = SPICE_CHANNEL_DISPLAY,
    .max_message_bytes = SPICE_PIXMAP_MAX_BYTES + MESSAGE_SLACK_BYTES,
    .caps = 1u << SPICE_DISPLAY_CAP_MONITORS_CONFIG | 1u << SPICE_DISPLAY_CAP_LZ4_COMPRESSION |
            1u << SPICE_DISPLAY_CAP_PREF_COMPRESSION,
    .greet = on_greet,
    .on_up = on_up,
    .on_message = on_message,
    .on_down = on_down,
};
