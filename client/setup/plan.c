/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "setup/place.h"
#include "setup/plan_private.h"

static const mode_t MODE_AS_IT_IS = (mode_t)-1;

int plan_create(const char *prefix, const char *state, const char *title, const char *vm,
                struct plan **out)
{
    struct plan *plan = calloc(1, sizeof(*plan));
    if (!plan)
        return -ENOMEM;
    plan->prefix = strdup(prefix);
    plan->state = strdup(state);
    plan->title = strdup(title);
    plan->vm = strdup(vm);
    if (!plan->prefix || !plan->state || !plan->title || !plan->vm) {
        plan_destroy(plan);
        return -ENOMEM;
    }
    *out = plan;
    return 0;
}

static void free_step(struct step *step)
{
    free(step->why);
    free(step->path);
    free(step->uri);
    free(step->name);
    free(step->old_text);
    free(step->new_text);
    free(step->defined_text);
    words_free(step->argv);
    words_free(step->undo);
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void plan_destroy(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->step_count; i++)
        free_step(&plan->steps[i]);
    free(plan->steps);
    free_texts(plan->notes, plan->note_count);
    free_texts(plan->folders, plan->folder_count);
    free_texts(plan->holds, plan->hold_count);
    free(plan->prefix);
    free(plan->state);
    free(plan->title);
    free(plan->vm);
    free(plan);
}

int plan_fail(struct plan *plan, int err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(plan->problem, sizeof(plan->problem), fmt, args);
    va_end(args);
    return err;
}

const char *plan_problem(const struct plan *plan)
{
    return plan->problem;
}

/* ---- lists ---- */

struct step *plan_add_step(struct plan *plan, enum step_kind kind, const char *why)
{
    struct step *steps = reallocarray(plan->steps, plan->step_count + 1, sizeof(*steps));
    if (!steps)
        return NULL;
    plan->steps = steps;
    struct step *step = &steps[plan->step_count];
    *step = (struct step){ .kind = kind, .why = strdup(why) };
    if (!step->why)
        return NULL;
    plan->step_count++;
    return step;
}

static void drop_last_step(struct plan *plan)
{
    free_step(&plan->steps[--plan->step_count]);
}

static int add_text(char ***texts, size_t *count, const char *text)
{
    char **more = reallocarray(*texts, *count + 1, sizeof(*more));
    if (!more)
        return -ENOMEM;
    *texts = more;
    more[*count] = strdup(text);
    if (!more[*count])
        return -ENOMEM;
    (*count)++;
    return 0;
}

int plan_note(struct plan *plan, const char *text)
{
    return add_text(&plan->notes, &plan->note_count, text);
}

int plan_add_folder(struct plan *plan, const char *folder)
{
    return add_text(&plan->folders, &plan->folder_count, folder);
}

int plan_hold(struct plan *plan, const char *path)
{
    return add_text(&plan->holds, &plan->hold_count, path);
}

int plan_set_vm(struct plan *plan, const char *vm)
{
    char *copy = strdup(vm);
    if (!copy)
        return -ENOMEM;
    free(plan->vm);
    plan->vm = copy;
    return 0;
}

char **words_copy(const char *const words[])
{
    size_t count = 0;
    while (words[count])
        count++;
    char **copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(words[i]);
        if (!copy[i]) {
            words_free(copy);
            return NULL;
        }
    }
    return copy;
}

void words_free(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

/* ---- files ---- */

static struct step *step_of(const struct plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].kind == STEP_FILE && strcmp(plan->steps[i].path, path) == 0)
            return &plan->steps[i];
    return NULL;
}

int plan_read(const struct plan *plan, const char *path, char **text)
{
    const struct step *const step = step_of(plan, path);
    if (!step)
        return place_read(plan->prefix, path, text, NULL);
    if (!step->new_text)
        return -ENOENT;
    char *copy = strdup(step->new_text);
    if (!copy)
        return -ENOMEM;
    *text = copy;
    return 0;
}

