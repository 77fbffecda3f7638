/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/stats.c - `espelho stats`: rates and latency, one line per second.
 *
 * A subscriber of its own beside any viewer: it finishes each frame at once without reading pixels,
 * so it never sets the pace. What it calls upload is what a viewer has to copy for the damage that
 * was announced. */
#define LOG_MODULE "stats"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/viewer_figures.h"
#include "source/relay/relay.h"
#include "viewer/latency.h"

struct stats_options {
    bool json;
    double interval_s;
    uint32_t count;
};

static const struct option_def stats_defs[] = {
    { "json", .type = OPTION_BOOL, .offset = offsetof(struct stats_options, json),
      .default_text = "no", .help = N_("one JSON object per line") },
    { "interval", .type = OPTION_DOUBLE, .offset = offsetof(struct stats_options, interval_s),
      .min = 0.1, .max = 3600, .default_text = "1", .help = N_("seconds between two lines") },
    { "count", .alias = "n", .type = OPTION_U32, .offset = offsetof(struct stats_options, count),
      .default_text = "0", .help = N_("end after so many lines; 0: run until Ctrl-C") },
};
static const struct option_table stats_table = { .defs = stats_defs,
                                                 .count = ARRAY_LEN(stats_defs) };

enum { LINES_PER_HEADING = 20 };

/* Of one interval. */
struct tally {
    uint64_t frames, damaged_px, area_px, upload_bytes;
};

struct stats {
    struct stats_options options;
    struct client_options client;
    struct loop *loop;
    struct source *source;
    enum source_state state;
    struct frame_view frame; /* of the newest frame; its pixels are never read */
    bool has_frame;
    struct tally tally;
    struct latency latency;     /* of our own reading: capture, post, notice */
    struct source_stats before; /* counters at the last line */
    uint64_t line_ns;
    uint32_t lines;
};

static const char *state_name(enum source_state state)
{
    static const char *const names[] = {
        [SOURCE_STATE_NONE] = N_("starting"),
        [SOURCE_STATE_NO_REGION] = N_("no-region"),
        [SOURCE_STATE_NO_HOST] = N_("no-host"),
        [SOURCE_STATE_HOST_SILENT] = N_("host-silent"),
        [SOURCE_STATE_WRONG_VERSION] = N_("wrong-version"),
        [SOURCE_STATE_CONNECTING] = N_("connecting"),
        [SOURCE_STATE_CONNECTED] = N_("connected"),
    };
    return names[state];
}

static void on_status(void *ctx, const struct source_status *status)
{
    struct stats *s = ctx;
    if (status->state != s->state && status->state != SOURCE_STATE_CONNECTING)
        log_info("%s%s%s", status->title, status->detail[0] ? "\n" : "", status->detail);
    s->state = status->state;
    if (s->state != SOURCE_STATE_CONNECTED)
        s->has_frame = false;
}

static void on_activity(void *ctx)
{
    struct stats *s = ctx;
    struct cursor_update cursor;
    while (s->source->ops->take_cursor(s->source, &cursor)) {
        if (cursor.has_shape)
            cursor_shape_fini(&cursor.shape);
    }
    struct damage damage;
    damage_clear(&damage);
    if (s->source->ops->take_frame(s->source, &s->frame, &damage) != SOURCE_TAKE_FRAME)
        return;
    const struct source_frame_times times = source_frame_times(s->source);
    latency_committed(&s->latency, &times, 0, 0);
    s->source->ops->finish_frame(s->source, true);
    s->has_frame = true;
    const uint64_t area_px = (uint64_t)s->frame.width_px * s->frame.height_px;
    const uint64_t damaged_px = damage_pixels(&damage, s->frame.width_px, s->frame.height_px);
    s->tally.frames++;
    s->tally.area_px += area_px;
    s->tally.damaged_px += damaged_px;
    s->tally.upload_bytes += damaged_px * s->frame.fmt->bytes_per_pixel;
}

static void mode_text(const struct stats *s, char text[32])
{
    if (s->has_frame)
        snprintf(text, 32, "%" PRIu32 "x%" PRIu32, s->frame.width_px, s->frame.height_px);
    else
        snprintf(text, 32, "-");
}

/* What one line says, as numbers. */
struct line {
    double fps, interval_ms, late_us, upload_mib_s, damage_share, wakeups_s, cursor_s;
    uint64_t missed, superseded, rejected, restarts;
};

