/* SPDX-License-Identifier: GPL-2.0-or-later
 * The VM's definition: what kind of machine it is. The other parts are in domain_*.c. */
#include "doctor/check.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/domain_check.h"
#include "doctor/wording.h"

static void tell_loose(const struct vm *vm, struct findings *out)
{
    autofree char *xml = wording("  <qemu:arg value='%s'/>", vm->loose_option);
    autofree char *qemu = wording("  %s", vm->loose_option);
    if (xml && qemu)
        finding_edit(out, VERDICT_FAILURE, vm, NULL, (struct vm_edit){ VM_EDIT_REMOVE, xml, qemu },
                     _("Among QEMU's arguments, '%s' has no value behind it: QEMU does not start."),
                     vm->loose_option);
}

static void check_definition(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (vm->loose_option[0]) {
        tell_loose(vm, out);
        return;
    }
    if (!vm->truncated) {
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The definition was read (%s)."), vm->source);
        return;
    }
    autofree char *virsh = wording_virsh(vm, "dumpxml");
    autofree char *fix =
        wording(_("Look for names or paths that are very long or have strange characters:\n%s"),
                virsh ? virsh : "virsh dumpxml");
    finding_add(out, VERDICT_WARNING, NULL,
                _("Some values of the definition could not be understood and were left out of the "
                  "checks below."),
                fix);
}

static void check_kvm(const struct doctor_facts *facts, struct findings *out)
{
    const char *const type = facts->vm->type;
    if (strcmp(type, "kvm") == 0)
        finding_add(out, VERDICT_OK, NULL, _("The VM runs on KVM."), NULL);
    else
        finding_edit(out, VERDICT_FAILURE, facts->vm, NULL,
                     (struct vm_edit){ NULL, "  <domain type='kvm'>", "  -accel kvm" },
                     _("The VM has the type '%s' instead of 'kvm': its processor is emulated."),
                     type);
}

static void check_machine(const struct doctor_facts *facts, struct findings *out)
{
    const char *const machine = facts->vm->machine;
    if (strstr(machine, "q35")) {
        finding_addf(out, VERDICT_OK, NULL, NULL, _("The machine type is %s."), machine);
        return;
    }
    finding_addf(out, VERDICT_WARNING, NULL,
                 _("A machine type cannot be changed in place: make a new VM (in virt-manager "
                   "choose \"Customize configuration before install\", then Chipset: Q35, "
                   "Firmware: UEFI) and give it the disk of the old one."),
                 _("The machine type is '%s', which has no PCI Express."), machine);
}

static bool has_uefi(const struct vm *vm)
{
    return vm->firmware_efi || strcmp(vm->loader_type, "pflash") == 0;
}

static void check_firmware(const struct doctor_facts *facts, struct findings *out)
{
    const struct vm *const vm = facts->vm;
    if (!has_uefi(vm)) {
        finding_edit(
            out, domain_has_gpu(facts) ? VERDICT_FAILURE : VERDICT_WARNING, vm, NULL,
            (struct vm_edit){ NULL, "  <os firmware='efi'>",
                              "  -drive if=pflash,format=raw,readonly=on,file=OVMF_CODE.fd\n"
                              "  -drive if=pflash,format=raw,file=OVMF_VARS.fd" },
            _("The VM starts with an old BIOS instead of UEFI (OVMF). A Windows that was "
              "installed with BIOS has to be converted by 'mbr2gpt' before the change."));
        return;
    }
    if (vm->loader[0] && !root_exists(facts->root, vm->loader)) {
        autofree char *fix = fix_install(facts->machine, "ovmf");
        finding_addf(out, VERDICT_FAILURE, NULL, fix, _("The VM's firmware %s does not exist."),
                     vm->loader);
        return;
    }
    finding_addf(out, VERDICT_OK, NULL, NULL,
                 vm->loader[0] ? _("The VM starts with UEFI: %s.") : _("The VM starts with UEFI."),
                 vm->loader);
}

