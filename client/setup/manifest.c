/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { STEPS_MAX = 1000000 };

/* ---- writing ---- */

void manifest_put_word(FILE *to, const char *word)
{
    fputc(' ', to);
    for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
        if (*c <= ' ' || *c == '%' || *c == 0x7f)
            fprintf(to, "%%%02x", *c);
        else
            fputc(*c, to);
    }
}

/* Nothing for an empty word. */
static void put_record(FILE *to, const char *what, const char *word)
{
    if (!word[0])
        return;
    fputs(what, to);
    manifest_put_word(to, word);
    fputc('\n', to);
}

static void put_words(FILE *to, char *const words[])
{
    size_t count = 0;
    while (words && words[count])
        count++;
    fprintf(to, " %zu", count);
    for (size_t i = 0; i < count; i++)
        manifest_put_word(to, words[i]);
}

static void put_mode(FILE *to, const char *text, mode_t mode)
{
    if (text)
        fprintf(to, " %o", (unsigned int)mode);
    else
        fputs(" -", to);
}

static void put_step(FILE *to, size_t index, const struct step *step)
{
    static const char *const names[] = {
        [STEP_NONE] = "", [STEP_FILE] = "file", [STEP_DOMAIN] = "domain", [STEP_COMMAND] = "command"
    };
    fprintf(to, "%s %zu", names[step->kind], index);
    if (step->kind == STEP_FILE) {
        put_mode(to, step->old_text, step->old_mode);
        put_mode(to, step->new_text, step->new_mode);
        manifest_put_word(to, step->path);
    } else if (step->kind == STEP_DOMAIN) {
        manifest_put_word(to, step->uri);
        manifest_put_word(to, step->name);
    } else {
        put_words(to, step->argv);
        put_words(to, step->undo);
    }
    fputc('\n', to);
}

char *manifest_print(const struct plan *plan)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    fputs("espelho-setup 1", to);
    manifest_put_word(to, plan->title);
    fputc('\n', to);
    put_record(to, "vm", plan->vm);
    for (size_t i = 0; i < plan->hold_count; i++)
        put_record(to, "hold", plan->holds[i]);
    for (size_t i = 0; i < plan->step_count; i++)
        put_step(to, i, &plan->steps[i]);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- reading ---- */

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *const at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The next word of a record, decoded in place; NULL: none, or a bad one. */
static char *take_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    const size_t len_bytes = strcspn(word, " ");
    *rest = word + len_bytes + (word[len_bytes] != '\0');
    word[len_bytes] = '\0';
    char *to = word;
    for (const char *from = word; *from; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        const int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);
        if (low < 0 || (high | low) == 0)
            return NULL;
        *to++ = (char)(high << 4 | low);
        from += 2;
    }
    *to = '\0';
    return len_bytes ? word : NULL;
}

static int take_number(char **rest, int base, unsigned long max, unsigned long *number)
{
    const char *const word = take_word(rest);
    if (!word || word[0] < '0' || word[0] > '9')
        return -EPROTO;
    char *end;
    errno = 0;
    *number = strtoul(word, &end, base);
    return errno || *end || *number > max ? -EPROTO : 0;
}

/* An octal mode; "-": the file is not there. */
static int take_mode(char **rest, bool *there, mode_t *mode)
{
    unsigned long number = 0;
    *rest += strspn(*rest, " ");
    *there = strncmp(*rest, "- ", 2) != 0;
    if (!*there) {
        *rest += 2;
        return 0;
    }
    const int err = take_number(rest, 8, 07777, &number);
    *mode = (mode_t)number;
    return err;
}

static int take_text(char **rest, char **out)
{
    const char *const word = take_word(rest);
    if (!word)
        return -EPROTO;
    *out = strdup(word);
    return *out ? 0 : -ENOMEM;
}

static int take_list(char **rest, char ***out)
{
    unsigned long count;
    int err = take_number(rest, 10, 64, &count);
    if (err < 0 || count == 0)
        return err;
    char **words = calloc(count + 1, sizeof(*words));
    if (!words)
        return -ENOMEM;
    for (size_t i = 0; i < count && err == 0; i++)
        err = take_text(rest, &words[i]);
    *out = words; /* the step owns it, whole or not */
    return err;
}

