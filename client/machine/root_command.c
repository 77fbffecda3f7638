/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a program prints: run here, or read in a saved tree. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "machine/program.h"
#include "machine/root_private.h"

/* ---- the name of a command in a tree ---- */

static bool add_word(char name[NAME_MAX + 1], size_t *len, const char *word)
{
    for (; *word; word++) {
        if (*len == NAME_MAX)
            return false;
        const bool plain = isalnum((unsigned char)*word) || strchr("._-", *word);
        name[(*len)++] = plain ? *word : '+';
    }
    name[*len] = '\0';
    return true;
}

static int name_of(const char *const argv[], char name[NAME_MAX + 1])
{
    size_t len = 0;
    for (size_t i = 0; argv[i]; i++)
        if ((i > 0 && !add_word(name, &len, " ")) || !add_word(name, &len, argv[i]))
            return -ENAMETOOLONG;
    return len ? 0 : -EINVAL;
}

/* ---- read ---- */

static int read_saved(const struct root *root, const char *name, char **text, int *status)
{
    char path[NAME_MAX + 32];
    autofree char *whole = NULL;
    snprintf(path, sizeof(path), "/.espelho/commands/%s", name);
    int err = root_read_file(root, path, &whole, NULL);
    if (err < 0)
        return err;
    int exit_status, at = 0;
    if (sscanf(whole, "status %3d%n", &exit_status, &at) != 1 || whole[at] != '\n')
        return -EPROTO;
    char *const copy = strdup(whole + at + 1);
    if (!copy)
        return -ENOMEM;
    *text = copy;
    *status = exit_status;
    return 0;
}

int root_command(struct root *root, const char *const argv[], char **text, int *status)
{
    char name[NAME_MAX + 1], *printed = NULL;
    int exit_status = 0;
    int err = name_of(argv, name);
    if (err == 0)
        err = root_is_live(root) ? program_ask(argv, ROOT_COMMAND_MS, &printed, &exit_status)
                                 : read_saved(root, name, &printed, &exit_status);
    if (err == -EPERM)
        err = -EACCES;
    if (err < 0)
        return err;
    if (!printed)
        return -ENOMEM;
    root_tell_command(root, name, exit_status, printed, strlen(printed));
    *text = printed;
    *status = exit_status;
    return 0;
}
