/* SPDX-License-Identifier: GPL-2.0-or-later
 * espelho_e2e_injector: types and points in the compositor of WAYLAND_DISPLAY as lines on stdin
 * say. Each line is answered with "ok" once the compositor has it, or with "error: ...".
 *
 *   key CODE 0|1            rel DX DY            abs X Y WIDTH HEIGHT
 *   button CODE 0|1         wheel AXIS VALUE120
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "injector/injector.h"

static int key(struct injector *j, const double *a)
{
    return injector_key(j, (uint32_t)a[0], a[1] > 0);
}

static int rel(struct injector *j, const double *a)
{
    return injector_rel(j, a[0], a[1]);
}

static int absolute(struct injector *j, const double *a)
{
    return injector_abs(j, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2], (uint32_t)a[3]);
}

static int button(struct injector *j, const double *a)
{
    return injector_button(j, (uint32_t)a[0], a[1] > 0);
}

static int wheel(struct injector *j, const double *a)
{
    return injector_wheel(j, (uint32_t)a[0], (int32_t)a[1]);
}

static const struct {
    const char *word;
    int arguments;
    int (*run)(struct injector *j, const double *arguments);
} commands[] = {
    { "key", 2, key },       { "rel", 2, rel },     { "abs", 4, absolute },
    { "button", 2, button }, { "wheel", 2, wheel },
};

static void run(struct injector *j, const char *line)
{
    char word[16];
    double a[4];
    const int words = sscanf(line, "%15s %lf %lf %lf %lf", word, &a[0], &a[1], &a[2], &a[3]);
    for (size_t i = 0; words > 0 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(word, commands[i].word) != 0 || words != commands[i].arguments + 1)
            continue;
        const int err = commands[i].run(j, a);
        if (err)
            printf("error: %s\n", err_str(-err));
        else
            puts("ok");
        return;
    }
    printf("error: not understood: %s", line);
}

int main(void)
{
    struct injector *j;
    const int err = injector_create(NULL, &j);
    if (err) {
        fprintf(stderr, "injector: %s\n", err_str(-err));
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    char line[256];
    while (fgets(line, sizeof(line), stdin))
        run(j, line);
    injector_destroy(j);
    return 0;
}
