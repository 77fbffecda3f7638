/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "test.h"

static const char *const *shell(const char *script)
{
    static const char *argv[4] = { "sh", "-c" };
    argv[2] = script;
    return argv;
}

TEST(one_that_changes_something)
{
    static const struct {
        const char *script, *printed;
        int status;
    } rows[] = {
        { "echo out; echo error >&2", "out\nerror\n", 0 },
        { "exit 7", "", 7 },
        { "kill -KILL $$", "", 128 + 9 },
        { "cat", "", 0 }, /* its input is empty */
        { "echo $LC_ALL$LANGUAGE", "C\n", 0 },
        { "exec >&- 2>&-; sleep 0.1; exit 3", "", 3 },
    };
    setenv("LANGUAGE", "pt_BR", 1);
    setenv("LC_ALL", "pt_BR.UTF-8", 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *printed = NULL;
        int status = -1;
        CHECK_INT(program_run(shell(rows[i].script), &printed, &status), 0);
        CHECK_STR(printed, rows[i].printed);
        CHECK_INT(status, rows[i].status);
        free(printed);
    }
}

/* A full pipe would stop it half-way. */
TEST(what_is_too_much_is_forgotten)
{
    char *printed = NULL;
    int status = -1;
    CHECK_INT(
        program_run(shell("head -c 9000000 /dev/zero | tr '\\0' x; exit 5"), &printed, &status), 0);
    CHECK_INT(strlen(printed), PROGRAM_MAX_BYTES);
    CHECK_INT(status, 5);
    free(printed);
}

TEST(one_that_is_asked)
{
    static const struct {
        const char *script;
        uint32_t limit_ms;
        int err;
    } rows[] = {
        { "kill -KILL $$", 30000, -EINTR },       { "head -c 9000000 /dev/zero", 30000, -EFBIG },
        { "sleep 60", 300, -ETIMEDOUT },          { "exec >&-; sleep 60", 300, -ETIMEDOUT },
        { "sleep 60 & exit 1", 300, -ETIMEDOUT }, /* what it started has the pipe */
    };
    char *printed = NULL;
    int status = -1;
    CHECK_INT(program_ask(shell("echo out; echo error >&2; exit 2"), 30000, &printed, &status), 0);
    CHECK_STR(printed, "out\n");
    CHECK_INT(status, 2);
    free(printed);
    printed = NULL;
    const uint64_t begin_ms = clock_ms();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(program_ask(shell(rows[i].script), rows[i].limit_ms, &printed, &status),
                  rows[i].err);
    CHECK(!printed && status == 2);
    CHECK(clock_ms() - begin_ms < 30000);
}

TEST(one_that_is_not_there)
{
    const char *const argv[] = { "no-such-program-of-ours", NULL };
    char *printed;
    int status;
    CHECK_INT(program_run(argv, &printed, &status), -ENOENT);
    CHECK_INT(program_ask(argv, 300, &printed, &status), -ENOENT);
    const char *const by_path[] = { "/no/such", NULL };
    CHECK_INT(program_run(by_path, &printed, &status), -ENOENT);
}

/* This program, run once more by itself, says which language it was told to speak. */
__attribute__((constructor)) static void tell_language(void)
{
    if (!getenv("TEST_TELLS_LANGUAGE"))
        return;
    const char *const language = getenv("LANGUAGE"), *const locale = getenv("LC_ALL");
    printf("%s %s\n", language ? language : "-", locale ? locale : "-");
    exit(4);
}

TEST(our_own_speaks_to_the_user)
{
    char *printed = NULL;
    int status = -1;
    setenv("LANGUAGE", "pt_BR", 1);
    setenv("LC_ALL", "pt_BR.UTF-8", 1);
    setenv("TEST_TELLS_LANGUAGE", "1", 1);
    CHECK_INT(program_ask_ourselves("verb", "word", 30000, &printed, &status), 0);
    CHECK_STR(printed, "pt_BR pt_BR.UTF-8\n");
    CHECK_INT(status, 4);
    free(printed);
    const char *const argv[] = { "/proc/self/exe", NULL };
    CHECK_INT(program_ask(argv, 30000, &printed, &status), 0);
    CHECK_STR(printed, "- C\n");
    free(printed);
}
