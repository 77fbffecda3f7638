/* SPDX-License-Identifier: GPL-2.0-or-later
 * The relay with a doorbell: the real host side of common/, eventfds between both, one thread that
 * pumps the loop and the host's timer (another publishes in the last case). */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "bell/foreign_host.h"
#include "bell/switchboard_server.h"
#include "kvmfr/host.h"
#include "loop/loop.h"
#include "source/relay/bell.h"
#include "source/relay/relay.h"

#define REGION_BYTES (16u << 20)
#define BOARD_AT     (REGION_BYTES - 8192u) /* of the foreign host */
enum { WIDTH = 64, HEIGHT = 48, PIXELS = WIDTH * HEIGHT, HOST_PEER = 1, VIEWER_PEER = 2 };

struct world {
    struct switchboard exchange;
    struct switchboard_server server;
    int memory_fd;
    void *mem; /* the guest's mapping */
    struct shm_doorbell *host_bell;
    struct kvmfr_host *host; /* NULL: not running */
    struct foreign_host foreign;
    uint64_t next_tick_ms;
    uint32_t image[PIXELS];
    uint32_t serial;

    struct loop *loop;
    struct source *source;
    struct source_status status;
    uint32_t activity, callbacks;
    uint32_t shown[PIXELS]; /* what the viewer has drawn, by damage only */
};

static void on_status(void *ctx, const struct source_status *status)
{
    ((struct world *)ctx)->status = *status;
}

static void on_activity(void *ctx)
{
    ((struct world *)ctx)->activity++;
}

static void start_host(struct world *w, bool extension)
{
    const struct kvmfr_host_config config = {
        .session = { .host_version = "test", .has_vm = true, .capture = "none" },
        .now_ms = clock_ms(),
        .extension = extension,
        .doorbell = w->host_bell,
    };
    CHECK_INT(kvmfr_host_create(w->mem, REGION_BYTES, &config, &w->host), 0);
}

static void open_viewer(struct world *w, const struct wait_ops *wait)
{
    const struct relay_config config = { .path = w->server.name, .fd = -1, .wait = wait };
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = w };
    CHECK_INT(loop_create(&w->loop), 0);
    CHECK_INT(relay_create(w->loop, &config, &listener, &w->source), 0);
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof(*w));
    CHECK(w);
    switchboard_init(&w->exchange);
    w->memory_fd = memfd_create("test", MFD_CLOEXEC);
    CHECK(w->memory_fd >= 0 && ftruncate(w->memory_fd, REGION_BYTES) == 0);
    w->mem = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, w->memory_fd, 0);
    CHECK(w->mem != MAP_FAILED);
    w->host_bell = switchboard_peer(&w->exchange, HOST_PEER);
    switchboard_server_start(&w->server, &w->exchange, w->memory_fd, VIEWER_PEER);
    return w;
}

static void world_free(struct world *w)
{
    w->source->ops->destroy(w->source);
    loop_destroy(w->loop);
    kvmfr_host_destroy(w->host);
    foreign_host_stop(&w->foreign);
    switchboard_server_stop(&w->server);
    w->host_bell->ops->destroy(w->host_bell);
    munmap(w->mem, REGION_BYTES);
    close(w->memory_fd);
    switchboard_fini(&w->exchange);
    free(w);
}

static void pump(struct world *w)
{
    if (clock_ms() >= w->next_tick_ms) {
        w->next_tick_ms = clock_ms() + 10;
        if (w->host)
            CHECK_INT(kvmfr_host_tick(w->host, clock_ms(), NULL), 0);
        if (w->foreign.lgmp)
            foreign_host_tick(&w->foreign, clock_ms());
    }
    const int n = loop_run_once(w->loop, 1);
    CHECK(n >= 0);
    w->callbacks += (uint32_t)n;
}

static void pump_for(struct world *w, uint64_t ms)
{
    for (const uint64_t until = clock_ms() + ms; clock_ms() < until;)
        pump(w);
}

#define AWAIT(w, cond)                                                                             \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 15000;                                                \
        while (!(cond)) {                                                                          \
            CHECK_MSG(clock_ms() < until_, "waited in vain for " #cond ", status: %s",             \
                      (w)->status.title);                                                          \
            pump(w);                                                                               \
        }                                                                                          \
    } while (0)

