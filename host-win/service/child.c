/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include <userenv.h>
#include <wtsapi32.h>

#include "base/log.h"
#include "control/stop_event.h"

#define LOG_MODULE "service"

/* Longer ones than MAX_PATH are possible for an installed program. */
enum { PATH_CHARS = 1024, LINE_CHARS = PATH_CHARS + 32, KILLED_EXIT_CODE = 1 };

struct child {
    HANDLE process, job, stop; /* owned; NULL if unset. `stop` is optional */
};

/* Everything that is only needed for starting. */
struct start {
    HANDLE token;                            /* owned */
    LPPROC_THREAD_ATTRIBUTE_LIST attributes; /* owned */
    LPVOID variables;                        /* owned: DestroyEnvironmentBlock() */
    PROCESS_INFORMATION info;                /* owned */
};

static const struct {
    const char *name;
    const wchar_t *argument;
    DWORD job_limits;
} kinds[] = {
    [CHILD_CAPTURE] = { "capture", L"--session",
                        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                            JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION },
    [CHILD_TRAY] = { "tray", L"--tray",
                     JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK },
};

static int failed(enum child_kind kind, const char *what)
{
    log_err("cannot start the %s process: %s: error %lu", kinds[kind].name, what, GetLastError());
    return -EIO;
}

/* ---- whose rights ---- */

/* A copy of our own token, moved to the session. Needs SeTcbPrivilege, which the system has. */
static int own_token_in(uint32_t session, HANDLE *out)
{
    HANDLE own, copy;
    DWORD id = session;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own))
        return failed(CHILD_CAPTURE, "OpenProcessToken");
    const BOOL copied =
        DuplicateTokenEx(own, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &copy);
    CloseHandle(own);
    if (!copied)
        return failed(CHILD_CAPTURE, "DuplicateTokenEx");
    if (!SetTokenInformation(copy, TokenSessionId, &id, sizeof(id))) {
        const int err = failed(CHILD_CAPTURE, "SetTokenInformation(TokenSessionId)");
        CloseHandle(copy);
        return err;
    }
    *out = copy;
    return 0;
}

static int user_token_of(uint32_t session, HANDLE *out)
{
    if (WTSQueryUserToken(session, out))
        return 0;
    return GetLastError() == ERROR_NO_TOKEN ? -ENOENT : failed(CHILD_TRAY, "WTSQueryUserToken");
}

/* ---- the process ---- */

static int make_job(struct child *c, enum child_kind kind)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { .BasicLimitInformation.LimitFlags =
                                                        kinds[kind].job_limits };
    c->job = CreateJobObjectW(NULL, NULL);
    if (!c->job || !SetInformationJobObject(c->job, JobObjectExtendedLimitInformation, &limits,
                                            sizeof(limits)))
        return failed(kind, "CreateJobObject");
    return 0;
}

/* So that the process is in the job from its first moment: the service may die at any time. */
static int make_attributes(struct start *s, enum child_kind kind, HANDLE *job)
{
    SIZE_T bytes = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &bytes);
    LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(bytes);
    if (!list)
        return -ENOMEM;
    if (!InitializeProcThreadAttributeList(list, 1, 0, &bytes)) {
        free(list);
        return failed(kind, "InitializeProcThreadAttributeList");
    }
    s->attributes = list;
    return UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, job, sizeof(*job),
                                     NULL, NULL)
               ? 0
               : failed(kind, "UpdateProcThreadAttribute");
}

