/* SPDX-License-Identifier: GPL-2.0-or-later
 * Doing and undoing. Both go by the journal: what an error stops is taken back by the same code as
 * what the user regrets. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "machine/program.h"
#include "setup/domain_same.h"
#include "setup/journal.h"
#include "setup/place.h"
#include "setup/plan_private.h"

/* ---- domains ---- */

static int dump_domain(const struct step *step, char **xml)
{
    const char *const argv[] = { "virsh",           "-c",       step->uri,  "dumpxml", "--inactive",
                                 "--security-info", "--domain", step->name, NULL };
    autofree char *printed = NULL;
    int status = 0;
    const int err = program_run(argv, &printed, &status);
    if (err < 0 || status != 0)
        return err < 0 ? err : -EIO;
    *xml = steal_ptr(&printed);
    return 0;
}

/* virsh reads a file: one that only we can read, since the XML may hold a password. */
static int define_domain(const struct step *step, const char *xml, FILE *log)
{
    char path[] = "/tmp/espelho-XXXXXX";
    autoclose int fd = mkstemp(path);
    if (fd < 0)
        return -errno;
    const ssize_t len_bytes = (ssize_t)strlen(xml);
    int err = write(fd, xml, (size_t)len_bytes) == len_bytes ? 0 : -EIO, status = 0;
    autofree char *printed = NULL;
    const char *const argv[] = { "virsh", "-c", step->uri, "define", path, NULL };
    if (err == 0)
        err = program_run(argv, &printed, &status);
    unlink(path);
    if (err == 0 && status != 0) {
        fprintf(log, "%s", printed);
        err = -EIO;
    }
    return err;
}

/* ---- doing ---- */

struct applying {
    struct plan *plan;
    struct journal journal;
    FILE *log;
    int err; /* of a callback */
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whether the file has this content and mode now (NULL: is not there). */
static int file_is(const char *prefix, const char *path, const char *text, mode_t mode, bool *is)
{
    autofree char *now = NULL;
    mode_t mode_now = 0;
    const int err = place_read(prefix, path, &now, &mode_now);
    if (err < 0 && err != -ENOENT)
        return err;
    *is = same_text(now, text) && (!text || mode_now == mode);
    return 0;
}

static int check_unchanged(struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *const step = &plan->steps[i];
        bool is = true;
        int err = 0;
        if (step->kind == STEP_FILE)
            err = file_is(plan->prefix, step->path, step->old_text, step->old_mode, &is);
        if (err < 0)
            return plan_fail(plan, err, _("%s cannot be read: %s"), step->path, err_str(err));
        if (!is)
            return plan_fail(plan, -EBUSY,
                             _("%s was changed in the meantime; nothing was done, please run it "
                               "again."),
                             step->path);
    }
    return 0;
}

static void on_folder(void *ctx, const char *folder)
{
    struct applying *a = ctx;
    const int err = journal_folder_made(&a->journal, folder);
    if (err < 0)
        a->err = err;
}

static int apply_file(struct applying *a, const struct step *step)
{
    const char *const prefix = a->plan->prefix;
    int err = 0;
    if (!step->new_text)
        err = place_remove(prefix, step->path);
    else {
        err = place_make_folders(prefix, step->path, on_folder, a);
        if (err == 0)
            err = a->err;
        if (err == 0)
            err = place_write(prefix, step->path, step->new_text, step->new_mode);
    }
    if (err < 0)
        return plan_fail(a->plan, err, _("%s cannot be written: %s"), step->path, err_str(err));
    fprintf(a->log, step->new_text ? _("wrote %s\n") : _("removed %s\n"), step->path);
    return 0;
}

static int apply_domain(struct applying *a, size_t index)
{
    const struct step *const step = &a->plan->steps[index];
    autofree char *defined = NULL;
    int err = define_domain(step, step->new_text, a->log);
    if (err < 0)
        return plan_fail(a->plan, err, _("libvirt did not take the new XML of %s: %s"), step->name,
                         err == -ENOENT ? _("virsh is not installed") : err_str(err));
    err = dump_domain(step, &defined); /* libvirt adds to it; an undo compares with this */
    const int stored = journal_step_done(&a->journal, index, err == 0 ? defined : "");
    if (err < 0)
        return plan_fail(a->plan, err, _("The XML of %s cannot be read back: %s"), step->name,
                         err_str(err));
    fprintf(a->log, _("defined %s\n"), step->name);
    return stored;
}

