/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "host"
#include "host.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "capture/capture.h"
#include "capture/outputs.h"
#include "control/control_server.h"
#include "control/stop_event.h"
#include "publish/publish.h"
#include "shm/doorbell.h"
#include "shm/region.h"
#include "win/attention.h"
#include "win/crash.h"
#include "win/desktop.h"
#include "win/instance.h"
#include "win/log_file.h"
#include "win/folders.h"
#include "win/pointer_move.h"
#include "win/priority.h"
#include "win/system.h"

#define NOTHING_MS    50   /* while there is nothing to publish on */
#define TRY_AGAIN_MS  2000 /* to open the region, or to build on it */
#define LOOK_AGAIN_MS 1000 /* whether the region is still there */
#define REPORT_MS     500  /* how often a change of state is looked for */

/* What is published, and on what: made anew when the region was lost. Main thread, but for
 * `shared`. */
struct host {
    const struct host_options *options; /* borrowed */
    char path[FILE_PATH_BYTES];         /* of the region */
    bool foreground;                    /* log lines go to the console as well */
    struct log_file log;                /* `folder` "": only to the console */
    struct kvmfr_session session;       /* what viewers are told of this machine */
    struct instance *instance;          /* owned */
    struct attention *attention;        /* owned */
    HANDLE stop;                        /* owned: set when the process shall end */
    HANDLE service_stop;                /* owned: the service's wish; NULL: not its child */
    struct control_server *control;     /* owned; NULL: another process has the pipe */
    struct shm_region *region;          /* owned; NULL: not there now */
    struct publish *publish;            /* owned; ended before the region is closed */
    uint64_t due_ms, look_ms;           /* when to try again, to look for the region */
    enum publish_state told;            /* the last state that was logged */
    bool told_rings;                    /* that a viewer rang */
    _Atomic int exit_code;              /* of enum host_exit, once `stop` is set */
    struct desktop desktop;             /* capture thread only */
    struct {                            /* under `lock`: the control thread asks */
        pthread_mutex_t lock;
        struct publish *publish; /* the same, for its status */
        char problem[256];       /* why nothing is published; "": it is */
    } shared;
};

static const struct capture_ops *const automatic[] = { &capture_dxgi_ops, &capture_gdi_ops, NULL };
static const struct capture_ops *const only_dxgi[] = { &capture_dxgi_ops, NULL };
static const struct capture_ops *const only_gdi[] = { &capture_gdi_ops, NULL };
static const struct capture_ops *const only_synthetic[] = { &capture_synthetic_ops, NULL };

static const struct capture_ops *const *const backends[] = {
    [HOST_BACKEND_AUTO] = automatic,
    [HOST_BACKEND_DXGI] = only_dxgi,
    [HOST_BACKEND_GDI] = only_gdi,
    [HOST_BACKEND_SYNTHETIC] = only_synthetic,
};

static uint32_t next_random(void *ctx)
{
    (void)ctx;
    return random_u32();
}

static void end_with(struct host *h, enum host_exit code)
{
    atomic_store(&h->exit_code, (int)code);
    SetEvent(h->stop);
}

/* ---- what the control pipe asks; its thread ---- */

static enum control_state state_of(enum publish_state state)
{
    switch (state) {
    case PUBLISH_STATE_IDLE:
        return CONTROL_IDLE;
    case PUBLISH_STATE_CAPTURING:
        return CONTROL_CAPTURING;
    case PUBLISH_STATE_FAILED:
        return CONTROL_FAILED;
    case PUBLISH_STATE_STARTING:
    case PUBLISH_STATE_NONE:
        break;
    }
    return CONTROL_STARTING;
}

static void on_status(void *ctx, struct control_status *out)
{
    struct host *h = ctx;
    struct publish_status s = { 0 };
    pthread_mutex_lock(&h->shared.lock);
    if (h->shared.publish)
        publish_status(h->shared.publish, &s);
    snprintf(out->problem, sizeof(out->problem), "%s", h->shared.problem);
    pthread_mutex_unlock(&h->shared.lock);
    out->state = out->problem[0] ? CONTROL_FAILED : state_of(s.state);
    out->viewer_connected = s.state == PUBLISH_STATE_CAPTURING || s.state == PUBLISH_STATE_STARTING;
    snprintf(out->capture, sizeof(out->capture), "%.127s", s.capture);
    const struct frame_format_info *format = frame_format_find(s.layout.format);
    if (format) {
        out->width_px = s.layout.width_px;
        out->height_px = s.layout.height_px;
        snprintf(out->format, sizeof(out->format), "%s", format->name);
    }
    out->rate_mhz = (uint32_t)(s.fps * 1000);
    out->frames = s.frames;
    snprintf(out->version, sizeof(out->version), "%s", ESPELHO_VERSION);
    snprintf(out->log, sizeof(out->log), "%.511s", h->log.folder);
    out->process_id = GetCurrentProcessId();
}

