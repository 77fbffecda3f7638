/* SPDX-License-Identifier: GPL-2.0-or-later
 * Per selection one `side` with two roads. To the guest: requests wait in a row; the first is
 * answered by fetching from the desktop's program, then handing the spool to the agent's queue.
 * From the guest: pastes wait in a row; for the first one the agent is asked, its answer is
 * spooled, and fed to the paste's pipe when complete. */
#define LOG_MODULE "clipboard"

#include "clipboard/clipboard.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "clipboard/feed.h"
#include "clipboard/fetch.h"
#include "clipboard/line_end.h"
#include "clipboard/mime.h"
#include "clipboard/spool.h"

#define PASTES_MAX    16u /* a clipboard manager takes every type at once */
#define REQUESTS_MAX  8u
#define FEEDS_MAX     64u
#define CONVERT_BYTES 4096u
#define SHOWN_BYTES   (1024u * 1024) /* smaller transfers are not worth a line */
#define PROGRESS_NS   (100 * NS_PER_MS)
#define MIB           (1024.0 * 1024.0)

static_assert((int)SELECTION_CLIPBOARD == VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD &&
                  (int)SELECTION_PRIMARY == VD_AGENT_CLIPBOARD_SELECTION_PRIMARY,
              "our numbers are the agent's");

enum owner {
    OWNER_NONE,
    OWNER_DESKTOP, /* another program here */
    OWNER_GUEST,   /* what we offer to the desktop */
};

struct paste {
    enum clip_type type;
    int fd; /* owned */
};

/* Data that the agent's queue holds; lives until that lets it go. */
struct answer {
    struct side *side; /* NULL: the clipboard is gone */
    struct spool *data;
    uint64_t total_bytes;
};

struct progress {
    const char *what;
    uint64_t next_ns, total_bytes;
    bool shown;
};

struct side {
    struct clipboard *clipboard;
    enum selection_kind kind;
    enum owner owner;

    const char *offered[CLIP_TYPES]; /* by the desktop: constant names of mime.h, NULL: not */
    bool grabbed;                    /* the guest was told of them */
    struct {
        enum clip_type waiting[REQUESTS_MAX], type; /* type: of the fetch */
        size_t count;
        struct fetch *fetch;   /* not NULL: the first is being fetched ... */
        struct answer *answer; /* ... or sent */
        struct progress progress;
    } to_guest;
    struct {
        struct paste waiting[PASTES_MAX]; /* the first has been requested */
        size_t count;
        struct loop_source *timer;
        struct spool *data; /* not NULL: the answer is coming in */
        struct line_end line_end;
        struct progress progress;
    } to_host;
};

struct clipboard {
    struct loop *loop;
    struct spice_agent *agent;
    struct clipboard_desktop desktop;
    struct clipboard_config config;
    struct transfer_listener listener;
    struct side sides[SELECTION_KINDS];
    struct side *incoming; /* whose data the agent is sending; NULL: none */
    struct feed *feeds[FEEDS_MAX];
    size_t feed_count;
    bool focused;
};

/* ---- telling ---- */

