# SPDX-License-Identifier: GPL-2.0-or-later
"""A notebook with a Ryzen 7 5800H and a GeForce RTX 3060; Pop!_OS, whose kernel gets its parameters by kernelstub.

Broken: vfio-pci was told to take the card, but the initramfs was not built anew, and NVIDIA's driver is earlier; the sound was forgotten.
Fixed: both functions are vfio-pci's from the boot on."""
import domain
import virtual
from maker import GIB, KIB, MIB, bar, powers


def describe(m, fixed):
    m.os_release("pop", "Pop!_OS 22.04 LTS", "22.04", like="ubuntu debian")
    m.kernel("6.9.3-76060903-generic", "initrd=\\EFI\\Pop_OS-55dd\\initrd.img root=UUID=55dd ro quiet loglevel=0 splash" +
             (" iommu=pt" if fixed else ""))
    m.uefi()
    for name, number in (("sudo", 27), ("kvm", 109), ("libvirt", 136), ("render", 110), ("input", 107), ("libvirt-qemu", 64055)):
        m.group(name, number)
    m.user("ivo", ["sudo", "kvm", "libvirt"] if fixed else ["sudo"])
    m.cpu("AuthenticAMD", "AMD Ryzen 7 5800H with Radeon Graphics", [[(2 * n, 2 * n + 1) for n in range(8)]], memory=32 * GIB)
    m.iommu(["ivhd0"], "IVRS")
    m.file("/usr/bin/kernelstub", "")
    m.file("/usr/sbin/update-initramfs", "")
    m.file("/etc/initramfs-tools/modules", "# List of modules that you want to include in your initramfs.\n" + "vfio-pci\n" * fixed)
    m.file("/sys/module/apparmor/parameters/enabled", "Y\n")
    m.module("amdgpu")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_amd", nested="1")
    if fixed:
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2520,10de:228e\nsoftdep nvidia pre: vfio-pci\n"
               "softdep snd_hda_intel pre: vfio-pci\n")
    else:
        m.module("nvidia")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2520 disable_vga=1\n")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    m.pci("0000:00:01.1", "1022:1633", 0x060400, driver="pcieport", group=1)
    m.pci("0000:00:08.1", "1022:1635", 0x060400, driver="pcieport", group=3)
    m.pci("0000:01:00.0", "10de:2520", 0x030000, driver="vfio-pci" if fixed else "nvidia", group=10, above="0000:00:01.1",
          boot_vga=False, reset="bus", rom=True,
          bars={0: bar(16 * MIB), 1: bar(8 * GIB, prefetch=True), 3: bar(32 * MIB, prefetch=True), 5: bar(128, io=True)},
          resizable={1: powers(64 * MIB, 8 * GIB)})
    m.pci("0000:01:00.1", "10de:228e", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=10, above="0000:00:01.1",
          bars=[bar(16 * KIB)])
    m.pci("0000:06:00.0", "1002:1638", 0x030000, driver="amdgpu", group=20, above="0000:00:08.1", boot_vga=True, reset="pm",
          bars={0: bar(256 * MIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(512 * KIB)})
    m.pci("0000:06:00.1", "1002:1637", 0x040300, driver="snd_hda_intel", group=21, above="0000:00:08.1", bars=[bar(16 * KIB)])
    m.pci("0000:06:00.2", "1022:15df", 0x108000, driver="ccp", group=22, above="0000:00:08.1", bars={2: bar(1 * MIB)})
    m.screens(1, "0000:06:00.0", eDP_1=True)
    if not fixed:
        m.screens(0, "0000:01:00.0", HDMI_A_1=False)
    m.group_kind("identity" if fixed else "DMA-FQ")


def guest(m, fixed):
    """Broken: libvirt's service was switched off, and the module kvmfr has no device, no rule, and no leave of AppArmor or libvirt.
    Fixed: the same with all four."""
    release = "6.9.3-76060903-generic"
    virtual.kvm(m)
    virtual.programs(m, "6.2.0 (Debian 1:6.2+dfsg-2ubuntu6.24)", "8.0.0")
    virtual.daemon(m, running=fixed)
    virtual.network(m)
    virtual.apparmor(m, ["/dev/kvmfr0 rw,"] if fixed else [])
    virtual.qemu_conf(m, ["/dev/kvmfr0"] if fixed else [], readable=False)
    both = domain.hostdev("0000:01:00.0") + domain.hostdev("0000:01:00.1")
    if not fixed:
        domain.fresh(m, both, memory_gib=16, vcpus=6, machine="pc-q35-6.2", commandline=domain.kvmfr(64))
        virtual.kvmfr(m, release, None, rule=False, at_start=False)
        return
    domain.ready(m, both, [(2 * n, 2 * n + 1) for n in range(4, 8)], "0-7", memory_gib=16, machine="pc-q35-6.2", hidden=True,
                 commandline=domain.kvmfr(64))
    virtual.kvmfr(m, release, 64)
    virtual.opened(m, "/dev/kvmfr0", {})
