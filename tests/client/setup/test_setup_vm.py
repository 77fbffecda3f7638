# SPDX-License-Identifier: GPL-2.0-or-later
"""`espelho setup vm` and `undo` through the real program and the real libvirt. `test_setup_vm.py PROGRAM [Case.name]`."""
import os
import sys
import unittest

import scene

XML = """<domain type='kvm'>
  <name>win11</name>
  <memory unit='GiB'>16</memory>
  <vcpu>8</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><kvm><hidden state='on'/></kvm></features>
  <cpu mode='host-passthrough'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0' bus='3' slot='0' function='0'/></source>
    </hostdev>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""
QEMU_CONF = "# libvirt's\nuser = \"root\"\n#cgroup_device_acl = [\n#    \"/dev/null\",\n#    \"/dev/kvm\"\n#]\n"


class Vm(unittest.TestCase):
    def setUp(self):
        self.scene = scene.Scene(PROGRAM, XML)
        self.addCleanup(self.scene.close)

    def all_of_it(self, *words):
        """Shown, applied, right for libvirt, nothing left to do, undone."""
        s = self.scene
        before, xml_before = s.tree(), s.xml()
        shown = s.setup("vm", "--domain=win11", *words)
        self.assertEqual((s.tree(), s.xml(), s.commands()), (before, xml_before, []))
        self.assertIn("Nothing was changed: --apply does it.", shown)
        s.apply("vm", "--domain=win11", *words)
        self.assertEqual(scene.validate(s.domain), "")
        after, xml_after, commands = s.tree(), s.xml(), s.commands()
        again = s.apply("vm", "--domain=win11", *words)
        self.assertIn("nothing has to be changed", again)
        self.assertEqual((s.tree(), s.xml(), s.commands()), (after, xml_after, commands))
        s.setup("undo", "--apply")
        self.assertEqual((s.tree(), s.xml()), (before, xml_before))
        return shown, {n: t for n, (_, t) in after.items() if before.get(n, (0, ""))[1] != t}, xml_after, commands

    def test_plain(self):
        shown, files, xml, commands = self.all_of_it("--mode=2560x1440", "--hdr")
        self.assertEqual(list(files), ["etc/tmpfiles.d/espelho.conf"])
        self.assertIn("\nf /dev/shm/looking-glass 0660 maria kvm -\n", files["etc/tmpfiles.d/espelho.conf"])
        self.assertIn("<shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n      <size unit='M'>128</size>", xml)
        self.assertIn("<target type='virtio' name='com.redhat.spice.0'/>", xml)
        self.assertIn("<listen type='address' address='127.0.0.1'/>", xml)
        self.assertIn("<model type='none'/>", xml)
        self.assertIn("<memballoon model='none'/>", xml)
        self.assertEqual(commands, ["systemd-tmpfiles --create /etc/tmpfiles.d/espelho.conf"])
        self.assertIn("-    <memballoon model='virtio'/>", shown.replace("virtio'>", "virtio'/>"))
        self.assertIn("+f /dev/shm/looking-glass 0660 maria kvm -", shown)

    def test_kvmfr(self):
        self.scene.write("etc/libvirt/qemu.conf", QEMU_CONF)
        self.scene.write("usr/lib/systemd/system/libvirtd.service", "")
        self.scene.write("sys/module/apparmor/parameters/enabled", "Y\n")
        _, files, xml, commands = self.all_of_it("--mode=3840x2160", "--backend=kvmfr")
        self.assertEqual(sorted(files), ["etc/apparmor.d/local/abstractions/libvirt-qemu", "etc/libvirt/qemu.conf", "etc/modprobe.d/kvmfr.conf",
                                         "etc/modules-load.d/kvmfr.conf", "etc/udev/rules.d/70-kvmfr.rules"])
        self.assertIn("options kvmfr static_size_mb=128\n", files["etc/modprobe.d/kvmfr.conf"])
        self.assertTrue(files["etc/libvirt/qemu.conf"].startswith(QEMU_CONF))
        self.assertIn('    "/dev/kvm",\n    "/dev/kvmfr0"\n]\n', files["etc/libvirt/qemu.conf"])
        self.assertIn("/dev/kvmfr0 rw,\n", files["etc/apparmor.d/local/abstractions/libvirt-qemu"])
        self.assertEqual(commands, ["udevadm control --reload", "modprobe kvmfr", "systemctl try-restart libvirtd.service"])

    def test_doorbell(self):
        _, files, xml, commands = self.all_of_it("--backend=doorbell")
        self.assertIn("size=32M\n", files["etc/espelho/shm/win11.conf"])
        self.assertIn("<server path='/run/espelho/win11.sock'/>", xml)
        self.assertEqual(commands[0], "systemctl enable --now espelho-shm@win11.socket")

    def test_doorbell_options_that_are_there(self):
        """Only a memory that is too small gets a size; the rest of the file stays."""
        conf, link = "etc/espelho/shm/win11.conf", self.scene.path("etc/systemd/system/sockets.target.wants/espelho-shm@win11.socket")
        os.makedirs(os.path.dirname(link))
        os.symlink("/nowhere", link)
        rows = [("mode=2560x1440\n", "2560x1440", None), ("# mine\nmode=1920x1080\nvectors=4", "2560x1440", "\nsize=64M\n"),
                ("mode=2560x1440\nhdr=yes\n", "2560x1440", None), ("size=1G\nvectors=4\n", "3840x2160", None),
                (' size = "16M"\nvectors=4\n', "1920x1080", "size=32M\nvectors=4\n"), ("vectors=4\n", "3840x2160", None)]
        self.scene.apply("vm", "--domain=win11", "--backend=doorbell")
        for text, mode, ending in rows:
            with self.subTest(text=text, mode=mode):
                self.scene.write(conf, text)
                os.chmod(self.scene.path(conf), 0o600)
                ran = len(self.scene.commands())
                said = self.scene.apply("vm", "--domain=win11", "--mode=" + mode)
                if ending:
                    self.assertEqual(self.scene.read(conf), text.replace(' size = "16M"\nvectors=4\n', "") + ending)
                    self.assertEqual(self.scene.commands()[ran:], ["systemctl stop espelho-shm@win11.service"])
                else:
                    self.assertIn("nothing has to be changed", said)
                self.assertEqual(os.stat(self.scene.path(conf)).st_mode & 0o777, 0o600)
        self.scene.write(conf, "size=lots\n")
        self.assertIn("in a way that is not understood", self.scene.setup("vm", "--domain=win11"))

    def test_who_is_let_in_by_a_line_of_the_users_own(self):
        """Owner, group and mode count, not how we would have written it."""
        self.scene.write("etc/group", "kvm:x:36:joao,maria\nlibvirt:x:37:joao\n")
        rows = [("f /dev/shm/looking-glass 0660 maria qemu -", True), ("f+ /dev/shm/looking-glass 0660 qemu kvm -", True),
                ("F /dev/shm/looking-glass 0666 root root -", True), ("f  /dev/shm/looking-glass  0640 maria kvm", False),
                ("f /dev/shm/looking-glass 0660 maria users -", False), ("f /dev/shm/looking-glass 0660 libvirt-qemu libvirt -", False),
                ("f /dev/shm/looking-glass", False), ("f+ /dev/shm/looking-glass 0600 maria kvm - -", False)]
        self.scene.apply("vm", "--domain=win11")
        for line, right in rows:
            with self.subTest(line=line):
                self.scene.write("etc/tmpfiles.d/espelho.conf", f"# mine\n{line}\n")
                self.scene.apply("vm", "--domain=win11")
                want = line if right else "f /dev/shm/looking-glass 0660 maria kvm -"
                self.assertEqual(self.scene.read("etc/tmpfiles.d/espelho.conf"), f"# mine\n{want}\n")

    def test_lines_of_others_stay(self):
        """The user's own file has the line already, for somebody else; only it changes."""
        mine = "# mine\nd /run/mine 0755 root root -\nf /dev/shm/looking-glass 0660 joao kvm -\n"
        self.scene.write("etc/tmpfiles.d/10-mine.conf", mine)
        _, files, _, _ = self.all_of_it()
        self.assertEqual(files, {"etc/tmpfiles.d/10-mine.conf": mine.replace("joao", "maria")})

    def test_size_of_the_screens_that_are_there(self):
        """Without --mode: the largest of those that are plugged in, by what each prefers."""
        said = lambda *words: self.scene.setup("vm", "--domain=win11", *words)
        self.assertIn("Sized for 1920x1080, since no screen is known", said())
        for name, status, modes in (("card0-DP-1", "connected", "2560x1440\n3840x2160\n"), ("card1-HDMI-A-1", "disconnected", "7680x4320\n"),
                                    ("card1-DP-2", "connected", "1920x1080i\n"), ("card1-eDP-1", "connected", ""),
                                    ("card1-DP-3", "connected", "99999x2\n"), ("card1-DP-4", "connected", "x\n0x0\n"), ("version", "", "")):
            self.scene.write(f"sys/class/drm/{name}/status", status + "\n")
            self.scene.write(f"sys/class/drm/{name}/modes", modes)
        self.assertIn("Sized for 2560x1440, which the screen at DP-1 prefers;", said())
        self.assertIn("<size unit='M'>64</size>", said())
        self.assertIn("<size unit='M'>32</size>", said("--mode=1920x1080"))
        self.assertNotIn("Sized for", said("--mode=1920x1080"))
        self.scene.write("sys/class/drm/card2-DP-9/status", "connected\n")
        self.scene.write("sys/class/drm/card2-DP-9/modes", "3840x2160\n")
        self.assertIn("Sized for 3840x2160, which the screen at DP-9 prefers;", said())
        self.assertIn("<size unit='M'>256</size>", said("--hdr"))

    def test_selinux(self):
        self.scene.write("sys/fs/selinux/enforce", "1")
        shown = self.scene.setup("vm", "--domain=win11")
        self.assertIn("$ semanage fcontext -a -t svirt_tmpfs_t /dev/shm/looking-glass\n", shown)
        self.scene.write("etc/selinux/targeted/contexts/files/file_contexts.local",
                         "/dev/shm/looking-glass    system_u:object_r:svirt_tmpfs_t:s0\n")
        self.assertNotIn("semanage", self.scene.setup("vm", "--domain=win11"))

    def test_a_smaller_file_in_the_way(self):
        self.scene.write("dev/shm/looking-glass", "x" * 4096)
        self.assertIn(f"$ rm -f {self.scene.root}/dev/shm/looking-glass", self.scene.setup("vm", "--domain=win11"))
        with open(self.scene.domain + ".state", "w", encoding="utf-8") as f:
            f.write("running\n")
        shown = self.scene.setup("vm", "--domain=win11")
        self.assertNotIn("rm -f", shown)
        self.assertIn("The VM is running: its new XML counts from its next start on.", shown)

    def test_asked_and_answered(self):
        """Only a yes is one; nobody there is a no."""
        before = self.scene.tree()
        for typed in ("n\n", "\n", "", "\0\n", "not yet\n"):
            said = self.scene.setup("vm", "--domain=win11", "--apply", typed=typed, status=1)
            self.assertIn("Apply? [y/N]", said)
            self.assertIn("\nNothing was changed.\n" if typed == "" else "Nothing was changed.\n", said)
        self.assertEqual(self.scene.tree(), before)
        self.assertEqual(self.scene.commands(), [])
        self.scene.setup("vm", "--domain=win11", "--apply", typed="y\n")
        self.assertNotEqual(self.scene.tree(), before)

    def test_names(self):
        """Any that libvirt takes, where only libvirt needs it; what makes files of it says what it can be. A VM that is called by its
        number is set up by its name."""
        s = self.scene
        for name in ("Windows 11", "m\u00e1quina", "a'b$(touch x)", "-x", "%s%n"):
            with self.subTest(name=name):
                s.rename(name.replace("&", "&amp;"))
                self.assertIn(f"--- {name}\n", s.setup("vm", "--domain=" + name))
                for words in (["vm", "--backend=doorbell"], ["cpus", "--cores=1"]):
                    said = s.setup(*words, "--domain=" + name, status=1)
                    self.assertTrue("cannot be used in names of files" in said or "topology" in said, said)
        s.rename("win11")
        s.apply("vm", "--domain=1", "--backend=doorbell")
        self.assertIn("<server path='/run/espelho/win11.sock'/>", s.xml())
        self.assertIn("systemctl enable --now espelho-shm@win11.socket", s.commands())
        self.assertIn("Undoing: The VM's shared memory (win11)\n", s.setup("undo", "--domain=win11"))

    def test_two_vms(self):
        """Each has its own memory; they are undone one by one, in any order. Where they share one, it is said."""
        s = self.scene
        s.apply("vm", "--domain=win11")
        one = s.xml()
        self.assertIn("<shmem name='looking-glass'>", one)
        s.neighbour("win11", one)
        s.rename("win10")
        before = s.xml()
        s.apply("vm", "--domain=win10")
        self.assertIn("<shmem name='looking-glass-win10'>", s.xml())
        self.assertIn("f /dev/shm/looking-glass-win10 0660", s.read("etc/tmpfiles.d/espelho.conf"))
        self.assertIn("nothing has to be changed", s.apply("vm", "--domain=win10"))
        self.assertIn("There is nothing to undo for win95", s.setup("undo", "--domain=win95", status=1))
        said = s.setup("undo", "--domain=win11", status=1)  # both lines are in one file
        self.assertIn("/etc/tmpfiles.d/espelho.conf was changed since", said)
        said = s.setup("undo", "--domain=win10")
        self.assertIn("Undoing: The VM's shared memory (win10)", said)
        self.assertNotIn("shmem", s.xml())
        self.assertIn("f /dev/shm/looking-glass 0660", s.read("etc/tmpfiles.d/espelho.conf"))
        shared = before.replace("<devices>", "<devices><shmem name='looking-glass'><model type='ivshmem-plain'/><size unit='M'>64</size></shmem>")
        with open(s.domain, "w", encoding="utf-8") as f:
            f.write(shared)
        self.assertIn("win11 has the same memory, /dev/shm/looking-glass: only one", s.setup("vm", "--domain=win10"))

    def test_places_that_cannot_be_changed(self):
        """A link, a folder in the file's place: named, and nothing is done."""
        s, path = self.scene, "etc/tmpfiles.d/espelho.conf"
        before = s.xml()
        os.makedirs(s.path("etc/tmpfiles.d"))
        os.symlink("/elsewhere", s.path(path))
        self.assertIn("/etc/tmpfiles.d/espelho.conf is a link", s.setup("vm", "--domain=win11", "--apply", "--yes", status=1))
        os.remove(s.path(path))
        os.mkdir(s.path(path))
        self.assertIn("/etc/tmpfiles.d/espelho.conf is a link or no file", s.setup("vm", "--domain=win11", "--apply", "--yes", status=1))
        self.assertEqual((s.xml(), s.commands()), (before, []))

    def test_a_failing_command_changes_nothing(self):
        before, xml = self.scene.tree(), self.scene.xml()
        self.scene.tool("systemd-tmpfiles", "#!/bin/sh\necho it is broken\nexit 1\n")
        said = self.scene.setup("vm", "--domain=win11", "--apply", "--yes", status=1)
        self.assertIn("it is broken", said)
        self.assertIn("The command systemd-tmpfiles failed", said)
        self.assertEqual((self.scene.tree(), self.scene.xml()), (before, xml))

    def test_a_root_from_where_one_stands(self):
        s = self.scene
        s.root = os.path.relpath(s.root)
        s.apply("vm", "--domain=win11", "--mode=2560x1440")
        self.assertIn("nothing has to be changed", s.setup("vm", "--domain=win11", "--mode=2560x1440"))

    def test_errors(self):
        s = self.scene
        rows = [(["vm"], 1, "which VM?"), (["vm", "--domain=win11", "--mode=16384x16384"], 1, "--mode"), (["nothing"], 2, "no part 'nothing'"),
                (["undo"], 1, "There is nothing to undo"), (["vm", "--domain=win11", "--backend=floppy"], 2, "plain|kvmfr|doorbell"),
                ([], 2, "PART is missing")]
        for words, status, message in rows:
            self.assertIn(message, s.setup(*words, status=status))
        os.remove(s.domain)
        self.assertIn("libvirt does not tell about the VM", s.setup("vm", "--domain=win11", status=1))
        for said, message in (("error: failed to get domain 'win11'", "has no VM 'win11'; `virsh -c qemu:///system list --all`"),
                              ("error: failed to connect to the hypervisor", "(qemu:///system) does not answer; `espelho doctor`")):
            s.tool("virsh", f"#!/bin/sh\necho \"{said}\" >&2\nexit 1\n")
            self.assertIn(message, s.setup("vm", "--domain=win11", status=1))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
