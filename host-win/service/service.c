/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/service.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "host.h"
#include "service/child.h"
#include "service/launcher.h"
#include "service/session_change.h"
#include "service/settings_watch.h"
#include "service/trays.h"
#include "win/event_log.h"
#include "win/log_file.h"

#define LOG_MODULE "service"

enum {
    LOOK_MS = 5000, /* so often is looked at the screen and the settings unasked */
    TRAY_PATIENCE_MS = 1000,
    STOP_HINT_MS = LAUNCHER_GRACE_MS + TRAY_PATIENCE_MS + 2000,
};

struct service {
    SERVICE_STATUS_HANDLE handle;
    HANDLE wake; /* owned; auto-reset */
    struct {
        _Atomic bool stop, look, trays;
    } asked; /* the handler's thread raises them, the main one takes them */
    /* the main thread only */
    DWORD checkpoint; /* what is told to Windows while something takes its time; has to grow */
    struct launcher launcher;
    struct child *capture; /* owned; NULL: none */
    struct trays trays;
    struct settings_watch *watch; /* owned */
    struct log_file log;
};

/* Windows calls the main function without a word from us: the one thing at file scope. Set before,
 * constant then. */
static struct {
    const char *const *folders;
    unsigned folder_count;
    const char *log_folder;
} settings;

/* ---- what a person is told ---- */

static const struct {
    enum event_log_id id;
    const char *text;
} notes[] = {
    [LAUNCHER_NOTE_CRASHED] = { EVENT_LOG_CRASHED, "the capture process crashed" },
    [LAUNCHER_NOTE_FAILED] = { EVENT_LOG_FAILED, "the capture process gave up; its log says why" },
    [LAUNCHER_NOTE_USAGE] = { EVENT_LOG_FAILED,
                              "the settings (espelho-host.ini) hold a mistake; the log of the "
                              "capture process says which. Correct it: it is read again at once" },
    [LAUNCHER_NOTE_BUSY] = { EVENT_LOG_FAILED,
                             "another host program uses the shared memory already; end it, or this "
                             "service" },
    [LAUNCHER_NOTE_CANNOT_START] = { EVENT_LOG_FATAL, "the capture process cannot be started" },
    [LAUNCHER_NOTE_KILLED] = { EVENT_LOG_FAILED,
                               "the capture process did not end when asked and was ended" },
};

/* To the event log as well: that is where people look who do not know our log. */
static void tell_all(enum event_log_id id, const char *text)
{
    if (id == EVENT_LOG_STARTED || id == EVENT_LOG_STOPPED)
        log_info("%s", text);
    else
        log_err("%s", text);
    if (event_log_write(id, text) < 0)
        log_every(60000, LOG_LEVEL_WARN, "Windows' event log takes no entries");
}

static void tell(const struct launcher_decision *d)
{
    char text[512];
    if (d->note == LAUNCHER_NOTE_NONE)
        return;
    if (d->wait_ms)
        snprintf(text, sizeof(text), "%s. Next try in %.1f s", notes[d->note].text,
                 d->wait_ms / 1000.0);
    else
        snprintf(text, sizeof(text), "%s", notes[d->note].text);
    tell_all(notes[d->note].id, text);
}

/* ---- doing what the launcher decides ---- */

static bool carry_out(struct service *s, const struct launcher_decision *d)
{
    tell(d);
    switch (d->act) {
    case LAUNCHER_START:
        return child_start(CHILD_CAPTURE, d->session, &s->capture) == 0;
    case LAUNCHER_ASK:
        child_ask_to_stop(s->capture);
        break;
    case LAUNCHER_KILL:
        child_kill(s->capture);
        break;
    case LAUNCHER_NOTHING:
    case LAUNCHER_END:
        break;
    }
    return true;
}

static void happened(struct service *s, struct launcher_event event)
{
    const uint64_t now_ms = clock_ms();
    struct launcher_decision d = launcher_handle(&s->launcher, &event, now_ms);
    if (carry_out(s, &d))
        return;
    event.kind = LAUNCHER_START_FAILED; /* which never starts anything at once */
    d = launcher_handle(&s->launcher, &event, now_ms);
    tell(&d);
}

static void look_at_capture(struct service *s)
{
    uint32_t exit_code;
    if (!s->capture || !child_has_ended(s->capture, &exit_code))
        return;
    log_info("the capture process ended with %#x", exit_code);
    child_destroy(s->capture);
    s->capture = NULL;
    happened(s, (struct launcher_event){ .kind = LAUNCHER_EXITED, .exit_code = exit_code });
}

static void look_at_screen(struct service *s)
{
    happened(s, (struct launcher_event){ .kind = LAUNCHER_SESSION,
                                         .session = WTSGetActiveConsoleSessionId() });
}

/* ---- Windows' service control manager ---- */

