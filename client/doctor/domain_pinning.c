/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where virtual CPUs run, against the machine's real cores and caches. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

/* What the VM's virtual CPUs may run on, all together. */
struct used {
    uint8_t cpus[VM_CPUS / 8];
    uint32_t l3_count, core_count; /* caches and cores of them */
    bool efficient, fast;          /* of a hybrid Intel */
};

static const struct machine_core *core_of(const struct machine_cpu *cpu, uint32_t number)
{
    for (size_t i = 0; i < cpu->core_count; i++)
        if (cpu->cores[i].cpu == number)
            return &cpu->cores[i];
    return NULL;
}

static const struct vm_pin *pin_of(const struct vm *vm, uint32_t vcpu)
{
    for (size_t i = 0; i < vm->pin_count; i++)
        if (!vm->pins[i].is_iothread && vm->pins[i].index == vcpu)
            return &vm->pins[i];
    return NULL;
}

static size_t pinned_count(const struct vm *vm)
{
    size_t count = 0;
    for (uint32_t vcpu = 0; vcpu < vm->vcpus && vcpu < VM_CPUS; vcpu++)
        count += pin_of(vm, vcpu) != NULL;
    return count;
}

static void unite(const struct vm *vm, uint8_t cpus[VM_CPUS / 8])
{
    for (size_t i = 0; i < vm->pin_count; i++)
        for (size_t byte = 0; !vm->pins[i].is_iothread && byte < VM_CPUS / 8; byte++)
            cpus[byte] |= vm->pins[i].cpus[byte];
}

/* Is `core` the first of the used ones with its cache? */
static bool is_new_cache(const struct machine_cpu *cpu, const struct used *u,
                         const struct machine_core *core)
{
    for (size_t i = 0; i < cpu->core_count && &cpu->cores[i] != core; i++)
        if (vm_pin_has(u->cpus, cpu->cores[i].cpu) && cpu->cores[i].l3 == core->l3)
            return false;
    return true;
}

static struct used used_of(const struct doctor_facts *facts)
{
    const struct machine_cpu *const cpu = &facts->machine->cpu;
    struct used u = { .l3_count = 0 };
    unite(facts->vm, u.cpus);
    for (size_t i = 0; i < cpu->core_count; i++) {
        const struct machine_core *const core = &cpu->cores[i];
        if (!vm_pin_has(u.cpus, core->cpu))
            continue;
        u.core_count++;
        u.l3_count += is_new_cache(cpu, &u, core);
        u.efficient |= core->efficient;
        u.fast |= !core->efficient;
    }
    return u;
}

/* ---- what can be wrong; each tells one thing and returns false ---- */

char *domain_pinning_advice(const struct doctor_facts *facts)
{
    autofree char *setup = wording_setup(facts->vm, "cpus");
    return wording(_("Let Espelho compute it from this machine's caches; it shows what it would "
                     "change, and asks:\n  %s"),
                   setup ? setup : "espelho setup cpus");
}

/* A pin to a CPU that is not there: the VM does not start. */
static bool check_exist(const struct doctor_facts *facts, struct findings *out)
{
    autofree char *fix = domain_pinning_advice(facts);
    for (size_t i = 0; i < facts->vm->pin_count; i++) {
        const struct vm_pin *const pin = &facts->vm->pins[i];
        for (uint32_t cpu = 0; cpu < VM_CPUS; cpu++) {
            if (!vm_pin_has(pin->cpus, cpu) || core_of(&facts->machine->cpu, cpu))
                continue;
            finding_addf(out, VERDICT_FAILURE, NULL, fix,
                         _("Virtual CPU %u is pinned to CPU %u, which this machine does not have."),
                         pin->index, cpu);
            return false;
        }
    }
    return true;
}

static bool is_alone(const uint8_t cpus[VM_CPUS / 8], uint32_t *cpu)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < VM_CPUS; n++)
        if (vm_pin_has(cpus, n)) {
            *cpu = n;
            count++;
        }
    return count == 1;
}

/* Two virtual CPUs that share one real CPU. */
static bool check_shared(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    autofree char *fix = domain_pinning_advice(facts);
    uint8_t taken[VM_CPUS / 8] = { 0 };
    for (size_t i = 0; i < vm->pin_count; i++) {
        uint32_t cpu = 0;
        if (vm->pins[i].is_iothread || !is_alone(vm->pins[i].cpus, &cpu))
            continue;
        if (vm_pin_has(taken, cpu)) {
            finding_addf(out, VERDICT_WARNING, NULL, fix,
                         _("Two virtual CPUs are pinned to the same CPU %u."), cpu);
            return false;
        }
        taken[cpu / 8] = (uint8_t)(taken[cpu / 8] | 1U << (cpu % 8));
    }
    return true;
}

static bool are_siblings(const struct machine_cpu *cpu, uint32_t a, uint32_t b)
{
    const struct machine_core *const core = core_of(cpu, a);
    for (uint32_t i = 0; core && i < core->sibling_count; i++)
        if (core->siblings[i] == b)
            return true;
    return false;
}

