/* SPDX-License-Identifier: GPL-2.0-or-later
 * Stories: rows of what happens when, and what the launcher wants then. */
#include "test.h"

#include "host.h"
#include "service/launcher.h"

enum { CRASH_CODE = 0xC0000005 };

struct step {
    uint64_t at_ms;
    struct launcher_event event;
    enum launcher_act act;
    uint32_t session; /* of LAUNCHER_START */
    enum launcher_note note;
};

#define AT(ms) (ms)
#define SESSION(n)                                                                                 \
    {                                                                                              \
        .kind = LAUNCHER_SESSION, .session = (n)                                                   \
    }
#define NO_SESSION SESSION(LAUNCHER_NO_SESSION)
#define EXITED(code)                                                                               \
    {                                                                                              \
        .kind = LAUNCHER_EXITED, .exit_code = (uint32_t)(code)                                     \
    }
#define JUST(kind_)                                                                                \
    {                                                                                              \
        .kind = LAUNCHER_##kind_                                                                   \
    }
#define NOTHING       LAUNCHER_NOTHING, 0, LAUNCHER_NOTE_NONE
#define START(n)      LAUNCHER_START, (n), LAUNCHER_NOTE_NONE
#define DO(act_)      LAUNCHER_##act_, 0, LAUNCHER_NOTE_NONE
#define TELL(note_)   LAUNCHER_NOTHING, 0, LAUNCHER_NOTE_##note_
#define KILL_AND_TELL LAUNCHER_KILL, 0, LAUNCHER_NOTE_KILLED

static void tell(const struct step *steps, size_t count)
{
    struct launcher l;
    launcher_init(&l);
    for (size_t i = 0; i < count; i++) {
        const struct launcher_decision d = launcher_handle(&l, &steps[i].event, steps[i].at_ms);
        CHECK_MSG(d.act == steps[i].act, "step %zu: act %d, expected %d", i, d.act, steps[i].act);
        CHECK_MSG(d.session == steps[i].session, "step %zu: session %u", i, d.session);
        CHECK_MSG(d.note == steps[i].note, "step %zu: note %d, expected %d", i, d.note,
                  steps[i].note);
    }
}

#define STORY(...)                                                                                 \
    do {                                                                                           \
        static const struct step steps[] = { __VA_ARGS__ };                                        \
        tell(steps, ARRAY_LEN(steps));                                                             \
    } while (0)

/* clang-format off */
TEST(starts_in_the_session_with_the_screen)
{
    STORY(
        { AT(0), JUST(TIME), NOTHING },
        { AT(10), NO_SESSION, NOTHING },
        { AT(20), SESSION(1), START(1) },
        { AT(5000), SESSION(1), NOTHING },
        { AT(9000), JUST(TIME), NOTHING });
}

TEST(follows_the_screen_to_another_session)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(1000), SESSION(2), DO(ASK) },
        { AT(1000), SESSION(2), NOTHING },
        { AT(1100), EXITED(HOST_EXIT_STOPPED), START(2) },
        { AT(2000), NO_SESSION, DO(ASK) },
        { AT(2100), EXITED(HOST_EXIT_STOPPED), NOTHING },
        { AT(2200), SESSION(3), START(3) });
}

TEST(the_screen_comes_back_while_it_stops)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(1000), SESSION(2), DO(ASK) },
        { AT(1050), SESSION(1), NOTHING },
        { AT(1100), EXITED(HOST_EXIT_STOPPED), START(1) });
}

/* Windows ends the programs of a session that goes away, with whatever code. */
TEST(a_logoff_ends_it)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(70000), EXITED(HOST_EXIT_STOPPED), NOTHING },
        { AT(70010), NO_SESSION, NOTHING },
        { AT(70020), JUST(TIME), NOTHING },
        { AT(70300), SESSION(2), START(2) });
}

TEST(a_logoff_that_is_told_late)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(70000), EXITED(HOST_EXIT_STOPPED), NOTHING },
        { AT(70250), JUST(TIME), START(1) },
        { AT(70260), JUST(START_FAILED), TELL(CANNOT_START) },
        { AT(70270), SESSION(2), START(2) });
}

TEST(restart_is_at_once)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(3000), EXITED(HOST_EXIT_RESTART), START(1) },
        { AT(6000), EXITED(HOST_EXIT_RESTART), START(1) });
}

