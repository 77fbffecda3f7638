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

/* In the order of enum render_import. */
enum client_import { CLIENT_IMPORT_AUTO, CLIENT_IMPORT_ON, CLIENT_IMPORT_OFF };
enum client_renderer { CLIENT_RENDERER_AUTO, CLIENT_RENDERER_EGL, CLIENT_RENDERER_SHM };
enum client_wait {
    CLIENT_WAIT_AUTO,
    CLIENT_WAIT_ADAPTIVE,
    CLIENT_WAIT_FIXED,
    CLIENT_WAIT_DOORBELL
};
enum client_colour { CLIENT_COLOUR_AUTO, CLIENT_COLOUR_ALWAYS, CLIENT_COLOUR_NEVER };
enum client_source { CLIENT_SOURCE_AUTO, CLIENT_SOURCE_RELAY, CLIENT_SOURCE_SPICE };
enum client_mouse { CLIENT_MOUSE_AUTO, CLIENT_MOUSE_ABSOLUTE, CLIENT_MOUSE_RELATIVE };
enum client_mic { CLIENT_MIC_ASK, CLIENT_MIC_ALLOW, CLIENT_MIC_DENY };
enum { CLIENT_MACROS = 9 };

/* One struct per module; texts are owned (client_options_free()). */
struct client_options {
    struct {
        char *config_file;         /* NULL: looked for, see above */
        char *shm_file;            /* NULL: shm_default_path() */
        char *domain;              /* NULL: none; a libvirt domain that names region and SPICE */
        char *libvirt_uri;         /* never NULL */
        int source;                /* enum client_source */
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
        int import;   /* enum client_import */
        bool direct;  /* hand frames to the compositor itself */
    } render;
    struct {
        bool enable;
        char *host; /* never NULL; a path with port 0 is a socket, as in Looking Glass */
        uint32_t port, tls_port;
        char *socket;   /* NULL: TCP */
        char *password; /* NULL: none; wiped from the command line */
        char *password_file;
        char *ca_file, *host_subject; /* NULL: system's authorities; host name is checked */
        bool input, audio;
        bool check_uuid;   /* refuse input when relay and SPICE belong to different VMs */
        bool resize_guest; /* the guest's resolution follows the window (agent) */
    } spice;
    struct {
        char *escape_key; /* never NULL; a KEY_* name or number */
        uint32_t help_delay_ms;
        int mouse;          /* enum client_mouse */
        int32_t mouse_sens; /* -9..9 */
        bool raw_mouse, auto_capture, capture_on_start, capture_on_focus, capture_only;
        bool grab_keyboard, grab_keyboard_on_focus, release_keys_on_focus_loss;
        bool ignore_windows_keys, hide_cursor, view_only;
    } input;
    struct {
        char *playback_device, *record_device; /* NULL: the default one */
        uint32_t latency_ms;                   /* 0: learned */
        int mic;                               /* enum client_mic */
        bool mic_indicator, sync_volume;
    } audio;
    struct {
        bool share, to_guest, to_host, primary, file_transfer;
        uint32_t limit_mib; /* of one transfer */
    } clipboard;
    struct { /* key names of input/binding.h; "" : none. Each follows the held escape key. */
        char *fullscreen, *quit, *overlay, *rotate, *video, *input, *sens_up, *sens_down;
        char *volume_up, *volume_down, *mute, *microphone, *cancel, *left_win, *right_win,
            *ctrl_alt_del;
        char *ctrl_alt_fn;          /* modifier that turns F1..F12 into Ctrl+Alt+Fn */
        char *macro[CLIENT_MACROS]; /* "KEY: sequence" */
    } bindings;
};

extern const struct option_table client_option_table;

void client_options_init(struct client_options *options); /* defaults */
/* Defaults, and then what the files say; nothing else is done. 0 or -errno with a message (which
 * names the line); *options is to be freed in either case. */
int client_options_load_files(struct client_options *options,
                              struct option_error *error) MUST_CHECK;
void client_options_free(struct client_options *options);

/* Name of the renderer as renderer_create() takes it; NULL: auto. */
const char *client_options_renderer_name(const struct client_options *options);
/* Name of the wait strategy as wait_find() takes it; NULL: auto. */
const char *client_options_wait_name(const struct client_options *options);

/* Initialises *options from all sources and starts the log as it says. `own`: a verb's own options,
 * initialised by the caller and read from the command line only, or NULL. `argv` without program
 * name and verb; other words are moved to argv[0..*rest_count). 0 or -errno with a message;
 * *options is to be freed in either case. */
int client_options_load(struct client_options *options, const struct option_set *own, int argc,
                        char **argv, int *rest_count, struct option_error *error) MUST_CHECK;

#endif
