/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/launcher.h - decides when the capture process runs, and in which session.
 * Portable, pure: events and times go in, what to do comes out; the service does it.
 *
 * One capture process at most. It runs in the session that owns the screen (the "console" session).
 * When that changes, it is stopped and started anew in the other. When it ends by itself, its exit
 * code decides:
 *   asked to restart     at once; but a process that lived shorter than LAUNCHER_SHORT_LIFE_MS
 * waits as after a crash, or whoever asks could keep the machine busy ended by a person    the
 * service ends too bad options          waits LAUNCHER_USAGE_WAIT_MS, or until the settings change
 *   busy                 waits LAUNCHER_BUSY_WAIT_MS: another host program has the region
 *   anything else        a crash: waits 250 ms, then twice as long each time up to
 *                        LAUNCHER_BACKOFF_MAX_MS; a life of LAUNCHER_HEALTHY_MS starts over
 * A process that was asked to stop and does not is killed after LAUNCHER_GRACE_MS.
 *
 * Threads: one. Times are milliseconds of a monotonic clock. */
#ifndef ESPELHO_SERVICE_LAUNCHER_H
#define ESPELHO_SERVICE_LAUNCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

enum {
    LAUNCHER_GRACE_MS = 5000,
    LAUNCHER_SHORT_LIFE_MS = 2000,
    LAUNCHER_HEALTHY_MS = 60000,
    LAUNCHER_BACKOFF_MIN_MS = 250,
    LAUNCHER_BACKOFF_MAX_MS = 30000,
    LAUNCHER_BUSY_WAIT_MS = 30000,
    LAUNCHER_USAGE_WAIT_MS = 300000,
};

/* Windows' number while no session owns the screen (during a switch). */
#define LAUNCHER_NO_SESSION UINT32_C(0xffffffff)

enum launcher_event_kind {
    LAUNCHER_TIME,         /* nothing but time has passed */
    LAUNCHER_SESSION,      /* `session` owns the screen; also as the first event of all, and without
                              a change */
    LAUNCHER_EXITED,       /* the process ended, with `exit_code` */
    LAUNCHER_START_FAILED, /* the start that was asked for did not work */
    LAUNCHER_SETTINGS,     /* the settings were changed */
    LAUNCHER_STOP,         /* the service is to end */
};

struct launcher_event {
    enum launcher_event_kind kind;
    uint32_t session, exit_code;
};

enum launcher_act {
    LAUNCHER_NOTHING,
    LAUNCHER_START, /* a process in `session` */
    LAUNCHER_ASK,   /* the process to end */
    LAUNCHER_KILL,  /* the process */
    LAUNCHER_END,   /* no process is left: the service ends */
};

/* What a person should be told. Each comes once in a row of the same. */
enum launcher_note {
    LAUNCHER_NOTE_NONE,
    LAUNCHER_NOTE_CRASHED,
    LAUNCHER_NOTE_FAILED, /* it said why in its log */
    LAUNCHER_NOTE_USAGE,
    LAUNCHER_NOTE_BUSY,
    LAUNCHER_NOTE_CANNOT_START,
    LAUNCHER_NOTE_KILLED, /* it did not end when asked */
};

struct launcher_decision {
    enum launcher_act act;
    uint32_t session; /* LAUNCHER_START */
    enum launcher_note note;
    uint32_t wait_ms; /* with a note: until the next try; 0: none */
};

enum launcher_state {
    LAUNCHER_IDLE, /* no process: no session, or waits until `due_ms` */
    LAUNCHER_RUNNING,
    LAUNCHER_STOPPING, /* was asked; is killed at `due_ms` */
    LAUNCHER_KILLING,
    LAUNCHER_ENDED,
};

struct launcher { /* its own; embedded */
    enum launcher_state state;
    uint32_t wanted_session, session; /* that owns the screen; that the process is in */
    uint64_t due_ms, started_ms;
    uint32_t backoff_ms; /* of the next crash */
    bool ending;         /* the service ends */
    enum launcher_note last_note;
};

void launcher_init(struct launcher *launcher);
struct launcher_decision launcher_handle(struct launcher *launcher,
                                         const struct launcher_event *event,
                                         uint64_t now_ms) MUST_CHECK;
/* When launcher_handle() wants a LAUNCHER_TIME; UINT64_MAX: never. */
uint64_t launcher_due_ms(const struct launcher *launcher);

#endif