/* Somebody who asks for it all the time. */
TEST(restarts_without_end_are_slowed_down)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(HOST_EXIT_RESTART), NOTHING },
        { AT(349), JUST(TIME), NOTHING },
        { AT(350), JUST(TIME), START(1) },
        { AT(400), EXITED(HOST_EXIT_RESTART), NOTHING },
        { AT(899), JUST(TIME), NOTHING },
        { AT(900), JUST(TIME), START(1) });
}

TEST(a_crash_is_told_once)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(CRASH_CODE), TELL(CRASHED) },
        { AT(350), JUST(TIME), START(1) },
        { AT(400), EXITED(CRASH_CODE), NOTHING },
        { AT(900), JUST(TIME), START(1) },
        { AT(1000), EXITED(HOST_EXIT_FAILED), TELL(FAILED) },
        { AT(1999), JUST(TIME), NOTHING },
        { AT(2000), JUST(TIME), START(1) },
        { AT(2100), EXITED(CRASH_CODE), TELL(CRASHED) });
}

TEST(a_long_life_forgives)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(CRASH_CODE), TELL(CRASHED) },
        { AT(350), JUST(TIME), START(1) },
        { AT(500), EXITED(CRASH_CODE), NOTHING },
        { AT(1000), JUST(TIME), START(1) },
        { AT(61000), EXITED(CRASH_CODE), TELL(CRASHED) },
        { AT(61249), JUST(TIME), NOTHING },
        { AT(61250), JUST(TIME), START(1) });
}

TEST(bad_options_wait_for_new_settings)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(HOST_EXIT_USAGE), TELL(USAGE) },
        { AT(299000), JUST(TIME), NOTHING },
        { AT(299500), JUST(SETTINGS), START(1) },
        { AT(299600), EXITED(HOST_EXIT_USAGE), TELL(USAGE) },
        { AT(599599), JUST(TIME), NOTHING },
        { AT(599600), JUST(TIME), START(1) },
        { AT(599700), EXITED(HOST_EXIT_USAGE), NOTHING });
}

TEST(busy_waits_half_a_minute)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(HOST_EXIT_BUSY), TELL(BUSY) },
        { AT(30099), JUST(TIME), NOTHING },
        { AT(30100), JUST(TIME), START(1) },
        { AT(30200), EXITED(HOST_EXIT_BUSY), NOTHING },
        { AT(30300), SESSION(2), START(2) });
}

TEST(new_settings_restart_it)
{
    STORY(
        { AT(0), JUST(SETTINGS), NOTHING },
        { AT(1), SESSION(1), START(1) },
        { AT(5000), JUST(SETTINGS), DO(ASK) },
        { AT(5001), JUST(SETTINGS), NOTHING },
        { AT(5100), EXITED(HOST_EXIT_STOPPED), START(1) },
        { AT(9000), JUST(SETTINGS), DO(ASK) },
        { AT(9100), EXITED(CRASH_CODE), START(1) });
}

TEST(stop_is_graceful)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), JUST(STOP), DO(ASK) },
        { AT(150), JUST(STOP), NOTHING },
        { AT(200), EXITED(HOST_EXIT_STOPPED), DO(END) },
        { AT(300), SESSION(2), NOTHING },
        { AT(300), JUST(TIME), NOTHING },
        { AT(300), EXITED(0), NOTHING });
}

TEST(who_does_not_stop_is_killed)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), JUST(STOP), DO(ASK) },
        { AT(5099), JUST(TIME), NOTHING },
        { AT(5100), JUST(TIME), KILL_AND_TELL },
        { AT(5101), JUST(TIME), NOTHING },
        { AT(5150), SESSION(2), NOTHING },
        { AT(5200), EXITED(1), DO(END) });
}

TEST(killed_for_another_session)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), SESSION(2), DO(ASK) },
        { AT(5100), JUST(TIME), KILL_AND_TELL },
        { AT(5200), EXITED(1), START(2) });
}

TEST(stop_with_nothing_running)
{
    STORY(
        { AT(0), JUST(STOP), DO(END) },
        { AT(10), SESSION(1), NOTHING });
}

TEST(stop_while_it_waits)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(CRASH_CODE), TELL(CRASHED) },
        { AT(200), JUST(STOP), DO(END) });
}