static void on_restart(void *ctx)
{
    log_info("restart: asked to over the control pipe");
    end_with(ctx, HOST_EXIT_RESTART);
}

static void on_quit(void *ctx)
{
    log_info("quit: asked to over the control pipe");
    end_with(ctx, HOST_EXIT_QUIT);
}

static void start_control(struct host *h)
{
    const struct control_server_config config = {
        .status = on_status, .restart = on_restart, .quit = on_quit, .ctx = h
    };
    const int err = control_server_create(&config, &h->control);
    if (err < 0)
        log_warn("control pipe: %s; the tray and --status see another process or none",
                 err_str(err));
}

/* ---- what publishing wants of Windows ---- */

/* Capture thread. Where it may not follow (the secure desktop, without the service) the capture
 * fails and is tried again. */
static void on_enter_desktop(void *ctx)
{
    struct host *h = ctx;
    const int err = desktop_enter(&h->desktop);
    if (err < 0)
        log_every(5000, LOG_LEVEL_INFO,
                  "the desktop with the input cannot be entered (%s); as a service it could",
                  err_str(err));
}

static void on_enter_thread(void *ctx, bool copy)
{
    struct host *h = ctx;
    if (!copy)
        desktop_init(&h->desktop);
    if (!priority_enter_thread(copy))
        log_debug("no multimedia class for the %s thread", copy ? "copy" : "capture");
}

static void on_leave_thread(void *ctx, bool copy)
{
    if (!copy)
        desktop_leave(&((struct host *)ctx)->desktop);
}

static uint32_t on_frame_flags(void *ctx)
{
    struct host *h = ctx;
    return h->attention ? attention_frame_flags(h->attention) : 0;
}

static void on_set_cursor(void *ctx, int32_t x_px, int32_t y_px)
{
    (void)ctx;
    const int err = pointer_move_to(x_px, y_px);
    if (err < 0)
        log_every(5000, LOG_LEVEL_WARN, "the pointer cannot be put where the viewer wants it: %s",
                  err_str(err));
}

/* ---- the region and what is published on it ---- */

static void set_problem(struct host *h, const char *problem)
{
    pthread_mutex_lock(&h->shared.lock);
    snprintf(h->shared.problem, sizeof(h->shared.problem), "%s", problem);
    pthread_mutex_unlock(&h->shared.lock);
}

/* The same words every two seconds help nobody. */
static bool is_news(struct host *h, const char *problem)
{
    pthread_mutex_lock(&h->shared.lock);
    const bool news = strcmp(h->shared.problem, problem) != 0;
    pthread_mutex_unlock(&h->shared.lock);
    set_problem(h, problem);
    return news;
}

static void describe_region(struct host *h)
{
    const struct shm_doorbell *d = h->region->doorbell;
    log_file_header(&h->log, "region: %s, %llu MiB", h->path,
                    (unsigned long long)h->region->len_bytes / (1024 * 1024));
    if (d)
        log_file_header(&h->log, "doorbell: peer %u, vectors: %u", d->own_id, d->vectors);
}

static bool open_region(struct host *h)
{
    struct shm_problem problem;
    if (shm_region_open(h->path, &h->region, &problem) == 0) {
        describe_region(h);
        return true;
    }
    char text[256];
    snprintf(text, sizeof(text), "%.255s", problem.message);
    if (is_news(h, text))
        log_err("region: %s\n%s", problem.message, problem.advice);
    return false;
}

static struct capture_config capture_config_of(const struct host_options *o)
{
    return (struct capture_config){
        .adapter = o->adapter,
        .output = o->output,
        .max_fps = o->max_fps,
        .down_width_px = o->downsample.width,
        .down_height_px = o->downsample.height,
        .hdr = o->hdr == HOST_HDR_TO_SDR ? CAPTURE_HDR_TO_SDR : CAPTURE_HDR_KEEP,
        .width_px = o->synthetic_size.width,
        .height_px = o->synthetic_size.height,
        .hz = o->synthetic_hz,
        .format = (enum frame_format)(o->synthetic_format + 1),
    };
}

