/* SPDX-License-Identifier: GPL-2.0-or-later
 * The relay against the real host side of common/, in one process and one thread (the watch thread
 * apart): the test pumps the loop and the host's timer. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "kvmfr/client.h"
#include "kvmfr/host.h"
#include "loop/loop.h"
#include "source/relay/relay.h"

#define REGION_BYTES (16u << 20)
enum { WIDTH = 64, HEIGHT = 48, PIXELS = WIDTH * HEIGHT };

/* ---- one guest and one viewer ---- */

struct world {
    char path[64];
    struct shm_region *region; /* the guest's mapping */
    struct kvmfr_host *host;   /* NULL: not running */
    uint64_t next_tick_ms;
    uint32_t image[PIXELS]; /* the guest's screen */
    uint32_t serial;        /* of the last frame published */
    uint32_t flags;         /* of the frames to publish */
    bool can_place;         /* the next host places its pointer when asked to */
    int32_t placed_x_px, placed_y_px;
    uint32_t placed;

    struct loop *loop;
    struct source *source;
    struct source_status status;
    uint32_t status_count, activity_count;
    uint32_t reclaimed_token, reclaimed_count;
    uint32_t shown[PIXELS]; /* what the viewer has drawn, by damage only */
};

static void on_status(void *ctx, const struct source_status *status)
{
    struct world *w = ctx;
    w->status = *status;
    w->status_count++;
}

static void on_activity(void *ctx)
{
    ((struct world *)ctx)->activity_count++;
}

static void on_reclaim(void *ctx, uint32_t token)
{
    struct world *w = ctx;
    w->reclaimed_token = token;
    w->reclaimed_count++;
}

static void make_file(const char *path, off_t bytes)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK_MSG(fd >= 0 && ftruncate(fd, bytes) == 0, "%s: %s", path, strerror(errno));
    close(fd);
}

static void boot(struct world *w) /* the VM: its memory exists */
{
    make_file(w->path, REGION_BYTES);
    CHECK_INT(shm_region_open(w->path, &w->region, NULL), 0);
}

static void on_placed(void *ctx, int32_t x_px, int32_t y_px)
{
    struct world *w = ctx;
    w->placed_x_px = x_px;
    w->placed_y_px = y_px;
    w->placed++;
}

static void start_host(struct world *w)
{
    const struct kvmfr_host_config config = {
        .session = { .host_version = "test", .has_vm = true, .capture = "none" },
        .now_ms = clock_ms(),
        .set_cursor_position = w->can_place ? on_placed : NULL,
        .ctx = w,
    };
    CHECK_INT(kvmfr_host_create(w->region->mem, w->region->len_bytes, &config, &w->host), 0);
}

static void kill_host(struct world *w) /* no goodbye, as the protocol has none */
{
    kvmfr_host_destroy(w->host);
    w->host = NULL;
}

static void power_off(struct world *w)
{
    kill_host(w);
    shm_region_close(w->region);
    w->region = NULL;
    unlink(w->path);
}

static void open_viewer(struct world *w)
{
    const struct relay_config config = { .path = w->path, .fd = -1 };
    const struct source_listener listener = {
        .on_status = on_status, .on_activity = on_activity, .on_reclaim = on_reclaim, .ctx = w
    };
    CHECK_INT(loop_create(&w->loop), 0);
    CHECK_INT(relay_create(w->loop, &config, &listener, &w->source), 0);
}

static struct world *world_new(void)
{
    static int number;
    struct world *w = calloc(1, sizeof(*w));
    CHECK(w);
    snprintf(w->path, sizeof(w->path), "/dev/shm/espelho-test-%d-%d", (int)getpid(), number++);
    return w;
}

static void world_free(struct world *w)
{
    w->source->ops->destroy(w->source);
    loop_destroy(w->loop);
    power_off(w);
    free(w);
}

