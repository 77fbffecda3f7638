/* SPDX-License-Identifier: GPL-2.0-or-later
 * While checks run, everything that they read is noted. Afterwards the folders that they listed are
 * gone through, so that these are as full in the tree as they were; then all of it is redacted. */
#include "doctor/collect.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "doctor/redact.h"
#include "doctor/tar.h"

/* The first three lie in the tree; a later one tells more of a path than an earlier one. */
enum entry_kind {
    ENTRY_NONE,
    ENTRY_FOLDER,
    ENTRY_FILE,
    ENTRY_LINK,
    ENTRY_STAT,
    ENTRY_DENIED,
    ENTRY_UNREAD, /* it is there, and nobody looked into it */
};
struct entry {
    enum entry_kind kind;
    char *path;
    char *text; /* content; target; line of .espelho/stat */
    size_t len_bytes;
};
struct collector {
    struct root *root; /* borrowed */
    struct entry *entries;
    size_t count, capacity;
    bool no_memory;
};

/* ---- noting ---- */

static bool has_room(struct collector *c)
{
    if (c->count < c->capacity)
        return true;
    const size_t capacity = c->capacity ? 2 * c->capacity : 256;
    struct entry *entries = realloc(c->entries, capacity * sizeof(*entries));
    if (!entries)
        return false;
    c->entries = entries;
    c->capacity = capacity;
    return true;
}

static void note(struct collector *c, enum entry_kind kind, const char *path, const char *text,
                 size_t len_bytes)
{
    struct entry e = { .kind = kind, .path = strdup(path), .len_bytes = len_bytes };
    e.text = malloc(len_bytes + 1);
    if (!e.path || !e.text || !has_room(c)) {
        free(e.path);
        free(e.text);
        c->no_memory = true;
        return;
    }
    if (len_bytes)
        memcpy(e.text, text, len_bytes);
    e.text[len_bytes] = '\0';
    c->entries[c->count++] = e;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    const size_t len = strlen(text), with_len = strlen(with);
    return len >= with_len && strcmp(text + len - with_len, with) == 0;
}

/* "/proc/123/..." of somebody else. */
static bool is_of_process(const char *path)
{
    if (!begins(path, "/proc/") || !isdigit((unsigned char)path[6]))
        return false;
    return strtol(path + 6, NULL, 10) != getpid();
}

static bool is_of_people(const char *path)
{
    return begins(path, "/home/") || begins(path, "/root/") || begins(path, "/tmp/") ||
           begins(path, "/var/tmp/");
}

static bool names_qemu(const char *text, size_t len_bytes)
{
    return memmem(text, len_bytes, "qemu", 4) != NULL;
}

static void on_file(void *ctx, const char *path, const char *text, size_t len_bytes)
{
    if (is_of_process(path) &&
        !((ends(path, "/comm") || ends(path, "/cmdline")) && names_qemu(text, len_bytes)))
        return;
    if (!is_of_people(path))
        note(ctx, ENTRY_FILE, path, text, len_bytes);
}

static void on_link(void *ctx, const char *path, const char *target)
{
    const bool shown = begins(target, "/dev/shm/") || begins(target, "/dev/kvmfr") ||
                       names_qemu(target, strlen(target));
    if (is_of_process(path) && !shown)
        return;
    note(ctx, ENTRY_LINK, path, target, strlen(target));
}

static void on_stat(void *ctx, const char *path, const struct root_stat *s)
{
    char line[160];
    if (is_of_process(path))
        return;
    const int len =
        snprintf(line, sizeof(line), "%o %u %u %" PRIu64 " %u:%u ", (unsigned int)s->mode,
                 (unsigned int)s->uid, (unsigned int)s->gid, s->len_bytes, s->major, s->minor);
    note(ctx, ENTRY_STAT, path, line, (size_t)len);
    if (S_ISDIR(s->mode))
        note(ctx, ENTRY_FOLDER, path, "", 0);
}

static void on_list(void *ctx, const char *path)
{
    if (!is_of_process(path) && !is_of_people(path))
        note(ctx, ENTRY_FOLDER, path, "list", 4);
}

static void on_denied(void *ctx, const char *path)
{
    if (!is_of_process(path))
        note(ctx, ENTRY_DENIED, path, "", 0);
}

