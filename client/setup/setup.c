/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "setup/conf_lines.h"
#include "setup/setup_private.h"
#include "text/text.h"

static const char ours[] = "# Made by `espelho setup`; `espelho setup undo` takes it back.\n";

int setup_no_memory(const struct setup *setup)
{
    return plan_fail(setup->plan, -ENOMEM, "%s", _("There is no memory left."));
}

int setup_read(const struct setup *setup, const char *path, char **text)
{
    int err = plan_read(setup->plan, path, text);
    if (err == -ENOENT) {
        *text = strdup("");
        err = *text ? 0 : -ENOMEM;
    }
    return err < 0 ? plan_fail(setup->plan, err, _("%s cannot be read: %s"), path, err_str(err))
                   : 0;
}

int setup_conf_line(const struct setup *setup, const char *path, const char *words,
                    const char *line, const char *why)
{
    autofree char *old = NULL;
    const int err = setup_read(setup, path, &old);
    if (err < 0)
        return err;
    autofree char *text = conf_line_set(old[0] ? old : ours, words, line);
    return text ? plan_file(setup->plan, path, 0644, text, why) : setup_no_memory(setup);
}

static bool has_line(const struct setup *setup, const char *path, const char *words)
{
    autofree char *text = NULL;
    size_t len_bytes;
    return plan_read(setup->plan, path, &text) == 0 && conf_line_find(text, words, &len_bytes);
}

static bool ends_with_conf(const char *name)
{
    const size_t len_bytes = strlen(name);
    return len_bytes > 5 && strcmp(name + len_bytes - 5, ".conf") == 0;
}

void setup_conf_place(const struct setup *setup, const char *folder, const char *words,
                      const char *fallback, char *path, size_t path_bytes)
{
    autofree struct root_names *names = NULL;
    if (root_list(setup->root, folder, &names) == 0)
        for (size_t i = 0; i < names->count; i++) {
            if (!ends_with_conf(names->name[i]))
                continue;
            snprintf(path, path_bytes, "%s/%s", folder, names->name[i]);
            if (has_line(setup, path, words))
                return;
        }
    snprintf(path, path_bytes, "%s", fallback);
}

int setup_domain_plan(const struct setup *setup, const struct setup_domain *domain,
                      const struct domain_edit *edit, const char *why)
{
    autofree char *after = domain_edit_after(edit);
    if (!after)
        return setup_no_memory(setup);
    const bool changes = strcmp(after, domain_edit_before(edit)) != 0;
    int err =
        plan_domain(setup->plan, domain->uri, domain->name, domain_edit_before(edit), after, why);
    if (err == 0 && changes && domain->running)
        err = plan_note(setup->plan, _("The VM is running: its new XML counts from its next start "
                                       "on. Shut it down, do not reboot it."));
    return err;
}

int setup_check_name(const struct setup *setup, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (name[0] && name[0] != '.' && name[0] != '-' && strlen(name) <= 64 &&
        name[strspn(name, plain)] == '\0')
        return 0;
    return plan_fail(
        setup->plan, -EINVAL,
        _("The name '%.64s' cannot be used in names of files: letters, digits, '-', '_' "
          "and '.' only, 64 at most (virsh domrename changes it)."),
        name);
}

/* ---- hooks ---- */

int setup_hook(const struct setup *setup, const char *vm, const char *what, const char *settings,
               const char *body, const char *why)
{
    char path[256];
    autofree char *script = NULL;
    int err = setup_check_name(setup, vm);
    if (err < 0)
        return err;
    snprintf(path, sizeof(path), "/etc/libvirt/hooks/qemu.d/espelho-%s-%s", vm, what);
    if (asprintf(&script, "#!/bin/sh\n%svm='%s'\n%s%s", ours, vm, settings, body) < 0) {
        script = NULL;
        return setup_no_memory(setup);
    }
    return plan_file(setup->plan, path, 0755, script, why);
}
