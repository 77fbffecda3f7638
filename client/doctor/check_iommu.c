/* SPDX-License-Identifier: GPL-2.0-or-later
 * IOMMU groups: a group goes to the guest as a whole, or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/check.h"
#include "doctor/gpu_role.h"

/* ---- iommu.groups ---- */

/* What the guides' scripts print of a device: its address and name. */
static char *members_of(const struct machine *m, int group)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *const to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    const char *gap = "";
    for (size_t i = 0; i < m->pci_count; i++)
        if (m->pci[i].iommu_group == group) {
            fprintf(to, "%s%s %s", gap, m->pci[i].address, m->pci[i].name);
            gap = "; ";
        }
    return fclose(to) == 0 ? text : NULL;
}

static void one_group(const struct machine *m, int group, struct findings *out)
{
    char subject[64];
    autofree char *members = members_of(m, group);
    snprintf(subject, sizeof(subject), _("Group %d"), group);
    if (members)
        finding_add(out, VERDICT_OK, subject, members, NULL);
}

/* Bridges, memory controllers and the like, which nobody gives to a guest. */
static bool is_infrastructure(const struct pci_function *f)
{
    const uint32_t kind = f->class_code >> 16;
    return pci_is_bridge(f) || kind == 0x05 || kind == 0x08 || kind == 0x10 || kind == 0x11 ||
           kind == 0x13 || f->class_code >> 8 == 0x0c05;
}

/* The lowest number after `after` of a group with something that could be given to a guest. */
static int next_group(const struct machine *m, int after)
{
    int next = -1;
    for (size_t i = 0; i < m->pci_count; i++) {
        const int group = m->pci[i].iommu_group;
        if (group > after && (next < 0 || group < next) && !is_infrastructure(&m->pci[i]))
            next = group;
    }
    return next;
}

static void groups(const struct doctor_facts *facts, struct findings *out)
{
    const struct machine *const m = facts->machine;
    int group = next_group(m, -1);
    if (group < 0 && m->pci_count > 0)
        finding_add(out, VERDICT_NOT_APPLICABLE, NULL,
                    _("There are no groups while the IOMMU is off."), NULL);
    for (; group >= 0; group = next_group(m, group))
        one_group(m, group, out);
}

/* ---- iommu.gpu_alone ---- */

/* Bridges stay the host's; the other functions of the card go with it. */
static bool is_stranger(const struct pci_function *gpu, const struct pci_function *f)
{
    return f != gpu && f->iommu_group == gpu->iommu_group && !pci_is_bridge(f) &&
           !pci_same_slot(gpu, f);
}

static char *strangers_of(const struct machine *m, const struct pci_function *gpu)
{
    char *text = NULL;
    size_t len_bytes = 0;
    FILE *const to = open_memstream(&text, &len_bytes);
    if (!to)
        return NULL;
    for (size_t i = 0; i < m->pci_count; i++)
        if (is_stranger(gpu, &m->pci[i]))
            fprintf(to, "%s%s %s", ftell(to) > 0 ? "; " : "", m->pci[i].address, m->pci[i].name);
    return fclose(to) == 0 ? text : NULL;
}

static void alone(const struct doctor_facts *facts, const struct pci_function *gpu,
                  struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    if (gpu->iommu_group < 0)
        return;
    autofree char *strangers = strangers_of(facts->machine, gpu);
    if (strangers && !strangers[0])
        finding_addf(out, VERDICT_OK, subject.text, NULL, _("Group %d has the card alone."),
                     gpu->iommu_group);
    else if (strangers)
        finding_addf(
            out, VERDICT_FAILURE, subject.text,
            _("1. Put the card into the slot nearest to the processor. Its address changes by "
              "that: choose it anew for the VM (in virt-manager: Add Hardware, PCI Host Device).\n"
              "2. In the firmware, set 'ACS' to Enabled (AMD: Advanced, AMD CBS, NBIO), and 'AER' "
              "if ACS asks for it.\n"
              "3. Update the firmware.\n"
              "4. Only if nothing helps: a kernel with the ACS override patch (linux-zen, "
              "linux-cachyos) and pcie_acs_override=downstream,multifunction. Devices that Linux "
              "then thinks apart are not: a guest could reach the others' memory."),
            _("Group %d has more than the card, and all of it would go to the guest: %s"),
            gpu->iommu_group, strangers);
}

static void gpu_alone(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, alone, out);
    gpu_each(facts, GPU_ONLY_ONE, alone, out);
}

/* ---- iommu.acs_override ---- */

static void acs_override(const struct doctor_facts *facts, struct findings *out)
{
    char parameter[128];
    const char *const value = machine_parameter(facts->machine, "pcie_acs_override");
    if (facts->machine->parameters_err < 0)
        return;
    if (!value) {
        finding_add(out, VERDICT_OK, NULL, _("Groups are as the hardware has them."), NULL);
        return;
    }
    snprintf(parameter, sizeof(parameter), "pcie_acs_override=%s", value);
    autofree char *fix = fix_remove_parameters(facts->machine, parameter);
    finding_addf(out, VERDICT_WARNING, NULL, fix,
                 _("%s splits groups that the hardware does not keep apart: a guest could read and "
                   "write memory of devices next to its own. Keep it only for guests you trust."),
                 parameter);
}

static const struct check checks[] = {
    { "iommu.groups", CHECK_IOMMU, N_("Groups"),
      N_("Devices of a group cannot be kept apart: they go to the guest together."), groups },
    { "iommu.gpu_alone", CHECK_IOMMU, N_("The card's group"),
      N_("What shares the card's group is taken from the host as well, or the guest does not "
         "start."),
      gpu_alone },
    { "iommu.acs_override", CHECK_IOMMU, N_("ACS override"),
      N_("It makes groups look smaller than they are."), acs_override },
};
const struct check_table check_iommu_table = { checks, ARRAY_LEN(checks) };
