/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char folder[] = "/tmp/espelho-tree-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void remove_tree(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void tree_begin(void)
{
    CHECK(mkdtemp(folder));
    atexit(remove_tree);
}

const char *tree_path(const char *path)
{
    static char whole[PATH_MAX + sizeof(folder)];
    snprintf(whole, sizeof(whole), "%s%s", folder, path);
    return whole;
}

/* All folders before the last slash. */
static void make_way(const char *path)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        CHECK_MSG(mkdir(tree_path(part), 0755) == 0 || errno == EEXIST, "mkdir %s", part);
    }
}

void tree_folder(const char *path)
{
    make_way(path);
    CHECK_MSG(mkdir(tree_path(path), 0755) == 0 || errno == EEXIST, "mkdir %s", path);
}

void tree_file(const char *path, const char *text)
{
    make_way(path);
    FILE *const f = fopen(tree_path(path), "w");
    CHECK_MSG(f != NULL, "fopen %s", path);
    CHECK(fputs(text, f) >= 0 && fclose(f) == 0);
}

void tree_link(const char *path, const char *target)
{
    make_way(path);
    CHECK_MSG(symlink(target, tree_path(path)) == 0, "symlink %s", path);
}

struct root *tree_open(void)
{
    struct root *root = NULL;
    CHECK_INT(root_open(folder, &root), 0);
    return root;
}
