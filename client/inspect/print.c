/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <string.h>

#include "inspect/inspect.h"

static bool is_plain(const cJSON *v)
{
    return !cJSON_IsObject(v) && !cJSON_IsArray(v);
}

static void print_plain(const cJSON *v, FILE *out)
{
    if (cJSON_IsString(v) || cJSON_IsRaw(v))
        fputs(v->valuestring, out);
    else if (cJSON_IsBool(v))
        fputs(cJSON_IsTrue(v) ? "yes" : "no", out);
    else
        fprintf(out, "%.0f", v->valuedouble);
}

/* A list of numbers, such as a rectangle, goes on one line. */
static bool is_row(const cJSON *v)
{
    return cJSON_IsArray(v) && v->child && is_plain(v->child) && !cJSON_IsString(v->child);
}

static void print_row(const cJSON *v, FILE *out)
{
    for (const cJSON *c = v->child; c; c = c->next) {
        print_plain(c, out);
        if (c->next)
            fputc(' ', out);
    }
}

static void print_level(const cJSON *v, int depth, FILE *out)
{
    int index = 0;
    for (const cJSON *c = v->child; c; c = c->next, index++) {
        fprintf(out, "%*s", depth * 2, "");
        if (c->string)
            fprintf(out, "%s:", c->string);
        else
            fprintf(out, "- ");
        if (is_plain(c) || is_row(c)) {
            if (c->string)
                fputc(' ', out);
            if (is_row(c))
                print_row(c, out);
            else
                print_plain(c, out);
            fputc('\n', out);
        } else if (!c->child) {
            fputs(" none\n", out);
        } else {
            if (c->string)
                fputc('\n', out);
            else
                fprintf(out, "%d\n", index);
            print_level(c, depth + 1, out);
        }
    }
}

void inspect_print(const struct cJSON *tree, FILE *out)
{
    for (const cJSON *c = tree->child; c; c = c->next) {
        if (strcmp(c->string, "undefined_bytes") == 0)
            continue; /* for programs that compare images */
        cJSON one = { .type = cJSON_Object, .child = NULL };
        cJSON copy = *c;
        copy.next = NULL;
        one.child = &copy;
        print_level(&one, 0, out);
    }
}