/* NULL: from now on its status cannot be asked for. */
static void show_status_of(struct host *h, struct publish *publish)
{
    pthread_mutex_lock(&h->shared.lock);
    h->shared.publish = publish;
    pthread_mutex_unlock(&h->shared.lock);
}

static bool start_publishing(struct host *h)
{
    struct publish_config config = { .mem = h->region->mem,
                                     .len_bytes = h->region->len_bytes,
                                     .doorbell = h->region->doorbell,
                                     .session = h->session,
                                     .random = { .next = next_random },
                                     .backends = backends[h->options->backend],
                                     .capture = capture_config_of(h->options),
                                     .system = { .enter_desktop = on_enter_desktop,
                                                 .enter_thread = on_enter_thread,
                                                 .leave_thread = on_leave_thread,
                                                 .frame_flags = on_frame_flags,
                                                 .set_cursor_position = on_set_cursor,
                                                 .ctx = h } };
    const int err = publish_create(&config, &h->publish);
    if (err == 0) {
        set_problem(h, "");
        show_status_of(h, h->publish);
        return true;
    }
    char text[256];
    snprintf(text, sizeof(text), "cannot publish into %.150s: %s", h->path, err_str(err));
    if (is_news(h, text))
        log_err("%s", text);
    return false;
}

static void stop_publishing(struct host *h)
{
    show_status_of(h, NULL);
    publish_destroy(h->publish);
    h->publish = NULL;
    shm_region_close(h->region);
    h->region = NULL;
    h->told = PUBLISH_STATE_NONE;
    h->told_rings = false;
}

static void try_to_publish(struct host *h, uint64_t now_ms)
{
    if (now_ms < h->due_ms)
        return;
    h->due_ms = now_ms + TRY_AGAIN_MS;
    if (!open_region(h) || start_publishing(h))
        return;
    stop_publishing(h);
}

static void region_lost(struct host *h)
{
    set_problem(h, "the shared memory is gone: the device was removed or its driver stopped");
    log_err("region: %s: the device was removed or its driver stopped", h->path);
    stop_publishing(h);
}

/* ---- the loop ---- */

static void log_state(struct host *h, const struct publish_status *s)
{
    if (s->state == h->told)
        return;
    h->told = s->state;
    switch (s->state) {
    case PUBLISH_STATE_IDLE:
        log_info("idle: no viewer");
        break;
    case PUBLISH_STATE_CAPTURING:
        log_info("a viewer is here");
        break;
    case PUBLISH_STATE_FAILED:
        log_err("no capture works here; what each said is above");
        break;
    case PUBLISH_STATE_STARTING:
    case PUBLISH_STATE_NONE:
        break;
    }
}

static void report(struct host *h)
{
    struct publish_status status = { 0 };
    if (h->publish)
        publish_status(h->publish, &status);
    log_state(h, &status);
    if (status.rings > 0 && !h->told_rings)
        log_info("viewers ring here: the doorbell works");
    h->told_rings |= status.rings > 0;
}

/* A device that was unplugged and not touched since is found by asking for it, once a second. */
static bool region_is_gone(struct host *h, uint64_t now_ms)
{
    if (!h->region || shm_region_lost(h->region))
        return h->region != NULL;
    if (now_ms < h->look_ms)
        return false;
    h->look_ms = now_ms + LOOK_AGAIN_MS;
    return shm_region_replaced(h->region);
}

static void tick(struct host *h, uint64_t now_ms)
{
    if (region_is_gone(h, now_ms))
        region_lost(h);
    if (!h->publish) {
        try_to_publish(h, now_ms);
        return;
    }
    const int err = publish_tick(h->publish, now_ms);
    if (err < 0)
        log_every(10000, LOG_LEVEL_ERROR, "publishing: %s", err_str(err));
}

static DWORD wait_ms(const struct host *h)
{
    return h->publish ? publish_tick_wait_ms(h->publish) : NOTHING_MS;
}

/* Sleeps until the next pass is due, or a viewer rings. False: the end is wished for; with a
 * doorbell that is looked at once per pass. */
static bool sleep_until_due(struct host *h)
{
    HANDLE wishes[] = { h->stop, h->service_stop };
    const DWORD count = h->service_stop ? 2 : 1;
    DWORD ms = wait_ms(h);
    if (h->publish && h->region->doorbell) {
        publish_wait(h->publish, ms);
        ms = 0;
    }
    return WaitForMultipleObjects(count, wishes, FALSE, ms) == WAIT_TIMEOUT;
}

