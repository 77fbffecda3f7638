/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/demo.c - `espelho demo`: the viewer with a synthetic guest, no VM needed; or that
 * guest alone. */
#define LOG_MODULE "demo"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "commands/commands.h"
#include "config/client_options.h"
#include "demo/headless.h"
#include "demo/producer.h"
#include "kvmfr/client.h"
#include "options/options.h"
#include "shm/region.h"
#include "viewer/viewer.h"

enum {
    HEADLESS_DURATION_MS = 3000, /* nobody watches: long enough for all three pointers to be seen */
    ALIVE_CHECK_MS = 50,         /* a living host beats every 10 ms */
};

static const char *const format_names[] = { "bgra",  "rgba",  "rgba10", "rgba16f",
                                            "bgr32", "rgb24", NULL };
static const char *const damage_names[] = { "full", "partial", "static", "scroll", "small", NULL };
static const char *const cursor_names[] = { "all", "colour", "monochrome", "masked", "none", NULL };
static const char *const rotate_names[] = { "0", "90", "180", "270", NULL };
static const char *const hdr_names[] = { "no", "linear", "pq", NULL };

static const enum testcard_damage damage_values[] = { TESTCARD_DAMAGE_FULL, TESTCARD_DAMAGE_PARTIAL,
                                                      TESTCARD_DAMAGE_STATIC,
                                                      TESTCARD_DAMAGE_SCROLL,
                                                      TESTCARD_DAMAGE_SMALL };
static const enum cursor_type cursor_values[] = { CURSOR_NONE, CURSOR_COLOUR, CURSOR_MONOCHROME,
                                                  CURSOR_MASKED_COLOUR, CURSOR_NONE };

struct demo_options {
    char *mode;
    int format, damage, cursor, rotate, hdr;
    double duration_s;
    bool view;
    bool headless;
    char *png;
};

#define AT(member) offsetof(struct demo_options, member)

static const struct option_def demo_defs[] = {
    { .name = "mode",
      .type = OPTION_STRING,
      .offset = AT(mode),
      .default_text = "1280x720@60",
      .value_name = "WxH@HZ",
      .help = N_("size and rate of the test card") },
    { .name = "format",
      .type = OPTION_ENUM,
      .offset = AT(format),
      .choices = format_names,
      .default_text = "bgra",
      .help = N_("pixel type") },
    { .name = "damage",
      .type = OPTION_ENUM,
      .offset = AT(damage),
      .choices = damage_names,
      .default_text = "partial",
      .help = N_("how much of the picture changes from frame to frame") },
    { .name = "cursor",
      .type = OPTION_ENUM,
      .offset = AT(cursor),
      .choices = cursor_names,
      .default_text = "all",
      .help = N_("kind of pointer; all: each in turn") },
    { .name = "guestRotation",
      .type = OPTION_ENUM,
      .offset = AT(rotate),
      .choices = rotate_names,
      .default_text = "0",
      .help = N_("the rotation that the guest asks for, in degrees; --rotate turns the view") },
    { .name = "hdr",
      .type = OPTION_ENUM,
      .offset = AT(hdr),
      .choices = hdr_names,
      .default_text = "no",
      .help = N_("flag rgba10 or rgba16f frames as HDR (rgba16f is linear at least)") },
    { .name = "duration",
      .type = OPTION_DOUBLE,
      .offset = AT(duration_s),
      .min = 0,
      .max = 86400,
      .default_text = "0",
      .value_name = "SECONDS",
      .help = N_("end after this time; 0: until closed (3 s without a desktop)") },
    { .name = "view",
      .type = OPTION_BOOL,
      .offset = AT(view),
      .default_text = "yes",
      .help = N_(
          "show a window; --no-view: the producer alone, for other viewers (needs --shm-file)") },
    { .name = "headless",
      .type = OPTION_BOOL,
      .offset = AT(headless),
      .default_text = "no",
      .help = N_("use a compositor without a screen even if there is a desktop") },
    { .name = "png",
      .type = OPTION_STRING,
      .offset = AT(png),
      .default_text = "espelho-demo.png",
      .value_name = "FILE",
      .help = N_("screenshot written when there is no desktop") },
};

