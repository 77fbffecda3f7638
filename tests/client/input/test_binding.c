/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <linux/input-event-codes.h>

#include "input/binding.h"

static struct binding_table *new_table(void)
{
    struct binding_table *t;
    struct binding_error error;
    CHECK_INT(binding_table_create("ScrollLock", &t, &error), 0);
    return t;
}

TEST(wrong_texts_name_what_is_wrong)
{
    static const struct {
        enum input_action action;
        const char *text, *names;
    } rows[] = {
        { INPUT_ACTION_QUIT, "Qq", "\"Qq\"" },
        { INPUT_ACTION_QUIT, "ScrollLock", "escape key" },
        { INPUT_ACTION_QUIT, "F", "full screen" },
        { INPUT_ACTION_QUIT, "a name longer than any key has, which must not overflow anything",
          "not a key" },
        { INPUT_ACTION_MACRO, "F1", "KEY: SEQUENCE" },
        { INPUT_ACTION_MACRO, ": A", "missing" },
        { INPUT_ACTION_MACRO, "F1:", "missing" },
        { INPUT_ACTION_MACRO, "F1: A,,B", "missing" },
        { INPUT_ACTION_MACRO, "F1: A+", "missing" },
        { INPUT_ACTION_MACRO, "F1: LeftCtrl+Blah", "\"Blah\"" },
        { INPUT_ACTION_MACRO, "F1: wait", "\"wait\"" },
        { INPUT_ACTION_MACRO, "F1: wait x", "\"wait x\"" },
        { INPUT_ACTION_MACRO, "F1: wait -1", "\"wait -1\"" },
        { INPUT_ACTION_MACRO, "F1: wait 10001", "10000" },
        { INPUT_ACTION_MACRO, "F1: wait 99999999999999999999", "10000" },
        { INPUT_ACTION_MACRO, "F1: down 767", "cannot be sent" },
        { INPUT_ACTION_MACRO, "F1: 767", "cannot be sent" },
        { INPUT_ACTION_MACRO, "F1: A+B+C+D+E+F+G+H+I+J+K+L+M+N+O+P+Q", "16 keys" },
        { INPUT_ACTION_MACRO, "F: A", "full screen" },
    };
    struct binding_table *t = new_table();
    struct binding_error error;
    CHECK_INT(binding_table_add(t, INPUT_ACTION_FULLSCREEN, "F", &error), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        error.text[0] = 0;
        CHECK_INT(binding_table_add(t, rows[i].action, rows[i].text, &error), -EINVAL);
        CHECK_MSG(strstr(error.text, rows[i].names), "\"%s\": \"%s\" does not name %s",
                  rows[i].text, error.text, rows[i].names);
    }
    char help[64];
    CHECK_INT(binding_table_help(t, help, sizeof(help)), strlen(help) + 1);
    CHECK_STR(help, "F\tfull screen on and off\n");
    binding_table_destroy(t);
    CHECK_INT(binding_table_create("Blah", &t, &error), -EINVAL);
    CHECK_INT(binding_table_create("", &t, &error), -EINVAL);
}

