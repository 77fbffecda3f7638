/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup gpu`: vfio-pci gets the GPU, at boot or when the VM starts. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/places.h"
#include "setup/conf_lines.h"
#include "setup/hooks.h"
#include "setup/setup_private.h"

#define MODPROBE   PLACE_VFIO_MODPROBE
#define DRACUT     PLACE_VFIO_DRACUT
#define MKINITCPIO PLACE_VFIO_MKINITCPIO
#define INITRAMFS  PLACE_INITRAMFS_TOOLS

enum { FUNCTIONS_MAX = 8 };

static const char vfio_first[] =
    N_("vfio-pci takes the GPU and what belongs to it, before any other driver");

/* The functions of the slot, in order. */
struct slot {
    const struct pci_function *function[FUNCTIONS_MAX];
    size_t count;
    const struct pci_function *gpu;
};

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
    for (size_t i = 0; i < s->machine->pci_count && slot->count < FUNCTIONS_MAX; i++) {
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

/* ---- at boot: ids of vfio-pci ---- */

static bool slot_holds(const struct slot *slot, const struct pci_function *f)
{
    for (size_t i = 0; i < slot->count; i++)
        if (slot->function[i] == f)
            return true;
    return false;
}

static const struct pci_function *twin_of(const struct setup *s, const struct slot *slot)
{
    for (size_t i = 0; i < s->machine->pci_count; i++) {
        const struct pci_function *const f = &s->machine->pci[i];
        for (size_t k = 0; k < slot->count; k++) {
            const struct pci_function *const own = slot->function[k];
            if (!slot_holds(slot, f) && f->vendor == own->vendor && f->device == own->device)
                return f;
        }
    }
    return NULL;
}

static size_t gpu_count(const struct setup *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->machine->pci_count; i++)
        count += pci_is_gpu(&s->machine->pci[i]);
    return count;
}

static int check_early(const struct setup *s, const struct slot *slot)
{
    const struct pci_function *const twin = twin_of(s, slot);
    if (twin)
        return plan_fail(s->plan, -EINVAL,
                         _("%s (%.80s) has the same ids: bound at boot, both would be gone from "
                           "the desktop. Leave --early out, and give --domain."),
                         twin->address, twin->name);
    if (gpu_count(s) < 2)
        return plan_fail(s->plan, -EINVAL,
                         _("This is the only GPU: bound at boot, there would be no desktop. Leave "
                           "--early out, and give --domain."));
    return 0;
}

/* A line of a file that begins with `key` and has `word` in it: the user's own way. */
static bool file_mentions(const struct setup *s, const char *path, const char *key,
                          const char *word)
{
    autofree char *text = NULL;
    if (plan_read(s->plan, path, &text) < 0)
        return false;
    char *rest = text;
    for (const char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (strncmp(line, key, strlen(key)) == 0 && strstr(line, word))
            return true;
    return false;
}

static bool folder_mentions(const struct setup *s, const char *folder, const char *key,
                            const char *word)
{
    autofree struct root_names *names = NULL;
    if (root_list(s->root, folder, &names) < 0)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, names->name[i]);
        if (file_mentions(s, path, key, word))
            return true;
    }
    return false;
}

/* Drivers that must come after vfio-pci, by vendor and kind (class code, or its first byte). */
static const struct {
    uint32_t vendor, class_code;
    const char *drivers[4];
} rivals[] = {
    { 0x1002, 0x03, { "amdgpu", "radeon" } },
    { 0x10de, 0x03, { "nouveau", "nvidia", "nvidia_drm" } },
    { 0x8086, 0x03, { "i915", "xe" } },
    { 0, 0x0403, { "snd_hda_intel" } },
    { 0, 0x0c03, { "xhci_pci" } },
};

static bool slot_has(const struct slot *slot, uint32_t vendor, uint32_t class_code)
{
    for (size_t i = 0; i < slot->count; i++) {
        const struct pci_function *const f = slot->function[i];
        const uint32_t code = class_code > 0xff ? f->class_code >> 8 : f->class_code >> 16;
        if (code == class_code && (!vendor || vendor == f->vendor))
            return true;
    }
    return false;
}

static int softdep(const struct setup *s, const char *driver)
{
    char words[64], line[80];
    snprintf(words, sizeof(words), "softdep %s", driver);
    if (folder_mentions(s, "/etc/modprobe.d", words, "vfio"))
        return 0;
    snprintf(line, sizeof(line), "%s pre: vfio-pci", words);
    return setup_conf_line(s, MODPROBE, words, line, _(vfio_first));
}

static int softdeps(const struct setup *s, const struct slot *slot)
{
    int err = 0;
    for (size_t i = 0; i < ARRAY_LEN(rivals); i++) {
        if (!slot_has(slot, rivals[i].vendor, rivals[i].class_code))
            continue;
        for (size_t k = 0; rivals[i].drivers[k] && err == 0; k++)
            err = softdep(s, rivals[i].drivers[k]);
    }
    return err;
}

/* The ids that are there, and those of the slot that are not. */
static void all_ids(const struct slot *slot, const char *now, size_t now_bytes, char *ids,
                    size_t ids_bytes)
{
    snprintf(ids, ids_bytes, "%.*s", (int)now_bytes, now);
    for (size_t i = 0; i < slot->count; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%04" PRIx32 ":%04" PRIx32, slot->function[i]->vendor,
                 slot->function[i]->device);
        const size_t used = strlen(ids);
        if (!pci_is_bridge(slot->function[i]) && !strcasestr(ids, id))
            snprintf(ids + used, ids_bytes - used, "%s%s", used ? "," : "", id);
    }
}

static int early_ids(const struct setup *s, const struct slot *slot)
{
    static const char words[] = "options vfio-pci";
    char place[300], ids[768], line[1536];
    autofree char *text = NULL;
    size_t len_bytes = 0, now_bytes = 0;
    const char *now = "";
    setup_conf_place(s, "/etc/modprobe.d", words, MODPROBE, place, sizeof(place));
    const int err = setup_read(s, place, &text);
    if (err < 0)
        return err;
    const char *const old = conf_line_find(text, words, &len_bytes);
    const bool has_ids = old && conf_word_find(old, len_bytes, "ids", &now, &now_bytes);
    if (len_bytes > 512)
        return plan_fail(s->plan, -EPROTO,
                         _("The line '%s' in %s is longer than any that is "
                           "understood; it was left alone."),
                         words, place);
    all_ids(slot, now, now_bytes, ids, sizeof(ids));
    if (has_ids) /* of two lines the last one would count, so the other words stay in this one */
        snprintf(line, sizeof(line), "%.*s%s%.*s", (int)(now - old), old, ids,
                 (int)(len_bytes - (size_t)(now - old) - now_bytes), now + now_bytes);
    else
        snprintf(line, sizeof(line), "%.*s ids=%s", old ? (int)len_bytes : (int)strlen(words),
                 old ? old : words, ids);
    return setup_conf_line(s, place, words, line, _(vfio_first));
}

static int early_initramfs(const struct setup *s)
{
    static const char why[] = N_("vfio-pci is there early in the boot, before the GPU's driver");
    static const char *const modules[] = { "vfio", "vfio_iommu_type1", "vfio_pci" };
    int err = 0;
    switch (s->machine->distro.initramfs) {
    case INITRAMFS_DRACUT:
        if (folder_mentions(s, "/etc/dracut.conf.d", "force_drivers", "vfio") ||
            folder_mentions(s, "/etc/dracut.conf.d", "add_drivers", "vfio"))
            return 0;
        return setup_conf_line(s, DRACUT, "force_drivers+=\" vfio",
                               "force_drivers+=\" vfio vfio_iommu_type1 vfio_pci \"", _(why));
    case INITRAMFS_MKINITCPIO:
        if (file_mentions(s, "/etc/mkinitcpio.conf", "MODULES=", "vfio") ||
            folder_mentions(s, "/etc/mkinitcpio.conf.d", "MODULES", "vfio"))
            return 0;
        return setup_conf_line(s, MKINITCPIO, "MODULES+=(vfio",
                               "MODULES+=(vfio vfio_iommu_type1 vfio_pci)", _(why));
    case INITRAMFS_TOOLS:
        for (size_t i = 0; i < ARRAY_LEN(modules) && err == 0; i++)
            err = setup_conf_line(s, INITRAMFS, modules[i], modules[i], _(why));
        return err;
    default:
        return plan_note(s->plan, _("Put the modules vfio, vfio_iommu_type1 and vfio_pci into your "
                                    "initramfs."));
    }
}

static int rebuild_initramfs(const struct setup *s)
{
    static const char *const tools[] = { "update-initramfs", "-u", "-k", "all", NULL };
    static const char *const dracut[] = { "dracut", "--regenerate-all", "--force", NULL };
    static const char *const mkinitcpio[] = { "mkinitcpio", "-P", NULL };
    const char *const *argv = NULL;
    if (s->machine->distro.family != DISTRO_FEDORA_ATOMIC)
        argv = s->machine->distro.initramfs == INITRAMFS_TOOLS        ? tools
               : s->machine->distro.initramfs == INITRAMFS_DRACUT     ? dracut
               : s->machine->distro.initramfs == INITRAMFS_MKINITCPIO ? mkinitcpio
                                                                      : NULL;
    if (argv)
        return plan_command(s->plan, argv, argv, _("The initramfs is made anew"));
    autofree char *fix = fix_rebuild_initramfs(s->machine);
    return fix ? plan_note(s->plan, fix) : setup_no_memory(s);
}

/* Whatever the files are called that did it. */
static bool is_bound(const struct slot *slot)
{
    for (size_t i = 0; i < slot->count; i++) {
        const struct pci_function *f = slot->function[i];
        if (f && strcmp(f->driver, "vfio-pci") != 0 && !pci_is_bridge(f))
            return false;
    }
    return true;
}

static int early(const struct setup *s, const struct slot *slot)
{
    if (is_bound(slot))
        return 0;
    int err = check_early(s, slot);
    if (err == 0)
        err = early_ids(s, slot);
    if (err == 0)
        err = softdeps(s, slot);
    if (err == 0)
        err = early_initramfs(s);
    if (err < 0 || !(plan_touches(s->plan, MODPROBE) || plan_touches(s->plan, DRACUT) ||
                     plan_touches(s->plan, MKINITCPIO) || plan_touches(s->plan, INITRAMFS)))
        return err;
    err = rebuild_initramfs(s);
    return err < 0 ? err
                   : plan_note(s->plan, _("Restart the machine; `espelho doctor` shows then "
                                          "whether vfio-pci has the GPU."));
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
    char bars[64], down[FUNCTIONS_MAX * 16], up[FUNCTIONS_MAX * 16], settings[512];
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
        err = wish->early ? early(setup, &slot) : hook(setup, domain, &slot, wish);
    if (err == 0 && slot.gpu->boot_vga && !plan_is_empty(setup->plan))
        err = plan_note(setup->plan, _("This GPU drives the desktop now. The VM does not start "
                                       "while a program uses it: let the desktop run on another "
                                       "GPU (firmware: primary display), or log out of it."));
    return err;
}
