# SPDX-License-Identifier: GPL-2.0-or-later
"""Ryzen 9 5950X with an RTX 3090 for the guest and an RX 6400 for the desktop; Manjaro with GRUB and mkinitcpio.

Broken: a guide was followed that was not meant for this machine. amdgpu is kept out, so the desktop's card has no driver; nvidia has the
guest's; the ACS override was added, and still a network card shares the 3090's group.
Fixed: the 3090 is in the first slot, alone in its group, with vfio-pci; the firmware shows its picture on the RX 6400."""
import domain
import maker
import virtual
from maker import GIB, KIB, MIB, bar, powers

BY_HAND = {
    "1. Put the card into the slot nearest to the processor": ("slot", lambda m: domain.move(m, "06", "0c")),
    "In the firmware, set 'Primary Display'": ("primary", maker.nothing),
}


def describe(m, fixed):
    m.os_release("manjaro", "Manjaro Linux", "24.2.1", like="arch")
    parameters = " iommu=pt" if fixed else " pcie_acs_override=downstream,multifunction"
    m.kernel("6.12.4-1-MANJARO", "BOOT_IMAGE=/boot/vmlinuz-6.12-x86_64 root=UUID=31aa rw quiet splash" + parameters)
    m.uefi()
    for name, number in (("wheel", 998), ("kvm", 992), ("libvirt", 961), ("render", 989), ("input", 994), ("libvirt-qemu", 959)):
        m.group(name, number)
    m.user("davi", ["wheel", "kvm", "libvirt", "input"] if fixed else ["wheel"])
    m.cpu("AuthenticAMD", "AMD Ryzen 9 5950X 16-Core Processor",
          [[(n, n + 16) for n in range(8)], [(n, n + 16) for n in range(8, 16)]], memory=64 * GIB)
    m.iommu(["ivhd0"], "IVRS")
    m.file("/etc/default/grub", "GRUB_DEFAULT=saved\nGRUB_CMDLINE_LINUX_DEFAULT='quiet splash" + parameters + "'\n")
    m.file("/usr/bin/mkinitcpio", "")
    early = "vfio_pci vfio vfio_iommu_type1" if fixed else ""
    m.file("/etc/mkinitcpio.conf", f"MODULES=({early})\nHOOKS=(base udev autodetect modconf kms block filesystems)\n")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_amd", nested="1")
    m.file("/etc/modprobe.d/blacklist.conf", "# from the guide\nblacklist nouveau\n" + "blacklist amdgpu\n" * (not fixed))
    if fixed:
        m.module("amdgpu")
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2204,10de:1aef\nsoftdep nvidia pre: vfio-pci\n"
               "softdep snd_hda_intel pre: vfio-pci\n")
    else:
        m.module("nvidia")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    first, second = ("0000:0c:00", "0000:06:00") if fixed else ("0000:06:00", "0000:0c:00")  # slots of the 3090, the RX 6400
    at_processor, at_chipset = "0000:00:03.1", "0000:00:01.2"
    m.pci("0000:00:01.2", "1022:1483", 0x060400, driver="pcieport", group=2)
    m.pci("0000:00:03.1", "1022:1483", 0x060400, driver="pcieport", group=5)
    m.pci("0000:05:00.0", "10ec:8168", 0x020000, driver="r8169", group=15, above=at_chipset, bars={0: bar(256, io=True)})
    guest = dict(above=at_processor if fixed else at_chipset, group=27 if fixed else 15)
    host = dict(above=at_chipset if fixed else at_processor, group=15 if fixed else 27)
    m.pci(first + ".0", "10de:2204", 0x030000, driver="vfio-pci" if fixed else "nvidia", boot_vga=not fixed, reset="flr bus", rom=True,
          bars={0: bar(16 * MIB), 1: bar(256 * MIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)},
          resizable={1: powers(64 * MIB, 32 * GIB)}, **guest)
    m.pci(first + ".1", "10de:1aef", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", bars=[bar(16 * KIB)], **guest)
    m.pci(second + ".0", "1002:743f", 0x030000, driver="amdgpu" if fixed else None, boot_vga=fixed, reset="bus", rom=True,
          bars={0: bar(4 * GIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(1 * MIB)},
          resizable={0: powers(256 * MIB, 4 * GIB), 2: powers(2 * MIB, 256 * MIB)}, **host)
    m.pci(second + ".1", "1002:ab28", 0x040300, driver="snd_hda_intel", bars=[bar(16 * KIB)], **host)
    if fixed:
        m.screens(0, second + ".0", HDMI_A_1=True, DP_1=True)
    m.group_kind("identity" if fixed else "DMA-FQ")


def guest(m, fixed):
    """Broken: pinned by counting on, across both caches, beside QEMU's threads; the module kvmfr was built for the kernel before.
    Fixed: one cache for the guest, and the module with what it needs."""
    release = "6.12.4-1-MANJARO"
    virtual.kvm(m, 0o666)
    virtual.programs(m, "9.1.2", "10.9.0")
    virtual.daemon(m)
    virtual.network(m, autostart=fixed)
    keyboard = "usb-Keychron_K2-event-kbd"
    if not fixed:
        pins = domain.pinning([(n, n + 1) for n in range(4, 12, 2)], "0-5")
        domain.fresh(m, domain.hostdev("0000:06:00.0") + domain.hostdev("0000:06:00.1") + domain.evdev("/dev/input/event5"), vcpus=8,
                     memory_gib=32, pins=pins, commandline=domain.kvmfr(128))
        m.node("/dev/input/event5", 13, 69, 0o660, group="input")
        m.link(f"/dev/input/by-id/{keyboard}", "../event5")
        virtual.qemu_conf(m)
        virtual.kvmfr(m, release, 128, loaded=False, built_for="6.11.10-2-MANJARO")
        return
    cores = [(n, n + 16) for n in range(8, 16)]
    domain.ready(m, domain.hostdev("0000:0c:00.0") + domain.hostdev("0000:0c:00.1") + domain.evdev(f"/dev/input/by-id/{keyboard}"), cores,
                 "0-7,16-23", memory_gib=32, hidden=True, commandline=domain.kvmfr(128))
    virtual.input_device(m, keyboard)
    virtual.qemu_conf(m, ["/dev/kvmfr0"])
    virtual.kvmfr(m, release, 128)
    virtual.opened(m, "/dev/kvmfr0", {})
