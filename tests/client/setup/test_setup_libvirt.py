# SPDX-License-Identifier: GPL-2.0-or-later
"""What `espelho setup vm` writes, through the real libvirtd and QEMU: defined, started, the shared memory found in QEMU, and undone.
`test_setup_libvirt.py PROGRAM SERVER [Case.name]`.

libvirtd runs for a session of its own (qemu:///session), as a user and not as root, in a mount namespace with its own /run and /dev/shm.
QEMU emulates, and no guest runs: VMs are started paused. Status 77: this machine lets nobody make namespaces, or has no libvirtd."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import scene

XML = """<domain type='qemu'>
  <name>win11</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""
URI = "qemu:///session"
# A user's session has no virtlogd, no cgroups and no labels.
QEMU_CONF = 'stdio_handler = "file"\ncgroup_controllers = [ ]\nsecurity_driver = "none"\n'
TMPFILES = """#!/bin/sh
sed -n 's/^f \\([^ ]*\\) .*/\\1/p' {root}$2 | while read -r path; do : >>"$path"; chmod 660 "$path"; done
"""
# What systemd does with the socket and the service of packaging/: the server with its options.
SYSTEMCTL = """#!/bin/sh
case $1 in
enable) {server} --config={root}/etc/espelho/shm/win11.conf /run/espelho/win11.sock >{top}/server.log 2>&1 & echo $! >{top}/server.pid
    for i in 1 2 3 4 5 6 7 8 9 10; do [ -S /run/espelho/win11.sock ] && break; sleep 0.1; done
    mkdir -p {wants}; ln -s /nowhere {wants}/$3;;
disable) kill "$(cat {top}/server.pid)"; rm {wants}/$3;;
esac
"""
NAMESPACE = """set -e
mount -t tmpfs run /run
mount -t tmpfs -o mode=1777 shm /dev/shm
mkdir -m 777 /run/espelho /run/user
exec "$@"
"""
USER = 65534


