/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options/value.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "options/name.h"

enum { SIZE_DEFAULT_MAX = 65535, POSITION_MAX = 1000000 };

void option_error_set(struct option_error *error, const char *fmt, ...)
{
    if (!error)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(error->message, sizeof(error->message), fmt, args);
    va_end(args);
}

struct printable printable_of(const char *text, size_t len_bytes)
{
    struct printable p;
    const size_t room_bytes = sizeof(p.text) - 4;
    const bool cut = len_bytes > room_bytes;
    size_t n = cut ? room_bytes : len_bytes;
    while (cut && n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a character */
    for (size_t i = 0; i < n; i++)
        p.text[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    memcpy(p.text + n, cut ? "..." : "", cut ? 4 : 1);
    return p;
}

static struct printable printable_value(const char *value)
{
    return printable_of(value, strlen(value));
}

static int invalid(const struct option_def *def, const char *value, struct option_error *error,
                   const char *nearest)
{
    char type[160];
    option_type_text(def, type, sizeof(type));
    const struct printable shown = printable_value(value);
    if (nearest)
        option_error_set(error, _("%s: '%s' is not valid; expected %s; nearest is %s"), def->name,
                         shown.text, type, nearest);
    else
        option_error_set(error, _("%s: '%s' is not valid; expected %s"), def->name, shown.text,
                         type);
    return -EINVAL;
}

static bool word_is(const char *a, const char *b)
{
    return name_equal((struct name_span){ a, strlen(a) }, (struct name_span){ b, strlen(b) });
}

static int set_bool(const struct option_def *def, void *field, const char *value,
                    struct option_error *error)
{
    static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (word_is(value, words[i])) {
            *(bool *)field = i % 2 != 0;
            return 0;
        }
    }
    return invalid(def, value, error, options_nearest(words, ARRAY_LEN(words), value));
}

/* Decimal or 0x...; nothing before or behind. */
static bool read_integer(const char *text, long long *out)
{
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9')
        return false;
    const bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end = NULL;
    errno = 0;
    const long long v = strtoll(text, &end, hex ? 16 : 10);
    if (errno != 0 || *end != '\0' || (hex && end == digits + 2))
        return false;
    *out = v;
    return true;
}

/* Like read_integer(), but decimal only and up to a stop character: the halves of "1920x1080". */
static bool read_decimal(const char **text, char stop, int32_t min, int32_t max, int32_t *out)
{
    const bool negative = **text == '-';
    const char *p = *text + (negative || **text == '+');
    int64_t v = 0;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (*p - '0');
        if (v > INT32_MAX)
            return false;
    }
    v = negative ? -v : v;
    if (v < min || v > max || *p != stop)
        return false;
    *out = (int32_t)v;
    *text = p;
    return true;
}

static long long integer_min(const struct option_def *def)
{
    const bool open = def->min == 0 && def->max == 0;
    return open ? (def->type == OPTION_U32 ? 0 : INT32_MIN) : (long long)def->min;
}

static long long integer_max(const struct option_def *def)
{
    const bool open = def->min == 0 && def->max == 0;
    return open ? (def->type == OPTION_U32 ? UINT32_MAX : INT32_MAX) : (long long)def->max;
}

static int set_integer(const struct option_def *def, void *field, const char *value,
                       struct option_error *error)
{
    long long v;
    if (!read_integer(value, &v))
        return invalid(def, value, error, NULL);
    const long long min = integer_min(def), max = integer_max(def);
    if (v < min || v > max) {
        char nearest[32];
        snprintf(nearest, sizeof(nearest), "%lld", v < min ? min : max);
        return invalid(def, value, error, nearest);
    }
    if (def->type == OPTION_U32)
        *(uint32_t *)field = (uint32_t)v;
    else
        *(int32_t *)field = (int32_t)v;
    return 0;
}

