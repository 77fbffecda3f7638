/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "setup/manifest.h"
#include "setup/place.h"

enum { NUMBER_MAX = 1000000 };

/* ---- names ---- */

/* "12", "12.begun", "12.undone": the number; 0: none of ours. */
static unsigned int number_of(const char *name, const char **suffix)
{
    char *end;
    if (name[0] < '1' || name[0] > '9')
        return 0;
    const unsigned long n = strtoul(name, &end, 10);
    *suffix = end;
    const bool ours = *end == '\0' || strcmp(end, ".begun") == 0 || strcmp(end, ".undone") == 0;
    return ours && n < NUMBER_MAX ? (unsigned int)n : 0;
}

/* The highest number below `limit`, 0 if there is none; with `to_undo` among those that can be
 * undone. */
static int find_highest(const char *state, bool to_undo, unsigned int limit, unsigned int *number,
                        bool *begun)
{
    DIR *dir = opendir(state);
    if (!dir)
        return -errno;
    *number = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *suffix;
        const unsigned int n = number_of(entry->d_name, &suffix);
        if (n <= *number || n >= limit || (to_undo && strcmp(suffix, ".undone") == 0))
            continue;
        *number = n;
        *begun = suffix[0] != '\0';
    }
    closedir(dir);
    return 0;
}

static int file_of(const struct journal *journal, size_t step, const char *what, char *path,
                   size_t cap)
{
    const int n = snprintf(path, cap, "%s/%zu.%s", journal->folder, step, what);
    return n > 0 && (size_t)n < cap ? 0 : -ENAMETOOLONG;
}

static int store_text(const struct journal *journal, size_t step, const char *what,
                      const char *text)
{
    char path[600];
    if (!text)
        return 0;
    const int err = file_of(journal, step, what, path, sizeof(path));
    return err < 0 ? err : place_write("", path, text, 0600);
}

/* ---- writing ---- */

static int store_manifest(const struct journal *journal, const struct plan *plan)
{
    autofree char *whole = manifest_print(plan);
    char path[600];
    snprintf(path, sizeof(path), "%s/manifest", journal->folder);
    return whole ? place_write("", path, whole, 0600) : -ENOMEM;
}

static int store(const struct journal *journal, const struct plan *plan)
{
    int err = 0;
    for (size_t i = 0; i < plan->step_count && err == 0; i++) {
        err = store_text(journal, i, "old", plan->steps[i].old_text);
        if (err == 0)
            err = store_text(journal, i, "new", plan->steps[i].new_text);
    }
    return err < 0 ? err : store_manifest(journal, plan);
}

static void nothing(void *ctx, const char *folder)
{
    (void)ctx;
    (void)folder;
}

static int make_folder(const struct plan *plan, struct journal *journal)
{
    unsigned int newest = 0;
    bool begun;
    char below[512];
    if (snprintf(below, sizeof(below), "%s/x", plan->state) >= (int)sizeof(below))
        return -ENAMETOOLONG;
    int err = place_make_folders("", below, nothing, NULL);
    if (err == 0)
        err = find_highest(plan->state, false, NUMBER_MAX, &newest, &begun);
    if (err < 0)
        return err;
    const int n =
        snprintf(journal->folder, sizeof(journal->folder), "%s/%u.begun", plan->state, newest + 1);
    if (n < 0 || (size_t)n >= sizeof(journal->folder))
        return -ENAMETOOLONG;
    return mkdir(journal->folder, 0700) < 0 ? -errno : 0;
}

int journal_begin(const struct plan *plan, struct journal *out)
{
    struct journal journal = { .begun = true };
    int err = make_folder(plan, &journal);
    if (err < 0)
        return err;
    err = store(&journal, plan);
    if (err < 0)
        journal_forget(&journal);
    else
        *out = journal;
    return err;
}

static int append(const struct journal *journal, const char *record, const char *word)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/manifest", journal->folder);
    autofclose FILE *f = fopen(path, "ae");
    if (!f)
        return -errno;
    fputs(record, f);
    manifest_put_word(f, word);
    fputc('\n', f);
    return fflush(f) != 0 || fdatasync(fileno(f)) < 0 ? -errno : 0;
}

int journal_folder_made(const struct journal *journal, const char *path)
{
    return append(journal, "folder", path);
}

int journal_step_done(const struct journal *journal, size_t step, const char *defined)
{
    char number[24];
    snprintf(number, sizeof(number), "%zu", step);
    const int err = store_text(journal, step, "defined", defined);
    return err < 0 ? err : append(journal, "done", number);
}

static int rename_to(struct journal *journal, const char *suffix)
{
    char name[sizeof(journal->folder)];
    const char *const slash = strrchr(journal->folder, '/');
    const size_t stem = (size_t)(slash - journal->folder) + strcspn(slash, ".");
    const int n = snprintf(name, sizeof(name), "%.*s%s", (int)stem, journal->folder, suffix);
    if (n < 0 || (size_t)n >= sizeof(name))
        return -ENAMETOOLONG;
    if (rename(journal->folder, name) < 0)
        return -errno;
    memcpy(journal->folder, name, sizeof(name));
    return 0;
}

int journal_finish(struct journal *journal)
{
    return rename_to(journal, "");
}

int journal_set_undone(struct journal *journal)
{
    return rename_to(journal, ".undone");
}

void journal_forget(struct journal *journal)
{
    DIR *dir = opendir(journal->folder);
    if (!dir)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(journal->folder);
}

/* ---- reading ---- */

static int load_text(void *ctx, size_t step, const char *what, char **text)
{
    const struct journal *const journal = ctx;
    char path[600];
    int err = file_of(journal, step, what, path, sizeof(path));
    if (err == 0)
        err = place_read("", path, text, NULL);
    return err == -ENOENT ? -EPROTO : err; /* -ENOENT: that there is nothing to undo */
}

static int read_manifest(struct journal *journal, const char *prefix, const char *state,
                         struct plan **out)
{
    char path[600];
    autofree char *text = NULL;
    snprintf(path, sizeof(path), "%s/manifest", journal->folder);
    const int err = place_read("", path, &text, NULL);
    if (err < 0)
        return err == -ENOENT ? -EPROTO : err;
    const struct manifest_texts texts = { load_text, journal };
    return manifest_parse(text, prefix, state, &texts, out);
}

static int load(const char *prefix, const char *state, unsigned int number, struct journal *journal,
                struct plan **plan)
{
    const int n = snprintf(journal->folder, sizeof(journal->folder), "%s/%u%s", state, number,
                           journal->begun ? ".begun" : "");
    if (n < 0 || (size_t)n >= sizeof(journal->folder))
        return -ENAMETOOLONG;
    return read_manifest(journal, prefix, state, plan);
}

int journal_load_newest(const char *prefix, const char *state, const char *vm, struct journal *out,
                        struct plan **plan)
{
    struct plan *found = NULL;
    struct journal journal = { .begun = false };
    for (unsigned int number = NUMBER_MAX; !found;) {
        int err = find_highest(state, true, number, &number, &journal.begun);
        if (err == 0)
            err = number == 0 ? -ENOENT : load(prefix, state, number, &journal, &found);
        if (err < 0)
            return err;
        if (found && vm[0] && strcmp(found->vm, vm) != 0) {
            plan_destroy(found);
            found = NULL;
        }
    }
    *out = journal;
    *plan = found;
    return 0;
}
