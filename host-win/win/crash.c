/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "crash"
#include "win/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <dbghelp.h>

#include "base/log.h"
#include "base/utf16.h"
#include "win/log_file.h"

/* Of ours, so that no system code means it: an abort(). */
#define ABORTED_CODE 0xE0E50001u

enum { STACK_RESERVE_BYTES = 32 * 1024, DUMP_WAIT_MS = 60000 };

typedef BOOL(WINAPI *write_dump_call)(HANDLE, DWORD, HANDLE, MINIDUMP_TYPE,
                                      MINIDUMP_EXCEPTION_INFORMATION *,
                                      MINIDUMP_USER_STREAM_INFORMATION *,
                                      MINIDUMP_CALLBACK_INFORMATION *);

/* File scope, against the house rule, because an exception filter has no other way to find
 * anything. Constant once installed, but `busy` and what a crash leaves. */
static struct {
    char folder[FILE_PATH_BYTES], program[32];
    write_dump_call write_dump;
    HANDLE wanted, written; /* events */
    _Atomic bool busy;
    EXCEPTION_POINTERS *exception;
    DWORD thread_id;
} crash;

static bool write_dump(const char *path)
{
    wchar_t wide[FILE_PATH_BYTES];
    if (utf16_from_utf8(path, wide, ARRAY_LEN(wide)) < 0)
        return false;
    HANDLE file =
        CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    MINIDUMP_EXCEPTION_INFORMATION info = { .ThreadId = crash.thread_id,
                                            .ExceptionPointers = crash.exception };
    const BOOL done = crash.write_dump(
        GetCurrentProcess(), GetCurrentProcessId(), file,
        (MINIDUMP_TYPE)(MiniDumpNormal | MiniDumpWithThreadInfo | MiniDumpWithUnloadedModules),
        &info, NULL, NULL);
    CloseHandle(file);
    return done;
}

static DWORD WINAPI dump_thread(void *unused)
{
    (void)unused;
    WaitForSingleObject(crash.wanted, INFINITE);
    char path[FILE_PATH_BYTES];
    const EXCEPTION_RECORD *r = crash.exception->ExceptionRecord;
    const bool done =
        log_file_name(crash.folder, crash.program, "dmp", 0, path) == 0 && write_dump(path);
    log_err("crashed: exception 0x%08lx at %p in thread %lu; %s%s", r->ExceptionCode,
            r->ExceptionAddress, crash.thread_id, done ? "dump: " : "no dump could be written",
            done ? path : "");
    SetEvent(crash.written);
    return 0;
}

static LONG WINAPI on_crash(EXCEPTION_POINTERS *exception)
{
    /* A second thread that crashes meanwhile waits for the end of the process. */
    if (atomic_exchange(&crash.busy, true)) {
        Sleep(INFINITE);
        return EXCEPTION_EXECUTE_HANDLER;
    }
    crash.exception = exception;
    crash.thread_id = GetCurrentThreadId();
    SetEvent(crash.wanted);
    WaitForSingleObject(crash.written, DUMP_WAIT_MS);
    TerminateProcess(GetCurrentProcess(), exception->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
}

/* abort() would end the process with status 3 and no trace. */
static void on_abort(int signal_number)
{
    (void)signal_number;
    RaiseException(ABORTED_CODE, EXCEPTION_NONCONTINUABLE, 0, NULL);
}

static int start_thread(void)
{
    if (crash.wanted)
        return 0;
    crash.wanted = CreateEventW(NULL, FALSE, FALSE, NULL);
    crash.written = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, dump_thread, NULL, 0, NULL);
    if (!thread || !crash.wanted || !crash.written)
        return -EAGAIN;
    CloseHandle(thread);
    return 0;
}

/* Loaded now: after a crash nothing is certain. */
static int load_writer(void)
{
    HMODULE dbghelp = LoadLibraryExW(L"dbghelp.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!dbghelp)
        return -ENOENT;
    crash.write_dump = (write_dump_call)(void *)GetProcAddress(dbghelp, "MiniDumpWriteDump");
    return crash.write_dump ? 0 : -ENOENT;
}

int crash_install(const char *folder, const char *program)
{
    ULONG reserve_bytes = STACK_RESERVE_BYTES;
    if (strlen(folder) >= sizeof(crash.folder) - LOG_NAME_BYTES ||
        strlen(program) >= sizeof(crash.program))
        return -ENAMETOOLONG;
    int err = load_writer();
    err = err < 0 ? err : start_thread();
    if (err < 0)
        return err;
    memcpy(crash.folder, folder, strlen(folder) + 1);
    memcpy(crash.program, program, strlen(program) + 1);
    log_file_prune(folder, program, "dmp", CRASH_DUMPS_KEPT - 1);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetThreadStackGuarantee(&reserve_bytes);
    SetUnhandledExceptionFilter(on_crash);
    signal(SIGABRT, on_abort);
    return 0;
}