static void notice(struct clipboard *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void notice(struct clipboard *c, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (c->listener.on_notice)
        c->listener.on_notice(c->listener.ctx, text);
}

static void progress_begin(struct progress *p, const char *what, uint64_t total_bytes)
{
    *p = (struct progress){ .what = what, .total_bytes = total_bytes };
}

static void progress_show(struct clipboard *c, struct progress *p, uint64_t done_bytes)
{
    const uint64_t now_ns = clock_ns();
    if (p->total_bytes < SHOWN_BYTES || now_ns < p->next_ns || !c->listener.on_progress)
        return;
    p->next_ns = now_ns + PROGRESS_NS;
    p->shown = true;
    c->listener.on_progress(c->listener.ctx, p->what, done_bytes, p->total_bytes);
}

static void progress_end(struct clipboard *c, struct progress *p, bool complete)
{
    const uint64_t bytes = complete ? p->total_bytes : 0;
    if (p->shown)
        c->listener.on_progress(c->listener.ctx, p->what, bytes, bytes);
    p->shown = false;
}

static bool side_used(const struct clipboard *c, uint32_t selection)
{
    return selection == SELECTION_CLIPBOARD ||
           (selection == SELECTION_PRIMARY && c->config.primary);
}

/* ---- to the guest ---- */

static void next_answer(struct side *s);

static void refuse(struct side *s)
{
    if (spice_agent_refuse_clipboard(s->clipboard->agent, s->kind) < 0)
        log_every(5000, LOG_LEVEL_WARN, "a paste in the guest could not be refused");
}

static void pull_answer(void *ctx, uint8_t *to, size_t count)
{
    struct answer *a = ctx;
    while (count > 0) {
        size_t have;
        const uint8_t *bytes = spool_peek(a->data, &have);
        assert(bytes); /* the size that was told is the spool's */
        const size_t take = have < count ? have : count;
        memcpy(to, bytes, take);
        spool_take(a->data, take);
        to += take;
        count -= take;
    }
    if (a->side)
        progress_show(a->side->clipboard, &a->side->to_guest.progress,
                      a->total_bytes - spool_bytes(a->data));
}

static void release_answer(void *ctx, bool sent)
{
    struct answer *a = ctx;
    if (a->side) {
        progress_end(a->side->clipboard, &a->side->to_guest.progress, sent);
        a->side->to_guest.answer = NULL;
        spice_agent_want_room(a->side->clipboard->agent); /* the next one is answered from there */
    }
    spool_destroy(a->data);
    free(a);
}

/* `data` is taken. */
static int send_answer(struct side *s, struct spool *data)
{
    struct clipboard *c = s->clipboard;
    struct answer *a = malloc(sizeof(*a));
    if (!a) {
        spool_destroy(data);
        return -ENOMEM;
    }
    *a = (struct answer){ .side = s, .data = data, .total_bytes = spool_bytes(data) };
    const struct spice_agent_source source = { .pull = pull_answer,
                                               .release = release_answer,
                                               .ctx = a };
    progress_begin(&s->to_guest.progress, _("clipboard to the guest"), a->total_bytes);
    s->to_guest.answer = a;
    const int err = spice_agent_send_clipboard(
        c->agent, s->kind, clip_type_to_agent(s->to_guest.type), (uint32_t)a->total_bytes, &source);
    if (err < 0) {
        s->to_guest.answer = NULL;
        spool_destroy(data);
        free(a);
    }
    return err;
}

static void on_fetched(void *ctx, int err, struct spool *data)
{
    struct side *s = ctx;
    struct clipboard *c = s->clipboard;
    s->to_guest.fetch = NULL;
    if (err == -EFBIG)
        notice(c,
               _("What was copied (%s) is larger than %.0f MiB and was not pasted in the guest: "
                 "clipboard:limit sets the limit"),
               clip_type_text(s->to_guest.type), (double)c->config.limit_bytes / MIB);
    else if (err < 0)
        notice(c,
               _("The program in which it was copied did not give it (%s). Nothing was pasted in "
                 "the guest: %s"),
               clip_type_text(s->to_guest.type), err_str(err));
    else
        err = send_answer(s, data);
    if (err < 0)
        refuse(s);
    next_answer(s);
}

static int start_fetch(struct side *s, enum clip_type type)
{
    struct clipboard *c = s->clipboard;
    int fd;
    int err = c->desktop.receive(c->desktop.ctx, s->kind, s->offered[type], &fd);
    if (err < 0)
        return err;
    const bool crlf =
        type == CLIP_TEXT && spice_agent_has_cap(c->agent, VD_AGENT_CAP_GUEST_LINEEND_CRLF);
    const struct fetch_config config = {
        .limit_bytes = c->config.limit_bytes,
        .timeout_ms = c->config.timeout_ms,
        .mode = crlf ? LINE_END_TO_CRLF : LINE_END_KEEP,
        .on_end = on_fetched,
        .ctx = s,
    };
    s->to_guest.type = type;
    return fetch_start(c->loop, fd, &config, &s->to_guest.fetch);
}

static void next_answer(struct side *s)
{
    while (s->to_guest.count > 0 && !s->to_guest.fetch && !s->to_guest.answer) {
        const enum clip_type type = s->to_guest.waiting[0];
        s->to_guest.count--;
        memmove(s->to_guest.waiting, s->to_guest.waiting + 1,
                s->to_guest.count * sizeof(s->to_guest.waiting[0]));
        if (s->owner != OWNER_DESKTOP || !s->offered[type] || start_fetch(s, type) < 0)
            refuse(s);
    }
}

void clipboard_on_request(struct clipboard *c, uint32_t selection, uint32_t agent_type)
{
    if (selection >= SELECTION_KINDS)
        return;
    struct side *s = &c->sides[selection];
    const enum clip_type type = clip_type_from_agent(agent_type);
    if (!side_used(c, selection) || !c->config.to_guest || !c->focused || !s->grabbed ||
        s->owner != OWNER_DESKTOP || type == CLIP_TYPES || !s->offered[type] ||
        s->to_guest.count == REQUESTS_MAX) {
        log_debug("the guest asked for type %u of selection %u: refused", agent_type, selection);
        refuse(s);
        return;
    }
    s->to_guest.waiting[s->to_guest.count++] = type;
    next_answer(s);
}

void clipboard_on_room(struct clipboard *c)
{
    for (size_t i = 0; i < SELECTION_KINDS; i++)
        next_answer(&c->sides[i]);
}

/* What is being fetched is not the selection any more: the guest gets nothing rather than a part of
 * one thing under the name of another. What the agent's queue has already goes out. */
static void give_up_fetching(struct side *s, bool tell)
{
    const size_t open = s->to_guest.count + (s->to_guest.fetch != NULL);
    fetch_cancel(s->to_guest.fetch);
    s->to_guest.fetch = NULL;
    s->to_guest.count = 0;
    for (size_t i = 0; tell && i < open; i++)
        refuse(s);
}

static void tell_guest(struct side *s)
{
    struct clipboard *c = s->clipboard;
    uint32_t types[CLIP_TYPES];
    size_t count = 0;
    for (size_t i = 0; i < CLIP_TYPES; i++)
        if (s->offered[i])
            types[count++] = clip_type_to_agent((enum clip_type)i);
    if (!c->config.to_guest || !spice_agent_has_clipboard(c->agent, s->kind))
        return;
    int err = 0;
    if (s->grabbed &&
        (count == 0 || !spice_agent_has_cap(c->agent, VD_AGENT_CAP_CLIPBOARD_NO_RELEASE_ON_REGRAB)))
        err = spice_agent_release(c->agent, s->kind);
    s->grabbed = false;
    if (err == 0 && count > 0)
        err = spice_agent_grab(c->agent, s->kind, types, count);
    s->grabbed = err == 0 && count > 0;
    if (err < 0)
        log_every(5000, LOG_LEVEL_WARN, "the guest was not told of a new clipboard: %s",
                  err_str(err));
}

void clipboard_on_offer(struct clipboard *c, enum selection_kind kind, const char *const *mimes,
                        size_t count)
{
    struct side *s = &c->sides[kind];
    if (!side_used(c, kind))
        return;
    give_up_fetching(s, true);
    mime_pick(mimes, count, s->offered);
    s->owner = count > 0 ? OWNER_DESKTOP : OWNER_NONE;
    tell_guest(s);
}

/* ---- from the guest ---- */

static void ask_guest(struct side *s);

static void on_fed(void *ctx, struct feed *feed, int err)
{
    struct clipboard *c = ctx;
    for (size_t i = 0; i < c->feed_count; i++)
        if (c->feeds[i] == feed)
            c->feeds[i] = c->feeds[--c->feed_count];
    if (err < 0)
        log_debug("a program did not read all of its paste: %s", err_str(err));
}

/* The first paste is over; with data it goes on as a feed, without it gets an end of file. */
static void end_paste(struct side *s, struct spool *data)
{
    struct clipboard *c = s->clipboard;
    const int fd = s->to_host.waiting[0].fd;
    s->to_host.count--;
    memmove(s->to_host.waiting, s->to_host.waiting + 1,
            s->to_host.count * sizeof(s->to_host.waiting[0]));
    loop_timer_set_ns(s->to_host.timer, 0, 0);
    if (!data || c->feed_count == FEEDS_MAX) {
        close(fd);
        spool_destroy(data);
        return;
    }
    const int err =
        feed_start(c->loop, fd, data, c->config.timeout_ms, on_fed, c, &c->feeds[c->feed_count]);
    if (err < 0)
        log_warn("write a paste: %s", err_str(err));
    else
        c->feed_count++;
}

static void forget_incoming(struct side *s)
{
    if (!s->to_host.data)
        return;
    progress_end(s->clipboard, &s->to_host.progress, false);
    spool_destroy(s->to_host.data);
    s->to_host.data = NULL;
    if (s->clipboard->incoming == s)
        s->clipboard->incoming = NULL; /* what still comes is dropped */
}

static void fail_pastes(struct side *s)
{
    forget_incoming(s);
    while (s->to_host.count > 0)
        end_paste(s, NULL);
}

static void restart_paste_timer(struct side *s)
{
    loop_timer_set_ns(s->to_host.timer, clock_ns() + s->clipboard->config.timeout_ms * NS_PER_MS,
                      0);
}

static void ask_guest(struct side *s)
{
    struct clipboard *c = s->clipboard;
    while (s->to_host.count > 0) {
        const uint32_t type = clip_type_to_agent(s->to_host.waiting[0].type);
        if (spice_agent_request(c->agent, s->kind, type) == 0) {
            restart_paste_timer(s);
            return;
        }
        end_paste(s, NULL);
    }
}

static void on_paste_timeout(void *ctx)
{
    struct side *s = ctx;
    if (s->to_host.count == 0)
        return;
    notice(s->clipboard,
           _("The guest did not give what was copied there (%s) within %u s: nothing was pasted"),
           clip_type_text(s->to_host.waiting[0].type), s->clipboard->config.timeout_ms / 1000);
    forget_incoming(s);
    end_paste(s, NULL);
    ask_guest(s);
}

void clipboard_on_paste(struct clipboard *c, enum selection_kind kind, const char *mime, int fd)
{
    struct side *s = &c->sides[kind];
    const enum clip_type type = clip_type_from_mime(mime);
    if (s->owner != OWNER_GUEST || !c->config.to_host || type == CLIP_TYPES ||
        s->to_host.count == PASTES_MAX) {
        close(fd);
        return;
    }
    s->to_host.waiting[s->to_host.count++] = (struct paste){ .type = type, .fd = fd };
    if (s->to_host.count == 1)
        ask_guest(s);
}

static uint64_t unread_bytes(const struct clipboard *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->feed_count; i++)
        bytes += feed_left_bytes(c->feeds[i]);
    return bytes;
}

