/* SPDX-License-Identifier: GPL-2.0-or-later
 * Groups and SELinux, for the parts of setup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/conf_lines.h"
#include "setup/setup_private.h"

#define FILE_TYPES "/etc/selinux/targeted/contexts/files/file_contexts.local"

/* "kvm:x:36:maria,joao" has the member. */
static bool group_has(const char *line, const char *group, const char *user)
{
    char text[1024], *rest = text;
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
    const char *const name = strsep(&rest, ":");
    if (strcmp(name, group) != 0 || !strsep(&rest, ":") || !strsep(&rest, ":"))
        return false;
    for (const char *member; (member = strsep(&rest, ",")) != NULL;)
        if (strcmp(member, user) == 0)
            return true;
    return false;
}

bool setup_user_is_in(const struct setup *setup, const char *group)
{
    if (strcmp(setup->machine->user.name, setup->user) == 0)
        return machine_user_is_in(setup->machine, group);
    autofree char *groups = NULL;
    if (root_read(setup->root, "/etc/group", &groups, NULL) < 0)
        return false;
    for (const char *line = groups; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (group_has(line, group, setup->user))
            return true;
    return false;
}

/* The paths of these rules are regular expressions. */
static void pattern_of(const char *path, char *pattern, size_t pattern_bytes)
{
    size_t n = 0;
    for (; *path && n + 3 < pattern_bytes; path++) {
        if (*path == '.')
            pattern[n++] = '\\';
        pattern[n++] = *path;
    }
    pattern[n] = '\0';
}

int setup_selinux_type(const struct setup *setup, const char *path, const char *type, bool *added)
{
    autofree char *types = NULL;
    char pattern[600];
    size_t len_bytes;
    if (!setup->machine->distro.selinux)
        return 0;
    pattern_of(path, pattern, sizeof(pattern));
    const int err = setup_read(setup, FILE_TYPES, &types);
    if (err < 0 || conf_line_find(types, pattern, &len_bytes))
        return err;
    const char *const add[] = { "semanage", "fcontext", "-a", "-t", type, pattern, NULL };
    const char *const undo[] = { "semanage", "fcontext", "-d", pattern, NULL };
    *added = true;
    return plan_command(setup->plan, add, undo, _("SELinux: QEMU may use this"));
}
