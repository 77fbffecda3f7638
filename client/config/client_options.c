/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "config"
#include "config/client_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#define AT(member) offsetof(struct client_options, member)

/* In the order of enum client_renderer, client_wait, log_level, client_colour, frame_rotation. */
static const char *const renderers[] = { "auto", "egl;opengl", "shm", NULL };
static const char *const waits[] = { "auto", "adaptive", "fixed", "doorbell", NULL };
static const char *const imports[] = { "auto", "on", "off", NULL };
static const char *const log_levels[] = { "none", "error", "warn", "info", "debug", "trace", NULL };
static const char *const log_colours[] = { "auto", "always", "never", NULL };
static const char *const rotations[] = { "0", "90", "180", "270", NULL };

static const char *const sources[] = { "auto", "relay", "spice", NULL };
static const char *const mice[] = { "auto", "absolute", "relative", NULL };
static const char *const mics[] = { "ask;prompt", "allow", "deny", NULL };

#define BINDING(name_, member_, key_, help_)                                                       \
    {                                                                                              \
        "bindings." name_, .type = OPTION_STRING, .offset = AT(bindings.member_),                  \
                           .default_text = (key_), .value_name = "KEY", .help = (help_)            \
    }
#define MACRO(n_)                                                                                  \
    {                                                                                              \
        "bindings.macro" #n_,                                                                      \
            .type = OPTION_STRING, .offset = AT(bindings.macro[(n_)-1]),                           \
            .value_name = "KEY: SEQUENCE",                                                         \
            .help = N_("a key after the escape key, and what it types into the guest: \"F1: "      \
                       "LeftCtrl+LeftAlt+T, wait 300, A, B\"")                                     \
    }

