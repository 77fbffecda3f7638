/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One timer drives everything that is not a frame: opening the region, connecting, watching the
 * host's heartbeat, noticing that the file was replaced. Frames and pointer messages come through
 * the watch thread (wait.h), which raises an eventfd; or, once the host rings (bell.h), through the
 * doorbell, and then the timer rests, too.
 *
 * The watch thread looks at two words of the region through pointers taken when the subscription
 * was made, so it never touches the client, which may end its subscriptions at any step; it is
 * stopped before the region is unmapped. */
#define LOG_MODULE "relay"

#include "source/relay/relay.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "kvmfr/client.h"
#include "kvmfr/client_extension.h"
#include "shm/doorbell.h"
#include "source/relay/bell.h"
#include "source/relay/status.h"
#include "source/relay/stream.h"

#define STEP_CONNECTED_MS 100u
#define STEP_WAITING_MS   20u  /* while something may be about to happen ... */
#define STEP_PATIENT_MS   100u /* ... and after PATIENT_AFTER_MS without a host */
#define STEP_FIRST_MS     5u   /* a running host is found within two heartbeats of the start */
#define OPEN_RETRY_MS     250u
#define REPLACED_CHECK_MS 1000u
#define PATIENT_AFTER_MS  10000u
#define FIRST_FOR_MS      200u

struct relay {
    struct source base;
    struct loop *loop; /* borrowed */
    struct source_listener listener;
    char *path;                      /* NULL: the default path */
    int fd;                          /* -1, or borrowed instead of path */
    const struct wait_ops *wait_ops; /* without a doorbell */
    bool want_bell, insist_bell;
    uint32_t fixed_interval_us;
    struct loop_source *timer, *wake;
    uint64_t due_ms; /* what the timer is set to; 0: it is not */

    struct shm_region *region;     /* NULL: not open */
    struct loop_source *bell_news; /* what its server says; NULL: nobody says anything */
    bool server_gone;              /* it said so */
    uint64_t opened_ms, check_replaced_ms;
    uint32_t open_took_ms;       /* the last try */
    uint64_t waiting_since_ms;   /* for a host: since opening, or since the connection was lost */
    struct kvmfr_client *client; /* NULL: no region */
    enum kvmfr_state state;
    uint32_t generation;
    struct stream stream;
    struct bell bell;
    struct {
        bool asleep; /* armed, and there was no news after that: the host owes us a ring */
        bool was;    /* ... until just now */
        bool rung;   /* one came since */
    } sleep;
    struct source_status status;
    uint64_t restarts, wakeups; /* wakeups: of waiters that are gone, and of the timer while the
                                   doorbell is relied on */
    bool bell_missed;           /* said that there is none although the user insists */

    /* The watch thread reads these; constant while it runs. */
    struct {
        const _Atomic uint32_t *frame, *cursor;
        const _Atomic uint64_t *newest; /* NULL: no mailbox */
    } words;
    pthread_mutex_t
        wait_lock; /* local_input() comes from any thread: it must not meet a waiter that goes */
    struct wait *wait; /* written by the render thread under the lock */
};

static struct relay *relay_of(struct source *self);
static void on_rung(void *ctx);

/* ---- the waiter's functions; the first two are the watch thread's ---- */

static void look(void *ctx, uint32_t *frame, uint32_t *cursor)
{
    const struct relay *r = ctx;
    /* relaxed: only the change counts; the reader of the message synchronises with its own acquire
     * loads */
    *frame = atomic_load_explicit(r->words.frame, memory_order_relaxed);
    if (r->words.newest) /* a frame for which the queue had no room is in the mailbox only */
        *frame += 4 * (uint32_t)(atomic_load_explicit(r->words.newest, memory_order_relaxed) >> 32);
    *cursor = atomic_load_explicit(r->words.cursor, memory_order_relaxed);
}

static void notify(void *ctx)
{
    const struct relay *r = ctx;
    loop_wake_raise(r->wake);
}

static bool bell_clear_fn(void *ctx)
{
    struct relay *r = ctx;
    const bool rung = bell_clear(&r->bell);
    r->sleep.rung |= rung;
    return rung;
}

