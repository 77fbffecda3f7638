# SPDX-License-Identifier: GPL-2.0-or-later
"""`espelho setup` on the machines of tests/machines, broken and fixed: each part is applied, asked again (nothing is left to do) and
undone (every byte is as before). `test_setup_machines.py PROGRAM TREES MACHINE`."""
import os
import re
import shutil
import subprocess
import sys
import unittest

import scene

MODE = {"arch-n100": "2560x1440", "manjaro-rtx3090": "3840x2160", "fedora-rx6700": "2560x1440", "pop-laptop": "2560x1440"}
GPU = {"arch-n100.broken": "00:02.0", "arch-n100.fixed": "00:02.1", "debian-single.broken": "01:00"}
ONLY_GPU = ("arch-n100", "debian-single")  # the broken machine has no other: vfio-pci from boot on would leave no desktop
# VMs that are not understood well enough to be changed, and what is said of that.
TOO_LITTLE = ("ubuntu-laptop",)  # memory for pages that are reserved at boot
REFUSED = {"cachyos-rtx4070": "'-object' has no value behind it"}
# Which files each part of setup changes on the broken machine, and which programs it runs.
TMPFILES, CREATE = "etc/tmpfiles.d/espelho.conf", "systemd-tmpfiles --create /etc/tmpfiles.d/espelho.conf"
KVMFR_FILES = ["etc/libvirt/qemu.conf", "etc/modprobe.d/kvmfr.conf", "etc/modules-load.d/kvmfr.conf", "etc/udev/rules.d/70-kvmfr.rules"]
KVMFR = ["udevadm control --reload", "modprobe kvmfr"]
APPARMOR = "etc/apparmor.d/local/abstractions/libvirt-qemu"
SERVER = ["etc/espelho/shm/win11.conf"]
VFIO = "etc/modprobe.d/espelho-vfio.conf"
TYPES = "etc/selinux/targeted/contexts/files/file_contexts.local"
RULE = "etc/espelho/selinux/espelho-kvmfr.cil"
EXPECTED = {
    ("arch-n100", "plain"): ([TMPFILES], ["rm -f /dev/shm/looking-glass", CREATE]),
    ("arch-n100", "kvmfr"): (KVMFR_FILES, KVMFR),
    ("debian-r7-430", "plain"): ([TMPFILES], [CREATE]),
    ("debian-r7-430", "kvmfr"): (KVMFR_FILES + [APPARMOR], KVMFR),
    ("debian-r7-430", "doorbell"): (SERVER, ["systemctl enable --now espelho-shm@win11.socket"]),
    ("debian-r7-430", "early"): ([VFIO, "etc/initramfs-tools/modules"], ["update-initramfs -u -k all"]),
    ("fedora-rx6700", "plain"): ([TMPFILES, TYPES],
                                 ["semanage fcontext -a -t svirt_tmpfs_t /dev/shm/looking-glass", CREATE]),
    ("fedora-rx6700", "kvmfr"): (KVMFR_FILES + [TYPES, RULE],
                                 ["semodule -i /etc/espelho/selinux/espelho-kvmfr.cil",
                                  "semanage fcontext -a -t svirt_tmpfs_t /dev/kvmfr0"] + KVMFR),
    ("fedora-rx6700", "doorbell"): (SERVER + [TYPES], [r"semanage fcontext -a -t svirt_image_t /run/espelho/win11\.sock",
                                                       "systemctl enable --now espelho-shm@win11.socket"]),
    ("fedora-rx6700", "early"): ([VFIO, "etc/dracut.conf.d/espelho-vfio.conf"], ["dracut --regenerate-all --force"]),
    ("manjaro-rtx3090", "early"): ([VFIO, "etc/mkinitcpio.conf.d/espelho-vfio.conf"], ["mkinitcpio -P"]),
    ("pop-laptop", "early"): (["etc/modprobe.d/vfio.conf", VFIO, "etc/initramfs-tools/modules"], ["update-initramfs -u -k all"]),
    ("ubuntu-laptop", "early"): ([VFIO, "etc/initramfs-tools/modules"], ["update-initramfs -u -k all"]),
    ("ubuntu-laptop", "plain"): ([TMPFILES], [CREATE]),
}
SEMANAGE = """#!/bin/sh
echo "semanage $*" >>{log}
list={root}/etc/selinux/targeted/contexts/files/file_contexts.local
mkdir -p "$(dirname "$list")"
case $2 in
-a) printf '%s    system_u:object_r:%s:s0\\n' "$5" "$4" >>"$list";;
-d) grep -vF "$3 " "$list" >"$list.new"; mv "$list.new" "$list"; [ -s "$list" ] || /bin/rm "$list";;
esac
"""
MODPROBE = """#!/bin/sh
echo "modprobe $*" >>{log}
mkdir -p {root}/sys/module/kvmfr {root}/sys/class/kvmfr/kvmfr0
mib=$(sed -n 's/^options kvmfr static_size_mb=//p' {root}/etc/modprobe.d/kvmfr.conf)
echo $((mib << 20)) >{root}/sys/class/kvmfr/kvmfr0/size
"""
# Files in /dev/shm are in the list of owners: without their size.
RM = """#!/bin/sh
path=${{2#{root}}}
echo "rm $1 $path" >>{log}
/bin/rm "$@"
sed -i "\\, $path\$,d" {root}/.espelho/stat
"""


