/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/machine/tree.h"
#include "examine.h"
#include "test.h"

#define BEGINS(id, text)                                                                           \
    do {                                                                                           \
        const char *found_ = examine(id);                                                          \
        CHECK_MSG(strncmp(found_, text, strlen(text)) == 0, "%s: %s", id, found_);                 \
    } while (0)
#define FIX_HAS(text) CHECK_MSG(strstr(examine_fix(), text), "%s", examine_fix())

static char *parameters[8];
static void set_parameters(const char *first, const char *second)
{
    struct machine *const m = examine_machine();
    parameters[0] = (char *)(uintptr_t)first;
    parameters[1] = (char *)(uintptr_t)second;
    m->parameters = parameters;
    m->parameter_count = second ? 2 : first ? 1 : 0;
}

TEST(unknown_processors_are_not_judged)
{
    examine_begin();
    examine_machine()->cpu.vendor = CPU_OTHER;
    BEGINS("cpu.virtualization", "skipped");
    BEGINS("cpu.iommu", "skipped");
}

TEST(virtualization_by_the_makers_own_names)
{
    struct machine_cpu *const cpu = &examine_machine()->cpu;
    examine_begin();
    BEGINS("cpu.virtualization", "ok: AMD SVM is on");
    cpu->svm_or_vmx = false;
    BEGINS("cpu.virtualization", "failure: AMD SVM is off");
    FIX_HAS("press Del, F2 or F10 again and again, until the firmware's menus come.\nSet 'SVM");
    tree_folder("/sys/firmware/efi"); /* else nothing could ask for its menus */
    BEGINS("cpu.virtualization", "failure: AMD SVM is off");
    FIX_HAS("systemctl reboot --firmware-setup\nSet 'SVM Mode'");
    cpu->vendor = CPU_INTEL;
    BEGINS("cpu.virtualization", "failure: Intel VT-x is off");
    FIX_HAS("'Intel Virtualization Technology'");
}

TEST(a_guest_in_a_guest)
{
    examine_begin();
    BEGINS("cpu.bare_metal", "ok");
    examine_machine()->cpu.hypervisor = true;
    examine_machine()->cpu.svm_or_vmx = false;
    tree_folder("/sys/firmware/acpi");
    static const char *const rows[][2] = {
        { "cpu.bare_metal", "warning: This Linux runs in a virtual machine itself" },
        { "cpu.virtualization", "failure: This Linux runs in a virtual machine itself, which was "
                                "given no AMD SVM" },
        { "cpu.iommu", "failure: This Linux runs in a virtual machine itself, which was given no "
                       "AMD-Vi" },
        { "kvm.device", "failure: KVM is not there, because this Linux runs in a virtual" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        BEGINS(rows[i][0], rows[i][1]);
        FIX_HAS("Run Linux on the machine itself"); /* no firmware of this one would help */
    }
    BEGINS("cpu.uefi", "not_applicable");
}

/* What the firmware, the kernel and its parameters say together. */
TEST(iommu)
{
    struct machine *const m = examine_machine();
    examine_begin();
    m->distro.boot = BOOT_GRUBBY;
    BEGINS("cpu.iommu", "failure: AMD-Vi is off in the firmware: it gives Linux no IVRS table");
    FIX_HAS("Set 'IOMMU' to Enabled");
    tree_file("/sys/firmware/acpi/tables/DMAR", ""); /* the other maker's */
    BEGINS("cpu.iommu", "failure: AMD-Vi is off in the firmware");
    m->cpu.vendor = CPU_INTEL;
    BEGINS("cpu.iommu", "failure: The firmware offers Intel VT-d");
    FIX_HAS("--args=\"intel_iommu=on iommu=pt\"");
    set_parameters("intel_iommu=off", NULL);
    BEGINS("cpu.iommu", "failure: The kernel's parameter intel_iommu=off turns");
    FIX_HAS("--remove-args=\"intel_iommu=off\"");
    set_parameters("intel_iommu=on", "iommu=off");
    BEGINS("cpu.iommu", "failure: The kernel's parameter iommu=off turns");
    tree_folder("/sys/class/iommu/dmar1");
    tree_folder("/sys/class/iommu/dmar0");
    BEGINS("cpu.iommu", "ok: Intel VT-d works (dmar0 dmar1)");
}

TEST(what_needs_the_iommu_waits_for_it)
{
    examine_begin();
    BEGINS("cpu.interrupts", "not_applicable");
    BEGINS("cpu.passthrough_mode", "not_applicable");
}

TEST(interrupts)
{
    examine_begin();
    tree_folder("/sys/class/iommu/ivhd0");
    BEGINS("cpu.interrupts", "skipped: /proc/interrupts cannot be read");
    tree_file("/proc/interrupts", "  8:  0  IO-APIC  8-edge  rtc0\n");
    BEGINS("cpu.interrupts", "skipped");
    tree_file("/proc/interrupts", " 40:  0  PCI-MSI-0000:00:01.1  0-edge  PCIe PME\n");
    BEGINS("cpu.interrupts", "failure: Interrupts are not remapped");
    tree_file("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
    BEGINS("cpu.interrupts", "warning");
    tree_file("/proc/interrupts", " 40:  0  IR-PCI-MSI-0000:00:01.1  0-edge  PCIe PME\n");
    BEGINS("cpu.interrupts", "ok");
}

TEST(passthrough_mode)
{
    examine_begin();
    tree_folder("/sys/class/iommu/ivhd0");
    set_parameters("quiet", NULL);
    BEGINS("cpu.passthrough_mode", "warning");
    set_parameters("iommu.passthrough=1", NULL);
    BEGINS("cpu.passthrough_mode", "ok");
    set_parameters("iommu=nopt", NULL);
    tree_file("/sys/kernel/iommu_groups/0/type", "DMA-FQ\n");
    BEGINS("cpu.passthrough_mode", "warning");
    tree_file("/sys/kernel/iommu_groups/0/type", "identity\n"); /* the kernel's own default */
    BEGINS("cpu.passthrough_mode", "ok");
    tree_file("/.espelho/denied", "/sys/class/iommu\n");
    BEGINS("cpu.iommu", "skipped");
}

TEST(firmware_and_registers)
{
    examine_begin();
    BEGINS("cpu.uefi", "not_applicable"); /* a tree without /sys/firmware tells nothing */
    BEGINS("cpu.ignore_msrs", "not_applicable");
    tree_folder("/sys/firmware/acpi");
    BEGINS("cpu.uefi", "warning");
    FIX_HAS("'CSM'");
    tree_folder("/sys/firmware/efi");
    BEGINS("cpu.uefi", "ok");
    tree_file("/sys/module/kvm/parameters/ignore_msrs", "N\n");
    BEGINS("cpu.ignore_msrs", "ok: kvm.ignore_msrs is off");
    tree_file("/sys/module/kvm/parameters/ignore_msrs", "Y\n");
    BEGINS("cpu.ignore_msrs", "ok: KVM ignores");
}
