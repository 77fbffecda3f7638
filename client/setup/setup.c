/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "setup/conf_lines.h"
#include "setup/hooks.h"
#include "setup/setup_private.h"
#include "vm/vm.h"

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
    return err < 0 ? plan_cannot_read(setup->plan, path, err) : 0;
}

int setup_conf_line(const struct setup *setup, const char *path, const char *words,
                    const char *line, const char *why)
{
    char *old = NULL;
    const int err = setup_read(setup, path, &old);
    if (err < 0)
        return err;
    autofree char *text = conf_line_set(old[0] ? old : ours, words, line);
    free(old);
    return text ? plan_edit(setup->plan, path, text, why) : setup_no_memory(setup);
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

int setup_edit_failed(const struct setup *setup, const struct domain_edit *edit, int err)
{
    if (err == -ENOMEM)
        return setup_no_memory(setup);
    return plan_fail(setup->plan, err, "%s", domain_edit_problem(edit));
}

/* Arguments of QEMU that are not whole: what would be added behind them could become the value of
 * one. */
static int check_arguments(const struct setup *setup, const struct setup_domain *domain)
{
    struct vm *vm = NULL;
    int err = 0;
    if (vm_from_xml(domain->xml, strlen(domain->xml), domain->uri, &vm, NULL) == 0 &&
        vm->loose_option[0])
        err = plan_fail(setup->plan, -EPROTO,
                        _("In <qemu:commandline> of %s, '%s' has no value behind it; please "
                          "correct that first (virsh edit)."),
                        domain->name, vm->loose_option);
    vm_free(vm);
    return err;
}

int setup_domain_open(const struct setup *setup, const struct setup_domain *domain,
                      struct domain_edit **edit)
{
    char problem[512] = "";
    int err = check_arguments(setup, domain);
    if (err < 0)
        return err;
    err = domain_edit_open(domain->xml, edit, problem, sizeof(problem));
    if (err == -ENOMEM)
        return setup_no_memory(setup);
    return err < 0 ? plan_fail(setup->plan, err, "%s", problem) : 0;
}

int setup_restart_libvirt(const struct setup *setup)
{
    static const char *const units[] = { "libvirtd.service", "virtqemud.service" };
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/usr/lib/systemd/system/%s", units[i]);
        if (!root_exists(setup->root, path) && !root_exists(setup->root, path + strlen("/usr")))
            continue;
        const char *const argv[] = { "systemctl", "try-restart", units[i], NULL };
        const int err =
            plan_command(setup->plan, argv, argv, _("libvirt reads it; VMs that run go on"));
        if (err < 0)
            return err;
    }
    return 0;
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

static int hook_file(const struct setup *setup, const char *path, const char *script,
                     const char *why)
{
    autofree char *old = NULL;
    const bool is_new = plan_read(setup->plan, path, &old) == -ENOENT;
    int err = plan_file(setup->plan, path, 0755, script, why);
    /* libvirt looks for scripts when it starts. */
    if (err == 0 && is_new)
        err = setup_restart_libvirt(setup);
    return err;
}

/* In single quotes of shell. */
static void put_quoted(const char *text, FILE *to)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", to);
        else
            putc(*text, to);
}

/* A script's text, its sentences (say 'SENTENCE' ...) in the user's language. */
static void put_body(const char *body, FILE *to)
{
    static const char say[] = "$(say '";
    for (const char *at; (at = strstr(body, say)) != NULL;) {
        const char *const sentence = at + strlen(say);
        const size_t len_bytes = strcspn(sentence, "'");
        char english[256];
        snprintf(english, sizeof(english), "%.*s", (int)len_bytes, sentence);
        fprintf(to, "%.*s", (int)(sentence - body), body);
        put_quoted(_(english), to);
        body = sentence + len_bytes;
    }
    fputs(body, to);
}

static char *hook_text(const char *vm, const char *what, const char *settings,
                       const char *const bodies[])
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    fprintf(to, "#!/bin/sh\n%svm='%s'\nwhat='%s'\n%s\n%s", ours, vm, what, settings, hook_common);
    for (size_t i = 0; bodies[i]; i++)
        put_body(bodies[i], to);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

int setup_hook(const struct setup *setup, const char *vm, const char *what, const char *settings,
               const char *const bodies[], const char *why)
{
    char path[256], held[256];
    const int err = setup_check_name(setup, vm);
    if (err < 0)
        return err;
    snprintf(path, sizeof(path), "/etc/libvirt/hooks/qemu.d/espelho-%s-%s", vm, what);
    autofree char *script = hook_text(vm, what, settings, bodies);
    if (!script)
        return setup_no_memory(setup);
    snprintf(held, sizeof(held), "/run/espelho/hooks/%s/%s", vm, what); /* hooks/NAME.sh: state */
    return plan_hold(setup->plan, held) < 0 ? setup_no_memory(setup)
                                            : hook_file(setup, path, script, why);
}
