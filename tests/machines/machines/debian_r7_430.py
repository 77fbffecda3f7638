# SPDX-License-Identifier: GPL-2.0-or-later
"""HP EliteDesk 705 G4 with a Ryzen 5 PRO 2400G, whose Vega drives the desktop, and a Radeon R7 430; Debian with GRUB.

Broken: as it comes from the office. The firmware has SVM and IOMMU off and shows its picture on the added card, which radeon has.
Fixed: both on, the first picture is the Vega's, vfio-pci has the card."""
import domain
import maker
import virtual
from maker import GIB, KIB, MIB, bar

BY_HAND = {
    "Set 'SVM Mode' to Enabled": ("processor", maker.nothing),
    "Switch it on in the firmware (BIOS setup)": ("processor", maker.nothing),
    "Set 'IOMMU' to Enabled": ("iommu", maker.nothing),
    "In the firmware, set 'Primary Display'": ("primary", maker.nothing),
    "A machine type cannot be changed in place: make a new VM": ("q35", domain.make_q35),
}


def describe(m, fixed):
    m.os_release("debian", "Debian GNU/Linux 12 (bookworm)", "12")
    m.kernel("6.1.0-28-amd64", "BOOT_IMAGE=/boot/vmlinuz-6.1.0-28-amd64 root=UUID=77aa ro quiet" + (" iommu=pt" if fixed else ""))
    m.uefi()
    for name, number in (("sudo", 27), ("kvm", 106), ("libvirt", 113), ("render", 107), ("input", 105), ("libvirt-qemu", 64055)):
        m.group(name, number)
    m.user("bia", ["sudo", "kvm", "libvirt"] if fixed else ["sudo"])
    m.cpu("AuthenticAMD", "AMD Ryzen 5 PRO 2400G with Radeon Vega Graphics", [[(2 * n, 2 * n + 1) for n in range(4)]],
          virtualization=fixed, memory=16 * GIB)
    m.file("/etc/default/grub", 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n')
    m.file("/usr/sbin/update-initramfs", "")
    m.file("/etc/initramfs-tools/modules", "# List of modules that you want to include in your initramfs.\n" + "vfio-pci\n" * fixed)
    m.file("/sys/module/apparmor/parameters/enabled", "Y\n")
    m.directory("/sys/firmware/acpi/tables")
    m.module("amdgpu")
    if fixed:
        m.iommu(["ivhd0"], "IVRS")
        m.module("kvm", ignore_msrs="N")
        m.module("kvm_amd", nested="1")
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=1002:6611,1002:aab0\nsoftdep radeon pre: vfio-pci\n"
               "softdep snd_hda_intel pre: vfio-pci\n")
    else:
        m.interrupts()
        m.module("radeon")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    number = (lambda n: n) if fixed else (lambda n: None)
    m.pci("0000:00:00.0", "1022:15d0", 0x060000, group=number(0))
    m.pci("0000:00:01.1", "1022:15d3", 0x060400, driver="pcieport", group=number(1))
    m.pci("0000:00:08.1", "1022:15db", 0x060400, driver="pcieport", group=number(2))
    m.pci("0000:01:00.0", "1002:6611", 0x030000, driver="vfio-pci" if fixed else "radeon", group=number(8), above="0000:00:01.1",
          boot_vga=not fixed, reset="pm bus", rom=True,
          bars={0: bar(256 * MIB, prefetch=True), 2: bar(256 * KIB, wide=True), 4: bar(256, io=True)}, subsystem="1028:1711")
    m.pci("0000:01:00.1", "1002:aab0", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=number(8),
          above="0000:00:01.1", bars=[bar(16 * KIB, wide=True)])
    m.pci("0000:0a:00.0", "1002:15d8", 0x030000, driver="amdgpu", group=number(10), above="0000:00:08.1", boot_vga=fixed, reset="pm",
          bars={0: bar(256 * MIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(512 * KIB)})
    m.pci("0000:0a:00.1", "1002:15d7", 0x040300, driver="snd_hda_intel", group=number(11), above="0000:00:08.1", bars=[bar(16 * KIB)])
    m.pci("0000:0a:00.2", "1022:15df", 0x108000, driver="ccp", group=number(12), above="0000:00:08.1", bars={2: bar(1 * MIB)})
    m.screens(0, "0000:0a:00.0", HDMI_A_1=fixed, DP_1=False)
    if not fixed:
        m.screens(1, "0000:01:00.0", DP_1=True)
    m.group_kind("identity")


def guest(m, fixed):
    """Broken: an old BIOS machine with an emulated network of its own years; the shared file belongs to QEMU alone since the restart."""
    if fixed:
        virtual.kvm(m)
    virtual.programs(m, "7.2.15 (Debian 1:7.2+dfsg-7+deb12u12)", "9.0.0")
    virtual.daemon(m)
    virtual.network(m, refused=not fixed)
    virtual.apparmor(m)
    if not fixed:
        domain.fresh(m, domain.hostdev("0000:01:00.0", rom="/home/bia/r7.rom") + domain.hostdev("0000:01:00.1") + domain.shmem(32),
                     machine="pc-i440fx-7.2", uefi=False)
        m.file("/home/bia/r7.rom", "rom", mode=0o600, owner="bia", group="bia")
        virtual.shared_file(m, 32, "libvirt-qemu", "kvm", mode=0o600)
        return
    domain.ready(m, domain.hostdev("0000:01:00.0", rom="/usr/share/vgabios/r7.rom") + domain.hostdev("0000:01:00.1") + domain.shmem(32),
                 [(4, 5), (6, 7)], "0-3", machine="pc-q35-7.2")
    m.file("/usr/share/vgabios/r7.rom", "rom", mode=0o644)
    virtual.shared_file(m, 32, "bia", "kvm")
    virtual.tmpfiles(m, "bia", "kvm")
    virtual.opened(m, "/dev/shm/looking-glass", {2210: "espelho"})
