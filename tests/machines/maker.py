# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a saved tree of a machine (client/machine/root.h) from a description: what the kernel, the distribution and programs
would show of it. Descriptions say what people know of their machine; the places and formats of sysfs are known here."""
import os
import re
import stat

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# Flags of a line in a PCI function's `resource` (include/linux/ioport.h).
IO, MEMORY, READ_ONLY, PREFETCH, SIZE_ALIGN, MEMORY_64 = 0x100, 0x200, 0x4000, 0x2000, 0x40000, 0x100000


def bar(size, prefetch=False, wide=None, io=False):
    """A base address register: its size in bytes; prefetchable ones are 64 bits wide unless said otherwise."""
    wide = prefetch if wide is None else wide
    return {"size": size, "flags": IO if io else MEMORY | SIZE_ALIGN | (PREFETCH if prefetch else 0) | (MEMORY_64 if wide else 0)}


class Machine:
    def __init__(self, folder):
        self.folder = folder
        self.stats, self.refused, self.modules = {}, [], []
        self.functions = {}
        self.groups = {"root": 0}
        self.next_address = {True: 0xF000_0000, False: 0x60_0000_0000}  # below 4 GiB, above
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pci.ids"), encoding="utf-8") as f:
            self.file("/usr/share/hwdata/pci.ids", f.read())
        for path in ("/.espelho/commands", "/sys/bus/pci/devices", "/sys/bus/pci/drivers", "/sys/kernel/iommu_groups",
                     "/sys/class/iommu", "/sys/class/drm", "/etc/modprobe.d", "/etc/modules-load.d", "/etc/sysctl.d", "/etc/tmpfiles.d",
                     "/etc/udev/rules.d", "/dev/shm"):
            self.directory(path)

    # ---- files, links, devices, programs ----

    def _place(self, path):
        whole = os.path.join(self.folder, path.lstrip("/"))
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        return whole

    def directory(self, path):
        os.makedirs(os.path.join(self.folder, path.lstrip("/")), exist_ok=True)

    def file(self, path, text, mode=None, owner="root", group="root"):
        """With `mode`, who owns it matters and is recorded."""
        with open(self._place(path), "w", encoding="utf-8") as f:
            f.write(text)
        if mode is not None:
            self._stat(path, stat.S_IFREG | mode, owner, group, len(text.encode()))

    def append(self, path, text):
        with open(self._place(path), "a", encoding="utf-8") as f:
            f.write(text)

    def sparse(self, path, size, mode, owner="root", group="root"):
        """A file of which only the size matters."""
        open(self._place(path), "w", encoding="utf-8").close()
        self._stat(path, stat.S_IFREG | mode, owner, group, size)

    def remove(self, path):
        os.remove(os.path.join(self.folder, path.lstrip("/")))

    def link(self, path, target):
        whole = self._place(path)
        if os.path.lexists(whole):
            os.remove(whole)
        os.symlink(target, whole)

    def node(self, path, major, minor, mode, group="root", owner="root", block=False):
        """A device node: an empty file, whose type is in the list of owners."""
        open(self._place(path), "w", encoding="utf-8").close()
        self._stat(path, (stat.S_IFBLK if block else stat.S_IFCHR) | mode, owner, group, 0, major, minor)

    def socket(self, path, mode, owner="root", group="root"):
        open(self._place(path), "w", encoding="utf-8").close()
        self._stat(path, stat.S_IFSOCK | mode, owner, group, 0)

    def denied(self, path):
        """There, but only root may read it."""
        self.refused.append(path)

    def command(self, words, printed, status=0):
        name = re.sub(r"[^A-Za-z0-9._-]", "+", " ".join(words))
        self.file("/.espelho/commands/" + name, f"status {status}\n{printed}")

    def _stat(self, path, mode, owner, group, size, major=0, minor=0):
        uid = {"root": 0, "libvirt-qemu": 64055, "qemu": 107}.get(owner, self.uid_of(owner))
        self.stats[path] = f"{mode:o} {uid} {self.groups[group]} {size} {major}:{minor} {path}"

    def uid_of(self, owner):
        return self.user_id if hasattr(self, "user_name") and owner == self.user_name else 1999

    # ---- distribution, kernel, user ----

    def os_release(self, ident, pretty, version="", like=""):
        lines = [f"ID={ident}", f'PRETTY_NAME="{pretty}"', f'NAME="{pretty.split(" ")[0]}"']
        lines += [f'VERSION_ID="{version}"'] * bool(version) + [f'ID_LIKE="{like}"'] * bool(like)
        self.file("/etc/os-release", "\n".join(lines) + "\n")

    def kernel(self, release, command_line):
        self.release = release
        self.file("/proc/sys/kernel/osrelease", release + "\n")
        self.file("/proc/cmdline", command_line + "\n")
        self.command(["uname", "-r"], release + "\n")

    def uefi(self, secure_boot=False):
        self.directory("/sys/firmware/efi/efivars")
        variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        with open(self._place(variable), "wb") as f:
            f.write(bytes([6, 0, 0, 0, int(secure_boot)]))
        if secure_boot:
            self.command(["mokutil", "--sb-state"], "SecureBoot enabled\n")

    def user(self, name, groups, uid=1000):
        """Call group() for each group first."""
        self.user_name, self.user_id = name, uid
        self.groups[name] = uid
        self.command(["id", "-u"], f"{uid}\n")
        self.command(["id", "-un"], f"{name}\n")
        self.command(["id", "-Gn"], " ".join([name] + groups) + "\n")
        self.command(["id", "-G"], " ".join(str(self.groups[g]) for g in [name] + groups) + "\n")
        self.file("/etc/passwd", f"root:x:0:0:root:/root:/bin/sh\n{name}:x:{uid}:{uid}::/home/{name}:/bin/bash\n")
        lines = [f"{g}:x:{n}:{name if g in groups else ''}" for g, n in self.groups.items()]
        self.file("/etc/group", "\n".join(lines) + "\n")

    def group(self, name, number):
        self.groups[name] = number

    def module(self, name, built_in=False, **parameters):
        """A module of the kernel that is loaded, and what its parameters are."""
        self.directory(f"/sys/module/{name}")
        if not built_in:
            self.modules.append(name)
            self.file(f"/sys/module/{name}/initstate", "live\n")
        for key, value in parameters.items():
            self.file(f"/sys/module/{name}/parameters/{key}", f"{value}\n")

    # ---- processor ----

    def cpu(self, vendor, model, caches, efficient=(), virtualization=True, memory=16 * GIB):
        """`caches`: for each L3 cache its cores, each a tuple of the CPUs that are its threads."""
        flag = {"AuthenticAMD": "svm", "GenuineIntel": "vmx"}[vendor]
        flags = "fpu vme de pse tsc msr pae mce cx8 apic sep sse sse2 ht" + (" " + flag) * virtualization + " constant_tsc"
        cpus = {}
        core_id = 0
        for cores in caches:
            together = [n for core in cores for n in core]
            for core in cores:
                for n in core:
                    cpus[n] = (core_id, core, together)
                core_id += 1
        for n, (core, siblings, together) in sorted(cpus.items()):
            base = f"/sys/devices/system/cpu/cpu{n}"
            self.file(f"{base}/topology/core_id", f"{core}\n")
            self.file(f"{base}/topology/physical_package_id", "0\n")
            self.file(f"{base}/topology/thread_siblings_list", cpu_list(siblings) + "\n")
            self.file(f"{base}/cache/index3/level", "3\n")
            self.file(f"{base}/cache/index3/shared_cpu_list", cpu_list(together) + "\n")
            self.file(f"{base}/cpufreq/scaling_governor", "schedutil\n")
            self.link(f"{base}/node0", "../../node/node0")
        everything = cpu_list(cpus)
        self.file("/sys/devices/system/cpu/online", everything + "\n")
        self.file("/sys/devices/system/node/node0/cpulist", everything + "\n")
        if efficient:
            self.file("/sys/devices/cpu_atom/cpus", cpu_list(efficient) + "\n")
            self.file("/sys/devices/cpu_core/cpus", cpu_list(set(cpus) - set(efficient)) + "\n")
        entry = f"vendor_id\t: {vendor}\nmodel name\t: {model}\nflags\t\t: {flags}\n\n"
        self.file("/proc/cpuinfo", "".join(f"processor\t: {n}\n{entry}" for n in sorted(cpus)))
        self.file("/proc/meminfo", f"MemTotal:       {memory // KIB} kB\nMemFree:        {memory // KIB // 2} kB\n"
                  "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n")

    def iommu(self, units, table):
        """The IOMMU works: its units ("dmar0", "ivhd0") and the firmware's table for it ("DMAR", "IVRS"); interrupts go through it."""
        for unit in units:
            self.directory(f"/sys/class/iommu/{unit}")
        self.acpi_table(table)
        self.interrupts("IR-")

    def interrupts(self, before=""):
        self.file("/proc/interrupts", f"           CPU0\n  8:      0  {before}IO-APIC    8-edge      rtc0\n"
                  f" 40:    912  {before}PCI-MSI-0000:00:01.1    0-edge      PCIe PME\nNMI:      1   Non-maskable interrupts\n")

    def acpi_table(self, name):
        self.file(f"/sys/firmware/acpi/tables/{name}", "", mode=0o400)
        self.denied(f"/sys/firmware/acpi/tables/{name}")

    # ---- PCI ----

    def pci(self, address, ident, kind, driver=None, group=None, above=None, bars=(), resizable=None, boot_vga=None, reset="",
            rom=False, virtual_functions=None, virtual_of=None, subsystem="1043:0000"):
        """`ident`: "10de:2204"; `kind`: 24 bits of class; `above`: the bridge; `bars`: {number: bar()}, or a list;
        `resizable`: {number of the bar: sizes in bytes}; `virtual_functions`: (now, at most)."""
        parent = self.functions[above] if above else "/sys/devices/pci" + address[:7]
        base = self.functions[address] = f"{parent}/{address}"
        vendor, device = ident.split(":")
        sub_vendor, sub_device = subsystem.split(":")
        for name, value in (("vendor", vendor), ("device", device), ("subsystem_vendor", sub_vendor),
                            ("subsystem_device", sub_device)):
            self.file(f"{base}/{name}", f"0x{value}\n")
        self.file(f"{base}/class", f"0x{kind:06x}\n")
        bars = dict(enumerate(bars)) if not isinstance(bars, dict) else bars
        self.file(f"{base}/resource", "".join(self._resource(bars.get(n)) for n in range(6)) +
                  self._resource(bar(128 * KIB) if rom else None) + self._resource(None) * 6)
        self.link(f"/sys/bus/pci/devices/{address}", "../../.." + base[len("/sys"):])
        if rom:
            self.file(f"{base}/rom", "", mode=0o600)
        if boot_vga is not None:
            self.file(f"{base}/boot_vga", f"{int(boot_vga)}\n")
        if reset:
            self.file(f"{base}/reset", "")
            self.file(f"{base}/reset_method", reset + "\n")
        for number, sizes in (resizable or {}).items():
            self.file(f"{base}/resource{number}_resize", f"{sum(size // MIB for size in sizes):016x}\n")
        self.bind(address, driver)
        if group is not None:
            self.link(f"{base}/iommu_group", "../" * (base.count("/") - 1) + f"kernel/iommu_groups/{group}")
            self.link(f"/sys/kernel/iommu_groups/{group}/devices/{address}", "../../../.." + base[len("/sys"):])
        if virtual_functions:
            self.file(f"{base}/sriov_numvfs", f"{virtual_functions[0]}\n")
            self.file(f"{base}/sriov_totalvfs", f"{virtual_functions[1]}\n")
        if virtual_of:
            self.link(f"{base}/physfn", f"../{virtual_of}")

    def group_kind(self, kind):
        """Whether the host's own devices are translated ("DMA-FQ") or not ("identity"); after the last pci()."""
        for group in os.listdir(os.path.join(self.folder, "sys/kernel/iommu_groups")):
            self.file(f"/sys/kernel/iommu_groups/{group}/type", kind + "\n")

    def screens(self, number, address, **connectors):
        """What the card's driver knows of its connectors: HDMI_A_1=True is a monitor at HDMI-A-1."""
        base = f"{self.functions[address]}/drm/card{number}"
        self.directory(base)
        self.link(f"{base}/device", f"../../../{address}")
        self.link(f"/sys/class/drm/card{number}", "../.." + base[len("/sys"):])
        for name, connected in connectors.items():
            name = f"card{number}-" + name.replace("_", "-")
            self.file(f"{base}/{name}/status", "connected\n" if connected else "disconnected\n")
            self.link(f"/sys/class/drm/{name}", "../.." + base[len("/sys"):] + "/" + name)

    def bind(self, address, driver):
        """Gives the function this driver, or takes it away (None)."""
        base = self.functions[address]
        path = f"{base}/driver"
        if os.path.lexists(self.folder + path):
            os.remove(self.folder + path)
        if driver:
            self.directory(f"/sys/bus/pci/drivers/{driver}")
            self.link(path, "../" * (base.count("/") - 1) + f"bus/pci/drivers/{driver}")

    def _resource(self, register):
        if register is None:
            return "0x%016x 0x%016x 0x%016x\n" % (0, 0, 0)
        low = not register["flags"] & MEMORY_64
        size = register["size"]
        start = (self.next_address[low] + size - 1) // size * size
        self.next_address[low] = start + size
        if register["flags"] & IO:
            start, self.next_address[low] = 0xE000, start
        return "0x%016x 0x%016x 0x%016x\n" % (start, start + size - 1, register["flags"])

    # ---- the end ----

    def finish(self):
        self.file("/proc/modules", "".join(f"{name} 16384 0 - Live 0x0000000000000000\n" for name in self.modules))
        self.file("/.espelho/stat", "".join(line + "\n" for line in self.stats.values()))
        self.file("/.espelho/denied", "".join(path + "\n" for path in self.refused))


def nothing(_):
    """What a hand does that shows in the hardware only."""


def cpu_list(cpus):
    """"0-3,8" as the kernel writes it."""
    out = []
    for n in sorted(cpus):
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in out)


def powers(first, last):
    """Sizes from `first` to `last`, each twice the one before."""
    sizes = []
    while first <= last:
        sizes.append(first)
        first *= 2
    return sizes