static const struct option_table demo_table = { .defs = demo_defs, .count = ARRAY_LEN(demo_defs) };

/* Everything of one run; main thread unless said otherwise. */
struct demo {
    struct demo_options options;
    struct client_options client;
    struct producer_config config;
    struct shm_region *region; /* the producer's mapping */
    struct producer *producer;
    struct headless *headless;
    uint32_t duration_ms;
    pthread_t shot_thread;
    bool shot_started;
    int shot_result; /* screenshot thread until joined */
};

static int parse_mode(const char *text, struct producer_config *config)
{
    char rest;
    unsigned w, h, hz = 60;
    const int n = sscanf(text, "%5ux%5u@%4u%c", &w, &h, &hz, &rest);
    if ((n != 2 && n != 3) || (n == 2 && strchr(text, '@')) || w < 64 || h < 64 ||
        w > FRAME_MAX_PX || h > FRAME_MAX_PX || hz < 1 || hz > 1000) {
        log_err("--mode: '%s' is not a mode; use WIDTHxHEIGHT@HZ, for example 1920x1080@60 (sides "
                "64 to %u, 1 to 1000 Hz)",
                text, FRAME_MAX_PX);
        return -EINVAL;
    }
    config->card.width_px = w;
    config->card.height_px = h;
    config->card.hz = config->hz = hz;
    return 0;
}

static int make_config(const struct demo_options *o, struct producer_config *config)
{
    if (parse_mode(o->mode, config) < 0)
        return -EINVAL;
    config->card.format = frame_format_by_name(format_names[o->format])->format;
    config->card.damage = damage_values[o->damage];
    config->card.rotation = (enum frame_rotation)o->rotate;
    config->cursor = cursor_values[o->cursor];
    config->cycle_cursor = o->cursor == 0;
    const bool deep =
        config->card.format == FRAME_FORMAT_RGBA10 || config->card.format == FRAME_FORMAT_RGBA16F;
    if (o->hdr != 0 && !deep) {
        log_err("--hdr needs --format rgba10 or rgba16f");
        return -EINVAL;
    }
    if (o->hdr != 0 || config->card.format == FRAME_FORMAT_RGBA16F)
        config->card.flags |= FRAME_FLAG_HDR;
    if (o->hdr == 2)
        config->card.flags |= FRAME_FLAG_HDR_PQ;
    return 0;
}

