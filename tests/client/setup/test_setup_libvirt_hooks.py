# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts that `espelho setup` makes, called by a real libvirtd when a VM starts, ends, and cannot start; the kernel is the test's
(kernel.py). `test_setup_libvirt_hooks.py PROGRAM [Case.name]`.

libvirtd runs as root (qemu:///system), in a mount namespace with its own /run, /var and /etc/libvirt. Status 77: not root, or no libvirtd."""
import os
import shutil
import subprocess
import sys
import time
import unittest

import test_setup_hooks

XML = """<domain type='qemu'><name>win11</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>
"""
QEMU_CONF = """stdio_handler = "file"
cgroup_controllers = [ ]
security_driver = "none"
namespaces = [ ]
remember_owner = 0
user = "root"
group = "root"
"""
NAMESPACE = """set -e
for folder in /run /dev/shm /var/lib /var/cache /var/log; do mount -t tmpfs none "$folder"; done
mkdir -p /var/lib/libvirt /var/cache/libvirt /var/log/libvirt
mount --bind "$1/libvirt" /etc/libvirt
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
shift
exec "$@"
"""


def inside(folder):
    """This program again; the user of libvirt's QEMU is there, as its package would make it."""
    again = [sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:]]
    words = ["unshare", "-m", "sh", "-c", NAMESPACE, "sh", folder]
    programs = shutil.which("libvirtd") and shutil.which("qemu-system-x86_64") and os.path.isdir("/etc/libvirt")
    if os.getuid() != 0 or not programs:
        return 77
    os.makedirs(folder + "/libvirt/hooks/qemu.d")
    with open(folder + "/libvirt/qemu.conf", "w", encoding="utf-8") as f:
        f.write(QEMU_CONF)
    for name, line in (("passwd", "libvirt-qemu:x:64055:64055::/:/bin/false\n"), ("group", "libvirt-qemu:x:64055:\n")):
        with open("/etc/" + name, encoding="utf-8") as old, open(f"{folder}/{name}", "w", encoding="utf-8") as new:
            text = old.read()
            new.write(text if "libvirt-qemu" in text else text + line)
    if subprocess.run([*words, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        return 77
    return subprocess.run([*words, *again], env=dict(os.environ, ESPELHO_TEST_INSIDE="1"), check=False).returncode


class LibvirtHooks(test_setup_hooks.Scripts):
    def start_libvirt(self):
        daemon = subprocess.Popen(["libvirtd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(daemon.wait, 20)
        self.addCleanup(daemon.terminate)
        self.addCleanup(self.virsh, "destroy", "win11")
        deadline = time.monotonic() + 20
        while self.virsh("version").returncode:
            self.assertIsNone(daemon.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        given = os.path.join(self.scene.top, "given.xml")
        with open(given, "w", encoding="utf-8") as f:
            f.write(XML)
        self.assertEqual(self.virsh("define", given).returncode, 0)

    def virsh(self, *words):
        return subprocess.run(["/usr/bin/virsh", "-q", "-c", "qemu:///system", *words], capture_output=True, text=True, timeout=60, check=False)

    def install(self, path, *lines):
        """libvirt leaves the environment out, so what tells a script of the test is written into it."""
        settings = "\n".join(["export ESPELHO_HOOK_ROOT=" + self.scene.root, f"export PATH={self.scene.bin}:/usr/sbin:/usr/bin:/sbin:/bin", *lines])
        with open(path, encoding="utf-8") as f:
            text = f.read().replace("#!/bin/sh\n", "#!/bin/sh\n" + settings + "\n", 1)
        to = "/etc/libvirt/hooks/qemu.d/" + os.path.basename(path)
        with open(to, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(to, 0o755)

    def test_called_by_libvirt(self):
        s = self.scene
        paths = {what: self.made(what, *words)[0] for what, words in (("cpus", ["--cores=2"]), ("gpu", ["--pci=03:00"]), ("hugepages", []))}
        os.symlink(os.path.join(test_setup_hooks.HERE, "kernel.py"), os.path.join(s.bin, "tee"))
        count = self.pool(2048, 0, 0)
        for path in paths.values():
            self.install(path)
        self.start_libvirt()

        done = self.virsh("start", "--paused", "win11")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((*self.drivers(), count(), self.host_cpus()), ("vfio-pci", "vfio-pci", 8192, "0,1,2,3,6,7,8,9"))
        self.virsh("destroy", "win11")
        at_rest = ("amdgpu", "snd_hda_intel", 0, ",".join(map(str, range(12))))
        self.assertEqual((*self.drivers(), count(), self.host_cpus()), at_rest)

        # One fails: the reason is shown, and what the others took comes back too.
        self.install(paths["gpu"], f"export ESPELHO_TEST_BUSY=/sys/bus/pci/devices/{test_setup_hooks.GPU}/driver_override")
        done = self.virsh("start", "--paused", "win11")
        self.assertEqual(done.returncode, 1)
        self.assertIn("espelho gpu: vfio-pci does not take 0000:03:00.0: the GPU could not be given to the VM (see", done.stderr)
        self.assertIn("hugepages: 8192 pages more", self.log())
        self.assertEqual((*self.drivers(), count(), self.host_cpus()), at_rest)


if __name__ == "__main__":
    if not os.environ.get("ESPELHO_TEST_INSIDE"):
        import tempfile
        with tempfile.TemporaryDirectory() as outside:
            sys.exit(inside(outside))
    test_setup_hooks.PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
