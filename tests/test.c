/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <stdarg.h>

static struct test_case *cases;

void test_register(struct test_case *t)
{
    struct test_case **end = &cases;
    while (*end)
        end = &(*end)->next;
    *end = t;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    fflush(NULL);
    exit(1);
}

void test_skip(const char *fmt, ...)
{
    va_list args;
    fputs("skipped: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(77);
}

/* `program NAME` runs one case, `program` all of them in order, `program --list` names them. */
int main(int argc, char **argv)
{
    int ran = 0;
    const bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
    for (struct test_case *t = cases; list && t; t = t->next)
        puts(t->name);
    if (list)
        return 0;
    for (struct test_case *t = cases; t; t = t->next) {
        if (argc > 1 && strcmp(argv[1], t->name) != 0)
            continue;
        ran++;
        if (argc == 1)
            fprintf(stderr, "%s\n", t->name);
        t->run();
    }
    if (ran == 0) {
        fprintf(stderr, "no test case %s\n", argc > 1 ? argv[1] : "at all");
        return 2;
    }
    return 0;
}