TEST(stop_during_a_session_change)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), SESSION(2), DO(ASK) },
        { AT(150), JUST(STOP), NOTHING },
        { AT(200), EXITED(HOST_EXIT_STOPPED), DO(END) });
}

TEST(a_person_quits)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), EXITED(HOST_EXIT_QUIT), DO(END) });
}

TEST(a_person_quits_while_it_is_being_restarted)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(100), JUST(SETTINGS), DO(ASK) },
        { AT(150), EXITED(HOST_EXIT_QUIT), DO(END) });
}

TEST(cannot_be_started)
{
    STORY(
        { AT(0), SESSION(1), START(1) },
        { AT(0), JUST(START_FAILED), TELL(CANNOT_START) },
        { AT(249), JUST(TIME), NOTHING },
        { AT(250), JUST(TIME), START(1) },
        { AT(250), JUST(START_FAILED), NOTHING },
        { AT(750), JUST(TIME), START(1) });
}

TEST(events_that_cannot_be)
{
    STORY(
        { AT(0), EXITED(0), NOTHING },
        { AT(0), JUST(START_FAILED), NOTHING },
        { AT(5), SESSION(1), START(1) });
}
/* clang-format on */

TEST(backoff_has_an_end_and_is_waited_for)
{
    struct launcher l;
    launcher_init(&l);
    const struct launcher_event begin = SESSION(1), crash = EXITED(CRASH_CODE), time = JUST(TIME);
    uint64_t now_ms = 1000, waited_ms = 0;
    CHECK_INT(launcher_handle(&l, &begin, now_ms).act, LAUNCHER_START);
    for (int i = 0; i < 100; i++) {
        CHECK(launcher_due_ms(&l) == UINT64_MAX); /* it runs: nothing to wait for */
        const struct launcher_decision d = launcher_handle(&l, &crash, now_ms);
        CHECK(d.wait_ms >= waited_ms && d.wait_ms <= LAUNCHER_BACKOFF_MAX_MS);
        CHECK(launcher_due_ms(&l) == now_ms + d.wait_ms);
        waited_ms = d.wait_ms;
        now_ms = launcher_due_ms(&l);
        CHECK_INT(launcher_handle(&l, &time, now_ms).act, LAUNCHER_START);
    }
    CHECK_INT(waited_ms, LAUNCHER_BACKOFF_MAX_MS);
}

/* Any order of events: never two processes, never one after the end, and a stop ends it. */
TEST(random_events_keep_the_rules)
{
    uint32_t seed = 12345;
    for (int round = 0; round < 2000; round++) {
        struct launcher l;
        launcher_init(&l);
        uint64_t now_ms = 0;
        bool process = false, ended = false;
        for (int i = 0; i < 60; i++) {
            seed = seed * 1664525u + 1013904223u;
            static const uint32_t codes[] = { 0, 1, 2, 10, 11, 12, CRASH_CODE };
            struct launcher_event e = { .kind = (enum launcher_event_kind)(seed >> 8) % 6,
                                        .session = (seed >> 16) % 3 ? (seed >> 16) % 3
                                                                    : LAUNCHER_NO_SESSION,
                                        .exit_code = codes[(seed >> 20) % ARRAY_LEN(codes)] };
            if (e.kind == LAUNCHER_STOP && (seed >> 28) != 0)
                e.kind = LAUNCHER_TIME;
            if (i == 59)
                e.kind = LAUNCHER_STOP;
            if ((e.kind == LAUNCHER_EXITED || e.kind == LAUNCHER_START_FAILED) && !process)
                continue;
            process = process && e.kind != LAUNCHER_EXITED && e.kind != LAUNCHER_START_FAILED;
            now_ms += (seed >> 12) % 4000;
            const struct launcher_decision d = launcher_handle(&l, &e, now_ms);
            CHECK(d.act != LAUNCHER_START || (!process && !ended));
            CHECK((d.act != LAUNCHER_ASK && d.act != LAUNCHER_KILL) || process);
            CHECK(d.act != LAUNCHER_END || !process);
            process = process || d.act == LAUNCHER_START;
            ended = ended || d.act == LAUNCHER_END;
        }
        const struct launcher_event exited = EXITED(0);
        if (process)
            ended = launcher_handle(&l, &exited, now_ms).act == LAUNCHER_END;
        CHECK(ended);
    }
}
