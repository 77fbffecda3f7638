/* SPDX-License-Identifier: GPL-2.0-or-later
 * The capture thread: runs a backend while somebody is subscribed, and publishes the pointer. */
#define LOG_MODULE "publish"

#include <errno.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/err.h"
#include "base/log.h"
#include "publish/publish_private.h"

static bool idle(const struct publish *p)
{
    return !p->shared.wanted || p->cap.failed;
}

/* Lock held. */
static void note_idle(struct publish *p)
{
    p->shared.current = false; /* nobody sees to it any more */
    p->shared.lost_ns = 0;     /* what is away now is not missed */
    if (!p->cap.failed)
        p->shared.status.state = PUBLISH_STATE_IDLE;
}

/* False: the end. */
static bool wait_wanted(struct publish *p)
{
    bool restart, stop;
    do {
        pthread_mutex_lock(&p->lock);
        while (!p->shared.stop && !p->shared.restart && idle(p)) {
            note_idle(p);
            cond_wait_until(&p->changed, &p->lock, UINT64_MAX);
        }
        stop = p->shared.stop;
        restart = p->shared.restart;
        p->shared.restart = false;
        pthread_mutex_unlock(&p->lock);
        if (restart)
            publish_backend_forget(p);
    } while (restart && !stop);
    return !stop;
}

static void publish_pointer(struct publish *p, const struct capture_pointer *news)
{
    const uint64_t now_ms = clock_ms();
    if (news->has_position) {
        p->cap.x_px = news->x_px;
        p->cap.y_px = news->y_px;
    }
    const struct cursor_shape *shape = news->has_shape ? news->shape : NULL;
    int err = kvmfr_host_pointer(p->host, p->cap.x_px, p->cap.y_px, news->visible, shape, now_ms);
    if (shape && (err == -EINVAL || err == -ENOMEM)) {
        log_every(1000, LOG_LEVEL_WARN,
                  "a pointer shape of %ux%u cannot be sent (%s): viewers keep the last one",
                  shape->width_px, shape->height_px, err_str(err));
        err = kvmfr_host_pointer(p->host, p->cap.x_px, p->cap.y_px, news->visible, NULL, now_ms);
    }
    if (err < 0 && err != -EAGAIN) /* that is kept, and sent with the next */
        log_every(1000, LOG_LEVEL_WARN, "the pointer cannot be sent: %s", err_str(err));
    pthread_mutex_lock(&p->lock);
    p->shared.status.pointer_updates++;
    pthread_mutex_unlock(&p->lock);
}

/* Waits while nobody is subscribed, for a while; false: the capture is to be stopped. */
static bool keep_running(struct publish *p)
{
    uint64_t deadline_ns = 0;
    pthread_mutex_lock(&p->lock);
    while (!p->shared.stop && !p->shared.restart && !p->shared.wanted) {
        const uint64_t now_ns = clock_ns();
        if (deadline_ns == 0)
            deadline_ns = now_ns + IDLE_STOP_MS * NS_PER_MS;
        if (now_ns >= deadline_ns)
            break;
        cond_wait_until(&p->changed, &p->lock, deadline_ns);
    }
    const bool keep = !p->shared.stop && !p->shared.restart && p->shared.wanted;
    pthread_mutex_unlock(&p->lock);
    return keep;
}

static void handle(struct publish *p, const struct capture_update *update)
{
    publish_note_news(p);
    if (update->frame)
        atomic_fetch_add_explicit(&p->captured, 1, memory_order_relaxed);
    if (update->pointer)
        publish_pointer(p, &update->pointer_news);
}

/* CAPTURE_OK: it was good until it was no longer wanted. */
static enum capture_result run(struct publish *p)
{
    struct capture *c = p->cap.capture;
    uint64_t repeated_ms = 0;
    while (keep_running(p)) {
        struct capture_update update;
        const enum capture_result r = c->ops->next(c, publish_look_ms(p), &update);
        if (r == CAPTURE_OK)
            handle(p, &update);
        else if (r != CAPTURE_TIMEOUT)
            return r;
        const uint64_t now_ms = clock_ms();
        if (now_ms - repeated_ms >= LOOK_MS / 2) {
            kvmfr_host_pointer_repeat(p->host, now_ms);
            repeated_ms = now_ms;
        }
    }
    return CAPTURE_OK;
}

void *publish_capture_main(void *publish)
{
    struct publish *p = publish;
    if (p->config.system.enter_thread)
        p->config.system.enter_thread(p->config.system.ctx, false);
    while (wait_wanted(p))
        if (publish_backend_start(p))
            publish_backend_stop(p, run(p));
    publish_backend_forget(p);
    if (p->config.system.leave_thread)
        p->config.system.leave_thread(p->config.system.ctx, false);
    return NULL;
}