int plan_cannot_read(struct plan *plan, const char *path, int err)
{
    switch (err) {
    case -ELOOP:
        return plan_fail(plan, err, _("%s is a link or no file; it was left alone."), path);
    case -EPROTO:
        return plan_fail(plan, err, _("%s holds bytes that are no text; it was left alone."), path);
    case -EFBIG:
        return plan_fail(plan, err, _("%s is larger than %d MiB; it was left alone."), path,
                         PLACE_MAX_BYTES >> 20);
    default:
        return plan_fail(plan, err, _("%s cannot be read: %s"), path, err_str(err));
    }
}

/* A new step with what is there now. */
static int add_file(struct plan *plan, const char *path, const char *why, struct step **out)
{
    autofree char *old_text = NULL;
    mode_t old_mode = 0;
    const int err = place_read(plan->prefix, path, &old_text, &old_mode);
    if (err < 0 && err != -ENOENT)
        return plan_cannot_read(plan, path, err);
    struct step *step = plan_add_step(plan, STEP_FILE, why);
    if (!step)
        return -ENOMEM;
    step->path = strdup(path);
    step->old_text = steal_ptr(&old_text);
    step->old_mode = old_mode;
    if (!step->path) {
        drop_last_step(plan);
        return -ENOMEM;
    }
    *out = step;
    return 0;
}

static bool is_change(const struct step *step)
{
    if (!step->old_text || !step->new_text)
        return step->old_text != step->new_text;
    return strcmp(step->old_text, step->new_text) != 0 || step->old_mode != step->new_mode;
}

/* The step goes if it changes nothing (a second call may have taken the first one's change back).
 */
static void keep_if_change(struct plan *plan, struct step *step)
{
    if (is_change(step))
        return;
    const size_t index = (size_t)(step - plan->steps);
    free_step(step);
    plan->step_count--;
    memmove(step, step + 1, (plan->step_count - index) * sizeof(*step));
}

/* `content` NULL: removed. `mode` MODE_AS_IT_IS: that of the file, or 0644. */
static int change_file(struct plan *plan, const char *path, mode_t mode, const char *content,
                       const char *why)
{
    char *copy = content ? strdup(content) : NULL;
    if (content && !copy)
        return -ENOMEM;
    struct step *step = step_of(plan, path);
    const int err = step ? 0 : add_file(plan, path, why, &step);
    if (err < 0 || !step) {
        free(copy);
        return err;
    }
    free(step->new_text);
    step->new_text = copy;
    if (mode == MODE_AS_IT_IS)
        mode = step->old_text ? step->old_mode : 0644;
    step->new_mode = content ? mode : 0;
    keep_if_change(plan, step);
    return 0;
}

int plan_file(struct plan *plan, const char *path, mode_t mode, const char *content,
              const char *why)
{
    return change_file(plan, path, mode, content, why);
}

int plan_edit(struct plan *plan, const char *path, const char *content, const char *why)
{
    return change_file(plan, path, MODE_AS_IT_IS, content, why);
}

int plan_remove(struct plan *plan, const char *path, const char *why)
{
    return change_file(plan, path, 0, NULL, why);
}

bool plan_touches(const struct plan *plan, const char *path)
{
    return step_of(plan, path) != NULL;
}

/* ---- domains, commands ---- */

int plan_domain(struct plan *plan, const char *uri, const char *name, const char *old_xml,
                const char *new_xml, const char *why)
{
    if (strcmp(old_xml, new_xml) == 0)
        return 0;
    struct step *step = plan_add_step(plan, STEP_DOMAIN, why);
    if (!step)
        return -ENOMEM;
    step->uri = strdup(uri);
    step->name = strdup(name);
    step->old_text = strdup(old_xml);
    step->new_text = strdup(new_xml);
    if (step->uri && step->name && step->old_text && step->new_text)
        return 0;
    drop_last_step(plan);
    return -ENOMEM;
}

int plan_command(struct plan *plan, const char *const argv[], const char *const undo[],
                 const char *why)
{
    struct step *step = plan_add_step(plan, STEP_COMMAND, why);
    if (!step)
        return -ENOMEM;
    step->argv = words_copy(argv);
    step->undo = undo ? words_copy(undo) : NULL;
    if (step->argv && (step->undo || !undo))
        return 0;
    drop_last_step(plan);
    return -ENOMEM;
}

bool plan_is_empty(const struct plan *plan)
{
    return plan->step_count == 0;
}
