/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

enum { WINDOWS_11_MIB = 4096, WINDOWS_10_MIB = 2048, LINUX_MIB = 2048 };

/* For a VM on a machine of that size: 4 GiB are left to Linux where there are more than 8; below,
 * what Windows 11 wants; on machines without room for that what Linux can spare, but not less than
 * Windows 10 starts with. */
static uint64_t fitting_mib(uint64_t host_mib)
{
    if (host_mib >= 9 * 1024)
        return (host_mib / 1024 - 4) * 1024;
    if (host_mib >= WINDOWS_11_MIB + LINUX_MIB)
        return WINDOWS_11_MIB;
    if (host_mib >= WINDOWS_10_MIB + LINUX_MIB)
        return (host_mib - LINUX_MIB) / 512 * 512;
    return WINDOWS_10_MIB;
}

static void tell_memory(const struct doctor_facts *facts, enum verdict verdict, uint64_t mib,
                        const char *found, struct findings *out)
{
    const bool gib = mib % 1024 == 0;
    const uint64_t number = gib ? mib / 1024 : mib;
    const char *const unit = gib ? "GiB" : "MiB";
    autofree char *xml = wording("  <memory unit='%s'>%ju</memory>\n"
                                 "  <currentMemory unit='%s'>%ju</currentMemory>",
                                 unit, number, unit, number);
    autofree char *qemu = wording("  -m %ju%c", number, unit[0]);
    if (xml && qemu)
        finding_edit(out, verdict, facts->vm, NULL, (struct vm_edit){ NULL, xml, qemu }, "%s",
                     found);
}

/* A machine that cannot hold Windows 11 beside Linux: no number in the definition mends that. */
static void tell_small_machine(enum verdict verdict, uint64_t guest_mib, uint64_t host_mib,
                               struct findings *out)
{
    finding_addf(out, verdict, NULL,
                 _("Put more memory into the machine: 8 GiB are the least for both, 16 GiB are "
                   "better. Until then use Windows 10, with few programs on either side."),
                 _("This machine has %ju MiB: Windows 11 wants 4096 and Linux 2048. The VM has "
                   "%ju."),
                 host_mib, guest_mib);
}

void domain_memory(const struct doctor_facts *facts, struct findings *out)
{
    const uint64_t guest = facts->vm->memory_bytes / MIB,
                   host = facts->machine->cpu.memory_bytes / MIB, fitting = fitting_mib(host);
    if (guest == 0)
        return;
    const enum verdict verdict = host && guest + 1024 > host ? VERDICT_FAILURE : VERDICT_WARNING;
    const bool is_large = host && guest + LINUX_MIB > host && guest > fitting,
               is_small = host && host < WINDOWS_11_MIB + LINUX_MIB;
    autofree char *found = NULL;
    if (is_large && verdict == VERDICT_FAILURE)
        found = wording(_("The VM wants %ju MiB, and this machine has %ju MiB."), guest, host);
    else if (is_large)
        found = wording(_("The VM takes %ju of %ju MiB: Linux has less than 2 GiB."), guest, host);
    else if (guest < WINDOWS_11_MIB && !is_small)
        found = wording(_("The VM has %ju MiB; Windows 11 wants 4096."), guest);
    if (found)
        tell_memory(facts, verdict, is_large ? fitting : WINDOWS_11_MIB, found, out);
    else if (is_small)
        tell_small_machine(verdict, guest, host, out);
    else
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The VM has %ju MiB of memory."), guest);
}

void domain_memballoon(const struct doctor_facts *facts, struct findings *out)
{
    const char *const model = facts->vm->memballoon;
    if (strcmp(model, "none") == 0)
        finding_add(out, VERDICT_OK, NULL, _("There is no memory balloon."), NULL);
    else
        finding_edit(out, VERDICT_WARNING, facts->vm, NULL,
                     facts->vm->is_process
                         ? (struct vm_edit){ VM_EDIT_REMOVE, "", "  -device virtio-balloon-pci" }
                         : (struct vm_edit){ NULL, "  <memballoon model='none'/>", NULL },
                     _("The VM has a memory balloon (libvirt adds one if nothing is said)."));
}
