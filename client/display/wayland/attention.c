/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the window asks of the desktop around it: stay awake, come to the front, be treated as a
 * game. */
#define LOG_MODULE "wayland"

#include <stdlib.h>

#include "base/log.h"
#include "display/wayland/wayland_private.h"

#include "idle-inhibit-unstable-v1-client-protocol.h"
#include "xdg-activation-v1-client-protocol.h"
#ifdef ESPELHO_HAVE_CONTENT_TYPE_V1
#include "content-type-v1-client-protocol.h"
#endif

void display_set_idle_inhibit(struct display *d, bool on)
{
    if (!d->global.idle || on == (d->attention.inhibitor != NULL))
        return;
    if (on) {
        d->attention.inhibitor =
            zwp_idle_inhibit_manager_v1_create_inhibitor(d->global.idle, d->native.surface);
        return;
    }
    zwp_idle_inhibitor_v1_destroy(d->attention.inhibitor);
    d->attention.inhibitor = NULL;
}

static void on_token(void *ctx, struct xdg_activation_token_v1 *token, const char *text)
{
    struct display *d = ctx;
    xdg_activation_v1_activate(d->global.activation, text, d->native.surface);
    xdg_activation_token_v1_destroy(token);
    d->attention.token = NULL;
}

static const struct xdg_activation_token_v1_listener token_listener = { .done = on_token };

void display_request_activation(struct display *d)
{
    if (!d->global.activation || d->attention.token || d->state.activated)
        return;
    /* Without the serial of a key press the compositor marks the window as urgent instead of
     * raising it: as it should. */
    d->attention.token = xdg_activation_v1_get_activation_token(d->global.activation);
    xdg_activation_token_v1_add_listener(d->attention.token, &token_listener, d);
    xdg_activation_token_v1_set_surface(d->attention.token, d->native.surface);
    xdg_activation_token_v1_commit(d->attention.token);
}

void attention_start(struct display *d, bool inhibit_idle)
{
    const char *token = getenv("XDG_ACTIVATION_TOKEN");
    if (token && d->global.activation)
        xdg_activation_v1_activate(d->global.activation, token, d->native.surface);
    unsetenv("XDG_ACTIVATION_TOKEN"); /* good for one window */
#ifdef ESPELHO_HAVE_CONTENT_TYPE_V1
    if (d->global.content_type) {
        d->attention.content_type = wp_content_type_manager_v1_get_surface_content_type(
            d->global.content_type, d->native.surface);
        wp_content_type_v1_set_content_type(d->attention.content_type,
                                            WP_CONTENT_TYPE_V1_TYPE_GAME);
    }
#endif
    if (inhibit_idle)
        display_set_idle_inhibit(d, true);
}

void attention_fini(struct display *d)
{
    if (d->attention.token)
        xdg_activation_token_v1_destroy(d->attention.token);
    if (d->attention.inhibitor)
        zwp_idle_inhibitor_v1_destroy(d->attention.inhibitor);
#ifdef ESPELHO_HAVE_CONTENT_TYPE_V1
    if (d->attention.content_type)
        wp_content_type_v1_destroy(d->attention.content_type);
#endif
}
