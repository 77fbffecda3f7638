/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pipe between two processes: control_peer.exe answers, this program asks, well and badly. */
#include "test.h"

#include <aclapi.h>
#include <errno.h>
#include <windows.h>

#include "base/clock.h"
#include "control/control_client.h"
#include "control/control_pipe.h"
#include "control/control_server.h"
#include "control/stop_event.h"

/* Each case has a pipe of its own: ctest runs them beside each other. */
struct peer {
    char suffix[CONTROL_PIPE_SUFFIX_MAX];
    HANDLE process;
};

static HANDLE run_peer(const char *suffix)
{
    wchar_t path[MAX_PATH], line[MAX_PATH + 64];
    GetModuleFileNameW(NULL, path, MAX_PATH);
    wchar_t *name = wcsrchr(path, L'\\');
    CHECK(name);
    wcscpy(name + 1, L"control_peer.exe");
    swprintf(line, ARRAY_LEN(line), L"\"%ls\" %hs", path, suffix);
    STARTUPINFOW startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION info;
    CHECK(CreateProcessW(path, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info));
    CloseHandle(info.hThread);
    return info.hProcess;
}

static struct peer start_peer(void)
{
    struct peer p;
    snprintf(p.suffix, sizeof(p.suffix), "-test-%lu", GetCurrentProcessId());
    p.process = run_peer(p.suffix);
    const uint64_t until_ms = clock_ms() + 20000;
    struct control_status status;
    int err;
    while ((err = control_ask_status(p.suffix, 1000, &status)) == -ENOENT && clock_ms() < until_ms)
        Sleep(20);
    CHECK_INT(err, 0);
    return p;
}

static DWORD exit_code(HANDLE process)
{
    DWORD code = 0;
    CHECK_INT(WaitForSingleObject(process, 20000), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process, &code));
    CloseHandle(process);
    return code;
}

/* It still answers, and ends when asked. */
static void end_peer(struct peer *p)
{
    struct control_status status;
    CHECK_INT(control_ask_status(p->suffix, 5000, &status), 0);
    CHECK_INT(control_ask(p->suffix, CONTROL_QUIT, 5000), 0);
    CHECK_INT(exit_code(p->process), 12);
}

static HANDLE raw_client(const struct peer *p)
{
    wchar_t name[CONTROL_PIPE_NAME_CHARS];
    CHECK_INT(control_pipe_name(p->suffix, name), 0);
    for (int i = 0; i < 100; i++) {
        HANDLE pipe = CreateFileW(name, FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES,
                                  0, NULL, OPEN_EXISTING, 0, NULL);
        if (pipe != INVALID_HANDLE_VALUE)
            return pipe;
        Sleep(50); /* an instance is made ready again */
    }
    test_fail(__FILE__, __LINE__, "no instance of the pipe became free");
}

/* Sends it and reads one answer into `text`; its length, 0 if it hung up. */
static DWORD raw_exchange(HANDLE pipe, const char *bytes, DWORD count, char *text, DWORD text_bytes)
{
    DWORD done = 0;
    if (!WriteFile(pipe, bytes, count, &done, NULL) ||
        !ReadFile(pipe, text, text_bytes - 1, &done, NULL))
        return 0;
    text[done] = '\0';
    return done;
}

TEST(status_of_another_process)
{
    struct peer p = start_peer();
    struct control_status status;
    for (unsigned i = 2; i < 6; i++) {
        CHECK_INT(control_ask_status(p.suffix, 5000, &status), 0);
        CHECK_INT(status.state, CONTROL_CAPTURING);
        CHECK(status.frames >= i);
    }
    CHECK_INT(status.process_id, GetProcessId(p.process));
    CHECK_STR(status.capture, "synthetic \xc3\xa9");
    CHECK_STR(status.log, "C:\\here?and there");
    end_peer(&p);
}

TEST(restart_is_told_apart_from_quit)
{
    struct peer p = start_peer();
    CHECK_INT(control_ask(p.suffix, CONTROL_RESTART, 5000), 0);
    CHECK_INT(exit_code(p.process), 10);
    struct control_status status;
    CHECK_INT(control_ask_status(p.suffix, 200, &status), -ENOENT);
}

TEST(nobody_answers)
{
    struct control_status status;
    CHECK_INT(control_ask_status("-test-nobody", 200, &status), -ENOENT);
    CHECK_INT(control_ask("-test-nobody", CONTROL_QUIT, 200), -ENOENT);
    CHECK_INT(control_ask_status("..\\other", 200, &status), -EINVAL);
    CHECK_INT(control_ask_status("-a-suffix-that-is-too-long-to-be-taken", 200, &status), -EINVAL);
}

TEST(hostile_requests)
{
    static const struct {
        const char *bytes;
        DWORD count;
    } rows[] = {
        { "", 0 },
        { "\n", 1 },
        { "quit now\n", 9 },
        { "status\0quit", 11 },
        { "\xff\xfe\xfd", 3 },
        { "%s%s%n", 6 },
    };
    struct peer p = start_peer();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[CONTROL_REPLY_MAX_BYTES];
        HANDLE pipe = raw_client(&p);
        const DWORD got = raw_exchange(pipe, rows[i].bytes, rows[i].count, text, sizeof(text));
        CHECK_MSG(got == 0 || strncmp(text, "error ", 6) == 0, "row %zu: \"%s\"", i, text);
        CHECK_MSG(got != 0 || rows[i].count == 0, "row %zu: hung up", i);
        CloseHandle(pipe);
    }
    end_peer(&p);
}

