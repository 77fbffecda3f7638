/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
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

/* The highest number; with `to_undo` among those that can be undone. */
static int find_highest(const char *state, bool to_undo, unsigned int *number, bool *begun)
{
    DIR *dir = opendir(state);
    if (!dir)
        return -errno;
    *number = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *suffix;
        const unsigned int n = number_of(entry->d_name, &suffix);
        if (n <= *number || (to_undo && strcmp(suffix, ".undone") == 0))
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

static int load_text(const struct journal *journal, size_t step, const char *what, char **text)
{
    char path[600];
    int err = file_of(journal, step, what, path, sizeof(path));
    if (err == 0)
        err = place_read("", path, text, NULL);
    return err == -ENOENT ? -EPROTO : err; /* -ENOENT: that there is nothing to undo */
}

/* ---- writing ---- */

static void put_word(FILE *to, const char *word)
{
    fputc(' ', to);
    for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
        if (*c <= ' ' || *c == '%' || *c == 0x7f)
            fprintf(to, "%%%02x", *c);
        else
            fputc(*c, to);
    }
}

static void put_words(FILE *to, char *const words[])
{
    size_t count = 0;
    while (words && words[count])
        count++;
    fprintf(to, " %zu", count);
    for (size_t i = 0; i < count; i++)
        put_word(to, words[i]);
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
        put_word(to, step->path);
    } else if (step->kind == STEP_DOMAIN) {
        put_word(to, step->uri);
        put_word(to, step->name);
    } else {
        put_words(to, step->argv);
        put_words(to, step->undo);
    }
    fputc('\n', to);
}

static int store_manifest(const struct journal *journal, const struct plan *plan)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *memory = open_memstream(&text, &len_bytes);
    if (!memory)
        return -ENOMEM;
    fputs("espelho-setup 1", memory);
    put_word(memory, plan->title);
    fputc('\n', memory);
    for (size_t i = 0; i < plan->step_count; i++)
        put_step(memory, i, &plan->steps[i]);
    autofree char *whole = fclose(memory) == 0 ? text : NULL;
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
        err = find_highest(plan->state, false, &newest, &begun);
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
    put_word(f, word);
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

static int take_file(const struct journal *journal, size_t index, char **rest, struct step *step)
{
    bool was_there = false, will_be_there = false;
    int err = take_mode(rest, &was_there, &step->old_mode);
    if (err == 0)
        err = take_mode(rest, &will_be_there, &step->new_mode);
    if (err == 0)
        err = take_text(rest, &step->path);
    if (err == 0 && was_there)
        err = load_text(journal, index, "old", &step->old_text);
    if (err == 0 && will_be_there)
        err = load_text(journal, index, "new", &step->new_text);
    return err;
}

static int take_domain(const struct journal *journal, size_t index, char **rest, struct step *step)
{
    int err = take_text(rest, &step->uri);
    if (err == 0)
        err = take_text(rest, &step->name);
    if (err == 0)
        err = load_text(journal, index, "old", &step->old_text);
    if (err == 0)
        err = load_text(journal, index, "new", &step->new_text);
    return err;
}

static int take_command(char **rest, struct step *step)
{
    int err = take_list(rest, &step->argv);
    if (err == 0 && !step->argv)
        err = -EPROTO;
    return err < 0 ? err : take_list(rest, &step->undo);
}

static int take_step(const struct journal *journal, enum step_kind kind, char **rest,
                     struct plan *plan)
{
    unsigned long index;
    int err = take_number(rest, 10, NUMBER_MAX, &index);
    if (err < 0 || index != plan->step_count)
        return -EPROTO;
    struct step *step = plan_add_step(plan, kind, "");
    if (!step)
        return -ENOMEM;
    if (kind == STEP_FILE)
        return take_file(journal, index, rest, step);
    return kind == STEP_DOMAIN ? take_domain(journal, index, rest, step) : take_command(rest, step);
}

static int take_done(const struct journal *journal, char **rest, struct plan *plan)
{
    unsigned long index;
    const int err = take_number(rest, 10, NUMBER_MAX, &index);
    if (err < 0 || index >= plan->step_count)
        return -EPROTO;
    struct step *step = &plan->steps[index];
    if (step->done || (step->kind != STEP_DOMAIN && step->kind != STEP_COMMAND))
        return -EPROTO;
    step->done = true;
    return step->kind == STEP_DOMAIN ? load_text(journal, index, "defined", &step->defined_text)
                                     : 0;
}

static int take_folder(char **rest, struct plan *plan)
{
    const char *const folder = take_word(rest);
    return folder ? plan_add_folder(plan, folder) : -EPROTO;
}

static int take_record(const struct journal *journal, char *line, struct plan *plan)
{
    char *rest = line;
    const char *const what = take_word(&rest);
    if (!what)
        return -EPROTO;
    if (strcmp(what, "file") == 0)
        return take_step(journal, STEP_FILE, &rest, plan);
    if (strcmp(what, "domain") == 0)
        return take_step(journal, STEP_DOMAIN, &rest, plan);
    if (strcmp(what, "command") == 0)
        return take_step(journal, STEP_COMMAND, &rest, plan);
    if (strcmp(what, "done") == 0)
        return take_done(journal, &rest, plan);
    return strcmp(what, "folder") == 0 ? take_folder(&rest, plan) : -EPROTO;
}

static int read_manifest(const struct journal *journal, const char *prefix, const char *state,
                         struct plan **out)
{
    char path[600];
    autofree char *text = NULL;
    snprintf(path, sizeof(path), "%s/manifest", journal->folder);
    int err = place_read("", path, &text, NULL);
    if (err < 0)
        return err == -ENOENT ? -EPROTO : err;
    char *rest = text, *line = strsep(&rest, "\n"), *words = line;
    const char *const magic = take_word(&words), *const version = take_word(&words),
                      *const title = take_word(&words);
    if (!magic || strcmp(magic, "espelho-setup") != 0 || !version || strcmp(version, "1") != 0)
        return -EPROTO;
    struct plan *plan = NULL;
    err = plan_create(prefix, state, title ? title : "", &plan);
    if (err < 0)
        return err;
    while (err == 0 && (line = strsep(&rest, "\n")) != NULL)
        if (line[0]) /* behind the last newline */
            err = take_record(journal, line, plan);
    if (err < 0)
        plan_destroy(plan);
    else
        *out = plan;
    return err;
}

int journal_load_newest(const char *prefix, const char *state, struct journal *out,
                        struct plan **plan)
{
    unsigned int number = 0;
    struct journal journal = { .begun = false };
    int err = find_highest(state, true, &number, &journal.begun);
    if (err < 0)
        return err;
    if (number == 0)
        return -ENOENT;
    const int n = snprintf(journal.folder, sizeof(journal.folder), "%s/%u%s", state, number,
                           journal.begun ? ".begun" : "");
    if (n < 0 || (size_t)n >= sizeof(journal.folder))
        return -ENAMETOOLONG;
    err = read_manifest(&journal, prefix, state, plan);
    if (err == 0)
        *out = journal;
    return err;
}