/* The guest's pairs of threads: virtual CPUs 0 and 1, 2 and 3 ... must be pairs of this machine. */
static bool check_pairs(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    autofree char *fix = domain_pinning_advice(facts);
    for (uint32_t vcpu = 0; vm->threads == 2 && vcpu + 1 < vm->vcpus && vcpu < VM_CPUS; vcpu += 2) {
        const struct vm_pin *const first = pin_of(vm, vcpu), *const second = pin_of(vm, vcpu + 1);
        uint32_t a, b;
        if (!first || !second || !is_alone(first->cpus, &a) || !is_alone(second->cpus, &b) ||
            are_siblings(&facts->machine->cpu, a, b))
            continue;
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("The guest takes virtual CPUs %u and %u for two threads of one core, but "
                       "CPUs %u and %u are of different cores."),
                     vcpu, vcpu + 1, a, b);
        return false;
    }
    return true;
}

/* A core of which the VM has one thread and Linux the other. */
static bool check_split(const struct doctor_facts *facts, const struct used *u,
                        struct findings *out)
{
    const struct machine_cpu *const cpu = &facts->machine->cpu;
    autofree char *fix = domain_pinning_advice(facts);
    for (size_t i = 0; i < cpu->core_count; i++) {
        const struct machine_core *const core = &cpu->cores[i];
        for (uint32_t s = 0; s < core->sibling_count && vm_pin_has(u->cpus, core->cpu); s++) {
            if (vm_pin_has(u->cpus, core->siblings[s]))
                continue;
            finding_addf(out, VERDICT_WARNING, NULL, fix,
                         _("The VM uses CPU %u, but Linux uses CPU %u of the same core: both get "
                           "in each other's way."),
                         core->cpu, core->siblings[s]);
            return false;
        }
    }
    return true;
}

/* How many CPUs the largest cache has. */
static uint32_t largest_cache(const struct machine_cpu *cpu)
{
    uint32_t most = 0;
    for (size_t i = 0; i < cpu->core_count; i++) {
        uint32_t count = 0;
        for (size_t k = 0; k < cpu->core_count; k++)
            count += cpu->cores[k].l3 == cpu->cores[i].l3;
        most = count > most ? count : most;
    }
    return most;
}

static bool check_caches(const struct doctor_facts *facts, const struct used *u,
                         struct findings *out)
{
    autofree char *fix = domain_pinning_advice(facts);
    if (u->l3_count > 1 && facts->vm->vcpus <= largest_cache(&facts->machine->cpu)) {
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("The VM's CPUs lie in %u groups with an L3 cache each (CCX), although one "
                       "group would be large enough."),
                     u->l3_count);
        return false;
    }
    if (u->efficient && u->fast) {
        finding_add(out, VERDICT_WARNING, NULL,
                    _("The VM has fast and slow cores (P and E) together, and Windows cannot tell "
                      "them apart."),
                    fix);
        return false;
    }
    return true;
}

void domain_pinning(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    const size_t pinned = pinned_count(vm);
    if (facts->machine->cpu.core_count == 0 || vm->vcpus == 0 || vm->is_process)
        return;
    autofree char *fix = domain_pinning_advice(facts);
    if (pinned == 0) {
        finding_add(out, VERDICT_WARNING, NULL, _("The virtual CPUs are not pinned."), fix);
        return;
    }
    const struct used u = used_of(facts);
    if (!check_exist(facts, out) || !check_shared(facts, out) || !check_pairs(facts, out) ||
        !check_split(facts, &u, out) || !check_caches(facts, &u, out))
        return;
    if (pinned < vm->vcpus)
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     NG_("Only %zu of %u virtual CPUs is pinned.",
                         "Only %zu of %u virtual CPUs are pinned.", pinned),
                     pinned, vm->vcpus);
    else
        finding_addf(out, VERDICT_OK, NULL, NULL,
                     NG_("The %u virtual CPU is pinned to a whole core.",
                         "All %u virtual CPUs are pinned to whole cores.", vm->vcpus),
                     vm->vcpus);
}

void domain_emulator(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (pinned_count(vm) == 0)
        return;
    autofree char *fix = domain_pinning_advice(facts);
    if (!vm->emulator_pinned) {
        finding_add(out, VERDICT_WARNING, NULL,
                    _("QEMU's own threads have no place of their own (<emulatorpin>): they may "
                      "run on the guest's cores."),
                    fix);
        return;
    }
    uint8_t cpus[VM_CPUS / 8] = { 0 };
    unite(vm, cpus);
    for (uint32_t cpu = 0; cpu < VM_CPUS; cpu++) {
        if (!vm_pin_has(cpus, cpu) || !vm_pin_has(vm->emulator_cpus, cpu))
            continue;
        finding_addf(out, VERDICT_WARNING, NULL, fix,
                     _("QEMU's own threads may run on CPU %u, which is the guest's."), cpu);
        return;
    }
    finding_add(out, VERDICT_OK, NULL, _("QEMU's own threads run apart from the guest."), NULL);
}
