/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The main channel comes first; when the server has listed its channels the children are opened.
 * When main ends, all end; a child that ends alone is opened again by itself. Each has its own
 * back-off, and one timer serves them all. */
#define LOG_MODULE "spice"

#include "spice/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/backoff.h"
#include "spice/inputs.h"
#include "spice/main_channel.h"
#include "spice/problem.h"

enum {
    MAX_CHILDREN = 8,
    REFUSED_RETRY_MS = 30000,
    INIT_MS = 10000, /* from the main channel's link to the list of channels */
};

/* A channel of the session: its own ops stand between the channel and the child's, to notice when
 * it comes and goes. */
struct child {
    struct spice_session *session;
    const struct spice_channel_ops *ops; /* borrowed */
    void *ctx;
    struct spice_channel_ops between;
    struct spice_channel *channel;
    struct backoff backoff;
    uint64_t retry_ms; /* 0: not waiting */
};

struct spice_session {
    struct loop *loop; /* borrowed */
    struct spice_session_listener listener;
    struct spice_server server; /* a copy, but for the password, of borrowed texts */
    char *password;             /* owned */
    struct loop_source *timer;

    struct child main_child; /* the main channel, handled as the others are */
    struct main_channel main;
    struct inputs inputs;
    struct child children[MAX_CHILDREN]; /* [0]: inputs */
    size_t child_count;
    struct spice_session_status status;
    uint64_t init_deadline_ms; /* 0: none */
    bool told_info;
};

/* ---- time ---- */

static void take_earlier(uint64_t *deadline_ms, uint64_t candidate_ms)
{
    if (candidate_ms && (*deadline_ms == 0 || candidate_ms < *deadline_ms))
        *deadline_ms = candidate_ms;
}

static void arm(struct spice_session *s)
{
    uint64_t deadline_ms = s->init_deadline_ms;
    take_earlier(&deadline_ms, s->main_child.retry_ms);
    for (size_t i = 0; i < s->child_count; i++)
        take_earlier(&deadline_ms, s->children[i].retry_ms);
    loop_timer_set_ns(s->timer, deadline_ms * NS_PER_MS, 0);
}

/* ---- status ---- */

static void set_status(struct spice_session *s, enum spice_session_state state,
                       enum spice_fault fault, const char *text)
{
    struct spice_session_status status = { .state = state, .fault = fault };
    snprintf(status.text, sizeof(status.text), "%s", text);
    if (status.state == s->status.state && status.fault == s->status.fault &&
        strcmp(status.text, s->status.text) == 0)
        return;
    s->status = status;
    if (status.text[0])
        log_info("%s", status.text);
    if (s->listener.on_status)
        s->listener.on_status(s->listener.ctx, &s->status);
}

static bool needs_a_person(enum spice_fault fault)
{
    return fault == SPICE_FAULT_UNREACHABLE || fault == SPICE_FAULT_TLS ||
           fault == SPICE_FAULT_PASSWORD || fault == SPICE_FAULT_REFUSED;
}

/* ---- opening and losing channels ---- */

static void open_child(struct child *child, uint32_t connection_id, uint8_t id)
{
    struct spice_session *s = child->session;
    child->retry_ms = 0;
    const int err = spice_channel_create(s->loop, &s->server, connection_id, id, &child->between,
                                         child, &child->channel);
    if (err == 0)
        return;
    child->channel = NULL;
    child->retry_ms = clock_ms() + BACKOFF_MAX_MS;
    log_every(5000, LOG_LEVEL_ERROR, "open channel %s: %s", child->ops->name, err_str(err));
}

static bool is_offered(const struct spice_session *s, const struct child *child)
{
    return s->main.listed && (s->main.channel_types >> child->ops->type & 1);
}

static void open_offered(struct spice_session *s, struct child *child)
{
    if (!child->channel && is_offered(s, child))
        open_child(child, s->main.info.connection_id, s->main.channel_ids[child->ops->type]);
}