/* Is there a reason not to take so much? Then it has been told. */
static bool too_much(struct clipboard *c, enum clip_type type, uint32_t total_bytes)
{
    if (total_bytes > c->config.limit_bytes) {
        notice(c,
               _("What was copied in the guest (%s) has %s MiB, more than %.0f MiB: nothing was "
                 "pasted; clipboard:limit sets the limit"),
               clip_type_text(type), DECIMAL(total_bytes / MIB, 1),
               (double)c->config.limit_bytes / MIB);
        return true;
    }
    if (unread_bytes(c) + total_bytes > 2 * c->config.limit_bytes) {
        notice(c, _("Programs here do not read what they paste: nothing was pasted"));
        return true;
    }
    return false;
}

bool clipboard_on_data_begin(struct clipboard *c, uint32_t selection, uint32_t agent_type,
                             uint32_t total_bytes)
{
    struct side *s = selection < SELECTION_KINDS ? &c->sides[selection] : NULL;
    if (!s || s->to_host.count == 0 || s->to_host.data)
        return false; /* nobody asked */
    const enum clip_type type = s->to_host.waiting[0].type;
    const bool none = agent_type == VD_AGENT_CLIPBOARD_NONE;
    if (!none && agent_type != clip_type_to_agent(type))
        return false; /* the late answer to an earlier request */
    if (none || too_much(c, type, total_bytes) ||
        spool_create(c->config.limit_bytes, &s->to_host.data) < 0) {
        end_paste(s, NULL);
        ask_guest(s);
        return false;
    }
    const bool crlf =
        type == CLIP_TEXT && spice_agent_has_cap(c->agent, VD_AGENT_CAP_GUEST_LINEEND_CRLF);
    s->to_host.line_end = (struct line_end){ .mode = crlf ? LINE_END_TO_LF : LINE_END_KEEP };
    progress_begin(&s->to_host.progress, _("clipboard from the guest"), total_bytes);
    c->incoming = s;
    restart_paste_timer(s);
    return true;
}

