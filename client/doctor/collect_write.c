/* SPDX-License-Identifier: GPL-2.0-or-later
 * The tree for a bug report: of each path what tells most of it, redacted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "doctor/collect_private.h"
#include "doctor/redact.h"
#include "doctor/tar.h"

static int compare(const void *a, const void *b)
{
    const struct entry *const *ea = a, *const *eb = b;
    return strcmp((*ea)->path, (*eb)->path);
}

struct writing {
    struct redact redact;
    struct entry **sorted;
    size_t count;
    FILE *tar, *stat, *denied;
    int err;
};

/* In "ana,maria". */
static bool is_member(const char *members, const char *user)
{
    const size_t len = strlen(user);
    for (const char *at = members; len && (at = strstr(at, user)); at += len) {
        const bool begins_there = at == members || at[-1] == ',';
        if (begins_there && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

/* Without other people's names, and without what anybody is called in full. */
static void put_accounts(FILE *to, const char *text, const char *user, bool groups)
{
    while (*text) {
        const size_t len = strcspn(text, "\n");
        char line[1024], *fields[4] = { NULL };
        snprintf(line, sizeof(line), "%.*s", (int)(len < sizeof(line) ? len : 0), text);
        const char *name = line;
        char *rest = line;
        for (size_t i = 0; rest && i < ARRAY_LEN(fields); i++)
            fields[i] = strsep(&rest, ":");
        const bool is_shown =
            fields[3] && (strtoul(fields[2], NULL, 10) < 1000 || strcmp(name, user) == 0);
        if (is_shown && groups)
            fprintf(to, "%s:x:%s:%s\n", name, fields[2], is_member(fields[3], user) ? user : "");
        else if (is_shown)
            fprintf(to, "%s:x:%s:%s:::\n", name, fields[2], fields[3]);
        text += len + (text[len] == '\n');
    }
}

static char *content_of(const struct writing *w, const struct entry *e, size_t *len_bytes)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, len_bytes);
    if (!to)
        return NULL;
    if (redact_whole_file(e->path))
        fputs("removed\n", to);
    else if (strcmp(e->path, "/etc/passwd") == 0 || strcmp(e->path, "/etc/group") == 0)
        put_accounts(to, e->text, w->redact.user, e->path[5] == 'g');
    else
        fwrite(e->text, 1, e->len_bytes, to);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

static void put_in_tree(struct writing *w, const struct entry *e, const char *path)
{
    autofree char *plain = NULL, *text = NULL;
    size_t plain_bytes = 0, text_bytes = 0;
    if (e->kind == ENTRY_FOLDER) {
        tar_folder(w->tar, path);
        return;
    }
    plain = content_of(w, e, &plain_bytes);
    w->err = plain ? redact_text(&w->redact, plain, plain_bytes, &text, &text_bytes) : -ENOMEM;
    if (w->err < 0)
        return;
    if (e->kind == ENTRY_FILE)
        tar_file(w->tar, path, text, text_bytes);
    else
        tar_link(w->tar, path, text);
}

/* The one that tells most of a path; NULL: none that lies in the tree. */
static const struct entry *best_of(struct entry *const *same, size_t count)
{
    const struct entry *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (same[i]->kind <= ENTRY_LINK && (!best || same[i]->kind > best->kind))
            best = same[i];
    }
    return best;
}

static const struct entry *find_kind(struct entry *const *same, size_t count, enum entry_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        if (same[i]->kind == kind)
            return same[i];
    }
    return NULL;
}

/* All entries of one path. What is known by its owner and mode only, a device say, lies in the tree
 * as an empty file. */
static void put_path(struct writing *w, struct entry *const *same, size_t count)
{
    autofree char *path = NULL;
    size_t path_bytes;
    w->err = redact_text(&w->redact, same[0]->path, strlen(same[0]->path), &path, &path_bytes);
    if (w->err < 0 || strcmp(path, "/") == 0 || strchr(path, '\n'))
        return;
    const struct entry *best = best_of(same, count), *stat = find_kind(same, count, ENTRY_STAT);
    if (stat)
        fprintf(w->stat, "%s%s\n", stat->text, path);
    if (find_kind(same, count, ENTRY_DENIED) || (!best && find_kind(same, count, ENTRY_UNREAD)))
        fprintf(w->denied, "%s\n", path);
    if (best)
        put_in_tree(w, best, path + 1);
    else
        tar_file(w->tar, path + 1, NULL, 0);
}

static void put_entries(struct writing *w)
{
    size_t next;
    for (size_t i = 0; i < w->count && w->err == 0; i = next) {
        for (next = i + 1;
             next < w->count && strcmp(w->sorted[i]->path, w->sorted[next]->path) == 0;)
            next++;
        put_path(w, &w->sorted[i], next - i);
    }
}

static int sort(const struct collector *c, struct writing *w)
{
    w->sorted = calloc(c->count ? c->count : 1, sizeof(struct entry *));
    if (!w->sorted)
        return -ENOMEM;
    for (size_t i = 0; i < c->count; i++)
        w->sorted[i] = &c->entries[i];
    w->count = c->count;
    qsort(w->sorted, w->count, sizeof(struct entry *), compare);
    return 0;
}

static int put_list(struct writing *w, FILE *list, char **text, size_t *len_bytes, const char *path)
{
    if (fclose(list) != 0)
        return -ENOMEM;
    tar_file(w->tar, path, *text, *len_bytes);
    return 0;
}

static int put_tree(struct writing *w)
{
    autofree char *stat_text = NULL, *denied_text = NULL;
    size_t stat_bytes = 0, denied_bytes = 0;
    w->stat = open_memstream(&stat_text, &stat_bytes);
    w->denied = open_memstream(&denied_text, &denied_bytes);
    if (w->stat && w->denied)
        put_entries(w);
    else
        w->err = -ENOMEM;
    if (w->stat && put_list(w, w->stat, &stat_text, &stat_bytes, ".espelho/stat") < 0)
        w->err = -ENOMEM;
    if (w->denied && put_list(w, w->denied, &denied_text, &denied_bytes, ".espelho/denied") < 0)
        w->err = -ENOMEM;
    tar_end(w->tar);
    return w->err;
}

int collect_write_tree(const struct collector *c, FILE *tar, const char *user, const char *host)
{
    struct writing w = { .tar = tar };
    int err = sort(c, &w);
    if (err < 0)
        return err;
    redact_init(&w.redact, user, host);
    err = put_tree(&w);
    redact_fini(&w.redact);
    free(w.sorted);
    return err;
}