static int run_step(char *const argv[], FILE *log)
{
    autofree char *printed = NULL;
    int status = 0;
    const int err = program_run((const char *const *)argv, &printed, &status);
    if (err < 0 || status == 0)
        return err;
    fprintf(log, "%s", printed);
    return -EIO;
}

static void log_command(char *const argv[], FILE *log)
{
    fputs(_("ran"), log);
    for (size_t i = 0; argv[i]; i++)
        fprintf(log, " %s", argv[i]);
    fputc('\n', log);
}

static int apply_command(struct applying *a, size_t index)
{
    const struct step *const step = &a->plan->steps[index];
    const int err = run_step(step->argv, a->log);
    if (err < 0)
        return plan_fail(a->plan, err, _("The command %s failed: %s"), step->argv[0],
                         err == -ENOENT ? _("it is not installed") : err_str(err));
    log_command(step->argv, a->log);
    return journal_step_done(&a->journal, index, NULL);
}

static int apply_kind(struct applying *a, enum step_kind kind)
{
    int err = 0;
    for (size_t i = 0; i < a->plan->step_count && err == 0; i++) {
        if (a->plan->steps[i].kind != kind)
            continue;
        err = kind == STEP_FILE     ? apply_file(a, &a->plan->steps[i])
              : kind == STEP_DOMAIN ? apply_domain(a, i)
                                    : apply_command(a, i);
    }
    return err;
}

/* ---- undoing ---- */

static int restore_file(const char *prefix, const struct step *step)
{
    bool is_old;
    const int err = file_is(prefix, step->path, step->old_text, step->old_mode, &is_old);
    if (err < 0 || is_old)
        return err;
    return step->old_text ? place_write(prefix, step->path, step->old_text, step->old_mode)
                          : place_remove(prefix, step->path);
}

static int put_back_step(const struct plan *plan, const struct step *step, FILE *log)
{
    const char *const what = step->kind == STEP_FILE ? step->path : step->name;
    if (step->kind != STEP_FILE && !(step->kind == STEP_DOMAIN && step->done))
        return 0;
    const int err = step->kind == STEP_FILE ? restore_file(plan->prefix, step)
                                            : define_domain(step, step->old_text, log);
    if (err < 0)
        fprintf(log, _("%s could not be put back: %s\n"), what, err_str(err));
    else
        fprintf(log, _("%s is as before\n"), what);
    return err;
}

static int run_undo(const struct step *step, FILE *log)
{
    if (step->kind != STEP_COMMAND || !step->done || !step->undo)
        return 0;
    const int err = run_step(step->undo, log);
    if (err < 0)
        fprintf(log, _("the command %s failed: %s\n"), step->undo[0], err_str(err));
    else
        log_command(step->undo, log);
    return err;
}

/* Goes on after an error, so that as much as possible is as before; returns the first one. */
static int put_back(const struct plan *plan, FILE *log)
{
    int first = 0;
    for (size_t i = plan->step_count; i-- > 0;) {
        const int err = put_back_step(plan, &plan->steps[i], log);
        first = first < 0 ? first : err;
    }
    for (size_t i = plan->folder_count; i-- > 0;) {
        const int err = place_remove_folder(plan->prefix, plan->folders[i]);
        first = first < 0 ? first : err;
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        const int err = run_undo(&plan->steps[i], log);
        first = first < 0 ? first : err;
    }
    return first;
}

/* After an error: by the journal, which knows the folders. */
static void roll_back(struct applying *a)
{
    struct plan *stored = NULL;
    struct journal journal;
    int err = journal_load_newest(a->plan->prefix, a->plan->state, "", &journal, &stored);
    if (err == 0)
        err = put_back(stored, a->log);
    if (err == 0)
        journal_forget(&journal);
    else
        fprintf(a->log, _("Not everything could be put back; what was there is in %s\n"),
                a->journal.folder);
    plan_destroy(stored);
}