static void tell_input_ready(const struct child *child, bool ready)
{
    const struct spice_session *s = child->session;
    if (child == &s->children[0] && s->listener.on_input_ready)
        s->listener.on_input_ready(s->listener.ctx, ready);
}

/* Tells the child's owner and lets the channel go. */
static void drop_child(struct child *child, const struct spice_problem *problem)
{
    struct spice_channel *channel = child->channel;
    child->channel = NULL;
    child->retry_ms = 0;
    if (!channel)
        return;
    child->ops->on_down(child->ctx, channel, problem);
    spice_channel_destroy(channel);
    tell_input_ready(child, false);
}

static void tell_gone(struct spice_session *s, bool had_agent, bool had_mode)
{
    if (had_agent && s->listener.on_agent)
        s->listener.on_agent(s->listener.ctx, false);
    if (had_mode && s->listener.on_mouse_mode)
        s->listener.on_mouse_mode(s->listener.ctx, SPICE_MOUSE_NONE);
    if (s->told_info && s->listener.on_lost)
        s->listener.on_lost(s->listener.ctx);
    s->told_info = false;
}

static void end_session(struct spice_session *s, const struct spice_problem *problem)
{
    const bool had_agent = s->main.agent, had_mode = s->main.mouse_mode != SPICE_MOUSE_NONE;
    s->init_deadline_ms = 0;
    for (size_t i = 0; i < s->child_count; i++)
        drop_child(&s->children[i], problem);
    drop_child(&s->main_child, problem);
    tell_gone(s, had_agent, had_mode);
}

static void main_lost(struct spice_session *s, const struct spice_problem *from)
{
    const struct spice_problem problem = *from; /* it is the channel's */
    const uint64_t now_ms = clock_ms();
    const bool refused = needs_a_person(problem.fault);
    end_session(s, &problem);
    const uint32_t wait_ms = backoff_down(&s->main_child.backoff, now_ms);
    s->main_child.retry_ms = now_ms + (refused ? REFUSED_RETRY_MS : wait_ms);
    set_status(s, refused ? SPICE_SESSION_REFUSED : SPICE_SESSION_WAITING, problem.fault,
               problem.text);
}

static void child_lost(struct child *child, const struct spice_problem *from)
{
    const struct spice_problem problem = *from;
    const uint64_t now_ms = clock_ms();
    log_every(1000, LOG_LEVEL_WARN, "%s", problem.text);
    drop_child(child, &problem);
    child->retry_ms = now_ms + backoff_down(&child->backoff, now_ms);
}

/* ---- between a channel and its owner ---- */

static void between_greet(void *ctx, struct spice_channel *channel)
{
    const struct child *child = ctx;
    child->ops->greet(child->ctx, channel);
}

static void between_up(void *ctx, struct spice_channel *channel)
{
    struct child *child = ctx;
    if (child->ops->on_up)
        child->ops->on_up(child->ctx, channel);
    if (child == &child->session->main_child) {
        child->session->init_deadline_ms = clock_ms() + INIT_MS;
        arm(child->session);
    } else {
        backoff_up(&child->backoff, clock_ms());
        tell_input_ready(child, true);
    }
}

static int between_message(void *ctx, struct spice_channel *channel, uint16_t type,
                           const uint8_t *body, size_t body_bytes)
{
    const struct child *child = ctx;
    return child->ops->on_message(child->ctx, channel, type, body, body_bytes);
}

static void between_drained(void *ctx, struct spice_channel *channel)
{
    const struct child *child = ctx;
    child->ops->on_drained(child->ctx, channel);
}

static void between_down(void *ctx, struct spice_channel *channel,
                         const struct spice_problem *problem)
{
    struct child *child = ctx;
    (void)channel;
    if (child == &child->session->main_child)
        main_lost(child->session, problem);
    else
        child_lost(child, problem);
    arm(child->session);
}