static void on_command(void *ctx, const char *name, int status, const char *text, size_t len_bytes)
{
    if (strncmp(name, "systemd-inhibit", strlen("systemd-inhibit")) == 0)
        return; /* it tells of the user's other programs */
    char *path = NULL, *content = NULL;
    size_t content_bytes = 0;
    FILE *to = open_memstream(&content, &content_bytes);
    if (to && asprintf(&path, "/.espelho/commands/%s", name) > 0) {
        fprintf(to, "status %d\n", status);
        fwrite(text, 1, len_bytes, to);
    }
    if (to && fclose(to) == 0 && path)
        note(ctx, ENTRY_FILE, path, content, content_bytes);
    free(content);
    free(path);
}

int collector_create(struct root *root, struct collector **out)
{
    struct collector *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->root = root;
    root_observe(root, &(struct root_observer){ .on_file = on_file,
                                                .on_link = on_link,
                                                .on_stat = on_stat,
                                                .on_list = on_list,
                                                .on_denied = on_denied,
                                                .on_command = on_command,
                                                .ctx = c });
    *out = c;
    return 0;
}

static void stop_observing(struct collector *c)
{
    root_observe(c->root, &(struct root_observer){ .ctx = NULL });
}

void collector_destroy(struct collector *c)
{
    if (!c)
        return;
    stop_observing(c);
    for (size_t i = 0; i < c->count; i++) {
        free(c->entries[i].path);
        free(c->entries[i].text);
    }
    free(c->entries);
    free(c);
}

void collector_add(struct collector *c, const char *path, const char *text, size_t len_bytes)
{
    note(c, ENTRY_FILE, path, text, len_bytes);
}

/* ---- what else lies in listed folders ---- */

static void note_unread(struct collector *c, const char *path, const struct root_stat *stat)
{
    if (S_ISDIR(stat->mode)) {
        note(c, ENTRY_FOLDER, path, "", 0);
        return;
    }
    on_stat(c, path, stat);
    if (S_ISREG(stat->mode))
        note(c, ENTRY_UNREAD, path, "", 0);
}

static void note_neighbour(struct collector *c, const char *folder, const char *name)
{
    autofree char *path = NULL;
    char target[512];
    struct root_stat stat;
    if (asprintf(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name) < 0) {
        path = NULL;
        c->no_memory = true;
        return;
    }
    if (is_of_process(path))
        return;
    if (root_link(c->root, path, target, sizeof(target)) == 0)
        on_link(c, path, target);
    else if (root_stat(c->root, path, &stat) == 0)
        note_unread(c, path, &stat);
}

static void note_neighbours(struct collector *c)
{
    const size_t count = c->count; /* not of folders that are found meanwhile */
    for (size_t i = 0; i < count; i++) {
        autofree struct root_names *names = NULL;
        if (c->entries[i].kind != ENTRY_FOLDER || c->entries[i].len_bytes == 0 ||
            root_list(c->root, c->entries[i].path, &names) < 0)
            continue;
        for (size_t n = 0; n < names->count; n++)
            note_neighbour(c, c->entries[i].path, names->name[n]);
    }
}

/* ---- writing ---- */

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

static int sort(struct collector *c, struct writing *w)
{
    w->sorted = calloc(c->count ? c->count : 1, sizeof(struct entry *));
    if (!w->sorted || c->no_memory)
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

static int write_tree(struct writing *w)
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

/* The name of a file that is not there yet; mode 0600: it says a lot about a machine. */
static FILE *create_file(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && !to)
        close(fd);
    return to;
}

int collector_write(struct collector *c, const char *tar_path, const char *user, const char *host)
{
    struct writing w = { .tar = NULL };
    stop_observing(c);
    note_neighbours(c);
    w.err = sort(c, &w);
    redact_init(&w.redact, user, host);
    if (w.err == 0 && !(w.tar = create_file(tar_path)))
        w.err = -errno;
    if (w.tar) {
        w.err = write_tree(&w);
        if ((ferror(w.tar) | fclose(w.tar)) != 0 && w.err == 0)
            w.err = -EIO;
        if (w.err < 0)
            unlink(tar_path);
    }
    free(w.sorted);
    redact_fini(&w.redact);
    return w.err;
}