int plan_apply(struct plan *plan, FILE *log)
{
    if (plan_is_empty(plan))
        return 0;
    int err = check_unchanged(plan);
    if (err < 0)
        return err;
    struct applying a = { .plan = plan, .log = log };
    err = journal_begin(plan, &a.journal);
    if (err < 0)
        return plan_fail(plan, err, _("The backup in %s cannot be written: %s"), plan->state,
                         err_str(err));
    static const enum step_kind order[] = { STEP_FILE, STEP_DOMAIN, STEP_COMMAND };
    for (size_t i = 0; i < ARRAY_LEN(order) && err == 0; i++)
        err = apply_kind(&a, order[i]);
    if (err == 0)
        err = journal_finish(&a.journal);
    if (err < 0)
        roll_back(&a);
    return err;
}

/* Everything is as we left it, or (after an undo that was cut off) as it was before. */
static int check_ours(const struct plan *plan, const struct step *step, const char **changed)
{
    bool ours = true;
    int err = 0;
    if (step->kind == STEP_FILE) {
        *changed = step->path;
        err = file_is(plan->prefix, step->path, step->new_text, step->new_mode, &ours);
        if (err == 0 && !ours)
            err = file_is(plan->prefix, step->path, step->old_text, step->old_mode, &ours);
    } else if (step->kind == STEP_DOMAIN && step->done) {
        *changed = step->name;
        autofree char *now = NULL;
        err = dump_domain(step, &now);
        if (err == 0)
            err = domain_same(now, step->defined_text, &ours);
    }
    return err < 0 ? err : ours ? 0 : -EBUSY;
}

static int check_all_ours(const struct plan *plan, const struct journal *journal, FILE *log)
{
    int first = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        const char *changed = "";
        const int err = check_ours(plan, &plan->steps[i], &changed);
        if (err == -EBUSY)
            fprintf(log, _("%s was changed since; nothing was undone.\n"), changed);
        else if (err < 0)
            fprintf(log, _("%s cannot be read: %s; nothing was undone.\n"), changed, err_str(err));
        first = first < 0 ? first : err;
    }
    if (first == -EBUSY)
        fprintf(log, _("What was there before is in %s.\n"), journal->folder);
    return first;
}

static int check_holds(const struct plan *plan, FILE *log)
{
    for (size_t i = 0; i < plan->hold_count; i++) {
        char path[PATH_MAX];
        const int n = snprintf(path, sizeof(path), "%s%s", plan->prefix, plan->holds[i]);
        if (n < 0 || (size_t)n >= sizeof(path))
            return -ENAMETOOLONG;
        if (access(path, F_OK) < 0)
            continue;
        fprintf(log,
                _("%s runs, and only these scripts can take back what they gave it: please shut it "
                  "down first. Nothing was undone.\n"),
                plan->vm);
        return -EBUSY;
    }
    return 0;
}

static void describe(const struct plan *plan, char *line, size_t line_bytes)
{
    if (plan->vm[0])
        snprintf(line, line_bytes, "%s (%s)", plan->title, plan->vm);
    else
        snprintf(line, line_bytes, "%s", plan->title);
}

int plan_undo(const char *prefix, const char *state, const char *vm, FILE *log)
{
    struct plan *plan = NULL;
    struct journal journal;
    char line[256];
    int err = journal_load_newest(prefix, state, vm, &journal, &plan);
    if (err < 0)
        return err;
    describe(plan, line, sizeof(line));
    fprintf(log, _("Undoing: %s\n"), line);
    err = check_holds(plan, log);
    if (err == 0)
        err = check_all_ours(plan, &journal, log);
    if (err == 0)
        err = put_back(plan, log);
    if (err == 0)
        err = journal_set_undone(&journal);
    plan_destroy(plan);
    return err;
}

int plan_undo_next(const char *prefix, const char *state, const char *vm, char *line,
                   size_t line_bytes)
{
    struct plan *plan = NULL;
    struct journal journal;
    const int err = journal_load_newest(prefix, state, vm, &journal, &plan);
    if (err == 0)
        describe(plan, line, line_bytes);
    plan_destroy(plan);
    return err;
}