static void add_incoming(struct side *s, const uint8_t *bytes, size_t count)
{
    uint8_t converted[LINE_END_OUT_BYTES(CONVERT_BYTES)];
    int err = 0;
    while (count > 0 && err == 0) {
        const size_t take = count < CONVERT_BYTES ? count : CONVERT_BYTES;
        const size_t n = line_end_convert(&s->to_host.line_end, bytes, take, converted);
        err = spool_add(s->to_host.data, converted, n);
        bytes += take;
        count -= take;
    }
    if (err == 0)
        return;
    notice(s->clipboard, _("The guest's clipboard could not be taken: %s"), err_str(err));
    forget_incoming(s);
    end_paste(s, NULL);
    ask_guest(s);
}

void clipboard_on_data(struct clipboard *c, const uint8_t *bytes, size_t count)
{
    struct side *s = c->incoming;
    if (!s)
        return;
    restart_paste_timer(s);
    add_incoming(s, bytes, count);
    if (c->incoming)
        progress_show(c, &s->to_host.progress, spool_bytes(s->to_host.data));
}

void clipboard_on_data_end(struct clipboard *c)
{
    struct side *s = c->incoming;
    uint8_t last;
    if (!s)
        return;
    c->incoming = NULL;
    struct spool *data = s->to_host.data;
    s->to_host.data = NULL;
    const size_t n = line_end_finish(&s->to_host.line_end, &last);
    if (n > 0 && spool_add(data, &last, n) < 0)
        log_debug("the last CR of a text is lost");
    progress_end(c, &s->to_host.progress, true);
    end_paste(s, data);
    ask_guest(s);
}

