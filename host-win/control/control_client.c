/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control_client.h"

#include <errno.h>
#include <string.h>
#include <windows.h>

#include "base/clock.h"
#include "control/control_pipe.h"
#include "control/control_security.h"

struct line {
    HANDLE pipe; /* owned; INVALID_HANDLE_VALUE if unset */
    OVERLAPPED io;
    uint64_t deadline_ms;
};

static const struct {
    DWORD error;
    int err;
} errors[] = {
    { ERROR_FILE_NOT_FOUND, -ENOENT }, { ERROR_ACCESS_DENIED, -EACCES },
    { ERROR_SEM_TIMEOUT, -ETIMEDOUT }, { ERROR_BROKEN_PIPE, -ENOENT },
    { ERROR_MORE_DATA, -EPROTO },      { ERROR_PIPE_NOT_CONNECTED, -ENOENT },
    { ERROR_NO_DATA, -ENOENT },
};

static int last_err(void)
{
    const DWORD error = GetLastError();
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (errors[i].error == error)
            return errors[i].err;
    }
    return -EIO;
}

static DWORD left_ms(const struct line *l)
{
    const uint64_t now_ms = clock_ms();
    return now_ms >= l->deadline_ms ? 0 : (DWORD)(l->deadline_ms - now_ms);
}

/* Not GENERIC_WRITE, which would ask for the right to open further ends of the server. The server
 * may learn who we are but not act as us: it could be an impostor. */
static HANDLE open_pipe(const wchar_t *name)
{
    return CreateFileW(
        name, FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES, 0, NULL, OPEN_EXISTING,
        FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
}

static int line_connect(struct line *l, const wchar_t *name)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    while ((l->pipe = open_pipe(name)) == INVALID_HANDLE_VALUE) {
        if (GetLastError() != ERROR_PIPE_BUSY)
            return last_err();
        /* 0 would mean the server's default time. Somebody else may be faster when one is free. */
        const DWORD wait_ms = left_ms(l);
        if (wait_ms == 0)
            return -ETIMEDOUT;
        if (!WaitNamedPipeW(name, wait_ms))
            return last_err();
    }
    if (!control_security_trusts_owner(l->pipe))
        return -EACCES;
    return SetNamedPipeHandleState(l->pipe, &mode, NULL, NULL) ? 0 : last_err();
}

/* Waits for what is under way. */
static int line_finish(struct line *l, BOOL started, DWORD *bytes)
{
    if (!started && GetLastError() != ERROR_IO_PENDING)
        return last_err();
    const bool late = WaitForSingleObject(l->io.hEvent, left_ms(l)) != WAIT_OBJECT_0;
    if (late)
        CancelIoEx(l->pipe, &l->io);
    if (GetOverlappedResult(l->pipe, &l->io, bytes, TRUE))
        return 0;
    return GetLastError() == ERROR_OPERATION_ABORTED ? -ETIMEDOUT : last_err();
}

static int line_exchange(struct line *l, const char *request, char *reply, size_t *reply_bytes)
{
    DWORD bytes = 0;
    BOOL started = WriteFile(l->pipe, request, (DWORD)strlen(request), NULL, &l->io);
    int err = line_finish(l, started, &bytes);
    if (err < 0)
        return err;
    started = ReadFile(l->pipe, reply, CONTROL_REPLY_MAX_BYTES, NULL, &l->io);
    err = line_finish(l, started, &bytes);
    if (err == 0)
        *reply_bytes = bytes;
    return err;
}

static int ask(const char *suffix, enum control_command command, uint32_t timeout_ms, char *reply,
               size_t *reply_bytes)
{
    wchar_t name[CONTROL_PIPE_NAME_CHARS];
    int err = control_pipe_name(suffix, name);
    if (err < 0)
        return err;
    struct line l = { .pipe = INVALID_HANDLE_VALUE, .deadline_ms = clock_ms() + timeout_ms };
    l.io.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!l.io.hEvent)
        return -ENOMEM;
    err = line_connect(&l, name);
    if (err == 0)
        err = line_exchange(&l, control_command_text(command), reply, reply_bytes);
    if (l.pipe != INVALID_HANDLE_VALUE)
        CloseHandle(l.pipe);
    CloseHandle(l.io.hEvent);
    return err;
}

int control_ask_status(const char *suffix, uint32_t timeout_ms, struct control_status *out)
{
    char reply[CONTROL_REPLY_MAX_BYTES];
    size_t reply_bytes = 0;
    const int err = ask(suffix, CONTROL_STATUS, timeout_ms, reply, &reply_bytes);
    return err < 0 ? err : control_status_parse(reply, reply_bytes, out);
}

int control_ask(const char *suffix, enum control_command command, uint32_t timeout_ms)
{
    char reply[CONTROL_REPLY_MAX_BYTES], why[64];
    size_t reply_bytes = 0;
    const int err = ask(suffix, command, timeout_ms, reply, &reply_bytes);
    return err < 0 ? err : control_answer_parse(reply, reply_bytes, why, sizeof(why));
}