static void bell_arm_fn(void *ctx)
{
    struct relay *r = ctx;
    kvmfr_client_arm(r->client);
}

static void bell_disarm_fn(void *ctx)
{
    struct relay *r = ctx;
    r->sleep.was = r->sleep.asleep;
    r->sleep.asleep = false;
    kvmfr_client_disarm(r->client);
}

static bool bell_news_fn(void *ctx)
{
    struct relay *r = ctx;
    r->sleep.asleep = !stream_unread(&r->stream);
    return !r->sleep.asleep;
}

/* ---- status ---- */

static void publish_status(struct relay *r, const struct source_status *status)
{
    if (relay_status_equal(&r->status, status) && r->status.session == status->session)
        return;
    r->status = *status;
    log_debug("%s: %s", status->title, status->detail);
    r->listener.on_status(r->listener.ctx, &r->status);
}

static void publish_state(struct relay *r)
{
    const struct kvmfr_versions versions = kvmfr_client_versions(r->client);
    struct source_status status;
    relay_status_of(&status, r->state, r->region->path, &versions, kvmfr_client_session(r->client));
    publish_status(r, &status);
}

/* ---- watching ---- */

static void stop_watching(struct relay *r)
{
    pthread_mutex_lock(&r->wait_lock);
    struct wait *wait = r->wait;
    r->wait = NULL;
    pthread_mutex_unlock(&r->wait_lock);
    if (!wait)
        return;
    struct wait_stats stats;
    wait->ops->stats(wait, &stats);
    r->wakeups += stats.wakeups;
    wait->ops->destroy(wait);
}

static void start_watching(struct relay *r)
{
    kvmfr_client_activity_words(r->client, &r->words.frame, &r->words.cursor);
    r->words.newest = kvmfr_client_newest_word(r->client);
    struct wait_config config = {
        .look = look, .notify = notify, .ctx = r, .fixed_interval_us = r->fixed_interval_us
    };
    const bool rings = r->bell.state == SOURCE_BELL_ACTIVE;
    if (rings) {
        r->sleep.asleep = r->sleep.was = r->sleep.rung = false;
        config.notify = on_rung;
        config.bell = (struct wait_bell){ .loop = r->loop,
                                          .fds = { bell_fd(&r->bell, 0), bell_fd(&r->bell, 1) },
                                          .clear = bell_clear_fn,
                                          .arm = bell_arm_fn,
                                          .disarm = bell_disarm_fn,
                                          .news = bell_news_fn };
    }
    struct wait *wait = NULL;
    const int err = (rings ? &wait_doorbell_ops : r->wait_ops)->create(&config, &wait);
    if (err < 0) {
        log_every(5000, LOG_LEVEL_ERROR, "start the watch thread: %s", err_str(err));
        return; /* the timer goes on reading ten times a second, and tries again */
    }
    pthread_mutex_lock(&r->wait_lock);
    r->wait = wait;
    pthread_mutex_unlock(&r->wait_lock);
}

/* ---- region and connection ---- */

static void close_region(struct relay *r)
{
    stop_watching(r);
    stream_restart(&r->stream, NULL);
    bell_restart(&r->bell, NULL, NULL, false);
    loop_source_destroy(r->bell_news);
    r->bell_news = NULL;
    r->server_gone = false;
    kvmfr_client_destroy(r->client);
    r->client = NULL;
    shm_region_close(r->region);
    r->region = NULL;
    r->state = KVMFR_STATE_NONE;
}

static int open_region(struct relay *r, struct shm_problem *problem)
{
    if (r->fd >= 0)
        return shm_region_open_fd(r->fd, r->path ? r->path : _("the given descriptor"), &r->region,
                                  problem);
    return shm_region_open(r->path ? r->path : shm_default_path(), &r->region, problem);
}

static void set_timer(struct relay *r, uint32_t after_ms)
{
    r->due_ms = clock_ms() + after_ms;
    loop_timer_set_ns(r->timer, clock_ns() + after_ms * NS_PER_MS, 0);
}

