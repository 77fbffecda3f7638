/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/text.h"
#include "setup/line_diff.h"
#include "setup/plan_private.h"

static void show_why(const struct step *step, FILE *to, bool colour)
{
    fprintf(to, "%s# %s%s\n", colour ? "\033[1;34m" : "", step->why, colour ? "\033[0m" : "");
}

static void show_diff(const struct step *step, const char *name, FILE *to, bool colour)
{
    if (line_diff_print(name, step->old_text, name, step->new_text, to, colour) < 0)
        fprintf(to, _("(%s will change; there was no memory to show how)\n"), name);
    if (step->kind == STEP_FILE && step->old_text && step->new_text &&
        step->old_mode != step->new_mode)
        fprintf(to, _("mode of %s: %04o, will be %04o\n"), name, (unsigned int)step->old_mode,
                (unsigned int)step->new_mode);
    else if (step->kind == STEP_FILE && !step->old_text)
        fprintf(to, _("mode of %s: %04o\n"), name, (unsigned int)step->new_mode);
}

/* As it could be pasted into a shell. */
static void show_word(const char *word, FILE *to)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=@,+%";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        fputs(word, to);
        return;
    }
    fputc('\'', to);
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            fputs("'\\''", to);
        else
            fputc((unsigned char)*c < ' ' ? '?' : *c, to);
    }
    fputc('\'', to);
}

static void show_command(const struct step *step, FILE *to)
{
    fputs("$", to);
    for (size_t i = 0; step->argv[i]; i++) {
        fputc(' ', to);
        show_word(step->argv[i], to);
    }
    fputc('\n', to);
}

static void show_kind(const struct plan *plan, enum step_kind kind, FILE *to, bool colour)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *const step = &plan->steps[i];
        if (step->kind != kind)
            continue;
        show_why(step, to, colour);
        if (kind == STEP_COMMAND)
            show_command(step, to);
        else
            show_diff(step, kind == STEP_FILE ? step->path : step->name, to, colour);
        fputc('\n', to);
    }
}

/* Further lines stand below the first. */
static void show_note(const char *note, FILE *to)
{
    fputs("  * ", to);
    for (const char *c = note; *c; c++) {
        fputc(*c, to);
        if (*c == '\n')
            fputs("    ", to);
    }
    fputc('\n', to);
}

void plan_show(const struct plan *plan, FILE *to, bool colour)
{
    if (plan_is_empty(plan))
        fprintf(to, _("%s: nothing has to be changed.\n"), plan->title);
    show_kind(plan, STEP_FILE, to, colour); /* in the order in which they are done */
    show_kind(plan, STEP_DOMAIN, to, colour);
    show_kind(plan, STEP_COMMAND, to, colour);
    if (plan->note_count > 0)
        fprintf(to, "%s\n", _("To be done by you:"));
    for (size_t i = 0; i < plan->note_count; i++)
        show_note(plan->notes[i], to);
}