/* One round: the host's timer when due, the viewer's loop for at most a millisecond. */
static void pump(struct world *w)
{
    if (w->host && clock_ms() >= w->next_tick_ms) {
        w->next_tick_ms = clock_ms() + 10;
        CHECK(kvmfr_host_tick(w->host, clock_ms(), NULL) == 0);
        kvmfr_host_pointer_repeat(w->host, clock_ms());
    }
    CHECK(loop_run_once(w->loop, 1) >= 0);
}

static void pump_for(struct world *w, uint64_t ms)
{
    for (const uint64_t until = clock_ms() + ms; clock_ms() < until;)
        pump(w);
}

/* Pumps until `cond`; fails after a time far beyond any honest delay. */
#define AWAIT(w, cond)                                                                             \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 15000;                                                \
        while (!(cond)) {                                                                          \
            CHECK_MSG(clock_ms() < until_, "waited in vain for " #cond ", status: %s",             \
                      (w)->status.title);                                                          \
            pump(w);                                                                               \
        }                                                                                          \
    } while (0)

#define AWAIT_STATE(w, s) AWAIT(w, (w)->status.state == (s))

static void connect_world(struct world *w)
{
    boot(w);
    start_host(w);
    open_viewer(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    AWAIT(w, kvmfr_host_wanted(w->host));
}

/* ---- frames ---- */

static uint32_t random_below(uint32_t n)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

static struct frame_rect paint_random_box(struct world *w)
{
    const uint32_t x = random_below(WIDTH), y = random_below(HEIGHT);
    const struct frame_rect r = { x, y, 1 + random_below(WIDTH - x), 1 + random_below(HEIGHT - y) };
    const uint32_t colour = random_below(1u << 24) | 0xff000000u;
    for (uint32_t row = r.y_px; row < r.y_px + r.height_px; row++) {
        for (uint32_t col = r.x_px; col < r.x_px + r.width_px; col++)
            w->image[row * WIDTH + col] = colour + row + col;
    }
    return r;
}

/* Publishes the guest's screen. False: both buffers are in use. */
static bool publish(struct world *w, const struct frame_rect *damage, uint32_t count)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = WIDTH,
                                           .height_px = HEIGHT,
                                           .flags = w->flags,
                                           .damage = damage,
                                           .damage_count = count };
    struct kvmfr_frame_writer writer;
    const int err = kvmfr_host_begin_frame(w->host, &desc, clock_ms(), &writer);
    if (err == -EAGAIN)
        return false;
    CHECK_INT(err, 0);
    kvmfr_copy_rows(writer.pixels, writer.pitch_bytes, (const uint8_t *)w->image, WIDTH * 4,
                    WIDTH * 4, HEIGHT);
    kvmfr_host_end_frame(w->host, &writer);
    w->serial = writer.serial;
    return true;
}

static void publish_box(struct world *w)
{
    const struct frame_rect r = paint_random_box(w);
    CHECK(publish(w, &r, 1));
}

/* Copies `damage` of `view` as a renderer does. */
static void draw(struct world *w, const struct frame_view *view, const struct damage *damage)
{
    CHECK_INT(view->width_px, WIDTH);
    CHECK_INT(view->height_px, HEIGHT);
    CHECK_INT(frame_view_ready_rows(view), HEIGHT);
    const struct frame_rect all = { 0, 0, WIDTH, HEIGHT };
    for (uint32_t i = 0; i < (damage->full ? 1 : damage->count); i++) {
        const struct frame_rect *r = damage->full ? &all : &damage->rects[i];
        for (uint32_t y = r->y_px; y < r->y_px + r->height_px; y++)
            memcpy(&w->shown[y * WIDTH + r->x_px],
                   view->pixels + (size_t)y * view->pitch_bytes + r->x_px * 4, r->width_px * 4);
    }
}

/* Takes the newest frame and draws it. Its serial, or -1 if there is none. */
static int64_t take_and_draw(struct world *w)
{
    static struct frame_view view;
    static struct damage damage;
    if (w->source->ops->take_frame(w->source, &view, &damage) != SOURCE_TAKE_FRAME)
        return -1;
    draw(w, &view, &damage);
    CHECK(w->source->ops->frame_intact(w->source));
    w->source->ops->finish_frame(w->source, true);
    return view.serial;
}

