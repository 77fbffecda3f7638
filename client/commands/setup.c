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
#include "base/text.h"
#include "commands/commands.h"
#include "commands/setup_ask.h"
#include "commands/setup_domain.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"
#include "setup/displays.h"
#include "setup/setup.h"
#include "vm/scaled_size.h"

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
    int (*print)(struct run *run); /* or NULL: instead, where the option is empty; an exit status */
    size_t plan_option;            /* with print: the text in struct setup_options */
};

/* ---- parts ---- */

/* Where none is wished for; it is said, since it decides about the size. */
static struct option_size mode_in_use(const struct run *run)
{
    struct display_mode mode = { .width_px = 1920, .height_px = 1080 };
    if (displays_largest(run->root, &mode))
        printf(_("Sized for %ux%u, the screen at %s; --mode chooses another.\n"), mode.width_px,
               mode.height_px, mode.connector);
    else
        puts(_("Sized for 1920x1080, since no screen is known; --mode chooses another."));
    putchar('\n');
    return (struct option_size){ .width = mode.width_px, .height = mode.height_px };
}

static int fill_vm(struct run *run)
{
    static const char *const videos[] = { NULL, "none", "vga", "virtio" };
    const struct setup_options *const o = &run->options;
    const struct frame_format_info *const format =
        frame_format_by_name(o->hdr ? "rgba16f" : "bgra");
    const struct option_size mode = o->mode.width ? o->mode : mode_in_use(run);
    const uint32_t mib =
        kvmfr_region_mib_for_mode(mode.width, mode.height, kvmfr_sizing_bytes_per_pixel(format));
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

/* ---- input: for a VM, or lines to paste ---- */

static int fill_input(struct run *run)
{
    struct setup_ask ask;
    const char *const toggle = setup_grab_toggles[run->options.toggle];
    if (setup_ask(run->prefix, &ask) != COMMAND_OK)
        return -EIO;
    const struct input_wish wish = { .keyboard = ask.keyboard, .mouse = ask.mouse, toggle };
    const int err = setup_input(&run->setup, &run->domain, &wish);
    if (err == 0)
        printf(_("%s gives both to the VM and takes them back.\n"), toggle);
    return err;
}

static int print_input(struct run *run)
{
    struct setup_ask ask;
    const char *const toggle = setup_grab_toggles[run->options.toggle];
    const int status = setup_ask(run->prefix, &ask);
    if (status != COMMAND_OK)
        return status;
    setup_ask_print(&ask, toggle);
    printf(_("%s gives both to the VM and takes them back.\n"), toggle);
    return COMMAND_OK;
}

#define PLANS(option) offsetof(struct setup_options, option)
static const struct part parts[] = {
    { "vm", N_("The VM's shared memory"), true, fill_vm, NULL, 0 },
    { "gpu", N_("The VM's GPU"), false, fill_gpu, NULL, 0 },
    { "hugepages", N_("The VM's huge pages"), false, fill_hugepages, NULL, 0 },
    { "cpus", N_("The VM's CPUs"), true, fill_cpus, NULL, 0 },
    { "vbios", N_("The GPU's firmware"), false, fill_vbios, print_vbios, PLANS(file) },
    { "input", N_("Keyboard and mouse"), false, fill_input, print_input, PLANS(domain) },
    { "monitor", N_("The monitor's input"), true, fill_monitor, NULL, 0 },
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

static bool prints(const struct run *run, const struct part *part)
{
    const char *const *const option =
        (const void *)((const char *)&run->options + part->plan_option);
    return part->print && !(*option)[0];
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
    return prints(run, part) ? part->print(run) : fill_and_show(run, part);
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
        "  input      the keyboard and mouse that you use then, for the VM: --domain, --toggle\n"
        "  monitor    its input follows the VM: --domain, --vm-input, --host-input, --display\n"
        "  undo       takes the newest change back\n"),
    .words = COMMAND_WORDS_SETUP,
    .min_words = 1,
    .max_words = 1,
    .options = &setup_option_table,
    .run = run_setup,
};
