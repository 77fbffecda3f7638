/* SPDX-License-Identifier: GPL-2.0-or-later
 * CPU and firmware: can this machine give a device to a guest at all. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/check.h"
#include "doctor/wording.h"

#define FIRMWARE_SETUP "systemctl reboot --firmware-setup"

/* The words of the processor's maker. */
struct words {
    const char *virtualization, *virtualization_menu, *iommu, *iommu_menu, *table, *on, *off;
};
static const struct words intel = {
    .virtualization = "Intel VT-x",
    .virtualization_menu = N_("Set 'Intel Virtualization Technology' (VMX) to Enabled; it is often "
                              "under Advanced, CPU Configuration."),
    .iommu = "Intel VT-d",
    .iommu_menu = N_("Set 'Intel VT-d' to Enabled; it is often under Advanced, or Chipset, System "
                     "Agent."),
    .table = "DMAR",
    .on = "intel_iommu=on iommu=pt",
    .off = "intel_iommu",
};
static const struct words amd = {
    .virtualization = "AMD SVM",
    .virtualization_menu = N_("Set 'SVM Mode' to Enabled; it is often under Advanced, CPU "
                              "Configuration, or under Overclocking."),
    .iommu = "AMD-Vi",
    .iommu_menu =
        N_("Set 'IOMMU' to Enabled, not Auto; it is often under Advanced, AMD CBS, NBIO."),
    .table = "IVRS",
    .on = "iommu=pt",
    .off = "amd_iommu",
};

static const struct words *words_of(const struct machine *m)
{
    return m->cpu.vendor == CPU_INTEL ? &intel : m->cpu.vendor == CPU_AMD ? &amd : NULL;
}

/* Steps in the firmware's own menus; no program can take them, and only a Linux that UEFI started
 * can ask for the menus. */
static char *fix_firmware(const struct doctor_facts *facts, const char *menu)
{
    return wording("%s\n%s\n%s",
                   root_exists(facts->root, "/sys/firmware/efi")
                       ? FIRMWARE_SETUP
                       : _("Restart the machine and press Del, F2 or F10 again and again, until "
                           "the firmware's menus come."),
                   menu, _("Save, and let the machine start."));
}

/* A guest is given what its machine gives it: no firmware of its own has a switch for that. */
static void tell_not_given(const char *what, struct findings *out)
{
    finding_addf(out, VERDICT_FAILURE, NULL, wording_bare_metal(),
                 _("This Linux runs in a virtual machine itself, which was given no %s."), what);
}

static void unknown_processor(struct findings *out)
{
    finding_add(out, VERDICT_SKIPPED, NULL,
                _("The processor is neither Intel's nor AMD's, or /proc/cpuinfo cannot be read."),
                NULL);
}

/* ---- cpu.virtualization ---- */

static void virtualization(const struct doctor_facts *facts, struct findings *out)
{
    const struct machine_cpu *const cpu = &facts->machine->cpu;
    const struct words *const w = words_of(facts->machine);
    if (!w) {
        unknown_processor(out);
    } else if (cpu->svm_or_vmx) {
        finding_addf(out, VERDICT_OK, NULL, NULL, _("%s is on."), w->virtualization);
    } else if (cpu->hypervisor) {
        tell_not_given(w->virtualization, out);
    } else {
        autofree char *fix = fix_firmware(facts, _(w->virtualization_menu));
        finding_addf(out, VERDICT_FAILURE, NULL, fix,
                     _("%s is off in the firmware, or this processor has none."),
                     w->virtualization);
    }
}

/* ---- cpu.bare_metal ---- */

static void bare_metal(const struct doctor_facts *facts, struct findings *out)
{
    if (facts->machine->cpu_err < 0 || facts->machine->cpu.core_count == 0)
        return;
    if (facts->machine->cpu.hypervisor)
        finding_add(out, VERDICT_WARNING, NULL,
                    _("This Linux runs in a virtual machine itself: there is no card to give to a "
                      "guest, unless the outer machine passed one in."),
                    wording_bare_metal());
    else
        finding_add(out, VERDICT_OK, NULL, _("Linux runs on the machine itself."), NULL);
}

/* ---- cpu.iommu ---- */

/* "dmar0 dmar1", "" if there is none. False: it cannot be known. */
static bool iommu_units(struct root *root, char *units, size_t cap)
{
    autofree struct root_names *names = NULL;
    units[0] = '\0';
    const int err = root_list(root, "/sys/class/iommu", &names);
    for (size_t i = 0; err == 0 && i < names->count; i++) {
        const size_t at = strlen(units);
        snprintf(units + at, cap - at, "%s%s", i ? " " : "", names->name[i]);
    }
    return err == 0 || err == -ENOENT;
}

