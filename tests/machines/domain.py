# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM's definition as libvirt writes it, from the few words in which people tell of theirs. What is not said is as virt-manager makes
it (`fresh`), or as it should be (`ready`)."""

SOUND = "<sound model='ich9'/>"
HYPERV_FRESH = ("relaxed", "vapic", "spinlocks")
HYPERV_READY = HYPERV_FRESH + ("vpindex", "synic", "stimer", "frequencies")


def hostdev(address, rom=None, managed=True):
    domain, bus, rest = address.split(":")
    slot, function = rest.split(".")
    return (f"<hostdev mode='subsystem' type='pci' managed='{'yes' if managed else 'no'}'><source>"
            f"<address domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'/></source>"
            + (f"<rom file='{rom}'/>" if rom else "") + "</hostdev>")


def shmem(mib, name="looking-glass"):
    return f"<shmem name='{name}'><model type='ivshmem-plain'/><size unit='M'>{mib}</size></shmem>"


def doorbell(path):
    return f"<shmem name='espelho'><model type='ivshmem-doorbell'/><server path='{path}'/><msi vectors='2'/></shmem>"


def evdev(*names):
    return "".join(f"<input type='evdev'><source dev='{name}' grab='all' grabToggle='ctrl-ctrl' repeat='on'/></input>" for name in names)


def commandline(*words):
    return "<qemu:commandline>" + "".join(f"<qemu:arg value='{word}'/>" for word in words) + "</qemu:commandline>"


def kvmfr(mib):
    """The module's device, which libvirt has no element for."""
    return commandline("-device", "ivshmem-plain,memdev=espelho", "-object",
                       f"memory-backend-file,id=espelho,share=on,mem-path=/dev/kvmfr0,size={mib}M")


def pinning(pairs, emulator):
    cpus = [cpu for pair in pairs for cpu in pair]
    pins = "".join(f"<vcpupin vcpu='{n}' cpuset='{cpu}'/>" for n, cpu in enumerate(cpus))
    return f"<cputune>{pins}<emulatorpin cpuset='{emulator}'/></cputune>"


def hyperv(names, vendor=None):
    values = {"spinlocks": " retries='8191'"}
    return "<hyperv mode='custom'>" + "".join(f"<{n} state='on'{values.get(n, '')}/>" for n in names) + \
        (f"<vendor_id state='on' value='{vendor}'/>" if vendor else "") + "</hyperv>"


# ---- what a person does with a VM that has one ----

def _change(m, *changes):
    with open(m.at("/.espelho/vm.xml"), encoding="utf-8") as f:
        text = f.read()
    for old, new in changes:
        text = text.replace(old, new)
    m.file("/.espelho/vm.xml", text)


def make_q35(m):
    """The VM made anew, for its disk."""
    _change(m, ("pc-i440fx", "pc-q35"))


def move(m, old_bus, new_bus):
    """The card is chosen anew, where it is now."""
    _change(m, (f"bus='0x{old_bus}'", f"bus='0x{new_bus}'"), (f'bus="0x{old_bus}"', f'bus="0x{new_bus}"'))


def _write(m, name, memory_gib, vcpus, parts):
    m.file("/.espelho/vm.xml", f"""<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>{name}</name><uuid>6d3f6a0e-6a0e-4d6e-9f5e-000000000001</uuid>
<memory unit='GiB'>{memory_gib}</memory>{parts['backing']}<vcpu placement='static'>{vcpus}</vcpu>{parts['pins']}
{parts['os']}
<features><acpi/><apic/>{parts['hyperv']}{parts['kvm']}</features>
{parts['cpu']}
<clock offset='localtime'>{parts['clock']}</clock>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/images/{name}.qcow2'/>
<target dev='sda' bus='sata'/></disk>
{parts['usb']}<interface type='network'><source network='default'/><model type='e1000e'/></interface>
{parts['devices']}
</devices>
{parts['commandline']}
</domain>
""")


def _os(machine, uefi):
    firmware = " firmware='efi'" if uefi else ""
    return f"<os{firmware}><type arch='x86_64' machine='{machine}'>hvm</type></os>"


def fresh(m, devices, name="win11", memory_gib=8, vcpus=4, machine="pc-q35-8.2", uefi=True, listen="127.0.0.1", video="qxl",
          backing="", pins="", commandline=""):
    """As virt-manager makes it; `devices`: what the user added."""
    _write(m, name, memory_gib, vcpus, {
        "backing": backing, "pins": pins, "os": _os(machine, uefi), "hyperv": hyperv(HYPERV_FRESH), "kvm": "", "clock": "",
        "cpu": "<cpu mode='host-model' check='partial'/>", "usb": "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>",
        "devices": "<input type='tablet' bus='usb'/><input type='mouse' bus='ps2'/><input type='keyboard' bus='ps2'/>"
                   f"<graphics type='spice' autoport='yes'><listen type='address' address='{listen}'/></graphics>"
                   f"{SOUND}<video><model type='{video}'/></video>{devices}<memballoon model='virtio'/>",
        "commandline": commandline})


def ready(m, devices, cores, emulator, name="win11", memory_gib=8, machine="pc-q35-8.2", hidden=False, amd=True, video="none",
          backing="", commandline=""):
    """As it should be. `cores`: for each of the guest's cores, the CPUs that are its threads."""
    threads = len(cores[0])
    topoext = "<feature policy='require' name='topoext'/>" if amd and threads > 1 else ""
    _write(m, name, memory_gib, len(cores) * threads, {
        "backing": backing, "pins": pinning(cores, emulator), "os": _os(machine, True),
        "hyperv": hyperv(HYPERV_READY, "espelho" if hidden else None), "kvm": "<kvm><hidden state='on'/></kvm>" if hidden else "",
        "clock": "<timer name='hypervclock' present='yes'/>", "usb": "<controller type='usb' index='0' model='qemu-xhci' ports='15'/>",
        "cpu": "<cpu mode='host-passthrough' check='none'>"
               f"<topology sockets='1' dies='1' cores='{len(cores)}' threads='{threads}'/>{topoext}</cpu>",
        "devices": "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"
                   "<input type='mouse' bus='virtio'/><input type='keyboard' bus='virtio'/>"
                   "<graphics type='spice' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>"
                   f"{SOUND}<audio id='1' type='spice'/><video><model type='{video}'/></video>{devices}<memballoon model='none'/>",
        "commandline": commandline})
