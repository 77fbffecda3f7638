/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/log_rotation.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

void log_rotation_name(const char *program, const char *extension, const struct log_time *time,
                       uint32_t process_id, uint32_t serial, char name[LOG_NAME_BYTES])
{
    snprintf(name, LOG_NAME_BYTES, "%.24s-%04u%02u%02u-%02u%02u%02u-%06u-%02u.%.8s", program,
             time->year % 10000, time->month % 100, time->day % 100, time->hour % 100,
             time->minute % 100, time->second % 100, process_id, serial % 100, extension);
}

void log_rotation_init(struct log_rotation *r, const char *program, const char *extension,
                       size_t keep)
{
    assert(keep >= 1 && keep <= LOG_ROTATION_MAX);
    *r = (struct log_rotation){ .program = program, .extension = extension, .keep = keep };
}

/* As log_rotation_name() writes them: a folder may hold files of a person as well. '0' stands for a
 * digit. */
static bool has_form(const char *text, size_t len_bytes)
{
    static const char form[] = "-00000000-000000-000000";
    static const char tail[] = "-00";
    const size_t least_bytes = sizeof(form) - 1 + sizeof(tail) - 1;
    if (len_bytes < least_bytes || len_bytes > least_bytes + 4) /* ids may have ten digits */
        return false;
    for (size_t i = 0; i < len_bytes; i++) {
        const size_t from_end = len_bytes - i;
        const char want = i < sizeof(form) - 1      ? form[i]
                          : from_end < sizeof(tail) ? tail[sizeof(tail) - 1 - from_end]
                                                    : '0';
        if (want == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

static bool is_ours(const struct log_rotation *r, const char *name)
{
    const size_t name_bytes = strlen(name), program_bytes = strlen(r->program),
                 extension_bytes = strlen(r->extension);
    if (name_bytes >= LOG_NAME_BYTES || name_bytes <= program_bytes + extension_bytes + 1)
        return false;
    const char *dot = name + name_bytes - extension_bytes - 1;
    return strncmp(name, r->program, program_bytes) == 0 && *dot == '.' &&
           strcmp(dot + 1, r->extension) == 0 &&
           has_form(name + program_bytes, (size_t)(dot - name) - program_bytes);
}

bool log_rotation_add(struct log_rotation *r, const char *name, char victim[LOG_NAME_BYTES])
{
    if (!is_ours(r, name))
        return false;
    size_t at = 0; /* its place */
    while (at < r->count && strcmp(r->names[at], name) < 0)
        at++;
    if (r->count < r->keep) {
        memmove(r->names[at + 1], r->names[at], (r->count - at) * LOG_NAME_BYTES);
        memcpy(r->names[at], name, strlen(name) + 1);
        r->count++;
        return false;
    }
    const bool oldest = at == 0;
    memcpy(victim, oldest ? name : r->names[0], oldest ? strlen(name) + 1 : LOG_NAME_BYTES);
    if (!oldest) {
        memmove(r->names[0], r->names[1], (at - 1) * LOG_NAME_BYTES);
        memcpy(r->names[at - 1], name, strlen(name) + 1);
    }
    return true;
}
