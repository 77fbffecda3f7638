/* SPDX-License-Identifier: GPL-2.0-or-later
 * The script's language: errors are named by line, and nothing makes it endless. */
#include "shim/script.h"

#include <errno.h>

#include "test.h"

static int parse(const char *text, struct shim_script *script, char error[160])
{
    return shim_script_parse(text, strlen(text), script, error);
}

TEST(errors_are_named)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "", "line 0: there is no 'begin'" },
        { "begin\nfull\n", "line 2: the last event has no last word" },
        { "begin\nbegin\n", "line 2: begin: only before 'begin'" },
        { "begin\nlive\n", "line 2: live: only before 'begin'" },
        { "go\n", "line 1: go: only after 'begin'" },
        { "begin\nfly\n", "line 2: 'fly' is no command" },
        { "mode 640\n", "line 1: mode: too few words" },
        { "mode 640 480 60\n", "line 1: mode: too many words" },
        { "mode 0 480\n", "line 1: '0' where a size of 1 to 8192 is due" },
        { "mode 99999999999999999999 480\n",
          "line 1: '99999999999999999999' where a size of 1 to 8192 is due" },
        { "mode 64x 480\n", "line 1: '64x' where a size of 1 to 8192 is due" },
        { "rotation 45\n", "line 1: '45' where 0, 90, 180 or 270 is due" },
        { "output\n", "line 1: output: too few words" },
        { "output 12345678901234567890123456789012 0 0\n",
          "line 1: output: '12345678901234567890123456789012' is too long" },
        { "begin\npaint 0 0 1 1 123456789\n", "line 2: '123456789' where a colour RRGGBB is due" },
        { "begin\nfail acquire 1 oops\n",
          "line 2: 'oops' where a name or 0x... of an HRESULT is due" },
        { "begin\nend\n", "line 2: end without repeat" },
        { "begin\nrepeat 0\nend\n", "line 2: repeat: at least once" },
        { "begin\n\nrepeat 2\ngo\n", "line 4: repeat of line 3 has no end" },
        { "begin\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\n",
          "line 6: repeat: more than 4 deep" },
        { "begin\nrepeat 1000000\nrepeat 1000000\nend\nend\n",
          "line 4: repeat: more than 1000000 rounds" },
        { "begin\nrepeat 1000000\ngo\nend\n", "line 3: more than a script may be" },
        { "a b c d e f g h i\n", "line 1: more than 8 words" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shim_script script = { 0 };
        char error[160];
        CHECK(parse(rows[i].text, &script, error) < 0);
        CHECK_STR(error, rows[i].error);
        CHECK(!script.events);
    }
    struct shim_script script = { 0 };
    char error[160];
    CHECK_INT(shim_script_parse("begin\0", 6, &script, error), -EINVAL);
}

TEST(events)
{
    static const char text[] = "output \\\\.\\DISPLAY7 -640 0 # left of it\n"
                               "begin\n"
                               "  repeat 2\n"
                               "    repeat 3\n"
                               "paint 1 2 3 4\r\n"
                               "go\n"
                               "    end\n"
                               "wait 16\ntimeout\n"
                               "  end\n"
                               "fail acquire 2 access_denied\n"
                               "paint -5 2 3 4 ff8000\n"
                               "removed 0x887a0006";
    struct shim_script script;
    char error[160];
    CHECK_MSG(parse(text, &script, error) == 0, "%s", error);
    static const enum shim_event_kind kinds[] = {
        SHIM_EVENT_NONE, SHIM_EVENT_NEWS, SHIM_EVENT_NEWS, SHIM_EVENT_NEWS,    SHIM_EVENT_TIMEOUT,
        SHIM_EVENT_NEWS, SHIM_EVENT_NEWS, SHIM_EVENT_NEWS, SHIM_EVENT_TIMEOUT, SHIM_EVENT_REMOVED,
    };
    CHECK_INT(script.event_count, ARRAY_LEN(kinds));
    for (uint32_t i = 0; i < ARRAY_LEN(kinds); i++)
        CHECK_INT(script.events[i].kind, kinds[i]);
    CHECK_STR(shim_script_find(&script, 0, SHIM_OP_OUTPUT)->text, "\\\\.\\DISPLAY7");
    CHECK_INT(shim_script_find(&script, 0, SHIM_OP_OUTPUT)->n[0], -640);
    CHECK_INT(shim_script_find(&script, 7, SHIM_OP_PAINT)->n[4], -1);
    CHECK_INT(shim_script_find(&script, 8, SHIM_OP_WAIT)->n[0], 16);
    CHECK(!shim_script_find(&script, 8, SHIM_OP_PAINT));
    CHECK_INT((uint32_t)shim_script_find(&script, 9, SHIM_OP_FAIL)->n[2], 0x80070005);
    CHECK_INT(shim_script_find(&script, 9, SHIM_OP_PAINT)->n[4], 0xff8000);
    CHECK_INT((uint32_t)script.events[9].hr, 0x887A0006);
    shim_script_fini(&script);
}
