# SPDX-License-Identifier: GPL-2.0-or-later
"""A notebook with a Core i7-10750H and a GeForce GTX 1650 Ti, which has no vBIOS of its own; Ubuntu with GRUB.

Broken: as installed. VT-d waits for its parameter, and NVIDIA's driver has the card.
Fixed: vfio-pci has all of the card's functions."""
import domain
import maker
import virtual
from maker import GIB, KIB, MIB, bar

ROM = "/usr/share/vgabios/gtx1650ti.rom"
BY_HAND = {"Follow its steps, and put the file": ("ROM read in Windows", lambda m: m.file(ROM, "rom", mode=0o644)),
           "take \"Enroll MOK\" in the blue screen": ("Enroll MOK", maker.nothing)}


def describe(m, fixed):
    m.os_release("ubuntu", "Ubuntu 24.04.1 LTS", "24.04", like="debian")
    m.kernel("6.8.0-49-generic", "BOOT_IMAGE=/boot/vmlinuz-6.8.0-49-generic root=UUID=99cc ro quiet splash" +
             (" intel_iommu=on iommu=pt" if fixed else ""))
    m.uefi(secure_boot=True)
    for name, number in (("sudo", 27), ("kvm", 993), ("libvirt", 129), ("render", 992), ("input", 995), ("libvirt-qemu", 64055)):
        m.group(name, number)
    m.user("lia", ["sudo", "kvm", "libvirt"] if fixed else ["sudo"])
    m.cpu("GenuineIntel", "Intel(R) Core(TM) i7-10750H CPU @ 2.60GHz", [[(n, n + 6) for n in range(6)]], memory=16 * GIB)
    m.file("/etc/default/grub", 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nGRUB_CMDLINE_LINUX=""\n')
    m.file("/usr/sbin/update-initramfs", "")
    m.file("/etc/initramfs-tools/modules", "# List of modules that you want to include in your initramfs.\n" + "vfio-pci\n" * fixed)
    m.file("/sys/module/apparmor/parameters/enabled", "Y\n")
    m.module("i915", enable_guc="-1")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_intel", nested="Y")
    if fixed:
        m.iommu(["dmar0", "dmar1"], "DMAR")
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1f95,10de:10fa\nsoftdep nvidia pre: vfio-pci\n"
               "softdep snd_hda_intel pre: vfio-pci\n")
    else:
        m.acpi_table("DMAR")
        m.interrupts()
        m.module("nvidia")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    number = (lambda n: n) if fixed else (lambda n: None)
    m.pci("0000:00:01.0", "8086:1901", 0x060400, driver="pcieport", group=number(2))
    m.pci("0000:00:02.0", "8086:9bc4", 0x030000, driver="i915", group=number(1), boot_vga=True, reset="flr", rom=True,
          bars={0: bar(16 * MIB, wide=True), 2: bar(256 * MIB, prefetch=True), 4: bar(64, io=True)})
    m.pci("0000:01:00.0", "10de:1f95", 0x030000, driver="vfio-pci" if fixed else "nvidia", group=number(2), above="0000:00:01.0",
          boot_vga=False, reset="bus",
          bars={0: bar(16 * MIB), 1: bar(256 * MIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)})
    m.pci("0000:01:00.1", "10de:10fa", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=number(2),
          above="0000:00:01.0", bars=[bar(16 * KIB)])
    m.screens(0, "0000:00:02.0", eDP_1=True, HDMI_A_1=False)
    if not fixed:
        m.screens(1, "0000:01:00.0", HDMI_A_2=False)
    m.group_kind("identity")


def guest(m, fixed):
    """Broken: more memory than is good, a ROM file that is not there, and Secure Boot keeps the module kvmfr away.
    Fixed: plain shared memory, which needs no module, and the ROM that was taken from the notebook's firmware."""
    virtual.kvm(m)
    virtual.programs(m, "8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.4)", "10.0.0")
    virtual.daemon(m)
    virtual.network(m)
    virtual.apparmor(m)
    both = domain.hostdev("0000:01:00.0", rom=ROM) + domain.hostdev("0000:01:00.1")
    if not fixed:
        domain.fresh(m, both, memory_gib=15, vcpus=16, commandline=domain.kvmfr(32))
        virtual.qemu_conf(m)
        virtual.kvmfr(m, "6.8.0-49-generic", 32, loaded=False)
        m.command(["mokutil", "--test-key", "/var/lib/dkms/mok.pub"], "/var/lib/dkms/mok.pub is not enrolled\n", status=0)
        return
    domain.ready(m, both + domain.shmem(32), [(n, n + 6) for n in range(2, 6)], "0-1,6-7", memory_gib=8, hidden=True, amd=False)
    m.file(ROM, "rom", mode=0o644)
    virtual.shared_file(m, 32, "lia", "kvm")
    virtual.tmpfiles(m, "lia", "kvm")
    virtual.opened(m, "/dev/shm/looking-glass", {})