static void run(struct host *h)
{
    uint64_t report_ms = 0;
    while (sleep_until_due(h)) {
        const uint64_t now_ms = clock_ms();
        tick(h, now_ms);
        if (now_ms >= report_ms) {
            report(h);
            log_file_tick(&h->log);
            report_ms = now_ms + REPORT_MS;
        }
    }
}

/* Ctrl+C, the console's closing. The handler has no context; there is one console. */
static HANDLE console_stop;

static BOOL WINAPI on_console(DWORD event)
{
    (void)event;
    SetEvent(console_stop);
    Sleep(3000); /* the process ends when this returns, in some of the cases */
    return TRUE;
}

/* ---- start and end ---- */

/* The service's processes always log to files; in the foreground a folder must be wished for. */
static void start_log(struct host *h)
{
    struct folders folders;
    const char *folder = h->options->log_folder;
    int err = 0;
    log_set_level((enum log_level)h->options->log_level);
    if (!folder[0] && h->foreground)
        return;
    if (!folder[0]) {
        err = folders_find(&folders);
        folder = folders.data;
    }
    err = err < 0 ? err : log_file_start(&h->log, folder, "espelho-host", h->foreground, 0);
    err = err < 0 ? err : crash_install(folder, "espelho-host");
    if (err < 0)
        log_warn("log folder %s: %s", folder, err_str(err));
}

static void on_output_line(void *ctx, const char *line)
{
    log_file_header(ctx, "%s", line);
}

static void describe_machine(struct host *h)
{
    struct kvmfr_session *s = &h->session;
    char uuid[37];
    snprintf(s->host_version, sizeof(s->host_version), "Espelho %s", ESPELHO_VERSION);
    system_describe(s);
    kvmfr_session_uuid_text(s, uuid);
    log_file_header(&h->log, "espelho-host %s, %s", ESPELHO_VERSION, s->os_name);
    log_file_header(&h->log, "%s, %u processors; machine %s", s->cpu_model, (unsigned)s->cpus,
                    kvmfr_session_has_uuid(s) ? uuid : "without a UUID");
    if (capture_outputs_tell(h->options->adapter, h->options->output, on_output_line, &h->log) < 0)
        log_debug("outputs are not known at the start");
}

static enum host_exit become_the_only_one(struct host *h)
{
    char holder[FILE_PATH_BYTES];
    const int err = instance_acquire(h->path, &h->instance, holder, sizeof(holder));
    if (err == 0)
        return HOST_EXIT_STOPPED;
    if (err == -EBUSY)
        log_err("%s is served already, by %s", h->path, holder);
    else
        log_err("cannot find out whether %s is served already: %s", h->path, err_str(err));
    return err == -EBUSY ? HOST_EXIT_BUSY : HOST_EXIT_FAILED;
}

static enum host_exit prepare(struct host *h)
{
    pthread_mutex_init(&h->shared.lock, NULL);
    host_options_region_path(h->options, h->path, sizeof(h->path));
    start_log(h);
    h->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!h->stop) {
        log_err("out of memory");
        return HOST_EXIT_FAILED;
    }
    h->service_stop = stop_event_open();
    const enum host_exit only = become_the_only_one(h);
    if (only != HOST_EXIT_STOPPED)
        return only;
    priority_enter_process();
    describe_machine(h);
    if (attention_create(h->options->block_screensaver, h->options->flash_activation,
                         &h->attention) < 0)
        log_warn("viewers are not told when the display should stay on, or of windows that flash");
    start_control(h);
    return HOST_EXIT_STOPPED;
}

static void finish(struct host *h)
{
    control_server_destroy(h->control);
    if (h->region)
        stop_publishing(h);
    attention_destroy(h->attention);
    instance_release(h->instance);
    if (h->service_stop)
        CloseHandle(h->service_stop);
    if (h->stop)
        CloseHandle(h->stop);
    pthread_mutex_destroy(&h->shared.lock);
}

int host_run(const struct host_options *options, bool foreground)
{
    struct host h = { .options = options, .foreground = foreground };
    enum host_exit code = prepare(&h);
    if (code == HOST_EXIT_STOPPED) {
        console_stop = h.stop;
        if (foreground)
            SetConsoleCtrlHandler(on_console, TRUE);
        run(&h);
        code = (enum host_exit)atomic_load(&h.exit_code);
        log_info("ending");
    }
    finish(&h);
    return (int)code;
}