static void on_bell_news(void *ctx, uint32_t events)
{
    struct relay *r = ctx;
    (void)events;
    struct shm_doorbell *d = r->region->doorbell;
    /* Whether or not anybody is connected: who comes is told only once. */
    if (!d->ops->refresh || !d->ops->refresh(d)) {
        loop_source_destroy(r->bell_news);
        r->bell_news = NULL;
        r->server_gone = true;
    }
    bell_news(&r->bell);
    set_timer(r, 0); /* who left may have been the host, or the region's server */
}

static void listen_to_server(struct relay *r)
{
    struct shm_doorbell *bell = r->region->doorbell;
    const int fd = bell && bell->ops->news_fd ? bell->ops->news_fd(bell) : -1;
    if (fd >= 0 && loop_add_fd(r->loop, fd, EPOLLIN, on_bell_news, r, &r->bell_news) < 0)
        r->bell_news = NULL; /* the heartbeat tells as well, later */
}

/* What this viewer can do with a host that has our extension. */
static void want_extension(struct relay *r)
{
    const struct kvmfr_client_wants wants = { .rings = r->want_bell,
                                              .timing = true,
                                              .buffers = KVMFR_MAX_FRAME_BUFFERS };
    kvmfr_client_set_wants(r->client, &wants);
}

static bool try_open(struct relay *r)
{
    struct shm_problem problem = { 0 };
    struct source_status status;
    const uint64_t from_ms = clock_ms();
    const int open_err = open_region(r, &problem);
    r->open_took_ms = (uint32_t)(clock_ms() - from_ms);
    if (open_err < 0) {
        r->region = NULL;
        relay_status_no_region(&status, &problem);
        publish_status(r, &status);
        return false;
    }
    const int err = kvmfr_client_create(r->region, (struct lgmp_random){ 0 }, &r->client);
    if (err < 0) {
        log_every(5000, LOG_LEVEL_ERROR, "attach to %s: %s", r->region->path, err_str(err));
        r->client = NULL;
        close_region(r);
        return false;
    }
    log_debug("opened %s, %zu bytes", r->region->path, r->region->len_bytes);
    want_extension(r);
    listen_to_server(r);
    r->opened_ms = r->waiting_since_ms = clock_ms();
    r->check_replaced_ms = r->opened_ms + REPLACED_CHECK_MS;
    r->generation = kvmfr_client_generation(r->client);
    return true;
}

/* True if the region went away. */
static bool region_gone(struct relay *r, uint64_t now_ms)
{
    const bool lost = shm_region_lost(r->region);
    bool replaced = false;
    if (!lost && now_ms >= r->check_replaced_ms) {
        r->check_replaced_ms = now_ms + REPLACED_CHECK_MS;
        replaced = shm_region_replaced(r->region);
    }
    if (!lost && !replaced)
        return false;
    if (lost)
        log_info("%s was truncated", r->region->path);
    else
        log_info("%s was replaced or removed", r->region->path);
    struct source_status status;
    relay_status_region_gone(&status, r->region->path, lost);
    r->restarts++;
    close_region(r);
    publish_status(r, &status);
    return true;
}

/* The user wants rings and there are none: said once per region. */
static void say_no_bell(struct relay *r)
{
    if (!r->insist_bell || r->bell_missed || r->bell.state != SOURCE_BELL_NONE)
        return;
    r->bell_missed = true;
    if (r->region->doorbell)
        log_warn("app:wait=doorbell, but the host program in the VM does not ring: waiting as with "
                 "\"adaptive\"");
    else
        log_warn("app:wait=doorbell, but the shared memory has no doorbell (that of `espelho "
                 "shm-server` has one): waiting as with \"adaptive\"");
}

/* Makes the waiter the one that the bell allows for. */
static void follow_bell(struct relay *r)
{
    const bool rings = r->bell.state == SOURCE_BELL_ACTIVE;
    if (r->wait && rings != (r->wait->ops == &wait_doorbell_ops))
        stop_watching(r);
    if (!r->wait)
        start_watching(r);
}

