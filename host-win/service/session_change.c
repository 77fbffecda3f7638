/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/session_change.h"

#include "base/macros.h"

/* The index is Windows' number (wtsapi32.h: WTS_CONSOLE_CONNECT 1 ... WTS_SESSION_TERMINATE 11). */
static const struct row {
    const char *text;
    struct session_reaction reaction;
} rows[] = {
    [0] = { "something happened to a session", { true, true } },
    [1] = { "a session got the screen", { true, true } },
    [2] = { "a session gave the screen away", { true, false } },
    [3] = { "a remote user connected", { true, true } },
    [4] = { "a remote user disconnected", { true, false } },
    [5] = { "a user logged on", { true, true } },
    [6] = { "a user logged off", { true, false } },
    [7] = { "a session was locked", { false, false } },
    [8] = { "a session was unlocked", { true, true } }, /* a tray that crashed comes back */
    [9] = { "a session's remote control changed", { false, false } },
    [10] = { "a session was created", { true, false } },
    [11] = { "a session ended", { true, false } },
};

static const struct row *find(uint32_t event)
{
    return &rows[event < ARRAY_LEN(rows) ? event : 0];
}

struct session_reaction session_change_reaction(uint32_t event)
{
    return find(event)->reaction;
}

const char *session_change_text(uint32_t event)
{
    return find(event)->text;
}
