/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a saved tree says of its files beside them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine/root_private.h"

enum { LINES_MAX = 65536 };

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count < LINES_MAX ? count + 1 : LINES_MAX;
}

/* Parts the next line off; false at the end. */
static bool next_line(char **rest, char **line)
{
    *line = strsep(rest, "\n");
    return *line != NULL;
}

/* ---- stat ---- */

static bool parse_stat(const char *line, struct saved_stat *out)
{
    unsigned int mode, uid, gid, major, minor;
    unsigned long long len_bytes;
    int at = 0;
    if (sscanf(line, "%o %u %u %llu %u:%u %n", &mode, &uid, &gid, &len_bytes, &major, &minor, &at) <
            6 ||
        at == 0 || line[at] != '/')
        return false;
    out->stat = (struct root_stat){
        .mode = mode, .uid = uid, .gid = gid, .len_bytes = len_bytes, .major = major, .minor = minor
    };
    out->path = strdup(line + at);
    return out->path != NULL;
}

static int compare_stats(const void *a, const void *b)
{
    return strcmp(((const struct saved_stat *)a)->path, ((const struct saved_stat *)b)->path);
}

static int load_stats(const struct root *root, struct saved_facts *out)
{
    autofree char *text = NULL;
    const int err = root_read_file(root, "/.espelho/stat", &text, NULL);
    if (err < 0)
        return err == -ENOENT ? 0 : err;
    const size_t room = count_lines(text);
    out->stats = calloc(room, sizeof(*out->stats));
    if (!out->stats)
        return -ENOMEM;
    char *rest = text, *line;
    while (out->stat_count < room && next_line(&rest, &line))
        out->stat_count += parse_stat(line, &out->stats[out->stat_count]);
    qsort(out->stats, out->stat_count, sizeof(*out->stats), compare_stats);
    return 0;
}

const struct root_stat *saved_facts_stat(const struct saved_facts *facts, const char *path)
{
    const struct saved_stat key = { .path = (char *)(uintptr_t)path };
    if (facts->stat_count == 0)
        return NULL;
    const struct saved_stat *const found =
        bsearch(&key, facts->stats, facts->stat_count, sizeof(*facts->stats), compare_stats);
    return found ? &found->stat : NULL;
}

/* ---- denied ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int load_denied(const struct root *root, struct saved_facts *out)
{
    autofree char *text = NULL;
    const int err = root_read_file(root, "/.espelho/denied", &text, NULL);
    if (err < 0)
        return err == -ENOENT ? 0 : err;
    const size_t room = count_lines(text);
    out->denied = calloc(room, sizeof(*out->denied));
    if (!out->denied)
        return -ENOMEM;
    char *rest = text, *line;
    while (out->denied_count < room && next_line(&rest, &line))
        if (line[0] == '/' && !(out->denied[out->denied_count++] = strdup(line)))
            return -ENOMEM;
    qsort(out->denied, out->denied_count, sizeof(*out->denied), compare_texts);
    return 0;
}

static bool listed_denied(const struct saved_facts *facts, const char *path)
{
    return bsearch(&path, facts->denied, facts->denied_count, sizeof(*facts->denied),
                   compare_texts) != NULL;
}

/* Usually such a file is not in the tree at all, so it is its folder that has a real path. */
bool root_denied(const struct root *root, const char *path)
{
    char folder[PATH_MAX], real[PATH_MAX], whole[PATH_MAX];
    const char *const slash = strrchr(path, '/');
    if (root->saved.denied_count == 0 || !slash)
        return false;
    if (listed_denied(&root->saved, path))
        return true;
    snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
    return root_real_path(root, folder, real, sizeof(real)) == 0 &&
           snprintf(whole, sizeof(whole), "%s%s", real, slash) < (int)sizeof(whole) &&
           listed_denied(&root->saved, whole);
}

/* ---- both ---- */

int saved_facts_load(const struct root *root, struct saved_facts *out)
{
    const int err = load_stats(root, out);
    return err < 0 ? err : load_denied(root, out);
}

void saved_facts_free(struct saved_facts *facts)
{
    for (size_t i = 0; i < facts->stat_count; i++)
        free(facts->stats[i].path);
    for (size_t i = 0; i < facts->denied_count; i++)
        free(facts->denied[i]);
    free(facts->stats);
    free(facts->denied);
}

/* ---- real paths ---- */

static int path_of_fd(int fd, char *path, size_t cap)
{
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(self, path, cap);
    if (n < 0)
        return -errno;
    if ((size_t)n >= cap)
        return -ENAMETOOLONG;
    path[n] = '\0';
    return 0;
}

int root_real_path(const struct root *root, const char *path, char *real, size_t cap)
{
    char folder[PATH_MAX] = "", whole[PATH_MAX];
    autoclose int fd = root_open_path(root, path, O_PATH);
    if (fd < 0)
        return steal_fd(&fd);
    int err = path_of_fd(fd, whole, sizeof(whole));
    if (err == 0 && !root_is_live(root))
        err = path_of_fd(root->folder_fd, folder, sizeof(folder));
    if (err < 0)
        return err;
    const size_t skip = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    if (strncmp(whole, folder, skip) != 0)
        return -ENOENT; /* moved away while we looked */
    const int n = snprintf(real, cap, "%s", whole[skip] ? whole + skip : "/");
    return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}
