/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/binding.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/input-event-codes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "input/keymap.h"

enum { MAX_KEY_NAME = 32, MAX_TEXT = 4096 };

static const struct {
    const char *what;        /* for people */
    const char *default_key; /* NULL: none */
} actions[INPUT_ACTIONS] = {
    [INPUT_ACTION_FULLSCREEN] = { N_("full screen on and off"), "F" },
    [INPUT_ACTION_QUIT] = { N_("quit"), "Q" },
    [INPUT_ACTION_OVERLAY] = { N_("figures over the picture"), "O" },
    [INPUT_ACTION_ROTATE] = { N_("turn the picture"), "R" },
    [INPUT_ACTION_VIDEO] = { N_("picture on and off"), "V" },
    [INPUT_ACTION_MICROPHONE] = { N_("microphone: allow or deny"), "E" },
    [INPUT_ACTION_CANCEL] = { N_("stop sending files"), "C" },
    [INPUT_ACTION_INPUT] = { N_("keyboard and mouse on and off"), "I" },
    [INPUT_ACTION_SENS_UP] = { N_("faster mouse"), "Insert" },
    [INPUT_ACTION_SENS_DOWN] = { N_("slower mouse"), "Delete" },
    [INPUT_ACTION_VOLUME_UP] = { N_("louder"), "Up" },
    [INPUT_ACTION_VOLUME_DOWN] = { N_("quieter"), "Down" },
    [INPUT_ACTION_MUTE] = { N_("mute"), "M" },
    [INPUT_ACTION_LEFT_WIN] = { N_("left Windows key"), "LeftMeta" },
    [INPUT_ACTION_RIGHT_WIN] = { N_("right Windows key"), "RightMeta" },
    [INPUT_ACTION_CTRL_ALT_DEL] = { "Ctrl+Alt+Del", "End" },
    [INPUT_ACTION_CTRL_ALT_FN] = { N_("with F1..F12: Ctrl+Alt+F1..F12"), "LeftCtrl" },
    [INPUT_ACTION_MACRO] = { NULL, NULL },
};

struct binding_table {
    uint32_t escape_key;
    size_t count;
    struct binding items[BINDING_MAX]; /* text and steps owned */
};

__attribute__((format(printf, 2, 3))) static int complain(struct binding_error *error,
                                                          const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(error->text, sizeof(error->text), fmt, args);
    va_end(args);
    return -EINVAL;
}

/* A piece of the text, without blanks around it. */
struct word {
    const char *at;
    size_t bytes;
};

static struct word trimmed(const char *at, size_t bytes)
{
    while (bytes && isspace((unsigned char)at[0]))
        at++, bytes--;
    while (bytes && isspace((unsigned char)at[bytes - 1]))
        bytes--;
    return (struct word){ at, bytes };
}

/* Takes what stands before the next `separator`; false at the end of the text. */
static bool next_word(struct word *rest, char separator, struct word *out)
{
    if (!rest->at)
        return false;
    const char *end = memchr(rest->at, separator, rest->bytes);
    const size_t bytes = end ? (size_t)(end - rest->at) : rest->bytes;
    *out = trimmed(rest->at, bytes);
    *rest = end ? (struct word){ end + 1, rest->bytes - bytes - 1 } : (struct word){ NULL, 0 };
    return true;
}

/* Quotes at most this much of a user's text in a message. */
static int shown_bytes(struct word w)
{
    return (int)(w.bytes < MAX_KEY_NAME ? w.bytes : MAX_KEY_NAME);
}

static int key_of(struct word w, uint32_t *key, struct binding_error *error)
{
    char name[MAX_KEY_NAME + 1];
    if (w.bytes == 0)
        return complain(error, _("a key's name is missing"));
    if (w.bytes <= MAX_KEY_NAME) {
        memcpy(name, w.at, w.bytes);
        name[w.bytes] = 0;
        *key = keymap_key_from_name(name);
        if (*key)
            return 0;
    }
    return complain(error,
                    _("\"%.*s\" is not a key: use a name such as F, PageUp, KEY_F12, or an "
                      "evdev code"),
                    shown_bytes(w), w.at);
}

/* ---- macros ---- */

struct steps {
    struct binding_step *items;
    size_t count;
    bool down[KEYMAP_CODES];
};