static struct line line_of(const struct stats *s, const struct source_stats *now, double seconds)
{
    const struct source_stats *b = &s->before;
    const struct tally *t = &s->tally;
    return (struct line){
        .fps = (double)(now->frames_noticed - b->frames_noticed) / seconds,
        .interval_ms = (double)now->interval_ns / (double)NS_PER_MS,
        .late_us = (double)now->notice_late_ns / (double)NS_PER_US,
        .upload_mib_s = (double)t->upload_bytes / 1048576.0 / seconds,
        .damage_share = t->area_px ? (double)t->damaged_px / (double)t->area_px : 0,
        .wakeups_s = (double)(now->wakeups - b->wakeups) / seconds,
        .cursor_s = (double)(now->cursor_updates - b->cursor_updates) / seconds,
        .missed = now->frames_missed - b->frames_missed,
        .superseded = now->frames_superseded - b->frames_superseded,
        .rejected = now->frames_rejected - b->frames_rejected,
        .restarts = now->restarts - b->restarts,
    };
}

static void print_viewers(const cJSON *viewers)
{
    char text[512];
    const cJSON *viewer;
    cJSON_ArrayForEach(viewer, viewers)
    {
        viewer_figures_text(viewer, text, sizeof(text));
        printf("  %s\n", text);
    }
}

/* Only with a host that tells times: one more line. */
static void print_stages(const struct stats *s, const struct source_stats *now)
{
    uint64_t median_ns, p99_ns;
    bool any = false;
    for (int i = 0; i < LATENCY_STAGES; i++) {
        if (!latency_quantiles(&s->latency, (enum latency_stage)i, &median_ns, &p99_ns))
            continue;
        printf("%s%s %.0f/%.0f", any ? ", " : _("  us p50/p99: "),
               latency_stage_name((enum latency_stage)i), (double)median_ns / 1e3,
               (double)p99_ns / 1e3);
        any = true;
    }
    if (any)
        printf(_("; clock +-%.0f us; waits by %s; %s\n"), (double)now->clock_error_ns / 1e3,
               now->wait_name ? now->wait_name : "-", source_bell_text(now->bell));
}

static void print_text(const struct stats *s, const struct line *l, const struct source_stats *now)
{
    char mode[32];
    mode_text(s, mode);
    if (s->lines % LINES_PER_HEADING == 0)
        /* Translators: the headings stand over columns of 13, 11 and 8 letters, then numbers. */
        printf("%s\n", _("state         mode        format       fps every ms  late us     MiB/s  "
                         "damage  cursor missed  drops  wakes/s"));
    printf("%-13s %-11s %-8s %7s %8s %8.0f %9s %6s%% %7s %6" PRIu64 " %6" PRIu64 " %8.0f\n",
           _(state_name(s->state)), mode, s->has_frame ? s->frame.fmt->name : "-",
           DECIMAL(l->fps, 1), DECIMAL(l->interval_ms, 2), l->late_us, DECIMAL(l->upload_mib_s, 1),
           DECIMAL(100.0 * l->damage_share, 1), DECIMAL(l->cursor_s, 1), l->missed,
           l->superseded + l->rejected, l->wakeups_s);
    print_stages(s, now);
    cJSON *viewers = viewer_figures_read();
    print_viewers(viewers);
    cJSON_Delete(viewers);
}

static void print_json_stages(const struct stats *s, const struct source_stats *now)
{
    uint64_t median_ns, p99_ns;
    const char *comma = "";
    printf(",\"wait\":\"%s\",\"doorbell\":\"%s\",\"frame_buffers\":%" PRIu32,
           now->wait_name ? now->wait_name : "none", source_bell_name(now->bell),
           now->frame_buffers);
    if (now->has_clock)
        printf(",\"clock_error_us\":%.1f", (double)now->clock_error_ns / 1e3);
    printf(",\"stages_us\":{");
    for (int i = 0; i < LATENCY_STAGES; i++) {
        if (!latency_quantiles(&s->latency, (enum latency_stage)i, &median_ns, &p99_ns))
            continue;
        printf("%s\"%s\":{\"p50\":%.1f,\"p99\":%.1f}", comma,
               latency_stage_name((enum latency_stage)i), (double)median_ns / 1e3,
               (double)p99_ns / 1e3);
        comma = ",";
    }
    printf("}");
}

