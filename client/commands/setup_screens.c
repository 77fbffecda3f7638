/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/setup_screens.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/printable.h"
#include "commands/wayland_ask.h"

enum { SOCKETS_MAX = 10 };

struct asked {
    struct wl_output *output[DISPLAYS_SHOWN_MAX]; /* owned */
    struct displays_shown *out;
};

static void on_geometry(void *ctx, struct wl_output *wl, int32_t x, int32_t y, int32_t width_mm,
                        int32_t height_mm, int32_t subpixel, const char *make, const char *model,
                        int32_t transform)
{
    (void)ctx, (void)wl, (void)x, (void)y, (void)width_mm, (void)height_mm, (void)subpixel;
    (void)make, (void)model, (void)transform;
}

static void on_mode(void *ctx, struct wl_output *wl, uint32_t flags, int32_t width, int32_t height,
                    int32_t refresh)
{
    struct display_mode *const mode = ctx;
    (void)wl, (void)refresh;
    if (!(flags & WL_OUTPUT_MODE_CURRENT) || width <= 0 || height <= 0)
        return;
    mode->width_px = (uint32_t)width;
    mode->height_px = (uint32_t)height;
}

static void on_done(void *ctx, struct wl_output *wl)
{
    (void)ctx, (void)wl;
}

static void on_scale(void *ctx, struct wl_output *wl, int32_t factor)
{
    (void)ctx, (void)wl, (void)factor;
}

static void on_name(void *ctx, struct wl_output *wl, const char *name)
{
    struct display_mode *const mode = ctx;
    (void)wl;
    if (printable(name)) /* it is shown, maybe by root */
        snprintf(mode->connector, sizeof(mode->connector), "%s", name);
}

static void on_description(void *ctx, struct wl_output *wl, const char *description)
{
    (void)ctx, (void)wl, (void)description;
}

static const struct wl_output_listener output_listener = { on_geometry, on_mode, on_done,
                                                           on_scale,    on_name, on_description };

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct asked *const a = ctx;
    const size_t n = a->out->count;
    if (strcmp(interface, wl_output_interface.name) != 0 || n == DISPLAYS_SHOWN_MAX)
        return;
    a->output[n] = wl_registry_bind(registry, name, &wl_output_interface, min_u32(version, 4));
    if (!a->output[n])
        return;
    a->out->mode[n].is_shown = true;
    wl_output_add_listener(a->output[n], &output_listener, &a->out->mode[n]);
    a->out->count++;
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)ctx, (void)registry, (void)name;
}

/* First which outputs there are, then what they tell. */
static int ask(struct wl_display *display, struct displays_shown *out)
{
    static const struct wl_registry_listener registry_listener = { on_global, on_global_remove };
    struct asked a = { .out = out };
    struct wl_registry *registry = wl_display_get_registry(display);
    if (!registry)
        return -1;
    wl_registry_add_listener(registry, &registry_listener, &a);
    int err = wayland_ask_wait(display);
    if (err == 0)
        err = wayland_ask_wait(display);
    for (size_t i = 0; i < out->count; i++)
        wl_output_destroy(a.output[i]);
    wl_registry_destroy(registry);
    return err;
}

/* sudo and pkexec leave the session's variables out, but not who it was. */
static int open_users(const char *user, struct wl_display **out)
{
    const struct passwd *const entry = user[0] ? getpwnam(user) : NULL;
    int err = -1;
    for (int i = 0; entry && err < 0 && i < SOCKETS_MAX; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/run/user/%" PRIu32 "/wayland-%d", (uint32_t)entry->pw_uid,
                 i);
        err = wayland_ask_open(path, out);
    }
    return err;
}

void setup_screens(const char *user, struct displays_shown *out)
{
    struct wl_display *display = NULL;
    struct displays_shown shown = { .count = 0 };
    const bool is_session = getuid() != 0 || getenv("WAYLAND_DISPLAY");
    out->count = 0;
    if ((is_session ? wayland_ask_open(NULL, &display) : open_users(user, &display)) < 0)
        return;
    if (ask(display, &shown) == 0)
        *out = shown;
    wl_display_disconnect(display);
}
