/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FIGURES = 64 };
enum kind { KIND_NOTE, KIND_AT_MOST, KIND_AT_LEAST, KIND_COUNT, KIND_HARD };

struct figure {
    char name[80];
    const char *unit;
    enum kind kind;
    double limit;
    double values[BENCH_ROUNDS];
    int rounds;
};

static struct figure figures[MAX_FIGURES];
static int known, round_number;

static struct figure *find(const char *name)
{
    for (int i = 0; i < known; i++) {
        if (strcmp(figures[i].name, name) == 0)
            return &figures[i];
    }
    if (known == MAX_FIGURES) {
        fprintf(stderr, "more than %d figures\n", MAX_FIGURES);
        exit(2);
    }
    struct figure *f = &figures[known++];
    snprintf(f->name, sizeof(f->name), "%s", name);
    return f;
}

static void add(const char *name, double measured, double limit, const char *unit, enum kind kind)
{
    struct figure *f = find(name);
    f->unit = unit;
    f->kind = kind;
    f->limit = limit;
    if (f->rounds < BENCH_ROUNDS)
        f->values[f->rounds++] = measured;
    fprintf(stderr, "round %d: %-58s %10.3f %s\n", round_number + 1, name, measured, unit);
}

void figure_at_most(const char *name, double measured, double limit, const char *unit)
{
    add(name, measured, limit, unit, KIND_AT_MOST);
}

void figure_at_least(const char *name, double measured, double limit, const char *unit)
{
    add(name, measured, limit, unit, KIND_AT_LEAST);
}

void figure_count(const char *name, double measured, double limit, const char *unit)
{
    add(name, measured, limit, unit, KIND_COUNT);
}

void figure_hard(const char *name, double measured, double limit, const char *unit)
{
    add(name, measured, limit, unit, KIND_HARD);
}

void figure_note(const char *name, double measured, const char *unit)
{
    add(name, measured, 0, unit, KIND_NOTE);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* With two rounds of a count the better one does not decide: the upper middle counts. */
static double judged(const struct figure *f)
{
    double sorted[BENCH_ROUNDS];
    memcpy(sorted, f->values, sizeof(sorted));
    qsort(sorted, (size_t)f->rounds, sizeof(sorted[0]), by_value);
    switch (f->kind) {
    case KIND_AT_MOST:
        return sorted[0];
    case KIND_AT_LEAST:
    case KIND_HARD:
        return sorted[f->rounds - 1];
    default:
        return sorted[f->rounds / 2];
    }
}

static bool passes(const struct figure *f)
{
    if (f->kind == KIND_NOTE)
        return true;
    return f->kind == KIND_AT_LEAST ? judged(f) >= f->limit : judged(f) <= f->limit;
}

static bool hopeless(const struct figure *f)
{
    return f->kind == KIND_HARD && !passes(f);
}

bool bench_again(void)
{
    bool all = true;
    round_number++;
    for (int i = 0; i < known; i++) {
        if (hopeless(&figures[i]))
            return false;
        all = all && passes(&figures[i]);
    }
    return !all && round_number < BENCH_ROUNDS;
}

int bench_result(void)
{
    int status = 0;
    for (int i = 0; i < known; i++) {
        const struct figure *f = &figures[i];
        if (f->kind == KIND_NOTE) {
            printf("%-58s %10.3f %s\n", f->name, judged(f), f->unit);
            continue;
        }
        const bool ok = passes(f);
        printf("%-58s %10.3f %s %s %.3f %s (%d round%s)\n", f->name, judged(f), f->unit,
               f->kind == KIND_AT_LEAST ? ">=" : "<=", f->limit, ok ? "ok" : "FAIL", f->rounds,
               f->rounds == 1 ? "" : "s");
        if (!ok)
            status = 1;
    }
    return status;
}
