/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/trays.h"

#include <errno.h>
#include <windows.h>

#include <wtsapi32.h>

#include "base/log.h"
#include "base/macros.h"
#include "service/child.h"

#define LOG_MODULE "service"

static void forget_ended(struct trays *t)
{
    uint32_t exit_code;
    for (size_t i = 0; i < TRAYS_MAX; i++) {
        if (!t->places[i].child || !child_has_ended(t->places[i].child, &exit_code))
            continue;
        child_destroy(t->places[i].child);
        t->places[i].child = NULL;
    }
}

/* A free place for the session. NULL: it has a tray, or there are too many. */
static struct tray_place *place_for(struct trays *t, uint32_t session)
{
    struct tray_place *free_place = NULL;
    for (size_t i = 0; i < TRAYS_MAX; i++) {
        struct tray_place *p = &t->places[i];
        if (p->child && p->session == session)
            return NULL;
        if (!p->child && !free_place)
            free_place = p;
    }
    return free_place;
}

static void ensure_tray(struct trays *t, uint32_t session)
{
    struct tray_place *place = place_for(t, session);
    /* -ENOENT: the log-on screen. Other errors are in the log; a missing icon stops nothing. */
    if (place && child_start(CHILD_TRAY, session, &place->child) == 0)
        place->session = session;
}

static void ensure_remote_trays(struct trays *t)
{
    WTS_SESSION_INFOW *sessions = NULL;
    DWORD count = 0;
    if (!WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &sessions, &count)) {
        log_warn("cannot list the sessions: error %lu", GetLastError());
        return;
    }
    for (DWORD i = 0; i < count; i++) {
        if (sessions[i].State == WTSActive && sessions[i].SessionId != 0) /* 0: services */
            ensure_tray(t, sessions[i].SessionId);
    }
    WTSFreeMemory(sessions);
}

void trays_refresh(struct trays *trays)
{
    forget_ended(trays);
    const DWORD console = WTSGetActiveConsoleSessionId();
    if (console != UINT32_MAX) /* none, during a switch */
        ensure_tray(trays, console);
    ensure_remote_trays(trays);
}

void trays_stop(struct trays *trays, uint32_t patience_ms)
{
    HANDLE wait_for[TRAYS_MAX];
    DWORD count = 0;
    for (size_t i = 0; i < TRAYS_MAX; i++) {
        if (!trays->places[i].child)
            continue;
        child_ask_to_stop(trays->places[i].child);
        wait_for[count++] = child_process(trays->places[i].child);
    }
    if (count)
        WaitForMultipleObjects(count, wait_for, TRUE, patience_ms);
    for (size_t i = 0; i < TRAYS_MAX; i++) {
        child_destroy(trays->places[i].child);
        trays->places[i].child = NULL;
    }
}