static const struct option_def defs[] = {
    { "app.configFile", .alias = "app:config", .short_name = 'C', .type = OPTION_STRING,
      .offset = AT(app.config_file), .value_name = "PATH",
      .help =
          N_("read this file instead of $XDG_CONFIG_HOME/espelho/client.ini; command line only") },
    { "app.shmFile", .type = OPTION_STRING, .offset = AT(app.shm_file), .value_name = "PATH",
      .help = N_("the shared memory: a file, a kvmfr device, or unix:SOCKET of an ivshmem server; "
                 "without it /dev/kvmfr0 if there is "
                 "one, else "
                 "/dev/shm/looking-glass") },
    { "app.domain", .alias = "domain", .type = OPTION_STRING, .offset = AT(app.domain),
      .value_name = "NAME",
      .help =
          N_("take shared memory and SPICE address from this running libvirt domain; what is given "
             "explicitly wins") },
    { "app.libvirtUri", .type = OPTION_STRING, .offset = AT(app.libvirt_uri), .value_name = "URI",
      .default_text = "qemu:///system", .help = N_("the libvirt that knows app.domain") },
    { "app.source", .alias = "source", .type = OPTION_ENUM, .offset = AT(app.source),
      .choices = sources, .default_text = "auto",
      .help = N_("where the picture comes from: relay is the shared memory, spice the emulated "
                 "display; auto "
                 "shows spice until the relay is live") },
    { "app.renderer", .short_name = 'g', .type = OPTION_ENUM, .offset = AT(app.renderer),
      .choices = renderers, .default_text = "auto",
      .help = N_("how frames are drawn: egl with OpenGL ES, shm by one copy without OpenGL; auto "
                 "takes shm where "
                 "OpenGL is software") },
    { "app.wait", .type = OPTION_ENUM, .offset = AT(app.wait), .choices = waits,
      .default_text = "auto",
      .help =
          N_("how new frames are noticed: the guest rings a doorbell, adaptive learns its rhythm, "
             "fixed looks at an interval; auto takes the doorbell where there is one, else "
             "adaptive") },
    { "app.waitIntervalUs", .alias = "app:framePollInterval", .type = OPTION_U32,
      .offset = AT(app.wait_interval_us), .min = 50, .max = 100000, .default_text = "1000",
      .help = N_("microseconds between two looks of app.wait=fixed") },
    { "app.logLevel", .type = OPTION_ENUM, .offset = AT(app.log_level), .choices = log_levels,
      .default_text = "info", .help = N_("the least important lines that are logged") },
    { "app.logFile", .type = OPTION_STRING, .offset = AT(app.log_file), .value_name = "PATH",
      .help = N_("append the log to this file instead of writing it to stderr") },
    { "app.logColour", .alias = "app.logColor", .type = OPTION_ENUM, .offset = AT(app.log_colour),
      .choices = log_colours, .default_text = "auto",
      .help = N_("colours in the log; auto: on a terminal, unless NO_COLOR is set") },

    { "win.title", .type = OPTION_STRING, .offset = AT(win.title), .default_text = "Espelho",
      .help = N_("the window's title") },
    { "win.appId", .type = OPTION_STRING, .offset = AT(win.app_id), .default_text = "espelho",
      .help = N_("the window's application id, for rules and icons of the desktop") },
    { "win.size", .type = OPTION_SIZE, .offset = AT(win.size), .min = 16, .max = 16384,
      .default_text = "auto",
      .help =
          N_("the window's size at the start, in logical pixels; auto: 1024x768 until the guest's "
             "mode is known") },
    { "win.position", .type = OPTION_POSITION, .offset = AT(win.position), .default_text = "center",
      .help = N_("the window's wanted position; a hint only, Wayland compositors place windows "
                 "themselves") },
    { "win.fullScreen", .alias = "F", .short_name = 'f', .type = OPTION_BOOL,
      .offset = AT(win.fullscreen), .default_text = "no", .help = N_("start in full screen") },
    { "win.maximize", .alias = "win.maximise", .short_name = 'T', .type = OPTION_BOOL,
      .offset = AT(win.maximize), .default_text = "no", .help = N_("start maximised") },
    { "win.borderless", .short_name = 'd', .type = OPTION_BOOL, .offset = AT(win.borderless),
      .default_text = "no", .help = N_("no border and no title bar") },
    { "win.keepAspect", .type = OPTION_BOOL, .offset = AT(win.keep_aspect), .default_text = "yes",
      .help = N_("keep the picture's aspect ratio, with bars where the window has another") },
    { "win.intUpscale", .type = OPTION_BOOL, .offset = AT(win.int_upscale), .default_text = "no",
      .help = N_("enlarge by whole factors only") },
    { "win.noUpscale", .alias = "win:dontUpscale", .type = OPTION_BOOL,
      .offset = AT(win.no_upscale), .default_text = "no",
      .help = N_("never enlarge the picture; centre it in a larger window") },
    { "win.autoResize", .short_name = 'a', .type = OPTION_BOOL, .offset = AT(win.auto_resize),
      .default_text = "no",
      .help = N_("resize the window to the guest's mode whenever that changes") },
    { "win.rotate", .type = OPTION_ENUM, .offset = AT(win.rotate), .choices = rotations,
      .default_text = "0", .help = N_("turn the picture clockwise by so many degrees") },
    { "win.noScreensaver", .short_name = 'S', .type = OPTION_BOOL, .offset = AT(win.no_screensaver),
      .default_text = "no", .help = N_("keep the display on as long as the window is shown") },
    { "win.autoScreensaver", .type = OPTION_BOOL, .offset = AT(win.auto_screensaver),
      .default_text = "no",
      .help = N_("keep the display on while a program in the guest asks for it") },
    { "win.requestActivation", .type = OPTION_BOOL, .offset = AT(win.request_activation),
      .default_text = "yes", .help = N_("ask for attention when a window in the guest does") },

    { "render.nearest", .type = OPTION_BOOL, .offset = AT(render.nearest), .default_text = "no",
      .help = N_("scale with hard pixel edges instead of smoothly; egl only") },
    { "render.import", .alias = "egl.import", .type = OPTION_ENUM, .offset = AT(render.import),
      .choices = imports, .default_text = "auto",
      .help =
          N_("let the GPU read frames in the shared memory instead of copying them; auto: if the "
             "driver does it right in a trial; egl only") },
    { "render.direct", .alias = "direct", .type = OPTION_BOOL, .offset = AT(render.direct),
      .default_text = "no",
      .help =
          N_("hand frames to the compositor as they lie in the shared memory, where nothing has "
             "to be drawn over or converted") },

    { "spice.enable", .short_name = 's', .type = OPTION_BOOL, .offset = AT(spice.enable),
      .default_text = "yes", .help = N_("use SPICE for keyboard, mouse, sound and clipboard") },
    { "spice.host", .short_name = 'c', .type = OPTION_STRING, .offset = AT(spice.host),
      .default_text = "127.0.0.1", .value_name = "HOST",
      .help =
          N_("where the VM's SPICE server listens; a path together with port 0 is a unix socket") },
    { "spice.port", .short_name = 'p', .type = OPTION_U32, .offset = AT(spice.port), .max = 65535,
      .default_text = "5900", .help = N_("its TCP port without TLS; 0: none") },
    { "spice.tlsPort", .type = OPTION_U32, .offset = AT(spice.tls_port), .max = 65535,
      .default_text = "0", .help = N_("its TCP port with TLS, which is preferred; 0: none") },
    { "spice.socket", .type = OPTION_STRING, .offset = AT(spice.socket), .value_name = "PATH",
      .help = N_("its unix socket, instead of host and port") },
    { "spice.password", .type = OPTION_STRING, .offset = AT(spice.password), .value_name = "TEXT",
      .help = N_("its password; better in spice.passwordFile, or asked for on the terminal") },
    { "spice.passwordFile", .type = OPTION_STRING, .offset = AT(spice.password_file),
      .value_name = "PATH", .help = N_("a file whose first line is the password") },
    { "spice.caFile", .type = OPTION_STRING, .offset = AT(spice.ca_file), .value_name = "PATH",
      .help = N_("certificate authorities (PEM) for TLS; without it the system's") },
    { "spice.hostSubject", .type = OPTION_STRING, .offset = AT(spice.host_subject),
      .value_name = "SUBJECT",
      .help = N_("the subject that the server's certificate must have, instead of its host name") },
    { "spice.input", .type = OPTION_BOOL, .offset = AT(spice.input), .default_text = "yes",
      .help = N_("send keyboard and mouse to the guest") },
    { "spice.audio", .type = OPTION_BOOL, .offset = AT(spice.audio), .default_text = "yes",
      .help = N_("play the guest's sound, and record for it when it may") },
    { "spice.checkUuid", .type = OPTION_BOOL, .offset = AT(spice.check_uuid), .default_text = "yes",
      .help = N_("refuse input when shared memory and SPICE belong to different VMs") },
    { "spice.resizeGuest", .type = OPTION_BOOL, .offset = AT(spice.resize_guest),
      .default_text = "no",
      .help =
          N_("ask the guest's agent for the window's size as resolution whenever that changes") },

    { "input.escapeKey", .alias = "input:escape", .short_name = 'm', .type = OPTION_STRING,
      .offset = AT(input.escape_key), .default_text = "ScrollLock", .value_name = "KEY",
      .help =
          N_("the key that toggles capture when tapped and starts key bindings when held: a name "
             "(ScrollLock, RightCtrl, KEY_F12) or an evdev code") },
    { "input.helpMenuDelay", .type = OPTION_U32, .offset = AT(input.help_delay_ms), .max = 60000,
      .default_text = "200",
      .help = N_("milliseconds of the held escape key after which the list of bindings appears") },
    { "input.mouse", .type = OPTION_ENUM, .offset = AT(input.mouse), .choices = mice,
      .default_text = "auto",
      .help = N_(
          "absolute: positions, for guests with a tablet or an agent; relative: motion; auto takes "
          "absolute where the guest can") },
    { "input.mouseSens", .type = OPTION_I32, .offset = AT(input.mouse_sens), .min = -9, .max = 9,
      .default_text = "0", .help = N_("sensitivity of the captured mouse") },
    { "input.rawMouse", .type = OPTION_BOOL, .offset = AT(input.raw_mouse), .default_text = "no",
      .help = N_("motion of the captured mouse without the desktop's acceleration") },
    { "input.autoCapture", .type = OPTION_BOOL, .offset = AT(input.auto_capture),
      .default_text = "no",
      .help =
          N_("capture the mouse when it enters the window and let it go at the guest's edges, for "
             "games") },
    { "input.captureOnStart", .alias = "spice:captureOnStart", .type = OPTION_BOOL,
      .offset = AT(input.capture_on_start), .default_text = "no",
      .help = N_("start in capture mode") },
    { "input.captureOnFocus", .type = OPTION_BOOL, .offset = AT(input.capture_on_focus),
      .default_text = "no", .help = N_("capture whenever the window gets the focus") },
    { "input.captureOnly", .type = OPTION_BOOL, .offset = AT(input.capture_only),
      .default_text = "no", .help = N_("send input only in capture mode") },
    { "input.grabKeyboard", .short_name = 'G', .type = OPTION_BOOL,
      .offset = AT(input.grab_keyboard), .default_text = "yes",
      .help = N_("in capture mode the desktop's own shortcuts go to the guest as well") },
    { "input.grabKeyboardOnFocus", .type = OPTION_BOOL, .offset = AT(input.grab_keyboard_on_focus),
      .default_text = "no", .help = N_("the same whenever the window has the focus") },
    { "input.releaseKeysOnFocusLoss", .type = OPTION_BOOL,
      .offset = AT(input.release_keys_on_focus_loss), .default_text = "yes",
      .help = N_("let go of all keys in the guest when the window loses the focus") },
    { "input.ignoreWindowsKeys", .type = OPTION_BOOL, .offset = AT(input.ignore_windows_keys),
      .default_text = "no", .help = N_("keep the Windows keys for the desktop") },
    { "input.hideCursor", .short_name = 'M', .type = OPTION_BOOL, .offset = AT(input.hide_cursor),
      .default_text = "yes",
      .help = N_("no pointer of the desktop beside the guest's over the picture") },
    { "input.viewOnly", .type = OPTION_BOOL, .offset = AT(input.view_only), .default_text = "no",
      .help = N_("start with input off; the binding for input turns it on") },

    { "audio.playbackDevice", .type = OPTION_STRING, .offset = AT(audio.playback_device),
      .value_name = "NODE",
      .help = N_("the PipeWire node to play to; without it the default one") },
    { "audio.recordDevice", .type = OPTION_STRING, .offset = AT(audio.record_device),
      .value_name = "NODE",
      .help = N_("the PipeWire node to record from; without it the default one") },
    { "audio.latency", .alias = "audio:bufferLatency", .type = OPTION_U32,
      .offset = AT(audio.latency_ms), .max = 2000, .default_text = "0",
      .help = N_("milliseconds of sound kept in hand against gaps; 0: as much as turns out to be "
                 "needed") },
    { "audio.microphone", .alias = "audio:micDefault", .type = OPTION_ENUM, .offset = AT(audio.mic),
      .choices = mics, .default_text = "ask",
      .help =
          N_("may the guest record? ask: the window asks once per VM and remembers the answer") },
    { "audio.micShowIndicator", .type = OPTION_BOOL, .offset = AT(audio.mic_indicator),
      .default_text = "yes", .help = N_("a sign in the window while the guest records") },
    { "audio.syncVolume", .type = OPTION_BOOL, .offset = AT(audio.sync_volume),
      .default_text = "yes", .help = N_("volume and mute follow the guest's") },

    { "clipboard.share", .alias = "spice:clipboard", .type = OPTION_BOOL,
      .offset = AT(clipboard.share), .default_text = "yes",
      .help = N_("share the clipboard with the guest (needs its SPICE agent)") },
    { "clipboard.toGuest", .alias = "spice:clipboardToVM", .type = OPTION_BOOL,
      .offset = AT(clipboard.to_guest), .default_text = "yes",
      .help = N_("the guest may paste what was copied here") },
    { "clipboard.toHost", .alias = "spice:clipboardToLocal", .type = OPTION_BOOL,
      .offset = AT(clipboard.to_host), .default_text = "yes",
      .help = N_("what was copied in the guest may be pasted here") },
    { "clipboard.primary", .type = OPTION_BOOL, .offset = AT(clipboard.primary),
      .default_text = "no", .help = N_("share the primary selection (middle click) as well") },
    { "clipboard.limit", .type = OPTION_U32, .offset = AT(clipboard.limit_mib), .min = 1,
      .max = 1024, .default_text = "100", .help = N_("MiB that one paste may have") },
    { "clipboard.fileTransfer", .type = OPTION_BOOL, .offset = AT(clipboard.file_transfer),
      .default_text = "yes",
      .help = N_("files dropped onto the window are sent to the guest's agent") },

    BINDING("toggleFullScreen", fullscreen, "F",
            N_("with the escape key held: full screen on and off; empty: no key")),
    BINDING("quit", quit, "Q", N_("with the escape key held: end the viewer; empty: no key")),
    BINDING("toggleOverlay", overlay, "O",
            N_("with the escape key held: figures over the picture; empty: no key")),
    BINDING("turn", rotate, "R",
            N_("with the escape key held: turn the picture by 90 degrees; empty: no key")),
    BINDING("toggleVideo", video, "V",
            N_("with the escape key held: picture on and off; empty: no key")),
    BINDING("toggleInput", input, "I",
            N_("with the escape key held: keyboard and mouse on and off; empty: no key")),
    BINDING("sensUp", sens_up, "Insert",
            N_("with the escape key held: more sensitive mouse; empty: no key")),
    BINDING("sensDown", sens_down, "Delete",
            N_("with the escape key held: less sensitive mouse; empty: no key")),
    BINDING("volumeUp", volume_up, "Up",
            N_("with the escape key held: volume up in the guest; empty: no key")),
    BINDING("volumeDown", volume_down, "Down",
            N_("with the escape key held: volume down in the guest; empty: no key")),
    BINDING("toggleMute", mute, "M",
            N_("with the escape key held: mute in the guest; empty: no key")),
    BINDING("toggleMicrophone", microphone, "E",
            N_("with the escape key held: allow or deny the microphone; empty: no key")),
    BINDING("cancelFiles", cancel, "C",
            N_("with the escape key held: stop sending files to the guest; empty: no key")),
    BINDING("leftWin", left_win, "LeftMeta",
            N_("with the escape key held: tap the left Windows key in the guest; empty: no key")),
    BINDING("rightWin", right_win, "RightMeta",
            N_("with the escape key held: tap the right Windows key in the guest; empty: no key")),
    BINDING("ctrlAltDel", ctrl_alt_del, "End",
            N_("with the escape key held: Ctrl+Alt+Del in the guest; empty: no key")),
    BINDING("ctrlAltFn", ctrl_alt_fn, "LeftCtrl",
            N_("with the escape key held: together with F1 to F12, Ctrl+Alt+F1 to F12 in the "
               "guest; empty: no key")),
    MACRO(1),
    MACRO(2),
    MACRO(3),
    MACRO(4),
    MACRO(5),
    MACRO(6),
    MACRO(7),
    MACRO(8),
    MACRO(9),
};
const struct option_table client_option_table = { .defs = defs, .count = ARRAY_LEN(defs) };

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

