/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as lists of CPUs: the kernel's ("0-3,8") and libvirt's ("0-3,^2"). Both stay in
 * their bounds, and say the same of a list that either of them would write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine/machine_private.h"
#include "vm/vm_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

struct named {
    uint8_t cpus[VM_CPUS / 8];
    uint32_t count;
};

static void on_cpu(void *ctx, uint32_t cpu)
{
    struct named *const named = ctx;
    if (cpu >= VM_CPUS || ++named->count > 2 * VM_CPUS)
        abort();
    named->cpus[cpu / 8] |= (uint8_t)(1U << (cpu % 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct named kernels = { .count = 0 };
    uint8_t libvirts[VM_CPUS / 8];
    char *const text = malloc(len_bytes + 1);
    if (!text)
        return 0;
    memcpy(text, data, len_bytes);
    text[len_bytes] = '\0';
    cpu_list_each(text, VM_CPUS, on_cpu, &kernels);
    const bool understood = vm_cpu_set(text, libvirts);
    const bool plain = len_bytes > 0 && text[strspn(text, "0123456789,-")] == '\0' &&
                       !strstr(text, ",,") && text[0] != ',' && kernels.count < 2 * VM_CPUS;
    if (understood && plain && memcmp(kernels.cpus, libvirts, sizeof(libvirts)) != 0)
        abort();
    free(text);
    return 0;
}
