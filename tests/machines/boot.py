# SPDX-License-Identifier: GPL-2.0-or-later
"""What a restart of a machine of maker.py's makes of the files that are there then: the kernel's parameters, whether the host's devices are
translated, who drives which device and shows pictures, huge pages, what is in /dev/shm, which services run, whose groups count. The devices
are those of the broken tree. Of the fixed one comes only what no file says: the numbers of IOMMU groups once the IOMMU works, what a switch in
the firmware or a hand in the case changed, and what a driver shows of a card that it did not have before."""
import os
import re
import shutil
import stat

import virtual
from maker import Machine

WANTS = "/etc/systemd/system/sockets.target.wants"
PCI = ("sys/bus/pci", "sys/kernel/iommu_groups", "sys/class/iommu", "sys/class/drm")
CARD_DRIVERS = ("amdgpu", "radeon", "nvidia", "nouveau", "i915", "vfio_pci")
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
        self.pictures()
        for path in [p for p, line in self.stats.items() if p.startswith("/dev/shm/") and stat.S_ISREG(int(line.split()[0], 8))]:
            self.remove(path)
            del self.stats[path]
        for module in read(self.at("/etc/modules-load.d")).split():
            self.load(module)
        self.tmpfiles(read(self.at("/etc/tmpfiles.d")))
        self.reserve_pages()
        self.services()
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
        source = self.fixed if "slot" in self.by_hand else self.broken
        for path in PCI + tuple(os.path.join("sys/devices", n) for n in os.listdir(os.path.join(source, "sys/devices")) if n.startswith("pci")):
            shutil.rmtree(self.at(path), ignore_errors=True)
            shutil.copytree(os.path.join(source, path), self.at(path), symlinks=True)
        self.find_functions()
        self.groups_of_devices() if self.iommu_works() else self.no_groups()
        for address, base in self.functions.items():
            self.as_the_firmware_leaves_it(base)
            if os.path.lexists(self.at(base + "/physfn")):
                self.forget(address, base)
            elif os.path.exists(self.at(base + "/sriov_numvfs")):
                self.file(base + "/sriov_numvfs", "0\n")
        self.find_functions()
        self.first_picture()

    def no_groups(self):
        for path in ("/sys/kernel/iommu_groups", "/sys/class/iommu"):
            shutil.rmtree(self.at(path))
            os.makedirs(self.at(path))
        for base in [b for b in self.functions.values() if os.path.lexists(self.at(b + "/iommu_group"))]:
            os.remove(self.at(base + "/iommu_group"))

    def groups_of_devices(self):
        """Their numbers are the hardware's; what the kernel does with them is its parameters'."""
        shutil.copy(os.path.join(self.fixed, "proc/interrupts"), self.at("/proc/interrupts"))
        for path in ("sys/kernel/iommu_groups", "sys/class/iommu") if not os.listdir(self.at("/sys/class/iommu")) else ():
            shutil.rmtree(self.at(path))
            shutil.copytree(os.path.join(self.fixed, path), self.at(path), symlinks=True)
        for base in self.functions.values():
            known = self.fixed + base + "/iommu_group"
            if os.path.lexists(known) and not os.path.lexists(self.at(base + "/iommu_group")):
                self.link(base + "/iommu_group", os.readlink(known))
        for group in os.listdir(self.at("/sys/kernel/iommu_groups")):  # a part of a card that is not there yet has none
            there = self.at(f"/sys/kernel/iommu_groups/{group}/devices")
            for address in [a for a in os.listdir(there) if a not in self.functions]:
                os.remove(os.path.join(there, address))
            if not os.listdir(there):
                shutil.rmtree(os.path.dirname(there))
        self.group_kind("identity" if "iommu=pt" in read(self.at("/proc/cmdline")).split() else "DMA-FQ")

    def as_the_firmware_leaves_it(self, base):
        before = self.broken + base
        if read(before + "/device") != read(self.at(base + "/device")):
            return
        shutil.copy(before + "/resource", self.at(base + "/resource"))
        told = self.fixed + base if "primary" in self.by_hand else before
        if os.path.exists(told + "/boot_vga"):
            shutil.copy(told + "/boot_vga", self.at(base + "/boot_vga"))

    # ---- memory, services ----

    def reserve_pages(self):
        """sysctl's last word, or the kernel's parameters: "hugepagesz=1G hugepages=16"."""
        words, kib, counts = read(self.at("/proc/cmdline")).split(), 2048, {}
        for word in words:
            if word.startswith("hugepagesz="):
                kib = {"2M": 2048, "1G": 1048576}[word.split("=")[1]]
            elif word.startswith("hugepages="):
                counts[kib] = int(word.split("=")[1])
        said = re.findall(r"^\s*vm[./]nr_hugepages\s*=\s*(\d+)", read(self.at("/etc/sysctl.d")), re.M)
        counts.update({2048: int(said[-1])} if said else {})
        for kib in {2048, *counts}:
            if os.path.isdir(self.at("/sys/kernel/mm/hugepages")) or counts:
                virtual.hugepages(self, counts.get(kib, 0), counts.get(kib, 0), kib)

    def services(self):
        """Sockets that systemd makes: of what was enabled, or came so. libvirt's networks that start by themselves."""
        before = read(os.path.join(self.broken, ".espelho/stat"))
        for unit, path in virtual.SOCKETS.items():
            if not os.path.exists(self.at(f"/usr/lib/systemd/system/{unit}.socket")):
                continue
            if os.path.lexists(self.at(f"{WANTS}/{unit}.socket")) or path in before:
                virtual.daemon(self, unit, group="libvirt" if unit == "libvirtd" else None)
            elif path in self.stats:
                self.remove(path)
                del self.stats[path]
        for path in [p for p in self.stats if p.startswith("/run/espelho/")]:
            self.remove(path)
            del self.stats[path]
        for name in os.listdir(self.at(WANTS)) if os.path.isdir(self.at(WANTS)) else ():
            if name.startswith("espelho-shm@"):
                self.server_socket(name)
        if "Active:" in self.network_text():
            self.change_network({"Active": re.search(r"Autostart: *(\w+)", self.network_text())[1]})

    # ---- what was changed by hand ----

    def first_picture(self):
        """A card that came later shows the firmware's picture only if the firmware was told so."""
        new = [base for base in self.functions.values() if os.path.exists(self.at(base + "/boot_vga")) and not os.path.exists(self.broken + base)]
        for base in new if "primary" not in self.by_hand else []:
            self.file(base + "/boot_vga", "0\n")

    def forget(self, address, base):
        shutil.rmtree(self.at(base))
        os.remove(self.at(f"/sys/bus/pci/devices/{address}"))

    # ---- who drives what ----

    def pictures(self):
        """A card shows screens by a driver of its own only; modules are there whose devices are."""
        links = self.at("/sys/class/drm")
        shutil.rmtree(links, ignore_errors=True)
        os.makedirs(links)
        for base in self.functions.values():
            shutil.rmtree(self.at(base + "/drm"), ignore_errors=True)
            driver = self.driver_of(base)
            if driver in (None, "vfio-pci"):
                continue
            tree = next((t for t in (self.broken, self.fixed) if os.path.isdir(t + base + "/drm")), None)
            if tree:
                shutil.copytree(tree + base + "/drm", self.at(base + "/drm"), symlinks=True)
                cards = os.path.join(tree, "sys/class/drm")
                for name in [n for n in os.listdir(cards) if base + "/drm/" in os.path.realpath(os.path.join(cards, n))]:
                    self.link(f"/sys/class/drm/{name}", os.readlink(os.path.join(cards, name)))
        driven = {self.driver_of(base) for base in self.functions.values()}
        for module in CARD_DRIVERS:
            if module.replace("_", "-") not in driven and module not in driven:
                self.unload(module)
            elif module not in self.modules:
                self.module(module)

    def driver_of(self, base):
        path = self.at(base + "/driver")
        return os.path.basename(os.readlink(path)) if os.path.lexists(path) else None

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
