# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of maker.py's that can be used: programs that change a machine change its tree; boot.py restarts it."""
import os
import re
import shutil

import virtual
from boot import Boot, read
from maker import MIB


class Computer(Boot):
    """The tree in `folder`, a copy of `broken`. `by_hand`: what a person did to the hardware or firmware, by name."""

    def __init__(self, folder, broken, fixed):  # noqa: the tree is there: Machine's own constructor makes a new one
        self.folder, self.broken, self.fixed = folder, broken, fixed
        self.by_hand = set()
        self.notes = folder + ".notes"
        self.stats = {line.split(" ", 5)[5]: line for line in read(self.at("/.espelho/stat")).splitlines()}
        self.refused = read(self.at("/.espelho/denied")).splitlines()
        self.modules = [line.split()[0] for line in read(self.at("/proc/modules")).splitlines()]
        self.release = read(self.at("/proc/sys/kernel/osrelease")).strip()
        self.groups = {"root": 0, **{f[0]: int(f[2]) for f in (line.split(":") for line in (read(self.at("/usr/lib/group")) + read(self.at("/etc/group"))).splitlines())}}
        user = read(self.at("/etc/passwd")).splitlines()[1].split(":")
        self.user_name, self.user_id = user[0], int(user[2])
        self.next_address = {True: 0xF000_0000, False: 0x60_0000_0000}
        self.kargs = {"add": [], "remove": []}
        self.find_functions()

    def at(self, path):
        return os.path.join(self.folder, path.lstrip("/"))

    def find_functions(self):
        links = self.at("/sys/bus/pci/devices")
        self.functions = {name: os.path.realpath(os.path.join(links, name))[len(os.path.realpath(self.folder)):] for name in os.listdir(links)}

    # ---- programs that were run: name and words, one a line of the notes ----

    def obey(self):
        """True: the machine shall be restarted."""
        lines = read(self.notes).splitlines()
        open(self.notes, "w", encoding="utf-8").close()
        restart = False
        for name, *words in (line.split("\t") for line in lines):
            if name == "systemctl" and words[0] == "reboot" or name == "reboot":
                restart = True
            else:
                getattr(self, "do_" + re.sub(r"\W", "_", name), lambda words: None)(words)
        self.sysfs_writes()
        self.stats = {path: line for path, line in self.stats.items() if os.path.lexists(self.at(path))}
        self.finish()
        return restart

    def do_usermod(self, words):
        """Groups that /etc/group does not have are an error of the whole command."""
        wanted = words[words.index("-aG") + 1].split(",")
        lines = [line.split(":") for line in read(self.at("/etc/group")).splitlines()]
        if words[-1] != self.user_name or not set(wanted) <= {name for name, *_ in lines}:
            return
        for line in lines:
            if line[0] in wanted and self.user_name not in line[3].split(","):
                line[3] = ",".join([m for m in line[3].split(",") if m] + [self.user_name])
        self.file("/etc/group", "".join(":".join(line) + "\n" for line in lines))

    def log_in(self):
        """Whose members the user is by the files, he is from now on."""
        lines = [line.split(":") for line in (read(self.at("/etc/group")) + read(self.at("/usr/lib/group"))).splitlines()]
        numbers = {self.user_name: self.user_id, **{name: int(number) for name, _, number, members in lines if self.user_name in members.split(",")}}
        self.command(["id", "-Gn"], " ".join(numbers) + "\n")
        self.command(["id", "-G"], " ".join(map(str, numbers.values())) + "\n")
        if "libvirt" in numbers and "Active:" not in self.network_text():  # it was only refused to this user
            virtual.network(self)

    def do_chown(self, words):
        owner, group = words[0].split(":")
        self.change(words[1], lambda f: [f[0], str(self.uid_of(owner)), str(self.groups[group])] + f[3:])

    def do_chmod(self, words):
        self.change(words[1], lambda f: [f"{int(f[0], 8) & ~0o7777 | int(words[0], 8):o}"] + f[1:])

    def inner(self, path):
        return path[len(self.folder):] if path.startswith(self.folder + "/") else path

    def change(self, path, new):
        path = self.inner(path)
        if path in self.stats:
            self.stats[path] = " ".join(new(self.stats[path].split(" ", 5)))

    def do_virsh(self, words):
        for verb, change in (("net-start", {"Active": "yes"}), ("net-autostart", {"Autostart": "yes"})):
            if verb in words and "default" in words:
                self.change_network(change)
        if "net-define" in words:
            virtual.network(self, active=False, autostart=False)

    NETWORK_FILE = "/.espelho/commands/" + "+".join(virtual.NETWORK).replace("/", "+").replace(":", "+")

    def network_text(self):
        return read(self.at(self.NETWORK_FILE))

    def change_network(self, change):
        if "Active:" not in self.network_text():  # it was only refused to this user
            virtual.network(self)
        text = self.network_text()
        for key, value in change.items():
            text = re.sub(rf"({key}: *).*", rf"\g<1>{value}", text)
        self.file(self.NETWORK_FILE, text)

    def do_systemctl(self, words):
        """`enable` counts at the next start, `--now` and `start` at once."""
        for unit in [w for w in words[1:] if w.endswith(".socket")]:
            kind = unit.split(".")[0]
            if "enable" in words:
                self.link(f"/etc/systemd/system/sockets.target.wants/{unit}", f"/usr/lib/systemd/system/{unit}")
            if "start" not in words and "--now" not in words:
                continue
            if unit.startswith("espelho-shm@"):
                self.server_socket(unit)
            elif os.path.exists(self.at(f"/usr/lib/systemd/system/{unit}")):
                virtual.daemon(self, kind)

    def server_socket(self, unit):
        self.socket(f"/run/espelho/{unit.split('@')[1].split('.')[0]}.sock", 0o660, group="kvm")

    def do_dkms(self, words):
        if words[0] == "install":
            self.file(f"/lib/modules/{self.release}/updates/dkms/kvmfr.ko.xz", "")

    def do_modprobe(self, words):
        for module in (w for w in words if not w.startswith("-")):
            (self.unload if "-r" in words else self.load)(module)

    def do_sysctl(self, words):
        if "--system" in words:
            self.reserve_pages()

    def do_grubby(self, words):
        self.kargs["add"] += [p for w in words if w.startswith("--args=") for p in w[7:].split()]
        self.kargs["remove"] += [p for w in words if w.startswith("--remove-args=") for p in w[14:].split()]

    def do_kernelstub(self, words):
        self.kargs["add" if "--add-options" in words else "remove"] += words[-1].split()

    def do_rpm_ostree(self, words):
        for word in words:
            for option, what in (("--append-if-missing=", "add"), ("--delete-if-present=", "remove")):
                if word.startswith(option):
                    self.kargs[what].append(word[len(option):])

    def do_systemd_tmpfiles(self, words):
        for path in (self.inner(w) for w in words if not w.startswith("-")):
            self.tmpfiles(read(self.at(path)))

    def tmpfiles(self, text):
        for fields in (line.split(None, 6) for line in text.splitlines() if line.strip() and not line.startswith("#")):
            kind, path = fields[0], fields[1]
            if kind == "f":
                now = self.stats.get(path)
                size = int(now.split()[3]) if now else 0
                owner, group = (self.user_name if fields[3] == self.user_name else fields[3]), fields[4]
                self.sparse(path, size, int(fields[2], 8), owner, group)
                self.label(path)
            elif kind == "w" and os.path.exists(self.at(path)):
                self.file(path, fields[6] + "\n")
                self.sysfs_writes()

    def do_semanage(self, words):
        self.append("/etc/selinux/targeted/contexts/files/file_contexts.local",
                    f"{self.inner(words[-1])} system_u:object_r:{words[words.index('-t') + 1]}:s0\n")

    def do_restorecon(self, words):
        self.label(self.inner(words[-1]))

    def label(self, path):
        if not os.path.exists(self.at("/sys/fs/selinux/enforce")):
            return
        rules = re.findall(rf"^{re.escape(path)}\S* .*:object_r:(\w+):", read(self.at(
            "/etc/selinux/targeted/contexts/files/file_contexts.local")), re.M)
        usual = "tmpfs_t" if path.startswith("/dev/shm") else "device_t"
        self.command(["stat", "-c", "%C", path], f"system_u:object_r:{rules[-1] if rules else usual}:s0\n")

    def do_udevadm(self, words):
        if words[0] == "trigger" and os.path.exists(self.at("/dev/kvmfr0")):
            self.kvmfr_node()

    def do_mokutil(self, words):
        if words[0] == "--import":
            self.by_hand.add("key chosen")

    # ---- writes to files of the kernel's ----

    def sysfs_writes(self):
        for address, base in self.functions.items():
            for number in range(6):
                path = self.at(f"{base}/resource{number}_resize")
                if os.path.exists(path) and len(read(path).strip()) < 4:  # a size that was asked for, not what it can have
                    self.resize(base, number, 1 << (int(read(path)) + 20))
                    shutil.copy(self.as_broken(path), path)
        probe = self.at("/sys/bus/pci/drivers_probe")
        if os.path.exists(probe):
            address = read(probe).strip()
            wanted = read(self.at(self.functions[address] + "/driver_override")).strip()
            self.bind(address, wanted or self.usual_driver(self.functions[address]))
            os.remove(probe)
        self.make_parts()

    def as_broken(self, path):
        known = self.broken + path[len(self.folder):]
        return known if os.path.exists(known) else self.fixed + path[len(self.folder):]

    def resize(self, base, number, size):
        lines = read(self.at(base + "/resource")).splitlines(keepends=True)
        start, _, flags = lines[number].split()
        lines[number] = "%s 0x%016x %s\n" % (start, int(start, 16) + size - 1, flags)
        self.file(base + "/resource", "".join(lines))

    # ---- the module kvmfr ----

    def load(self, module):
        if module in ("kvm_amd", "kvm_intel") and self.virtualization():
            self.module(module, **{"nested": "1"})
            virtual.kvm(self, 0o666)
        if module == "udmabuf":
            self.node("/dev/udmabuf", 10, 125, 0o660, group="kvm")
            self.file("/sys/module/udmabuf/parameters/size_limit_mb", "64\n")
        built = os.path.exists(self.at(f"/lib/modules/{self.release}/updates/dkms/kvmfr.ko.xz"))
        if module != "kvmfr" or not built or self.secure_boot() and "key enrolled" not in self.by_hand:
            return
        self.module("kvmfr")
        size = re.search(r"^options kvmfr .*static_size_mb=(\d+)", read(self.at("/etc/modprobe.d")), re.M)
        if size:
            self.file("/sys/class/kvmfr/kvmfr0/size", f"{int(size[1]) * MIB}\n")
            self.kvmfr_node()

    def unload(self, module):
        shutil.rmtree(self.at(f"/sys/module/{module}"), ignore_errors=True)
        self.modules = [m for m in self.modules if m != module]
        if module == "kvmfr" and os.path.exists(self.at("/dev/kvmfr0")):
            self.remove("/dev/kvmfr0")

    def secure_boot(self):
        return os.path.exists(self.at("/.espelho/commands/mokutil+--sb-state"))

    def kvmfr_node(self):
        rules = "".join(read(self.at(f)) for f in ("/usr/lib/udev/rules.d", "/etc/udev/rules.d"))
        line = next((r for r in rules.splitlines() if 'SUBSYSTEM=="kvmfr"' in r), "")
        value = {key: (re.search(rf'\b{key}="(\w+)"', line) or [None, usual])[1]
                 for key, usual in (("OWNER", "root"), ("GROUP", "root"), ("MODE", "0600"))}
        self.node("/dev/kvmfr0", 240, 0, int(value["MODE"], 8), group=value["GROUP"], owner=value["OWNER"])
        self.label("/dev/kvmfr0")
