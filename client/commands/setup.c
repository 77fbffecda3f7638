/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup.c - `espelho setup PART`: shows what would be changed for a VM; with
 * --apply it asks, does it and keeps a backup, which `espelho setup undo` puts back. */
#include "commands/setup_options.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "commands/commands.h"
#include "commands/setup_domain.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"
#include "setup/evdev_find.h"
#include "vm/scaled_size.h"
#include "setup/setup.h"
#include "text/text.h"

/* One run of the verb. */
struct run {
    struct setup_options options;
    struct setup setup;
    struct setup_domain domain;
    struct root *root;       /* owned */
    struct machine *machine; /* owned */
    struct plan *plan;       /* owned */
    char *xml;               /* owned */
    char prefix[256], state[300], user[64];
};

struct part {
    const char *name;
    const char *title; /* N_() */
    bool needs_domain;
    int (*fill)(struct run *run);  /* the plan; 0 or -errno with a sentence in it */
    int (*print)(struct run *run); /* instead, for parts without a plan; an exit status */
};

/* ---- parts ---- */

static int fill_vm(struct run *run)
{
    static const char *const videos[] = { NULL, "none", "vga", "virtio" };
    const struct setup_options *const o = &run->options;
    const struct frame_format_info *const format =
        frame_format_by_name(o->hdr ? "rgba16f" : "bgra");
    const uint32_t mib = kvmfr_region_mib_for_mode(o->mode.width, o->mode.height,
                                                   kvmfr_sizing_bytes_per_pixel(format));
    if (mib == 0) {
        command_fail(&command_setup, _("--mode: larger than shared memory can be"));
        return -EINVAL;
    }
    const struct setup_vm_wish wish = { .backend = (enum memory_backend)o->backend,
                                        .mib = mib,
                                        .video = videos[o->video] };
    return setup_vm(&run->setup, &run->domain, &wish);
}

static int fill_gpu(struct run *run)
{
    const struct setup_options *const o = &run->options;
    if (!o->pci[0]) {
        command_fail(&command_setup, "%s",
                     _("which GPU? --pci 03:00; `lspci | grep VGA` lists them"));
        return -EINVAL;
    }
    const struct setup_gpu_wish wish = { .address = o->pci,
                                         .early = o->early,
                                         .rescan = o->rescan,
                                         .bar_mib = { o->bar0, 0, o->bar2 } };
    return setup_gpu(&run->setup, &run->domain, &wish);
}

static int fill_hugepages(struct run *run)
{
    const struct setup_options *const o = &run->options;
    struct setup_hugepages_wish wish = { .page_bytes = o->page ? 1 << 30 : 2 << 20,
                                         .early = o->early };
    if (o->memory[0] && !scaled_size_of_text(o->memory, &wish.memory_bytes)) {
        command_fail(&command_setup, _("--memory: '%s' is no size; 16G, 8192M"), o->memory);
        return -EINVAL;
    }
    return setup_hugepages(&run->setup, &run->domain, &wish);
}

static int fill_cpus(struct run *run)
{
    const struct setup_cpus_wish wish = { .cores = run->options.cores,
                                          .governor = run->options.governor };
    return setup_cpus(&run->setup, &run->domain, &wish);
}

/* 0: not a number. */
static uint32_t input_number(const char *text)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 0);
    return *end || n > UINT8_MAX ? 0 : (uint32_t)n;
}

static int fill_monitor(struct run *run)
{
    const struct setup_options *const o = &run->options;
    const struct setup_monitor_wish wish = { .display = o->display,
                                             .vm_input = input_number(o->vm_input),
                                             .host_input = input_number(o->host_input) };
    return setup_monitor(&run->setup, &run->domain, &wish);
}

static int fill_vbios(struct run *run)
{
    const struct pci_function *gpu;
    const int err = setup_find_gpu(&run->setup, run->options.pci, &gpu);
    return err < 0 ? err : setup_vbios(&run->setup, &run->domain, gpu, run->options.file);
}

static int print_vbios(struct run *run)
{
    const struct pci_function *gpu;
    if (setup_find_gpu(&run->setup, run->options.pci, &gpu) < 0)
        return command_fail(&command_setup, "%s", plan_problem(run->plan));
    setup_vbios_steps(gpu, stdout);
    return COMMAND_OK;
}

/* ---- input: no plan, lines to paste ---- */

enum { INPUT_WAIT_MS = 15000 };

static int ask_for(const struct run *run, enum evdev_kind kind, char path[EVDEV_PATH_BYTES])
{
    printf("%s\n", kind == EVDEV_KEYBOARD ? _("Press a key on the keyboard for the VM.")
                                          : _("Move the mouse for the VM."));
    fflush(stdout);
    switch (evdev_find(run->prefix, kind, INPUT_WAIT_MS, path)) {
    case 0:
        printf("  %s\n", path);
        return COMMAND_OK;
    case -ETIMEDOUT:
        return command_fail(&command_setup, "%s", _("Nothing came; please run it again."));
    case -EACCES:
        return command_fail(&command_setup, "%s",
                            _("These devices are root's: run the same with sudo."));
    default:
        return command_fail(&command_setup, "%s", _("There is no such device in /dev/input."));
    }
}

/* A path in XML; names of devices come from the devices. */
static void print_evdev(const char *path, bool keyboard, const char *toggle)
{
    printf("  <input type='evdev'>\n    <source dev='");
    for (const char *c = path; *c; c++)
        fputs(*c == '&'    ? "&amp;"
              : *c == '\'' ? "&apos;"
              : *c == '<'  ? "&lt;"
                           : (char[]){ *c, 0 },
              stdout);
    if (keyboard)
        printf("' grab='all' grabToggle='%s' repeat='on", toggle);
    printf("'/>\n  </input>\n");
}

