/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/snapshot.c - `espelho snapshot FILE.png`: what the VM shows now, without a
 * window. */
#define LOG_MODULE "snapshot"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/png_file.h"
#include "frame/convert.h"
#include "frame/cursor_image.h"
#include "source/relay/relay.h"

struct snapshot_options {
    bool cursor;
    double timeout_s;
};

static const struct option_def snapshot_defs[] = {
    { "cursor", .type = OPTION_BOOL, .offset = offsetof(struct snapshot_options, cursor),
      .default_text = "no", .help = N_("draw the guest's pointer into the picture") },
    { "timeout", .type = OPTION_DOUBLE, .offset = offsetof(struct snapshot_options, timeout_s),
      .min = 0.1, .max = 3600, .default_text = "5", .help = N_("seconds to wait for a frame") },
};
static const struct option_table snapshot_table = { .defs = snapshot_defs,
                                                    .count = ARRAY_LEN(snapshot_defs) };

/* A host re-sends the pointer to a newcomer within a second; the picture does not wait longer for
 * it. */
#define CURSOR_WAIT_NS (1200 * NS_PER_MS)
/* The writer of a frame stands still for so long: it died in the middle. */
#define STALL_NS (500 * NS_PER_MS)

struct snapshot {
    struct snapshot_options options;
    struct client_options client;
    struct loop *loop;
    struct source *source;
    struct source_status status; /* the last one; its session pointer is not used */

    uint32_t
        *pixels; /* owned; the unrotated frame, width_px * height_px; NULL until there is one */
    uint32_t width_px, height_px, missing_rows_px;
    enum frame_rotation rotation;

    bool cursor_visible, cursor_placed;
    int32_t cursor_x_px, cursor_y_px;
    struct cursor_image cursor; /* argb NULL until a shape came */
};

static void on_status(void *ctx, const struct source_status *status)
{
    struct snapshot *s = ctx;
    s->status = *status;
    s->status.session = NULL; /* borrowed for the call only */
}

static void on_activity(void *ctx)
{
    (void)ctx; /* the main loop looks after each round */
}

/* Converts row by row behind the write pointer. False: no room, or the writer stopped. */
static bool copy_rows(const struct frame_view *frame, uint32_t *out)
{
    uint64_t moved_ns = clock_ns();
    uint32_t done = 0;
    while (done < frame->rows_px) {
        const uint32_t ready = frame_view_ready_rows(frame);
        if (ready <= done) {
            if (clock_ns() - moved_ns > STALL_NS)
                return false;
            clock_sleep_until_ns(clock_ns() + 200 * NS_PER_US);
            continue;
        }
        for (; done < ready; done++) {
            const uint8_t *row = frame->pixels + (size_t)done * frame->pitch_bytes;
            if (!convert_row(frame->fmt, frame->flags, row, 0, frame->width_px, PIXEL_OUT_XRGB8888,
                             out + (size_t)done * frame->width_px))
                return false;
        }
        moved_ns = clock_ns();
    }
    return true;
}

static void take_frame(struct snapshot *s)
{
    struct frame_view frame;
    struct damage damage;
    damage_clear(&damage);
    if (s->source->ops->take_frame(s->source, &frame, &damage) != SOURCE_TAKE_FRAME)
        return;
    uint32_t *pixels = calloc((size_t)frame.width_px * frame.height_px, sizeof(*pixels));
    const bool good =
        pixels && copy_rows(&frame, pixels) && s->source->ops->frame_intact(s->source);
    s->source->ops->finish_frame(s->source, good);
    if (!good) {
        log_debug("frame %" PRIu32 " was not complete; waiting for the next", frame.serial);
        free(pixels);
        return;
    }
    free(s->pixels);
    s->pixels = pixels;
    s->width_px = frame.width_px;
    s->height_px = frame.height_px;
    s->missing_rows_px = frame.height_px - frame.rows_px;
    s->rotation = frame.rotation;
}

static void take_cursor(struct snapshot *s)
{
    struct cursor_update update;
    while (s->source->ops->take_cursor(s->source, &update)) {
        s->cursor_visible = update.visible;
        if (update.has_position) {
            s->cursor_placed = true;
            s->cursor_x_px = update.x_px;
            s->cursor_y_px = update.y_px;
        }
        if (!update.has_shape)
            continue;
        struct cursor_image image;
        if (cursor_image_from_shape(&update.shape, &image) == 0) {
            cursor_image_fini(&s->cursor);
            s->cursor = image;
        }
        cursor_shape_fini(&update.shape);
    }
}

static bool have_cursor(const struct snapshot *s)
{
    return s->cursor_placed && s->cursor.argb;
}