static int take_file(const struct manifest_texts *texts, size_t index, char **rest,
                     struct step *step)
{
    bool was_there = false, will_be_there = false;
    int err = take_mode(rest, &was_there, &step->old_mode);
    if (err == 0)
        err = take_mode(rest, &will_be_there, &step->new_mode);
    if (err == 0)
        err = take_text(rest, &step->path);
    if (err == 0 && was_there)
        err = texts->load(texts->ctx, index, "old", &step->old_text);
    if (err == 0 && will_be_there)
        err = texts->load(texts->ctx, index, "new", &step->new_text);
    return err;
}

static int take_domain(const struct manifest_texts *texts, size_t index, char **rest,
                       struct step *step)
{
    int err = take_text(rest, &step->uri);
    if (err == 0)
        err = take_text(rest, &step->name);
    if (err == 0)
        err = texts->load(texts->ctx, index, "old", &step->old_text);
    if (err == 0)
        err = texts->load(texts->ctx, index, "new", &step->new_text);
    return err;
}

static int take_command(char **rest, struct step *step)
{
    int err = take_list(rest, &step->argv);
    if (err == 0 && !step->argv)
        err = -EPROTO;
    return err < 0 ? err : take_list(rest, &step->undo);
}

static int take_step(const struct manifest_texts *texts, enum step_kind kind, char **rest,
                     struct plan *plan)
{
    unsigned long index;
    int err = take_number(rest, 10, STEPS_MAX, &index);
    if (err < 0 || index != plan->step_count)
        return -EPROTO;
    struct step *step = plan_add_step(plan, kind, "");
    if (!step)
        return -ENOMEM;
    if (kind == STEP_FILE)
        return take_file(texts, index, rest, step);
    return kind == STEP_DOMAIN ? take_domain(texts, index, rest, step) : take_command(rest, step);
}

static int take_done(const struct manifest_texts *texts, char **rest, struct plan *plan)
{
    unsigned long index;
    const int err = take_number(rest, 10, STEPS_MAX, &index);
    if (err < 0 || index >= plan->step_count)
        return -EPROTO;
    struct step *step = &plan->steps[index];
    if (step->done || (step->kind != STEP_DOMAIN && step->kind != STEP_COMMAND))
        return -EPROTO;
    step->done = true;
    return step->kind == STEP_DOMAIN
               ? texts->load(texts->ctx, index, "defined", &step->defined_text)
               : 0;
}

/* A record of one word. */
static int take_one(char **rest, struct plan *plan, int (*add)(struct plan *, const char *))
{
    const char *const word = take_word(rest);
    return word ? add(plan, word) : -EPROTO;
}

static int take_record(const struct manifest_texts *texts, char *line, struct plan *plan)
{
    char *rest = line;
    const char *const what = take_word(&rest);
    if (!what)
        return -EPROTO;
    if (strcmp(what, "file") == 0)
        return take_step(texts, STEP_FILE, &rest, plan);
    if (strcmp(what, "domain") == 0)
        return take_step(texts, STEP_DOMAIN, &rest, plan);
    if (strcmp(what, "command") == 0)
        return take_step(texts, STEP_COMMAND, &rest, plan);
    if (strcmp(what, "done") == 0)
        return take_done(texts, &rest, plan);
    if (strcmp(what, "vm") == 0)
        return take_one(&rest, plan, plan_set_vm);
    if (strcmp(what, "hold") == 0)
        return take_one(&rest, plan, plan_hold);
    return strcmp(what, "folder") == 0 ? take_one(&rest, plan, plan_add_folder) : -EPROTO;
}

/* "espelho-setup 1 TITLE" */
static const char *take_title(char *line)
{
    const char *const magic = take_word(&line), *const version = take_word(&line),
                      *const title = take_word(&line);
    if (!magic || strcmp(magic, "espelho-setup") != 0 || !version || strcmp(version, "1") != 0)
        return NULL;
    return title ? title : "";
}

int manifest_parse(char *text, const char *prefix, const char *state,
                   const struct manifest_texts *texts, struct plan **out)
{
    char *rest = text;
    const char *const title = take_title(strsep(&rest, "\n"));
    if (!title)
        return -EPROTO;
    struct plan *plan = NULL;
    int err = plan_create(prefix, state, title, "", &plan);
    if (err < 0)
        return err;
    for (char *line; err == 0 && (line = strsep(&rest, "\n")) != NULL;)
        if (line[0]) /* behind the last newline */
            err = take_record(texts, line, plan);
    if (err < 0)
        plan_destroy(plan);
    else
        *out = plan;
    return err;
}
