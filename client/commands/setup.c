/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup.c - `espelho setup PART`: shows what would be changed for a VM; with
 * --apply it asks, does it and keeps a backup, which `espelho setup undo` puts back. */
#include "commands/setup_parts.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/setup_domain.h"

/* ---- the machine, the user, the domain ---- */

/* Who will run the viewer: not root, for whom sudo or pkexec works. */
static void find_user(struct setup_run *run)
{
    const char *const by_sudo = getenv("SUDO_USER"), *const by_pkexec = getenv("PKEXEC_UID");
    const struct passwd *entry = NULL;
    if (run->options.user[0])
        snprintf(run->user, sizeof(run->user), "%s", run->options.user);
    else if (by_sudo && strcmp(by_sudo, "root") != 0)
        snprintf(run->user, sizeof(run->user), "%s", by_sudo);
    else if (by_pkexec)
        entry = getpwuid((uid_t)strtoul(by_pkexec, NULL, 10));
    else if (getuid() != 0)
        entry = getpwuid(getuid());
    if (entry)
        snprintf(run->user, sizeof(run->user), "%s", entry->pw_name);
    if (run->user[strspn(run->user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_.-")])
        run->user[0] = '\0'; /* nothing that could be a line of its own in a file of ours */
}

static void find_places(struct setup_run *run)
{
    autofree char *root = realpath(run->options.root, NULL); /* places in it begin with a slash */
    snprintf(run->prefix, sizeof(run->prefix), "%s", root ? root : run->options.root);
    snprintf(run->state, sizeof(run->state), "%s/var/lib/espelho/setup", run->prefix);
}

static int find_domain(struct setup_run *run, const struct setup_part *part)
{
    const char *const called = run->options.domain;
    char problem[768];
    run->domain = (struct setup_domain){ .uri = run->options.uri, .name = "" };
    if (!called[0])
        return part->needs_domain ? command_fail(&command_setup,
                                                 _("%s: which VM? --domain NAME; `virsh list "
                                                   "--all` lists them"),
                                                 part->name)
                                  : COMMAND_OK;
    if (setup_domain_read(&run->domain, called, &run->xml, &run->vm, problem, sizeof(problem)) < 0)
        return command_fail(&command_setup, "%s", problem);
    return COMMAND_OK;
}

static int look(struct setup_run *run, const struct setup_part *part)
{
    int err = root_open(run->prefix[0] ? run->prefix : NULL, &run->root);
    if (err < 0)
        return command_fail(&command_setup, "%s: %s", run->prefix, err_str(err));
    const int status = find_domain(run, part);
    if (status != COMMAND_OK)
        return status;
    if (machine_load(run->root, &run->machine) < 0 ||
        plan_create(run->prefix, run->state, _(part->title), run->domain.name, &run->plan) < 0)
        return command_fail(&command_setup, "%s", _("There is no memory left."));
    find_user(run);
    run->setup = (struct setup){ run->root, run->machine, run->plan, run->user };
    return COMMAND_OK;
}

/* ---- showing, asking, doing ---- */

static bool said_yes(void)
{
    char answer[16];
    printf("%s ", _("Apply? [y/N]"));
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin))
        return answer[0] && strchr("yYsS", answer[0]);
    putchar('\n'); /* nobody is there to answer */
    return false;
}

static int may_change(const struct setup_run *run)
{
    if (run->prefix[0] || geteuid() == 0)
        return COMMAND_OK;
    return command_fail(&command_setup, "%s",
                        _("Only root can change this machine: run the same with sudo."));
}

static int apply(struct setup_run *run)
{
    const int status = may_change(run);
    if (status != COMMAND_OK)
        return status;
    if (!run->options.yes && !said_yes()) {
        printf("%s\n", _("Nothing was changed."));
        return COMMAND_FAILED;
    }
    const int err = plan_apply(run->plan, stdout);
    if (err < 0)
        return command_fail(&command_setup, "%s", plan_problem(run->plan));
    printf(_("Done. Backups are in %s; `espelho setup undo` takes it back.\n"), run->state);
    return COMMAND_OK;
}

static int fill_and_show(struct setup_run *run, const struct setup_part *part)
{
    const int err = part->fill(run);
    if (err < 0) {
        const char *const problem = plan_problem(run->plan);
        if (problem[0])
            command_fail(&command_setup, "%s", problem);
        return COMMAND_FAILED;
    }
    plan_show(run->plan, stdout, isatty(STDOUT_FILENO));
    if (plan_is_empty(run->plan))
        return COMMAND_OK;
    if (run->options.apply)
        return apply(run);
    printf("\n%s\n", _("Nothing was changed: --apply does it."));
    return COMMAND_OK;
}

static int undo_failed(const struct setup_run *run, int err)
{
    switch (err) {
    case -ENOENT:
        if (run->options.domain[0])
            return command_fail(&command_setup, _("There is nothing to undo for %s."),
                                run->options.domain);
        return command_fail(&command_setup, "%s", _("There is nothing to undo."));
    case -EPROTO:
        return command_fail(&command_setup, _("The backup in %s is damaged."), run->state);
    case -EBUSY: /* was said */
        return COMMAND_FAILED;
    default:
        return command_fail(&command_setup, "%s: %s", _("undo"), err_str(err));
    }
}

static int undo(struct setup_run *run)
{
    const char *const vm = run->options.domain;
    char next[256];
    find_places(run);
    int status = may_change(run);
    if (status != COMMAND_OK)
        return status;
    const int err = plan_undo(run->prefix, run->state, vm, stdout);
    if (err < 0)
        return undo_failed(run, err);
    if (plan_undo_next(run->prefix, run->state, vm, next, sizeof(next)) == 0)
        printf(_("An older change is still there, and can be undone too: %s\n"), next);
    return COMMAND_OK;
}

static int unknown_part(const char *name)
{
    char names[256];
    setup_part_names(names, sizeof(names));
    command_fail(&command_setup, _("no part '%s'; there are: %sundo"), name, names);
    return COMMAND_USAGE;
}

static int run_part(struct setup_run *run, const char *name)
{
    if (strcmp(name, "undo") == 0)
        return undo(run);
    const struct setup_part *const part = setup_part_named(name);
    if (!part)
        return unknown_part(name);
    find_places(run);
    const int status = look(run, part);
    if (status != COMMAND_OK)
        return status;
    return setup_part_prints(part, run) ? part->print(run) : fill_and_show(run, part);
}

static int run_setup(int argc, char **argv)
{
    struct setup_run run = { .root = NULL };
    int words;
    int status = command_parse(&command_setup, argc, argv, &run.options, NULL, &words);
    if (status == COMMAND_OK)
        status = run_part(&run, argv[1]);
    free(run.xml);
    free(run.vm);
    free(run.neighbours);
    plan_destroy(run.plan);
    machine_free(run.machine);
    root_close(run.root);
    options_free(&setup_option_table, &run.options);
    return status;
}

const struct command command_setup = {
    .name = "setup",
    .summary = N_("set a VM and this machine up for it: shown first, undone at will"),
    .words_text = "PART",
    .help = N_(
        "Shows what would be changed, as differences of files and of the VM's XML. With --apply it "
        "asks,\nchanges it and keeps a backup; `espelho setup undo` takes the newest change "
        "back. What is right\nalready stays, so a second run changes nothing.\n\n"
        "  vm         shared memory, SPICE, access rights: --domain, --mode, --hdr, --backend, "
        "--video\n"
        "  gpu        the GPU for the VM, at its start or from the boot on: --pci, --domain, "
        "--early,\n             --rescan, --bar0, --bar2\n"
        "  hugepages  the VM's memory in large pages: --domain, --memory, --page, --early\n"
        "  cpus       whole cores for the VM, the host kept off them: --domain, --cores, "
        "--governor\n"
        "  vbios      how the GPU's firmware is read; whether a file is whole: --pci, --file, "
        "--domain\n"
        "  input      the keyboard and mouse that you use then, for the VM: --domain, --toggle\n"
        "  monitor    its input follows the VM: --domain, --vm-input, --host-input, --display\n"
        "  undo       takes the newest change back, or the newest for a VM: --domain\n"),
    .words = COMMAND_WORDS_SETUP,
    .min_words = 1,
    .max_words = 1,
    .options = &setup_option_table,
    .run = run_setup,
};
