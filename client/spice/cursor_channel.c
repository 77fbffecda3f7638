/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pointer on its channel. */
#include <errno.h>

#include <spice/enums.h>

#include "base/text.h"
#include "spice/cursor_private.h"

enum { MESSAGE_MAX_BYTES = 2 * 1024 * 1024 };

static void on_up(void *ctx, struct spice_channel *channel)
{
    (void)channel;
    struct spice_cursor *c = ctx;
    if (c->listener.on_up)
        c->listener.on_up(c->listener.ctx);
}

static int on_message(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    const char *why = NULL;
    const int err = spice_cursor_message(ctx, type, body, body_bytes, &why);
    if (err == 0)
        return 0;
    return spice_channel_blame(channel, "%s", err == -ENOMEM ? _("out of memory") : why);
}

static void on_down(void *ctx, struct spice_channel *channel, const struct spice_problem *problem)
{
    (void)channel;
    struct spice_cursor *c = ctx;
    if (c->listener.on_down)
        c->listener.on_down(c->listener.ctx, problem);
}

const struct spice_channel_ops spice_cursor_ops = {
    .name = "cursor",
    .type = SPICE_CHANNEL_CURSOR,
    .max_message_bytes = MESSAGE_MAX_BYTES,
    .on_up = on_up,
    .on_message = on_message,
    .on_down = on_down,
};