/* Steps the client; makes stream, bell and waiter follow when the subscription is another one. */
static void step(struct relay *r)
{
    const enum kvmfr_state before = r->state;
    r->state = kvmfr_client_step(r->client, clock_ms());
    const uint32_t generation = kvmfr_client_generation(r->client);
    const bool connected = r->state == KVMFR_STATE_CONNECTED;
    struct kvmfr_client *client = connected ? r->client : NULL;
    if (!connected || generation != r->generation) {
        if (before == KVMFR_STATE_CONNECTED) {
            r->restarts++;
            r->waiting_since_ms = clock_ms();
        }
        stop_watching(r);
        stream_restart(&r->stream, client);
        bell_restart(&r->bell, client, r->region->doorbell, r->want_bell);
        r->generation = generation;
    } else if (!r->stream.client) {
        stream_restart(&r->stream, client);
        bell_restart(&r->bell, client, r->region->doorbell, r->want_bell);
    }
    if (connected) {
        bell_step(&r->bell, clock_ms());
        say_no_bell(r);
        follow_bell(r);
    }
    publish_state(r);
}

/* Reads, copes with a lost subscription, tells the viewer. `woken`: somebody thought that something
 * happened. If it is nothing new, it may be that the host has finished writing what is held. */
static void read_stream(struct relay *r, bool woken)
{
    const uint32_t before = r->stream.news;
    kvmfr_client_hold_rings(r->client,
                            true); /* to wake the host may take longer than all of this */
    if (!stream_read(&r->stream, clock_ms())) {
        stop_watching(r);
        stream_restart(&r->stream, NULL);
        bell_restart(&r->bell, NULL, NULL, false);
        step(r);
    }
    if ((woken || r->stream.news != before) && stream_has_news(&r->stream))
        r->listener.on_activity(r->listener.ctx);
    if (r->client)
        kvmfr_client_hold_rings(r->client, false);
}

static void reclaim_frames(struct relay *r, uint64_t now_ms)
{
    for (uint32_t token; (token = stream_reclaim(&r->stream, now_ms)) != 0;) {
        if (r->listener.on_reclaim)
            r->listener.on_reclaim(r->listener.ctx, token);
    }
}

static uint32_t next_step_ms(const struct relay *r, uint64_t now_ms)
{
    if (!r->region) /* a server that hangs holds the loop up: not for most of its time */
        return max_u32(OPEN_RETRY_MS, 8 * r->open_took_ms);
    if (r->state == KVMFR_STATE_CONNECTED) {
        /* Its successor may have another memory: nobody tells. */
        const uint32_t most_ms = r->server_gone ? REPLACED_CHECK_MS : UINT32_MAX;
        const uint32_t bell_ms = min_u32(bell_next_step_ms(&r->bell), most_ms);
        return stream_busy(&r->stream) && bell_ms > STEP_CONNECTED_MS ? STEP_CONNECTED_MS : bell_ms;
    }
    const uint64_t age_ms = now_ms - r->waiting_since_ms;
    return age_ms < FIRST_FOR_MS       ? STEP_FIRST_MS
           : age_ms < PATIENT_AFTER_MS ? STEP_WAITING_MS
                                       : STEP_PATIENT_MS;
}

static void arm(struct relay *r)
{
    set_timer(r, next_step_ms(r, clock_ms()));
}

/* Something may have made the next step more urgent. With a doorbell only: else it comes soon. */
static void hurry(struct relay *r)
{
    const uint64_t now_ms = clock_ms();
    if (r->due_ms > now_ms + STEP_CONNECTED_MS && next_step_ms(r, now_ms) <= STEP_CONNECTED_MS)
        arm(r);
}

static void on_timer(void *ctx)
{
    struct relay *r = ctx;
    const uint64_t now_ms = clock_ms();
    if (r->region && region_gone(r, now_ms)) {
        arm(r);
        return;
    }
    if (r->region || try_open(r)) {
        r->wakeups += r->bell.state == SOURCE_BELL_ACTIVE;
        step(r);
        stream_expire(&r->stream, now_ms);
        reclaim_frames(r, now_ms);
        if (r->sleep.asleep && stream_unread(&r->stream))
            bell_found_news(&r->bell, now_ms);
        /* Not only without a watch thread: the activity word counts modulo the queue's three slots,
         * so three posts between two looks, of which the viewer's own take_frame() finished some,
         * look like none. */
        if (r->stream.client)
            read_stream(r, false);
    }
    arm(r);
}

