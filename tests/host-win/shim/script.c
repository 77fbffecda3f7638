/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"
#include "kvmfr/format.h"

enum {
    MAX_TEXT_BYTES = 1 << 20,
    MAX_COMMANDS = 200000,
    MAX_EVENTS = 100000,
    MAX_WORDS = 8,
    MAX_DEPTH = 4,
    MAX_ROUNDS = 1000000, /* of all loops together, empty ones included */
    LINE_BYTES = 200,
};

/* Names and what they stand for. */
struct choice {
    const char *name;
    int64_t value;
};
static const struct choice rotations[] = { { "0", 0 }, { "90", 1 }, { "180", 2 }, { "270", 3 } };
static const struct choice formats[] = { { "bgra", FRAME_FORMAT_BGRA },
                                         { "rgba", FRAME_FORMAT_RGBA },
                                         { "rgba10", FRAME_FORMAT_RGBA10 },
                                         { "rgba16f", FRAME_FORMAT_RGBA16F } };
static const struct choice colours[] = { { "sdr", SHIM_COLOUR_SDR },
                                         { "scrgb", SHIM_COLOUR_SCRGB },
                                         { "pq", SHIM_COLOUR_PQ } };
static const struct choice patterns[] = { { "noise", SHIM_PATTERN_NOISE },
                                          { "blocks", SHIM_PATTERN_BLOCKS } };
static const struct choice visibilities[] = { { "shown", 1 }, { "hidden", 0 } };
static const struct choice shapes[] = { { "colour", CURSOR_COLOUR },
                                        { "mono", CURSOR_MONOCHROME },
                                        { "masked", CURSOR_MASKED_COLOUR } };
static const struct choice calls[] = {
    { "duplicate", SHIM_CALL_DUPLICATE }, { "duplicate1", SHIM_CALL_DUPLICATE1 },
    { "acquire", SHIM_CALL_ACQUIRE },     { "release", SHIM_CALL_RELEASE },
    { "dirty", SHIM_CALL_DIRTY },         { "moves", SHIM_CALL_MOVES },
    { "shape", SHIM_CALL_SHAPE },         { "map", SHIM_CALL_MAP },
    { "query", SHIM_CALL_QUERY },
};
/* winerror.h and dxgi: this file is also compiled where they are not. */
static const struct choice results[] = {
    { "not_pending", 1 }, /* S_FALSE: a query whose result is not there yet */
    { "not_implemented", 0x80004001 },
    { "no_interface", 0x80004002 },
    { "fail", 0x80004005 },
    { "access_denied", 0x80070005 },
    { "out_of_memory", 0x8007000E },
    { "invalid_arg", 0x80070057 },
    { "invalid_call", 0x887A0001 },
    { "not_found", 0x887A0002 },
    { "more_data", 0x887A0003 },
    { "unsupported", 0x887A0004 },
    { "device_removed", 0x887A0005 },
    { "device_hung", 0x887A0006 },
    { "device_reset", 0x887A0007 },
    { "still_drawing", 0x887A000A },
    { "driver_error", 0x887A0020 },
    { "not_currently_available", 0x887A0022 },
    { "mode_change_in_progress", 0x887A0025 },
    { "access_lost", 0x887A0026 },
    { "wait_timeout", 0x887A0027 },
    { "session_disconnected", 0x887A0028 },
};

/* Arguments, a letter each: what may stand there. `?`: what follows may be missing (then -1). */
struct kind {
    char letter;
    const char *what;
    const struct choice *choices;
    size_t choice_count;
    int64_t min, max; /* of a number; base 16 for `c` and `h` */
};
static const struct kind kinds[] = {
    { 's', "a size of 1 to 8192", NULL, 0, 1, SHIM_MAX_PX },
    { 'n', "a number of 0 to 1000000", NULL, 0, 0, 1000000 },
    { 'i', "a position of -32768 to 32767", NULL, 0, -32768, 32767 },
    { 'c', "a colour RRGGBB", NULL, 0, 0, 0xFFFFFF },
    { 'h', "a name or 0x... of an HRESULT", results, ARRAY_LEN(results), 0, UINT32_MAX },
    { 'R', "0, 90, 180 or 270", rotations, ARRAY_LEN(rotations), 0, -1 },
    { 'F', "bgra, rgba, rgba10 or rgba16f", formats, ARRAY_LEN(formats), 0, -1 },
    { 'C', "sdr, scrgb or pq", colours, ARRAY_LEN(colours), 0, -1 },
    { 'P', "noise or blocks", patterns, ARRAY_LEN(patterns), 0, -1 },
    { 'V', "shown or hidden", visibilities, ARRAY_LEN(visibilities), 0, -1 },
    { 'S', "colour, mono or masked", shapes, ARRAY_LEN(shapes), 0, -1 },
    { 'K', "the name of a call", calls, ARRAY_LEN(calls), 0, -1 },
};

