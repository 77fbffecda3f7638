/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/launcher.h"

#include "host.h"

void launcher_init(struct launcher *launcher)
{
    *launcher = (struct launcher){ .state = LAUNCHER_IDLE,
                                   .wanted_session = LAUNCHER_NO_SESSION,
                                   .session = LAUNCHER_NO_SESSION,
                                   .backoff_ms = LAUNCHER_BACKOFF_MIN_MS };
}

uint64_t launcher_due_ms(const struct launcher *l)
{
    const bool waits = l->state == LAUNCHER_STOPPING ||
                       (l->state == LAUNCHER_IDLE && l->wanted_session != LAUNCHER_NO_SESSION);
    return waits ? l->due_ms : UINT64_MAX;
}

static struct launcher_decision nothing(void)
{
    return (struct launcher_decision){ .act = LAUNCHER_NOTHING };
}

/* A person reads it once, not every half minute. */
static enum launcher_note note_once(struct launcher *l, enum launcher_note note)
{
    if (note == l->last_note)
        return LAUNCHER_NOTE_NONE;
    l->last_note = note;
    return note;
}

/* ---- towards a process ---- */

static struct launcher_decision start_if_due(struct launcher *l, uint64_t now_ms)
{
    if (l->wanted_session == LAUNCHER_NO_SESSION || now_ms < l->due_ms)
        return nothing();
    l->state = LAUNCHER_RUNNING;
    l->session = l->wanted_session;
    l->started_ms = now_ms;
    return (struct launcher_decision){ .act = LAUNCHER_START, .session = l->session };
}

static struct launcher_decision wait_for(struct launcher *l, enum launcher_note note,
                                         uint32_t wait_ms, uint64_t now_ms)
{
    l->state = LAUNCHER_IDLE;
    l->due_ms = now_ms + wait_ms;
    return (struct launcher_decision){ .act = LAUNCHER_NOTHING,
                                       .note = note_once(l, note),
                                       .wait_ms = wait_ms };
}

static uint32_t next_backoff_ms(struct launcher *l)
{
    const uint32_t wait_ms = l->backoff_ms;
    l->backoff_ms = wait_ms < LAUNCHER_BACKOFF_MAX_MS / 2 ? wait_ms * 2 : LAUNCHER_BACKOFF_MAX_MS;
    return wait_ms;
}

/* ---- away from one ---- */

static struct launcher_decision ask(struct launcher *l, uint64_t now_ms)
{
    l->state = LAUNCHER_STOPPING;
    l->due_ms = now_ms + LAUNCHER_GRACE_MS;
    return (struct launcher_decision){ .act = LAUNCHER_ASK };
}

static struct launcher_decision end(struct launcher *l)
{
    l->state = LAUNCHER_ENDED;
    return (struct launcher_decision){ .act = LAUNCHER_END };
}

/* It ended because we wanted it to. */
static struct launcher_decision after_stop(struct launcher *l, uint64_t now_ms)
{
    l->state = LAUNCHER_IDLE;
    l->due_ms = now_ms;
    return start_if_due(l, now_ms);
}

static struct launcher_decision restart_asked(struct launcher *l, bool short_life, uint64_t now_ms)
{
    l->state = LAUNCHER_IDLE;
    l->due_ms = now_ms + (short_life ? next_backoff_ms(l) : 0);
    return start_if_due(l, now_ms);
}

static struct launcher_decision after_own_end(struct launcher *l, uint32_t exit_code,
                                              uint64_t now_ms)
{
    const uint64_t life_ms = now_ms - l->started_ms;
    if (life_ms >= LAUNCHER_HEALTHY_MS) {
        l->backoff_ms = LAUNCHER_BACKOFF_MIN_MS;
        l->last_note = LAUNCHER_NOTE_NONE;
    }
    switch (exit_code) {
    case HOST_EXIT_QUIT:
        return end(l);
    case HOST_EXIT_RESTART:
        return restart_asked(l, life_ms < LAUNCHER_SHORT_LIFE_MS, now_ms);
    case HOST_EXIT_USAGE:
        return wait_for(l, LAUNCHER_NOTE_USAGE, LAUNCHER_USAGE_WAIT_MS, now_ms);
    case HOST_EXIT_BUSY:
        return wait_for(l, LAUNCHER_NOTE_BUSY, LAUNCHER_BUSY_WAIT_MS, now_ms);
    case HOST_EXIT_FAILED:
        return wait_for(l, LAUNCHER_NOTE_FAILED, next_backoff_ms(l), now_ms);
    case HOST_EXIT_STOPPED: /* Windows ends programs at a log-off: no reason to tell anybody */
        return wait_for(l, l->last_note, next_backoff_ms(l), now_ms);
    default:
        return wait_for(l, LAUNCHER_NOTE_CRASHED, next_backoff_ms(l), now_ms);
    }
}