static void check_shown(struct world *w)
{
    CHECK_MSG(memcmp(w->shown, w->image, sizeof(w->image)) == 0,
              "the drawn picture is not the guest's");
}

static struct source_stats stats_of(struct world *w)
{
    struct source_stats stats;
    w->source->ops->stats(w->source, &stats);
    return stats;
}

/* ---- states ---- */

TEST(life_of_a_vm)
{
    struct world *w = world_new();
    open_viewer(w);
    AWAIT_STATE(w, SOURCE_STATE_NO_REGION);
    CHECK(strstr(w->status.detail, w->path));
    boot(w);
    AWAIT_STATE(w, SOURCE_STATE_NO_HOST);
    start_host(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    CHECK(w->status.session && strcmp(w->status.session->host_version, "test") == 0);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    check_shown(w);

    kill_host(w);
    AWAIT_STATE(w, SOURCE_STATE_HOST_SILENT);
    CHECK_INT(take_and_draw(w), -1);
    start_host(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    AWAIT(w, kvmfr_host_wanted(w->host));
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    check_shown(w);
    CHECK(stats_of(w).restarts >= 1);

    power_off(w); /* the file is deleted: a VM that was shut down */
    AWAIT_STATE(w, SOURCE_STATE_NO_REGION);
    boot(w);
    start_host(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    world_free(w);
}

TEST(host_restarted_at_once)
{
    struct world *w = world_new();
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    for (int i = 0; i < 5; i++) {
        kill_host(w);
        start_host(w);
        AWAIT(w, kvmfr_host_wanted(w->host));
        memset(w->shown, 0,
               sizeof(w->shown)); /* the damage of the first frame must be everything */
        publish_box(w);
        AWAIT(w, take_and_draw(w) >= 0);
        check_shown(w);
    }
    world_free(w);
}

TEST(region_created_anew_under_a_running_viewer)
{
    struct world *w = world_new();
    connect_world(w);
    power_off(w);
    boot(w);
    start_host(w);
    AWAIT(w, kvmfr_host_wanted(w->host));
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    check_shown(w);
    world_free(w);
}

TEST(truncated_region_is_a_message_and_a_reconnect)
{
#ifdef __SANITIZE_THREAD__
    SKIP("the SIGBUS handler maps pages under a reader; to ThreadSanitizer that is a write");
#endif
    struct world *w = world_new();
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    kill_host(w);
    CHECK_INT(truncate(w->path, 0), 0);
    AWAIT_STATE(w, SOURCE_STATE_NO_REGION);
    const uint32_t before = w->status_count;
    AWAIT(w, w->status_count > before ||
                 strstr(w->status.title, "size")); /* what the next look at the path finds */
    power_off(w);
    boot(w);
    start_host(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    world_free(w);
}

/* A host of another version: the header by hand, a heartbeat by hand. */
static void poke_u32(struct world *w, size_t offset, uint32_t value)
{
    memcpy((uint8_t *)w->region->mem + offset, &value, sizeof(value));
}

static void beat(struct world *w)
{
    static uint32_t ms = 1000;
    poke_u32(w, 16, ms++);
}

static void await_wrong_version(struct world *w, const char *text)
{
    for (int i = 0; i < 3000 && !(w->status.state == SOURCE_STATE_WRONG_VERSION &&
                                  strstr(w->status.detail, text));
         i++) {
        beat(w);
        pump(w);
    }
    CHECK_INT(w->status.state, SOURCE_STATE_WRONG_VERSION);
    CHECK_MSG(strstr(w->status.detail, text), "\"%s\" is missing in: %s", text, w->status.detail);
}

TEST(versions_that_do_not_match)
{
    struct world *w = world_new();
    boot(w);
    start_host(w);
    kill_host(w); /* leaves a complete header; nobody compares it any more */
    poke_u32(w, 5756 + 8, 19);
    open_viewer(w);
    await_wrong_version(w, "KVMFR 19");
    poke_u32(w, 8, 12345); /* another session */
    poke_u32(w, 4, 7);
    await_wrong_version(w, "LGMP) 7");
    start_host(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    world_free(w);
}

TEST(garbage_regions)
{
    struct world *w = world_new();
    boot(w);
    open_viewer(w);
    uint32_t *words = w->region->mem;
    for (int round = 0; round < 60; round++) {
        for (size_t i = 0; i < 65536; i++)
            words[i] = random_below(4) ? random_below(UINT32_MAX) : random_below(64);
        if (round % 2) { /* good enough to be looked at more closely */
            words[0] = 0x504d474c;
            words[1] = 6;
            words[6] = random_below(8);
        }
        for (int i = 0; i < 20; i++) {
            beat(w);
            pump(w);
            take_and_draw(w);
        }
    }
    memset(words, 0, 65536 * 4);
    start_host(w);
    AWAIT_STATE(w, SOURCE_STATE_CONNECTED);
    world_free(w);
}

/* ---- frames ---- */

TEST(slow_viewer_sees_the_newest)
{
    struct world *w = world_new();
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < 7; k++) {
            const uint32_t noticed = w->activity_count;
            publish_box(
                w); /* never refused: the viewer that does not draw keeps no more than one */
            AWAIT(w, w->activity_count > noticed);
        }
        CHECK_INT(take_and_draw(w), w->serial);
        check_shown(w);
        CHECK_INT(take_and_draw(w), -1);
    }
    CHECK_INT(stats_of(w).frames_missed, 0);
    CHECK_INT(stats_of(w).frames_superseded, 30 * 6);
    world_free(w);
}

/* A request for attention is in one frame only; the frame with it may be superseded unseen. */
TEST(request_for_activation_is_not_lost_with_its_frame)
{
    struct world *w = world_new();
    struct frame_view view;
    struct damage damage;
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    for (int i = 0; i < 3; i++) {
        const uint32_t noticed = w->activity_count;
        w->flags = i == 0 ? FRAME_FLAG_REQUEST_ACTIVATION : 0;
        publish_box(w);
        AWAIT(w, w->activity_count > noticed);
    }
    CHECK_INT(w->source->ops->take_frame(w->source, &view, &damage), SOURCE_TAKE_FRAME);
    CHECK_INT(view.serial, w->serial);
    CHECK(view.flags & FRAME_FLAG_REQUEST_ACTIVATION);
    w->source->ops->finish_frame(w->source, true);
    publish_box(w);
    AWAIT(w, w->source->ops->take_frame(w->source, &view, &damage) == SOURCE_TAKE_FRAME);
    CHECK(!(view.flags & FRAME_FLAG_REQUEST_ACTIVATION));
    world_free(w);
}

/* Random boxes, random drawing, frames refused, discarded and repeated, hosts restarted: what is
 * drawn by damage alone is always the guest's picture. */
TEST(damage_adds_up_to_the_true_difference)
{
    struct world *w = world_new();
    uint32_t drawn = 0, partial = 0;
    connect_world(w);
    for (int i = 0; i < 3000; i++) {
        struct frame_rect boxes[4];
        const uint32_t count = 1 + random_below(4);
        for (uint32_t k = 0; k < count; k++)
            boxes[k] = paint_random_box(w);
        while (!publish(w, boxes, random_below(50) ? count : 0)) /* 0: everything */
            pump(w);
        if (random_below(3))
            pump(w);
        if (random_below(200) == 0) {
            kill_host(w);
            start_host(w);
            AWAIT(w, kvmfr_host_wanted(w->host));
        }
        struct frame_view view;
        struct damage damage;
        if (random_below(4) == 0 ||
            w->source->ops->take_frame(w->source, &view, &damage) != SOURCE_TAKE_FRAME)
            continue;
        const bool good = random_below(5) != 0;
        if (good) {
            draw(w, &view, &damage);
            if (view.serial == w->serial)
                check_shown(w);
            drawn++;
            partial += !damage.full;
        }
        w->source->ops->finish_frame(w->source, good);
    }
    printf("%u drawn, %u of them partly\n", drawn, partial);
    CHECK(drawn > 500 && partial > drawn / 4);
    world_free(w);
}

TEST(not_drawn_frames_are_offered_again)
{
    struct world *w = world_new();
    struct frame_view a, b;
    struct damage damage;
    connect_world(w);
    publish_box(w);
    AWAIT(w, w->source->ops->take_frame(w->source, &a, &damage) == SOURCE_TAKE_FRAME);
    CHECK(damage.full);
    CHECK_INT(w->source->ops->take_frame(w->source, &b, &damage),
              SOURCE_TAKE_FRAME); /* again, the same */
    CHECK_INT(a.serial, b.serial);
    w->source->ops->finish_frame(w->source, false);
    CHECK_INT(w->source->ops->take_frame(w->source, &b, &damage), SOURCE_TAKE_FRAME);
    CHECK_INT(a.serial, b.serial);
    CHECK(damage.full);
    publish_box(w);
    CHECK_INT(w->source->ops->take_frame(w->source, &b, &damage),
              SOURCE_TAKE_FRAME); /* a newer one takes its place */
    CHECK_INT(b.serial, w->serial);
    CHECK(damage.full);
    draw(w, &b, &damage);
    w->source->ops->finish_frame(w->source, true);
    check_shown(w);
    CHECK_INT(take_and_draw(w), -1);
    publish_box(w);
    AWAIT(w, w->source->ops->take_frame(w->source, &b, &damage) == SOURCE_TAKE_FRAME);
    CHECK(!damage.full && damage.count >= 1);
    w->source->ops->finish_frame(w->source, true);
    world_free(w);
}

/* A window that is hidden takes nothing. The host neither evicts us nor finds its buffers in use,
 * and the last picture of a screen that went static can still be had afterwards. */
TEST(hidden_window)
{
    struct world *w = world_new();
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    for (int i = 0; i < 20; i++) {
        publish_box(w);
        pump_for(w, 20);
    }
    pump_for(w, 2500);
    CHECK_INT(stats_of(w).restarts, 0);
    CHECK_INT(take_and_draw(w), w->serial);
    check_shown(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) == w->serial);
    check_shown(w);
    /* Hidden, then a new frame after the held one was given back. */
    publish_box(w);
    pump_for(w, 800);
    publish_box(w);
    AWAIT(w, take_and_draw(w) == w->serial);
    check_shown(w);
    CHECK_INT(stats_of(w).restarts, 0);
    world_free(w);
}

/* The viewer's process stands still for longer than the host's patience. */
TEST(evicted_viewer_comes_back_with_full_damage)
{
    struct world *w = world_new();
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    publish_box(w);
    for (const uint64_t until = clock_ms() + 1400; clock_ms() < until;) { /* the host alone */
        CHECK_INT(kvmfr_host_tick(w->host, clock_ms(), NULL), 0);
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    AWAIT(w, stats_of(w).restarts >= 1 && w->status.state == SOURCE_STATE_CONNECTED);
    memset(w->shown, 0, sizeof(w->shown));
    pump_for(w, 50);
    publish_box(w);
    AWAIT(w, take_and_draw(w) == w->serial);
    check_shown(w);
    world_free(w);
}

TEST(repeated_frames_are_not_drawn_twice)
{
    struct world *w = world_new();
    struct kvmfr_client *other;
    connect_world(w);
    publish_box(w);
    AWAIT(w, take_and_draw(w) >= 0);
    CHECK_INT(kvmfr_client_create(w->region, (struct lgmp_random){ 0 }, &other), 0);
    const uint64_t noticed = stats_of(w).frames_noticed;
    AWAIT(w, kvmfr_client_step(other, clock_ms()) == KVMFR_STATE_CONNECTED);
    kvmfr_host_repeat_frame(w->host, clock_ms()); /* for the newcomer; both get it */
    AWAIT(w, kvmfr_client_unread_frames(other) == 1);
    pump_for(w, 50);
    CHECK_INT(take_and_draw(w), -1);
    CHECK_INT(stats_of(w).frames_noticed, noticed);
    kvmfr_client_destroy(other);
    world_free(w);
}

/* ---- kept frames ---- */

/* Takes the newest frame and keeps it unfinished. Its token. */
static uint32_t take_and_keep(struct world *w, struct frame_view *view)
{
    struct damage damage;
    AWAIT(w, w->source->ops->take_frame(w->source, view, &damage) == SOURCE_TAKE_FRAME);
    CHECK_INT(view->serial, w->serial);
    draw(w, view, &damage);
    check_shown(w);
    const uint32_t token = source_keep_frame(w->source);
    CHECK(token != 0);
    return token;
}

static void check_pixels_stay(const struct frame_view *view, const uint32_t *image)
{
    for (uint32_t y = 0; y < HEIGHT; y++)
        CHECK_MSG(
            memcmp(view->pixels + (size_t)y * view->pitch_bytes, image + y * WIDTH, WIDTH * 4) == 0,
            "a kept frame was written to, row %u", y);
}

TEST(a_kept_frame_stays_while_the_next_is_taken)
{
    struct world *w = world_new();
    struct frame_view kept, next;
    static uint32_t image[PIXELS];
    connect_world(w);
    publish_box(w);
    uint32_t token = take_and_keep(w, &kept);
    for (int i = 0; i < 200; i++) {
        memcpy(image, w->image, sizeof(image));
        publish_box(w);
        const uint32_t next_token = take_and_keep(w, &next);
        CHECK(next.pixels != kept.pixels && next_token != token);
        const struct frame_rect r = paint_random_box(w);
        CHECK(!publish(w, &r, 1)); /* the third waits for the first */
        pump(w);
        CHECK(!publish(w, &r, 1));
        check_pixels_stay(&kept, image);
        source_release_frame(w->source, token);
        source_release_frame(w->source, token); /* void by now */
        while (!publish(w, &r, 1))
            pump(w);
        const uint32_t third_token = take_and_keep(w, &kept);
        source_release_frame(w->source, next_token);
        token = third_token;
    }
    source_release_frame(w->source, token);
    CHECK_INT(stats_of(w).frames_kept, 401);
    CHECK_INT(stats_of(w).frames_overdue, 0);
    CHECK_INT(stats_of(w).frames_missed, 0);
    CHECK_INT(stats_of(w).restarts, 0);
    world_free(w);
}

/* Messages are finished in order, whatever the order of the releases. */
TEST(kept_frames_are_finished_in_order)
{
    struct world *w = world_new();
    struct frame_view a, b;
    connect_world(w);
    publish_box(w);
    const uint32_t first = take_and_keep(w, &a);
    publish_box(w);
    const uint32_t second = take_and_keep(w, &b);
    source_release_frame(w->source, 0);
    source_release_frame(w->source, second + 1);
    source_release_frame(w->source, second);
    const struct frame_rect r = paint_random_box(w);
    CHECK(!publish(w, &r, 1));
    source_release_frame(w->source, first);
    CHECK(publish(w, &r, 1)); /* both buffers are free now */
    AWAIT(w, take_and_draw(w) >= 0);
    CHECK(publish(w, &r, 1));
    CHECK_INT(source_keep_frame(w->source), 0); /* nothing in hand */
    world_free(w);
}

TEST(a_kept_frame_is_asked_for_and_then_taken_back)
{
    struct world *w = world_new();
    struct frame_view view;
    static uint32_t image[PIXELS];
    connect_world(w);
    publish_box(w);
    const uint64_t kept_ms = clock_ms();
    const uint32_t token = take_and_keep(w, &view);
    memcpy(image, w->image, sizeof(image));
    AWAIT(w, w->reclaimed_count > 0);
    CHECK(w->reclaimed_token == token && clock_ms() - kept_ms >= 390);
    CHECK_INT(stats_of(w).frames_overdue, 0);
    AWAIT(w, stats_of(w).frames_overdue == 1);
    CHECK_INT(w->reclaimed_count, 1);
    pump_for(w, 1500);
    CHECK_INT(stats_of(w).restarts, 0); /* the host did not throw us out */
    publish_box(w);
    check_pixels_stay(&view, image); /* the next frame lies in the other buffer */
    source_release_frame(w->source, token);
    AWAIT(w, take_and_draw(w) >= 0);
    check_shown(w);
    world_free(w);
}

/* A frame whose message was finished already is not protected: it cannot be kept. */
TEST(a_lingering_frame_cannot_be_kept)
{
    struct world *w = world_new();
    struct frame_view view;
    struct damage damage;
    connect_world(w);
    publish_box(w);
    pump_for(w, 800);
    CHECK_INT(w->source->ops->take_frame(w->source, &view, &damage), SOURCE_TAKE_FRAME);
    CHECK_INT(source_keep_frame(w->source), 0);
    draw(w, &view, &damage);
    w->source->ops->finish_frame(w->source, true); /* it is still in hand */
    check_shown(w);
    CHECK_INT(take_and_draw(w), -1);
    world_free(w);
}

/* A token of a stream that is gone does nothing to the one that came after it. */
TEST(tokens_do_not_outlive_their_stream)
{
    struct world *w = world_new();
    struct frame_view view;
    connect_world(w);
    publish_box(w);
    const uint32_t old = take_and_keep(w, &view);
    kill_host(w);
    start_host(w);
    AWAIT(w, kvmfr_host_wanted(w->host));
    publish_box(w);
    const uint32_t token = take_and_keep(w, &view);
    publish_box(w);
    source_release_frame(w->source, old);
    const struct frame_rect r = paint_random_box(w);
    CHECK(!publish(w, &r, 1));
    source_release_frame(w->source, token);
    AWAIT(w, take_and_draw(w) >= 0);
    world_free(w);
}

/* Frames kept at random, released late, in any order or never; refused, superseded, repeated; hosts
 * restarted. What is kept is never written to, what is drawn is the guest's picture. */
TEST(keeping_at_random)
{
    struct world *w = world_new();
    struct {
        uint32_t token;
        struct frame_view view;
        uint32_t image[PIXELS];
        uint64_t since_ms;
    } *kept = calloc(2, sizeof(*kept));
    uint32_t keeps = 0;
    bool published = true;
    CHECK(kept);
    connect_world(w);
    for (int i = 0; i < 4000; i++) {
        const struct frame_rect r = paint_random_box(w);
        published = publish(w, &r, published ? 1 : 0); /* 0: also what could not be told */
        if (random_below(3))
            pump(w);
        if (random_below(300) == 0) {
            kept[0].token = kept[1].token = 0; /* the next host may write anywhere */
            kill_host(w);
            start_host(w);
            AWAIT(w, kvmfr_host_wanted(w->host));
        }
        for (int k = 0; k < 2; k++) {
            if (kept[k].token == 0 || clock_ms() - kept[k].since_ms > 300)
                kept[k].token = 0;
            else
                check_pixels_stay(&kept[k].view, kept[k].image);
            if (kept[k].token && random_below(4) == 0) {
                source_release_frame(w->source, kept[k].token);
                kept[k].token = 0;
            }
        }
        struct frame_view view;
        struct damage damage;
        if (w->source->ops->take_frame(w->source, &view, &damage) != SOURCE_TAKE_FRAME)
            continue;
        draw(w, &view, &damage);
        if (published && view.serial == w->serial)
            check_shown(w);
        const int slot = kept[0].token ? 1 : 0;
        kept[slot].token = kept[slot].token ? 0 : source_keep_frame(w->source);
        if (kept[slot].token) {
            kept[slot].view = view;
            kept[slot].since_ms = clock_ms();
            for (uint32_t y = 0; y < HEIGHT; y++)
                memcpy(kept[slot].image + y * WIDTH, view.pixels + (size_t)y * view.pitch_bytes,
                       WIDTH * 4);
            keeps++;
        } else {
            w->source->ops->finish_frame(w->source, true);
        }
    }
    printf("%u frames kept\n", keeps);
    CHECK(keeps > 300);
    CHECK_INT(stats_of(w).frames_rejected, 0);
    free(kept);
    world_free(w);
}

/* ---- pointer ---- */

static void point(struct world *w, int32_t x, int32_t y, bool visible,
                  const struct cursor_shape *shape)
{
    const int err = kvmfr_host_pointer(w->host, x, y, visible, shape, clock_ms());
    CHECK_MSG(err == 0, "pointer queue refused: %s", strerror(-err));
}

TEST(pointer_updates_are_merged_and_never_block_the_host)
{
    struct world *w = world_new();
    uint8_t pixels[8 * 8 * 4];
    struct cursor_shape shape = { .type = CURSOR_COLOUR,
                                  .width_px = 8,
                                  .height_px = 8,
                                  .pitch_bytes = 32,
                                  .data_bytes = sizeof(pixels),
                                  .data = pixels };
    struct cursor_update u;
    connect_world(w);
    pump_for(w, 50);
    while (w->source->ops->take_cursor(w->source, &u)) {
        if (u.has_shape)
            cursor_shape_fini(&u.shape);
    }
    for (int i = 0; i < 200; i++) {
        const uint64_t before = stats_of(w).cursor_updates;
        memset(pixels, i, sizeof(pixels));
        point(w, i, 2 * i, i % 2, i % 10 == 3 ? &shape : NULL);
        AWAIT(w, stats_of(w).cursor_updates > before);
    }
    CHECK(w->source->ops->take_cursor(w->source, &u));
    CHECK(u.has_position && u.x_px == 199 && u.y_px == 398 && u.visible);
    CHECK(u.has_shape && u.shape.data[0] == 193);
    cursor_shape_fini(&u.shape);
    CHECK(!w->source->ops->take_cursor(w->source, &u));
    world_free(w);
}

/* ---- life cycle ---- */

static void *press_keys(void *ctx)
{
    struct world *w = ctx;
    for (int i = 0; i < 2000; i++) {
        w->source->ops->local_input(w->source);
        clock_sleep_until_ns(clock_ns() + 100 * NS_PER_US);
    }
    return NULL;
}

TEST(pointer_is_placed_where_the_host_offers_it)
{
    struct world *w = world_new();
    open_viewer(w);
    CHECK(!source_place_pointer(w->source, 1, 2)); /* no VM */
    boot(w);
    start_host(w);
    AWAIT(w, w->status.state == SOURCE_STATE_CONNECTED);
    CHECK(!source_place_pointer(w->source, 1, 2)); /* a host without the feature */
    kill_host(w);
    AWAIT(w, w->status.state != SOURCE_STATE_CONNECTED);
    w->can_place = true;
    start_host(w);
    AWAIT(w, w->status.state == SOURCE_STATE_CONNECTED);
    CHECK(source_place_pointer(w->source, 17, -3));
    AWAIT(w, w->placed == 1);
    CHECK_INT(w->placed_x_px, 17);
    CHECK_INT(w->placed_y_px, -3);
    world_free(w);
}

TEST(local_input_from_another_thread_during_restarts)
{
    struct world *w = world_new();
    pthread_t keys;
    connect_world(w);
    CHECK_INT(pthread_create(&keys, NULL, press_keys, w), 0);
    for (int i = 0; i < 4; i++) {
        kill_host(w);
        start_host(w);
        AWAIT(w, kvmfr_host_wanted(w->host));
        publish_box(w);
        AWAIT(w, take_and_draw(w) >= 0);
    }
    pthread_join(keys, NULL);
    world_free(w);
}

TEST(destroy_in_any_state)
{
    for (int i = 0; i < 60; i++) {
        struct world *w = world_new();
        if (i % 3 > 0)
            boot(w);
        if (i % 3 > 1)
            start_host(w);
        open_viewer(w);
        pump_for(w, (uint64_t)i);
        if (w->host && kvmfr_host_wanted(w->host) && i % 2)
            publish_box(w);
        struct frame_view view;
        struct damage damage;
        if (i % 5 == 0)
            (void)w->source->ops->take_frame(w->source, &view, &damage); /* and never finished */
        world_free(w);
    }
}