class Machines(unittest.TestCase):
    def on(self, state):
        """The machine as it was saved, with its VM and its user."""
        tree = os.path.join(TREES, f"{MACHINE}.{state}")
        with open(os.path.join(tree, ".espelho/vm.xml"), encoding="utf-8") as f:
            xml = re.sub(r"<(\w+)([^<>]*)></\1>", r"<\1\2/>", f.read())  # as libvirt prints it
        s = scene.Scene(PROGRAM, xml, libvirt=False)
        self.addCleanup(s.close)
        shutil.copytree(tree, s.root, symlinks=True, dirs_exist_ok=True)
        for name in ("dracut", "mkinitcpio", "update-initramfs", "restorecon", "semodule", "ddcutil"):
            s.tool(name, f'#!/bin/sh\necho "{name} $*" >>{s.log}\n')
        s.tool("semanage", SEMANAGE.format(log=s.log, root=s.root))
        s.tool("rm", RM.format(log=s.log, root=s.root))
        s.tool("modprobe", MODPROBE.format(log=s.log, root=s.root))
        with open(s.path(".espelho/commands/id+-un"), encoding="utf-8") as f:
            self.user = f.read().split()[-1]
        self.gpu = GPU.get(f"{MACHINE}.{state}") or self.first_gpu(s.xml())
        return s

    @staticmethod
    def first_gpu(xml):
        at = xml.index("bus='0x") + len("bus='0x")
        return xml[at:at + 2] + ":00"

    def system(self, s):
        """What undo puts back: not what the kernel shows of a module that was loaded, nor a file that QEMU makes again."""
        return {name: what for name, what in s.tree().items() if not name.startswith(("sys/", "dev/shm/", ".espelho/"))}

    def part(self, s, words, expected=None, undo=True):
        before, xml, ran = self.system(s), s.xml(), len(s.commands())
        words = [*words, "--domain=win11", "--user=" + self.user]
        shown = s.setup(*words)
        self.assertEqual((self.system(s), s.xml(), len(s.commands())), (before, xml, ran))
        s.apply(*words)
        after = self.system(s)
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        for name in changed:
            if name in before:
                self.assertEqual(after[name][0], before[name][0], f"mode of {name}")
        if expected:
            self.assertEqual(changed, sorted(expected[0]))
            self.assertEqual(s.commands()[ran:], expected[1])
        xml_after, ran_after = s.xml(), len(s.commands())
        again = s.apply(*words)
        self.assertIn("nothing has to be changed", again)
        self.assertEqual((self.system(s), s.xml(), len(s.commands())), (after, xml_after, ran_after))
        if undo:
            s.setup("undo")
            self.assertEqual((self.system(s), s.xml()), (before, xml))
        return shown

    def parts(self):
        mode = "--mode=" + MODE.get(MACHINE, "1920x1080")
        return {"plain": ["vm", mode, "--backend=plain"], "kvmfr": ["vm", mode, "--backend=kvmfr"],
                "doorbell": ["vm", mode, "--backend=doorbell"], "gpu": ["gpu", "--pci=" + self.gpu],
                "hugepages": ["hugepages"], "early hugepages": ["hugepages", "--early"], "cpus": ["cpus", "--governor"],
                "monitor": ["monitor", "--vm-input=15", "--host-input=17"]}

    def refused(self, s):
        """True: that is how it is on this machine."""
        if MACHINE not in REFUSED:
            return False
        before, xml = self.system(s), s.xml()
        for words in self.parts().values():
            if words[0] in ("vm", "cpus", "hugepages"):
                self.assertIn(REFUSED[MACHINE], s.setup(*words, "--apply", "--yes", "--domain=win11", status=1))
        self.assertEqual((self.system(s), s.xml(), s.commands()), (before, xml, []))
        return True

    def test_each_part_is_taken_back(self):
        s = self.on("broken")
        if self.refused(s):
            return
        for name in ("kvmfr", "doorbell", "early hugepages"):
            words = self.parts()[name]
            if name == "early hugepages" and MACHINE in TOO_LITTLE:
                self.assertIn("not enough left", s.setup(*words, "--domain=win11", status=1))
                continue
            with self.subTest(part=name):
                self.part(s, words, EXPECTED.get((MACHINE, name)))
        with self.subTest(part="early"):
            words = ["gpu", "--pci=" + self.gpu, "--early"]
            if MACHINE in ONLY_GPU:
                self.assertIn("the only GPU", s.setup(*words, status=1))
            else:
                s.apply(*words, "--domain=win11")  # the VM has it from now on, so that only the files are looked at
                s.setup("undo")
                self.part(s, words, EXPECTED.get((MACHINE, "early")))

    def test_all_parts_together(self):
        """One after the other; libvirt takes what became of the VM; then all of it is taken back."""
        s = self.on("broken")
        if self.refused(s):
            return
        before, xml = self.system(s), s.xml()
        names = ("plain", "gpu", "hugepages", "cpus", "monitor")
        for name in names:
            self.part(s, self.parts()[name], EXPECTED.get((MACHINE, name)), undo=False)
        self.assertEqual(scene.validate(s.domain), "")
        done = subprocess.run(["virsh", "-q", "-c", "test:///default", "define", s.domain], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for _ in names:
            s.setup("undo")
        self.assertIn("There is nothing to undo", s.setup("undo", status=1))
        self.assertEqual((self.system(s), s.xml()), (before, xml))

    def test_what_is_right_stays(self):
        """The fixed machine: there is nothing to do for the memory, whoever made it so, nor for a GPU that vfio-pci has."""
        s = self.on("fixed")
        before, xml = self.system(s), s.xml()
        for words in (["vm", "--mode=" + MODE.get(MACHINE, "1920x1080")], ["gpu", "--pci=" + self.gpu, "--early"]):
            said = s.apply(*words, "--domain=win11", "--user=" + self.user)
            self.assertIn("nothing has to be changed", said)
            self.assertNotIn("To be done by you", said)
        self.assertEqual((self.system(s), s.xml(), s.commands()), (before, xml, []))


if __name__ == "__main__":
    PROGRAM, TREES, MACHINE = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3]
    del sys.argv[1:4]
    unittest.main()