static int set_double(const struct option_def *def, void *field, const char *value,
                      struct option_error *error)
{
    /* Digits only: strtod() alone would take "nan", "inf" and hexadecimal floats. */
    char *end = NULL;
    const double v = strtod(value, &end);
    if (*value == '\0' || strspn(value, "+-.0123456789eE") != strlen(value) || *end != '\0' ||
        fabs(v) > DBL_MAX) /* too large a number; isfinite() does not compile cleanly on mingw */
        return invalid(def, value, error, NULL);
    const bool open = def->min == 0 && def->max == 0;
    if (!open && (v < def->min || v > def->max)) {
        char nearest[32];
        snprintf(nearest, sizeof(nearest), "%g", v < def->min ? def->min : def->max);
        return invalid(def, value, error, nearest);
    }
    *(double *)field = v;
    return 0;
}

static int set_string(const struct option_def *def, void *field, const char *value,
                      struct option_error *error)
{
    char *copy = strdup(value);
    if (!copy) {
        option_error_set(error, _("%s: out of memory"), def->name);
        return -ENOMEM;
    }
    free(*(char **)field);
    *(char **)field = copy;
    return 0;
}

static const char *nearest_choice(const struct option_def *def, const char *value, char text[64])
{
    unsigned best = NAME_FAR;
    for (size_t i = 0; def->choices[i]; i++) {
        struct name_span word;
        for (size_t n = 0; name_list_item(def->choices[i], n, &word); n++) {
            const unsigned d = name_distance((struct name_span){ value, strlen(value) }, word);
            if (d >= best || !name_is_near(d, word.len_bytes))
                continue;
            best = d;
            snprintf(text, 64, "%.*s", (int)strcspn(def->choices[i], ";"), def->choices[i]);
        }
    }
    return best == NAME_FAR ? NULL : text;
}

static int set_enum(const struct option_def *def, void *field, const char *value,
                    struct option_error *error)
{
    for (size_t i = 0; def->choices[i]; i++) {
        struct name_span word;
        for (size_t n = 0; name_list_item(def->choices[i], n, &word); n++) {
            if (*value && name_equal((struct name_span){ value, strlen(value) }, word)) {
                *(int *)field = (int)i;
                return 0;
            }
        }
    }
    char text[64];
    return invalid(def, value, error, nearest_choice(def, value, text));
}

static int set_size(const struct option_def *def, void *field, const char *value,
                    struct option_error *error)
{
    if (word_is(value, "auto")) {
        *(struct option_size *)field = (struct option_size){ 0 };
        return 0;
    }
    const int32_t min = def->max > 0 ? (int32_t)def->min : 1;
    const int32_t max = def->max > 0 ? (int32_t)def->max : SIZE_DEFAULT_MAX;
    int32_t width, height;
    const char *p = value;
    const char stop = strchr(value, 'X') ? 'X' : 'x';
    if (!read_decimal(&p, stop, min, max, &width))
        return invalid(def, value, error, NULL);
    p++;
    if (!read_decimal(&p, '\0', min, max, &height))
        return invalid(def, value, error, NULL);
    *(struct option_size *)field = (struct option_size){ (uint32_t)width, (uint32_t)height };
    return 0;
}

static int set_position(const struct option_def *def, void *field, const char *value,
                        struct option_error *error)
{
    if (word_is(value, "center") || word_is(value, "centre")) {
        *(struct option_position *)field = (struct option_position){ 0 };
        return 0;
    }
    struct option_position position = { .set = true };
    const char *p = value;
    if (!read_decimal(&p, 'x', -POSITION_MAX, POSITION_MAX, &position.x))
        return invalid(def, value, error, NULL);
    p++;
    if (!read_decimal(&p, '\0', -POSITION_MAX, POSITION_MAX, &position.y))
        return invalid(def, value, error, NULL);
    *(struct option_position *)field = position;
    return 0;
}