static const struct check checks[] = {
    { "domain.definition", CHECK_DOMAIN, N_("Definition of the VM"),
      N_("Everything below is judged by what libvirt or QEMU was told."), check_definition },
    { "domain.kvm", CHECK_DOMAIN, N_("Acceleration"),
      N_("Without KVM every instruction of the guest is translated, a hundred times slower."),
      check_kvm },
    { "domain.machine", CHECK_DOMAIN, N_("Machine type"),
      N_("Graphics cards expect PCI Express, which only the type q35 has."), check_machine },
    { "domain.firmware", CHECK_DOMAIN, N_("UEFI firmware"),
      N_("Graphics cards of today start with UEFI only, and Windows 11 wants it."),
      check_firmware },
    { "domain.cpu_model", CHECK_DOMAIN, N_("Processor model"),
      N_("host-passthrough shows the guest the real processor with all that it can do."),
      domain_cpu_model },
    { "domain.topology", CHECK_DOMAIN, N_("Cores and threads"),
      N_("Windows spreads its work by the cores and threads that it believes to have, and Windows "
         "Home uses one socket only."),
      domain_topology },
    { "domain.pinning", CHECK_DOMAIN, N_("Pinning of virtual CPUs"),
      N_("A virtual CPU that wanders between cores or caches makes games stutter."),
      domain_pinning },
    { "domain.emulator", CHECK_DOMAIN, N_("QEMU's own threads"),
      N_("QEMU's own work (disks, network, SPICE) must not take time from the guest's cores."),
      domain_emulator },
    { "domain.memory", CHECK_DOMAIN, N_("Memory"),
      N_("All memory of a VM with a passed-through card is taken at once and cannot be swapped."),
      domain_memory },
    { "domain.hugepages", CHECK_DOMAIN, N_("Huge pages"),
      N_("Huge pages make memory faster, but a VM does not start when too few are reserved."),
      domain_hugepages },
    { "domain.memballoon", CHECK_DOMAIN, N_("Memory balloon"),
      N_("The balloon cannot give memory back while a card is passed through, and costs speed."),
      domain_memballoon },
    { "domain.code43", CHECK_DOMAIN, N_("Error 43 of NVIDIA's driver"),
      N_("Older NVIDIA drivers refuse to work (Code 43) when they notice a VM."), domain_code43 },
    { "domain.hyperv", CHECK_DOMAIN, N_("Hyper-V features"),
      N_("With them Windows knows that it is a guest and wastes much less processor time."),
      domain_hyperv },
    { "domain.hostdev", CHECK_DOMAIN, N_("Passed-through devices"),
      N_("The guest needs a graphics card of its own, with all functions of it."), domain_hostdev },
    { "domain.rom", CHECK_DOMAIN, N_("Card firmware (vBIOS) files"),
      N_("A ROM file that QEMU cannot read keeps the VM from starting."), domain_rom },
    { "domain.video", CHECK_DOMAIN, N_("Emulated display"),
      N_("A second, emulated display confuses Windows about which screen is the main one."),
      domain_video },
    { "domain.spice", CHECK_DOMAIN, N_("SPICE server"),
      N_("Keyboard, mouse, sound and clipboard of the window travel through SPICE."),
      domain_spice },
    { "domain.agent", CHECK_DOMAIN, N_("Channel of the SPICE agent"),
      N_("Copy and paste between Linux and Windows needs this channel."), domain_agent },
    { "domain.input", CHECK_DOMAIN, N_("Keyboard and mouse"),
      N_("virtio devices are the quickest; a tablet sends positions, which games cannot use."),
      domain_input },
    { "domain.evdev", CHECK_DOMAIN, N_("Input devices of Linux (evdev)"),
      N_("The VM does not start when a device is missing, and names outside of by-id change."),
      domain_evdev },
    { "domain.sound", CHECK_DOMAIN, N_("Sound"),
      N_("The window plays what the guest's sound card sends through SPICE."), domain_sound },
    { "domain.usb", CHECK_DOMAIN, N_("USB controller"),
      N_("USB devices given to the guest are slow, or do not work, on an old controller."),
      domain_usb },
    { "domain.shmem", CHECK_DOMAIN, N_("Shared memory device"),
      N_("The picture comes from the guest through this memory."), domain_shmem },
    { "domain.shmem_size", CHECK_DOMAIN, N_("Size of the shared memory"),
      N_("Two whole pictures must fit into it, or the guest can send none."), domain_shmem_size },
};
const struct check_table check_domain_table = { checks, ARRAY_LEN(checks) };