enum place { ANYWHERE, SETUP_ONLY, EVENT_ONLY };
enum role { COMMAND, BEGIN, LAST_WORD, REPEAT, END };

static const struct word {
    const char *name;
    const char *args; /* letters of `kinds`, `t`: text */
    enum place place;
    enum role role;
    int value; /* enum shim_op, enum shim_event_kind */
} words[] = {
    { "output", "tii", SETUP_ONLY, COMMAND, SHIM_OP_OUTPUT },
    { "old_interfaces", "", SETUP_ONLY, COMMAND, SHIM_OP_OLD_INTERFACES },
    { "scribble", "", SETUP_ONLY, COMMAND, SHIM_OP_SCRIBBLE },
    { "live", "", SETUP_ONLY, COMMAND, SHIM_OP_LIVE },
    { "mode", "ss", ANYWHERE, COMMAND, SHIM_OP_MODE },
    { "rotation", "R", ANYWHERE, COMMAND, SHIM_OP_ROTATION },
    { "format", "F", ANYWHERE, COMMAND, SHIM_OP_FORMAT },
    { "colour", "C", ANYWHERE, COMMAND, SHIM_OP_COLOUR },
    { "white", "s", ANYWHERE, COMMAND, SHIM_OP_WHITE },
    { "pattern", "P", ANYWHERE, COMMAND, SHIM_OP_PATTERN },
    { "full", "", ANYWHERE, COMMAND, SHIM_OP_FULL },
    { "paint", "iiss?c", ANYWHERE, COMMAND, SHIM_OP_PAINT },
    { "random", "n", EVENT_ONLY, COMMAND, SHIM_OP_RANDOM },
    { "dirty", "iiss", EVENT_ONLY, COMMAND, SHIM_OP_DIRTY },
    { "secret", "iiss", EVENT_ONLY, COMMAND, SHIM_OP_SECRET },
    { "move", "iissii", EVENT_ONLY, COMMAND, SHIM_OP_MOVE },
    { "bare", "", EVENT_ONLY, COMMAND, SHIM_OP_BARE },
    { "accumulated", "n", EVENT_ONLY, COMMAND, SHIM_OP_ACCUMULATED },
    { "protected", "", EVENT_ONLY, COMMAND, SHIM_OP_PROTECTED },
    { "metadata", "n", EVENT_ONLY, COMMAND, SHIM_OP_METADATA },
    { "pointer", "iiV", ANYWHERE, COMMAND, SHIM_OP_POINTER },
    { "shape", "Sssnn", ANYWHERE, COMMAND, SHIM_OP_SHAPE },
    { "wait", "n", EVENT_ONLY, COMMAND, SHIM_OP_WAIT },
    { "gate", "t", EVENT_ONLY, COMMAND, SHIM_OP_GATE },
    { "fail", "Knh", ANYWHERE, COMMAND, SHIM_OP_FAIL },
    { "begin", "", SETUP_ONLY, BEGIN, 0 },
    { "go", "", EVENT_ONLY, LAST_WORD, SHIM_EVENT_NEWS },
    { "timeout", "", EVENT_ONLY, LAST_WORD, SHIM_EVENT_TIMEOUT },
    { "lost", "", EVENT_ONLY, LAST_WORD, SHIM_EVENT_LOST },
    { "removed", "h", EVENT_ONLY, LAST_WORD, SHIM_EVENT_REMOVED },
    { "repeat", "n", EVENT_ONLY, REPEAT, 0 },
    { "end", "", EVENT_ONLY, END, 0 },
};

struct loop {
    size_t back_to; /* offset of the line after `repeat` */
    uint32_t line;
    int32_t left;
};
struct parser {
    struct shim_script script;
    uint32_t command_cap, event_cap, open_command; /* first command of the event being read */
    bool begun;
    struct loop loops[MAX_DEPTH];
    uint32_t depth, rounds;
    size_t next;   /* offset of the next line */
    uint32_t line; /* number of the line being read */
    char *error;
};

