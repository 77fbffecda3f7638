/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "control/control_text.h"

static const struct {
    const char *text;
    size_t len; /* 0: up to the zero */
    int err;
    enum control_command command;
} requests[] = {
    { "", 0, -EPROTO, CONTROL_NONE },
    { "\n", 0, -EPROTO, CONTROL_NONE },
    { "\r\n\r\n", 0, -EPROTO, CONTROL_NONE },
    { "stat", 0, -EPROTO, CONTROL_NONE },
    { "statuss", 0, -EPROTO, CONTROL_NONE },
    { " status", 0, -EPROTO, CONTROL_NONE },
    { "status ", 0, -EPROTO, CONTROL_NONE },
    { "STATUS", 0, -EPROTO, CONTROL_NONE },
    { "status\0", 7, -EPROTO, CONTROL_NONE },
    { "status\nquit", 0, -EPROTO, CONTROL_NONE },
    { "quit\nquit\n", 0, -EPROTO, CONTROL_NONE },
    { "quit\033[2J", 0, -EPROTO, CONTROL_NONE },
    { "none", 0, -EPROTO, CONTROL_NONE },
    { "status", 0, 0, CONTROL_STATUS },
    { "status\n", 0, 0, CONTROL_STATUS },
    { "restart\r\n", 0, 0, CONTROL_RESTART },
    { "quit", 0, 0, CONTROL_QUIT },
};

TEST(requests)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        enum control_command command = CONTROL_NONE;
        const size_t len = requests[i].len ? requests[i].len : strlen(requests[i].text);
        const int err = control_command_parse(requests[i].text, len, &command);
        CHECK_MSG(err == requests[i].err && command == requests[i].command,
                  "row %zu \"%s\": %d, %d", i, requests[i].text, err, command);
    }
}

TEST(every_command_is_read_back)
{
    for (int c = CONTROL_STATUS; c <= CONTROL_QUIT; c++) {
        const char *text = control_command_text((enum control_command)c);
        enum control_command command = CONTROL_NONE;
        CHECK_INT(control_command_parse(text, strlen(text), &command), 0);
        CHECK_INT(command, c);
    }
}

static const struct {
    const char *text;
    int err;
} replies[] = {
    { "", -EPROTO },
    { "ok", -EPROTO }, /* a line has an end */
    { "\n", -EPROTO },
    { "OK\nstate=idle\n", -EPROTO },
    { "ok\n", -EPROTO },
    { "ok\nviewer=yes\n", -EPROTO }, /* no state */
    { "ok\nstate=none\n", -EPROTO },
    { "ok\nstate=\n", -EPROTO },
    { "ok\nstate=idle", -EPROTO },
    { "ok\nstate=idle\nx", -EPROTO },
    { "ok\nstate=idle\n\n", -EPROTO },
    { "ok\nstate=idle\nstate=idle\n", -EPROTO },
    { "ok\nstate=idle\nviewer=perhaps\n", -EPROTO },
    { "ok\nstate=idle\nviewer\n", -EPROTO },
    { "ok\nstate=idle\npid=\n", -EPROTO },
    { "ok\nstate=idle\npid=-1\n", -EPROTO },
    { "ok\nstate=idle\npid=+1\n", -EPROTO },
    { "ok\nstate=idle\npid= 1\n", -EPROTO },
    { "ok\nstate=idle\npid=0x10\n", -EPROTO },
    { "ok\nstate=idle\npid=4294967296\n", -EPROTO },
    { "ok\nstate=idle\npid=99999999999999999999999999999\n", -EPROTO },
    { "ok\nstate=idle\nframes=18446744073709551616\n", -EPROTO },
    { "ok\nstate=idle\nformat=a format of too many letters\n", -EPROTO },
    { "ok\nstate=idle\nlog=C:\\x\ty\n", -EPROTO },
    { "ok\nstate=idle\ncapture=\033[31m\n", -EPROTO },
    { "ok\nstate=idle\r\n", -EPROTO },
    { "ok\nstate=idle\nlater\033=1\n", -EPROTO },
    { "error \n", -EOPNOTSUPP },
    { "error no such command\n", -EOPNOTSUPP },
    { "error a\tb\n", -EPROTO },
    { "error", -EPROTO },
    { "ok\nstate=idle\n", 0 },
    { "ok\nlater=1\nstate=idle\n=\n", 0 }, /* keys of another version */
    { "ok\nstate=idle\npid=4294967295\nframes=18446744073709551615\nlog=a=b\n", 0 },
};

