/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/guest_link_internal.h - the input thread and its mail, shared by the guest_link_*.c
 * files only. */
#ifndef ESPELHO_VIEWER_GUEST_LINK_INTERNAL_H
#define ESPELHO_VIEWER_GUEST_LINK_INTERNAL_H

#include <pthread.h>

#include "clipboard/exchange.h"
#include "display/seat.h"
#include "input/input.h"
#include "loop/mailbox.h"
#include "viewer/guest_link.h"
#include "viewer/guest_mail.h"

struct guest_link {
    const struct client_options *options; /* constant, as are these three */
    const struct spice_server *server;
    struct display *display;
    struct guest_link_listener listener;
    struct mailbox *news; /* to the render thread; lives on its loop */
    pthread_t thread;
    bool running; /* the thread was started */

    /* The rest belongs to the input thread while it runs. */
    struct loop *loop;
    struct mailbox *orders;
    struct binding_table *bindings;
    struct input *input;
    struct display_seat *seat;
    struct guest_audio *_Atomic audio; /* its figures are read by the render thread, too */
    struct spice_session *session;
    struct exchange *exchange;
    bool can_place;
    enum input_mouse_mode mouse_mode; /* the router forgets it with the inputs channel */
};

/* guest_link_mail.c. tell: to the render thread, from the input thread; what cannot be sent is
 * logged. on_news, on_order: the mailboxes' functions, on the thread that gets them. */
void guest_link_tell(struct guest_link *l, enum guest_news kind, const void *body, size_t bytes);
void guest_link_tell_bool(struct guest_link *l, enum guest_news kind, bool value);
void guest_link_tell_text(struct guest_link *l, enum guest_news kind, const char *text);
void guest_link_on_news(void *ctx, uint32_t kind, const void *body, size_t body_bytes);
void guest_link_on_order(void *ctx, uint32_t kind, const void *body, size_t body_bytes);

/* guest_link_parts.c: each makes one part, with its options, and connects it to the others. 0 or
 * -errno. bindings and input before the thread starts, the others on it, in this order. */
int guest_link_create_bindings(struct guest_link *l) MUST_CHECK;
int guest_link_create_input(struct guest_link *l) MUST_CHECK;
int guest_link_create_seat(struct guest_link *l) MUST_CHECK;
int guest_link_create_exchange(struct guest_link *l) MUST_CHECK;
int guest_link_create_session(struct guest_link *l) MUST_CHECK;
int guest_link_create_audio(struct guest_link *l) MUST_CHECK;

#endif
