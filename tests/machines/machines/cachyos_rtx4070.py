# SPDX-License-Identifier: GPL-2.0-or-later
"""Ryzen 9 7950X, two caches, whose graphics drive the desktop, and a GeForce RTX 4070; CachyOS with Limine and mkinitcpio.

Broken: ids of an older card stand in a file of the user's, nvidia has the new card, and the VM lacks the arguments' values.
Fixed: vfio-pci has it early, the VM has one cache."""
import domain
import virtual
from maker import GIB, KIB, MIB, bar, powers


def describe(m, fixed):
    m.os_release("cachyos", "CachyOS", like="arch")
    parameters = " iommu=pt" if fixed else ""
    m.kernel("6.12.8-2-cachyos", "quiet nowatchdog splash rw root=UUID=cc11" + parameters)
    m.uefi()
    for name, number in (("wheel", 998), ("kvm", 992), ("libvirt", 961), ("render", 989), ("input", 994), ("libvirt-qemu", 959)):
        m.group(name, number)
    m.user("edu", ["wheel", "kvm", "libvirt"] if fixed else ["wheel", "kvm"])
    m.cpu("AuthenticAMD", "AMD Ryzen 9 7950X 16-Core Processor",
          [[(n, n + 16) for n in range(8)], [(n, n + 16) for n in range(8, 16)]], memory=64 * GIB)
    m.iommu(["ivhd0"], "IVRS")
    m.file("/etc/default/limine", 'ESP_PATH="/boot"\nKERNEL_CMDLINE[default]+="quiet nowatchdog splash"\n' +
           'KERNEL_CMDLINE[default]+=" iommu=pt"\n' * fixed)
    m.file("/usr/bin/mkinitcpio", "")
    m.file("/usr/bin/limine-mkinitcpio", "")
    m.file("/etc/mkinitcpio.conf", f"MODULES=({'vfio_pci vfio vfio_iommu_type1' if fixed else ''})\nHOOKS=(base systemd modconf kms block)\n")
    m.module("amdgpu")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_amd", nested="1")
    if fixed:
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/espelho-vfio.conf", "options vfio-pci ids=10de:2786,10de:22bc\nsoftdep nvidia pre: vfio-pci\n")
    else:
        m.module("nvidia")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2204,10de:1aef\n")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    m.pci("0000:00:00.0", "1022:14d8", 0x060000, group=0)
    m.pci("0000:00:01.1", "1022:14db", 0x060400, driver="pcieport", group=1)
    m.pci("0000:00:08.1", "1022:14dd", 0x060400, driver="pcieport", group=5)
    m.pci("0000:01:00.0", "10de:2786", 0x030000, driver="vfio-pci" if fixed else "nvidia", group=12, above="0000:00:01.1",
          boot_vga=False, reset="flr bus", rom=True,
          bars={0: bar(16 * MIB), 1: bar(16 * GIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)},
          resizable={1: powers(64 * MIB, 16 * GIB)})
    m.pci("0000:01:00.1", "10de:22bc", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=12, above="0000:00:01.1",
          bars=[bar(16 * KIB)])
    m.pci("0000:0f:00.0", "1002:164e", 0x030000, driver="amdgpu", group=20, above="0000:00:08.1", boot_vga=True, reset="pm",
          bars={0: bar(512 * MIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(512 * KIB)})
    m.pci("0000:0f:00.1", "1002:1640", 0x040300, driver="snd_hda_intel", group=21, above="0000:00:08.1", bars=[bar(16 * KIB)])
    m.pci("0000:0f:00.2", "1022:1649", 0x108000, driver="ccp", group=22, above="0000:00:08.1", bars={2: bar(1 * MIB)})
    m.screens(0, "0000:0f:00.0", DP_1=True)
    m.group_kind("identity" if fixed else "DMA-FQ")


def guest(m, fixed):
    """Broken: '-object' at the end of QEMU's arguments, from an edit that was given up; vCPUs over both caches; a keyboard
    that was replaced."""
    virtual.kvm(m, 0o666)
    virtual.programs(m, "9.2.0", "10.10.0")
    virtual.daemon(m)
    virtual.network(m)
    both = domain.hostdev("0000:01:00.0") + domain.hostdev("0000:01:00.1")
    keyboard, mouse = "usb-Corsair_K70-event-kbd", "usb-Logitech_G305-event-mouse"
    virtual.input_device(m, keyboard, 70)
    virtual.input_device(m, mouse, 71)
    if not fixed:
        pins = domain.pinning([(n, n + 16) for n in range(4, 12)], "0-3,16-19")
        domain.fresh(m, both + domain.evdev("/dev/input/by-id/usb-Redragon_K552-event-kbd"), vcpus=16, memory_gib=32, pins=pins, commandline=domain.commandline("-object"))
        return
    both += domain.evdev(f"/dev/input/by-id/{mouse}", f"/dev/input/by-id/{keyboard}")
    domain.ready(m, both + domain.shmem(64), [(n, n + 16) for n in range(8, 16)], "0-7,16-23", memory_gib=32, hidden=True)
    virtual.shared_file(m, 64, "edu", "kvm")
    virtual.tmpfiles(m, "edu", "kvm")
    virtual.opened(m, "/dev/shm/looking-glass", {})