int value_set(const struct option_def *def, void *target, const char *value,
              struct option_error *error)
{
    void *field = (char *)target + def->offset;
    switch (def->type) {
    case OPTION_NONE:
        break;
    case OPTION_BOOL:
        return set_bool(def, field, value, error);
    case OPTION_U32:
    case OPTION_I32:
        return set_integer(def, field, value, error);
    case OPTION_DOUBLE:
        return set_double(def, field, value, error);
    case OPTION_STRING:
        return set_string(def, field, value, error);
    case OPTION_ENUM:
        return set_enum(def, field, value, error);
    case OPTION_SIZE:
        return set_size(def, field, value, error);
    case OPTION_POSITION:
        return set_position(def, field, value, error);
    }
    assert(false && "an option without a type is a mistake in the table");
    return -EINVAL;
}

static void choices_text(const struct option_def *def, char *text, size_t text_bytes)
{
    size_t used_bytes = 0;
    text[0] = '\0';
    for (size_t i = 0; def->choices[i] && used_bytes < text_bytes; i++) {
        const int n = snprintf(text + used_bytes, text_bytes - used_bytes, "%s%.*s", i ? "|" : "",
                               (int)strcspn(def->choices[i], ";"), def->choices[i]);
        used_bytes += n > 0 ? (size_t)n : 0;
    }
}

void option_type_text(const struct option_def *def, char *text, size_t text_bytes)
{
    switch (def->type) {
    case OPTION_NONE:
        text[0] = '\0';
        return;
    case OPTION_BOOL:
        snprintf(text, text_bytes, "yes|no");
        return;
    case OPTION_U32:
    case OPTION_I32:
        snprintf(text, text_bytes, "%lld..%lld", integer_min(def), integer_max(def));
        return;
    case OPTION_DOUBLE:
        if (def->min == 0 && def->max == 0)
            snprintf(text, text_bytes, "NUMBER");
        else
            snprintf(text, text_bytes, "%g..%g", def->min, def->max);
        return;
    case OPTION_STRING:
        snprintf(text, text_bytes, "%s", def->value_name ? def->value_name : "TEXT");
        return;
    case OPTION_ENUM:
        choices_text(def, text, text_bytes);
        return;
    case OPTION_SIZE:
        snprintf(text, text_bytes, "%s", def->value_name ? def->value_name : "WxH|auto");
        return;
    case OPTION_POSITION:
        snprintf(text, text_bytes, "%s", def->value_name ? def->value_name : "XxY|center");
        return;
    }
}

void option_value_text(const struct option_def *def, const void *target, char *text,
                       size_t text_bytes)
{
    const void *field = (const char *)target + def->offset;
    const struct option_size *size = field;
    const struct option_position *position = field;
    switch (def->type) {
    case OPTION_NONE:
        text[0] = '\0';
        return;
    case OPTION_BOOL:
        snprintf(text, text_bytes, "%s", *(const bool *)field ? "yes" : "no");
        return;
    case OPTION_U32:
        snprintf(text, text_bytes, "%" PRIu32, *(const uint32_t *)field);
        return;
    case OPTION_I32:
        snprintf(text, text_bytes, "%" PRId32, *(const int32_t *)field);
        return;
    case OPTION_DOUBLE:
        snprintf(text, text_bytes, "%.*g", DBL_DIG, *(const double *)field);
        return;
    case OPTION_STRING:
        snprintf(text, text_bytes, "%s", *(char *const *)field ? *(char *const *)field : "");
        return;
    case OPTION_ENUM: {
        const char *choice = def->choices[*(const int *)field];
        snprintf(text, text_bytes, "%.*s", (int)strcspn(choice, ";"), choice);
        return;
    }
    case OPTION_SIZE:
        if (size->width == 0)
            snprintf(text, text_bytes, "auto");
        else
            snprintf(text, text_bytes, "%" PRIu32 "x%" PRIu32, size->width, size->height);
        return;
    case OPTION_POSITION:
        if (!position->set)
            snprintf(text, text_bytes, "center");
        else
            snprintf(text, text_bytes, "%" PRId32 "x%" PRId32, position->x, position->y);
        return;
    }
}
