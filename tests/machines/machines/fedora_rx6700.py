# SPDX-License-Identifier: GPL-2.0-or-later
"""AMD Ryzen 5 5600G, whose Vega drives the desktop, and a Radeon RX 6700 XT for the guest; Fedora with GRUB.

Broken: the first evening. amdgpu has the card too, and the firmware with resizable BAR made its BAR 2 so large that the driver of
Windows ends with code 43. Fixed: vfio-pci has both functions from the boot on, and BAR 2 has 8 MiB."""
import domain
import virtual
from maker import GIB, KIB, MIB, bar, powers


def describe(m, fixed):
    m.os_release("fedora", "Fedora Linux 41 (Workstation Edition)", "41")
    options = " iommu=pt" if fixed else ""
    m.kernel("6.11.4-301.fc41.x86_64", "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.11.4-301.fc41.x86_64 root=UUID=0a1b2c3d ro rhgb quiet" + options)
    m.uefi()
    for name, number in (("wheel", 10), ("kvm", 36), ("libvirt", 978), ("qemu", 107), ("render", 105), ("input", 104)):
        m.group(name, number)
    m.user("ana", ["wheel", "kvm", "libvirt"] if fixed else ["wheel"])
    m.cpu("AuthenticAMD", "AMD Ryzen 5 5600G with Radeon Graphics", [[(n, n + 6) for n in range(6)]], memory=32 * GIB)
    m.iommu(["ivhd0"], "IVRS")
    boot(m, fixed)
    devices(m, fixed)
    guest(m, fixed)


def boot(m, fixed):
    m.file("/etc/default/grub", 'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX="rhgb quiet"\nGRUB_ENABLE_BLSCFG=true\n')
    m.file("/usr/bin/grubby", "")
    m.file("/usr/bin/dracut", "")
    m.directory("/etc/dracut.conf.d")
    m.directory("/sys/fs/selinux")
    m.file("/sys/fs/selinux/enforce", "1")
    m.module("amdgpu")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_amd", nested="1")
    if fixed:
        m.module("vfio_pci")
        m.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=1002:73df,1002:ab28\nsoftdep amdgpu pre: vfio-pci\nsoftdep snd_hda_intel pre: vfio-pci\n")
        m.file("/etc/dracut.conf.d/vfio.conf", 'force_drivers+=" vfio_pci vfio vfio_iommu_type1 "\n')


def devices(m, fixed):
    m.pci("0000:00:01.0", "1022:1632", 0x060000, group=0)
    m.pci("0000:00:01.1", "1022:1633", 0x060400, driver="pcieport", group=1)
    m.pci("0000:00:08.0", "1022:1632", 0x060000, group=2)
    m.pci("0000:00:08.1", "1022:1635", 0x060400, driver="pcieport", group=3)
    m.pci("0000:01:00.0", "1002:1478", 0x060400, driver="pcieport", group=10, above="0000:00:01.1", bars=[bar(16 * KIB)])
    m.pci("0000:02:00.0", "1002:1479", 0x060400, driver="pcieport", group=11, above="0000:01:00.0")
    card = "vfio-pci" if fixed else "amdgpu"
    m.pci("0000:03:00.0", "1002:73df", 0x030000, driver=card, group=12, above="0000:02:00.0", boot_vga=False, reset="bus", rom=True,
          bars={0: bar(16 * GIB, prefetch=True), 2: bar(8 * MIB if fixed else 256 * MIB, prefetch=True),
                4: bar(256, io=True), 5: bar(1 * MIB)},
          resizable={0: powers(256 * MIB, 16 * GIB), 2: powers(2 * MIB, 256 * MIB)})
    m.pci("0000:03:00.1", "1002:ab28", 0x040300, driver="vfio-pci" if fixed else "snd_hda_intel", group=13, above="0000:02:00.0",
          bars=[bar(16 * KIB)])
    m.pci("0000:07:00.0", "1002:1638", 0x030000, driver="amdgpu", group=20, above="0000:00:08.1", boot_vga=True, reset="pm",
          bars={0: bar(512 * MIB, prefetch=True), 2: bar(2 * MIB, prefetch=True), 4: bar(256, io=True), 5: bar(512 * KIB)})
    m.pci("0000:07:00.2", "1022:15df", 0x108000, driver="ccp", group=22, above="0000:00:08.1", bars={2: bar(1 * MIB)})
    m.pci("0000:07:00.1", "1002:1637", 0x040300, driver="snd_hda_intel", group=21, above="0000:00:08.1", bars=[bar(16 * KIB)])
    m.screens(1, "0000:07:00.0", HDMI_A_1=True, DP_1=False)
    if not fixed:
        m.screens(0, "0000:03:00.0", HDMI_A_1=False, DP_1=False)
    m.group_kind("identity" if fixed else "DMA-FQ")


def guest(m, fixed):
    """Broken: as virt-manager made it, with the card's picture but not its sound, and no shared memory yet; the network is not started."""
    virtual.kvm(m, 0o666)
    virtual.programs(m, "9.1.1 (qemu-9.1.1-1.fc41)", "10.6.0")
    virtual.daemon(m, "virtqemud", group=None)
    virtual.network(m, active=fixed, autostart=fixed)
    virtual.hugepages(m, 0, 0)
    if not fixed:
        domain.fresh(m, domain.hostdev("0000:03:00.0"), memory_gib=16, vcpus=8, listen="0.0.0.0")
        return
    cores = [(n, n + 6) for n in range(2, 6)]
    domain.ready(m, domain.hostdev("0000:03:00.0") + domain.hostdev("0000:03:00.1") + domain.shmem(64), cores, "0-1,6-7", memory_gib=16)
    virtual.shared_file(m, 64, "ana", "qemu", label="svirt_tmpfs_t")
    virtual.tmpfiles(m, "ana", "qemu")
    virtual.opened(m, "/dev/shm/looking-glass", {})