PRINTF_LIKE(2, 3) static int fault(struct parser *p, const char *format, ...)
{
    const int head = snprintf(p->error, 160, "line %u: ", p->line);
    va_list args;
    va_start(args, format);
    vsnprintf(p->error + head, 160 - (size_t)head, format, args);
    va_end(args);
    return -EINVAL;
}

/* Room for one more of `bytes`; doubles. */
static int grow(void **array, uint32_t *cap, uint32_t count, size_t bytes, uint32_t max)
{
    if (count < *cap)
        return 0;
    if (count >= max)
        return -E2BIG;
    const uint32_t bigger = *cap ? *cap * 2 : 16;
    void *grown = realloc(*array, bigger * bytes);
    if (!grown)
        return -ENOMEM;
    *array = grown;
    *cap = bigger;
    return 0;
}

static int add_command(struct parser *p, const struct shim_command *command)
{
    void *array = p->script.commands;
    const int err =
        grow(&array, &p->command_cap, p->script.command_count, sizeof(*command), MAX_COMMANDS);
    p->script.commands = array;
    if (err == 0)
        p->script.commands[p->script.command_count++] = *command;
    return err;
}

static int add_event(struct parser *p, enum shim_event_kind kind, int32_t hr)
{
    void *array = p->script.events;
    const int err =
        grow(&array, &p->event_cap, p->script.event_count, sizeof(struct shim_event), MAX_EVENTS);
    p->script.events = array;
    if (err < 0)
        return err;
    p->script.events[p->script.event_count++] =
        (struct shim_event){ .kind = kind,
                             .hr = hr,
                             .first_command = p->open_command,
                             .command_count = p->script.command_count - p->open_command };
    p->open_command = p->script.command_count;
    return 0;
}

static const struct kind *kind_of(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].letter == letter)
            return &kinds[i];
    return NULL;
}

static int read_argument(struct parser *p, const struct kind *kind, const char *text, int32_t *out)
{
    for (size_t i = 0; i < kind->choice_count; i++) {
        if (strcmp(text, kind->choices[i].name) == 0) {
            *out = (int32_t)kind->choices[i].value;
            return 0;
        }
    }
    char *end;
    errno = 0;
    const int64_t value = strtoll(text, &end, kind->letter == 'c' || kind->letter == 'h' ? 16 : 10);
    if (*end || end == text || errno || value < kind->min || value > kind->max)
        return fault(p, "'%.40s' where %s is due", text, kind->what);
    *out = (int32_t)value;
    return 0;
}

static int read_arguments(struct parser *p, const struct word *word, char **given, uint32_t count,
                          struct shim_command *out)
{
    uint32_t at = 0, n = 0;
    bool optional = false;
    for (const char *a = word->args; *a; a++) {
        if (*a == '?') {
            optional = true;
            continue;
        }
        if (at == count && !optional)
            return fault(p, "%s: too few words", word->name);
        if (*a == 't') {
            const size_t length = strlen(given[at]);
            if (length >= SHIM_TEXT_BYTES)
                return fault(p, "%s: '%.40s' is too long", word->name, given[at]);
            memcpy(out->text, given[at++], length + 1);
            continue;
        }
        out->n[n] = -1;
        const int err = at < count ? read_argument(p, kind_of(*a), given[at++], &out->n[n]) : 0;
        if (err < 0)
            return err;
        n++;
    }
    return at < count ? fault(p, "%s: too many words", word->name) : 0;
}

static int repeat(struct parser *p, int32_t times)
{
    if (p->depth == MAX_DEPTH)
        return fault(p, "repeat: more than %d deep", MAX_DEPTH);
    if (times < 1)
        return fault(p, "repeat: at least once");
    p->loops[p->depth++] = (struct loop){ .back_to = p->next, .line = p->line, .left = times - 1 };
    return 0;
}

static int end(struct parser *p)
{
    if (p->depth == 0)
        return fault(p, "end without repeat");
    struct loop *loop = &p->loops[p->depth - 1];
    if (loop->left-- == 0) {
        p->depth--;
        return 0;
    }
    if (++p->rounds > MAX_ROUNDS)
        return fault(p, "repeat: more than %d rounds", MAX_ROUNDS);
    p->next = loop->back_to;
    p->line = loop->line;
    return 0;
}

