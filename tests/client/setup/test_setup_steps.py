# SPDX-License-Identifier: GPL-2.0-or-later
"""`espelho setup vbios` and `input`, which show steps and lines. `test_setup_steps.py PROGRAM [Case.name]`."""
import os
import re
import select
import struct
import subprocess
import sys
import time
import unittest

import scene

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "machines"))
import make  # noqa: E402
from maker import Machine  # noqa: E402

XML = """<domain type='kvm'>
  <name>win11</name>
  <devices>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source>
        <address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
      </source>
    </hostdev>
  </devices>
</domain>
"""
KEY, REL, ABS = 1, 2, 3


def image(vendor=0x1002, device=0x73DF, code=3):
    text = bytearray(1024)
    text[0:2] = b"\x55\xaa"
    text[0x18] = 0x40
    text[0x40:0x58] = struct.pack("<4sHHHHB3sHHBBH", b"PCIR", vendor, device, 0, 0x18, 3, b"\0\0\3", 2, 0, code, 0x80, 0)
    return bytes(text)


def event(kind, code, value):
    return struct.pack("@llHHi", 0, 0, kind, code, value)


class Steps(unittest.TestCase):
    def setUp(self):
        self.scene = scene.Scene(PROGRAM, XML, libvirt=False)
        self.addCleanup(self.scene.close)
        machine = Machine(self.scene.root)
        make.description("fedora-rx6700").describe(machine, fixed=True)
        machine.finish()
        self.rom = os.path.join(self.scene.top, "gpu.rom")

    def check(self, text, *words, status=0):
        with open(self.rom, "wb") as f:
            f.write(text)
        return self.scene.setup("vbios", "--pci=03:00", "--file=" + self.rom, *words, status=status)

    def test_vbios(self):
        said = self.scene.setup("vbios", "--pci=03:00")
        self.assertIn("sudo sh -c 'echo 1 > /sys/bus/pci/devices/0000:03:00.0/rom'", said)
        self.assertIn("sudo sh -c 'echo 0 > /sys/bus/pci/devices/0000:03:00.0/rom'", said)
        self.assertIn("primary display", self.scene.setup("vbios", "--pci=07:00"))
        self.assertIn("GPUs of this machine", self.scene.setup("vbios", status=1))
        self.assertIn("nothing has to be changed", self.check(image()))
        self.assertIn("no part for UEFI", self.check(image(code=0)))
        self.assertIn("another model", self.check(image(device=0x73FF)))
        for text, message in ((image(vendor=0x10DE), "is of another GPU: 10de:73df, this one is 1002:73df"), (bytes(4096), "55 AA"), (b"", "55 AA"),
                              (image()[:900], "cut off"), (b"NVGI" + bytes(508) + image(), "bs=512 skip=1")):
            self.assertIn(message, self.check(text, status=1))
        self.check(image(), "--domain=win11", "--apply", "--yes")
        self.assertIn(f"</source>\n      <rom file='{self.rom}'/>\n", self.scene.xml())
        self.assertIn("nothing has to be changed", self.check(image(), "--domain=win11"))

    def pipes(self, names):
        os.makedirs(self.scene.path("dev/input/by-id"))
        os.makedirs(self.scene.path("dev/input/by-path"))
        made = {}
        for name in names:
            path = self.scene.path("dev/input/" + name)
            os.mkfifo(path)
            made[name] = os.open(path, os.O_RDWR)
            self.addCleanup(os.close, made[name])
        return made

    def use(self, process, fd, data, until):
        """Uses a device again and again, until the program says so."""
        line = ""
        deadline = time.monotonic() + 10
        while until not in line and time.monotonic() < deadline:
            os.write(fd, data)
            if select.select([process.stdout], [], [], 0.02)[0]:
                line += os.read(process.stdout.fileno(), 65536).decode()
        self.assertIn(until, line)
        return line

    def test_input(self):
        made = self.pipes(["by-id/usb-A-event-kbd", "by-id/usb-B-event-kbd", "by-id/usb-C&D-event-mouse", "by-path/pci-0-event-mouse"])
        os.symlink("../by-id/usb-A-event-kbd", self.scene.path("dev/input/by-path/pci-1-event-kbd"))
        with subprocess.Popen([PROGRAM, "setup", "input", "--toggle=meta-meta", "--root", self.scene.root], stdout=subprocess.PIPE,
                              env=dict(os.environ, LC_ALL="C")) as process:
            os.write(made["by-id/usb-A-event-kbd"], event(KEY, 30, 0) + event(KEY, 0x110, 1))  # a release, a button: neither is a key press
            self.use(process, made["by-id/usb-B-event-kbd"], event(KEY, 30, 1), "usb-B-event-kbd")
            said = self.use(process, made["by-id/usb-C&D-event-mouse"], event(REL, 0, 5), "usb-C&D-event-mouse\n")
            said += process.stdout.read().decode()
            self.assertEqual(process.wait(timeout=10), 0)
        self.assertIn("<source dev='/dev/input/by-id/usb-C&amp;D-event-mouse'/>", said)
        self.assertIn("<source dev='/dev/input/by-id/usb-B-event-kbd' grab='all' grabToggle='meta-meta' repeat='on'/>", said)
        wrapped = os.path.join(self.scene.top, "input.xml")
        with open(wrapped, "w", encoding="utf-8") as f:
            f.write("<domain type='kvm'><name>a</name><memory>1</memory><os><type>hvm</type></os><devices>"
                    + said[said.index("  <input"):said.rindex("/>") + 2] + "</devices></domain>")
        self.assertEqual(scene.validate(wrapped), "")

    def test_input_for_a_vm(self):
        """Into its definition: shown, applied, with a second keyboard, undone. What the VM has besides stays."""
        made = self.pipes(["by-id/usb-A-event-kbd", "by-id/usb-B-event-kbd", "by-id/usb-C-event-mouse"])
        before = self.scene.xml()

        def run(keyboard, *words):
            env = dict(os.environ, LC_ALL="C", PATH=self.scene.bin + ":" + os.environ["PATH"])
            with subprocess.Popen([PROGRAM, "setup", "input", "--domain=win11", "--root", self.scene.root, *words], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env) as process:
                said = self.use(process, made[keyboard], event(KEY, 30, 1), keyboard + "\n")
                said += self.use(process, made["by-id/usb-C-event-mouse"], event(REL, 0, 5), "mouse\n") + process.stdout.read().decode()
                self.assertEqual(process.wait(timeout=10), 0, said)
                return said

        self.assertIn("Nothing was changed", run("by-id/usb-A-event-kbd"))
        self.assertEqual(self.scene.xml(), before)
        self.assertIn("ctrl-ctrl gives both", run("by-id/usb-A-event-kbd", "--apply", "--yes"))
        once = self.scene.xml()
        self.assertIn("<source dev='/dev/input/by-id/usb-A-event-kbd' grab='all' grabToggle='ctrl-ctrl' repeat='on'/>", once)
        self.assertIn("<source dev='/dev/input/by-id/usb-C-event-mouse'/>", once)
        self.assertEqual([once.count(f"<input type='{kind}' bus='virtio'/>") for kind in ("mouse", "keyboard")], [1, 1])
        self.assertIn("nothing has to be changed", run("by-id/usb-A-event-kbd", "--apply", "--yes"))
        run("by-id/usb-A-event-kbd", "--apply", "--yes", "--toggle=scrolllock")
        self.assertEqual(self.scene.xml(), once.replace("ctrl-ctrl", "scrolllock"))
        run("by-id/usb-B-event-kbd", "--apply", "--yes")
        self.assertEqual(self.scene.xml().count("type='evdev'"), 3)
        for _ in range(3):
            self.scene.setup("undo")
        self.assertEqual(self.scene.xml(), before)
        self.assertEqual(scene.validate(self.scene.domain), "")

    def test_input_makes_place(self):
        """What the VM reads that is gone, or is a chosen device by another name, is taken out; another device stays."""
        made = self.pipes(["by-id/usb-A-event-kbd", "by-id/usb-B-event-kbd", "by-id/usb-C-event-mouse"])
        self.scene.write(".espelho/stat", "".join(f"20660 0 104 0 13:{minor} /dev/input/{name}\n" for minor, name in (
            (65, "by-id/usb-A-event-kbd"), (66, "by-id/usb-B-event-kbd"), (66, "event7"), (67, "by-id/usb-C-event-mouse"))))
        before = self.scene.xml().replace("<domain type='kvm'>", "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>")
        now = ["by-id/usb-gone-event-kbd", "event7", "by-id/usb-A-event-kbd"]
        self.define(before, now, "/dev/input/by-id/usb-gone-event-mouse")
        env = dict(os.environ, LC_ALL="C", PATH=self.scene.bin + ":" + os.environ["PATH"])
        with subprocess.Popen([PROGRAM, "setup", "input", "--domain=win11", "--apply", "--yes", "--root", self.scene.root],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env) as process:
            said = self.use(process, made["by-id/usb-B-event-kbd"], event(KEY, 30, 1), "usb-B-event-kbd\n")
            said += self.use(process, made["by-id/usb-C-event-mouse"], event(REL, 0, 5), "mouse\n") + process.stdout.read().decode()
            self.assertEqual(process.wait(timeout=10), 0, said)
        xml = self.scene.xml()
        self.assertEqual(re.findall(r"dev='/dev/input/(\S+)'", xml), ["by-id/usb-A-event-kbd", "by-id/usb-C-event-mouse", "by-id/usb-B-event-kbd"])
        self.assertNotIn("input-linux", xml)
        self.assertEqual(scene.validate(self.scene.domain), "")

    def define(self, xml, devices, argument):
        """With those devices of the host, and one by an argument of QEMU's."""
        inputs = "".join(f"    <input type='evdev'>\n      <source dev='/dev/input/{name}'/>\n    </input>\n" for name in devices)
        words = "".join(f"    <qemu:arg value='{word}'/>\n" for word in ("-object", f"input-linux,id=k,evdev={argument}"))
        xml = xml.replace("  </devices>\n", inputs + "  </devices>\n")
        xml = xml.replace("</domain>", f"  <qemu:commandline>\n{words}  </qemu:commandline>\n</domain>")
        with open(self.scene.domain, "w", encoding="utf-8") as f:
            f.write(xml)

    def test_input_without_devices(self):
        self.assertIn("no such device", self.scene.setup("input", status=1))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
