/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho setup gpu --early`: vfio-pci gets the GPU at boot, by its ids and before the drivers
 * that would take it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/places.h"
#include "setup/conf_lines.h"
#include "setup/setup_gpu.h"
#include "setup/setup_private.h"

#define MODPROBE   PLACE_VFIO_MODPROBE
#define DRACUT     PLACE_VFIO_DRACUT
#define MKINITCPIO PLACE_VFIO_MKINITCPIO
#define INITRAMFS  PLACE_INITRAMFS_TOOLS

static const char vfio_first[] =
    N_("vfio-pci takes the GPU and what belongs to it, before any other driver");

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

static int plan_softdeps(const struct setup *s, const struct slot *slot)
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

static int plan_ids(const struct setup *s, const struct slot *slot)
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

static int plan_initramfs(const struct setup *s)
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

int setup_gpu_early(const struct setup *s, const struct slot *slot)
{
    if (is_bound(slot))
        return 0;
    int err = check_early(s, slot);
    if (err == 0)
        err = plan_ids(s, slot);
    if (err == 0)
        err = plan_softdeps(s, slot);
    if (err == 0)
        err = plan_initramfs(s);
    if (err < 0 || !(plan_touches(s->plan, MODPROBE) || plan_touches(s->plan, DRACUT) ||
                     plan_touches(s->plan, MKINITCPIO) || plan_touches(s->plan, INITRAMFS)))
        return err;
    err = rebuild_initramfs(s);
    return err < 0 ? err
                   : plan_note(s->plan, _("Restart the machine; `espelho doctor` shows then "
                                          "whether vfio-pci has the GPU."));
}
