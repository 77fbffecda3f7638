/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "config"
#include "config/client_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"

#define AT(member) offsetof(struct client_options, member)

/* In the order of enum client_renderer, client_wait, log_level, client_colour, frame_rotation. */
static const char *const renderers[] = { "auto", "egl;opengl", "shm", NULL };
static const char *const waits[] = { "adaptive", "fixed", NULL };
static const char *const log_levels[] = { "none", "error", "warn", "info", "debug", "trace", NULL };
static const char *const log_colours[] = { "auto", "always", "never", NULL };
static const char *const rotations[] = { "0", "90", "180", "270", NULL };

static const struct option_def defs[] = {
    { "app.configFile", .alias = "app:config", .short_name = 'C', .type = OPTION_STRING,
      .offset = AT(app.config_file), .value_name = "PATH",
      .help = "read this file instead of $XDG_CONFIG_HOME/espelho/client.ini; command line only" },
    { "app.shmFile", .type = OPTION_STRING, .offset = AT(app.shm_file), .value_name = "PATH",
      .help = "the shared memory: a file, or a kvmfr device; without it /dev/kvmfr0 if there is "
              "one, else "
              "/dev/shm/looking-glass" },
    { "app.renderer", .short_name = 'g', .type = OPTION_ENUM, .offset = AT(app.renderer),
      .choices = renderers, .default_text = "auto",
      .help = "how frames are drawn: egl with OpenGL ES, shm by one copy without OpenGL; auto "
              "takes shm where "
              "OpenGL is software" },
    { "app.wait", .type = OPTION_ENUM, .offset = AT(app.wait), .choices = waits,
      .default_text = "adaptive",
      .help = "how new frames are noticed: adaptive learns the guest's rhythm, fixed looks at an "
              "interval" },
    { "app.waitIntervalUs", .alias = "app:framePollInterval", .type = OPTION_U32,
      .offset = AT(app.wait_interval_us), .min = 50, .max = 100000, .default_text = "1000",
      .help = "microseconds between two looks of app.wait=fixed" },
    { "app.logLevel", .type = OPTION_ENUM, .offset = AT(app.log_level), .choices = log_levels,
      .default_text = "info", .help = "the least important lines that are logged" },
    { "app.logFile", .type = OPTION_STRING, .offset = AT(app.log_file), .value_name = "PATH",
      .help = "append the log to this file instead of writing it to stderr" },
    { "app.logColour", .alias = "app.logColor", .type = OPTION_ENUM, .offset = AT(app.log_colour),
      .choices = log_colours, .default_text = "auto",
      .help = "colours in the log; auto: on a terminal, unless NO_COLOR is set" },

    { "win.title", .type = OPTION_STRING, .offset = AT(win.title), .default_text = "Espelho",
      .help = "the window's title" },
    { "win.appId", .type = OPTION_STRING, .offset = AT(win.app_id), .default_text = "espelho",
      .help = "the window's application id, for rules and icons of the desktop" },
    { "win.size", .type = OPTION_SIZE, .offset = AT(win.size), .min = 16, .max = 16384,
      .default_text = "auto",
      .help = "the window's size at the start, in logical pixels; auto: 1024x768 until the guest's "
              "mode is known" },
    { "win.position", .type = OPTION_POSITION, .offset = AT(win.position), .default_text = "center",
      .help = "the window's wanted position; a hint only, Wayland compositors place windows "
              "themselves" },
    { "win.fullScreen", .alias = "F", .short_name = 'f', .type = OPTION_BOOL,
      .offset = AT(win.fullscreen), .default_text = "no", .help = "start in full screen" },
    { "win.maximize", .alias = "win.maximise", .short_name = 'T', .type = OPTION_BOOL,
      .offset = AT(win.maximize), .default_text = "no", .help = "start maximised" },
    { "win.borderless", .short_name = 'd', .type = OPTION_BOOL, .offset = AT(win.borderless),
      .default_text = "no", .help = "no border and no title bar" },
    { "win.keepAspect", .type = OPTION_BOOL, .offset = AT(win.keep_aspect), .default_text = "yes",
      .help = "keep the picture's aspect ratio, with bars where the window has another" },
    { "win.intUpscale", .type = OPTION_BOOL, .offset = AT(win.int_upscale), .default_text = "no",
      .help = "enlarge by whole factors only" },
    { "win.noUpscale", .alias = "win:dontUpscale", .type = OPTION_BOOL,
      .offset = AT(win.no_upscale), .default_text = "no",
      .help = "never enlarge the picture; centre it in a larger window" },
    { "win.autoResize", .short_name = 'a', .type = OPTION_BOOL, .offset = AT(win.auto_resize),
      .default_text = "no", .help = "resize the window to the guest's mode whenever that changes" },
    { "win.rotate", .type = OPTION_ENUM, .offset = AT(win.rotate), .choices = rotations,
      .default_text = "0", .help = "turn the picture clockwise by so many degrees" },
    { "win.noScreensaver", .short_name = 'S', .type = OPTION_BOOL, .offset = AT(win.no_screensaver),
      .default_text = "no", .help = "keep the display on as long as the window is shown" },
    { "win.autoScreensaver", .type = OPTION_BOOL, .offset = AT(win.auto_screensaver),
      .default_text = "no",
      .help = "keep the display on while a program in the guest asks for it" },
    { "win.requestActivation", .type = OPTION_BOOL, .offset = AT(win.request_activation),
      .default_text = "yes", .help = "ask for attention when a window in the guest does" },

    { "render.nearest", .type = OPTION_BOOL, .offset = AT(render.nearest), .default_text = "no",
      .help = "scale with hard pixel edges instead of smoothly; egl only" },
};
const struct option_table client_option_table = { defs, ARRAY_LEN(defs) };

