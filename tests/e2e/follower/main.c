/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/follower/main.c - a subscriber that judges: `follower FILE [--script PATH] [--output N]
 * [--scale N] [--tolerance N] [--slow MS] [--bell PEER]`. `follower --picture SCRIPT EVENT OUTPUT
 * FILE.ppm` only draws what the desktop looks like after an event.
 *
 * Reads every message of the region FILE and says what it is, a line each, with the time in ms of
 * CLOCK_MONOTONIC_RAW (which is what Wine's QueryPerformanceCounter counts):
 *   T state NAME
 *   T session CAPTURE | OS
 *   T frame SERIAL event N|? WxH FORMAT rotation R flags F rows R damage N pixels N honest|liar ...
 *   T repeat SERIAL             the same frame once more, for a newcomer
 *   T stalled SERIAL            its writer stopped
 *   T restart                   evicted, or the host anew: what comes has no predecessor
 *   T pointer shown|hidden [at X Y] [shape TYPE WxH hot X Y event N|?]
 *   T rejected WHAT
 * `event`: see judge.h; `pixels`: of the damage. --slow: holds each frame for so long. --bell: says
 * hello as this peer of a doorbell device; whom it would ring then is said as "T ring PEER VECTOR",
 * for somebody to do it. A line
 * "cursor X Y" on standard input asks the host to put the pointer there; "T cursor done" follows.
 * SIGTERM ends it, properly unsubscribed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "follower/bell.h"
#include "follower/judge.h"
#include "kvmfr/client.h"
#include "kvmfr/client_extension.h"
#include "shm/region.h"

enum { STALL_MS = 3000, STEP_MS = 20 };

struct follower {
    struct shm_region *region;
    struct kvmfr_client *client;
    struct shim_script script;
    bool has_script;
    uint32_t output, slow_ms, peer;
    struct spoken_bell bell; /* with `peer` */
    struct judge judge;
    enum kvmfr_state state;
    uint64_t step_ms;
    bool has_serial;
    uint32_t serial; /* of the frame before */
    bool waiting;    /* for the answer to "cursor" */
    uint32_t cursor_serial;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#define SAY(format, ...) (printf("%.3f " format "\n", now_ms(), ##__VA_ARGS__), fflush(stdout))

static void say_ring(uint16_t peer, uint16_t vector)
{
    SAY("ring %u %u", peer, vector);
}

static void forget(struct follower *f)
{
    judge_forget(&f->judge);
    f->has_serial = false;
}

static void step(struct follower *f)
{
    static const char *const names[] = {
        [KVMFR_STATE_NONE] = "none",
        [KVMFR_STATE_NO_HOST] = "no-host",
        [KVMFR_STATE_HOST_SILENT] = "host-silent",
        [KVMFR_STATE_WRONG_VERSION] = "wrong-version",
        [KVMFR_STATE_CONNECTING] = "connecting",
        [KVMFR_STATE_CONNECTED] = "connected",
    };
    if (f->step_ms && clock_ms() - f->step_ms < STEP_MS)
        return;
    f->step_ms = clock_ms();
    const enum kvmfr_state state = kvmfr_client_step(f->client, f->step_ms);
    if (state == f->state)
        return;
    f->state = state;
    SAY("state %s", names[state]);
    if (state != KVMFR_STATE_CONNECTED)
        return;
    const struct kvmfr_session *session = kvmfr_client_session(f->client);
    SAY("session %s | %s", session->capture, session->os_name);
    forget(f);
}

/* All of it is there; false: its writer stopped. */
static bool wait_for_rows(const struct frame_view *frame)
{
    const uint64_t end_ms = clock_ms() + STALL_MS;
    while (frame_view_ready_rows(frame) < frame->rows_px) {
        if (clock_ms() > end_ms)
            return false;
        usleep(200);
    }
    return true;
}

static void say_verdict(const struct frame_view *frame, const struct verdict *v)
{
    char event[32], honesty[64];
    if (v->known)
        snprintf(event, sizeof(event), "%u", v->event);
    else
        snprintf(event, sizeof(event), "?%u,%u,%u", v->event, v->wrong_x, v->wrong_y);
    if (v->honest)
        snprintf(honesty, sizeof(honesty), "honest");
    else
        snprintf(honesty, sizeof(honesty), "liar %u,%u", v->x_px, v->y_px);
    SAY("frame %u event %s %ux%u %s rotation %d flags %u rows %u damage %u pixels %llu %s",
        frame->serial, event, frame->width_px, frame->height_px, frame->fmt->name,
        (int)frame->rotation, frame->flags, frame->rows_px, frame->damage_count,
        (unsigned long long)v->damaged_px, honesty);
}

static void take_frame(struct follower *f, const struct frame_view *frame)
{
    struct verdict verdict;
    if (f->has_serial && f->serial == frame->serial) {
        SAY("repeat %u", frame->serial);
        return;
    }
    if (!wait_for_rows(frame)) {
        SAY("stalled %u", frame->serial);
        forget(f);
        return;
    }
    if (f->slow_ms)
        usleep(f->slow_ms * 1000);
    if (judge_frame(&f->judge, frame, &verdict) < 0) {
        SAY("rejected for want of memory");
    } else if (kvmfr_client_frame_intact(f->client)) {
        f->has_serial = true;
        f->serial = frame->serial;
        say_verdict(frame, &verdict);
    } else {
        forget(f);
    }
}

/* True if there was something. */
static bool read_frame(struct follower *f)
{
    struct frame_view frame;
    enum kvmfr_read got = kvmfr_client_peek_frame(f->client, &frame);
    if (got == KVMFR_READ_OK) {
        take_frame(f, &frame);
        got = kvmfr_client_finish_frame(f->client);
    } else if (got == KVMFR_READ_REJECTED) {
        SAY("rejected frame");
    }
    if (got == KVMFR_READ_RESTART) {
        SAY("restart");
        forget(f);
    }
    return got == KVMFR_READ_OK || got == KVMFR_READ_REJECTED;
}

static void say_pointer(const struct follower *f, const struct cursor_update *u)
{
    static const char *const types[] = { "none", "colour", "mono", "masked" };
    char place[48] = "", shape[96] = "", event[16] = "?";
    uint32_t number = 0;
    if (u->has_position)
        snprintf(place, sizeof(place), " at %d %d", u->x_px, u->y_px);
    if (u->has_shape) {
        const struct cursor_shape *s = &u->shape;
        if (judge_shape(&f->judge, s, &number))
            snprintf(event, sizeof(event), "%u", number);
        snprintf(shape, sizeof(shape), " shape %s %ux%u hot %u %u event %s", types[s->type],
                 s->width_px, s->height_px, s->hot_x_px, s->hot_y_px, event);
    }
    SAY("pointer %s%s%s", u->visible ? "shown" : "hidden", place, shape);
}

static bool read_pointer(struct follower *f)
{
    struct cursor_update update;
    const enum kvmfr_read got = kvmfr_client_read_cursor(f->client, &update);
    if (got == KVMFR_READ_OK) {
        say_pointer(f, &update);
        if (update.has_shape)
            cursor_shape_fini(&update.shape);
    } else if (got == KVMFR_READ_REJECTED) {
        SAY("rejected pointer");
    }
    return got == KVMFR_READ_OK || got == KVMFR_READ_REJECTED;
}

static void obey(struct follower *f)
{
    char line[64];
    int x, y;
    if (f->waiting && kvmfr_client_cursor_position_done(f->client, f->cursor_serial)) {
        SAY("cursor done");
        f->waiting = false;
    }
    if (poll(&(struct pollfd){ .fd = 0, .events = POLLIN }, 1, 0) <= 0)
        return;
    const ssize_t len = read(0, line, sizeof(line) - 1);
    if (len <= 0) {
        const int null = open("/dev/null", O_RDONLY | O_CLOEXEC); /* nobody talks to us any more */
        dup2(null, 0);
        close(null);
        return;
    }
    line[len] = '\0';
    if (sscanf(line, "cursor %d %d", &x, &y) != 2)
        SAY("rejected command");
    else if (kvmfr_client_set_cursor_position(f->client, x, y, &f->cursor_serial) == LGMP_OK)
        f->waiting = true;
    else
        SAY("rejected cursor");
}

static int usage(const char *what)
{
    fprintf(stderr,
            "follower: %s; FILE [--script PATH] [--output N] [--scale N] [--tolerance N] "
            "[--slow MS] [--bell PEER]\n",
            what);
    return 2;
}

static int write_ppm(const struct shim_screen *s, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return usage(path);
    fprintf(file, "P6 %u %u 255\n", s->width_px, s->height_px);
    for (size_t i = 0; i < (size_t)s->width_px * s->height_px; i++) {
        const uint32_t p = s->pixels[i];
        fputc((int)(p >> 16 & 255), file);
        fputc((int)(p >> 8 & 255), file);
        fputc((int)(p & 255), file);
    }
    return fclose(file) == 0 ? 0 : usage(path);
}

static int draw_picture(char **argv)
{
    struct shim_script script;
    struct shim_screen screen;
    static struct shim_news news;
    char error[160];
    if (shim_script_load(argv[0], &script, error) < 0)
        return usage(error);
    const uint32_t last = (uint32_t)strtoul(argv[1], NULL, 10),
                   output = (uint32_t)strtoul(argv[2], NULL, 10);
    int err = last < script.event_count ? shim_screen_init(&screen, &script, output) : -EINVAL;
    for (uint32_t event = 1; err == 0 && event <= last; event++)
        err = shim_screen_apply(&screen, &script, event, &news);
    const int status = err < 0 ? usage("no such event") : write_ppm(&screen, argv[3]);
    if (err == 0)
        shim_screen_fini(&screen);
    shim_script_fini(&script);
    return status;
}

static int start(struct follower *f, const char *path)
{
    struct shm_problem problem;
    const uint32_t scale = f->judge.scale, tolerance = f->judge.tolerance;
    if (judge_init(&f->judge, f->has_script ? &f->script : NULL, f->output) < 0)
        return usage("no memory");
    f->judge.scale = scale;
    f->judge.tolerance = tolerance;
    if (shm_region_open(path, &f->region, &problem) < 0)
        return usage(problem.message);
    if (f->peer) {
        spoken_bell_init(&f->bell, (uint16_t)f->peer, say_ring);
        f->region->doorbell = &f->bell.base;
    }
    if (kvmfr_client_create(f->region, (struct lgmp_random){ 0 }, &f->client) < 0)
        return usage("no client");
    const struct kvmfr_client_wants wants = { .rings = f->peer != 0 };
    kvmfr_client_set_wants(f->client, &wants);
    return 0;
}

static void run(struct follower *f)
{
    while (!stopped) {
        step(f);
        bool busy = false;
        if (f->state == KVMFR_STATE_CONNECTED) {
            busy = read_pointer(f);
            busy |= read_frame(f);
            obey(f);
        }
        if (!busy)
            usleep(500);
    }
}

int main(int argc, char **argv)
{
    struct follower f = { .judge.scale = 1 };
    const char *path = NULL;
    char error[160];
    if (argc == 6 && strcmp(argv[1], "--picture") == 0)
        return draw_picture(argv + 2);
    for (int i = 1; i < argc; i++) {
        const struct {
            const char *name;
            uint32_t *to;
        } numbers[] = { { "--output", &f.output },
                        { "--scale", &f.judge.scale },
                        { "--tolerance", &f.judge.tolerance },
                        { "--slow", &f.slow_ms },
                        { "--bell", &f.peer } };
        bool used = false;
        for (size_t n = 0; n < ARRAY_LEN(numbers) && i + 1 < argc && !used; n++) {
            if (strcmp(argv[i], numbers[n].name) == 0) {
                *numbers[n].to = (uint32_t)strtoul(argv[++i], NULL, 10);
                used = true;
            }
        }
        if (!used && strcmp(argv[i], "--script") == 0 && i + 1 < argc) {
            if (shim_script_load(argv[++i], &f.script, error) < 0)
                return usage(error);
            f.has_script = used = true;
        }
        if (!used && (path || argv[i][0] == '-'))
            return usage(argv[i]);
        if (!used)
            path = argv[i];
    }
    if (!path)
        return usage("no FILE");
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    int status = start(&f, path);
    if (status == 0)
        run(&f);
    kvmfr_client_destroy(f.client);
    shm_region_close(f.region);
    judge_fini(&f.judge);
    shim_script_fini(&f.script);
    return status;
}