static void print_json(const struct stats *s, const struct line *l, const struct source_stats *now)
{
    printf("{\"state\":\"%s\"", state_name(s->state));
    if (s->has_frame)
        printf(",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"format\":\"%s\",\"rotation\":%d,"
               "\"hdr\":%s,\"truncated\":%s",
               s->frame.width_px, s->frame.height_px, s->frame.fmt->name,
               90 * (int)s->frame.rotation, s->frame.flags & FRAME_FLAG_HDR ? "true" : "false",
               s->frame.flags & FRAME_FLAG_TRUNCATED ? "true" : "false");
    printf(",\"fps\":%.2f,\"publish_interval_ms\":%.3f,\"notice_late_us\":%.1f,\"upload_bytes\":"
           "%" PRIu64 ",\"damage_share\":%.4f,\"cursor_per_s\":%.2f,\"missed\":%" PRIu64
           ",\"superseded\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"restarts\":%" PRIu64
           ",\"wakeups_per_s\":%.1f",
           l->fps, l->interval_ms, l->late_us, s->tally.upload_bytes, l->damage_share, l->cursor_s,
           l->missed, l->superseded, l->rejected, l->restarts, l->wakeups_s);
    print_json_stages(s, now);
    cJSON *viewers = viewer_figures_read();
    char *text = viewers ? cJSON_PrintUnformatted(viewers) : NULL;
    printf(",\"viewers\":%s}\n", text ? text : "[]");
    cJSON_free(text);
    cJSON_Delete(viewers);
}

static void on_line(void *ctx)
{
    struct stats *s = ctx;
    struct source_stats now = { 0 };
    s->source->ops->stats(s->source, &now);
    const uint64_t now_ns = clock_ns();
    const struct line line = line_of(s, &now, (double)(now_ns - s->line_ns) / (double)NS_PER_S);
    if (s->options.json)
        print_json(s, &line, &now);
    else
        print_text(s, &line, &now);
    s->before = now;
    s->line_ns = now_ns;
    s->tally = (struct tally){ 0 };
    s->lines++;
    /* A closed pipe (`espelho stats | head`) is an ordinary end. */
    if (fflush(stdout) != 0 || s->lines == s->options.count)
        loop_stop(s->loop);
}

static void on_signal(void *ctx)
{
    struct stats *s = ctx;
    loop_stop(s->loop);
}

static int watch(struct stats *s)
{
    struct loop_source *timer = NULL, *interrupt = NULL, *terminate = NULL;
    const struct relay_config config = {
        .path = s->client.app.shm_file,
        .fd = -1,
        .wait = wait_find(client_options_wait_name(&s->client)),
        .fixed_interval_us = s->client.app.wait_interval_us,
    };
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = s };
    int err = loop_create(&s->loop);
    if (err == 0)
        err = loop_add_signal(s->loop, SIGINT, on_signal, s, &interrupt);
    if (err == 0)
        err = loop_add_signal(s->loop, SIGTERM, on_signal, s, &terminate);
    if (err == 0)
        err = loop_add_timer(s->loop, on_line, s, &timer);
    if (err == 0)
        err = relay_create(s->loop, &config, &listener, &s->source);
    if (err == 0) {
        const uint64_t interval_ns = (uint64_t)(s->options.interval_s * (double)NS_PER_S);
        s->line_ns = clock_ns();
        loop_timer_set_ns(timer, s->line_ns + interval_ns, interval_ns);
        err = loop_run(s->loop);
    }
    if (s->source)
        s->source->ops->destroy(s->source);
    loop_source_destroy(timer);
    loop_source_destroy(terminate);
    loop_source_destroy(interrupt);
    loop_destroy(s->loop);
    return err;
}

static int run(int argc, char **argv)
{
    struct stats s = { 0 };
    int words;
    int status = command_parse(&command_stats, argc, argv, &s.options, &s.client, &words);
    if (status == COMMAND_OK) {
        signal(SIGPIPE, SIG_IGN);
        const int err = watch(&s);
        if (err < 0)
            status = command_fail(&command_stats, "%s", err_str(err));
    }
    client_options_free(&s.client);
    return status;
}

const struct command command_stats = {
    .name = "stats",
    .summary = N_("rates and latency of the running VM, live"),
    .words_text = "",
    .help =
        N_("Prints one line per second: mode and pixel type, frames per second, the learned "
           "publication\n"
           "interval (every ms), how late a frame is noticed at most (late us), what a viewer has "
           "to copy\n"
           "(MiB/s and the damaged share of the picture), pointer messages per second, serials "
           "never seen\n"
           "(missed), frames overtaken or malformed (drops), and wake-ups of the wait strategy "
           "per second.\n"
           "With a host that tells times, one more line: each stage's median and 99th percentile "
           "in us.\n"
           "Runs beside a viewer: each viewer of the same user gets a line with its own figures, "
           "the delay of the\n"
           "sound among them.\n"),
    .options = &stats_table,
    .client_options = true,
    .run = run,
};
