/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/gpu_role.h"
#include "doctor/wording.h"

enum { CLASS_AUDIO = 0x0403 };

const struct pci_function *domain_function(const struct doctor_facts *facts,
                                           const struct vm_hostdev *dev)
{
    return machine_pci(facts->machine, dev->address);
}

bool domain_has_gpu(const struct doctor_facts *facts)
{
    for (size_t i = 0; i < facts->vm->hostdev_count; i++) {
        const struct pci_function *const f = domain_function(facts, &facts->vm->hostdevs[i]);
        if (f && pci_is_gpu(f))
            return true;
    }
    /* Where the devices of this machine could not be read, one of those may well be a card. */
    return facts->vm->mdev_count > 0 ||
           (facts->machine->pci_count == 0 && facts->vm->hostdev_count > 0);
}

/* "0000:03:00.1 name" */
static char *subject_of(const struct pci_function *f)
{
    return wording("%s %s", f->address, f->name);
}

static char *hostdev_xml(const struct pci_function *f)
{
    return wording("  <hostdev mode='subsystem' type='pci' managed='yes'>\n"
                   "    <source>\n"
                   "      <address domain='0x%.4s' bus='0x%.2s' slot='0x%.2s' function='0x%.1s'/>\n"
                   "    </source>\n"
                   "  </hostdev>",
                   f->address, f->address + 5, f->address + 8, f->address + 11);
}

/* ---- the functions of a card belong together ---- */

static void tell_left(const struct doctor_facts *facts, const struct pci_function *gpu,
                      const struct pci_function *left, struct findings *out)
{
    const bool audio = left->class_code >> 8 == CLASS_AUDIO;
    autofree char *subject = subject_of(left), *xml = hostdev_xml(left);
    autofree char *qemu = wording("  -device vfio-pci,host=%s", left->address);
    if (!subject || !xml || !qemu)
        return;
    finding_edit(out, audio ? VERDICT_FAILURE : VERDICT_WARNING, facts->vm, subject,
                 (struct vm_edit){ "<devices>", xml, qemu },
                 audio ? _("The card %s is passed through without its sound function: it cannot "
                           "be reset properly, and HDMI has no sound.")
                       : _("The card %s is passed through without this function of it."),
                 gpu->address);
}

static bool check_functions(const struct doctor_facts *facts, const struct pci_function *gpu,
                            struct findings *out)
{
    bool complete = true;
    for (size_t i = 0; i < facts->machine->pci_count; i++) {
        const struct pci_function *const f = &facts->machine->pci[i];
        /* A virtual function goes alone: the slot's others are its siblings. */
        if (!pci_same_card(gpu, f) || pci_is_bridge(f) || vm_hostdev(facts->vm, f->address))
            continue;
        /* An integrated card shares its slot with parts of the machine: only sound goes along. */
        if (gpu->boot_vga && f->class_code >> 8 != CLASS_AUDIO)
            continue;
        tell_left(facts, gpu, f, out);
        complete = false;
    }
    return complete;
}

static bool check_present(const struct doctor_facts *facts, const struct vm_hostdev *dev,
                          struct findings *out)
{
    const struct pci_function *const f = domain_function(facts, dev);
    if (!f) {
        finding_addf(out, VERDICT_FAILURE, dev->address,
                     _("See with 'lspci' where the device is now (addresses change when cards are "
                       "added), and correct or remove its <hostdev>."),
                     _("The VM wants the device at %s, and this machine has none there."),
                     dev->address);
        return false;
    }
    if (dev->managed || strcmp(f->driver, "vfio-pci") == 0)
        return true;
    autofree char *subject = subject_of(f);
    finding_edit(out, VERDICT_FAILURE, facts->vm, subject,
                 (struct vm_edit){ NULL, "  <hostdev mode='subsystem' type='pci' managed='yes'>",
                                   _("  (bind the device to vfio-pci first: espelho setup gpu)") },
                 _("Linux has this device (driver '%s'), and nobody takes it away when the VM "
                   "starts."),
                 f->driver[0] ? f->driver : "-");
    return false;
}

/* A card that is meant for a guest; NULL: none is free. */
static const struct pci_function *free_card(const struct doctor_facts *facts)
{
    for (size_t i = 0; i < facts->machine->pci_count; i++) {
        const struct pci_function *const f = &facts->machine->pci[i];
        if (pci_is_gpu(f) && gpu_role_of(facts, f) == GPU_OF_GUEST)
            return f;
    }
    return NULL;
}

/* The card, and what belongs to it. Heap text or NULL. */
static char *card_xml(const struct doctor_facts *facts, const struct pci_function *gpu)
{
    char *all = hostdev_xml(gpu);
    for (size_t i = 0; all && i < facts->machine->pci_count; i++) {
        const struct pci_function *const f = &facts->machine->pci[i];
        if (!pci_same_card(gpu, f))
            continue;
        autofree char *before = all, *more = hostdev_xml(f);
        all = more ? wording("%s\n%s", before, more) : NULL;
    }
    return all;
}