static int create_suspended(struct start *s, enum child_kind kind)
{
    wchar_t path[PATH_CHARS], line[LINE_CHARS];
    wchar_t desktop[] = L"winsta0\\default";
    STARTUPINFOEXW startup = { .StartupInfo = { .cb = sizeof(startup), .lpDesktop = desktop },
                               .lpAttributeList = s->attributes };
    const DWORD flags = CREATE_SUSPENDED | DETACHED_PROCESS | CREATE_UNICODE_ENVIRONMENT |
                        EXTENDED_STARTUPINFO_PRESENT;
    const DWORD len = GetModuleFileNameW(NULL, path, PATH_CHARS);
    if (len == 0 || len >= PATH_CHARS)
        return failed(kind, "GetModuleFileName");
    snwprintf(line, LINE_CHARS, L"\"%ls\" %ls", path, kinds[kind].argument);
    if (!CreateEnvironmentBlock(&s->variables, s->token, FALSE))
        return failed(kind, "CreateEnvironmentBlock");
    if (!CreateProcessAsUserW(s->token, path, line, NULL, NULL, FALSE, flags, s->variables, NULL,
                              &startup.StartupInfo, &s->info))
        return failed(kind, "CreateProcessAsUser");
    return 0;
}

/* What Windows should have done already. */
static int check_job(const struct child *c, enum child_kind kind)
{
    BOOL inside = FALSE;
    if (IsProcessInJob(c->process, c->job, &inside) && inside)
        return 0;
    return AssignProcessToJobObject(c->job, c->process) ? 0
                                                        : failed(kind, "AssignProcessToJobObject");
}

static void make_stop_event(struct child *c, DWORD process_id)
{
    const int err = stop_event_create(process_id, &c->stop);
    if (err < 0)
        log_warn("no stop event for process %lu (%s): it will be ended without being asked",
                 process_id, err == -EEXIST ? "somebody else made one" : "error");
}

static int start_in(struct child *c, struct start *s, enum child_kind kind, uint32_t session)
{
    int err =
        kind == CHILD_TRAY ? user_token_of(session, &s->token) : own_token_in(session, &s->token);
    if (err == 0)
        err = make_job(c, kind);
    if (err == 0)
        err = make_attributes(s, kind, &c->job);
    if (err == 0)
        err = create_suspended(s, kind);
    if (err < 0)
        return err;
    c->process = s->info.hProcess;
    s->info.hProcess = NULL;
    err = check_job(c, kind);
    if (err < 0) {
        TerminateProcess(c->process, KILLED_EXIT_CODE); /* it is in no job that would do it */
        return err;
    }
    make_stop_event(c, s->info.dwProcessId);
    if (ResumeThread(s->info.hThread) == (DWORD)-1)
        return failed(kind, "ResumeThread");
    log_info("%s process %lu started in session %u", kinds[kind].name, s->info.dwProcessId,
             session);
    return 0;
}

static void start_clean_up(struct start *s)
{
    if (s->info.hThread)
        CloseHandle(s->info.hThread);
    if (s->attributes)
        DeleteProcThreadAttributeList(s->attributes);
    free(s->attributes);
    if (s->variables)
        DestroyEnvironmentBlock(s->variables);
    if (s->token)
        CloseHandle(s->token);
}

int child_start(enum child_kind kind, uint32_t session, struct child **out)
{
    struct start s = { 0 };
    struct child *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    const int err = start_in(c, &s, kind, session);
    start_clean_up(&s);
    if (err < 0) {
        child_destroy(c);
        return err;
    }
    *out = c;
    return 0;
}

void child_destroy(struct child *child)
{
    if (!child)
        return;
    if (child->job)
        CloseHandle(child->job); /* which ends the process */
    if (child->process)
        CloseHandle(child->process);
    if (child->stop)
        CloseHandle(child->stop);
    free(child);
}

void *child_process(const struct child *child)
{
    return child->process;
}

bool child_has_ended(const struct child *child, uint32_t *exit_code)
{
    DWORD code = KILLED_EXIT_CODE;
    if (WaitForSingleObject(child->process, 0) != WAIT_OBJECT_0)
        return false;
    GetExitCodeProcess(child->process, &code);
    *exit_code = code;
    return true;
}

void child_ask_to_stop(struct child *child)
{
    if (child->stop)
        SetEvent(child->stop);
    else
        child_kill(child);
}

void child_kill(struct child *child)
{
    TerminateProcess(child->process, KILLED_EXIT_CODE);
}
