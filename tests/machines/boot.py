# SPDX-License-Identifier: GPL-2.0-or-later
"""What a restart of a machine of maker.py's makes of the files that are there then: the kernel's parameters, what the IOMMU shows, who drives
which device, what is in /dev/shm, whose groups count. What hardware there is comes from the fixed tree."""
import os
import re
import shutil
import stat

from maker import Machine

PCI = ("sys/bus/pci", "sys/kernel/iommu_groups", "sys/class/iommu", "sys/class/drm")
EARLY = {"etc/initramfs-tools/modules": r"^vfio-pci", "etc/dracut.conf.d": r"^(force|add)_drivers.*vfio_pci",
         "etc/mkinitcpio.conf": r"^MODULES=\(.*vfio_pci", "etc/mkinitcpio.conf.d": r"^MODULES\+?=\(.*vfio_pci"}


def read(path, default=""):
    if os.path.isdir(path):
        return "".join(read(os.path.join(path, name)) for name in sorted(os.listdir(path)))
    if not os.path.exists(path):
        return default
    with open(path, encoding="utf-8") as f:
        return f.read()


def quoted_values(text, pattern):
    return " ".join(m[2] for m in re.finditer(pattern + r"([\"'])(.*?)\1", text, re.M)).split()


class Boot(Machine):
    """Inside Computer only, which has the programs (load, tmpfiles, log_in ...) and says which trees there are."""

    def restart(self):
        if "key chosen" in self.by_hand and "Enroll MOK" in self.by_hand:
            self.by_hand.add("key enrolled")
            self.command(["mokutil", "--test-key", "/var/lib/dkms/mok.pub"], "/var/lib/dkms/mok.pub is already enrolled\n", status=1)
        self.file("/proc/cmdline", " ".join(self.command_line()) + "\n")
        self.processor()
        self.devices()
        self.drivers()
        for path in [p for p, line in self.stats.items() if p.startswith("/dev/shm/") and stat.S_ISREG(int(line.split()[0], 8))]:
            self.remove(path)
            del self.stats[path]
        for module in read(self.at("/etc/modules-load.d")).split():
            self.load(module)
        self.tmpfiles(read(self.at("/etc/tmpfiles.d")))
        self.do_sysctl([])
        self.log_in()
        self.finish()

    def boot_words(self, tree):
        """What the boot loader's own files say, as they were when its menu was made."""
        grub = quoted_values(read(os.path.join(tree, "etc/default/grub")), r"^GRUB_CMDLINE_LINUX(?:_DEFAULT)?=")
        entries = re.findall(r"^options (.*)", read(os.path.join(tree, "boot/loader/entries")), re.M)
        limine = quoted_values(read(os.path.join(tree, "etc/default/limine")), r"^KERNEL_CMDLINE\[default\]\+?=")
        return grub + " ".join(entries).split() + limine

    def command_line(self):
        old, menu = self.boot_words(self.broken), self.boot_words(self.at("/.machine/menu"))
        if os.path.exists(self.at("/boot/loader/entries")):  # read at boot, without a tool
            menu = self.boot_words(self.folder)
        if not menu:
            menu = old
        words = [w for w in read(os.path.join(self.broken, "proc/cmdline")).split() if w not in old] + menu
        return [w for w in words if w not in self.kargs["remove"]] + self.kargs["add"]

    def virtualization(self):
        return "processor" in self.by_hand or " svm" in (text := read(os.path.join(self.broken, "proc/cpuinfo"))) or " vmx" in text

    def processor(self):
        if "processor" in self.by_hand and not os.path.exists(self.at("/dev/kvm")):
            shutil.copy(os.path.join(self.fixed, "proc/cpuinfo"), self.at("/proc/cpuinfo"))
            self.module("kvm", ignore_msrs="N")
            self.load("kvm_amd")

    def iommu_works(self):
        words = read(self.at("/proc/cmdline")).split()
        if os.listdir(os.path.join(self.broken, "sys/class/iommu")):
            return True
        intel = "GenuineIntel" in read(self.at("/proc/cpuinfo"))
        return "intel_iommu=on" in words if intel else "iommu" in self.by_hand

    def devices(self):
        source = self.fixed if self.iommu_works() and (not self.moves or "slot" in self.by_hand) else self.broken
        for path in PCI + tuple(os.path.join("sys/devices", n) for n in os.listdir(os.path.join(source, "sys/devices")) if n.startswith("pci")):
            shutil.rmtree(self.at(path), ignore_errors=True)
            shutil.copytree(os.path.join(source, path), self.at(path), symlinks=True)
        for path in ("proc/interrupts", "sys/firmware/acpi/tables"):
            if os.path.isfile(os.path.join(source, path)):
                shutil.copy(os.path.join(source, path), self.at(path))
        self.find_functions()
        kind = "identity" if "iommu=pt" in read(self.at("/proc/cmdline")).split() else None
        if kind:
            self.group_kind(kind)
        for address, base in self.functions.items():
            self.as_the_firmware_leaves_it(base)
            if os.path.lexists(self.at(base + "/physfn")):
                self.forget(address, base)
            elif os.path.exists(self.at(base + "/sriov_numvfs")):
                self.file(base + "/sriov_numvfs", "0\n")
        self.find_functions()
        self.first_picture()

    def as_the_firmware_leaves_it(self, base):
        before = self.broken + base
        if read(before + "/device") != read(self.at(base + "/device")):
            return
        shutil.copy(before + "/resource", self.at(base + "/resource"))
        if os.path.exists(before + "/boot_vga") and "primary" not in self.by_hand:
            shutil.copy(before + "/boot_vga", self.at(base + "/boot_vga"))

    def first_picture(self):
        """A card that came later shows the firmware's picture only if the firmware was told so."""
        new = [base for base in self.functions.values() if os.path.exists(self.at(base + "/boot_vga")) and not os.path.exists(self.broken + base)]
        for base in new if "primary" not in self.by_hand else []:
            self.file(base + "/boot_vga", "0\n")

    def forget(self, address, base):
        shutil.rmtree(self.at(base))
        os.remove(self.at(f"/sys/bus/pci/devices/{address}"))

    # ---- who drives what ----

    def drivers(self):
        for module in ("i915", "amdgpu", "radeon", "nvidia", "nouveau"):
            self.module_parameters(module)
        for address, base in self.functions.items():
            usual = self.usual_driver(base)
            banned = re.search(rf"^blacklist {usual}\b", read(self.at("/etc/modprobe.d")), re.M)
            self.bind(address, "vfio-pci" if self.vfio_first(base, usual) else None if banned else usual)

    def module_parameters(self, module):
        words = read(self.at("/proc/cmdline")).split()
        for key, value in (w[len(module) + 1:].split("=", 1) for w in words if w.startswith(module + ".") and "=" in w):
            if key != "max_vfs" or "i915-sriov" in self.by_hand:
                self.file(f"/sys/module/{module}/parameters/{key}", value + "\n")

    def usual_driver(self, base):
        """The one that a tree shows at the same device when vfio-pci has not got it."""
        ident = read(self.at(base + "/vendor")) + read(self.at(base + "/device"))
        for tree in (self.broken, self.fixed):
            links = os.path.join(tree, "sys/bus/pci/devices")
            for name in sorted(os.listdir(links)):
                there = os.path.join(links, name)
                driver = os.path.basename(os.readlink(there + "/driver")) if os.path.lexists(there + "/driver") else None
                if driver not in (None, "vfio-pci") and read(there + "/vendor") + read(there + "/device") == ident:
                    return driver
        return None

    def vfio_first(self, base, usual):
        ident = (read(self.at(base + "/vendor")).strip()[2:] + ":" + read(self.at(base + "/device")).strip()[2:])
        words = read(self.at("/proc/cmdline"))
        if re.search(rf"vfio-pci\.ids=\S*{ident}", words) and "rd.driver.pre=vfio-pci" in words:
            return True
        image = self.at("/.machine/initramfs")
        files = read(os.path.join(image, "etc/modprobe.d"))
        if not re.search(rf"^options vfio-pci .*ids=\S*{ident}", files, re.M):
            return False
        early = any(re.search(pattern, read(os.path.join(image, path)), re.M) for path, pattern in EARLY.items())
        return early or bool(re.search(rf"^softdep {usual} pre: vfio-pci", files, re.M))

    def make_parts(self):
        """Virtual functions that were asked for; their driver is the host's, until somebody else takes them."""
        for address, base in list(self.functions.items()):
            if read(self.at(base + "/sriov_numvfs"), "0").strip() != "1" or not os.path.exists(self.at("/sys/module/i915/parameters/max_vfs")):
                continue
            part = address[:-1] + "1"
            if part in self.functions:
                continue
            shutil.copytree(self.fixed + base[:-1] + "1", self.at(base[:-1] + "1"), symlinks=True)
            self.link(f"/sys/bus/pci/devices/{part}", os.readlink(os.path.join(self.fixed, "sys/bus/pci/devices", part)))
            self.find_functions()
            self.bind(part, self.usual_driver(base))
