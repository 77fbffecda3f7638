/* SPDX-License-Identifier: GPL-2.0-or-later
 * A viewer without a window, for tests against a real SPICE server: session and SPICE source on one
 * loop. It copies the damage of each frame, and nothing else, into a picture of its own, as a
 * renderer does. `spice_screen SOCKET [--record DIR]`; commands on stdin, one a line: shot PATH
 * writes the picture as PPM, says "shot WxH" or "shot none" want 0|1     spice_source_want() quit
 * It says "status STATE TITLE: DETAIL" and "cursor WxH hot X,Y" as they come. --record: every
 * message of the display and cursor channels becomes a file of DIR, type first (seeds for the fuzz
 * targets). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop.h"
#include "source/spice/spice_source.h"
#include "spice/cursor.h"
#include "spice/display.h"
#include "spice/session.h"

struct screen {
    struct loop *loop;
    struct spice_server server;
    struct spice_session *session;
    struct source *source;
    struct loop_source *input;
    char line[512];
    size_t line_used;
    uint32_t width_px, height_px;
    uint32_t *pixels; /* NULL: no picture */
    const char *record_dir;
    uint32_t records;
    struct { /* --record */
        struct spice_display *display;
        struct spice_cursor *cursor;
        struct spice_channel *channels[2];
        struct spice_channel_ops ops[2];
    } raw;
};

/* ---- the picture ---- */

static void copy_rect(struct screen *s, const struct frame_view *f, const struct frame_rect *r)
{
    for (uint32_t y = r->y_px; y < r->y_px + r->height_px; y++)
        memcpy(s->pixels + (size_t)y * s->width_px + r->x_px,
               f->pixels + (size_t)y * f->pitch_bytes + 4 * (size_t)r->x_px,
               4 * (size_t)r->width_px);
}

static void take(struct screen *s)
{
    struct frame_view f;
    struct damage damage;
    while (s->source->ops->take_frame(s->source, &f, &damage) == SOURCE_TAKE_FRAME) {
        if (f.width_px != s->width_px || f.height_px != s->height_px) {
            if (!damage.full)
                printf("error: another size without full damage\n");
            free(s->pixels);
            s->pixels = calloc((size_t)f.width_px * f.height_px, 4);
            s->width_px = f.width_px;
            s->height_px = f.height_px;
        }
        if (frame_view_ready_rows(&f) != f.rows_px)
            printf("error: the frame is not complete\n");
        struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
        const uint32_t count =
            damage_sorted_by_bottom(&damage, f.width_px, f.height_px, rects, ARRAY_LEN(rects));
        for (uint32_t i = 0; i < count; i++)
            copy_rect(s, &f, &rects[i]);
        s->source->ops->finish_frame(s->source, s->source->ops->frame_intact(s->source));
    }
    struct cursor_update u;
    while (s->source->ops->take_cursor(s->source, &u)) {
        if (!u.has_shape)
            continue;
        printf("cursor %ux%u hot %u,%u\n", u.shape.width_px, u.shape.height_px, u.shape.hot_x_px,
               u.shape.hot_y_px);
        cursor_shape_fini(&u.shape);
    }
}

static void shot(struct screen *s, const char *path)
{
    FILE *file = s->pixels ? fopen(path, "wb") : NULL;
    if (!file) {
        printf("shot none\n");
        return;
    }
    fprintf(file, "P6\n%u %u\n255\n", s->width_px, s->height_px);
    for (size_t i = 0; i < (size_t)s->width_px * s->height_px; i++) {
        const uint32_t v = s->pixels[i];
        fputc((int)(v >> 16 & 255), file);
        fputc((int)(v >> 8 & 255), file);
        fputc((int)(v & 255), file);
    }
    fclose(file);
    printf("shot %ux%u\n", s->width_px, s->height_px);
}

static void on_status(void *ctx, const struct source_status *status)
{
    static const char *const names[] = {
        [SOURCE_STATE_NO_HOST] = "NO_HOST",
        [SOURCE_STATE_CONNECTING] = "CONNECTING",
        [SOURCE_STATE_CONNECTED] = "CONNECTED",
    };
    (void)ctx;
    char detail[sizeof(status->detail)];
    snprintf(detail, sizeof(detail), "%s", status->detail);
    for (char *p = detail; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    printf("status %s %s: %s\n", names[status->state], status->title, detail);
}

static void on_activity(void *ctx)
{
    take(ctx);
}

/* ---- recording ---- */

static void record(struct screen *s, const char *kind, uint16_t type, const uint8_t *body,
                   size_t body_bytes)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s-%03u-%u", s->record_dir, kind, s->records++, type);
    FILE *file = fopen(path, "wb");
    if (!file)
        return;
    fputc(type & 255, file);
    fputc(type >> 8, file);
    fwrite(body, 1, body_bytes, file);
    fclose(file);
}