static void report(struct service *s, DWORD state)
{
    const bool pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = state,
        .dwControlsAccepted =
            state == SERVICE_RUNNING
                ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_SESSIONCHANGE
                : 0,
        .dwCheckPoint = pending ? ++s->checkpoint : 0,
        .dwWaitHint = pending ? STOP_HINT_MS : 0,
    };
    SetServiceStatus(s->handle, &status);
}

static void on_session_change(struct service *s, DWORD event, const WTSSESSION_NOTIFICATION *n)
{
    const struct session_reaction reaction = session_change_reaction(event);
    log_info("%s (session %lu)", session_change_text(event), n ? n->dwSessionId : 0);
    if (reaction.look_at_screen)
        atomic_store(&s->asked.look, true);
    if (reaction.refresh_trays)
        atomic_store(&s->asked.trays, true);
}

/* Windows' thread. Returns at once. */
static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *ctx)
{
    struct service *s = ctx;
    switch (control) {
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
        atomic_store(&s->asked.stop, true);
        break;
    case SERVICE_CONTROL_SESSIONCHANGE:
        on_session_change(s, event, data);
        break;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
    SetEvent(s->wake);
    return NO_ERROR;
}

/* ---- the main thread ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void wait_for_something(struct service *s, uint64_t look_ms)
{
    HANDLE handles[2 + SETTINGS_FOLDERS_MAX];
    DWORD count = 0;
    const uint64_t now_ms = clock_ms();
    const uint64_t due_ms = earlier(
        look_ms, earlier(launcher_due_ms(&s->launcher), settings_watch_due_ms(s->watch, now_ms)));
    handles[count++] = s->wake;
    if (s->capture)
        handles[count++] = child_process(s->capture);
    count += (DWORD)settings_watch_handles(s->watch, now_ms, handles + count);
    WaitForMultipleObjects(count, handles, FALSE, due_ms > now_ms ? (DWORD)(due_ms - now_ms) : 0);
}

static void take_wishes(struct service *s)
{
    if (atomic_exchange(&s->asked.stop, false)) {
        report(s, SERVICE_STOP_PENDING);
        happened(s, (struct launcher_event){ .kind = LAUNCHER_STOP });
    }
    if (atomic_exchange(&s->asked.look, false))
        look_at_screen(s);
    if (atomic_exchange(&s->asked.trays, false) && !s->launcher.ending)
        trays_refresh(&s->trays);
}

static void service_loop(struct service *s)
{
    uint64_t look_ms = 0;
    trays_refresh(&s->trays);
    while (s->launcher.state != LAUNCHER_ENDED) {
        if (clock_ms() >= look_ms) {
            look_at_screen(s);
            look_ms = clock_ms() + LOOK_MS;
        }
        wait_for_something(s, look_ms);
        take_wishes(s);
        look_at_capture(s);
        if (settings_watch_changed(s->watch, clock_ms())) {
            log_info("the settings were changed");
            happened(s, (struct launcher_event){ .kind = LAUNCHER_SETTINGS });
        }
        happened(s, (struct launcher_event){ .kind = LAUNCHER_TIME });
        log_file_tick(&s->log);
    }
}

static void service_body(struct service *s)
{
    launcher_init(&s->launcher);
    if (log_file_start(&s->log, settings.log_folder, "espelho-service", false, 0) < 0)
        tell_all(EVENT_LOG_FAILED, "the service's log file cannot be written");
    if (settings_watch_create(settings.folders, settings.folder_count, &s->watch) < 0)
        return;
    report(s, SERVICE_RUNNING);
    tell_all(EVENT_LOG_STARTED, "the service has started");
    service_loop(s);
    report(s, SERVICE_STOP_PENDING);
    trays_stop(&s->trays, TRAY_PATIENCE_MS);
    tell_all(EVENT_LOG_STOPPED, "the service has stopped");
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    struct service s = { .wake = CreateEventW(NULL, FALSE, FALSE, NULL) };
    /* The first word is the name that the service was installed with. */
    s.handle = RegisterServiceCtrlHandlerExW(argc ? argv[0] : L"" SERVICE_NAME, on_control, &s);
    if (!s.handle) {
        log_err("Windows takes no handler from the service: error %lu", GetLastError());
        return;
    }
    report(&s, SERVICE_START_PENDING);
    if (s.wake)
        service_body(&s);
    child_destroy(s.capture);
    settings_watch_destroy(s.watch);
    /* After this the process may end at any time. */
    report(&s, SERVICE_STOPPED);
}

int service_run(const char *const *folders, unsigned count, const char *log_folder)
{
    wchar_t name[] = L"" SERVICE_NAME;
    const SERVICE_TABLE_ENTRYW table[] = { { name, service_main }, { NULL, NULL } };
    settings.folders = folders;
    settings.folder_count = count;
    settings.log_folder = log_folder;
    if (StartServiceCtrlDispatcherW(table))
        return HOST_EXIT_STOPPED;
    fprintf(stderr,
            "espelho-host: --service is for Windows' service control manager (error %lu). "
            "To start the service: espelho-host --start\n",
            GetLastError());
    return HOST_EXIT_USAGE;
}