static void doubt_bell(struct relay *r, uint64_t now_ms)
{
    if (r->sleep.rung)
        bell_rung(&r->bell);
    else if (r->sleep.was && stream_unread(&r->stream))
        bell_found_news(&r->bell, now_ms);
    r->sleep.was = r->sleep.rung = false;
}

/* The doorbell's notify(): may end the waiter that calls it. */
static void on_rung(void *ctx)
{
    struct relay *r = ctx;
    const uint64_t now_ms = clock_ms();
    doubt_bell(r, now_ms);
    if (r->stream.client)
        read_stream(r, true);
    if (r->stream.client)
        (void)kvmfr_client_ping(r->client, clock_ns(), true);
    if (bell_ask(&r->bell, now_ms))
        set_timer(r, 0);
    else
        hurry(r);
}

static void on_wake(void *ctx)
{
    struct relay *r = ctx;
    if (r->stream.client)
        read_stream(r, true);
}

/* ---- source_ops ---- */

/* After the viewer gave a frame back: what came meanwhile was not read, and its ring is gone. */
static void rouse(struct relay *r)
{
    if (stream_left_behind(&r->stream))
        loop_wake_raise(r->wake);
    hurry(r);
}

static enum source_take relay_take_frame(struct source *self, struct frame_view *frame,
                                         struct damage *damage)
{
    struct relay *r = relay_of(self);
    if (!r->stream.client)
        return SOURCE_TAKE_NONE;
    if (r->stream.taken && stream_newer_waits(&r->stream))
        stream_finish_frame(&r->stream, false); /* a newer one is there: the viewer gets that */
    if (!stream_read(&r->stream, clock_ms())) {
        stream_restart(&r->stream, NULL);
        set_timer(r, 0); /* step from the loop, not from inside the viewer's call */
        return SOURCE_TAKE_NONE;
    }
    hurry(r);
    return stream_take_frame(&r->stream, frame, damage);
}

static bool relay_frame_intact(struct source *self)
{
    struct relay *r = relay_of(self);
    return stream_frame_intact(&r->stream) && !shm_region_lost(r->region);
}

static void relay_frame_times(struct source *self, struct source_frame_times *out)
{
    struct relay *r = relay_of(self);
    struct kvmfr_timing t;
    *out = (struct source_frame_times){ .notice_ns = r->stream.noticed_ns };
    if (!r->stream.taken || !kvmfr_client_timing(r->client, &r->stream.view, clock_ns(), &t))
        return;
    out->capture_ns = t.capture_ns;
    out->post_ns = t.post_ns;
    out->complete_ns = t.complete_ns;
}

static void relay_finish_frame(struct source *self, bool drawn)
{
    struct relay *r = relay_of(self);
    stream_finish_frame(&r->stream, drawn);
    rouse(r);
}

static uint32_t relay_keep_frame(struct source *self)
{
    struct relay *r = relay_of(self);
    const uint32_t token = stream_keep_frame(&r->stream);
    if (token)
        rouse(r);
    return token;
}

static bool relay_can_keep(struct source *self)
{
    return stream_can_keep(&relay_of(self)->stream);
}

static void relay_release_frame(struct source *self, uint32_t token)
{
    struct relay *r = relay_of(self);
    stream_release_frame(&r->stream, token);
    rouse(r);
}

static bool relay_take_cursor(struct source *self, struct cursor_update *out)
{
    return stream_take_cursor(&relay_of(self)->stream, out);
}

static void relay_local_input(struct source *self)
{
    struct relay *r = relay_of(self);
    pthread_mutex_lock(&r->wait_lock);
    if (r->wait)
        r->wait->ops->expect(r->wait);
    pthread_mutex_unlock(&r->wait_lock);
}