static void set_child(struct spice_session *s, struct child *child,
                      const struct spice_channel_ops *ops, void *ctx)
{
    *child = (struct child){ .session = s, .ops = ops, .ctx = ctx, .between = *ops };
    child->between.greet = ops->greet ? between_greet : NULL;
    child->between.on_up = between_up;
    child->between.on_message = between_message;
    child->between.on_drained = ops->on_drained ? between_drained : NULL;
    child->between.on_down = between_down;
}

/* ---- what the main channel tells ---- */

static void on_init(void *ctx)
{
    (void)ctx; /* children wait for the list of channels: servers refuse them before */
}

static void on_info(void *ctx)
{
    struct spice_session *s = ctx;
    s->told_info = true;
    if (s->listener.on_info)
        s->listener.on_info(s->listener.ctx, &s->main.info);
}

static void on_channels(void *ctx)
{
    struct spice_session *s = ctx;
    s->init_deadline_ms = 0;
    backoff_up(&s->main_child.backoff, clock_ms());
    for (size_t i = 0; i < s->child_count; i++)
        open_offered(s, &s->children[i]);
    arm(s);
    set_status(s, SPICE_SESSION_UP, SPICE_FAULT_NONE, "");
    on_info(s);
}

static void on_mouse_mode(void *ctx)
{
    const struct spice_session *s = ctx;
    if (s->listener.on_mouse_mode)
        s->listener.on_mouse_mode(s->listener.ctx, s->main.mouse_mode);
}

static void on_agent(void *ctx)
{
    const struct spice_session *s = ctx;
    if (s->listener.on_agent)
        s->listener.on_agent(s->listener.ctx, s->main.agent);
}

static void on_agent_data(void *ctx, const uint8_t *bytes, size_t count)
{
    const struct spice_session *s = ctx;
    if (s->listener.on_agent_data)
        s->listener.on_agent_data(s->listener.ctx, bytes, count);
}

static void on_agent_room(void *ctx)
{
    const struct spice_session *s = ctx;
    if (s->listener.on_agent_room)
        s->listener.on_agent_room(s->listener.ctx);
}

static void on_guest_locks(void *ctx, uint32_t locks)
{
    const struct spice_session *s = ctx;
    if (s->listener.on_guest_locks)
        s->listener.on_guest_locks(s->listener.ctx, locks);
}

static const struct main_events main_events = {
    .on_init = on_init,
    .on_channels = on_channels,
    .on_info = on_info,
    .on_mouse_mode = on_mouse_mode,
    .on_agent = on_agent,
    .on_agent_data = on_agent_data,
    .on_agent_room = on_agent_room,
};

/* ---- life ---- */

static void connect_main(struct spice_session *s)
{
    if (s->status.state == SPICE_SESSION_NONE) /* a retry goes on showing why there is one */
        set_status(s, SPICE_SESSION_CONNECTING, SPICE_FAULT_NONE, "");
    open_child(&s->main_child, 0, 0);
}

static bool is_due(const struct child *child, uint64_t now_ms)
{
    return !child->channel && child->retry_ms && child->retry_ms <= now_ms;
}

static void on_timer(void *ctx)
{
    struct spice_session *s = ctx;
    const uint64_t now_ms = clock_ms();
    if (s->init_deadline_ms && s->init_deadline_ms <= now_ms) {
        s->init_deadline_ms = 0;
        spice_channel_end(s->main_child.channel, SPICE_FAULT_PROTOCOL,
                          _("the server lets us in and then says nothing"));
    }
    if (is_due(&s->main_child, now_ms))
        connect_main(s);
    for (size_t i = 0; i < s->child_count; i++)
        if (is_due(&s->children[i], now_ms)) {
            s->children[i].retry_ms = 0;
            open_offered(s, &s->children[i]);
        }
    arm(s);
}