void client_options_init(struct client_options *options)
{
    options_init(&client_option_table, options);
}

void client_options_free(struct client_options *options)
{
    options_free(&client_option_table, options);
}

const char *client_options_renderer_name(const struct client_options *options)
{
    static const char *const names[] = {
        [CLIENT_RENDERER_AUTO] = NULL, [CLIENT_RENDERER_EGL] = "egl", [CLIENT_RENDERER_SHM] = "shm"
    };
    return names[options->app.renderer];
}

/* $XDG_CONFIG_HOME/NAME/client.ini on the heap, or NULL. The standard says that a relative
 * $XDG_CONFIG_HOME is to be ignored. */
static char *config_path(const char *name)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    int len = -1;
    if (config && config[0] == '/')
        len = asprintf(&path, "%s/%s/client.ini", config, name);
    else if (home && home[0] == '/')
        len = asprintf(&path, "%s/.config/%s/client.ini", home, name);
    return len < 0 ? NULL : path;
}

/* What the files said besides the options; reported once the log is set up. */
struct file_notes {
    char *legacy_path; /* owned; the Looking Glass file that was read */
    char *unknown;     /* owned; its lines that mean nothing to us */
};

static int load_own_file(struct client_options *options, struct option_error *error)
{
    autofree char *path = config_path("espelho");
    return path ? options_load_ini(&client_option_table, options, path, false, NULL, error)
                : -ENOENT;
}

static int load_legacy_file(struct client_options *options, struct file_notes *notes,
                            struct option_error *error)
{
    autofree char *path = config_path("looking-glass");
    if (!path)
        return 0;
    const int err =
        options_load_ini(&client_option_table, options, path, true, &notes->unknown, error);
    if (err == 0)
        notes->legacy_path = steal_ptr(&path);
    return err == -ENOENT && !error->message[0] ? 0 : err;
}

static int load_files(struct client_options *options, const char *named, struct file_notes *notes,
                      struct option_error *error)
{
    error->message[0] = '\0';
    int err;
    if (named) {
        err = options_load_ini(&client_option_table, options, named, false, NULL, error);
        if (err == -ENOENT && !error->message[0])
            snprintf(error->message, sizeof(error->message), "%s: no such file (app.configFile)",
                     named);
        return err;
    }
    err = load_own_file(options, error);
    if (err == -ENOENT && !error->message[0])
        err = load_legacy_file(options, notes, error);
    return err;
}

static int start_log(const struct client_options *options, struct option_error *error)
{
    static const enum log_colour colours[] = {
        [CLIENT_COLOUR_AUTO] = LOG_COLOUR_AUTO,
        [CLIENT_COLOUR_ALWAYS] = LOG_COLOUR_ALWAYS,
        [CLIENT_COLOUR_NEVER] = LOG_COLOUR_NEVER,
    };
    log_set_level((enum log_level)options->app.log_level);
    if (options->app.log_file && options->app.log_file[0]) {
        const int err = log_open_file(options->app.log_file);
        if (err < 0) {
            snprintf(error->message, sizeof(error->message), "app.logFile: %s: %s",
                     options->app.log_file, err_str(err));
            return err;
        }
    }
    if (options->app.log_colour != CLIENT_COLOUR_AUTO)
        log_set_colour(colours[options->app.log_colour]);
    return 0;
}

static void report_notes(const struct file_notes *notes)
{
    if (!notes->legacy_path)
        return;
    log_info("options read from %s (there is no espelho/client.ini)", notes->legacy_path);
    if (notes->unknown)
        log_warn("%s: lines without a meaning here:\n%s", notes->legacy_path, notes->unknown);
}

/* An empty path means "the default", so that a file's setting can be undone on the command line. */
static void drop_empty(char **text)
{
    if (*text && !**text) {
        free(*text);
        *text = NULL;
    }
}

/* First pass over the arguments, on copies: only to learn which file to read. Errors are left to
 * the second pass, except that an error here ends everything before files are looked at. */
static int find_config_file(const struct option_set *own, int argc, char **argv, char **config_file,
                            struct option_error *error)
{
    struct client_options scratch;
    client_options_init(&scratch);
    const struct option_set sets[] = { { &client_option_table, &scratch },
                                       own ? *own : (struct option_set){ 0 } };
    autofree char **words = calloc((size_t)argc + 1, sizeof(*words));
    int rest, err = words ? 0 : -ENOMEM;
    if (words && argc > 0)
        memcpy(words, argv, (size_t)argc * sizeof(*words));
    if (err == 0)
        err = options_parse_args_sets(sets, own ? 2 : 1, argc, words, &rest, error);
    else
        snprintf(error->message, sizeof(error->message), "out of memory");
    if (err == 0)
        *config_file = steal_ptr(&scratch.app.config_file);
    client_options_free(&scratch);
    return err;
}

int client_options_load(struct client_options *options, const struct option_set *own, int argc,
                        char **argv, int *rest_count, struct option_error *error)
{
    client_options_init(options);
    autofree char *config_file = NULL;
    int err = find_config_file(own, argc, argv, &config_file, error);
    if (err < 0)
        return err;
    struct file_notes notes = { 0 };
    drop_empty(&config_file);
    err = load_files(options, config_file, &notes, error);
    if (err == 0) {
        const struct option_set sets[] = { { &client_option_table, options },
                                           own ? *own : (struct option_set){ 0 } };
        err = options_parse_args_sets(sets, own ? 2 : 1, argc, argv, rest_count, error);
    }
    drop_empty(&options->app.shm_file);
    drop_empty(&options->app.log_file);
    if (err == 0)
        err = start_log(options, error);
    if (err == 0)
        report_notes(&notes);
    free(notes.legacy_path);
    free(notes.unknown);
    return err;
}