def inside():
    """This program again, with its own /run and /dev/shm, as a user."""
    again = [sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:]]
    if os.getuid() == 0:
        words = ["unshare", "-m", "sh", "-c", NAMESPACE, "sh", "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    else:
        user, group = os.getuid(), os.getgid()
        words = ["unshare", "-Urm", "sh", "-c", NAMESPACE, "sh", "unshare", "-U", f"--map-user={user}", f"--map-group={group}"]
    programs = shutil.which("libvirtd") and shutil.which("qemu-system-x86_64")
    if not programs or subprocess.run([*words, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        sys.exit(77)
    os.execvpe(words[0], [*words, *again], dict(os.environ, ESPELHO_TEST_INSIDE="1"))


class Session(unittest.TestCase):
    def setUp(self):
        self.scene = s = scene.Scene(PROGRAM, XML, libvirt=False)
        self.addCleanup(s.close)
        os.remove(os.path.join(s.bin, "virsh"))  # the real one
        self.environment = dict(os.environ, HOME=s.top, XDG_RUNTIME_DIR=os.path.join(s.top, "run"), XDG_CONFIG_HOME=os.path.join(s.top, "c"),
                                XDG_CACHE_HOME=os.path.join(s.top, "cache"), XDG_DATA_HOME=os.path.join(s.top, "data"), LC_ALL="C")
        os.environ.update(self.environment)
        os.mkdir(self.environment["XDG_RUNTIME_DIR"], 0o700)
        os.makedirs(os.path.join(s.top, "c/libvirt"))
        with open(os.path.join(s.top, "c/libvirt/qemu.conf"), "w", encoding="utf-8") as f:
            f.write(QEMU_CONF)
        s.tool("systemd-tmpfiles", TMPFILES.format(root=s.root))
        s.tool("systemctl", SYSTEMCTL.format(server=SERVER, root=s.root, top=s.top, wants=s.path("etc/systemd/system/sockets.target.wants")))
        self.start_libvirt()
        with open(os.path.join(s.top, "given.xml"), "w", encoding="utf-8") as f:
            f.write(XML)
        self.virsh("define", os.path.join(s.top, "given.xml"))

    def start_libvirt(self):
        self.log = os.path.join(self.scene.top, "libvirtd.log")
        with open(self.log, "wb") as log:
            daemon = subprocess.Popen(["libvirtd"], stdout=log, stderr=log)
        self.addCleanup(daemon.wait, 20)
        self.addCleanup(daemon.send_signal, signal.SIGTERM)
        self.addCleanup(lambda: subprocess.run(["virsh", "-c", URI, "destroy", "win11"], capture_output=True, check=False))
        deadline = time.monotonic() + 20
        while subprocess.run(["virsh", "-c", URI, "version"], capture_output=True, check=False).returncode:
            self.assertIsNone(daemon.poll(), open(self.log, encoding="utf-8").read())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def virsh(self, *words):
        done = subprocess.run(["virsh", "-q", "-c", URI, *words], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def xml(self):
        return self.virsh("dumpxml", "--inactive", "--security-info", "win11")

    def setup(self, *words, **more):
        return self.scene.setup(*words, "--uri=" + URI, **more)

    def started(self):
        """The VM, paused before its first instruction: QEMU's id."""
        self.virsh("start", "--paused", "win11")
        with open(os.path.join(self.environment["XDG_RUNTIME_DIR"], "libvirt/qemu/run/win11.pid"), encoding="utf-8") as f:
            return int(f.read())

    def mapped(self, process, name):
        """MiB of it in the process."""
        with open(f"/proc/{process}/maps", encoding="utf-8") as f:
            spans = [line.split()[0].split("-") for line in f if re.search(name, line)]
        return sum(int(end, 16) - int(start, 16) for start, end in spans) >> 20

    def monitor(self, words):
        return self.virsh("qemu-monitor-command", "win11", "--hmp", words)

    def check_apparmor(self, path):
        """The profile that libvirt would make for this VM lets QEMU at it: no line of ours is needed."""
        xml = self.xml()
        name = "libvirt-" + xml[xml.index("<uuid>") + 6:xml.index("</uuid>")]
        done = subprocess.run(["/usr/lib/libvirt/virt-aa-helper", "-d", "-r", "-u", name], input=xml, capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f'"{path}" rw,', done.stdout + done.stderr)

    def test_memory_that_setup_wrote(self):
        before = self.xml()
        self.setup("vm", "--domain=win11", "--mode=1920x1080", "--apply", "--yes")
        self.assertIn("nothing has to be changed", self.setup("vm", "--domain=win11", "--mode=1920x1080", "--apply", "--yes"))
        process = self.started()
        self.assertEqual(self.mapped(process, "/dev/shm/looking-glass$"), 32)
        self.assertEqual(os.stat("/dev/shm/looking-glass").st_size, 32 << 20)
        self.assertIn("dev: ivshmem-plain", self.monitor("info qtree"))
        self.check_apparmor("/dev/shm/looking-glass")
        self.assertIn("The VM is running", self.setup("vm", "--domain=win11", "--mode=2560x1440"))
        self.virsh("destroy", "win11")

        said = self.setup("vm", "--domain=win11", "--mode=2560x1440", "--backend=doorbell", "--apply", "--yes")
        self.assertIn("enable --now espelho-shm@win11.socket", said)
        process = self.started()
        self.assertEqual(self.mapped(process, "/dev/shm/looking-glass"), 0)
        self.assertEqual(self.mapped(process, "memfd:espelho"), 64)
        tree = self.monitor("info qtree")
        self.assertIn("dev: ivshmem-doorbell", tree)
        self.assertIn("vectors = 2", tree)
        self.check_apparmor("/run/espelho/win11.sock")
        self.virsh("destroy", "win11")

        self.setup("vm", "--domain=win11", "--mode=2560x1440", "--backend=kvmfr", "--apply", "--yes")
        with open(os.path.join(self.scene.top, "kvmfr.xml"), "w", encoding="utf-8") as f:
            f.write(self.xml())
        line = self.virsh("domxml-to-native", "qemu-argv", os.path.join(self.scene.top, "kvmfr.xml"))
        self.assertRegex(line, r"-object '\{\"qom-type\":\"memory-backend-file\",\"id\":\"espelho-memory\",\"mem-path\":\"/dev/kvmfr0\"")
        self.assertNotIn("espelho/win11.sock", line)
        for _ in range(3):
            self.setup("undo")
        self.assertEqual(sorted(self.xml().splitlines()), sorted(before.splitlines()))  # libvirt orders devices anew


if __name__ == "__main__":
    if not os.environ.get("ESPELHO_TEST_INSIDE"):
        inside()
    PROGRAM, SERVER = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
    unittest.main()