static bool is_off(const struct machine *m, const char *name)
{
    const char *const value = machine_parameter(m, name);
    return value && strcmp(value, "off") == 0;
}

/* Switched off by hand. */
static bool parameter_turns_off(const struct machine *m, const struct words *w, char *name,
                                size_t cap)
{
    snprintf(name, cap, "%s=off", is_off(m, w->off) ? w->off : "iommu");
    return is_off(m, w->off) || is_off(m, "iommu");
}

static void firmware_lacks_iommu(const struct doctor_facts *facts, const struct words *w,
                                 struct findings *out)
{
    if (facts->machine->cpu.hypervisor) {
        tell_not_given(w->iommu, out);
        return;
    }
    autofree char *fix = fix_firmware(facts, _(w->iommu_menu));
    finding_addf(out, VERDICT_FAILURE, NULL, fix,
                 _("%s is off in the firmware: it gives Linux no %s table."), w->iommu, w->table);
}

static void kernel_lacks_iommu(const struct doctor_facts *facts, const struct words *w,
                               struct findings *out)
{
    char name[64];
    if (parameter_turns_off(facts->machine, w, name, sizeof(name))) {
        autofree char *fix = fix_remove_parameters(facts->machine, name);
        finding_addf(out, VERDICT_FAILURE, NULL, fix, _("The kernel's parameter %s turns %s off."),
                     name, w->iommu);
    } else {
        autofree char *fix = fix_add_parameters(facts->machine, w->on);
        finding_addf(out, VERDICT_FAILURE, NULL, fix,
                     _("The firmware offers %s, but the kernel does not use it."), w->iommu);
    }
}

static void iommu(const struct doctor_facts *facts, struct findings *out)
{
    char units[256], table[64];
    const struct words *const w = words_of(facts->machine);
    if (!w || !iommu_units(facts->root, units, sizeof(units))) {
        unknown_processor(out);
        return;
    }
    snprintf(table, sizeof(table), "/sys/firmware/acpi/tables/%s", w->table);
    if (units[0])
        finding_addf(out, VERDICT_OK, NULL, NULL, _("%s works (%s)."), w->iommu, units);
    else if (root_exists(facts->root, table))
        kernel_lacks_iommu(facts, w, out);
    else
        firmware_lacks_iommu(facts, w, out);
}

/* ---- cpu.passthrough_mode ---- */

/* The kind of the first group that has one: "identity", or "DMA", "DMA-FQ". */
static bool host_translation(struct root *root, char *kind, size_t cap)
{
    autofree struct root_names *groups = NULL;
    if (root_list(root, "/sys/kernel/iommu_groups", &groups) < 0)
        return false;
    for (size_t i = 0; i < groups->count; i++) {
        char path[128];
        snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%.32s/type", groups->name[i]);
        if (root_read_line(root, path, kind, cap) == 0)
            return true;
    }
    return false;
}

static bool asked_for_passthrough(const struct machine *m)
{
    const char *const mode = machine_parameter(m, "iommu");
    const char *const other = machine_parameter(m, "iommu.passthrough");
    return (mode && strcmp(mode, "pt") == 0) || (other && strcmp(other, "1") == 0);
}

static void passthrough_mode(const struct doctor_facts *facts, struct findings *out)
{
    char kind[32], units[256];
    if (!iommu_units(facts->root, units, sizeof(units)) || !units[0])
        return; /* cpu.iommu says what comes first */
    const bool known = host_translation(facts->root, kind, sizeof(kind));
    if (facts->machine->parameters_err < 0 && !known)
        return;
    if (asked_for_passthrough(facts->machine) || (known && strcmp(kind, "identity") == 0)) {
        finding_add(out, VERDICT_OK, NULL,
                    _("The host's own devices go around the IOMMU (iommu=pt)."), NULL);
        return;
    }
    autofree char *fix = fix_add_parameters(facts->machine, "iommu=pt");
    finding_add(out, VERDICT_WARNING, NULL,
                _("The host's own devices go through the IOMMU as well: iommu=pt is not set."),
                fix);
}

/* ---- cpu.interrupts ---- */