static void relay_suspend(struct source *self, bool suspend)
{
    struct relay *r = relay_of(self);
    if (suspend) {
        struct source_status status = { .state = SOURCE_STATE_NONE };
        snprintf(status.title, sizeof(status.title), "%s", _("The picture is off"));
        close_region(r);
        loop_timer_set_ns(r->timer, 0, 0);
        r->due_ms = 0;
        publish_status(r, &status);
    } else {
        set_timer(r, 0);
    }
}

static bool relay_place_pointer(struct source *self, int32_t x_px, int32_t y_px)
{
    struct relay *r = relay_of(self);
    uint32_t serial;
    if (r->state != KVMFR_STATE_CONNECTED ||
        !(kvmfr_client_session(r->client)->features & KVMFR_FEATURE_SET_CURSOR_POSITION))
        return false;
    return kvmfr_client_set_cursor_position(r->client, x_px, y_px, &serial) == LGMP_OK;
}

static const struct shm_region *relay_region(struct source *self)
{
    return relay_of(self)->region;
}

static void relay_stats(struct source *self, struct source_stats *out)
{
    struct relay *r = relay_of(self);
    *out = r->stream.stats;
    out->restarts = r->restarts;
    out->wakeups = r->wakeups;
    out->bell = r->bell.state;
    uint64_t offset_ns;
    out->has_clock = r->client && kvmfr_client_clock(r->client, &offset_ns, &out->clock_error_ns);
    out->frame_buffers = r->stream.box.seen ? kvmfr_client_buffer_count(r->client) : 0;
    if (r->wait) {
        struct wait_stats wait;
        out->wait_name = r->wait->ops->name;
        r->wait->ops->stats(r->wait, &wait);
        out->wakeups += wait.wakeups;
        out->interval_ns = wait.interval_ns;
        out->notice_late_ns = wait.late_ns;
        out->last_notice_ns = wait.last_notice_ns;
    }
}

static void relay_destroy(struct source *self)
{
    if (!self)
        return;
    struct relay *r = relay_of(self);
    close_region(r);
    stream_fini(&r->stream);
    loop_source_destroy(r->wake);
    loop_source_destroy(r->timer);
    pthread_mutex_destroy(&r->wait_lock);
    free(r->path);
    free(r);
}

static const struct source_ops relay_ops = {
    .name = "relay",
    .destroy = relay_destroy,
    .take_frame = relay_take_frame,
    .frame_intact = relay_frame_intact,
    .finish_frame = relay_finish_frame,
    .frame_times = relay_frame_times,
    .keep_frame = relay_keep_frame,
    .can_keep = relay_can_keep,
    .release_frame = relay_release_frame,
    .take_cursor = relay_take_cursor,
    .local_input = relay_local_input,
    .place_pointer = relay_place_pointer,
    .suspend = relay_suspend,
    .region = relay_region,
    .stats = relay_stats,
};

static struct relay *relay_of(struct source *self)
{
    assert(self->ops == &relay_ops);
    return container_of(self, struct relay, base);
}

int relay_create(struct loop *loop, const struct relay_config *config,
                 const struct source_listener *listener, struct source **out)
{
    struct relay *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->base.ops = &relay_ops;
    r->loop = loop;
    r->listener = *listener;
    r->fd = config->fd;
    r->insist_bell = config->wait == &wait_doorbell_ops;
    r->want_bell = !config->wait || r->insist_bell;
    r->wait_ops = r->want_bell ? &wait_adaptive_ops : config->wait;
    r->fixed_interval_us = config->fixed_interval_us;
    pthread_mutex_init(&r->wait_lock, NULL);
    stream_init(&r->stream);
    int err = 0;
    if (config->path) {
        r->path = strdup(config->path);
        err = r->path ? 0 : -ENOMEM;
    }
    if (err == 0)
        err = loop_add_wake(loop, on_wake, r, &r->wake);
    if (err == 0)
        err = loop_add_timer(loop, on_timer, r, &r->timer);
    if (err < 0) {
        relay_destroy(&r->base);
        return err;
    }
    set_timer(r, 0); /* the first try comes with the loop's first round */
    *out = &r->base;
    return 0;
}