static int private_region(uint64_t len_bytes, int *fd)
{
    *fd = memfd_create("espelho-demo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0 || ftruncate(*fd, (off_t)len_bytes) < 0)
        return -errno;
    return fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0 ? -errno : 0;
}

/* Is somebody else's host alive in there? Its heartbeat would move. */
static bool region_in_use(const char *path)
{
    struct shm_region *region = NULL;
    struct kvmfr_client *client = NULL;
    bool alive = false;
    if (shm_region_open(path, &region, NULL) < 0)
        return false;
    if (kvmfr_client_create(region, (struct lgmp_random){ 0 }, &client) == 0) {
        (void)kvmfr_client_step(client, clock_ms()); /* remembers the heartbeat */
        clock_sleep_until_ns(clock_ns() + ALIVE_CHECK_MS * NS_PER_MS);
        const enum kvmfr_state state = kvmfr_client_step(client, clock_ms());
        alive = state == KVMFR_STATE_CONNECTING || state == KVMFR_STATE_CONNECTED;
    }
    kvmfr_client_destroy(client);
    shm_region_close(region);
    return alive;
}

static int unused_region(const char *path)
{
    if (!region_in_use(path))
        return 0;
    log_err("%s is in use: a host program is writing frames into it; name another with --shm-file",
            path);
    return -EBUSY;
}

/* An existing file keeps its size (a VM or another viewer may have it mapped), as does a server's
 * memory; a new file is made private to this user. */
static int named_region(const char *path, uint64_t len_bytes)
{
    if (strncmp(path, "unix:", 5) == 0)
        return unused_region(path);
    autoclose int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return unused_region(path);
    if (fd < 0 || ftruncate(fd, (off_t)len_bytes) < 0) {
        const int err = -errno;
        log_err("%s cannot be created: %s", path, err_str(err));
        return err;
    }
    return 0;
}

static int open_region(struct demo *d, int *fd)
{
    struct shm_problem problem = { 0 };
    const uint64_t len_bytes = producer_region_bytes(&d->config.card);
    if (len_bytes == 0) {
        log_err("--mode %s does not fit into a region (offsets are 32-bit)", d->options.mode);
        return -EINVAL;
    }
    const char *path = d->client.app.shm_file;
    int err;
    if (path && *path) {
        err = named_region(path, len_bytes);
        if (err == 0)
            err = shm_region_open(path, &d->region, &problem);
    } else if (!d->options.view) {
        log_err("--no-view needs --shm-file PATH: where other viewers find the frames");
        return -EINVAL;
    } else {
        err = private_region(len_bytes, fd);
        if (err == 0)
            err = shm_region_open_fd(*fd, _("the demo's memory"), &d->region, &problem);
    }
    if (problem.fault)
        log_err("%s\n%s", problem.message, problem.advice);
    return err;
}

/* The producer alone: until the time is over or somebody ends us. */
static void wait_for_end(uint32_t duration_ms, int signal_fd)
{
    const uint64_t end_ns = clock_ns() + duration_ms * NS_PER_MS;
    for (;;) {
        const uint64_t now_ns = clock_ns();
        if (duration_ms && now_ns >= end_ns)
            return;
        struct pollfd p = { .fd = signal_fd, .events = POLLIN };
        if (poll(&p, 1, duration_ms ? (int)((end_ns - now_ns) / NS_PER_MS + 1) : -1) > 0)
            return;
    }
}

static int produce_only(struct demo *d, int signal_fd)
{
    log_info("publishing %s %s into %s; end with Ctrl-C", d->options.mode,
             format_names[d->options.format], d->region->path);
    wait_for_end(d->duration_ms, signal_fd);
    return 0;
}

static void *take_screenshot(void *ctx)
{
    struct demo *d = ctx;
    clock_sleep_until_ns(clock_ns() + d->duration_ms / 2 * NS_PER_MS);
    d->shot_result = headless_screenshot(d->headless, d->options.png);
    return NULL;
}

static int start_headless(struct demo *d)
{
    if (!d->options.headless && headless_session_exists())
        return 0;
    const bool turned = d->options.rotate & 1;
    const uint32_t w = d->config.card.width_px, h = d->config.card.height_px;
    return headless_start(turned ? h : w, turned ? w : h, &d->headless);
}

static void print_result(const struct demo *d, const struct viewer_stats *seen)
{
    struct producer_stats made;
    producer_stats(d->producer, &made);
    printf(
        _("published %llu frames, shown %llu, superseded %llu, rejected %llu, torn %llu; %llu MiB "
          "uploaded\n"),
        (unsigned long long)made.frames, (unsigned long long)seen->frames_shown,
        (unsigned long long)seen->source.frames_superseded,
        (unsigned long long)seen->source.frames_rejected,
        (unsigned long long)seen->source.frames_torn,
        (unsigned long long)(seen->renderer.upload_bytes >> 20));
    if (seen->frames_shown)
        printf(_("renderer %s: first frame %s ms after connecting; a post was noticed within %.0f "
                 "us, committed %.0f us later\n"),
               seen->renderer_name, DECIMAL((double)seen->first_commit_ns / 1e6, 1),
               (double)seen->source.notice_late_ns / 1e3, (double)seen->notice_to_commit_ns / 1e3);
    if (d->headless && d->shot_result == 0)
        printf(_("wrote %s, a screenshot of %s\n"), d->options.png,
               headless_compositor(d->headless));
}

static int view(struct demo *d, int region_fd)
{
    struct viewer_stats seen = { 0 };
    const struct viewer_config config = {
        .options = &d->client,
        .region_fd = region_fd,
        .duration_ms = d->duration_ms,
        .stats = &seen,
    };
    if (d->headless) {
        const int err = -pthread_create(&d->shot_thread, NULL, take_screenshot, d);
        if (err < 0)
            return err;
        d->shot_started = true;
    }
    int err = viewer_run_config(&config);
    if (d->shot_started)
        pthread_join(d->shot_thread, NULL);
    if (err == 0) {
        print_result(d, &seen);
        if (seen.frames_shown == 0) {
            log_err("no frame was shown");
            err = -EIO;
        } else if (d->headless) {
            err = d->shot_result;
        }
    }
    return err;
}

/* Blocked before other threads exist, so that only the main thread is told. */
static int block_end_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int start_producer(struct demo *d)
{
    d->config.doorbell = d->region->doorbell;
    const int err = producer_create(d->region->mem, d->region->len_bytes, &d->config, &d->producer);
    if (err == -ENOSPC)
        log_err("%s (%zu MiB) is too small for %s: it needs %llu MiB", d->region->path,
                d->region->len_bytes >> 20, d->options.mode,
                (unsigned long long)(producer_region_bytes(&d->config.card) >> 20));
    else if (err < 0)
        log_err("the test card could not be set up: %s", err_str(err));
    return err;
}

static int run_demo(struct demo *d)
{
    autoclose int signal_fd = block_end_signals();
    autoclose int region_fd = -1;
    int err = make_config(&d->options, &d->config);
    if (err < 0)
        return err;
    d->duration_ms = (uint32_t)(d->options.duration_s * 1000.0);
    err = open_region(d, &region_fd);
    if (err == 0 && d->options.view)
        err = start_headless(d);
    if (err < 0)
        return err;
    if (d->headless && d->duration_ms == 0)
        d->duration_ms = HEADLESS_DURATION_MS;
    /* the window opens at the picture's own size */
    if (d->client.win.size.width == 0)
        d->client.win.size =
            (struct option_size){ d->config.card.width_px, d->config.card.height_px };
    err = start_producer(d);
    if (err < 0)
        return err;
    return d->options.view ? view(d, region_fd) : produce_only(d, signal_fd);
}

static void demo_fini(struct demo *d)
{
    producer_destroy(d->producer);
    shm_region_close(d->region);
    headless_stop(d->headless);
    client_options_free(&d->client);
    options_free(&demo_table, &d->options);
}

static int run(int argc, char **argv)
{
    struct demo d = { .config = { .hz = 0 } };
    int words;
    int status = command_parse(&command_demo, argc, argv, &d.options, &d.client, &words);
    d.client.spice.enable = false; /* there is no VM behind the picture */
    if (status == COMMAND_OK)
        status = run_demo(&d) == 0 ? COMMAND_OK : COMMAND_FAILED;
    demo_fini(&d);
    return status;
}

const struct command command_demo = {
    .name = "demo",
    .summary = N_("show a moving test card, no VM needed"),
    .words_text = "",
    .help = N_("A synthetic guest inside this program publishes a moving test card through shared "
               "memory, exactly as a host\n"
               "program in a VM does, and the viewer shows it. Without a desktop it starts a "
               "compositor without a screen and\n"
               "writes a screenshot. With --no-view it is the guest alone, for any viewer:\n"
               "  espelho demo --no-view --shm-file /dev/shm/looking-glass --mode 1920x1080@60\n"),
    .options = &demo_table,
    .client_options = true,
    .run = run,
};
