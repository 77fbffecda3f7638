/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/output_list.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static bool is_part_of(const char *part, const char *text)
{
    const size_t len = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < len && tolower((unsigned char)part[i]) == tolower((unsigned char)text[i]))
            i++;
        if (i == len)
            return true;
    }
    return false;
}

/* Digits only: *out is the number. */
static bool is_index(const char *wish, uint32_t *out)
{
    const size_t len = strlen(wish);
    if (len == 0 || len > 9 || strspn(wish, "0123456789") != len)
        return false;
    *out = (uint32_t)strtoul(wish, NULL, 10);
    return true;
}

/* "0xH:0xL", both of 1..8 hexadecimal digits. */
static bool is_luid(const char *wish, uint32_t *high, uint32_t *low)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    uint32_t *const parts[] = { high, low };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (wish[0] != '0' || (wish[1] != 'x' && wish[1] != 'X'))
            return false;
        wish += 2;
        const size_t len = strspn(wish, digits);
        if (len == 0 || len > 8 || wish[len] != (i == 0 ? ':' : '\0'))
            return false;
        *parts[i] = (uint32_t)strtoul(wish, NULL, 16);
        wish += len + (i == 0);
    }
    return true;
}

static bool adapter_is_wanted(const struct output_entry *e, const char *wish)
{
    uint32_t index, high, low;
    if (!wish || !*wish)
        return true;
    if (is_luid(wish, &high, &low))
        return (uint32_t)e->luid_high == high && e->luid_low == low;
    if (is_index(wish, &index))
        return e->adapter_index == index;
    return is_part_of(wish, e->adapter);
}

static bool output_is_wanted(const struct output_entry *e, const char *wish)
{
    uint32_t index;
    if (!wish || !*wish)
        return true;
    if (is_index(wish, &index))
        return e->output_index == index;
    return is_part_of(wish, e->device) || is_part_of(wish, e->monitor);
}

static int score(const struct output_entry *e)
{
    return (e->software ? 0 : 2) + (e->primary ? 1 : 0);
}

int output_list_choose(const struct output_list *list, const char *adapter, const char *output)
{
    int best = -ENODEV;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct output_entry *e = &list->entries[i];
        if (!e->has_output || !e->attached)
            continue;
        if (best == -ENODEV)
            best = -ENOENT;
        if (!adapter_is_wanted(e, adapter) || !output_is_wanted(e, output))
            continue;
        if (best < 0 || score(e) > score(&list->entries[best]))
            best = (int)i;
    }
    return best;
}

struct line {
    char *text;
    size_t bytes, used;
};

PRINTF_LIKE(2, 3)
static void append(struct line *line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line->text + line->used, line->bytes - line->used, fmt, args);
    va_end(args);
    if (n > 0)
        line->used +=
            (size_t)n < line->bytes - line->used ? (size_t)n : line->bytes - line->used - 1;
}

void output_entry_format_adapter(const struct output_entry *entry, char *text, size_t text_bytes)
{
    struct line line = { text, text_bytes, 0 };
    append(&line, "%s (LUID 0x%" PRIx32 ":0x%" PRIx32 ")%s", entry->adapter,
           (uint32_t)entry->luid_high, entry->luid_low, entry->software ? ", software" : "");
}

static void append_output(struct line *line, const struct output_entry *e)
{
    static const int degrees[] = { 0, 0, 90, 180, 270 };
    append(line, "%s ", e->device);
    if (e->monitor[0])
        append(line, "\"%s\" ", e->monitor);
    append(line, "of %s, ", e->adapter);
    if (!e->attached) {
        append(line, "not part of the desktop");
        return;
    }
    append(line, "%" PRIu32 "x%" PRIu32 " at %" PRId32 ",%" PRId32, e->width_px, e->height_px,
           e->x_px, e->y_px);
    if (e->mode_rotation > 1 && e->mode_rotation < ARRAY_LEN(degrees))
        append(line, ", rotated by %d", degrees[e->mode_rotation]);
    append(line, "%s%s%s", e->hdr ? ", HDR" : "", e->primary ? ", primary" : "",
           e->software ? ", software" : "");
}

void output_entry_format(const struct output_entry *entry, char *text, size_t text_bytes)
{
    struct line line = { text, text_bytes, 0 };
    if (entry->has_output)
        append_output(&line, entry);
    else
        append(&line, "%s, no output", entry->adapter);
}