const char *client_options_wait_name(const struct client_options *options)
{
    return options->app.wait == CLIENT_WAIT_AUTO ? NULL : waits[options->app.wait];
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
            snprintf(error->message, sizeof(error->message), _("%s: no such file (app.configFile)"),
                     named);
        return err;
    }
    err = load_own_file(options, error);
    if (err == -ENOENT && !error->message[0])
        err = load_legacy_file(options, notes, error);
    return err;
}

int client_options_load_files(struct client_options *options, struct option_error *error)
{
    struct file_notes notes = { 0 };
    client_options_init(options);
    const int err = load_files(options, NULL, &notes, error);
    free(notes.legacy_path);
    free(notes.unknown);
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
            snprintf(error->message, sizeof(error->message), _("app.logFile: %s: %s"),
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
        snprintf(error->message, sizeof(error->message), _("out of memory"));
    if (err == 0)
        *config_file = steal_ptr(&scratch.app.config_file);
    client_options_free(&scratch);
    return err;
}

static void blank(char *text)
{
    /* As long as before: the length of a password is no secret worth moving strings for. */
    for (; *text; text++)
        *text = 'x';
}

/* The command line is there for every user to read (ps): passwords in it are blanked as soon as
 * they were taken over. */
static void hide_passwords(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char *value = strchr(argv[i], '=');
        const size_t name_bytes = value ? (size_t)(value - argv[i]) : strlen(argv[i]);
        static const char password[] = "password";
        if (name_bytes < strlen(password) ||
            strncasecmp(argv[i] + name_bytes - strlen(password), password, strlen(password)) != 0)
            continue;
        if (value)
            blank(value + 1);
        else if (i + 1 < argc)
            blank(argv[++i]);
    }
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
    char **given = calloc((size_t)argc + 1, sizeof(*given)); /* parsing reorders them */
    if (!given) {
        snprintf(error->message, sizeof(error->message), _("out of memory"));
        return -ENOMEM;
    }
    if (argc > 0)
        memcpy(given, argv, (size_t)argc * sizeof(*given));
    drop_empty(&config_file);
    err = load_files(options, config_file, &notes, error);
    if (err == 0) {
        const struct option_set sets[] = { { &client_option_table, options },
                                           own ? *own : (struct option_set){ 0 } };
        err = options_parse_args_sets(sets, own ? 2 : 1, argc, argv, rest_count, error);
    }
    hide_passwords(argc, given);
    free(given);
    char **const optional[] = {
        &options->app.shm_file,
        &options->app.log_file,
        &options->app.domain,
        &options->spice.socket,
        &options->spice.password,
        &options->spice.password_file,
        &options->spice.ca_file,
        &options->spice.host_subject,
        &options->audio.playback_device,
        &options->audio.record_device,
    };
    for (size_t i = 0; i < ARRAY_LEN(optional); i++)
        drop_empty(optional[i]);
    if (err == 0)
        err = start_log(options, error);
    if (err == 0)
        report_notes(&notes);
    free(notes.legacy_path);
    free(notes.unknown);
    return err;
}
