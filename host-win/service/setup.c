/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/setup.h"

#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/utf16.h"
#include "service/service.h"
#include "win/event_log.h"

enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STEP_MS = 100,
    START_MAX_MS = 20000,
    STOP_MAX_MS = 20000,
    GONE_MAX_MS = 5000,
    PATH_CHARS = 1024,
    MESSAGE_CHARS = 512,
};

#define NAME L"" SERVICE_NAME

static wchar_t display_name[] = L"Espelho host";
static wchar_t description[] =
    L"Shows the desktop of this virtual machine in a window on the machine that runs it.";

/* Both are NULL if unset. */
struct setup {
    SC_HANDLE manager, service; /* owned */
};

/* ---- words ---- */

static const struct {
    DWORD error;
    const char *text;
} known[] = {
    { ERROR_ACCESS_DENIED, "this needs administrator rights. Open a terminal with \"Run as "
                           "administrator\" and try again" },
    { ERROR_SERVICE_DOES_NOT_EXIST,
      "the service is not installed. Install it first: espelho-host --install-service" },
    { ERROR_SERVICE_MARKED_FOR_DELETE,
      "the service is being removed, but another program has it open. Close the window of Windows' "
      "services and the task manager, then try again" },
    { ERROR_SERVICE_DISABLED,
      "the service is disabled. Set it to automatic in Windows' services (services.msc)" },
    { ERROR_SERVICE_REQUEST_TIMEOUT, "the service did not answer Windows in time" },
    { ERROR_FILE_NOT_FOUND,
      "the program that the service runs is not there any more. Install again: espelho-host "
      "--install-service" },
    { ERROR_SERVICE_LOGON_FAILED, "Windows refuses the service's account" },
};

/* Windows' own words for what is not in the table. */
static void windows_text(DWORD error, char *text, size_t text_bytes)
{
    wchar_t wide[MESSAGE_CHARS];
    const DWORD len = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                         FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                     NULL, error, 0, wide, MESSAGE_CHARS, NULL);
    wide[len] = L'\0';
    utf16_to_utf8((const uint16_t *)wide, text, text_bytes);
}

static int failed(const char *what, DWORD error)
{
    char text[MESSAGE_CHARS];
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].error != error)
            continue;
        fprintf(stderr, "espelho-host: cannot %s: %s.\n", what, known[i].text);
        return STATUS_FAILED;
    }
    windows_text(error, text, sizeof(text));
    fprintf(stderr, "espelho-host: cannot %s: %s (error %lu)\n", what, text, error);
    return STATUS_FAILED;
}

static int done(const char *text)
{
    printf("%s\n", text);
    return STATUS_OK;
}

/* ---- the manager and the service ---- */

static void setup_close(struct setup *s)
{
    if (s->service)
        CloseServiceHandle(s->service);
    if (s->manager)
        CloseServiceHandle(s->manager);
    *s = (struct setup){ 0 };
}

/* 0 or Windows' error. */
static DWORD setup_open(struct setup *s, DWORD manager_access, DWORD service_access)
{
    *s = (struct setup){ .manager = OpenSCManagerW(NULL, NULL, manager_access) };
    if (!s->manager)
        return GetLastError();
    s->service = OpenServiceW(s->manager, NAME, service_access);
    return s->service ? 0 : GetLastError();
}

static DWORD state_of(SC_HANDLE service)
{
    SERVICE_STATUS status = { 0 };
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : 0;
}

/* True: it got there. Gives up when it is stopped instead. */
static bool wait_for_state(SC_HANDLE service, DWORD wanted, uint32_t max_ms)
{
    const uint64_t until_ms = clock_ms() + max_ms;
    for (;;) {
        const DWORD state = state_of(service);
        if (state == wanted)
            return true;
        if (state == SERVICE_STOPPED || clock_ms() >= until_ms)
            return false;
        Sleep(STEP_MS);
    }
}

/* ---- install ---- */

/* "C:\Program Files\Espelho\espelho-host.exe" --service: the quotes are not decoration, Windows
 * would try C:\Program.exe first. */
static bool command_line(wchar_t line[PATH_CHARS])
{
    wchar_t path[PATH_CHARS];
    const DWORD len = GetModuleFileNameW(NULL, path, PATH_CHARS);
    if (len == 0 || len >= PATH_CHARS)
        return false;
    const int line_len = snwprintf(line, PATH_CHARS, L"\"%ls\" --service", path);
    return line_len > 0 && line_len < PATH_CHARS;
}

static DWORD create_or_change(struct setup *s, const wchar_t *line)
{
    const DWORD access = SERVICE_CHANGE_CONFIG | SERVICE_START;
    s->service = CreateServiceW(s->manager, NAME, display_name, access, SERVICE_WIN32_OWN_PROCESS,
                                SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line, NULL, NULL, NULL,
                                NULL, NULL);
    if (s->service)
        return 0;
    if (GetLastError() != ERROR_SERVICE_EXISTS)
        return GetLastError();
    s->service = OpenServiceW(s->manager, NAME, access);
    if (!s->service)
        return GetLastError();
    return ChangeServiceConfigW(s->service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                SERVICE_ERROR_NORMAL, line, NULL, NULL, NULL, NULL, NULL,
                                display_name)
               ? 0
               : GetLastError();
}