/* Until frame (and pointer, for a while) are there, or the time is over. */
static int wait_for_picture(struct snapshot *s)
{
    const uint64_t end_ns = clock_ns() + (uint64_t)(s->options.timeout_s * (double)NS_PER_S);
    uint64_t cursor_end_ns = 0;
    for (;;) {
        const uint64_t now_ns = clock_ns();
        if (now_ns >= end_ns || (s->pixels && (!s->options.cursor || have_cursor(s))))
            return 0;
        if (cursor_end_ns && now_ns >= cursor_end_ns)
            return 0;
        if (s->status.state == SOURCE_STATE_NO_REGION ||
            s->status.state == SOURCE_STATE_WRONG_VERSION)
            return 0; /* nothing that waiting would mend */
        const int err = loop_run_once(s->loop, 10);
        if (err < 0)
            return err;
        take_cursor(s);
        if (!s->pixels || !s->options.cursor || have_cursor(s))
            take_frame(s);
        if (s->pixels && cursor_end_ns == 0)
            cursor_end_ns = clock_ns() + CURSOR_WAIT_NS;
    }
}

/* Quarter turns clockwise into a new picture; the caller frees it. */
static uint32_t *turn_upright(struct snapshot *s)
{
    const uint32_t w = s->width_px, h = s->height_px;
    const bool turned = s->rotation == FRAME_ROTATE_90 || s->rotation == FRAME_ROTATE_270;
    const uint32_t out_w = turned ? h : w;
    uint32_t *out = malloc((size_t)w * h * sizeof(*out));
    if (!out)
        return NULL;
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            uint32_t to_x = x, to_y = y;
            if (s->rotation == FRAME_ROTATE_90) {
                to_x = h - 1 - y;
                to_y = x;
            } else if (s->rotation == FRAME_ROTATE_180) {
                to_x = w - 1 - x;
                to_y = h - 1 - y;
            } else if (s->rotation == FRAME_ROTATE_270) {
                to_x = y;
                to_y = w - 1 - x;
            }
            out[(size_t)to_y * out_w + to_x] = s->pixels[(size_t)y * w + x];
        }
    }
    s->width_px = out_w;
    s->height_px = turned ? w : h;
    return out;
}

static int no_picture(const struct snapshot *s)
{
    command_fail(&command_snapshot, "%s",
                 s->status.state == SOURCE_STATE_CONNECTED
                     ? _("connected, but no complete frame came in time")
                 : s->status.title[0] ? s->status.title
                                      : _("no frame came in time"));
    if (s->status.state != SOURCE_STATE_CONNECTED && s->status.detail[0])
        fprintf(stderr, "%s\n", s->status.detail);
    return COMMAND_FAILED;
}

static int write_picture(struct snapshot *s, const char *path)
{
    if (!s->pixels)
        return no_picture(s);
    uint32_t *upright = turn_upright(s);
    if (!upright)
        return command_fail(&command_snapshot, _("out of memory"));
    if (s->options.cursor && have_cursor(s) && s->cursor_visible)
        cursor_image_draw(&s->cursor, upright, s->width_px * 4, s->width_px, s->height_px,
                          s->cursor_x_px, s->cursor_y_px);
    else if (s->options.cursor && !have_cursor(s))
        log_warn("the guest told nothing about its pointer; the picture has none");
    const int err = png_file_write(path, upright, s->width_px, s->height_px);
    free(upright);
    if (err < 0)
        return command_fail(&command_snapshot, "%s: %s", path, err_str(err));
    if (s->missing_rows_px > 0)
        log_warn("the shared memory is too small for this mode, see `espelho size`; rows that are "
                 "missing (black): %" PRIu32,
                 s->missing_rows_px);
    printf(_("wrote %s, %" PRIu32 "x%" PRIu32 "\n"), path, s->width_px, s->height_px);
    return COMMAND_OK;
}

static int take_snapshot(struct snapshot *s, const char *path)
{
    const struct relay_config config = { .path = s->client.app.shm_file, .fd = -1 };
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = s };
    int err = loop_create(&s->loop);
    if (err == 0)
        err = relay_create(s->loop, &config, &listener, &s->source);
    if (err == 0)
        err = wait_for_picture(s);
    const int status =
        err < 0 ? command_fail(&command_snapshot, "%s", err_str(err)) : write_picture(s, path);
    if (s->source)
        s->source->ops->destroy(s->source);
    loop_destroy(s->loop);
    return status;
}

static int run(int argc, char **argv)
{
    struct snapshot s = { 0 };
    int words;
    int status = command_parse(&command_snapshot, argc, argv, &s.options, &s.client, &words);
    if (status == COMMAND_OK)
        status = take_snapshot(&s, argv[1]);
    cursor_image_fini(&s.cursor);
    free(s.pixels);
    client_options_free(&s.client);
    return status;
}

const struct command command_snapshot = {
    .name = "snapshot",
    .summary = N_("write what the VM shows now into a PNG file"),
    .words_text = "FILE.png",
    .help =
        N_("Takes one complete frame and writes it, turned upright, as PNG. Needs no window and "
           "no desktop;\n"
           "runs beside a viewer. Fails with the reason if there is no VM or no frame in time.\n"),
    .words = COMMAND_WORDS_FILE,
    .min_words = 1,
    .max_words = 1,
    .options = &snapshot_table,
    .client_options = true,
    .run = run,
};
