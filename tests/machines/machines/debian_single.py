# SPDX-License-Identifier: GPL-2.0-or-later
"""A Core i5-9400F, which has no graphics, with one card, a GeForce GTX 1060; Debian with GRUB.

Broken: there is no card for the desktop beside the VM's. Fixed: a second, small one (GeForce GT 710) was put in for the desktop."""
import domain
import maker
import virtual
from maker import GIB, KIB, MIB, bar

BY_HAND = {
    "or add a second, cheap card": ("slot", maker.nothing),
    "In the firmware, set 'Primary Display'": ("primary", maker.nothing),
}


def describe(m, fixed):
    m.os_release("debian", "Debian GNU/Linux 13 (trixie)", "13")
    m.kernel("6.12.57+deb13-amd64", "BOOT_IMAGE=/boot/vmlinuz-6.12.57+deb13-amd64 root=UUID=66ee ro quiet" +
             (" intel_iommu=on iommu=pt" if fixed else ""))
    m.uefi()
    for name, number in (("sudo", 27), ("kvm", 106), ("libvirt", 113), ("render", 107), ("input", 105), ("libvirt-qemu", 64055)):
        m.group(name, number)
    m.user("hugo", ["sudo", "kvm", "libvirt"])
    m.cpu("GenuineIntel", "Intel(R) Core(TM) i5-9400F CPU @ 2.90GHz", [[(n,) for n in range(6)]], memory=16 * GIB)
    m.file("/etc/default/grub", 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n')
    m.file("/usr/sbin/update-initramfs", "")
    m.file("/etc/initramfs-tools/modules", "# List of modules that you want to include in your initramfs.\n" + "vfio-pci\n" * fixed)
    m.file("/sys/module/apparmor/parameters/enabled", "Y\n")
    m.module("nouveau")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_intel", nested="Y")
    if fixed:
        m.iommu(["dmar0"], "DMAR")
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/espelho-vfio.conf", "options vfio-pci ids=10de:1c03,10de:10f1\nsoftdep nouveau pre: vfio-pci\n")
    else:
        m.acpi_table("DMAR")
        m.interrupts()
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    number = (lambda n: n) if fixed else (lambda n: None)
    m.pci("0000:00:00.0", "8086:3ec2", 0x060000, group=number(0))
    m.pci("0000:00:01.0", "8086:1901", 0x060400, driver="pcieport", group=number(1))
    m.pci("0000:01:00.0", "10de:1c03", 0x030000, driver="vfio-pci" if fixed else "nouveau", group=number(1), above="0000:00:01.0",
          boot_vga=not fixed, reset="bus", rom=True,
          bars={0: bar(16 * MIB), 1: bar(256 * MIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)})
    m.pci("0000:01:00.1", "10de:10f1", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=number(1),
          above="0000:00:01.0", bars=[bar(16 * KIB)])
    if not fixed:
        m.screens(0, "0000:01:00.0", DP_1=True)
        return
    m.pci("0000:00:1c.0", "8086:1901", 0x060400, driver="pcieport", group=7)
    m.pci("0000:03:00.0", "10de:128b", 0x030000, driver="nouveau", group=12, above="0000:00:1c.0", boot_vga=True, reset="bus", rom=True,
          bars={0: bar(16 * MIB), 1: bar(128 * MIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)})
    m.pci("0000:03:00.1", "10de:0e0f", 0x040300, driver="snd_hda_intel", group=12, above="0000:00:1c.0", bars=[bar(16 * KIB)])
    m.screens(0, "0000:03:00.0", DVI_D_1=True)
    m.group_kind("identity")


def guest(m, fixed):
    virtual.kvm(m)
    virtual.programs(m, "10.0.2 (Debian 1:10.0.2+ds-2)", "11.3.0")
    virtual.daemon(m)
    virtual.network(m)
    virtual.apparmor(m)
    if not fixed:
        domain.fresh(m, "", memory_gib=8, vcpus=4, machine="pc-q35-10.0")
        return
    domain.ready(m, domain.hostdev("0000:01:00.0") + domain.hostdev("0000:01:00.1") + domain.shmem(32), [(n,) for n in range(2, 6)], "0-1",
                 machine="pc-q35-10.0", hidden=True, amd=False)
    virtual.shared_file(m, 32, "hugo", "kvm")
    virtual.tmpfiles(m, "hugo", "kvm")
    virtual.opened(m, "/dev/shm/looking-glass", {})