static int add_step(struct steps *s, enum binding_step_kind kind, uint32_t value,
                    struct binding_error *error)
{
    if (s->count == BINDING_MAX_STEPS)
        return complain(error, _("the sequence is too long: at most %d steps"), BINDING_MAX_STEPS);
    if (kind != BINDING_WAIT)
        s->down[value] = kind == BINDING_DOWN;
    s->items[s->count++] = (struct binding_step){ kind, value };
    return 0;
}

/* "LeftCtrl+T": down in order, up in reverse. */
static int add_chord(struct steps *s, struct word text, struct binding_error *error)
{
    uint32_t keys[BINDING_MAX_KEYS_AT_ONCE] = { 0 };
    size_t count = 0;
    struct word w, rest = text;
    int err = 0;
    while (!err && next_word(&rest, '+', &w)) {
        if (count == BINDING_MAX_KEYS_AT_ONCE)
            return complain(error, _("more than %d keys at once"), BINDING_MAX_KEYS_AT_ONCE);
        err = key_of(w, &keys[count], error);
        if (!err && keymap_scancode(keys[count]) == KEYMAP_NONE)
            err = complain(error, _("\"%.*s\" cannot be sent to a guest"), shown_bytes(w), w.at);
        if (!err)
            err = add_step(s, BINDING_DOWN, keys[count++], error);
    }
    while (!err && count > 0)
        err = add_step(s, BINDING_UP, keys[--count], error);
    return err;
}

static int add_wait(struct steps *s, struct word text, struct binding_error *error)
{
    uint32_t ms = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        if (!isdigit((unsigned char)text.at[i]) || ms > BINDING_MAX_WAIT_MS)
            ms = BINDING_MAX_WAIT_MS + 1;
        else
            ms = ms * 10 + (uint32_t)(text.at[i] - '0');
    }
    if (text.bytes == 0 || ms > BINDING_MAX_WAIT_MS)
        return complain(error, _("\"wait %.*s\": 0 to %d milliseconds"), shown_bytes(text), text.at,
                        BINDING_MAX_WAIT_MS);
    return add_step(s, BINDING_WAIT, ms, error);
}

static int add_half(struct steps *s, struct word text, enum binding_step_kind kind,
                    struct binding_error *error)
{
    uint32_t key = 0;
    const int err = key_of(text, &key, error);
    if (err)
        return err;
    if (keymap_scancode(key) == KEYMAP_NONE)
        return complain(error, _("\"%.*s\" cannot be sent to a guest"), shown_bytes(text), text.at);
    return add_step(s, kind, key, error);
}

/* Is it "VERB something"? Then `rest` is the something. */
static bool is_verb(struct word text, const char *verb, struct word *rest)
{
    const size_t bytes = strlen(verb);
    if (text.bytes <= bytes || strncasecmp(text.at, verb, bytes) != 0 ||
        !isspace((unsigned char)text.at[bytes]))
        return false;
    *rest = trimmed(text.at + bytes, text.bytes - bytes);
    return true;
}

static int add_words(struct steps *s, struct word text, struct binding_error *error)
{
    struct word rest;
    if (is_verb(text, "wait", &rest))
        return add_wait(s, rest, error);
    if (is_verb(text, "down", &rest))
        return add_half(s, rest, BINDING_DOWN, error);
    if (is_verb(text, "up", &rest))
        return add_half(s, rest, BINDING_UP, error);
    return add_chord(s, text, error);
}

static int release_rest(struct steps *s, struct binding_error *error)
{
    int err = 0;
    for (uint32_t key = KEYMAP_CODES; !err && key-- > 0;)
        if (s->down[key])
            err = add_step(s, BINDING_UP, key, error);
    return err;
}

static int parse_steps(struct word text, struct binding *b, struct binding_error *error)
{
    struct steps s = { .items = calloc(BINDING_MAX_STEPS, sizeof(*s.items)) };
    if (!s.items)
        return -ENOMEM;
    struct word w;
    int err = 0;
    while (!err && next_word(&text, ',', &w))
        err = add_words(&s, w, error);
    if (!err)
        err = release_rest(&s, error);
    if (err) {
        free(s.items);
        return err;
    }
    b->steps = s.items;
    b->step_count = s.count;
    return 0;
}

/* ---- the table ---- */

