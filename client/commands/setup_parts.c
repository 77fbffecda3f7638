/* SPDX-License-Identifier: GPL-2.0-or-later
 * The parts of `espelho setup`: options become wishes. */
#include "commands/setup_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/commands.h"
#include "commands/setup_ask.h"
#include "commands/setup_screens.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"
#include "setup/displays.h"
#include "vm/scaled_size.h"

/* Where none is wished for; whose it is, is said, since it decides about the size. */
static struct option_size mode_in_use(const struct setup_run *run)
{
    struct display_mode mode = { .width_px = 1920, .height_px = 1080 };
    struct displays_shown shown = { .count = 0 };
    if (!run->prefix[0]) /* another machine's files say nothing of our session */
        setup_screens(run->user, &shown);
    if (!displays_largest(run->root, &shown, &mode))
        puts(_("Sized for 1920x1080, since no screen is known; --mode chooses another."));
    else if (!mode.is_shown)
        printf(_("Sized for %ux%u, which the screen at %s prefers; --mode chooses another.\n"),
               mode.width_px, mode.height_px, mode.connector);
    else if (mode.connector[0])
        printf(_("Sized for %ux%u, which your desktop has at %s; --mode chooses another.\n"),
               mode.width_px, mode.height_px, mode.connector);
    else
        printf(_("Sized for %ux%u, which your desktop has; --mode chooses another.\n"),
               mode.width_px, mode.height_px);
    putchar('\n');
    return (struct option_size){ .width = mode.width_px, .height = mode.height_px };
}

static int fill_vm(struct setup_run *run)
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

static int fill_gpu(struct setup_run *run)
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

static int fill_hugepages(struct setup_run *run)
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

static int fill_cpus(struct setup_run *run)
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

static int fill_monitor(struct setup_run *run)
{
    const struct setup_options *const o = &run->options;
    const struct setup_monitor_wish wish = { .display = o->display,
                                             .vm_input = input_number(o->vm_input),
                                             .host_input = input_number(o->host_input) };
    return setup_monitor(&run->setup, &run->domain, &wish);
}

static int fill_vbios(struct setup_run *run)
{
    const struct pci_function *gpu;
    const int err = setup_find_gpu(&run->setup, run->options.pci, &gpu);
    return err < 0 ? err : setup_vbios(&run->setup, &run->domain, gpu, run->options.file);
}

static int print_vbios(struct setup_run *run)
{
    const struct pci_function *gpu;
    if (setup_find_gpu(&run->setup, run->options.pci, &gpu) < 0)
        return command_fail(&command_setup, "%s", plan_problem(run->plan));
    setup_vbios_steps(gpu, stdout);
    return COMMAND_OK;
}

/* ---- input: for a VM, or lines to paste ---- */

static int fill_input(struct setup_run *run)
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

static int print_input(struct setup_run *run)
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
static const struct setup_part parts[] = {
    { "vm", N_("The VM's shared memory"), true, fill_vm, NULL, 0 },
    { "gpu", N_("The VM's GPU"), false, fill_gpu, NULL, 0 },
    { "hugepages", N_("The VM's huge pages"), false, fill_hugepages, NULL, 0 },
    { "cpus", N_("The VM's CPUs"), true, fill_cpus, NULL, 0 },
    { "vbios", N_("The GPU's firmware"), false, fill_vbios, print_vbios, PLANS(file) },
    { "input", N_("Keyboard and mouse"), false, fill_input, print_input, PLANS(domain) },
    { "monitor", N_("The monitor's input"), true, fill_monitor, NULL, 0 },
};

const struct setup_part *setup_part_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}

void setup_part_names(char *names, size_t names_bytes)
{
    names[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const size_t used = strlen(names);
        snprintf(names + used, names_bytes - used, "%s, ", parts[i].name);
    }
}

bool setup_part_prints(const struct setup_part *part, const struct setup_run *run)
{
    const char *const *const option =
        (const void *)((const char *)&run->options + part->plan_option);
    return part->print && !(*option)[0];
}
