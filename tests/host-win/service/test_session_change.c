/* SPDX-License-Identifier: GPL-2.0-or-later
 * Wine never sends these; the numbers are those of wtsapi32.h. */
#include "test.h"

#if defined(_WIN32)
#include <windows.h>
#endif
#include "service/session_change.h"

static const struct {
    uint32_t event;
    bool look, trays;
} rows[] = {
    { UINT32_MAX, true, true }, { 0, true, true },   { 12, true, true }, /* unknown: look */
    { 1, true, true },                                                   /* console connect */
    { 2, true, false },         { 3, true, true },   { 4, true, false },
    { 5, true, true },   /* log-on */
    { 6, true, false },  /* log-off */
    { 7, false, false }, /* lock */
    { 8, true, true },   /* unlock */
    { 9, false, false },        { 10, true, false }, { 11, true, false },
};

TEST(reactions)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct session_reaction r = session_change_reaction(rows[i].event);
        CHECK_MSG(r.look_at_screen == rows[i].look && r.refresh_trays == rows[i].trays, "event %u",
                  rows[i].event);
        CHECK(session_change_text(rows[i].event)[0]);
    }
}

TEST(numbers_are_those_of_windows)
{
#if defined(_WIN32)
    CHECK_STR(session_change_text(WTS_CONSOLE_CONNECT), "a session got the screen");
    CHECK_STR(session_change_text(WTS_SESSION_LOGON), "a user logged on");
    CHECK_STR(session_change_text(WTS_SESSION_LOGOFF), "a user logged off");
    CHECK_STR(session_change_text(WTS_SESSION_LOCK), "a session was locked");
    CHECK_STR(session_change_text(WTS_SESSION_UNLOCK), "a session was unlocked");
    CHECK_STR(session_change_text(WTS_REMOTE_DISCONNECT), "a remote user disconnected");
#else
    SKIP("wtsapi32.h is Windows'");
#endif
}
