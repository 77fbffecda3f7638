/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "publish"

#include "publish/publish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "publish/publish_private.h"

static struct kvmfr_session session_of(const struct publish *p, const char *capture)
{
    struct kvmfr_session s = p->config.session;
    snprintf(s.capture, sizeof(s.capture), "%s", capture);
    return s;
}

void publish_note_news(struct publish *p)
{
    atomic_store_explicit(&p->news_ns, clock_ns(), memory_order_relaxed);
}

static bool still(const struct publish *p)
{
    return clock_ns() - atomic_load_explicit(&p->news_ns, memory_order_relaxed) > NS_PER_S;
}

uint32_t publish_look_ms(const struct publish *p)
{
    return still(p) ? STILL_LOOK_MS : LOOK_MS;
}

uint32_t publish_tick_wait_ms(const struct publish *publish)
{
    if (!kvmfr_host_wanted(publish->host))
        return 30;
    return still(publish) ? 25 : 10;
}

static void on_set_cursor(void *ctx, int32_t x_px, int32_t y_px)
{
    struct publish *p = ctx;
    publish_note_news(p);
    p->config.system.set_cursor_position(p->config.system.ctx, x_px, y_px);
}

static int create_host(struct publish *p)
{
    p->tick.name = p->config.backends[0]->name;
    const struct kvmfr_host_config config = {
        .session = session_of(p, p->tick.name),
        .now_ms = clock_ms(),
        .random = p->config.random,
        .extension = true,
        .doorbell = p->config.doorbell,
        .set_cursor_position = p->config.system.set_cursor_position ? on_set_cursor : NULL,
        .ctx = p,
    };
    return kvmfr_host_create(p->config.mem, p->config.len_bytes, &config, &p->host);
}

static int start_threads(struct publish *p)
{
    int err = pthread_create(&p->capture_thread, NULL, publish_capture_main, p);
    p->has_capture_thread = err == 0;
    if (err == 0)
        err = pthread_create(&p->copy_thread, NULL, publish_copy_main, p);
    p->has_copy_thread = p->has_capture_thread && err == 0;
    return err == 0 ? 0 : -EAGAIN;
}

int publish_create(const struct publish_config *config, struct publish **out)
{
    if (!config->mem || !config->backends || !config->backends[0])
        return -EINVAL;
    struct publish *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->config = *config;
    p->shared.status.state = PUBLISH_STATE_IDLE;
    p->has_lock = pthread_mutex_init(&p->lock, NULL) == 0;
    p->has_changed = cond_init(&p->changed) == 0;
    int err = p->has_lock && p->has_changed ? create_host(p) : -ENOMEM;
    if (err == 0)
        err = start_threads(p);
    if (err < 0) {
        publish_destroy(p);
        return err;
    }
    *out = p;
    return 0;
}

void publish_destroy(struct publish *publish)
{
    struct publish *p = publish;
    if (!p)
        return;
    if (p->has_lock && p->has_changed) {
        pthread_mutex_lock(&p->lock);
        p->shared.stop = true;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
    }
    if (p->has_capture_thread)
        pthread_join(p->capture_thread, NULL);
    if (p->has_copy_thread)
        pthread_join(p->copy_thread, NULL);
    kvmfr_host_destroy(p->host);
    if (p->has_changed)
        pthread_cond_destroy(&p->changed);
    if (p->has_lock)
        pthread_mutex_destroy(&p->lock);
    free(p);
}

/* Viewers show what captures: the record follows when another backend took over. */
static int follow_name(struct publish *p, uint64_t now_ms)
{
    pthread_mutex_lock(&p->lock);
    const char *name = p->shared.name;
    pthread_mutex_unlock(&p->lock);
    if (!name || strcmp(name, p->tick.name) == 0)
        return 0;
    p->tick.name = name;
    const struct kvmfr_session s = session_of(p, name);
    return kvmfr_host_set_session(p->host, &s, now_ms);
}

/* Lock held. */
static void count_fps(struct publish *p, uint64_t now_ms)
{
    const uint64_t passed_ms = now_ms - p->tick.fps_ms;
    if (passed_ms < 1000)
        return;
    const uint64_t frames = p->shared.status.frames;
    p->shared.status.fps =
        p->tick.fps_ms == 0 ? 0 : (double)(frames - p->tick.fps_frames) * 1000 / (double)passed_ms;
    p->tick.fps_ms = now_ms;
    p->tick.fps_frames = frames;
}

/* Lock held. */
static void tell_room(struct publish *p, bool room)
{
    if (!p->shared.wants_room || !room)
        return;
    p->shared.wants_room = false;
    p->shared.room = true;
    pthread_cond_broadcast(&p->changed);
}

void publish_wait(struct publish *publish, uint32_t timeout_ms)
{
    if (!kvmfr_host_wait(publish->host, timeout_ms))
        return;
    pthread_mutex_lock(&publish->lock);
    publish->shared.status.rings++;
    pthread_mutex_unlock(&publish->lock);
}

int publish_tick(struct publish *publish, uint64_t now_ms)
{
    struct publish *p = publish;
    bool restarted = false;
    int err = follow_name(p, now_ms);
    if (err == 0)
        err = kvmfr_host_tick(p->host, now_ms, &restarted);
    if (restarted)
        log_every(1000, LOG_LEVEL_WARN,
                  "something overwrote the shared memory's header; it is set up again");
    const bool wanted = kvmfr_host_wanted(p->host);
    const bool room = kvmfr_host_has_room(p->host);
    pthread_mutex_lock(&p->lock);
    tell_room(p, room);
    if (wanted != p->shared.wanted)
        pthread_cond_broadcast(&p->changed);
    p->shared.wanted = wanted;
    count_fps(p, now_ms);
    pthread_mutex_unlock(&p->lock);
    return err;
}

void publish_restart(struct publish *publish)
{
    pthread_mutex_lock(&publish->lock);
    publish->shared.restart = true;
    pthread_cond_broadcast(&publish->changed);
    pthread_mutex_unlock(&publish->lock);
}

void publish_status(const struct publish *publish, struct publish_status *out)
{
    /* the lock is no part of what the caller may not change */
    pthread_mutex_t *const lock = (pthread_mutex_t *)&publish->lock;
    pthread_mutex_lock(lock);
    *out = publish->shared.status;
    pthread_mutex_unlock(lock);
}
