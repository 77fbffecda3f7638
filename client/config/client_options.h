/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/config/client_options.h - everything a user can set, as one struct that is constant after
 * start-up.
 *
 * Order, later wins: defaults, the INI file, the command line. The file is --config, or
 * $XDG_CONFIG_HOME/espelho/client.ini, or, where there is none, an existing
 * $XDG_CONFIG_HOME/looking-glass/client.ini (what that one says that we do not know is listed in
 * one warning). Threads: load and free at start-up and end; in between read from anywhere. */
#ifndef ESPELHO_CONFIG_CLIENT_OPTIONS_H
#define ESPELHO_CONFIG_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "options/options.h"

enum client_renderer { CLIENT_RENDERER_AUTO, CLIENT_RENDERER_EGL, CLIENT_RENDERER_SHM };
enum client_wait { CLIENT_WAIT_ADAPTIVE, CLIENT_WAIT_FIXED };
enum client_colour { CLIENT_COLOUR_AUTO, CLIENT_COLOUR_ALWAYS, CLIENT_COLOUR_NEVER };

/* One struct per module; texts are owned (client_options_free()). */
struct client_options {
    struct {
        char *config_file;         /* NULL: looked for, see above */
        char *shm_file;            /* NULL: shm_default_path() */
        int renderer;              /* enum client_renderer */
        int wait;                  /* enum client_wait */
        uint32_t wait_interval_us; /* CLIENT_WAIT_FIXED only */
        int log_level;             /* enum log_level */
        int log_colour;            /* enum client_colour */
        char *log_file;            /* NULL: stderr */
    } app;
    struct {
        char *title, *app_id;            /* never NULL */
        struct option_size size;         /* logical; 0x0: 1024x768 until the first frame */
        struct option_position position; /* a hint: Wayland compositors place windows themselves */
        bool fullscreen, maximize, borderless;
        bool keep_aspect, int_upscale, no_upscale;
        bool auto_resize;        /* the window follows the guest's mode */
        int rotate;              /* enum frame_rotation: quarter turns clockwise */
        bool no_screensaver;     /* keep the display on always */
        bool auto_screensaver;   /* keep it on while the guest asks for it */
        bool request_activation; /* pass on that a guest window wants attention */
    } win;
    struct {
        bool nearest; /* scaling filter: nearest pixel instead of linear */
    } render;
};

extern const struct option_table client_option_table;

void client_options_init(struct client_options *options); /* defaults */
void client_options_free(struct client_options *options);

/* Name of the renderer as renderer_create() takes it; NULL: auto. */
const char *client_options_renderer_name(const struct client_options *options);

/* Initialises *options from all sources and starts the log as it says. `own`: a verb's own options,
 * initialised by the caller and read from the command line only, or NULL. `argv` without program
 * name and verb; other words are moved to argv[0..*rest_count). 0 or -errno with a message;
 * *options is to be freed in either case. */
int client_options_load(struct client_options *options, const struct option_set *own, int argc,
                        char **argv, int *rest_count, struct option_error *error) MUST_CHECK;

#endif