TEST(a_request_without_end_is_cut_off)
{
    static char much[100000];
    struct peer p = start_peer();
    memset(much, 'A', sizeof(much));
    HANDLE pipe = raw_client(&p);
    char text[CONTROL_REPLY_MAX_BYTES];
    CHECK_INT(raw_exchange(pipe, much, sizeof(much), text, sizeof(text)), 0);
    CloseHandle(pipe);
    end_peer(&p);
}

TEST(clients_that_hang_up_at_once)
{
    struct peer p = start_peer();
    for (int i = 0; i < 200; i++) {
        DWORD done;
        HANDLE pipe = raw_client(&p);
        if (i % 2)
            WriteFile(pipe, "status", 6, &done, NULL);
        CloseHandle(pipe);
    }
    end_peer(&p);
}

/* All places taken by programs that say nothing: they lose them. */
TEST(silent_clients_lose_their_places)
{
    struct peer p = start_peer();
    HANDLE silent[CONTROL_CLIENTS_MAX];
    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        silent[i] = raw_client(&p);
    struct control_status status;
    CHECK_INT(control_ask_status(p.suffix, 200, &status), -ETIMEDOUT);
    CHECK_INT(control_ask_status(p.suffix, 4u * CONTROL_CLIENT_PATIENCE_MS, &status), 0);
    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        CloseHandle(silent[i]);
    end_peer(&p);
}

/* Asks and never reads: the server's thread is not held up by it. */
TEST(a_client_that_never_reads)
{
    struct peer p = start_peer();
    HANDLE pipe = raw_client(&p);
    DWORD done;
    for (int i = 0; i < 4; i++) /* more would wait in WriteFile() for the server to read */
        CHECK(WriteFile(pipe, "status", 6, &done, NULL));
    struct control_status status;
    for (int i = 0; i < 20; i++)
        CHECK_INT(control_ask_status(p.suffix, 5000, &status), 0);
    CloseHandle(pipe);
    end_peer(&p);
}

TEST(a_second_server_of_the_name_is_refused)
{
    struct peer p = start_peer();
    CHECK_INT(exit_code(run_peer(p.suffix)), 3);
    end_peer(&p);
}

static void nothing_to_tell(void *ctx, struct control_status *out)
{
    (void)ctx;
    (void)out;
}

static void nothing_to_do(void *ctx)
{
    (void)ctx;
}

/* Create, ask, destroy, over and over in one process: no handle stays. */
TEST(a_server_leaves_nothing_behind)
{
    const struct control_server_config config = { .status = nothing_to_tell,
                                                  .restart = nothing_to_do,
                                                  .quit = nothing_to_do,
                                                  .suffix = "-test-again" };
    DWORD before = 0, after = 0;
    for (int i = 0; i < 20; i++) {
        struct control_server *server;
        struct control_status status;
        CHECK_INT(control_server_create(&config, &server), 0);
        CHECK_INT(control_ask_status("-test-again", 5000, &status), -EPROTO); /* no state */
        CHECK_INT(control_ask("-test-again", CONTROL_RESTART, 5000), 0);
        control_server_destroy(server);
        CHECK(GetProcessHandleCount(GetCurrentProcess(), i == 2 ? &before : &after));
    }
    CHECK_MSG(after <= before, "%lu handles, then %lu", before, after);
    control_server_destroy(NULL);
}

/* What the pipe's access list says, read back from a pipe that exists: nobody but the owner, the
 * system and administrators may open further ends of the server. */
TEST(who_may_open_the_pipe)
{
    struct peer p = start_peer();
    HANDLE pipe = raw_client(&p);
    PACL acl = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    CHECK_INT(GetSecurityInfo(pipe, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &acl,
                              NULL, &descriptor),
              0);
    CHECK(acl);
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD sid_bytes = sizeof(sid);
    CHECK(CreateWellKnownSid(WinInteractiveSid, NULL, sid, &sid_bytes));
    int found = 0;
    for (DWORD i = 0; i < acl->AceCount; i++) {
        ACCESS_ALLOWED_ACE *ace;
        CHECK(GetAce(acl, i, (void **)&ace));
        if (ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE || !EqualSid(&ace->SidStart, sid))
            continue;
        found++;
        CHECK(!(ace->Mask & (FILE_CREATE_PIPE_INSTANCE | WRITE_DAC | WRITE_OWNER | DELETE)));
        CHECK(ace->Mask & FILE_WRITE_DATA);
    }
    CHECK_INT(found, 1);
    LocalFree(descriptor);
    CloseHandle(pipe);
    end_peer(&p);
}

TEST(stop_event_is_named_after_the_process)
{
    void *made = NULL, *twice = NULL;
    CHECK(!stop_event_open());
    CHECK_INT(stop_event_create(GetCurrentProcessId(), &made), 0);
    CHECK_INT(stop_event_create(GetCurrentProcessId(), &twice), -EEXIST);
    HANDLE own = stop_event_open();
    CHECK(own);
    CHECK_INT(WaitForSingleObject(own, 0), WAIT_TIMEOUT);
    SetEvent(made);
    CHECK_INT(WaitForSingleObject(own, 0), WAIT_OBJECT_0);
    CloseHandle(own);
    CloseHandle(made);
    CHECK(!stop_event_open());
}
