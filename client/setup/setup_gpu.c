/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup gpu`: the VM gets the GPU, and vfio-pci when the VM starts, by a hook. */
#include "setup/setup_gpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "setup/hooks.h"
#include "setup/setup_private.h"

/* ---- which GPU ---- */

static int no_gpu(const struct setup *s, const char *address)
{
    char list[512] = "";
    for (size_t i = 0; i < s->machine->pci_count; i++) {
        const struct pci_function *const f = &s->machine->pci[i];
        const size_t used = strlen(list);
        if (pci_is_gpu(f))
            snprintf(list + used, sizeof(list) - used, "\n  %s  %.80s", f->address, f->name);
    }
    return plan_fail(s->plan, -ENOENT, _("There is no GPU at '%.32s'. GPUs of this machine:%s"),
                     address, list);
}

static int find_slot(const struct setup *s, const char *address, struct slot *slot)
{
    char whole[40];
    snprintf(whole, sizeof(whole), "%.32s%s", address, strchr(address, '.') ? "" : ".0");
    const struct pci_function *const named = machine_pci(s->machine, whole);
    if (!named)
        return no_gpu(s, address);
    for (size_t i = 0; i < s->machine->pci_count && slot->count < SLOT_FUNCTIONS_MAX; i++) {
        const struct pci_function *const f = &s->machine->pci[i];
        if (f != named && !pci_same_card(f, named))
            continue;
        slot->function[slot->count++] = f;
        if (!slot->gpu && pci_is_gpu(f))
            slot->gpu = f;
    }
    return slot->gpu ? 0 : no_gpu(s, address);
}

int setup_find_gpu(const struct setup *setup, const char *address, const struct pci_function **gpu)
{
    struct slot slot = { .count = 0 };
    const int err = find_slot(setup, address, &slot);
    if (err == 0)
        *gpu = slot.gpu;
    return err;
}

/* ---- with the VM: a hook ---- */

/* "0:14 2:3": BAR and the exponent of its size in MiB. */
static int bar_settings(const struct setup *s, const struct pci_function *gpu,
                        const uint32_t bar_mib[6], char *text, size_t text_bytes)
{
    text[0] = '\0';
    for (uint32_t i = 0; i < 6; i++) {
        if (bar_mib[i] == 0)
            continue;
        uint32_t exponent = 0;
        while (exponent < 31 && 1U << exponent < bar_mib[i])
            exponent++;
        if (!(gpu->bar_sizes_supported[i] >> exponent & 1) || 1U << exponent != bar_mib[i])
            return plan_fail(s->plan, -EINVAL,
                             _("BAR %" PRIu32 " of %s cannot have %" PRIu32
                               " MiB; `espelho doctor` lists what it can have."),
                             i, gpu->address, bar_mib[i]);
        const size_t used = strlen(text);
        snprintf(text + used, text_bytes - used, "%s%" PRIu32 ":%" PRIu32, used ? " " : "", i,
                 exponent);
    }
    return 0;
}

/* All functions in a row, the last first or the first first. */
static void function_words(const struct slot *slot, bool backwards, char *text, size_t text_bytes)
{
    text[0] = '\0';
    for (size_t i = 0; i < slot->count; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, text_bytes - used, "%s%s", i ? " " : "",
                 slot->function[backwards ? slot->count - 1 - i : i]->address);
    }
}

static int hook(const struct setup *s, const struct setup_domain *domain, const struct slot *slot,
                const struct setup_gpu_wish *wish)
{
    static const char *const bodies[] = { hook_complain, hook_write, hook_gpu, NULL };
    char bars[64], down[SLOT_FUNCTIONS_MAX * 16], up[SLOT_FUNCTIONS_MAX * 16], settings[512];
    const int err = bar_settings(s, slot->gpu, wish->bar_mib, bars, sizeof(bars));
    if (err < 0)
        return err;
    function_words(slot, true, down, sizeof(down)); /* sound before the GPU that it belongs to */
    function_words(slot, false, up, sizeof(up));
    snprintf(settings, sizeof(settings),
             "gpu='%s'\nfunctions='%s'\nfunctions_back='%s'\nbars='%s'\nrescan='%s'\n"
             "boot_vga='%s'\n",
             slot->gpu->address, down, up, bars, wish->rescan ? "yes" : "no",
             slot->gpu->boot_vga ? "yes" : "no");
    return setup_hook(s, domain->name, "gpu", settings, bodies,
                      _("The GPU leaves the host's driver when the VM starts, and comes back when "
                        "it ends"));
}

static int edit(const struct setup *s, const struct setup_domain *domain, const struct slot *slot)
{
    struct domain_edit *domain_edit = NULL;
    int err = setup_domain_open(s, domain, &domain_edit);
    if (err < 0)
        return err;
    for (size_t i = 0; i < slot->count && err == 0; i++)
        if (!pci_is_bridge(slot->function[i]))
            err = domain_edit_hostdev(domain_edit, slot->function[i]->address);
    if (err < 0)
        setup_edit_failed(s, domain_edit, err);
    else
        err = setup_domain_plan(s, domain, domain_edit, _("The VM gets the GPU, and its sound"));
    domain_edit_close(domain_edit);
    return err;
}

int setup_gpu(const struct setup *setup, const struct setup_domain *domain,
              const struct setup_gpu_wish *wish)
{
    struct slot slot = { .count = 0 };
    int err = find_slot(setup, wish->address, &slot);
    if (err < 0 || !slot.gpu)
        return err;
    if (!wish->early && !domain->xml)
        err = plan_fail(setup->plan, -EINVAL,
                        _("Which VM? --domain NAME; or --early to bind the "
                          "GPU at boot."));
    if (err == 0 && domain->xml)
        err = edit(setup, domain, &slot);
    if (err == 0)
        err = wish->early ? setup_gpu_early(setup, &slot) : hook(setup, domain, &slot, wish);
    if (err == 0 && slot.gpu->boot_vga && !plan_is_empty(setup->plan))
        err = plan_note(setup->plan, _("This GPU drives the desktop now. The VM does not start "
                                       "while a program uses it: let the desktop run on another "
                                       "GPU (firmware: primary display), or log out of it."));
    return err;
}