TEST(too_many_and_too_long)
{
    struct binding_table *t = new_table();
    struct binding_error error;
    char text[8192];
    strcpy(text, "F1: A");
    while (strlen(text) < 4000)
        strcat(text, ", A");
    CHECK_INT(binding_table_add(t, INPUT_ACTION_MACRO, text, &error), -EINVAL);
    CHECK(strstr(error.text, "512"));
    memset(text, ' ', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    text[0] = 'A';
    CHECK_INT(binding_table_add(t, INPUT_ACTION_QUIT, text, &error), -EINVAL);
    for (int i = 1; i <= BINDING_MAX; i++) {
        snprintf(text, sizeof(text), "%d", 100 + i);
        CHECK_INT(binding_table_add(t, INPUT_ACTION_QUIT, text, &error), 0);
    }
    CHECK_INT(binding_table_add(t, INPUT_ACTION_QUIT, "A", &error), -ENOSPC);
    CHECK_INT(binding_table_add(t, INPUT_ACTION_QUIT, "", &error), 0);
    binding_table_destroy(t);
}

TEST(macros_press_and_release)
{
    static const struct {
        const char *text;
        struct binding_step steps[12];
    } rows[] = {
        { "F1:A", { { BINDING_DOWN, KEY_A }, { BINDING_UP, KEY_A } } },
        { " F1 :  LeftCtrl + t , wait 300,B ",
          { { BINDING_DOWN, KEY_LEFTCTRL },
            { BINDING_DOWN, KEY_T },
            { BINDING_UP, KEY_T },
            { BINDING_UP, KEY_LEFTCTRL },
            { BINDING_WAIT, 300 },
            { BINDING_DOWN, KEY_B },
            { BINDING_UP, KEY_B } } },
        { "F1: down LeftShift, A, B",
          { { BINDING_DOWN, KEY_LEFTSHIFT },
            { BINDING_DOWN, KEY_A },
            { BINDING_UP, KEY_A },
            { BINDING_DOWN, KEY_B },
            { BINDING_UP, KEY_B },
            { BINDING_UP, KEY_LEFTSHIFT } } },
        { "F1: Up, Down, WAIT 0",
          { { BINDING_DOWN, KEY_UP },
            { BINDING_UP, KEY_UP },
            { BINDING_DOWN, KEY_DOWN },
            { BINDING_UP, KEY_DOWN },
            { BINDING_WAIT, 0 } } },
        { "F1: down A, up A", { { BINDING_DOWN, KEY_A }, { BINDING_UP, KEY_A } } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct binding_table *t = new_table();
        struct binding_error error;
        CHECK_INT(binding_table_add(t, INPUT_ACTION_MACRO, rows[i].text, &error), 0);
        const struct binding *b = binding_table_find(t, KEY_F1);
        CHECK(b && b->action == INPUT_ACTION_MACRO);
        size_t want = 0;
        while (want < ARRAY_LEN(rows[i].steps) && rows[i].steps[want].kind)
            want++;
        CHECK_INT(b->step_count, want);
        for (size_t s = 0; s < want; s++) {
            CHECK_INT(b->steps[s].kind, rows[i].steps[s].kind);
            CHECK_INT(b->steps[s].value, rows[i].steps[s].value);
        }
        binding_table_destroy(t);
    }
}

TEST(defaults_do_not_collide)
{
    struct binding_table *t = new_table();
    struct binding_error error;
    CHECK_MSG(binding_table_add_defaults(t, &error) == 0, "%s", error.text);
    static const struct {
        uint32_t key;
        enum input_action action;
    } rows[] = {
        { KEY_F, INPUT_ACTION_FULLSCREEN },
        { KEY_Q, INPUT_ACTION_QUIT },
        { KEY_R, INPUT_ACTION_ROTATE },
        { KEY_V, INPUT_ACTION_VIDEO },
        { KEY_I, INPUT_ACTION_INPUT },
        { KEY_INSERT, INPUT_ACTION_SENS_UP },
        { KEY_DELETE, INPUT_ACTION_SENS_DOWN },
        { KEY_UP, INPUT_ACTION_VOLUME_UP },
        { KEY_DOWN, INPUT_ACTION_VOLUME_DOWN },
        { KEY_M, INPUT_ACTION_MUTE },
        { KEY_LEFTMETA, INPUT_ACTION_LEFT_WIN },
        { KEY_RIGHTMETA, INPUT_ACTION_RIGHT_WIN },
        { KEY_O, INPUT_ACTION_OVERLAY },
        { KEY_E, INPUT_ACTION_MICROPHONE },
        { KEY_C, INPUT_ACTION_CANCEL },
        { KEY_END, INPUT_ACTION_CTRL_ALT_DEL },
        { KEY_LEFTCTRL, INPUT_ACTION_CTRL_ALT_FN },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct binding *b = binding_table_find(t, rows[i].key);
        CHECK(b && b->action == rows[i].action);
    }
    CHECK(binding_table_find(t, KEY_A) == NULL);
    CHECK_INT(binding_table_escape_key(t), KEY_SCROLLLOCK);
    binding_table_destroy(t);
}

TEST(help_is_cut_at_whole_lines)
{
    struct binding_table *t = new_table();
    struct binding_error error;
    CHECK_INT(binding_table_add(t, INPUT_ACTION_QUIT, "Q", &error), 0);
    CHECK_INT(binding_table_add(t, INPUT_ACTION_MACRO, "F1: LeftCtrl+C", &error), 0);
    char text[64] = "x";
    const size_t need = binding_table_help(t, text, sizeof(text));
    CHECK_STR(text, "Q\tquit\nF1\tLeftCtrl+C\n");
    CHECK_INT(need, strlen(text) + 1);
    CHECK_INT(binding_table_help(t, text, need - 1), need);
    CHECK_STR(text, "Q\tquit\n");
    CHECK_INT(binding_table_help(t, text, 1), need);
    CHECK_STR(text, "");
    CHECK_INT(binding_table_help(t, NULL, 0), need);
    binding_table_destroy(t);
}
