# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine to set up: a folder with system files, and a `virsh` that keeps one VM. What is defined goes through the real libvirt
(its test driver, which needs no daemon), so that the VM looks afterwards as libvirt makes it."""
import os
import re
import shutil
import subprocess
import tempfile

# The same without libvirt, where only what is in the XML matters.
PLAIN_VIRSH = """#!/bin/sh
store={store}
shift 2
case $1 in
define) cp "$2" "$store";;
dumpxml) cat "$store";;
domstate) echo shut off;;
esac
"""
VIRSH = """#!/bin/sh
# -c URI COMMAND ...
store={store}
shift 2
case $1 in
define)
    name=$(sed -n 's,.*<name>\\(.*\\)</name>.*,\\1,p' "$2" | head -n 1)
    {real} -q -c test:///default "define $2; dumpxml --inactive --security-info --domain $name" >"$store.new" || exit 1
    grep -q qemu:commandline "$2" && cp "$2" "$store.new"   # which only libvirt's driver for QEMU keeps
    mv "$store.new" "$store";;
dumpxml) case "$*" in *--security-info*) cat "$store";; *) cat "$store.${{4}}";; esac;;
list) cat "$store.names";;
domstate) cat "$store.state";;
*) echo "virsh $*: not in this test" >&2; exit 1;;
esac
"""

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >>{log}
case $1 in
enable) mkdir -p {wants}; ln -s /nowhere {wants}/$3;;
disable) rm {wants}/$3;;
esac
"""


class Scene:
    def __init__(self, program, xml, libvirt=True):
        self.program = program
        self.language = {"LC_ALL": "C"}
        self.top = tempfile.mkdtemp(prefix="espelho-setup-")
        self.root = os.path.join(self.top, "root")
        self.bin = os.path.join(self.top, "bin")
        self.domain = os.path.join(self.top, "win11.xml")
        self.log = os.path.join(self.top, "commands.log")
        os.makedirs(self.bin)
        os.makedirs(os.path.join(self.root, "etc"))
        self.write("etc/os-release", "ID=debian\nPRETTY_NAME=Debian\nVERSION_ID=12\n")
        real = shutil.which("virsh")
        self.tool("virsh", (VIRSH if libvirt else PLAIN_VIRSH).format(store=self.domain, real=real))
        for name in ("systemd-tmpfiles", "udevadm", "semanage"):
            self.tool(name, f'#!/bin/sh\necho "{name} $*" >>{self.log}\n')
        self.tool("modprobe", f'#!/bin/sh\necho "modprobe $*" >>{self.log}\nmkdir -p {self.root}/sys/module/$(echo $1 | tr - _)\n')
        self.tool("systemctl", SYSTEMCTL.format(log=self.log, wants=self.path("etc/systemd/system/sockets.target.wants")))
        with open(self.domain + ".state", "w", encoding="utf-8") as f:
            f.write("shut off\n")
        self.given = xml
        given = os.path.join(self.top, "given.xml")
        with open(given, "w", encoding="utf-8") as f:
            f.write(xml)
        subprocess.run([os.path.join(self.bin, "virsh"), "-c", "x", "define", given], check=True)

    def close(self):
        shutil.rmtree(self.top)

    def rename(self, name):
        """The same VM, by another name."""
        with open(self.domain, "w+", encoding="utf-8") as f:
            f.write(re.sub("<name>.*?</name>", f"<name>{name}</name>", self.given))

    def neighbour(self, name, xml):
        """Another VM of the same libvirt."""
        for path, text in ((f"{self.domain}.{name}", xml), (self.domain + ".names", name + "\n\n")):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)

    def tool(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o755)

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def xml(self):
        with open(self.domain, encoding="utf-8") as f:
            return f.read()

    def commands(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as f:
            return f.read().splitlines()

    def tree(self):
        """Every file below the root but the backups: {name: (mode, text)}."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if os.path.join(folder, f) != self.path("var/lib/espelho")]
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    continue
                with open(path, encoding="utf-8", errors="replace") as f:
                    found[os.path.relpath(path, self.root)] = (os.stat(path).st_mode & 0o7777, f.read())
        return found

    def setup(self, *words, status=0, typed=""):
        env = dict(os.environ, PATH=self.bin + ":" + os.environ["PATH"], SUDO_USER="maria", **self.language)
        done = subprocess.run([self.program, "setup", *words, "--root", self.root], env=env, input=typed, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == status, f"status {done.returncode}, expected {status}:\n{done.stdout}"
        return done.stdout

    def apply(self, *words):
        return self.setup(*words, "--apply", "--yes")


def validate(xml_path):
    """What virt-xml-validate complains of; "" if nothing."""
    done = subprocess.run(["virt-xml-validate", xml_path, "domain"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return "" if done.returncode == 0 else re.sub(r"\s+", " ", done.stdout)