TEST(status_replies)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct control_status status = { .process_id = 7 };
        const int err = control_status_parse(replies[i].text, strlen(replies[i].text), &status);
        CHECK_MSG(err == replies[i].err, "row %zu \"%s\": %d", i, replies[i].text, err);
        CHECK_MSG((err == 0) == (status.state == CONTROL_IDLE), "row %zu", i);
        CHECK_MSG(err == 0 || status.process_id == 7, "row %zu: written though it failed", i);
    }
}

TEST(a_reply_beyond_the_limit_is_refused)
{
    char text[CONTROL_REPLY_MAX_BYTES + 64] = "ok\nstate=idle\n";
    struct control_status status;
    size_t len = strlen(text);
    while (len + 4 <= CONTROL_REPLY_MAX_BYTES) {
        memcpy(text + len, "a=b\n", 4);
        len += 4;
    }
    CHECK_INT(control_status_parse(text, len, &status), 0);
    memcpy(text + len, "a=b\na=b\n", 8);
    CHECK_INT(control_status_parse(text, len + 8, &status), -EPROTO);
}

TEST(answers)
{
    char text[CONTROL_REPLY_MAX_BYTES], why[32];
    CHECK_INT(control_answer_parse(text, control_answer_format(NULL, text), why, sizeof(why)), 0);
    CHECK_STR(why, "");
    size_t len = control_answer_format("no\nsuch command", text);
    CHECK_INT(control_answer_parse(text, len, why, sizeof(why)), -EOPNOTSUPP);
    CHECK_STR(why, "no?such command");
    CHECK_INT(control_answer_parse(text, len, why, 4), -EOPNOTSUPP); /* cut, not refused */
    CHECK_STR(why, "no?");
    CHECK_INT(control_answer_parse("ok\nok\n", 6, why, sizeof(why)), -EPROTO);
}

static const struct control_status example = {
    .state = CONTROL_CAPTURING,
    .viewer_connected = true,
    .capture = "dxgi, \\\\.\\DISPLAY1 on Espelho & Filhos = \xc3\xa9",
    .width_px = 3840,
    .height_px = 2160,
    .format = "RGB10A2",
    .rate_mhz = 59940,
    .frames = UINT64_C(123456789012),
    .problem = "",
    .log = "C:\\ProgramData\\Espelho",
    .version = "0.1.0",
    .process_id = 4242,
};

TEST(a_status_comes_back_as_it_was)
{
    char text[CONTROL_REPLY_MAX_BYTES];
    struct control_status got = { 0 };
    CHECK_INT(control_status_parse(text, control_status_format(&example, text), &got), 0);
    CHECK_INT(got.state, CONTROL_CAPTURING);
    CHECK(got.viewer_connected);
    CHECK_STR(got.capture, example.capture);
    CHECK_INT(got.width_px, 3840);
    CHECK_INT(got.height_px, 2160);
    CHECK_STR(got.format, "RGB10A2");
    CHECK_INT(got.rate_mhz, 59940);
    CHECK(got.frames == example.frames);
    CHECK_STR(got.problem, "");
    CHECK_STR(got.log, example.log);
    CHECK_STR(got.version, "0.1.0");
    CHECK_INT(got.process_id, 4242);
}

/* Everything at its longest is still a reply that is taken. */
TEST(the_longest_status_fits)
{
    struct control_status status = { .state = CONTROL_CAPTURING,
                                     .width_px = UINT32_MAX,
                                     .height_px = UINT32_MAX,
                                     .rate_mhz = UINT32_MAX,
                                     .frames = UINT64_MAX,
                                     .process_id = UINT32_MAX };
    struct control_status got;
    char text[CONTROL_REPLY_MAX_BYTES];
    memset(status.capture, '\n', sizeof(status.capture) - 1);
    memset(status.format, 'x', sizeof(status.format) - 1);
    memset(status.problem, 'x', sizeof(status.problem) - 1);
    memset(status.log, 'x', sizeof(status.log) - 1);
    memset(status.version, 'x', sizeof(status.version) - 1);
    CHECK_INT(control_status_parse(text, control_status_format(&status, text), &got), 0);
    CHECK_INT(got.process_id, UINT32_MAX);
    CHECK_INT(strlen(got.capture), sizeof(status.capture) - 1);
    CHECK_INT(got.capture[0], '?');
    CHECK_STR(got.log, status.log);
}