static int record_display(void *ctx, struct spice_channel *channel, uint16_t type,
                          const uint8_t *body, size_t body_bytes)
{
    struct screen *s = ctx;
    const char *why = NULL;
    (void)channel;
    record(s, "display", type, body, body_bytes);
    return spice_display_message(s->raw.display, type, body, body_bytes, &why);
}

static int record_cursor(void *ctx, struct spice_channel *channel, uint16_t type,
                         const uint8_t *body, size_t body_bytes)
{
    struct screen *s = ctx;
    const char *why = NULL;
    (void)channel;
    record(s, "cursor", type, body, body_bytes);
    return spice_cursor_message(s->raw.cursor, type, body, body_bytes, &why);
}

static void on_raw_down(void *ctx, struct spice_channel *channel,
                        const struct spice_problem *problem)
{
    struct screen *s = ctx;
    (void)channel;
    printf("down %s\n", problem->text);
    loop_stop(s->loop);
}

static void open_raw(struct screen *s, uint32_t connection_id)
{
    s->raw.ops[0] = spice_display_ops;
    s->raw.ops[0].on_message = record_display;
    s->raw.ops[1] = spice_cursor_ops;
    s->raw.ops[1].on_message = record_cursor;
    if (spice_display_create(&(struct spice_display_listener){ 0 }, &s->raw.display) < 0 ||
        spice_cursor_create(&(struct spice_cursor_listener){ 0 }, &s->raw.cursor) < 0)
        abort();
    for (int i = 0; i < 2; i++) {
        s->raw.ops[i].on_down = on_raw_down;
        s->raw.ops[i].on_up = NULL;
        if (spice_channel_create(s->loop, &s->server, connection_id, 0, &s->raw.ops[i], s,
                                 &s->raw.channels[i]) < 0)
            abort();
    }
}

/* ---- the session ---- */

static void on_info(void *ctx, const struct spice_session_info *info)
{
    struct screen *s = ctx;
    if (!s->record_dir)
        spice_source_set_session(s->source, info->connection_id, info->has_display,
                                 info->has_cursor);
    else if (!s->raw.display)
        open_raw(s, info->connection_id);
}

static void on_lost(void *ctx)
{
    struct screen *s = ctx;
    spice_source_set_session(s->source, 0, false, false);
}

static void on_session_status(void *ctx, const struct spice_session_status *status)
{
    struct screen *s = ctx;
    spice_source_set_problem(s->source, status->text);
}

/* ---- commands ---- */

static void obey(struct screen *s, char *line)
{
    if (strncmp(line, "shot ", 5) == 0)
        shot(s, line + 5);
    else if (strncmp(line, "want ", 5) == 0)
        spice_source_want(s->source, line[5] == '1');
    else if (strcmp(line, "quit") == 0)
        loop_stop(s->loop);
}

static void on_input(void *ctx, uint32_t events)
{
    struct screen *s = ctx;
    (void)events;
    const ssize_t got =
        read(STDIN_FILENO, s->line + s->line_used, sizeof(s->line) - 1 - s->line_used);
    if (got <= 0) {
        loop_stop(s->loop);
        return;
    }
    s->line_used += (size_t)got;
    s->line[s->line_used] = '\0';
    char *at = s->line;
    for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        obey(s, at);
    }
    s->line_used = strlen(at);
    memmove(s->line, at, s->line_used + 1);
}

int main(int argc, char **argv)
{
    struct screen s = { 0 };
    if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--record") == 0))
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_set_level(LOG_LEVEL_DEBUG);
    s.server.socket_path = argv[1];
    s.record_dir = argc == 4 ? argv[3] : NULL;
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = &s };
    const struct spice_session_listener session_listener = {
        .on_info = on_info, .on_lost = on_lost, .on_status = on_session_status, .ctx = &s
    };
    int err = loop_create(&s.loop);
    if (!err)
        err = spice_source_create(s.loop, &s.server, &listener, &s.source);
    if (!err)
        err = spice_session_create(s.loop, &s.server, &session_listener, &s.session);
    if (!err)
        err = loop_add_fd(s.loop, STDIN_FILENO, EPOLLIN, on_input, &s, &s.input);
    if (!err)
        err = loop_run(s.loop);
    for (int i = 0; i < 2; i++)
        spice_channel_destroy(s.raw.channels[i]);
    spice_display_destroy(s.raw.display);
    spice_cursor_destroy(s.raw.cursor);
    loop_source_destroy(s.input);
    spice_session_destroy(s.session);
    if (s.source)
        s.source->ops->destroy(s.source);
    loop_destroy(s.loop);
    free(s.pixels);
    return err ? 1 : 0;
}
