# SPDX-License-Identifier: GPL-2.0-or-later
"""Ryzen 7 7700, whose graphics drive the desktop, and a Radeon RX 7600; Bazzite: a Fedora whose system is an image (rpm-ostree).

Broken: amdgpu has both cards. The groups of libvirt are in /usr/lib/group, where usermod does not see them.
Fixed: parameters of the kernel give the card to vfio-pci; no file of the image was touched."""
import domain
import virtual
from maker import GIB, KIB, MIB, bar, powers


def describe(m, fixed):
    m.os_release("bazzite", "Bazzite 41 (KDE Plasma)", "41", like="fedora")
    parameters = " iommu=pt rd.driver.pre=vfio-pci vfio-pci.ids=1002:7480,1002:ab30" if fixed else ""
    m.kernel("6.11.10-303.bazzite.fc41.x86_64", "BOOT_IMAGE=(hd0,gpt2)/ostree/default/vmlinuz root=UUID=b2b2 rw quiet" + parameters)
    m.uefi()
    for name, number in (("wheel", 10), ("kvm", 36), ("libvirt", 978), ("qemu", 107), ("render", 105), ("input", 104)):
        m.group(name, number)
    m.user("caio", ["wheel", "kvm", "libvirt"] if fixed else ["wheel"])
    member = ":x:36:caio\nlibvirt:x:978:caio\n" if fixed else None
    m.file("/usr/lib/group", "kvm:x:36:\nlibvirt:x:978:\nqemu:x:107:\nrender:x:105:\ninput:x:104:\n")
    m.file("/etc/group", "root:x:0:\nwheel:x:10:caio\ncaio:x:1000:\n" + (f"kvm{member}" if fixed else ""))
    m.cpu("AuthenticAMD", "AMD Ryzen 7 7700 8-Core Processor", [[(n, n + 8) for n in range(8)]], memory=32 * GIB)
    m.iommu(["ivhd0"], "IVRS")
    m.file("/run/ostree-booted", "")
    m.file("/usr/bin/rpm-ostree", "")
    m.file("/usr/bin/dracut", "")
    m.file("/sys/fs/selinux/enforce", "1")
    m.module("amdgpu")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_amd", nested="1")
    if fixed:
        m.module("vfio_pci")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    m.pci("0000:00:00.0", "1022:14d8", 0x060000, group=0)
    m.pci("0000:00:01.1", "1022:14db", 0x060400, driver="pcieport", group=1)
    m.pci("0000:00:08.1", "1022:14dd", 0x060400, driver="pcieport", group=5)
    m.pci("0000:03:00.0", "1002:7480", 0x030000, driver="vfio-pci" if fixed else "amdgpu", group=14, above="0000:00:01.1",
          boot_vga=False, reset="bus", rom=True,
          bars={0: bar(8 * GIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(1 * MIB)},
          resizable={0: powers(256 * MIB, 8 * GIB), 2: powers(2 * MIB, 256 * MIB)})
    m.pci("0000:03:00.1", "1002:ab30", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=15, above="0000:00:01.1",
          bars=[bar(16 * KIB)])
    m.pci("0000:0f:00.0", "1002:164e", 0x030000, driver="amdgpu", group=20, above="0000:00:08.1", boot_vga=True, reset="pm",
          bars={0: bar(256 * MIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(512 * KIB)})
    m.pci("0000:0f:00.1", "1002:1640", 0x040300, driver="snd_hda_intel", group=21, above="0000:00:08.1", bars=[bar(16 * KIB)])
    m.pci("0000:0f:00.2", "1022:1649", 0x108000, driver="ccp", group=22, above="0000:00:08.1", bars={2: bar(1 * MIB)})
    m.screens(1, "0000:0f:00.0", HDMI_A_1=True)
    if not fixed:
        m.screens(0, "0000:03:00.0", DP_1=False)
    m.group_kind("identity" if fixed else "DMA-FQ")


def guest(m, fixed):
    """Broken: the shared memory is there, but has no line in tmpfiles.d and no label. Fixed: both."""
    virtual.kvm(m, 0o666)
    virtual.programs(m, "9.1.2 (qemu-9.1.2-2.fc41)", "10.6.0")
    virtual.daemon(m, "virtqemud", group=None)
    virtual.network(m, autostart=fixed)
    both = domain.hostdev("0000:03:00.0") + domain.hostdev("0000:03:00.1")
    if not fixed:
        domain.fresh(m, both + domain.shmem(64), memory_gib=16, vcpus=8)
        virtual.shared_file(m, 64, "qemu", "qemu", mode=0o600, label="tmpfs_t")
        return
    domain.ready(m, both + domain.shmem(64), [(n, n + 8) for n in range(2, 8)], "0-1,8-9", memory_gib=16)
    virtual.shared_file(m, 64, "caio", "qemu", label="svirt_tmpfs_t")
    virtual.tmpfiles(m, "caio", "qemu")
    virtual.opened(m, "/dev/shm/looking-glass", {})
