/* SPDX-License-Identifier: GPL-2.0-or-later
 * A process crashes; what it leaves is looked at. */
#include "win/crash.h"

#include <errno.h>
#include <windows.h>

#include "folder.h"
#include "test.h"
#include "win/log_file.h"

static DWORD crash_child(const struct folder *f, const char *how)
{
    char command[800];
    DWORD code = 0;
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    snprintf(command, sizeof(command), "\"%s\" crash \"%s\" %s", WIN_PROBE, f->path, how);
    CHECK(CreateProcessA(WIN_PROBE, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    CHECK(WaitForSingleObject(process.hProcess, 70000) == WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process.hProcess, &code));
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    return code;
}

/* Dumps of earlier crashes, more than are kept. */
static void put_old_dumps(const struct folder *f)
{
    for (int i = 1; i <= 6; i++) {
        char name[80];
        snprintf(name, sizeof(name), "probe-2020010%d-000000-000001-00.dmp", i);
        folder_put(f, name, "old");
    }
}

static void check_dump(const char *how, DWORD want_code, const char *in_log)
{
    struct folder f;
    char name[300];
    folder_init(&f, 1);
    put_old_dumps(&f);
    const DWORD code = crash_child(&f, how);
    CHECK_MSG(code == want_code, "%s: status 0x%lx", how, code);
    CHECK_INT(folder_count(&f, "probe-*.log", name), 1);
    const char *log = folder_read(&f, name);
    CHECK_MSG(strstr(log, in_log) && strstr(log, "; dump: "), "%s: the log says: %s", how, log);

    CHECK_INT(folder_count(&f, "probe-*.dmp", name), CRASH_DUMPS_KEPT);
    CHECK_STR(name, "probe-20200105-000000-000001-00.dmp");
    const char *dump = strstr(log, "; dump: ") + strlen("; dump: ") + strlen(f.path) + 1;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(dump, "\r\n"), dump);
    CHECK_MSG(memcmp(folder_read(&f, name), "MDMP", 4) == 0, "%s is no dump", name);
    folder_fini(&f);
}

/* Several seconds each: Wine looks at every library of the process when it writes a dump. */
TEST(access_violation)
{
    check_dump("null", 0xC0000005, "exception 0xc0000005");
}

TEST(in_another_thread)
{
    check_dump("thread", 0xC0000005, "exception 0xc0000005");
}

TEST(stack_overflow)
{
    check_dump("stack", 0xC00000FD, "exception 0xc00000fd");
}

TEST(aborted)
{
    check_dump("abort", 0xE0E50001, "exception 0xe0e50001");
}

TEST(too_long_names)
{
    char folder[FILE_PATH_BYTES + 10];
    memset(folder, 'x', sizeof(folder) - 1);
    folder[sizeof(folder) - 1] = '\0';
    CHECK_INT(crash_install(folder, "probe"), -ENAMETOOLONG);
    CHECK_INT(crash_install("C:\\", folder), -ENAMETOOLONG);
}
