/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "input"

#include "viewer/guest_link_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"

/* What can fail because of the user's options, and what costs nothing. */
static int create_light(struct guest_link *l)
{
    int err = loop_create(&l->loop);
    if (err == 0)
        err = mailbox_create(l->loop, guest_link_on_order, l, &l->orders);
    if (err == 0)
        err = guest_link_create_bindings(l);
    return err == 0 ? guest_link_create_input(l) : err;
}

/* On the input thread: the first picture does not wait for PipeWire's libraries. */
static int create_rest(struct guest_link *l)
{
    int err = guest_link_create_seat(l);
    if (err < 0 || !l->server)
        return err;
    err = guest_link_create_exchange(l);
    if (err == 0)
        err = guest_link_create_session(l);
    if (err == 0 && l->options->spice.audio)
        err = guest_link_create_audio(l);
    return err;
}

static void *run(void *ctx)
{
    struct guest_link *l = ctx;
    /* A key must not wait until the render thread has used up its slice. */
    int err = thread_run_when_woken(THREAD_EVENTS);
    if (err < 0)
        log_debug("the input thread is an ordinary one: %s", err_str(err));
    err = create_rest(l);
    if (err < 0) {
        log_err("start keyboard, mouse and sound: %s", err_str(err));
        guest_link_tell_text(l, GUEST_NEWS_NOTICE,
                             _("Keyboard, mouse or sound could not be started; the log says why"));
    }
    err = loop_run(l->loop);
    if (err < 0)
        log_err("the input thread ends: %s", err_str(err));
    return NULL;
}

/* Signals are for the render thread. */
static int start_thread(struct guest_link *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int err = pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    l->running = err == 0;
    if (l->running)
        pthread_setname_np(l->thread, "input");
    return -err;
}

int guest_link_create(struct loop *render_loop, const struct guest_link_config *config,
                      const struct guest_link_listener *listener, struct guest_link **out)
{
    struct guest_link *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->options = config->options;
    l->server = config->server;
    l->display = config->display;
    l->listener = *listener;
    int err = mailbox_create(render_loop, guest_link_on_news, l, &l->news);
    if (err == 0)
        err = create_light(l);
    if (err == 0)
        err = start_thread(l);
    if (err < 0) {
        log_err("start keyboard and mouse: %s", err_str(err));
        guest_link_destroy(l);
        return err;
    }
    *out = l;
    return 0;
}

void guest_link_destroy(struct guest_link *l)
{
    if (!l)
        return;
    if (l->running) {
        loop_stop(l->loop);
        pthread_join(l->thread, NULL);
    }
    exchange_destroy(l->exchange);
    if (l->input)
        input_set_seat(l->input, NULL, NULL);
    display_seat_destroy(l->seat);
    input_destroy(l->input); /* lets go of what is held in the guest */
    spice_session_destroy(l->session);
    guest_audio_destroy(l->audio);
    binding_table_destroy(l->bindings);
    mailbox_destroy(l->orders);
    loop_destroy(l->loop);
    mailbox_destroy(l->news);
    free(l);
}