int binding_table_create(const char *escape_key, struct binding_table **out,
                         struct binding_error *error)
{
    uint32_t key = 0;
    const int err = key_of(trimmed(escape_key, strlen(escape_key)), &key, error);
    if (err)
        return err;
    struct binding_table *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->escape_key = key;
    *out = t;
    return 0;
}

void binding_table_destroy(struct binding_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        free((void *)t->items[i].text);
        free((void *)t->items[i].steps);
    }
    free(t);
}

/* Its name, or the number that the user wrote. */
static const char *name_of(uint32_t key, char number[11])
{
    const char *name = keymap_name(key);
    snprintf(number, 11, "%" PRIu32, key);
    return name ? name : number;
}

static int check_free(const struct binding_table *t, uint32_t key, struct binding_error *error)
{
    char number[11];
    if (key == t->escape_key)
        return complain(error, _("%s is the escape key itself"), name_of(key, number));
    const struct binding *other = binding_table_find(t, key);
    if (!other)
        return 0;
    return complain(error, _("%s is taken already: %s"), name_of(key, number),
                    other->action == INPUT_ACTION_MACRO ? other->text
                                                        : _(actions[other->action].what));
}

static int parse_binding(struct binding *b, struct binding_error *error)
{
    struct word text = trimmed(b->text, strlen(b->text));
    if (b->action != INPUT_ACTION_MACRO)
        return key_of(text, &b->key, error);
    const char *colon = memchr(text.at, ':', text.bytes);
    if (!colon)
        return complain(error, _("\"%.*s\": a macro is KEY: SEQUENCE, such as \"F1: LeftCtrl+C\""),
                        shown_bytes(text), text.at);
    const size_t key_bytes = (size_t)(colon - text.at);
    const int err = key_of(trimmed(text.at, key_bytes), &b->key, error);
    return err ? err
               : parse_steps((struct word){ colon + 1, text.bytes - key_bytes - 1 }, b, error);
}

int binding_table_add(struct binding_table *t, enum input_action action, const char *text,
                      struct binding_error *error)
{
    if (!text || trimmed(text, strlen(text)).bytes == 0)
        return 0;
    if (strlen(text) > MAX_TEXT)
        return complain(error, _("the text is too long: at most %d bytes"), MAX_TEXT);
    if (t->count == BINDING_MAX)
        return -ENOSPC;
    struct binding b = { .action = action, .text = strdup(text) };
    if (!b.text)
        return -ENOMEM;
    int err = parse_binding(&b, error);
    if (!err)
        err = check_free(t, b.key, error);
    if (err) {
        free((void *)b.text);
        free((void *)b.steps);
        return err;
    }
    t->items[t->count++] = b;
    return 0;
}

int binding_table_add_defaults(struct binding_table *t, struct binding_error *error)
{
    int err = 0;
    for (int a = 1; !err && a < INPUT_ACTIONS; a++)
        err = binding_table_add(t, (enum input_action)a, actions[a].default_key, error);
    return err;
}

uint32_t binding_table_escape_key(const struct binding_table *t)
{
    return t->escape_key;
}

const struct binding *binding_table_find(const struct binding_table *t, uint32_t key)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].key == key)
            return &t->items[i];
    return NULL;
}

/* What a binding does; for a macro the sequence after "KEY:". */
static const char *what_of(const struct binding *b)
{
    if (b->action != INPUT_ACTION_MACRO)
        return _(actions[b->action].what);
    const char *sequence = strchr(b->text, ':') + 1;
    while (isspace((unsigned char)*sequence))
        sequence++;
    return sequence;
}

size_t binding_table_help(const struct binding_table *t, char *text, size_t text_bytes)
{
    size_t need = 0, used = 0;
    if (text_bytes)
        text[0] = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct binding *b = &t->items[i];
        char number[16];
        snprintf(number, sizeof(number), "%u", b->key);
        const char *name = keymap_name(b->key) ? keymap_name(b->key) : number;
        const size_t line = strlen(name) + 1 + strlen(what_of(b)) + 1;
        if (used == need && need + line + 1 <= text_bytes) {
            snprintf(text + used, text_bytes - used, "%s\t%s\n", name, what_of(b));
            used += line;
        }
        need += line;
    }
    return need + 1;
}