static int print_input(struct run *run)
{
    char keyboard[EVDEV_PATH_BYTES], mouse[EVDEV_PATH_BYTES];
    const char *const toggle = setup_grab_toggles[run->options.toggle];
    int status = ask_for(run, EVDEV_KEYBOARD, keyboard);
    if (status == COMMAND_OK)
        status = ask_for(run, EVDEV_MOUSE, mouse);
    if (status != COMMAND_OK)
        return status;
    printf("\n%s\n\n", _("For virsh edit, inside <devices>:"));
    print_evdev(mouse, false, toggle);
    print_evdev(keyboard, true, toggle);
    printf("  <input type='mouse' bus='virtio'/>\n  <input type='keyboard' bus='virtio'/>\n\n");
    printf(_("%s gives both to the VM and takes them back.\n"), toggle);
    return COMMAND_OK;
}

static const struct part parts[] = {
    { "vm", N_("The VM's shared memory"), true, fill_vm, NULL },
    { "gpu", N_("The VM's GPU"), false, fill_gpu, NULL },
    { "hugepages", N_("The VM's huge pages"), false, fill_hugepages, NULL },
    { "cpus", N_("The VM's CPUs"), true, fill_cpus, NULL },
    { "vbios", N_("The GPU's firmware"), false, fill_vbios, print_vbios },
    { "input", N_("Keyboard and mouse"), false, NULL, print_input },
    { "monitor", N_("The monitor's input"), true, fill_monitor, NULL },
};

/* ---- the machine, the user, the domain ---- */

/* Who will run the viewer: not root, for whom sudo or pkexec works. */
static void find_user(struct run *run)
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

static void find_places(struct run *run)
{
    snprintf(run->prefix, sizeof(run->prefix), "%s", run->options.root);
    snprintf(run->state, sizeof(run->state), "%s/var/lib/espelho/setup", run->prefix);
}

static int look(struct run *run, const struct part *part)
{
    int err = root_open(run->prefix[0] ? run->prefix : NULL, &run->root);
    if (err < 0)
        return command_fail(&command_setup, "%s: %s", run->prefix, err_str(err));
    if (machine_load(run->root, &run->machine) < 0 ||
        plan_create(run->prefix, run->state, _(part->title), &run->plan) < 0)
        return command_fail(&command_setup, "%s", _("There is no memory left."));
    find_user(run);
    run->setup = (struct setup){ run->root, run->machine, run->plan, run->user };
    run->domain = (struct setup_domain){ .uri = run->options.uri, .name = run->options.domain };
    if (!run->options.domain[0])
        return part->needs_domain ? command_fail(&command_setup,
                                                 _("%s: which VM? --domain NAME; `virsh list "
                                                   "--all` lists them"),
                                                 part->name)
                                  : COMMAND_OK;
    char problem[768];
    if (setup_domain_read(&run->domain, &run->xml, problem, sizeof(problem)) < 0)
        return command_fail(&command_setup, "%s", problem);
    return COMMAND_OK;
}

/* ---- showing, asking, doing ---- */

static bool said_yes(void)
{
    char answer[16];
    printf("%s ", _("Apply? [y/N]"));
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) && strchr("yYsS", answer[0]);
}

static int may_change(const struct run *run)
{
    if (run->prefix[0] || geteuid() == 0)
        return COMMAND_OK;
    return command_fail(&command_setup, "%s",
                        _("Only root can change this machine: run the same with sudo."));
}

static int apply(struct run *run)
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

static int fill_and_show(struct run *run, const struct part *part)
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

static int undo(struct run *run)
{
    find_places(run);
    int status = may_change(run);
    if (status != COMMAND_OK)
        return status;
    const int err = plan_undo(run->prefix, run->state, stdout);
    if (err == -ENOENT)
        return command_fail(&command_setup, "%s", _("There is nothing to undo."));
    if (err == -EPROTO)
        return command_fail(&command_setup, _("The backup in %s is damaged."), run->state);
    return err < 0 ? command_fail(&command_setup, "%s: %s", _("undo"), err_str(err)) : COMMAND_OK;
}

static const struct part *part_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}

static int unknown_part(const char *name)
{
    char names[256] = "";
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s, ", parts[i].name);
    }
    command_fail(&command_setup, _("no part '%s'; there are: %sundo"), name, names);
    return COMMAND_USAGE;
}

static int run_part(struct run *run, const char *name)
{
    if (strcmp(name, "undo") == 0)
        return undo(run);
    const struct part *const part = part_named(name);
    if (!part)
        return unknown_part(name);
    find_places(run);
    const int status = look(run, part);
    if (status != COMMAND_OK)
        return status;
    const bool prints = part->print && !(part->fill && run->options.file[0]);
    return prints ? part->print(run) : fill_and_show(run, part);
}

static int run_setup(int argc, char **argv)
{
    struct run run = { .root = NULL };
    int words;
    int status = command_parse(&command_setup, argc, argv, &run.options, NULL, &words);
    if (status == COMMAND_OK)
        status = run_part(&run, argv[1]);
    free(run.xml);
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
        "  input      finds keyboard and mouse, prints lines for the VM's XML: --toggle\n"
        "  monitor    its input follows the VM: --domain, --vm-input, --host-input, --display\n"
        "  undo       takes the newest change back\n"),
    .words = COMMAND_WORDS_SETUP,
    .min_words = 1,
    .max_words = 1,
    .options = &setup_option_table,
    .run = run_setup,
};
