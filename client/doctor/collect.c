/* SPDX-License-Identifier: GPL-2.0-or-later
 * While checks run, everything that they read is noted. Afterwards the folders that they listed are
 * gone through, so that these are as full in the tree as they were; then all of it is redacted. */
#include "doctor/collect_private.h"

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

/* ---- the file ---- */

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
    stop_observing(c);
    note_neighbours(c);
    FILE *const tar = c->no_memory ? NULL : create_file(tar_path);
    if (!tar)
        return c->no_memory ? -ENOMEM : -errno;
    int err = collect_write_tree(c, tar, user, host);
    if ((ferror(tar) | fclose(tar)) != 0 && err == 0)
        err = -EIO;
    if (err < 0)
        unlink(tar_path);
    return err;
}
