/* SPDX-License-Identifier: GPL-2.0-or-later
 * BARs: the windows through which the processor reaches the card's memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "doctor/gpu_checks.h"
#include "doctor/gpu_role.h"
#include "doctor/vfio_config.h"

enum { VENDOR_AMD = 0x1002, VENDOR_INTEL = 0x8086, BAR2_BIT = 3 /* 8 MiB */ };

/* ---- words ---- */

struct amount {
    char text[24];
};

static struct amount amount(uint64_t len_bytes)
{
    struct amount a;
    if (len_bytes >= 1024 * MIB)
        snprintf(a.text, sizeof(a.text), "%llu GiB",
                 (unsigned long long)(len_bytes / (1024 * MIB)));
    else if (len_bytes >= MIB)
        snprintf(a.text, sizeof(a.text), "%llu MiB", (unsigned long long)(len_bytes / MIB));
    else
        snprintf(a.text, sizeof(a.text), "%llu KiB", (unsigned long long)(len_bytes / 1024));
    return a;
}

/* Bit n of what the kernel says is 1 MiB << n. */
static unsigned int largest_bit(uint64_t sizes)
{
    return 63U - (unsigned int)__builtin_clzll(sizes);
}

static uint64_t size_of_bit(unsigned int bit)
{
    return bit < 44 ? MIB << bit : 0; /* more is no memory of a card */
}

/* "256 MiB, 512 MiB, 1 GiB": what can be chosen. */
static void list_sizes(uint64_t sizes, char *text, size_t cap)
{
    size_t at = 0;
    text[0] = '\0';
    for (unsigned int bit = 0; bit < 44 && at < cap; bit++)
        if (sizes >> bit & 1)
            at += (size_t)snprintf(text + at, cap - at, "%s%s", at ? ", " : "",
                                   amount(size_of_bit(bit)).text);
}

/* The BAR to the picture's memory: of those that can be resized, the one that can be largest. */
static int memory_bar(const struct pci_function *f)
{
    int found = -1;
    for (int i = 0; i < 6; i++)
        if (f->bar_sizes_supported[i] &&
            (found < 0 || f->bar_sizes_supported[i] > f->bar_sizes_supported[found]))
            found = i;
    return found;
}

/* ---- gpu.bars ---- */

/* Steps at a machine whose guest is off: the card must have no driver while it changes, and gets
 * the same one again. NULL: no memory. */
static char *fix_size(const struct doctor_facts *facts, const struct pci_function *gpu, int bar,
                      unsigned int bit)
{
    char more[64], *text = NULL;
    size_t len_bytes = 0;
    const char *const a = gpu->address;
    snprintf(more, sizeof(more), " --bar%d %u", bar, 1U << (bit < 31 ? bit : 31));
    autofree char *setup = gpu_setup_command(facts, gpu, more);
    FILE *const to = setup ? open_memstream(&text, &len_bytes) : NULL;
    if (!to)
        return NULL;
    if (bar == 0 || bar == 2) /* what setup has options for */
        fprintf(to, "%s\n%s\n", setup,
                _("Or only until the next restart, with the guest shut off:"));
    else
        fprintf(to, "%s\n", _("With the guest shut off:"));
    if (gpu->driver[0])
        fprintf(to, "echo %s | sudo tee /sys/bus/pci/devices/%s/driver/unbind\n", a, a);
    fprintf(to, "echo %u | sudo tee /sys/bus/pci/devices/%s/resource%d_resize\n", bit, a, bar);
    fprintf(to, "echo %s | sudo tee /sys/bus/pci/drivers_probe", a);
    return fclose(to) == 0 ? text : NULL;
}

static void unusually_small(const struct doctor_facts *facts, const struct pci_function *gpu,
                            int bar, uint64_t most, struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    autofree char *fix = fix_size(facts, gpu, bar, largest_bit(gpu->bar_sizes_supported[bar]));
    finding_addf(out, VERDICT_WARNING, subject.text, fix,
                 _("BAR %d has %s only, as a resizable BAR is sometimes left after the driver was "
                   "changed; it can have %s."),
                 bar, amount(gpu->bar[bar].len_bytes).text, amount(most).text);
}

static void bars(const struct doctor_facts *facts, const struct pci_function *gpu,
                 struct findings *out)
{
    const int bar = memory_bar(gpu);
    const struct gpu_subject subject = gpu_subject(gpu);
    if (bar < 0)
        return;
    char sizes[256];
    const uint64_t now = gpu->bar[bar].len_bytes,
                   most = size_of_bit(largest_bit(gpu->bar_sizes_supported[bar]));
    list_sizes(gpu->bar_sizes_supported[bar], sizes, sizeof(sizes));
    if (now >= most) {
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     _("BAR %d reaches the whole of the card's memory (%s)."), bar,
                     amount(now).text);
    } else if (now < 256 * MIB) {
        unusually_small(facts, gpu, bar, most, out);
    } else if (gpu->vendor == VENDOR_INTEL) {
        finding_addf(out, VERDICT_WARNING, subject.text,
                     _("In the firmware, set 'Above 4G Decoding' and 'Resizable BAR' to Enabled, "
                       "'CSM' to Disabled."),
                     _("BAR %d has %s of %s: Intel's cards are slow without all of it, and their "
                       "driver for Windows may refuse to start."),
                     bar, amount(now).text, amount(most).text);
    } else {
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     _("BAR %d has %s, which is enough; it can have: %s."), bar, amount(now).text,
                     sizes);
    }
}

void gpu_check_bars(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, bars, out);
    gpu_each(facts, GPU_ONLY_ONE, bars, out);
}

/* ---- gpu.bar2 ---- */

/* BAR 2 of AMD's cards is for their doorbells. The firmware makes it as large as it can be. */
static void bar2(const struct doctor_facts *facts, const struct pci_function *gpu,
                 struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    const uint64_t now = gpu->bar[2].len_bytes, sizes = gpu->bar_sizes_supported[2];
    if (gpu->vendor != VENDOR_AMD || !(sizes >> BAR2_BIT & 1) || memory_bar(gpu) == 2)
        return;
    if (vfio_config_hook_resizes(facts->machine, gpu, 2, BAR2_BIT)) {
        finding_add(out, VERDICT_OK, subject.text,
                    _("libvirt's hook gives BAR 2 8 MiB when the guest starts."), NULL);
        return;
    }
    if (now <= 8 * MIB) {
        finding_addf(out, VERDICT_OK, subject.text, NULL, _("BAR 2 has %s, 8 MiB at most."),
                     amount(now).text);
        return;
    }
    autofree char *fix = fix_size(facts, gpu, 2, BAR2_BIT);
    finding_addf(out, VERDICT_WARNING, subject.text, fix,
                 _("BAR 2 has %s: with more than 8 MiB AMD's driver for Windows may stop with code "
                   "43."),
                 amount(now).text);
}

void gpu_check_bar2(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_GUEST, bar2, out);
    gpu_each(facts, GPU_ONLY_ONE, bar2, out);
}
