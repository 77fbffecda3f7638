/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/setup.h"

#include <errno.h>
#include <stdio.h>
#include <windows.h>

#include "base/macros.h"
#include "control/control_client.h"
#include "service/service.h"

enum { RUNS = 0, RUNS_NOT = 3, ASK_MS = 2000 };

static const char *const states[] = {
    [SERVICE_STOPPED] = "installed, stopped",
    [SERVICE_START_PENDING] = "starting",
    [SERVICE_STOP_PENDING] = "stopping",
    [SERVICE_RUNNING] = "running",
    [SERVICE_CONTINUE_PENDING] = "running",
    [SERVICE_PAUSE_PENDING] = "pausing",
    [SERVICE_PAUSED] = "paused",
};

static const char *state_text(SC_HANDLE service)
{
    SERVICE_STATUS status = { 0 };
    if (!QueryServiceStatus(service, &status) || status.dwCurrentState >= ARRAY_LEN(states) ||
        status.dwCurrentState == 0)
        return "unknown";
    return states[status.dwCurrentState];
}

/* For everybody, not only administrators. */
static void print_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service =
        manager ? OpenServiceW(manager, L"" SERVICE_NAME, SERVICE_QUERY_STATUS) : NULL;
    if (service)
        printf("service: %s\n", state_text(service));
    else if (GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST)
        printf("service: not installed\n");
    else
        printf("service: unknown (error %lu)\n", GetLastError());
    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
}

static const char *why_no_answer(int err)
{
    switch (err) {
    case -ENOENT:
        return "does not run";
    case -EACCES:
        return "runs, but does not answer this user";
    case -ETIMEDOUT:
        return "runs, but does not answer";
    default:
        return "runs, but gives no answer that this version understands";
    }
}

static void print_capture(const struct control_status *s)
{
    printf("capture: %s, process %u, version %s\n", control_state_text(s->state), s->process_id,
           s->version);
    if (s->problem[0])
        printf("problem: %s\n", s->problem);
    if (s->capture[0])
        printf("source: %s\n", s->capture);
    if (s->width_px && s->height_px)
        printf("mode: %ux%u %s\n", s->width_px, s->height_px, s->format);
    printf("viewer: %s\n", s->viewer_connected ? "connected" : "none");
    printf("frames: %llu, now %u.%u per second\n", (unsigned long long)s->frames,
           s->rate_mhz / 1000, s->rate_mhz / 100 % 10);
    printf("log: %s\n", s->log[0] ? s->log : "on its console");
}

int setup_status(void)
{
    struct control_status status;
    print_service();
    const int err = control_ask_status(NULL, ASK_MS, &status);
    if (err < 0) {
        printf("capture: %s\n", why_no_answer(err));
        return RUNS_NOT;
    }
    print_capture(&status);
    return RUNS;
}