static struct source_stats stats_of(struct world *w)
{
    struct source_stats stats;
    w->source->ops->stats(w->source, &stats);
    return stats;
}

static enum source_bell bell_of(struct world *w)
{
    return stats_of(w).bell;
}

/* Connected, rung, and the first doubts over. */
static struct world *rung_world(void)
{
    struct world *w = world_new();
    start_host(w, true);
    open_viewer(w, NULL);
    AWAIT(w, bell_of(w) == SOURCE_BELL_ACTIVE);
    pump_for(w, 300);
    return w;
}

static bool publish(struct world *w)
{
    static uint32_t count;
    const uint32_t n = count++;
    const struct frame_rect r = { n % 60, n % 40, 4, 8 };
    for (uint32_t y = r.y_px; y < r.y_px + r.height_px; y++)
        for (uint32_t x = r.x_px; x < r.x_px + r.width_px; x++)
            w->image[y * WIDTH + x] = 0xff000000u | (n * 2654435761u) >> 8;
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = WIDTH,
                                           .height_px = HEIGHT,
                                           .damage = &r,
                                           .damage_count = 1,
                                           .capture_ns = clock_ns() - 1000 };
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

static void draw(struct world *w, const struct frame_view *view, const struct damage *damage)
{
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
    while (frame_view_ready_rows(&view) < HEIGHT)
        ;
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

/* ---- hosts and bells that misbehave ---- */

TEST(a_host_without_the_extension_is_looked_at)
{
    struct world *w = world_new();
    start_host(w, false);
    open_viewer(w, &wait_doorbell_ops);
    AWAIT(w, w->status.state == SOURCE_STATE_CONNECTED && kvmfr_host_wanted(w->host));
    CHECK_INT(bell_of(w), SOURCE_BELL_NONE);
    for (int i = 0; i < 5; i++) {
        CHECK(publish(w));
        AWAIT(w, take_and_draw(w) == w->serial);
        check_shown(w);
    }
    CHECK_STR(stats_of(w).wait_name, "adaptive");
    world_free(w);
}

TEST(adaptive_means_adaptive)
{
    struct world *w = world_new();
    start_host(w, true);
    open_viewer(w, &wait_adaptive_ops);
    AWAIT(w, w->status.state == SOURCE_STATE_CONNECTED);
    pump_for(w, 300);
    CHECK_INT(bell_of(w), SOURCE_BELL_NONE);
    CHECK_STR(stats_of(w).wait_name, "adaptive");
    world_free(w);
}

TEST(rings_that_never_arrive)
{
    struct world *w = world_new();
    w->exchange.mute[VIEWER_PEER] = true;
    start_host(w, true);
    open_viewer(w, NULL);
    AWAIT(w, bell_of(w) == SOURCE_BELL_GREETING);
    AWAIT(w, kvmfr_host_wanted(w->host));
    CHECK(publish(w));
    AWAIT(w, take_and_draw(w) == w->serial); /* meanwhile it looks */
    AWAIT(w, bell_of(w) == SOURCE_BELL_BROKEN);
    CHECK(publish(w));
    AWAIT(w, take_and_draw(w) == w->serial);
    world_free(w);
}

/* The host says hello to everything and rings like mad, but not after frames. */
TEST(a_host_that_rings_without_news_and_not_with_them)
{
    struct world *w = world_new();
    const struct kvmfr_extension e = { .capabilities = 7,
                                       .peer_id = HOST_PEER,
                                       .timing_offset = KVMFR_TIMING_OFFSET,
                                       .board_offset = BOARD_AT,
                                       .board_bytes = sizeof(struct kvmfr_wire_board) };
    foreign_host_start(&w->foreign, w->mem, BOARD_AT, &e, clock_ms());
    open_viewer(w, NULL);
    while (bell_of(w) != SOURCE_BELL_ACTIVE) {
        w->host_bell->ops->ring(w->host_bell, VIEWER_PEER, 0);
        w->host_bell->ops->ring(w->host_bell, VIEWER_PEER, 1);
        pump(w);
    }
    for (int i = 0; i < 300; i++) {
        w->host_bell->ops->ring(w->host_bell, VIEWER_PEER, i % 2 != 0);
        pump(w);
    }
    CHECK_INT(bell_of(w), SOURCE_BELL_ACTIVE);
    pump_for(w, 1500);
    CHECK_INT(foreign_host_frame(&w->foreign, 7, clock_ms()), LGMP_OK);
    pump_for(w, 100);
    CHECK_INT(w->activity, 0); /* nobody notices: nobody rang */
    w->source->ops->local_input(w->source);
    AWAIT(w, w->activity > 0);
    AWAIT(w, bell_of(w) == SOURCE_BELL_BROKEN);
    static struct frame_view view;
    static struct damage damage;
    CHECK_INT(w->source->ops->take_frame(w->source, &view, &damage), SOURCE_TAKE_FRAME);
    w->source->ops->finish_frame(w->source, true);
    const uint32_t before = w->activity;
    CHECK_INT(foreign_host_frame(&w->foreign, 8, clock_ms()), LGMP_OK);
    AWAIT(w, w->activity > before); /* now it looks by itself */
    world_free(w);
}

TEST(a_host_that_dies_is_missed_at_the_next_key)
{
    struct world *w = rung_world();
    kvmfr_host_destroy(w->host);
    w->host = NULL;
    pump_for(w, 1500);
    CHECK_INT(w->status.state, SOURCE_STATE_CONNECTED); /* nobody asked */
    w->source->ops->local_input(w->source);
    const uint64_t from_ms = clock_ms();
    AWAIT(w, w->status.state == SOURCE_STATE_HOST_SILENT);
    CHECK(clock_ms() - from_ms < 5000);
    start_host(w, true);
    AWAIT(w, bell_of(w) == SOURCE_BELL_ACTIVE);
    world_free(w);
}

TEST(a_vm_that_ends_is_missed_at_once)
{
    struct world *w = rung_world();
    kvmfr_host_destroy(w->host);
    w->host = NULL;
    switchboard_server_gone(&w->server, HOST_PEER);
    AWAIT(w, bell_of(w) != SOURCE_BELL_ACTIVE);
    AWAIT(w, w->status.state == SOURCE_STATE_HOST_SILENT);
    world_free(w);
}

TEST(a_vm_that_comes_after_the_viewer)
{
    struct world *w = world_new();
    w->exchange.gone[HOST_PEER] = true;
    open_viewer(w, NULL);
    AWAIT(w, w->status.state == SOURCE_STATE_NO_HOST);
    switchboard_server_come(&w->server, HOST_PEER);
    pump_for(w, 50);
    start_host(w, true);
    AWAIT(w, bell_of(w) == SOURCE_BELL_ACTIVE);
    (void)w->host_bell->ops->clear(w->host_bell, 0);
    CHECK_INT(kvmfr_host_tick(w->host, clock_ms(), NULL), 0);
    AWAIT(w, kvmfr_host_arm(w->host)); /* before there is anything to be rung for */
    CHECK(publish(w));
    AWAIT(w, take_and_draw(w) == w->serial);
    CHECK_INT(w->host_bell->ops->wait(w->host_bell, 0, 2000), 1);
    (void)kvmfr_host_disarm(w->host);
    world_free(w);
}

TEST(a_server_that_goes_takes_nothing_along)
{
    struct world *w = rung_world();
    shutdown(w->server.connection, SHUT_RDWR);
    pump_for(w, 100);
    CHECK_INT(bell_of(w), SOURCE_BELL_ACTIVE);
    for (int i = 0; i < 5; i++) {
        CHECK(publish(w));
        AWAIT(w, take_and_draw(w) == w->serial);
    }
    w->callbacks = 0;
    pump_for(w, 1500);
    CHECK(w->callbacks <= 40); /* no busy loop over the dead socket; it is looked for again */
    world_free(w);
}

TEST(a_host_that_starts_again_rings)
{
    struct world *w = rung_world();
    CHECK(publish(w));
    AWAIT(w, take_and_draw(w) == w->serial);
    const uint64_t restarts = stats_of(w).restarts;
    kvmfr_host_destroy(w->host);
    start_host(w, true);
    AWAIT(w, stats_of(w).restarts > restarts);
    AWAIT(w, bell_of(w) == SOURCE_BELL_ACTIVE);
    memset(w->shown, 0, sizeof(w->shown));
    AWAIT(w, kvmfr_host_wanted(w->host) && publish(w));
    AWAIT(w, take_and_draw(w) == w->serial);
    check_shown(w);
    world_free(w);
}

/* ---- when all is well ---- */

TEST(an_idle_viewer_sleeps)
{
    struct world *w = rung_world();
    CHECK(publish(w));
    AWAIT(w, take_and_draw(w) == w->serial);
    pump_for(w, 300);
    CHECK_STR(stats_of(w).wait_name, "doorbell");
    CHECK(stats_of(w).has_clock);
    const uint64_t wakeups = stats_of(w).wakeups;
    w->callbacks = 0;
    pump_for(w, 1500);
    CHECK_INT(w->callbacks, 0);
    CHECK_INT(stats_of(w).wakeups - wakeups, 0);
    CHECK(publish(w));
    AWAIT(w, take_and_draw(w) == w->serial);
    check_shown(w);
    world_free(w);
}

TEST(a_held_frame_keeps_the_timer_going)
{
    struct world *w = rung_world();
    CHECK(publish(w));
    AWAIT(w, w->activity > 0);
    pump_for(w, 1500); /* the viewer shows nothing: its window is hidden */
    CHECK_INT(stats_of(w).restarts, 0);
    AWAIT(w, take_and_draw(w) == w->serial);
    check_shown(w);
    world_free(w);
}

/* ---- the mailbox ---- */

static struct world *mailbox_world(void)
{
    struct world *w = rung_world();
    CHECK(publish(w)); /* with it the host changes over */
    AWAIT(w, take_and_draw(w) == w->serial);
    CHECK(stats_of(w).frame_buffers > 2);
    return w;
}

TEST(a_slow_viewer_does_not_stop_the_host)
{
    struct world *w = mailbox_world();
    for (int i = 0; i < 50; i++) {
        for (int n = 0; n <= i % 5; n++)
            CHECK(publish(w)); /* never refused */
        AWAIT(w, take_and_draw(w) == w->serial);
        check_shown(w);
    }
    CHECK_INT(stats_of(w).frames_rejected + stats_of(w).frames_torn, 0);
    CHECK_INT(stats_of(w).frames_missed, 0);
    CHECK(stats_of(w).frames_superseded > 50);
    world_free(w);
}

TEST(what_is_held_is_not_written)
{
    static struct frame_view first, second;
    static struct damage damage;
    struct world *w = mailbox_world();
    for (int round = 0; round < 20; round++) {
        CHECK(publish(w));
        AWAIT(w, w->source->ops->take_frame(w->source, &first, &damage) == SOURCE_TAKE_FRAME);
        draw(w, &first, &damage);
        check_shown(w);
        uint32_t pixels[PIXELS];
        memcpy(pixels, w->image, sizeof(pixels));
        const uint32_t token = w->source->ops->keep_frame(w->source);
        CHECK(token != 0);
        for (int n = 0; n < 7; n++)
            CHECK(publish(w));
        AWAIT(w, w->source->ops->take_frame(w->source, &second, &damage) == SOURCE_TAKE_FRAME);
        CHECK(second.pixels != first.pixels);
        for (int n = 0; n < 3; n++)
            (void)publish(w); /* with both held it may be refused */
        for (uint32_t y = 0; y < HEIGHT; y++)
            CHECK(memcmp(first.pixels + (size_t)y * first.pitch_bytes, &pixels[y * WIDTH],
                         WIDTH * 4) == 0);
        CHECK(w->source->ops->frame_intact(w->source));
        w->source->ops->finish_frame(w->source, false);
        w->source->ops->release_frame(w->source, token);
        w->source->ops->release_frame(w->source, token); /* twice does nothing */
        memset(w->shown, 0, sizeof(w->shown));
        CHECK(publish(w));
        AWAIT(w, take_and_draw(w) == w->serial);
    }
    world_free(w);
}

TEST(the_third_frame_waits_for_a_buffer)
{
    static struct frame_view view;
    static struct damage damage;
    struct world *w = mailbox_world();
    uint32_t tokens[2];
    for (int i = 0; i < 2; i++) {
        CHECK(publish(w));
        AWAIT(w, w->source->ops->take_frame(w->source, &view, &damage) == SOURCE_TAKE_FRAME);
        tokens[i] = w->source->ops->keep_frame(w->source);
        CHECK(tokens[i] != 0);
    }
    CHECK(publish(w)); /* four buffers of that size: one is free */
    pump_for(w, 30);
    CHECK_INT(w->source->ops->take_frame(w->source, &view, &damage), SOURCE_TAKE_NONE);
    const uint32_t before = w->activity;
    w->source->ops->release_frame(w->source, tokens[0]);
    AWAIT(w, w->activity > before); /* told again: now it can be had */
    CHECK_INT(w->source->ops->take_frame(w->source, &view, &damage), SOURCE_TAKE_FRAME);
    CHECK_INT(view.serial, w->serial);
    w->source->ops->finish_frame(w->source, true);
    w->source->ops->release_frame(w->source, tokens[1]);
    world_free(w);
}

/* ---- nothing is lost ---- */

struct publisher {
    struct world *w;
    _Atomic bool stop;
    _Atomic uint32_t last; /* serial + 1 */
};

static void *publish_all_the_time(void *ctx)
{
    struct publisher *p = ctx;
    struct kvmfr_host *host = p->w->host;
    uint32_t dice = 1;
    while (!atomic_load(&p->stop)) {
        const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                               .width_px = WIDTH,
                                               .height_px = HEIGHT };
        struct kvmfr_frame_writer writer;
        dice = dice * 1664525u + 1013904223u;
        if (kvmfr_host_begin_frame(host, &desc, clock_ms(), &writer) == 0) {
            kvmfr_host_end_frame(host, &writer);
            atomic_store(&p->last, writer.serial + 1);
        }
        if (dice >> 30 == 0)
            clock_sleep_until_ns(clock_ns() + (dice >> 8) % 300000);
    }
    return NULL;
}