/* ---- events ---- */

static bool has_process(const struct launcher *l)
{
    return l->state == LAUNCHER_RUNNING || l->state == LAUNCHER_STOPPING ||
           l->state == LAUNCHER_KILLING;
}

static struct launcher_decision on_session(struct launcher *l, uint32_t session, uint64_t now_ms)
{
    const bool changed = session != l->wanted_session;
    l->wanted_session = session;
    if (l->state == LAUNCHER_RUNNING && l->session != session)
        return ask(l, now_ms);
    if (l->state != LAUNCHER_IDLE)
        return nothing();
    if (changed) { /* what failed in the other session may work in this one */
        l->due_ms = now_ms;
        l->backoff_ms = LAUNCHER_BACKOFF_MIN_MS;
    }
    return start_if_due(l, now_ms);
}

static struct launcher_decision on_settings(struct launcher *l, uint64_t now_ms)
{
    l->backoff_ms = LAUNCHER_BACKOFF_MIN_MS;
    l->last_note = LAUNCHER_NOTE_NONE;
    if (l->state == LAUNCHER_RUNNING)
        return ask(l, now_ms);
    if (l->state != LAUNCHER_IDLE)
        return nothing();
    l->due_ms = now_ms;
    return start_if_due(l, now_ms);
}

static struct launcher_decision on_exited(struct launcher *l, uint32_t exit_code, uint64_t now_ms)
{
    const bool wanted = l->state == LAUNCHER_STOPPING || l->state == LAUNCHER_KILLING;
    if (!has_process(l))
        return nothing();
    if (l->ending)
        return end(l);
    /* A person's "quit" counts even if it crossed our own wish. */
    if (wanted && exit_code != HOST_EXIT_QUIT)
        return after_stop(l, now_ms);
    return after_own_end(l, exit_code, now_ms);
}

static struct launcher_decision on_start_failed(struct launcher *l, uint64_t now_ms)
{
    if (!has_process(l))
        return nothing();
    if (l->ending)
        return end(l);
    return wait_for(l, LAUNCHER_NOTE_CANNOT_START, next_backoff_ms(l), now_ms);
}

static struct launcher_decision on_stop(struct launcher *l, uint64_t now_ms)
{
    l->ending = true;
    if (l->state == LAUNCHER_RUNNING)
        return ask(l, now_ms);
    return has_process(l) ? nothing() : end(l);
}

static struct launcher_decision on_time(struct launcher *l, uint64_t now_ms)
{
    if (l->state == LAUNCHER_IDLE)
        return start_if_due(l, now_ms);
    if (l->state != LAUNCHER_STOPPING || now_ms < l->due_ms)
        return nothing();
    l->state = LAUNCHER_KILLING;
    return (struct launcher_decision){ .act = LAUNCHER_KILL,
                                       .note = note_once(l, LAUNCHER_NOTE_KILLED) };
}

struct launcher_decision launcher_handle(struct launcher *l, const struct launcher_event *event,
                                         uint64_t now_ms)
{
    if (l->state == LAUNCHER_ENDED)
        return nothing();
    switch (event->kind) {
    case LAUNCHER_TIME:
        return on_time(l, now_ms);
    case LAUNCHER_SESSION:
        return on_session(l, event->session, now_ms);
    case LAUNCHER_EXITED:
        return on_exited(l, event->exit_code, now_ms);
    case LAUNCHER_START_FAILED:
        return on_start_failed(l, now_ms);
    case LAUNCHER_SETTINGS:
        return on_settings(l, now_ms);
    case LAUNCHER_STOP:
        return on_stop(l, now_ms);
    }
    return nothing();
}
