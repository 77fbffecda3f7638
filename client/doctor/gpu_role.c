/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/gpu_role.h"

#include <stdio.h>
#include <string.h>

enum {
    VENDOR_AMD = 0x1002,
    VENDOR_AMD_PROCESSOR = 0x1022,
    VENDOR_NVIDIA = 0x10de,
    VENDOR_INTEL = 0x8086
};

bool gpu_has_vfio(const struct pci_function *f)
{
    return strcmp(f->driver, "vfio-pci") == 0;
}

/* Intel's is on the processor's own bus. AMD's shares its slot with other parts of the processor
 * (its security processor, USB), which have the processor's vendor. */
bool gpu_is_integrated(const struct machine *m, const struct pci_function *gpu)
{
    if (gpu->vendor == VENDOR_INTEL)
        return strncmp(gpu->address, "0000:00:", 8) == 0;
    for (size_t i = 0; i < m->pci_count; i++)
        if (pci_same_slot(gpu, &m->pci[i]) && m->pci[i].vendor == VENDOR_AMD_PROCESSOR)
            return true;
    return false;
}

static bool vm_has(const struct vm *vm, const struct pci_function *gpu)
{
    for (size_t i = 0; vm && i < vm->hostdev_count; i++)
        if (strcmp(vm->hostdevs[i].address, gpu->address) == 0)
            return true;
    return false;
}

/* Somebody said so, in the VM's definition or by a driver. */
static bool is_given_away(const struct doctor_facts *facts, const struct pci_function *gpu)
{
    return vm_has(facts->vm, gpu) || gpu_has_vfio(gpu) || pci_is_virtual(gpu);
}

struct tally {
    size_t whole, given_away, integrated, virtual_ones;
};

static struct tally count(const struct doctor_facts *facts)
{
    struct tally t = { 0 };
    const struct machine *const m = facts->machine;
    for (size_t i = 0; i < m->pci_count; i++) {
        const struct pci_function *const f = &m->pci[i];
        if (!pci_is_gpu(f))
            continue;
        t.whole += !pci_is_virtual(f);
        t.virtual_ones += pci_is_virtual(f);
        t.given_away += is_given_away(facts, f);
        t.integrated += !pci_is_virtual(f) && gpu_is_integrated(m, f);
    }
    return t;
}

/* How much memory it has, as far as its BARs tell: the largest that one is, or can be. */
static uint64_t memory_of(const struct pci_function *gpu)
{
    uint64_t most = 0;
    for (size_t i = 0; i < ARRAY_LEN(gpu->bar); i++) {
        const uint64_t sizes = gpu->bar_sizes_supported[i], now = gpu->bar[i].len_bytes;
        const uint64_t can = sizes ? UINT64_C(1) << (20 + (63 - __builtin_clzll(sizes)) % 44) : 0;
        most = now > most ? now : most;
        most = can > most ? can : most;
    }
    return most;
}

/* Two cards in slots: people give the stronger one to the guest. */
static enum gpu_role role_by_strength(const struct machine *m, const struct pci_function *gpu)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < m->pci_count; i++)
        if (pci_is_gpu(&m->pci[i])) {
            const uint64_t memory = memory_of(&m->pci[i]);
            least = memory < least ? memory : least;
            most = memory > most ? memory : most;
        }
    if (least == most)
        return gpu->boot_vga ? GPU_OF_HOST : GPU_OF_GUEST;
    return memory_of(gpu) == least ? GPU_OF_HOST : GPU_OF_GUEST;
}

enum gpu_role gpu_role_of(const struct doctor_facts *facts, const struct pci_function *gpu)
{
    if (is_given_away(facts, gpu))
        return GPU_OF_GUEST;
    const struct tally t = count(facts);
    if (t.given_away > 0)
        return GPU_OF_HOST;
    if (t.whole == 1)
        return gpu->vendor == VENDOR_INTEL && gpu->sriov_total > 0 ? GPU_OF_HOST : GPU_ONLY_ONE;
    if (t.integrated > 0 && t.integrated < t.whole)
        return gpu_is_integrated(facts->machine, gpu) ? GPU_OF_HOST : GPU_OF_GUEST;
    return role_by_strength(facts->machine, gpu);
}

/* "NVIDIA Corporation GA102 [GeForce RTX 3090]": what people call it stands in the brackets. */
static void short_name(const struct pci_function *f, char *out, size_t cap)
{
    const char *const maker = f->vendor == VENDOR_AMD      ? "AMD "
                              : f->vendor == VENDOR_NVIDIA ? "NVIDIA "
                              : f->vendor == VENDOR_INTEL  ? "Intel "
                                                           : NULL;
    const char *const bracket = strrchr(f->name, '[');
    const size_t len = bracket ? strlen(bracket) : 0;
    if (maker && len > 2 && bracket[len - 1] == ']')
        snprintf(out, cap, "%s%.*s", maker, (int)len - 2, bracket + 1);
    else
        snprintf(out, cap, "%s", f->name);
}

struct gpu_subject gpu_subject(const struct pci_function *f)
{
    struct gpu_subject s;
    char name[sizeof(f->name) + 16];
    short_name(f, name, sizeof(name));
    snprintf(s.text, sizeof(s.text), "%.15s %s", f->address, name);
    return s;
}

void gpu_each(const struct doctor_facts *facts, enum gpu_role role,
              void (*on_gpu)(const struct doctor_facts *facts, const struct pci_function *gpu,
                             struct findings *out),
              struct findings *out)
{
    const struct machine *const m = facts->machine;
    for (size_t i = 0; i < m->pci_count; i++)
        if (pci_is_gpu(&m->pci[i]) && gpu_role_of(facts, &m->pci[i]) == role)
            on_gpu(facts, &m->pci[i], out);
}
