/* SPDX-License-Identifier: GPL-2.0-or-later
 * The question on a terminal of its own: the child has the prompt, the parent is the person. */
#include "test.h"

#include <errno.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "loop/loop.h"
#include "viewer/password_prompt.h"

struct asked {
    struct loop *loop;
    char answer[PASSWORD_PROMPT_MAX_BYTES];
    int count;
};

static void on_answer(void *ctx, const char *password)
{
    struct asked *a = ctx;
    snprintf(a->answer, sizeof(a->answer), "%s", password);
    a->count++;
    loop_stop(a->loop);
}

/* In the child: 0 if the answer was as expected and came once. */
static int ask_for(const char *expected)
{
    struct asked a = { 0 };
    struct password_prompt *prompt;
    if (loop_create(&a.loop) < 0 ||
        password_prompt_create(a.loop, "SPICE password: ", on_answer, &a, &prompt) < 0 ||
        loop_run(a.loop) < 0)
        return 2;
    struct termios t;
    const bool echo = tcgetattr(STDIN_FILENO, &t) == 0 && (t.c_lflag & ECHO);
    password_prompt_destroy(prompt);
    loop_destroy(a.loop);
    return a.count == 1 && strcmp(a.answer, expected) == 0 && echo ? 0 : 1;
}

static void read_until(int fd, char *seen, size_t seen_bytes, const char *text)
{
    size_t used = 0;
    seen[0] = '\0';
    while (!strstr(seen, text)) {
        CHECK_MSG(used + 1 < seen_bytes, "no '%s' in '%s'", text, seen);
        const ssize_t got = read(fd, seen + used, seen_bytes - 1 - used);
        CHECK_MSG(got > 0, "no '%s' in '%s'", text, seen);
        used += (size_t)got;
        seen[used] = '\0';
    }
}

static void converse(const char *typed, const char *expected)
{
    int terminal;
    char seen[1024];
    const pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    CHECK(child >= 0);
    if (child == 0)
        _exit(ask_for(expected));
    read_until(terminal, seen, sizeof(seen), "SPICE password: ");
    CHECK_INT(write(terminal, typed, strlen(typed)), strlen(typed));
    read_until(terminal, seen, sizeof(seen), "\n");
    CHECK_MSG(!expected[0] || !strstr(seen, expected), "the password is shown: '%s'", seen);
    int status;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    close(terminal);
}

TEST(answer_without_echo)
{
    converse("hunter2\n", "hunter2");
}

TEST(no_answer_is_an_empty_one)
{
    converse("\n", "");
    converse("\x04", ""); /* end of file */
}

TEST(endless_answers_are_cut)
{
    char typed[1000], expected[PASSWORD_PROMPT_MAX_BYTES];
    memset(typed, 'a', sizeof(typed));
    typed[sizeof(typed) - 2] = '\n';
    typed[sizeof(typed) - 1] = '\0';
    memset(expected, 'a', sizeof(expected));
    expected[sizeof(expected) - 1] = '\0';
    converse(typed, expected);
}

TEST(without_a_terminal_nobody_is_asked)
{
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct loop *loop;
        struct password_prompt *prompt;
        if (setsid() < 0 || loop_create(&loop) < 0)
            _exit(2);
        _exit(password_prompt_create(loop, "?", on_answer, NULL, &prompt) == -ENOTTY ? 0 : 1);
    }
    int status;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}