/* Windows restarts the service itself, should it crash; what it started ended with it. */
static bool configure(SC_HANDLE service)
{
    SERVICE_DESCRIPTIONW text = { .lpDescription = description };
    SC_ACTION actions[] = { { SC_ACTION_RESTART, 1000 },
                            { SC_ACTION_RESTART, 5000 },
                            { SC_ACTION_RESTART, 60000 } };
    SERVICE_FAILURE_ACTIONSW failure = { .dwResetPeriod = 24 * 60 * 60,
                                         .cActions = ARRAY_LEN(actions),
                                         .lpsaActions = actions };
    SERVICE_DELAYED_AUTO_START_INFO delayed = { .fDelayedAutostart = FALSE };
    if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &text) ||
        !ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure))
        return false;
    /* It is so already unless somebody changed it. */
    (void)ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed);
    return true;
}

int setup_install(void)
{
    static const char what[] = "install the service";
    wchar_t line[PATH_CHARS];
    struct setup s = { 0 };
    if (!command_line(line))
        return failed(what, ERROR_FILENAME_EXCED_RANGE);
    s.manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE | SC_MANAGER_CONNECT);
    DWORD error = s.manager ? create_or_change(&s, line) : GetLastError();
    if (error == 0 && !configure(s.service))
        error = GetLastError();
    setup_close(&s);
    if (error == 0 && event_log_install() < 0)
        fprintf(stderr, "espelho-host: Windows' event viewer will show entries of this service "
                        "without their form\n");
    return error ? failed(what, error)
                 : done("The service " SERVICE_NAME " is installed; it starts with Windows. To "
                        "start it now: espelho-host --start");
}

/* ---- start, stop, uninstall ---- */

int setup_start(void)
{
    static const char what[] = "start the service";
    struct setup s;
    DWORD error = setup_open(&s, SC_MANAGER_CONNECT, SERVICE_START | SERVICE_QUERY_STATUS);
    if (error == 0 && !StartServiceW(s.service, 0, NULL) &&
        GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
        error = GetLastError();
    if (error == 0 && !wait_for_state(s.service, SERVICE_RUNNING, START_MAX_MS))
        error = ERROR_SERVICE_REQUEST_TIMEOUT;
    setup_close(&s);
    return error ? failed(what, error) : done("The service " SERVICE_NAME " runs.");
}

/* 0 or Windows' error. */
static DWORD stop_and_wait(SC_HANDLE service)
{
    SERVICE_STATUS status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) {
        const DWORD error = GetLastError();
        if (error == ERROR_SERVICE_NOT_ACTIVE)
            return 0;
        /* It stops already, or is about to start: then waiting decides. */
        if (error != ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
            return error;
    }
    return wait_for_state(service, SERVICE_STOPPED, STOP_MAX_MS) ? 0
                                                                 : ERROR_SERVICE_REQUEST_TIMEOUT;
}

int setup_stop(void)
{
    struct setup s;
    DWORD error = setup_open(&s, SC_MANAGER_CONNECT, SERVICE_STOP | SERVICE_QUERY_STATUS);
    const bool missing = error == ERROR_SERVICE_DOES_NOT_EXIST;
    if (error == 0)
        error = stop_and_wait(s.service);
    setup_close(&s);
    if (missing)
        return done("The service " SERVICE_NAME " is not installed; nothing to stop.");
    return error ? failed("stop the service", error)
                 : done("The service " SERVICE_NAME " is stopped.");
}

/* Deleting is finished when the last program has closed its handle. */
static bool wait_until_gone(SC_HANDLE manager)
{
    const uint64_t until_ms = clock_ms() + GONE_MAX_MS;
    for (;;) {
        SC_HANDLE service = OpenServiceW(manager, NAME, SERVICE_QUERY_STATUS);
        if (!service)
            return true;
        CloseServiceHandle(service);
        if (clock_ms() >= until_ms)
            return false;
        Sleep(STEP_MS);
    }
}

static DWORD delete_and_wait(struct setup *s)
{
    if (!DeleteService(s->service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE)
        return GetLastError();
    CloseServiceHandle(s->service);
    s->service = NULL;
    return wait_until_gone(s->manager) ? 0 : ERROR_SERVICE_MARKED_FOR_DELETE;
}

int setup_uninstall(void)
{
    struct setup s;
    DWORD error = setup_open(&s, SC_MANAGER_CONNECT, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
    const bool missing = error == ERROR_SERVICE_DOES_NOT_EXIST;
    if (error == 0)
        error = stop_and_wait(s.service);
    if (error == 0)
        error = delete_and_wait(&s);
    if (error == 0 && event_log_uninstall() < 0)
        fprintf(stderr, "espelho-host: its name stays in Windows' event viewer\n");
    setup_close(&s);
    if (missing)
        return done("The service " SERVICE_NAME " is not installed; nothing to remove.");
    return error ? failed("remove the service", error)
                 : done("The service " SERVICE_NAME " is removed.");
}
