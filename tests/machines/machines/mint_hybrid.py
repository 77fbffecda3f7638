# SPDX-License-Identifier: GPL-2.0-or-later
"""A notebook with a Core i7-12700H, which has fast and slow cores, and a GeForce RTX 3060; Linux Mint with GRUB.

Broken: VT-d waits for its parameter; the VM has fast and slow cores together, and more memory than huge pages were reserved for.
Fixed: fast cores only; a server with a doorbell."""
import domain
import virtual
from maker import GIB, KIB, MIB, bar, powers


def describe(m, fixed):
    m.os_release("linuxmint", "Linux Mint 22", "22", like="ubuntu debian")
    m.kernel("6.8.0-51-generic", "BOOT_IMAGE=/boot/vmlinuz-6.8.0-51-generic root=UUID=44dd ro quiet splash" +
             (" intel_iommu=on iommu=pt" if fixed else ""))
    m.uefi()
    for name, number in (("sudo", 27), ("kvm", 993), ("libvirt", 129), ("render", 992), ("input", 995), ("libvirt-qemu", 64055)):
        m.group(name, number)
    m.user("gil", ["sudo", "kvm", "libvirt"] if fixed else ["sudo"])
    cores = [(2 * n, 2 * n + 1) for n in range(6)] + [(n,) for n in range(12, 20)]
    m.cpu("GenuineIntel", "12th Gen Intel(R) Core(TM) i7-12700H", [cores], efficient=range(12, 20), memory=32 * GIB)
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
        m.file("/etc/modprobe.d/espelho-vfio.conf", "options vfio-pci ids=10de:2520,10de:228e\nsoftdep nvidia pre: vfio-pci\n")
    else:
        m.acpi_table("DMAR")
        m.interrupts()
        m.module("nvidia")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    number = (lambda n: n) if fixed else (lambda n: None)
    m.pci("0000:00:01.0", "8086:460d", 0x060400, driver="pcieport", group=number(2))
    m.pci("0000:00:02.0", "8086:46a6", 0x030000, driver="i915", group=number(0), boot_vga=True, reset="flr", rom=True,
          bars={0: bar(16 * MIB, wide=True), 2: bar(256 * MIB, prefetch=True), 4: bar(64, io=True)})
    m.pci("0000:00:1f.3", "8086:51c8", 0x040300, driver="snd_hda_intel", group=number(15), bars=[bar(16 * KIB)])
    m.pci("0000:01:00.0", "10de:2520", 0x030000, driver="vfio-pci" if fixed else "nvidia", group=number(16), above="0000:00:01.0",
          boot_vga=False, reset="bus", rom=True,
          bars={0: bar(16 * MIB), 1: bar(8 * GIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)},
          resizable={1: powers(64 * MIB, 8 * GIB)})
    m.pci("0000:01:00.1", "10de:228e", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=number(16),
          above="0000:00:01.0", bars=[bar(16 * KIB)])
    m.screens(0, "0000:00:02.0", eDP_1=True)
    if not fixed:
        m.screens(1, "0000:01:00.0", HDMI_A_1=False)
    m.group_kind("identity")


def guest(m, fixed):
    virtual.kvm(m)
    virtual.programs(m, "8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.4)", "10.0.0")
    virtual.daemon(m)
    virtual.network(m)
    virtual.apparmor(m)
    both = domain.hostdev("0000:01:00.0") + domain.hostdev("0000:01:00.1")
    pages = "<memoryBacking><hugepages/></memoryBacking>"
    m.file("/etc/espelho/shm/win11.conf", "mode=1920x1080\n")
    if not fixed:
        pins = domain.pinning([(8, 9), (10, 11), (12, 13), (14, 15)], "0-3")
        virtual.hugepages(m, 4096, 4096)
        m.file("/etc/sysctl.d/99-hugepages.conf", "# from the guide\nvm.nr_hugepages = 4096\n")
        domain.fresh(m, both + domain.doorbell("/run/espelho/win11.sock"), memory_gib=16, vcpus=8, pins=pins, backing=pages)
        return
    virtual.hugepages(m, 8192, 8192)
    domain.ready(m, both + domain.doorbell("/run/espelho/win11.sock"), [(2 * n, 2 * n + 1) for n in range(1, 6)], "0-1,12-19",
                 memory_gib=16, hidden=True, amd=False, backing=pages)
    m.socket("/run/espelho/win11.sock", 0o660, group="kvm")
    m.link("/etc/systemd/system/sockets.target.wants/espelho-shm@win11.socket", "/usr/lib/systemd/system/espelho-shm@.socket")
    m.node("/dev/udmabuf", 10, 125, 0o660, group="kvm")
    m.file("/sys/module/udmabuf/parameters/size_limit_mb", "64\n")
