# SPDX-License-Identifier: GPL-2.0-or-later
"""A board with an Intel N100, whose graphics can be parted (SR-IOV); Arch with systemd-boot and mkinitcpio.

Broken: VT-d is on in the firmware, but the kernel was not asked to use it, and its own i915 makes no parts.
Fixed: the i915 with SR-IOV has made one part, which vfio-pci has."""
import domain
import maker
import virtual
from maker import GIB, KIB, MIB, bar

BY_HAND = {"Install i915-sriov-dkms": ("i915-sriov", maker.nothing)}


def describe(m, fixed):
    m.os_release("arch", "Arch Linux")
    parameters = " intel_iommu=on iommu=pt i915.enable_guc=3 i915.max_vfs=7" if fixed else ""
    m.kernel("6.12.4-arch1-1", "initrd=\\intel-ucode.img initrd=\\initramfs-linux.img root=PARTUUID=f00d rw" + parameters)
    m.uefi()
    for name, number in (("wheel", 998), ("kvm", 992), ("libvirt", 961), ("render", 989), ("input", 994), ("libvirt-qemu", 959)):
        m.group(name, number)
    m.user("rui", ["wheel", "kvm", "libvirt"] if fixed else ["wheel"])
    m.cpu("GenuineIntel", "Intel(R) N100", [[(n,) for n in range(4)]], memory=16 * GIB)
    m.file("/usr/bin/mkinitcpio", "")
    m.file("/etc/mkinitcpio.conf", "MODULES=()\nHOOKS=(base udev autodetect microcode modconf kms keyboard block filesystems fsck)\n")
    m.denied("/boot/loader/loader.conf")
    m.file("/boot/loader/entries/linux.conf", "title Arch Linux\nlinux /vmlinuz-linux\ninitrd /intel-ucode.img\n"
           f"initrd /initramfs-linux.img\noptions root=PARTUUID=f00d rw{parameters}\n")
    if fixed:
        m.iommu(["dmar0", "dmar1"], "DMAR")
        m.module("i915", enable_guc="3", max_vfs="7")
        m.module("vfio_pci")
    else:
        m.acpi_table("DMAR")
        m.interrupts()
        m.module("i915", enable_guc="-1")
    m.module("kvm", ignore_msrs="N")
    m.module("kvm_intel", nested="Y")
    devices(m, fixed)
    guest(m, fixed)


def devices(m, fixed):
    number = (lambda n: n) if fixed else (lambda n: None)
    m.pci("0000:00:00.0", "8086:461c", 0x060000, group=number(1))
    m.pci("0000:00:02.0", "8086:46d1", 0x030000, driver="i915", group=number(0), boot_vga=True, reset="flr", rom=True,
          bars={0: bar(16 * MIB, wide=True), 2: bar(256 * MIB, prefetch=True), 4: bar(64, io=True)},
          virtual_functions=(1, 7) if fixed else (0, 7))
    if fixed:
        m.pci("0000:00:02.1", "8086:46d1", 0x030000, driver="vfio-pci", group=15, boot_vga=False, reset="flr",
              bars={0: bar(16 * MIB, wide=True), 2: bar(512 * MIB, prefetch=True)}, virtual_of="0000:00:02.0")
    m.pci("0000:00:1f.3", "8086:54c8", 0x040300, driver="snd_hda_intel", group=number(12), bars=[bar(16 * KIB)])
    m.screens(0, "0000:00:02.0", HDMI_A_1=True, DP_1=False)
    m.group_kind("identity")


def guest(m, fixed):
    """Broken: the shared memory is too small and was left by an earlier VM; huge pages are wanted that nobody reserved.
    Fixed: a server of ours with a doorbell, and udmabuf large enough."""
    virtual.kvm(m, 0o666)
    virtual.programs(m, "9.2.0", "10.10.0")
    virtual.daemon(m, "libvirtd")
    virtual.network(m)
    if not fixed:
        virtual.hugepages(m, 0, 0)
        domain.fresh(m, domain.shmem(16), memory_gib=8, video="virtio", backing="<memoryBacking><hugepages/></memoryBacking>")
        virtual.shared_file(m, 32, "libvirt-qemu", "kvm", mode=0o644)
        return
    virtual.hugepages(m, 4096, 4096)
    domain.ready(m, domain.hostdev("0000:00:02.1") + domain.doorbell("/run/espelho/win11.sock"), [(2,), (3,)], "0-1", amd=False,
                 backing="<memoryBacking><hugepages/></memoryBacking>")
    m.socket("/run/espelho/win11.sock", 0o660, group="kvm")
    m.link("/etc/systemd/system/sockets.target.wants/espelho-shm@win11.socket", "/usr/lib/systemd/system/espelho-shm@.socket")
    m.file("/etc/espelho/shm/win11.conf", "mode=2560x1440\n")
    m.node("/dev/udmabuf", 10, 125, 0o660, group="kvm")
    m.file("/sys/module/udmabuf/parameters/size_limit_mb", "64\n")
