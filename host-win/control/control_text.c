/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control_text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const commands[] = {
    [CONTROL_STATUS] = "status",
    [CONTROL_RESTART] = "restart",
    [CONTROL_QUIT] = "quit",
};

static const char *const states[] = {
    [CONTROL_STATE_NONE] = "none",     [CONTROL_STARTING] = "starting", [CONTROL_IDLE] = "idle",
    [CONTROL_CAPTURING] = "capturing", [CONTROL_FAILED] = "failed",
};

enum field_type { FIELD_TEXT, FIELD_U32, FIELD_U64, FIELD_BOOL, FIELD_STATE };

static const struct field {
    const char *key;
    enum field_type type;
    size_t offset, size;
} fields[] = {
#define FIELD(key_, type_, member_)                                                                \
    {                                                                                              \
        key_, type_, offsetof(struct control_status, member_),                                     \
            sizeof(((struct control_status *)0)->member_)                                          \
    }
    FIELD("state", FIELD_STATE, state),     FIELD("viewer", FIELD_BOOL, viewer_connected),
    FIELD("capture", FIELD_TEXT, capture),  FIELD("width", FIELD_U32, width_px),
    FIELD("height", FIELD_U32, height_px),  FIELD("format", FIELD_TEXT, format),
    FIELD("rate_mhz", FIELD_U32, rate_mhz), FIELD("frames", FIELD_U64, frames),
    FIELD("problem", FIELD_TEXT, problem),  FIELD("log", FIELD_TEXT, log),
    FIELD("version", FIELD_TEXT, version),  FIELD("pid", FIELD_U32, process_id),
#undef FIELD
};

/* A piece of somebody's text; not terminated. */
struct piece {
    const char *at;
    size_t len;
};

static bool piece_is(struct piece p, const char *word)
{
    return p.len == strlen(word) && memcmp(p.at, word, p.len) == 0;
}

static bool piece_starts(struct piece p, const char *word)
{
    return p.len >= strlen(word) && memcmp(p.at, word, strlen(word)) == 0;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool piece_printable(struct piece p)
{
    for (size_t i = 0; i < p.len; i++) {
        if (is_control(p.at[i]))
            return false;
    }
    return true;
}

/* ---- requests ---- */

int control_command_parse(const char *text, size_t text_bytes, enum control_command *out)
{
    struct piece line = { text, text_bytes };
    while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    for (size_t i = CONTROL_STATUS; i < ARRAY_LEN(commands); i++) {
        if (!piece_is(line, commands[i]))
            continue;
        *out = (enum control_command)i;
        return 0;
    }
    return -EPROTO;
}

const char *control_command_text(enum control_command command)
{
    assert(command > CONTROL_NONE && (size_t)command < ARRAY_LEN(commands));
    return commands[command];
}

const char *control_state_text(enum control_state state)
{
    return (size_t)state < ARRAY_LEN(states) ? states[state] : states[CONTROL_STATE_NONE];
}

/* ---- writing ---- */

/* All values at their longest fit: checked by a test. */
struct writer {
    char *text;
    size_t used;
};

static void put(struct writer *w, const char *text, size_t max_bytes)
{
    for (size_t i = 0; i < max_bytes && text[i] && w->used < CONTROL_REPLY_MAX_BYTES - 1; i++)
        w->text[w->used++] = is_control(text[i]) ? '?' : text[i];
}

static void put_number(struct writer *w, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    put(w, digits, sizeof(digits));
}

static void put_line_end(struct writer *w)
{
    if (w->used < CONTROL_REPLY_MAX_BYTES - 1)
        w->text[w->used++] = '\n';
    w->text[w->used] = '\0';
}

static void put_value(struct writer *w, const struct field *field,
                      const struct control_status *status)
{
    const void *value = (const char *)status + field->offset;
    switch (field->type) {
    case FIELD_TEXT:
        put(w, value, field->size);
        break;
    case FIELD_U32:
        put_number(w, *(const uint32_t *)value);
        break;
    case FIELD_U64:
        put_number(w, *(const uint64_t *)value);
        break;
    case FIELD_BOOL:
        put(w, *(const bool *)value ? "yes" : "no", 3);
        break;
    case FIELD_STATE:
        put(w, control_state_text(status->state), 16);
        break;
    }
}

size_t control_status_format(const struct control_status *status, char *text)
{
    struct writer w = { .text = text };
    put(&w, "ok", 2);
    put_line_end(&w);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        put(&w, fields[i].key, 16);
        put(&w, "=", 1);
        put_value(&w, &fields[i], status);
        put_line_end(&w);
    }
    return w.used;
}