static void tell_none(const struct doctor_facts *facts, struct findings *out)
{
    const struct pci_function *const card = free_card(facts);
    autofree char *xml = card ? card_xml(facts, card) : NULL;
    autofree char *qemu = card ? wording("  -device vfio-pci,host=%s", card->address) : NULL;
    if (xml && qemu)
        finding_edit(out, VERDICT_FAILURE, facts->vm, NULL,
                     (struct vm_edit){ "<devices>", xml, qemu },
                     _("No graphics card is passed through to %s."), facts->vm->name);
    else
        finding_addf(out, VERDICT_FAILURE, NULL,
                     _("No card is free for it yet: first do what the group \"Graphics cards\" "
                       "says, then look again."),
                     _("No graphics card is passed through to %s."), facts->vm->name);
}

void domain_hostdev(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    bool good = true;
    if (facts->machine->pci_count == 0)
        return;
    for (size_t i = 0; i < vm->hostdev_count; i++) {
        const struct pci_function *const f = domain_function(facts, &vm->hostdevs[i]);
        good &= check_present(facts, &vm->hostdevs[i], out);
        if (f && pci_is_gpu(f))
            good &= check_functions(facts, f, out);
    }
    if (good && !domain_has_gpu(facts))
        tell_none(facts, out);
    else if (good)
        finding_addf(
            out, VERDICT_OK, NULL, NULL,
            NG_("%zu device is passed through, the graphics card with all its functions.",
                "%zu devices are passed through, the graphics card with all its functions.",
                vm->hostdev_count + vm->mdev_count),
            vm->hostdev_count + vm->mdev_count);
}

/* ---- ROM files ---- */

static bool is_private_folder(const char *path)
{
    return strncmp(path, "/home/", 6) == 0 || strncmp(path, "/root/", 6) == 0;
}

/* A name that a shell and XML take between quotes as it is. */
static bool is_plain(const char *path)
{
    return !strpbrk(path, "'&<>");
}

static char *move_fix(const struct doctor_facts *facts, const struct vm_hostdev *dev)
{
    static const char place[] = "/usr/share/vgabios/gpu.rom";
    autofree char *replace = wording_replace(facts->vm, dev->rom_file, place);
    if (!is_plain(dev->rom_file))
        return wording(_("Put it where QEMU may read it (%s), and change <rom file='...'/> to "
                         "that."),
                       place);
    return wording("sudo install -D -m 0644 '%s' %s\n%s", dev->rom_file, place,
                   replace ? replace : "");
}

/* A card with a vBIOS of its own can do without the file; another one needs it. */
static char *no_rom_fix(const struct doctor_facts *facts, const struct vm_hostdev *dev)
{
    const struct pci_function *const f = domain_function(facts, dev);
    autofree char *xml = wording("  <rom file='%s'/>", dev->rom_file);
    autofree char *qemu = wording("  romfile=%s", dev->rom_file);
    if (f && !f->has_rom)
        return wording(_("espelho setup vbios --pci %s\n"
                         "Follow its steps, and put the file where the VM's definition wants it: "
                         "%s"),
                       dev->address, dev->rom_file);
    if (!xml || !qemu || !is_plain(dev->rom_file))
        return wording(_("Remove <rom file='...'/> from the VM's definition."));
    return wording_edit(facts->vm, (struct vm_edit){ VM_EDIT_REMOVE, xml, qemu });
}

static void check_rom(const struct doctor_facts *facts, const struct vm_hostdev *dev,
                      struct findings *out)
{
    struct root_stat st;
    const int err = root_stat(facts->root, dev->rom_file, &st);
    autofree char *fix = move_fix(facts, dev), *no_rom = no_rom_fix(facts, dev);
    if (err == -EACCES)
        finding_addf(out, VERDICT_SKIPPED, dev->address, NULL,
                     _("Only root can see whether %s is readable."), dev->rom_file);
    else if (err < 0)
        finding_addf(out, VERDICT_FAILURE, dev->address, no_rom,
                     _("The ROM file %s does not exist."), dev->rom_file);
    else if (st.len_bytes == 0)
        finding_addf(out, VERDICT_FAILURE, dev->address, no_rom, _("The ROM file %s is empty."),
                     dev->rom_file);
    else if (!(st.mode & S_IROTH) || is_private_folder(dev->rom_file))
        finding_addf(out, VERDICT_WARNING, dev->address, fix,
                     _("The ROM file %s may not be readable for QEMU (mode %04o)."), dev->rom_file,
                     (unsigned int)st.mode & 07777U);
    else
        finding_addf(out, VERDICT_OK, dev->address, NULL, _("The ROM file %s is there."),
                     dev->rom_file);
}

void domain_rom(const struct doctor_facts *facts, struct findings *out)
{
    for (size_t i = 0; i < facts->vm->hostdev_count; i++)
        if (facts->vm->hostdevs[i].rom_file[0])
            check_rom(facts, &facts->vm->hostdevs[i], out);
}
