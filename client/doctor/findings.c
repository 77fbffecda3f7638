/* SPDX-License-Identifier: GPL-2.0-or-later
 * What checks say is collected here. A lack of memory is noted and told once, at the end. */
#include "doctor/report.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_room(struct findings *f)
{
    if (f->count < f->capacity)
        return true;
    const size_t capacity = f->capacity ? 2 * f->capacity : 32;
    struct finding *items = realloc(f->items, capacity * sizeof(*items));
    if (!items)
        return false;
    f->items = items;
    f->capacity = capacity;
    return true;
}

static char *copy_of(struct findings *f, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        f->no_memory = true;
    return copy;
}

void finding_add(struct findings *f, enum verdict verdict, const char *subject, const char *found,
                 const char *fix)
{
    assert(verdict > VERDICT_NONE && verdict <= VERDICT_FAILURE);
    if (!has_room(f)) {
        f->no_memory = true;
        return;
    }
    f->items[f->count++] = (struct finding){ .check = f->check,
                                             .verdict = verdict,
                                             .subject = copy_of(f, subject),
                                             .found = copy_of(f, found),
                                             .fix = copy_of(f, fix) };
}

void finding_addf(struct findings *f, enum verdict verdict, const char *subject, const char *fix,
                  const char *found_fmt, ...)
{
    char *found = NULL;
    va_list args;
    va_start(args, found_fmt);
    const int len = vasprintf(&found, found_fmt, args);
    va_end(args);
    if (len < 0) {
        f->no_memory = true;
        return;
    }
    finding_add(f, verdict, subject, found, fix);
    free(found);
}

int findings_run(struct findings *f, const struct check *check, const struct doctor_facts *facts)
{
    const size_t before = f->count;
    f->check = check;
    check->run(facts, f);
    if (f->count == before && !f->no_memory)
        finding_add(f, VERDICT_NOT_APPLICABLE, NULL, "", NULL);
    return f->no_memory ? -ENOMEM : 0;
}

void findings_free(struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].subject);
        free(f->items[i].found);
        free(f->items[i].fix);
    }
    free(f->items);
    *f = (struct findings){ 0 };
}
