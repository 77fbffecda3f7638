# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine shows of KVM, libvirt and the memory that a VM shares: added to a description of it (maker.py)."""
from maker import MIB

SOCKETS = {"libvirtd": "/run/libvirt/libvirt-sock", "virtqemud": "/run/libvirt/virtqemud-sock"}
NETWORK = ["virsh", "--readonly", "--connect", "qemu:///system", "net-info", "default"]


def kvm(m, mode=0o660):
    m.node("/dev/kvm", 10, 232, mode, group="kvm")


def programs(m, qemu, libvirt):
    m.command(["qemu-system-x86_64", "--version"], f"QEMU emulator version {qemu}\nCopyright (c) Fabrice Bellard\n")
    m.command(["virsh", "--version"], f"{libvirt}\n")


def daemon(m, kind="libvirtd", group="libvirt", running=True):
    """One daemon for all, or (Fedora, Arch) one for each kind of thing."""
    m.file(f"/usr/lib/systemd/system/{kind}.socket", "[Socket]\n")
    if running:
        m.socket(SOCKETS[kind], 0o770 if group else 0o777, group=group or "root")


def network(m, active=True, autostart=True, defined=True, refused=False):
    yes = {True: "yes", False: "no"}
    text = "" if refused or not defined else (
        "Name:           default\nUUID:           1b2c3d4e-0000-4000-8000-000000000001\n"
        f"Active:         {yes[active]}\nPersistent:     yes\nAutostart:      {yes[autostart]}\nBridge:         virbr0\n")
    m.command(NETWORK, text, status=1 if refused or not defined else 0)


def shared_file(m, size_mib, owner, group, mode=0o660, name="looking-glass", label=None):
    path = f"/dev/shm/{name}"
    m.sparse(path, size_mib * MIB, mode, owner, group)
    if label:
        m.command(["stat", "-c", "%C", path], f"system_u:object_r:{label}:s0\n")


def tmpfiles(m, owner, group, mode="0660", name="looking-glass", kind="f"):
    m.file("/etc/tmpfiles.d/10-espelho.conf", f"{kind} /dev/shm/{name} {mode} {owner} {group} -\n")


def opened(m, path, programs_by_pid):
    """What fuser shows: empty and status 1 if none of the user's programs has it."""
    m.command(["fuser", path], "".join(f" {pid}" for pid in programs_by_pid), status=0 if programs_by_pid else 1)
    for pid, name in programs_by_pid.items():
        m.file(f"/proc/{pid}/comm", name + "\n")


def firmware(m, *paths):
    for path in paths:
        m.file(path, "")


def hugepages(m, reserved, free, kib=2048):
    base = f"/sys/kernel/mm/hugepages/hugepages-{kib}kB"
    m.file(f"{base}/nr_hugepages", f"{reserved}\n")
    m.file(f"{base}/free_hugepages", f"{free}\n")


def input_device(m, name, minor=70):
    m.node(f"/dev/input/by-id/{name}", 13, minor, 0o660, group="input")


def kvmfr(m, release, mib=None, rule=True, loaded=True, built=True, built_for=None, group="kvm", at_start=True):
    """The module: built for a kernel, loaded, with a device of so many MiB."""
    m.file("/usr/src/kvmfr-0.1.0/dkms.conf", 'PACKAGE_NAME="kvmfr"\n')
    if built:
        m.file(f"/lib/modules/{built_for or release}/updates/dkms/kvmfr.ko.xz", "")
    if loaded:
        m.module("kvmfr")
    if rule:
        m.file("/usr/lib/udev/rules.d/70-kvmfr.rules",
               'SUBSYSTEM=="kvmfr", KERNEL=="kvmfr[0-9]*", GROUP="kvm", MODE="0660", TAG+="uaccess"\n')
    if at_start:
        m.file("/etc/modprobe.d/kvmfr.conf", f"options kvmfr static_size_mb={mib}\n")
        m.file("/etc/modules-load.d/kvmfr.conf", "kvmfr\n")
    if mib and loaded:
        m.node("/dev/kvmfr0", 240, 0, 0o660 if rule else 0o600, group=group if rule else "root")
        m.file("/sys/class/kvmfr/kvmfr0/size", f"{mib * MIB}\n")


def qemu_conf(m, devices=(), readable=True):
    names = ["/dev/null", "/dev/full", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/ptmx", "/dev/kvm", *devices]
    quoted = ", ".join(f'"{name}"' for name in names)
    m.file("/etc/libvirt/qemu.conf", f"cgroup_device_acl = [ {quoted} ]\n" if devices else
           '#cgroup_device_acl = [\n#    "/dev/null", "/dev/kvmfr0"\n#]\n', mode=0o600)
    if not readable:
        m.denied("/etc/libvirt/qemu.conf")


def apparmor(m, lines=()):
    m.file("/etc/apparmor.d/abstractions/libvirt-qemu", "  /dev/kvm rw,\n  include if exists <local/abstractions/libvirt-qemu>\n")
    if lines:
        m.file("/etc/apparmor.d/local/abstractions/libvirt-qemu", "".join(line + "\n" for line in lines))