TEST(after_the_last_frame_nothing_is_missing)
{
    static struct frame_view view;
    static struct damage damage;
    struct world *w = rung_world();
    uint32_t dice = 7, token = 0;
    int64_t seen = -1;
    for (int round = 0; round < 10; round++) {
        struct publisher p = { .w = w };
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, publish_all_the_time, &p), 0);
        for (const uint64_t until = clock_ms() + 100; clock_ms() < until;) {
            pump(w);
            dice = dice * 1664525u + 1013904223u;
            if (dice >> 30 == 0 || /* a viewer that sometimes does not take, sometimes keeps */
                w->source->ops->take_frame(w->source, &view, &damage) != SOURCE_TAKE_FRAME)
                continue;
            seen = view.serial;
            if (dice >> 29 == 3 && !token)
                token = w->source->ops->keep_frame(w->source);
            w->source->ops->finish_frame(w->source, dice >> 29 != 5);
            if (dice >> 29 == 6) {
                w->source->ops->release_frame(w->source, token);
                token = 0;
            }
        }
        atomic_store(&p.stop, true);
        pthread_join(thread, NULL);
        w->source->ops->release_frame(w->source, token);
        token = 0;
        const int64_t last = (int64_t)atomic_load(&p.last) - 1;
        const uint64_t until = clock_ms() + 5000;
        while (seen != last) { /* without the viewer asking by itself: only when it is told */
            const uint32_t before = w->activity;
            if (w->source->ops->take_frame(w->source, &view, &damage) == SOURCE_TAKE_FRAME) {
                seen = view.serial;
                w->source->ops->finish_frame(w->source, true);
            }
            while (seen != last && w->activity == before) {
                CHECK_MSG(clock_ms() < until, "frame %lld of %lld was the last that was seen",
                          (long long)seen, (long long)last);
                pump(w);
            }
        }
        CHECK_INT(bell_of(w), SOURCE_BELL_ACTIVE);
    }
    CHECK_INT(stats_of(w).restarts, 0);
    CHECK_INT(stats_of(w).frames_rejected, 0);
    world_free(w);
}
