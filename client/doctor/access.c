/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* The first word of the line "name:x:NUMBER:..." */
static bool find_number(char *text, unsigned int number, char *name, size_t cap)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *const first = strchr(line, ':'), *const second =
                                                   first ? strchr(first + 1, ':') : NULL;
        char *end;
        if (!second || strtoul(second + 1, &end, 10) != number || *end != ':' || end == second + 1)
            continue;
        *first = '\0';
        snprintf(name, cap, "%s", line);
        return name[0] != '\0';
    }
    return false;
}

/* `base`: "group", "passwd". Systems that are an image have users and groups of their own in
 * /usr/lib. */
static void name_of(struct root *root, const char *base, unsigned int number, char *name,
                    size_t cap)
{
    static const char *const folders[] = { "/etc", "/usr/lib" };
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char file[64];
        autofree char *text = NULL;
        snprintf(file, sizeof(file), "%s/%s", folders[i], base);
        if (root_read(root, file, &text, NULL) == 0 && find_number(text, number, name, cap))
            return;
    }
    snprintf(name, cap, "%u", number);
}

void access_group_name(struct root *root, gid_t gid, char *name, size_t cap)
{
    if (gid == 0)
        snprintf(name, cap, "root");
    else
        name_of(root, "group", gid, name, cap);
}

void access_user_name(struct root *root, uid_t uid, char *name, size_t cap)
{
    if (uid == 0)
        snprintf(name, cap, "root");
    else
        name_of(root, "passwd", uid, name, cap);
}

/* Access lists (a device that is given to whoever sits at the machine) do not show in the mode:
 * the system is asked in this user's name. */
static bool list_allows(struct root *root, const char *path)
{
    const char *const readable[] = { "test", "-r", path, NULL };
    const char *const writable[] = { "test", "-w", path, NULL };
    autofree char *first = NULL, *second = NULL;
    int status;
    return root_command(root, readable, &first, &status) == 0 && status == 0 &&
           root_command(root, writable, &second, &status) == 0 && status == 0;
}

void access_look(const struct doctor_facts *facts, const char *path, struct access *out)
{
    *out = (struct access){ .err = 0 };
    out->err = root_stat(facts->root, path, &out->stat);
    if (out->err < 0)
        return;
    const struct machine *const m = facts->machine;
    const mode_t mode = out->stat.mode;
    access_user_name(facts->root, out->stat.uid, out->owner, sizeof(out->owner));
    access_group_name(facts->root, out->stat.gid, out->group, sizeof(out->group));
    out->group_may = (mode & 060) == 060;
    out->others_may = (mode & 06) == 06;
    /* The kernel looks at the first of the three that fits. */
    if (m->user.uid == 0)
        out->user_may = true;
    else if (m->user.uid == out->stat.uid)
        out->user_may = (mode & 0600) == 0600;
    else if (machine_user_is_in(m, out->group))
        out->user_may = out->group_may;
    else
        out->user_may = out->others_may;
    if (!out->user_may)
        out->user_may = list_allows(facts->root, path);
}
