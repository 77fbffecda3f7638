/* SPDX-License-Identifier: GPL-2.0-or-later
 * SR-IOV: graphics in the processor that make parts of themselves for guests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/gpu_checks.h"
#include "doctor/gpu_role.h"

enum { VENDOR_INTEL = 0x8086 };

static bool read_parameter(struct root *root, const char *driver, const char *name, char *line,
                           size_t cap)
{
    char path[192];
    snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", driver, name);
    return root_read_line(root, path, line, cap) == 0;
}

/* Linux' own i915 knows no parts; the one that does has a parameter for their number. */
static void driver_lacks_it(const struct doctor_facts *facts, const struct pci_function *gpu,
                            struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    autofree char *headers = fix_install(facts->machine, "kernel-headers"),
                  *dkms = fix_install(facts->machine, "dkms"),
                  *parameters =
                      fix_add_parameters(facts->machine, "i915.enable_guc=3 i915.max_vfs=7"),
                  *fix = NULL;
    if (!headers || !dkms || !parameters ||
        asprintf(&fix, "%s\n%s\n%s\n%s", dkms, headers,
                 _("Install i915-sriov-dkms (github.com/strongtz/i915-sriov-dkms has the steps)."),
                 parameters) < 0)
        return;
    finding_add(out, VERDICT_WARNING, subject.text,
                _("The graphics can be parted for guests, but the kernel's own driver i915 cannot "
                  "do it."),
                fix);
}

static void no_parts_allowed(const struct doctor_facts *facts, const struct pci_function *gpu,
                             struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    char parameters[192];
    snprintf(parameters, sizeof(parameters), "%s%.64s.max_vfs=7",
             strcmp(gpu->driver, "i915") == 0 ? "i915.enable_guc=3 " : "", gpu->driver);
    autofree char *fix = fix_add_parameters(facts->machine, parameters);
    finding_addf(out, VERDICT_WARNING, subject.text, fix,
                 _("The driver %s was told to make no parts (max_vfs, enable_guc)."), gpu->driver);
}

static void no_parts_made(const struct pci_function *gpu, struct findings *out)
{
    const struct gpu_subject subject = gpu_subject(gpu);
    char fix[512];
    snprintf(
        fix, sizeof(fix),
        "echo 'w /sys/bus/pci/devices/%s/sriov_numvfs - - - - 1' | sudo tee "
        "/etc/tmpfiles.d/sriov.conf\nsudo systemd-tmpfiles --create /etc/tmpfiles.d/sriov.conf",
        gpu->address);
    finding_addf(out, VERDICT_WARNING, subject.text, fix,
                 NG_("The graphics can have %u part for guests, and it was not made.",
                     "The graphics can have %u parts for guests, and none was made.",
                     gpu->sriov_total),
                 gpu->sriov_total);
}

/* Only where a guest needs a part: another card may be for it. */
static bool guest_has_other_card(const struct doctor_facts *facts, const struct pci_function *gpu)
{
    for (size_t i = 0; i < facts->machine->pci_count; i++) {
        const struct pci_function *const f = &facts->machine->pci[i];
        if (pci_is_gpu(f) && f != gpu && !pci_is_virtual(f))
            return true;
    }
    return false;
}

static bool is_zero(const char *line)
{
    return strcmp(line, "0") == 0;
}

static void sriov(const struct doctor_facts *facts, const struct pci_function *gpu,
                  struct findings *out)
{
    char most[32] = "", guc[32] = "";
    const struct gpu_subject subject = gpu_subject(gpu);
    if (gpu->vendor != VENDOR_INTEL || gpu->sriov_total == 0 || pci_is_virtual(gpu))
        return;
    const bool knows = read_parameter(facts->root, gpu->driver, "max_vfs", most, sizeof(most));
    (void)read_parameter(facts->root, gpu->driver, "enable_guc", guc, sizeof(guc));
    if (gpu->sriov_now > 0)
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     NG_("%u of %u parts for guests is made.",
                         "%u of %u parts for guests are made.", gpu->sriov_now),
                     gpu->sriov_now, gpu->sriov_total);
    else if (guest_has_other_card(facts, gpu))
        finding_addf(out, VERDICT_OK, subject.text, NULL,
                     NG_("%u part could be made; the guest has a card of its own.",
                         "%u parts could be made; the guest has a card of its own.",
                         gpu->sriov_total),
                     gpu->sriov_total);
    else if (strcmp(gpu->driver, "i915") == 0 && !knows)
        driver_lacks_it(facts, gpu, out);
    else if (is_zero(most) || is_zero(guc))
        no_parts_allowed(facts, gpu, out);
    else
        no_parts_made(gpu, out);
}

void gpu_check_sriov(const struct doctor_facts *facts, struct findings *out)
{
    gpu_each(facts, GPU_OF_HOST, sriov, out);
}