static int copy_password(const char *password, char **out)
{
    char *copy = password ? strdup(password) : NULL;
    if (password && !copy)
        return -ENOMEM;
    *out = copy;
    return 0;
}

static void free_password(char *password)
{
    if (password)
        explicit_bzero(password, strlen(password));
    free(password);
}

int spice_session_create(struct loop *loop, const struct spice_server *server,
                         const struct spice_session_listener *listener, struct spice_session **out)
{
    struct spice_session *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->loop = loop;
    s->listener = *listener;
    s->server = *server;
    s->main.events = &main_events;
    s->main.ctx = s;
    s->inputs.on_locks = on_guest_locks;
    s->inputs.ctx = s;
    set_child(s, &s->main_child, &main_channel_ops, &s->main);
    set_child(s, &s->children[s->child_count++], &inputs_ops, &s->inputs);
    int err = copy_password(server->password, &s->password);
    s->server.password = s->password;
    if (err == 0)
        err = loop_add_timer(loop, on_timer, s, &s->timer);
    if (err < 0) {
        spice_session_destroy(s);
        return err;
    }
    s->main_child.retry_ms = 1; /* with the loop's next round */
    arm(s);
    *out = s;
    return 0;
}

void spice_session_destroy(struct spice_session *s)
{
    if (!s)
        return;
    struct spice_problem problem;
    spice_problem_set(&problem, SPICE_FAULT_CLOSED, "%s", _("SPICE: closed"));
    s->listener = (struct spice_session_listener){ 0 };
    end_session(s, &problem);
    loop_source_destroy(s->timer);
    free_password(s->password);
    free(s);
}

int spice_session_add_channel(struct spice_session *s, const struct spice_channel_ops *ops,
                              void *ctx)
{
    if (s->child_count == MAX_CHILDREN)
        return -ENOSPC;
    set_child(s, &s->children[s->child_count++], ops, ctx);
    return 0;
}

int spice_session_set_password(struct spice_session *s, const char *password)
{
    char *copy;
    const int err = copy_password(password, &copy);
    if (err < 0)
        return err;
    free_password(s->password);
    s->password = copy;
    s->server.password = copy;
    if (s->status.state == SPICE_SESSION_REFUSED && !s->main_child.channel) {
        backoff_reset(&s->main_child.backoff);
        s->main_child.retry_ms = 1;
        arm(s);
    }
    return 0;
}

/* ---- keyboard, mouse, agent ---- */

bool spice_session_input_ready(const struct spice_session *s)
{
    return s->inputs.up;
}

void spice_session_key(struct spice_session *s, uint32_t scancode, bool down)
{
    inputs_key(&s->inputs, scancode, down);
}

void spice_session_scancodes(struct spice_session *s, const uint8_t *codes, size_t count)
{
    inputs_scancodes(&s->inputs, codes, count);
}

void spice_session_motion(struct spice_session *s, int32_t dx, int32_t dy)
{
    inputs_motion(&s->inputs, dx, dy);
}

void spice_session_position(struct spice_session *s, uint32_t x_px, uint32_t y_px)
{
    inputs_position(&s->inputs, x_px, y_px);
}

void spice_session_button(struct spice_session *s, uint8_t button, bool down)
{
    inputs_button(&s->inputs, button, down);
}

void spice_session_set_locks(struct spice_session *s, uint32_t locks)
{
    inputs_set_locks(&s->inputs, locks);
}

void spice_session_request_mouse_mode(struct spice_session *s, enum spice_mouse_mode mode)
{
    main_channel_request_mouse_mode(&s->main, mode);
}

uint32_t spice_session_mm_time(const struct spice_session *s)
{
    return main_channel_mm_time(&s->main);
}

size_t spice_session_agent_room(const struct spice_session *s)
{
    return main_channel_agent_room(&s->main);
}

int spice_session_agent_send(struct spice_session *s, const void *bytes, size_t count)
{
    return main_channel_agent_send(&s->main, bytes, count);
}