static void no_remapping(struct root *root, struct findings *out)
{
    char line[8];
    if (root_read_line(root, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
                       line, sizeof(line)) == 0 &&
        line[0] == 'Y') {
        finding_add(out, VERDICT_WARNING, NULL,
                    _("Interrupts are not remapped, and allow_unsafe_interrupts lets guests start "
                      "all the same: a guest could forge interrupts of the host."),
                    _("Update the firmware; look there for 'Interrupt Remapping' or 'x2APIC'."));
        return;
    }
    finding_add(out, VERDICT_FAILURE, NULL,
                _("Interrupts are not remapped: VFIO will not give a device to a guest."),
                _("Update the firmware; look there for 'Interrupt Remapping' or 'x2APIC'.\nIf it "
                  "has none and you trust the guest:\n"
                  "echo 'options vfio_iommu_type1 allow_unsafe_interrupts=1' | sudo tee "
                  "/etc/modprobe.d/unsafe-interrupts.conf\nsudo reboot"));
}

/* Remapped interrupts have "IR-" before the name of their kind. */
static void interrupts(const struct doctor_facts *facts, struct findings *out)
{
    char units[256];
    autofree char *text = NULL;
    if (!iommu_units(facts->root, units, sizeof(units)) || !units[0])
        return; /* cpu.iommu says what comes first */
    if (root_read(facts->root, "/proc/interrupts", &text, NULL) < 0)
        finding_add(out, VERDICT_SKIPPED, NULL,
                    _("/proc/interrupts cannot be read; sudo dmesg | grep -i remapping tells it."),
                    NULL);
    else if (strstr(text, " IR-"))
        finding_add(out, VERDICT_OK, NULL, _("Interrupts are remapped."), NULL);
    else if (strstr(text, "PCI-MSI"))
        no_remapping(facts->root, out);
    else
        finding_add(out, VERDICT_SKIPPED, NULL,
                    _("/proc/interrupts lists no interrupts of PCI devices."), NULL);
}

/* ---- cpu.ignore_msrs ---- */

static void ignore_msrs(const struct doctor_facts *facts, struct findings *out)
{
    char line[8];
    if (root_read_line(facts->root, "/sys/module/kvm/parameters/ignore_msrs", line, sizeof(line)) <
        0)
        return;
    finding_add(out, VERDICT_OK, NULL,
                line[0] == 'Y' ? _("KVM ignores registers that it does not know (kvm.ignore_msrs).")
                               : _("kvm.ignore_msrs is off, which is right unless Windows stops "
                                   "with a blue screen while it starts."),
                NULL);
}

/* ---- cpu.uefi ---- */

static void uefi(const struct doctor_facts *facts, struct findings *out)
{
    if (root_exists(facts->root, "/sys/firmware/efi")) {
        finding_add(out, VERDICT_OK, NULL, _("Linux was started by UEFI."), NULL);
        return;
    }
    if (!root_exists(facts->root, "/sys/firmware") || facts->machine->cpu.hypervisor)
        return; /* a guest's firmware says nothing of the machine's */
    autofree char *fix = fix_firmware(
        facts,
        _("Set 'CSM' (Compatibility Support Module) to Disabled. If Linux then does not start, it "
          "was installed for the old way: set it back, or install Linux anew."));
    finding_add(out, VERDICT_WARNING, NULL,
                _("Linux was started the old way (BIOS, CSM): cards are set up for it too, large "
                  "BARs are not possible."),
                fix);
}

static const struct check checks[] = {
    { "cpu.virtualization", CHECK_CPU, N_("Virtualization in the processor"),
      N_("Without it a guest is emulated step by step, far too slow to use."), virtualization },
    { "cpu.bare_metal", CHECK_CPU, N_("Not a guest itself"),
      N_("A card can only be given away by the system that has it."), bare_metal },
    { "cpu.iommu", CHECK_CPU, N_("IOMMU"),
      N_("The IOMMU keeps a card that belongs to a guest to the guest's memory; without it no card "
         "can be passed through."),
      iommu },
    { "cpu.interrupts", CHECK_CPU, N_("Interrupt remapping"),
      N_("Without it a device of the guest could interrupt the host as any other device."),
      interrupts },
    { "cpu.passthrough_mode", CHECK_CPU, N_("IOMMU for the host's own devices"),
      N_("Disks and network of the host are faster if their memory is not translated."),
      passthrough_mode },
    { "cpu.ignore_msrs", CHECK_CPU, N_("Unknown processor registers"),
      N_("Some programs in Windows read registers that KVM does not know, and stop Windows."),
      ignore_msrs },
    { "cpu.uefi", CHECK_CPU, N_("UEFI"),
      N_("Graphics cards of today are made for UEFI, and so are the guest's firmware and large "
         "BARs."),
      uefi },
};
const struct check_table check_cpu_table = { checks, ARRAY_LEN(checks) };