size_t control_answer_format(const char *why, char *text)
{
    struct writer w = { .text = text };
    put(&w, why ? "error " : "ok", 6);
    if (why)
        put(&w, why, 256);
    put_line_end(&w);
    return w.used;
}

/* ---- reading ---- */

/* Cuts the next line off; its end is not part of it. False at the end, or where a line has no end:
 * then something is left. */
static bool next_line(struct piece *rest, struct piece *line)
{
    const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
    if (!end)
        return false;
    *line = (struct piece){ rest->at, (size_t)(end - rest->at) };
    rest->len -= line->len + 1;
    rest->at = end + 1;
    return true;
}

static int read_number(struct piece value, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;
    if (value.len == 0)
        return -EPROTO;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return -EPROTO;
        const uint64_t digit = (uint64_t)(value.at[i] - '0');
        if (number > (max - digit) / 10)
            return -EPROTO;
        number = number * 10 + digit;
    }
    *out = number;
    return 0;
}

static int read_text(struct piece value, char *out, size_t out_bytes)
{
    if (value.len >= out_bytes)
        return -EPROTO;
    if (value.len)
        memcpy(out, value.at, value.len);
    out[value.len] = '\0';
    return 0;
}

static int read_u32(struct piece value, uint32_t *out)
{
    uint64_t number;
    const int err = read_number(value, UINT32_MAX, &number);
    if (err == 0)
        *out = (uint32_t)number;
    return err;
}

static int read_bool(struct piece value, bool *out)
{
    *out = piece_is(value, "yes");
    return *out || piece_is(value, "no") ? 0 : -EPROTO;
}

static int read_state(struct piece value, enum control_state *out)
{
    for (size_t i = CONTROL_STARTING; i < ARRAY_LEN(states); i++) {
        if (!piece_is(value, states[i]))
            continue;
        *out = (enum control_state)i;
        return 0;
    }
    return -EPROTO;
}

static int read_value(const struct field *field, struct piece value, struct control_status *status)
{
    void *out = (char *)status + field->offset;
    switch (field->type) {
    case FIELD_TEXT:
        return read_text(value, out, field->size);
    case FIELD_U32:
        return read_u32(value, out);
    case FIELD_U64:
        return read_number(value, UINT64_MAX, out);
    case FIELD_BOOL:
        return read_bool(value, out);
    case FIELD_STATE:
        return read_state(value, out);
    }
    return -EPROTO;
}

static int read_line(struct piece line, struct control_status *status, uint32_t *seen)
{
    const char *equals = line.len ? memchr(line.at, '=', line.len) : NULL;
    if (!equals || !piece_printable(line))
        return -EPROTO;
    const struct piece key = { line.at, (size_t)(equals - line.at) };
    const struct piece value = { equals + 1, line.len - key.len - 1 };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!piece_is(key, fields[i].key))
            continue;
        if (*seen & (1u << i))
            return -EPROTO;
        *seen |= 1u << i;
        return read_value(&fields[i], value, status);
    }
    return 0;
}

/* The first line, which both kinds of reply have. */
static int read_answer(struct piece *rest, char *why, size_t why_bytes)
{
    struct piece line;
    why[0] = '\0';
    if (rest->len > CONTROL_REPLY_MAX_BYTES || !next_line(rest, &line))
        return -EPROTO;
    if (piece_is(line, "ok"))
        return 0;
    const size_t skip = strlen("error ");
    if (!piece_starts(line, "error ") || !piece_printable(line))
        return -EPROTO;
    line = (struct piece){ line.at + skip, line.len - skip };
    if (line.len >= why_bytes)
        line.len = why_bytes - 1;
    return read_text(line, why, why_bytes) == 0 ? -EOPNOTSUPP : -EPROTO;
}

int control_answer_parse(const char *text, size_t text_bytes, char *why, size_t why_bytes)
{
    struct piece rest = { text, text_bytes };
    const int err = read_answer(&rest, why, why_bytes);
    if (err == 0 && rest.len != 0)
        return -EPROTO;
    return err;
}

int control_status_parse(const char *text, size_t text_bytes, struct control_status *out)
{
    struct control_status status = { 0 };
    struct piece rest = { text, text_bytes }, line;
    char why[8];
    uint32_t seen = 0;
    int err = read_answer(&rest, why, sizeof(why));
    while (err == 0 && next_line(&rest, &line))
        err = read_line(line, &status, &seen);
    if (err < 0)
        return err;
    if (rest.len != 0 || status.state == CONTROL_STATE_NONE)
        return -EPROTO;
    *out = status;
    return 0;
}