void clipboard_on_grab(struct clipboard *c, uint32_t selection, const uint32_t *types, size_t count)
{
    if (!side_used(c, selection))
        return;
    struct side *s = &c->sides[selection];
    s->grabbed = false; /* the guest's selection is its own again */
    if (!c->config.to_host)
        return;
    uint32_t mask = 0;
    for (size_t i = 0; i < count; i++)
        if (clip_type_from_agent(types[i]) != CLIP_TYPES)
            mask |= 1u << clip_type_from_agent(types[i]);
    const char *names[MIME_NAMES_MAX];
    const size_t n = mime_names(mask, names);
    if (n == 0) {
        clipboard_on_release(c, selection); /* nothing that a program here could use */
        return;
    }
    give_up_fetching(s, true);
    const int err = c->desktop.offer(c->desktop.ctx, s->kind, names, n);
    if (err < 0)
        log_every(5000, LOG_LEVEL_WARN, "offer the guest's clipboard to the desktop: %s",
                  err_str(err));
    else
        s->owner = OWNER_GUEST;
}

void clipboard_on_release(struct clipboard *c, uint32_t selection)
{
    if (!side_used(c, selection) || c->sides[selection].owner != OWNER_GUEST)
        return;
    struct side *s = &c->sides[selection];
    s->owner = OWNER_NONE;
    fail_pastes(s);
    c->desktop.clear(c->desktop.ctx, s->kind);
}

void clipboard_on_lost(struct clipboard *c, enum selection_kind kind)
{
    if (c->sides[kind].owner == OWNER_GUEST)
        c->sides[kind].owner = OWNER_NONE; /* pastes that were begun are still served */
}

void clipboard_on_focus(struct clipboard *c, bool focused)
{
    c->focused = focused;
}

void clipboard_on_ready(struct clipboard *c, bool ready)
{
    for (size_t i = 0; i < SELECTION_KINDS; i++) {
        struct side *s = &c->sides[i];
        give_up_fetching(s, false); /* who asked is gone */
        s->grabbed = false;
        clipboard_on_release(c, (uint32_t)i); /* and so is what it had */
        fail_pastes(s);
        if (ready && s->owner == OWNER_DESKTOP)
            tell_guest(s);
    }
}

/* ---- life ---- */

static void block_sigpipe(void)
{
    sigset_t set; /* a reader that goes away is an error of write(), not our end */
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int clipboard_create(struct loop *loop, struct spice_agent *agent,
                     const struct clipboard_desktop *desktop, const struct clipboard_config *config,
                     const struct transfer_listener *listener, struct clipboard **out)
{
    assert(config->limit_bytes <= CLIPBOARD_LIMIT_MAX_BYTES);
    struct clipboard *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (struct clipboard){
        .loop = loop, .agent = agent, .desktop = *desktop, .config = *config, .listener = *listener
    };
    if (c->config.timeout_ms == 0)
        c->config.timeout_ms = CLIPBOARD_TIMEOUT_MS;
    for (size_t i = 0; i < SELECTION_KINDS; i++) {
        struct side *s = &c->sides[i];
        s->clipboard = c;
        s->kind = (enum selection_kind)i;
        const int err = loop_add_timer(loop, on_paste_timeout, s, &s->to_host.timer);
        if (err < 0) {
            clipboard_destroy(c);
            return err;
        }
    }
    block_sigpipe();
    spice_agent_set_max_clipboard(agent, (uint32_t)c->config.limit_bytes);
    *out = c;
    return 0;
}

static void side_fini(struct side *s)
{
    if (!s->clipboard)
        return;
    fetch_cancel(s->to_guest.fetch);
    if (s->to_guest.answer)
        s->to_guest.answer->side = NULL;
    fail_pastes(s);
    loop_source_destroy(s->to_host.timer);
}

void clipboard_destroy(struct clipboard *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < SELECTION_KINDS; i++)
        side_fini(&c->sides[i]);
    while (c->feed_count > 0)
        feed_cancel(c->feeds[--c->feed_count]);
    free(c);
}