static int obey(struct parser *p, const struct word *word, struct shim_command *command)
{
    if (word->place == SETUP_ONLY && p->begun)
        return fault(p, "%s: only before 'begin'", word->name);
    if (word->place == EVENT_ONLY && !p->begun)
        return fault(p, "%s: only after 'begin'", word->name);
    switch (word->role) {
    case COMMAND:
        command->op = (enum shim_op)word->value;
        return add_command(p, command);
    case BEGIN:
        p->begun = true;
        return add_event(p, SHIM_EVENT_NONE, 0);
    case LAST_WORD:
        return add_event(p, (enum shim_event_kind)word->value, command->n[0]);
    case REPEAT:
        return repeat(p, command->n[0]);
    case END:
        return end(p);
    }
    return -EINVAL;
}

static int read_line(struct parser *p, char *line)
{
    char *given[MAX_WORDS];
    uint32_t count = 0;
    line[strcspn(line, "#")] = '\0';
    char *rest = line;
    for (;;) {
        rest += strspn(rest, " \t\r");
        if (!*rest)
            break;
        if (count == MAX_WORDS)
            return fault(p, "more than %d words", MAX_WORDS);
        given[count++] = rest;
        rest += strcspn(rest, " \t\r");
        if (*rest)
            *rest++ = '\0';
    }
    if (count == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(given[0], words[i].name) == 0) {
            struct shim_command command = { 0 };
            const int err = read_arguments(p, &words[i], given + 1, count - 1, &command);
            return err < 0 ? err : obey(p, &words[i], &command);
        }
    }
    return fault(p, "'%.40s' is no command", given[0]);
}

static int read_all(struct parser *p, const char *text, size_t text_bytes)
{
    while (p->next < text_bytes) {
        const char *start = text + p->next;
        const char *newline = memchr(start, '\n', text_bytes - p->next);
        const size_t len = newline ? (size_t)(newline - start) : text_bytes - p->next;
        char line[LINE_BYTES];
        p->line++;
        if (len >= sizeof(line) || memchr(start, '\0', len))
            return fault(p, "longer than %d bytes, or no text", LINE_BYTES - 1);
        memcpy(line, start, len);
        line[len] = '\0';
        p->next += len + 1;
        const int err = read_line(p, line);
        if (err < 0)
            return err;
    }
    if (p->depth > 0)
        return fault(p, "repeat of line %u has no end", p->loops[p->depth - 1].line);
    if (!p->begun)
        return fault(p, "there is no 'begin'");
    if (p->open_command < p->script.command_count)
        return fault(p, "the last event has no last word");
    return 0;
}

int shim_script_parse(const char *text, size_t text_bytes, struct shim_script *out, char error[160])
{
    struct parser p = { .error = error };
    error[0] = '\0';
    const int err = text_bytes > MAX_TEXT_BYTES ? -E2BIG : read_all(&p, text, text_bytes);
    if (err < 0) {
        if (!error[0])
            snprintf(error, 160, "line %u: %s", p.line,
                     err == -E2BIG ? "more than a script may be" : "no memory");
        shim_script_fini(&p.script);
        return err;
    }
    *out = p.script;
    return 0;
}

int shim_script_load(const char *path, struct shim_script *out, char error[160])
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(MAX_TEXT_BYTES + 1);
    int err = !file ? -errno : !text ? -ENOMEM : 0;
    if (err == 0) {
        const size_t len = fread(text, 1, MAX_TEXT_BYTES + 1, file);
        err = shim_script_parse(text, len, out, error);
    } else {
        snprintf(error, 160, "%.120s: cannot be read", path);
    }
    if (file)
        fclose(file);
    free(text);
    return err;
}

void shim_script_fini(struct shim_script *script)
{
    free(script->commands);
    free(script->events);
    *script = (struct shim_script){ 0 };
}

const struct shim_command *shim_script_find(const struct shim_script *script, uint32_t event,
                                            enum shim_op op)
{
    const struct shim_event *e = &script->events[event];
    for (uint32_t i = 0; i < e->command_count; i++)
        if (script->commands[e->first_command + i].op == op)
            return &script->commands[e->first_command + i];
    return NULL;
}
