/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which backend runs, and what follows from how it ends. */
#define LOG_MODULE "publish"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/err.h"
#include "base/log.h"
#include "publish/publish_private.h"

void publish_set_state(struct publish *p, enum publish_state state)
{
    pthread_mutex_lock(&p->lock);
    p->shared.status.state = state;
    pthread_mutex_unlock(&p->lock);
}

static void close_backend(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    p->shared.capture = NULL;
    pthread_mutex_unlock(&p->lock);
    if (p->cap.capture)
        p->cap.capture->ops->destroy(p->cap.capture);
    p->cap.capture = NULL;
}

void publish_backend_forget(struct publish *p)
{
    close_backend(p);
    p->cap.backend = 0;
    p->cap.failed = false;
    p->cap.backoff = (struct backoff){ 0 };
    p->cap.retry_ns = 0;
}

static void fail(struct publish *p, const char *why)
{
    log_err("%s: no picture can be captured here", why);
    p->cap.failed = true;
    publish_set_state(p, PUBLISH_STATE_FAILED);
}

static void next_backend(struct publish *p)
{
    const char *name = p->config.backends[p->cap.backend]->name;
    close_backend(p);
    const struct capture_ops *next = p->config.backends[++p->cap.backend];
    if (!next) {
        fail(p, "no way of capturing is left");
        return;
    }
    log_warn("%s cannot capture this desktop; going on with %s", name, next->name);
}

static bool open_backend(struct publish *p)
{
    while (!p->cap.capture && !p->cap.failed) {
        const struct capture_ops *ops = p->config.backends[p->cap.backend];
        const int err = ops->create(&p->config.capture, &p->cap.capture);
        if (err == 0)
            break;
        log_err("%s cannot be used: %s", ops->name, err_str(err));
        p->cap.capture = NULL;
        next_backend(p);
    }
    return !p->cap.failed;
}

/* Until the back-off's time, or somebody has something else to do for this thread. */
static void wait_for_retry(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->shared.stop && !p->shared.restart && p->shared.wanted &&
           clock_ns() < p->cap.retry_ns)
        cond_wait_until(&p->changed, &p->lock, p->cap.retry_ns);
    pthread_mutex_unlock(&p->lock);
}

/* Says what is captured, if that is news. */
static void tell(struct publish *p, const char *text)
{
    if (strcmp(text, p->cap.described) != 0)
        log_info("capturing %s", text);
    snprintf(p->cap.described, sizeof(p->cap.described), "%s", text);
}

static void set_running(struct publish *p)
{
    char text[sizeof(p->shared.status.capture)] = "";
    p->cap.capture->ops->describe(p->cap.capture, text, sizeof(text));
    tell(p, text);
    backoff_started(&p->cap.backoff, clock_ns());
    pthread_mutex_lock(&p->lock);
    p->shared.capture = p->cap.capture;
    p->shared.name = p->cap.capture->ops->name;
    p->shared.running = true;
    p->shared.status.state = PUBLISH_STATE_CAPTURING;
    memcpy(p->shared.status.capture, text, sizeof(text));
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

bool publish_backend_start(struct publish *p)
{
    if (!open_backend(p))
        return false;
    publish_set_state(p, PUBLISH_STATE_STARTING);
    if (p->config.system.enter_desktop)
        p->config.system.enter_desktop(p->config.system.ctx);
    switch (p->cap.capture->ops->start(p->cap.capture)) {
    case CAPTURE_OK:
        set_running(p);
        return true;
    case CAPTURE_UNSUPPORTED:
        next_backend(p);
        return false;
    case CAPTURE_FATAL:
        fail(p, p->cap.capture->ops->name);
        return false;
    default: /* the system does not allow it now */
        p->cap.retry_ns = clock_ns() + backoff_failed_ns(&p->cap.backoff);
        wait_for_retry(p);
        return false;
    }
}

static void note_loss(struct publish *p)
{
    const uint64_t now_ns = clock_ns();
    p->cap.retry_ns = now_ns + backoff_lost_ns(&p->cap.backoff, now_ns);
    pthread_mutex_lock(&p->lock);
    p->shared.status.rebuilds++;
    p->shared.status.state = PUBLISH_STATE_STARTING;
    if (p->shared.lost_ns == 0)
        p->shared.lost_ns = now_ns;
    pthread_mutex_unlock(&p->lock);
}

/* Both threads are out of it afterwards. */
static void halt(struct publish *p)
{
    struct capture *c = p->cap.capture;
    pthread_mutex_lock(&p->lock);
    p->shared.running = false;
    pthread_mutex_unlock(&p->lock);
    c->ops->wake(c);
    c->ops->stop(c);
    pthread_mutex_lock(&p->lock);
    while (p->shared.copying)
        cond_wait_until(&p->changed, &p->lock, UINT64_MAX);
    pthread_mutex_unlock(&p->lock);
}

void publish_backend_stop(struct publish *p, enum capture_result why)
{
    if (why != CAPTURE_OK && why != CAPTURE_UNSUPPORTED && why != CAPTURE_FATAL)
        note_loss(p); /* from now on the picture is away */
    halt(p);
    switch (why) {
    case CAPTURE_OK:
        break;
    case CAPTURE_UNSUPPORTED:
        next_backend(p);
        break;
    case CAPTURE_FATAL:
        fail(p, p->cap.capture->ops->name);
        break;
    default:
        log_every(1000, LOG_LEVEL_INFO, "the picture went away (%s); building it up again",
                  why == CAPTURE_DEVICE_REMOVED ? "graphics driver" : "mode, desktop or session");
        wait_for_retry(p);
    }
}
