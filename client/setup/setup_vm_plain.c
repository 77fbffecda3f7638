/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup vm --backend plain`: a file in /dev/shm that systemd makes at each boot, for QEMU
 * and for the user. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/qemu_user.h"
#include "setup/conf_lines.h"
#include "setup/setup_private.h"

#define FOLDER   "/etc/tmpfiles.d"
#define TMPFILES FOLDER "/espelho.conf"

/* ---- who may open it ---- */

/* "f PATH MODE USER GROUP ...": both get in, whoever is the owner. */
static bool lets_both_in(const struct setup *s, const char *line, size_t len_bytes)
{
    char text[512], mode_text[8], owner[64], group[64];
    snprintf(text, sizeof(text), "%.*s", (int)len_bytes, line);
    if (sscanf(text, "%*s %*s %7s %63s %63s", mode_text, owner, group) != 3)
        return false;
    const unsigned long mode = strtoul(mode_text, NULL, 8);
    const bool others = (mode & 06) == 06, group_in = (mode & 060) == 060;
    if ((mode & 0600) != 0600)
        return false;
    const bool user = !s->user[0] || strcmp(owner, s->user) == 0 ||
                      (group_in && setup_user_is_in(s, group)) || others;
    const bool qemu = qemu_user_is(owner) || (group_in && qemu_user_is_in(group)) || others;
    return user && qemu;
}

/* The line of tmpfiles.d; `words`: its beginning, as it is there or as it will be. */
static int plan_line(const struct setup *s, const char *path, char *place, size_t place_bytes)
{
    static const char *const types[] = { "f", "f+", "F" };
    char words[320], line[512];
    autofree char *text = NULL;
    const char *now = NULL;
    size_t len_bytes = 0;
    for (size_t i = ARRAY_LEN(types); i-- > 0 && !now;) {
        snprintf(words, sizeof(words), "%s %s", types[i], path);
        setup_conf_place(s, FOLDER, words, TMPFILES, place, place_bytes);
        free(text);
        text = NULL;
        const int err = setup_read(s, place, &text);
        if (err < 0)
            return err;
        now = conf_line_find(text, words, &len_bytes);
    }
    if (now && lets_both_in(s, now, len_bytes))
        return 0;
    snprintf(line, sizeof(line), "f %s 0660 %s " QEMU_USER_GROUP " -", path,
             s->user[0] ? s->user : "root");
    return setup_conf_line(s, place, words, line,
                           _("The memory's file, made at each boot for you and for QEMU"));
}

/* ---- all ---- */

/* A file of another size is in QEMU's way: it refuses one that is too small. */
static int remove_smaller(const struct setup *s, const char *path, uint32_t mib, bool running)
{
    struct root_stat st;
    char whole[600];
    const int err = root_stat(s->root, path, &st);
    if (err < 0 || running || st.len_bytes == 0 || st.len_bytes >= (uint64_t)mib << 20)
        return 0;
    snprintf(whole, sizeof(whole), "%s%s", s->plan->prefix, path);
    const char *const argv[] = { "rm", "-f", whole, NULL };
    return plan_command(s->plan, argv, NULL,
                        _("The file that is there is smaller; QEMU would refuse it"));
}

int setup_vm_plain(const struct setup *s, const struct setup_domain *domain,
                   const struct memory_result *memory)
{
    char path[300], place[300];
    bool labelled = false;
    int err = setup_check_name(s, memory->name);
    if (err < 0)
        return err;
    snprintf(path, sizeof(path), "/dev/shm/%s", memory->name);
    err = plan_line(s, path, place, sizeof(place));
    if (err == 0)
        err = setup_selinux_type(s, path, "svirt_tmpfs_t", &labelled);
    if (err == 0)
        err = remove_smaller(s, path, memory->mib, domain->running);
    if (err < 0 || !(labelled || plan_touches(s->plan, place)))
        return err;
    const char *const create[] = { "systemd-tmpfiles", "--create", place, NULL };
    return plan_command(s->plan, create, NULL, _("The file is made now"));
}
