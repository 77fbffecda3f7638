/* SPDX-License-Identifier: GPL-2.0-or-later
 * What Windows and its drivers are told of the machine below them. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

enum { VENDOR_NVIDIA = 0x10de, VENDOR_ID_BYTES = 12 };

static bool has_nvidia(const struct doctor_facts *facts)
{
    for (size_t i = 0; i < facts->vm->hostdev_count; i++) {
        const struct pci_function *const f = domain_function(facts, &facts->vm->hostdevs[i]);
        if (f && f->vendor == VENDOR_NVIDIA && pci_is_gpu(f))
            return true;
    }
    return false;
}

/* There is one <hyperv> at most: lines go into the one that is there. */
static struct vm_edit in_hyperv(const struct vm *vm, const char *lines, const char *whole,
                                const char *qemu)
{
    return vm->hyperv_count ? (struct vm_edit){ "<hyperv>", lines, qemu }
                            : (struct vm_edit){ "<features>", whole, qemu };
}

void domain_code43(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (!has_nvidia(facts))
        return;
    if (strlen(vm->hyperv_vendor_id) > VENDOR_ID_BYTES) {
        finding_addf(out, VERDICT_FAILURE, NULL,
                     _("Use a shorter one: <vendor_id state='on' value='espelho'/>"),
                     _("The vendor_id '%s' has more than 12 letters."), vm->hyperv_vendor_id);
        return;
    }
    if (!vm->hyperv_vendor_id[0])
        finding_edit(
            out, VERDICT_WARNING, vm, "vendor_id",
            in_hyperv(vm, "  <vendor_id state='on' value='espelho'/>",
                      "  <hyperv>\n    <vendor_id state='on' value='espelho'/>\n"
                      "  </hyperv>",
                      "  -cpu host,hv-vendor-id=espelho"),
            _("An NVIDIA card is passed through, and its driver can tell that it is in a VM "
              "by the name of the hypervisor (vendor_id). Drivers before 465, and those of "
              "many laptops, stop with Code 43."));
    if (!vm->kvm_hidden)
        finding_edit(
            out, VERDICT_WARNING, vm, "hidden",
            (struct vm_edit){ "<features>", "  <kvm>\n    <hidden state='on'/>\n  </kvm>",
                              "  -cpu host,kvm=off" },
            _("An NVIDIA card is passed through, and its driver can tell that it is in a VM "
              "by KVM's signature. Drivers before 465, and those of many laptops, stop with "
              "Code 43."));
    if (vm->kvm_hidden && vm->hyperv_vendor_id[0])
        finding_add(out, VERDICT_OK, NULL, _("The VM is hidden from NVIDIA's driver."), NULL);
}

/* libvirt's names; each with what QEMU calls it. */
static const struct {
    const char *name, *xml, *qemu;
} wanted[] = {
    { "relaxed", "    <relaxed state='on'/>\n", "hv-relaxed" },
    { "vapic", "    <vapic state='on'/>\n", "hv-vapic" },
    { "spinlocks", "    <spinlocks state='on' retries='8191'/>\n", "hv-spinlocks=0x1fff" },
    { "vpindex", "    <vpindex state='on'/>\n", "hv-vpindex" },
    { "synic", "    <synic state='on'/>\n", "hv-synic" },
    { "stimer", "    <stimer state='on'/>\n", "hv-stimer" },
    { "frequencies", "    <frequencies state='on'/>\n", "hv-frequencies" },
};

/* The features that are missing, in three ways of writing. */
struct missing {
    char names[256], xml[768], qemu[256];
    size_t count;
};

static void miss(struct missing *m, const char *name, const char *xml, const char *qemu)
{
    wording_append(m->names, sizeof(m->names), ", ", name);
    wording_append(m->xml, sizeof(m->xml), "", xml);
    wording_append(m->qemu, sizeof(m->qemu), ",", qemu);
    m->count++;
}

void domain_hyperv(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    struct missing m = { .count = 0 };
    if (!vm_has_hyperv(vm, "passthrough"))
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
            if (!vm_has_hyperv(vm, wanted[i].name))
                miss(&m, wanted[i].name, wanted[i].xml, wanted[i].qemu);
    if (m.count) {
        m.xml[strlen(m.xml) - 1] = '\0';
        autofree char *xml = wording("  <hyperv>\n%s\n  </hyperv>", m.xml);
        autofree char *qemu = wording("  -cpu host,%s", m.qemu);
        finding_edit(out, VERDICT_WARNING, vm, NULL, in_hyperv(vm, m.xml, xml ? xml : "", qemu),
                     _("Features that Windows uses are off: %s."), m.names);
    }
    if (!vm->hypervclock)
        finding_edit(out, VERDICT_WARNING, vm, "hypervclock",
                     (struct vm_edit){ "<clock>", "  <timer name='hypervclock' present='yes'/>",
                                       "  -cpu host,hv-time" },
                     _("The clock that Windows reads the quickest (hypervclock) is off."));
    if (m.count == 0 && vm->hypervclock)
        finding_add(out, VERDICT_OK, NULL, _("The features that Windows uses are on."), NULL);
}
