/* SPDX-License-Identifier: GPL-2.0-or-later
 * The computer must not sleep under a running VM: what puts it to sleep by itself, and who keeps it
 * awake now (logind's inhibitors). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/session_check.h"

/* ---- what puts it to sleep ---- */

#define GNOME_POWER "org.gnome.settings-daemon.plugins.power"

static bool gnome_sleeps(struct root *root)
{
    static const char *const argv[] = { "gsettings", "get", GNOME_POWER, "sleep-inactive-ac-type",
                                        NULL };
    autofree char *text = NULL;
    int status = 0;
    return root_command(root, argv, &text, &status) == 0 && status == 0 &&
           (strstr(text, "suspend") || strstr(text, "hibernate"));
}

/* The last "IdleAction=" of a file of logind's that is not commented out; as before if none. */
static void read_idle_action(struct root *root, const char *path, bool *sleeps)
{
    static const char name[] = "IdleAction=";
    autofree char *text = NULL;
    if (root_read(root, path, &text, NULL) < 0)
        return;
    char *rest = text;
    for (const char *line; (line = strsep(&rest, "\n")) != NULL;) {
        const char *const value = line + strlen(name);
        if (strncmp(line, name, strlen(name)) == 0)
            *sleeps = *value && strncmp(value, "ignore", 6) != 0 && strncmp(value, "lock", 4) != 0;
    }
}

/* The main file, then the pieces in order. */
static bool logind_sleeps(struct root *root)
{
    static const char folder[] = "/etc/systemd/logind.conf.d";
    bool sleeps = false;
    autofree struct root_names *names = NULL;
    read_idle_action(root, "/etc/systemd/logind.conf", &sleeps);
    if (root_list(root, folder, &names) < 0)
        return sleeps;
    for (size_t i = 0; i < names->count; i++) {
        char path[320];
        snprintf(path, sizeof(path), "%s/%.255s", folder, names->name[i]);
        read_idle_action(root, path, &sleeps);
    }
    return sleeps;
}

/* ---- who keeps it awake: lines "WHO UID USER PID COMM WHAT WHY MODE" ---- */

/* "sleep:idle" and kin: what is held off. False: the word is no such list. */
static bool is_list(const char *word, bool *about)
{
    static const char *const what[] = { "shutdown", "sleep", "idle" };
    *about = false;
    while (*word) {
        const size_t len = strcspn(word, ":");
        bool known = strncmp(word, "handle-", 7) == 0;
        for (size_t i = 0; i < ARRAY_LEN(what); i++) {
            const bool is = len == strlen(what[i]) && strncmp(word, what[i], len) == 0;
            known |= is;
            *about |= is && i > 0;
        }
        if (!known)
            return false;
        word += len + (word[len] == ':');
    }
    return true;
}

/* Does this line hold sleep off for as long as its program wants? "delay" is some seconds only. */
static bool line_blocks(char *line)
{
    char *rest = NULL, *last = NULL;
    bool user_seen = false, list_seen = false, about = false;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        user_seen |= word[strspn(word, "0123456789")] == '\0';
        if (user_seen && !list_seen) /* later words may be of the reason */
            list_seen = is_list(word, &about);
        last = word;
    }
    return about && last && strncmp(last, "block", 5) == 0;
}

/* The names of those programs, "GNOME Shell, Firefox"; "": nobody's. Heap text or NULL. */
static char *keepers(struct root *root)
{
    static const char *const argv[] = { "systemd-inhibit", "--list", "--no-legend", "--no-pager",
                                        NULL };
    autofree char *text = NULL;
    char *all = NULL;
    size_t len_bytes = 0;
    int status = 0;
    FILE *const to = open_memstream(&all, &len_bytes);
    if (!to)
        return NULL;
    char *rest = root_command(root, argv, &text, &status) == 0 && status == 0 ? text : NULL;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char who[64];
        snprintf(who, sizeof(who), "%.*s", (int)strcspn(line, "0123456789"), line);
        for (size_t len = strlen(who); len && who[len - 1] == ' '; len--)
            who[len - 1] = '\0';
        if (line_blocks(line))
            fprintf(to, "%s%s", ftell(to) > 0 ? ", " : "", who);
    }
    return fclose(to) == 0 ? all : NULL;
}

/* ---- */

/* An inhibitor counts only now; the setting counts whenever its program is gone. */
static bool tell_awake(const struct doctor_facts *facts, struct findings *out)
{
    autofree char *who = keepers(facts->root);
    if (!who || !who[0] || !facts->vm || !facts->vm->running)
        return false;
    finding_addf(out, VERDICT_OK, NULL, NULL,
                 _("The VM runs, and the computer is kept awake by: %s."), who);
    return true;
}

void session_sleep(const struct doctor_facts *facts, struct findings *out)
{
    if (tell_awake(facts, out))
        return;
    if (gnome_sleeps(facts->root))
        finding_add(out, VERDICT_WARNING, "GNOME",
                    _("The desktop puts the computer to sleep when nobody touches it, also while a "
                      "VM runs."),
                    "gsettings set " GNOME_POWER " sleep-inactive-ac-type nothing");
    else if (logind_sleeps(facts->root))
        finding_add(
            out, VERDICT_WARNING, "logind",
            _("The system puts the computer to sleep when nobody touches it, also while a VM "
              "runs."),
            "sudo mkdir -p /etc/systemd/logind.conf.d\n"
            "printf '[Login]\\nIdleAction=ignore\\n' | sudo tee "
            "/etc/systemd/logind.conf.d/zz-espelho.conf\n"
            "sudo systemctl reload systemd-logind");
    else if (facts->probes || root_exists(facts->root, "/etc/systemd"))
        finding_add(
            out, VERDICT_OK, NULL,
            _("Neither GNOME nor logind puts the computer to sleep by itself; other desktops "
              "have a setting of their own (KDE: Power Management)."),
            NULL);
}
