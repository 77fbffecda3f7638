/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

void domain_cpu_model(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (strcmp(vm->cpu_mode, "host-passthrough") == 0) {
        finding_add(out, VERDICT_OK, NULL, _("The guest sees the real processor."), NULL);
        return;
    }
    finding_edit(
        out, VERDICT_WARNING, vm, NULL,
        (struct vm_edit){ NULL, "  <cpu mode='host-passthrough' check='none'>", "  -cpu host" },
        _("The guest sees a made-up processor (mode '%s')."),
        vm->cpu_mode[0] ? vm->cpu_mode : "custom");
}

static bool has_feature(const struct vm *vm, const char *name)
{
    for (size_t i = 0; i < vm->features_on_count; i++)
        if (strcmp(vm->cpu_features_on[i], name) == 0)
            return true;
    return false;
}

/* One socket, threads as the host has them if the number allows it. Heap text or NULL. */
static char *topology_edit(const struct doctor_facts *facts)
{
    const struct vm *const vm = facts->vm;
    const struct machine_cpu *const cpu = &facts->machine->cpu;
    const bool threads = cpu->core_count && cpu->cores[0].sibling_count == 2 && vm->vcpus % 2 == 0;
    const uint32_t per_core = threads ? 2 : 1;
    autofree char *xml = wording("  <topology sockets='1' dies='1' cores='%u' threads='%u'/>",
                                 vm->vcpus / per_core, per_core);
    autofree char *qemu = wording("  -smp %u,sockets=1,cores=%u,threads=%u", vm->vcpus,
                                  vm->vcpus / per_core, per_core);
    return xml && qemu ? wording_edit(vm, (struct vm_edit){ "<cpu>", xml, qemu }) : NULL;
}

static bool check_counts(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    const size_t real = facts->machine->cpu.core_count;
    autofree char *fix = topology_edit(facts);
    if (real && vm->vcpus > real) {
        autofree char *fewer = domain_pinning_advice(facts);
        finding_addf(out, VERDICT_FAILURE, NULL,
                     vm->is_process ? _("Give the VM fewer virtual CPUs (-smp), and leave two for "
                                        "Linux.")
                                    : fewer,
                     NG_("The VM has %u virtual CPU, this machine only %zu.",
                         "The VM has %u virtual CPUs, this machine only %zu.", vm->vcpus),
                     vm->vcpus, real);
        return false;
    }
    if (!vm->cpu_topology && vm->vcpus > 2) {
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("No topology is given: Windows may see %u sockets and use only some."),
                     vm->vcpus);
        return false;
    }
    if (vm->cpu_topology && vm->sockets > 1) {
        finding_addf(out, VERDICT_WARNING, NULL, fix, _("The guest is shown %u sockets."),
                     vm->sockets);
        return false;
    }
    return true;
}

/* QEMU hides AMD's threads unless it is told that the guest may know of them. */
static bool check_topoext(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (facts->machine->cpu.vendor != CPU_AMD || vm->threads < 2 || has_feature(vm, "topoext"))
        return true;
    finding_edit(out, VERDICT_WARNING, vm, NULL,
                 (struct vm_edit){ "<cpu>", "  <feature policy='require' name='topoext'/>",
                                   "  -cpu host,topoext=on" },
                 _("The VM has %u threads per core, but without 'topoext' an AMD processor shows "
                   "the guest whole cores only."),
                 vm->threads);
    return false;
}

void domain_topology(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (vm->vcpus == 0)
        return;
    if (check_counts(facts, out) && check_topoext(facts, out))
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     _("Virtual CPUs: %u (sockets %u, cores %u, threads per core %u)."), vm->vcpus,
                     vm->sockets ? vm->sockets : 1, vm->cores ? vm->cores : vm->vcpus,
                     vm->threads ? vm->threads : 1);
}
