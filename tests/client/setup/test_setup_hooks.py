# SPDX-License-Identifier: GPL-2.0-or-later
"""`espelho setup gpu|hugepages|cpus|monitor` on a saved machine, and the scripts that it makes: checked by shellcheck, and run against
a kernel of the test's own (kernel.py). `test_setup_hooks.py PROGRAM [Case.name]`."""
import os
import re
import shutil
import subprocess
import sys
import unittest

import scene

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "machines"))
import make  # noqa: E402
from maker import Machine  # noqa: E402

XML = """<domain type='kvm'>
  <name>win11</name>
  <memory unit='GiB'>16</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <cpu mode='host-passthrough'/>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
</domain>
"""
GPU, SOUND = "0000:03:00.0", "0000:03:00.1"
FORBIDDEN = "#!/bin/sh\necho \"virsh $*\" >>{log}\nexit 1\n"  # in a hook it would wait for itself


class Scripts(unittest.TestCase):
    """A machine, and the scripts made on it."""

    def setUp(self):
        self.scene = s = scene.Scene(PROGRAM, XML, libvirt=False)
        self.addCleanup(s.close)
        machine = Machine(s.root)
        make.description("fedora-rx6700").describe(machine, fixed=False)
        machine.finish()
        for tool in ("systemctl", "ddcutil", "timeout"):
            s.tool(tool, f'#!/bin/sh\necho "{tool} $*" >>{s.log}\n')
        s.write("usr/lib/systemd/system/virtqemud.service", "")
        s.write("etc/libvirt/hooks/README", "")
        for address in (GPU, SOUND):
            s.write(f"sys/bus/pci/devices/{address}/native", self.driver(address))
            s.write(f"sys/bus/pci/devices/{address}/driver_override", "\n")
            s.write(f"sys/bus/pci/devices/{address}/remove", "")

    def driver(self, address):
        link = self.scene.path(f"sys/bus/pci/devices/{address}/driver")
        return os.path.basename(os.readlink(link)) if os.path.islink(link) else ""

    def drivers(self):
        return self.driver(GPU), self.driver(SOUND)

    def made(self, what, *words, check=False):
        """Set up; with `check` the same once more, and looked at by shellcheck and libvirt's schema. The script's path."""
        s = self.scene
        shown = s.apply(what, "--domain=win11", *words)
        path = s.path(f"etc/libvirt/hooks/qemu.d/espelho-win11-{what}")
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o755)
        if not check:
            return path, shown
        before = s.tree()
        self.assertIn("nothing has to be changed", s.apply(what, "--domain=win11", *words))
        self.assertEqual(s.tree(), before)
        self.assertEqual(scene.validate(s.domain), "")
        done = subprocess.run(["shellcheck", path], stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        return path, shown

    def run_hook(self, path, moment, vm="win11", **env):
        """As libvirt does. Its status, and what it complained of."""
        s = self.scene
        kernel = os.path.join(s.bin, "tee")
        if not os.path.exists(kernel):
            os.symlink(os.path.join(HERE, "kernel.py"), kernel)
        s.tool("virsh", FORBIDDEN.format(log=s.log))
        done = subprocess.run([path, vm, *moment.split(), "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                              env=dict(os.environ, PATH=s.bin + ":/usr/bin:/bin", ESPELHO_HOOK_ROOT=s.root, **env), check=False)
        self.assertEqual(done.stdout, "")
        self.assertFalse([c for c in s.commands() if c.startswith("virsh")])
        return done.returncode, done.stderr

    def log(self):
        return self.scene.read("var/log/espelho/win11.log")

    def written(self):
        return self.scene.read("written.log")

    def pool(self, size, number, free):
        for name, count in (("nr", number), ("free", free)):
            self.scene.write(f"sys/kernel/mm/hugepages/hugepages-{size}kB/{name}_hugepages", f"{count}\n")
        for name in ("drop_caches", "compact_memory"):
            self.scene.write(f"proc/sys/vm/{name}", "0\n")
        return lambda: int(self.scene.read(f"sys/kernel/mm/hugepages/hugepages-{size}kB/nr_hugepages"))

    def host_cpus(self):
        """Where the host's programs may run since the last change."""
        return [c for c in self.scene.commands() if "user.slice" in c][-1].split("=")[-1]


class Hooks(Scripts):
    # ---- gpu ----

    def bar(self, number):
        """Its size, MiB."""
        line = self.scene.read(f"sys/bus/pci/devices/{GPU}/resource").splitlines()[number].split()
        return (int(line[1], 16) - int(line[0], 16) + 1) >> 20

    def hold(self, process, comm, node):
        """A program that has the device open; what ends it."""
        self.scene.write(f"proc/{process}/comm", comm + "\n")
        os.makedirs(self.scene.path(f"proc/{process}/fd"), exist_ok=True)
        link = self.scene.path(f"proc/{process}/fd/7")
        os.symlink(node, link)
        return lambda: os.remove(link)

    def test_gpu_goes_and_comes_back(self):
        path, shown = self.made("gpu", "--pci=03:00", "--bar2=8", check=True)
        self.assertIn("systemctl try-restart virtqemud.service", self.scene.commands())
        self.assertIn("<address domain='0x0000' bus='0x03' slot='0x00' function='0x1'/>", self.scene.xml())
        self.assertIn("+        <address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>", shown)
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertEqual(self.run_hook(path, "prepare begin", vm="other"), (0, ""))
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertEqual(self.bar(2), 256)
        for moment in ("prepare begin", "start begin", "started begin", "stopped end"):
            self.assertEqual(self.run_hook(path, moment), (0, ""))
            self.assertEqual(self.drivers(), ("vfio-pci", "vfio-pci"))
            self.assertEqual(self.bar(2), 8)
        self.assertIn("ready for the VM", self.log())
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertEqual(self.bar(2), 256)
        self.assertEqual(self.scene.read(f"sys/bus/pci/devices/{GPU}/driver_override").strip(), "")
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))  # once more does nothing
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertNotIn("does not take", self.log())

    def test_gpu_is_found_anew(self):
        path, _ = self.made("gpu", "--pci=0000:03:00.0", "--rescan")
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertIn(f"/sys/bus/pci/devices/{GPU}/remove 1\n/sys/bus/pci/rescan 1\n", self.written())
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))

    def test_gpu_that_is_not_found_again(self):
        """Said at once, and when the VM is to start; found by the next look."""
        path, _ = self.made("gpu", "--pci=03:00", "--rescan")
        self.run_hook(path, "prepare begin")
        status, said = self.run_hook(path, "release end", ESPELHO_TEST_LOST="1")
        self.assertEqual(status, 0)
        for address in (GPU, SOUND):
            self.assertIn(f"{address} was not found again", said)
        status, said = self.run_hook(path, "prepare begin", ESPELHO_TEST_LOST="1")
        self.assertEqual(status, 1)
        self.assertIn(f"there is no PCI device {SOUND}", said)
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertEqual(self.drivers(), ("vfio-pci", "vfio-pci"))

    def test_gpu_whose_driver_does_not_take_it_back(self):
        path, _ = self.made("gpu", "--pci=03:00")
        self.run_hook(path, "prepare begin")
        status, said = self.run_hook(path, "release end", ESPELHO_TEST_BUSY="/sys/bus/pci/drivers_probe")
        self.assertEqual(status, 0)
        self.assertIn(f"{GPU} has the driver \"\", and had \"amdgpu\" before the VM", said)
        self.assertEqual(self.drivers(), ("", ""))

    def test_gpu_that_libvirt_gave_back_already(self):
        """It is no matter of ours then; nor is it taken off the bus under its driver."""
        path, _ = self.made("gpu", "--pci=03:00", "--rescan")
        self.run_hook(path, "prepare begin")
        for address in (GPU, SOUND):
            link = self.scene.path(f"sys/bus/pci/devices/{address}/driver")
            os.remove(link)
            os.symlink("x/" + self.scene.read(f"sys/bus/pci/devices/{address}/native"), link)
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertNotIn("/remove", self.written())

    def test_scripts_speak_the_language_of_who_made_them(self):
        self.scene.language = {"LC_ALL": "C.UTF-8", "LANGUAGE": "pt_BR"}
        path, _ = self.made("gpu", "--pci=03:00", check=False)
        done = subprocess.run(["shellcheck", path], stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        with open(path, encoding="utf-8") as f:
            self.assertFalse(re.search(r"say '[^']*(the GPU|driver and|is in use)", f.read()))
        self.scene.write(f"sys/bus/pci/devices/{GPU}/drm/card1/dev", "")
        end = self.hold(4242, "kwin_wayland", "/dev/dri/card1")
        status, said = self.run_hook(path, "prepare begin")
        self.assertEqual(status, 1)
        self.assertIn(f"{GPU} está em uso por: kwin_wayland (veja", said)
        end()

    def test_gpu_in_use_is_left_alone(self):
        """By the desktop, by a program through NVIDIA's nodes, by another VM: nothing is written to the kernel."""
        path, _ = self.made("gpu", "--pci=03:00")
        self.scene.write(f"sys/bus/pci/devices/{GPU}/drm/card1/dev", "")
        self.scene.write(f"proc/driver/nvidia/gpus/{GPU}/information", "Model: \t\t A card\nDevice Minor: \t 0\n")
        group = os.path.basename(os.readlink(self.scene.path(f"sys/bus/pci/devices/{SOUND}/iommu_group")))
        self.scene.write(f"sys/bus/pci/devices/{GPU}/vfio-dev/vfio3/dev", "")
        rows = ((GPU, "kwin_wayland", "/dev/dri/card1"), (GPU, "Xorg", "/dev/nvidia0"), (SOUND, "qemu-system-x86", "/dev/vfio/" + group),
                (GPU, "qemu-system-x86", "/dev/vfio/devices/vfio3"))
        for address, comm, node in rows:
            with self.subTest(node=node):
                end = self.hold(4242, comm, node)
                status, said = self.run_hook(path, "prepare begin")
                self.assertEqual(status, 1)
                self.assertIn(f"{address} is in use by: {comm} (see", said)
                self.assertEqual(self.run_hook(path, "release end"), (0, ""))  # libvirt calls it then
                end()
        self.assertFalse(os.path.exists(self.scene.path("written.log")))
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))

    def test_gpu_that_cannot_be_given_comes_back(self):
        """Whatever the kernel refuses: as before, and the reason is said."""
        path, _ = self.made("gpu", "--pci=03:00", "--bar0=8192", "--bar2=8", "--rescan")
        device = f"/sys/bus/pci/devices/{GPU}/"
        rows = ((device + "driver/unbind", "0000:03:00.0 cannot be taken from its driver amdgpu"),
                (device + "resource0_resize", "BAR 0 of 0000:03:00.0 cannot have 8192 MiB"),
                (device + "resource2_resize", "BAR 2 of 0000:03:00.0 cannot have 8 MiB"),
                (device + "driver_override", "vfio-pci does not take 0000:03:00.0"))
        for busy, fault in rows:
            with self.subTest(busy=busy):
                status, said = self.run_hook(path, "prepare begin", ESPELHO_TEST_BUSY=busy)
                self.assertEqual(status, 1)
                self.assertIn(fault + ": the GPU could not be given to the VM", said)
                self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
                self.assertEqual((self.bar(0), self.bar(2)), (16384, 256))
                self.assertEqual(self.run_hook(path, "release end"), (0, ""))
                self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        self.assertNotIn("/remove", self.written())

    def test_gpu_without_the_module(self):
        """Nothing is taken from the host then."""
        path, _ = self.made("gpu", "--pci=03:00")
        self.scene.tool("modprobe", "#!/bin/sh\necho 'modprobe: no such module' >&2\nexit 1\n")
        status, said = self.run_hook(path, "prepare begin")
        self.assertEqual(status, 1)
        self.assertIn("vfio-pci cannot be loaded", said)
        self.assertIn("no such module", self.log())
        self.assertFalse(os.path.exists(self.scene.path("written.log")))

    def test_gpu_that_has_vfio_already(self):
        """Bound at boot: it stays. Left over from a VM whose end nobody told: the host has it after the next one."""
        path, _ = self.made("gpu", "--pci=03:00")
        self.run_hook(path, "prepare begin")
        self.run_hook(path, "prepare begin")
        self.run_hook(path, "release end")
        self.assertEqual(self.drivers(), ("amdgpu", "snd_hda_intel"))
        for address in (GPU, SOUND):
            link = self.scene.path(f"sys/bus/pci/devices/{address}/driver")
            os.remove(link)
            os.symlink("x/vfio-pci", link)
            self.scene.write(f"sys/bus/pci/devices/{address}/driver_override", "vfio-pci\n")  # as driverctl has it
        self.run_hook(path, "prepare begin")
        self.run_hook(path, "release end")
        self.assertEqual(self.drivers(), ("vfio-pci", "vfio-pci"))
        self.assertEqual(self.scene.read(f"sys/bus/pci/devices/{GPU}/driver_override").strip(), "vfio-pci")

    def test_log(self):
        """It is kept small; where none can be written the VM starts as well."""
        path, _ = self.made("gpu", "--pci=03:00")
        self.scene.write("var/log/espelho/win11.log", "old\n" * 100000)
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertLess(len(self.log()), 10000)
        self.assertEqual(self.scene.read("var/log/espelho/win11.log.1"), "old\n" * 100000)
        self.run_hook(path, "release end")
        os.remove(self.scene.path("var/log/espelho/win11.log"))
        os.symlink("/dev/full", self.scene.path("var/log/espelho/win11.log"))
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertEqual(self.drivers(), ("vfio-pci", "vfio-pci"))
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        shutil.rmtree(self.scene.path("var/log/espelho"))
        self.scene.write("var/log/espelho", "a file in the folder's place")
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertEqual(self.drivers(), ("vfio-pci", "vfio-pci"))

    def test_gpu_early(self):
        s = self.scene
        s.tool("dracut", f'#!/bin/sh\necho "dracut $*" >>{s.log}\n')
        s.write("etc/modprobe.d/mine.conf", "options vfio-pci ids=10de:1234\nsoftdep amdgpu pre: vfio-pci\n")
        before = s.tree()
        s.apply("gpu", "--pci=03:00", "--early")
        self.assertEqual(s.read("etc/modprobe.d/mine.conf"),
                         "options vfio-pci ids=10de:1234,1002:73df,1002:ab28\nsoftdep amdgpu pre: vfio-pci\n")
        self.assertNotIn("amdgpu", s.read("etc/modprobe.d/espelho-vfio.conf"))
        self.assertIn("softdep snd_hda_intel pre: vfio-pci\n", s.read("etc/modprobe.d/espelho-vfio.conf"))
        self.assertIn("vfio_pci", s.read("etc/dracut.conf.d/espelho-vfio.conf"))
        self.assertEqual(s.commands(), ["dracut --regenerate-all --force"])
        self.assertIn("nothing has to be changed", s.apply("gpu", "--pci=03:00", "--early"))
        s.setup("undo")
        self.assertEqual(s.tree(), before)
        self.assertEqual(s.commands(), ["dracut --regenerate-all --force"] * 2)

    def test_gpu_that_is_a_part_of_the_desktops(self):
        """SR-IOV: the part is the VM's, the GPU that it is of, with the same ids, is not."""
        s = scene.Scene(PROGRAM, XML, libvirt=False)
        self.addCleanup(s.close)
        machine = Machine(s.root)
        make.description("arch-n100").describe(machine, fixed=True)
        machine.bind("0000:00:02.1", None)
        machine.finish()
        self.assertIn("0000:00:02.0 (", s.setup("gpu", "--pci=00:02.1", "--early", status=1))
        shown = s.setup("gpu", "--pci=00:02.1", "--domain=win11")
        self.assertIn("+functions='0000:00:02.1'\n", shown)
        self.assertIn("function='0x1'", shown)
        self.assertNotIn("function='0x0'", shown)
        self.assertIn("+functions='0000:00:02.0'\n", s.setup("gpu", "--pci=00:02", "--domain=win11"))

    def test_gpu_errors(self):
        for words, message in ((["gpu"], "which GPU?"), (["gpu", "--pci=03:00"], "Which VM?"), (["gpu", "--pci=0e:00"], "0000:07:00.0"),
                               (["gpu", "--pci=00:01"], "GPUs of this machine"), (["gpu", "--pci=../../x"], "GPUs of this machine"),
                               (["gpu", "--pci=03:00", "--domain=win11", "--bar2=3"], "BAR 2 of 0000:03:00.0 cannot have 3 MiB"),
                               (["gpu", "--pci=03:00", "--domain=win11", "--bar0=32768"], "BAR 0")):
            self.assertIn(message, self.scene.setup(*words, status=1))
        machine = Machine(self.scene.path("twins"))
        make.description("fedora-rx6700").describe(machine, fixed=False)
        machine.pci("0000:0a:00.0", "1002:73df", 0x030000, group=30)
        machine.finish()
        done = subprocess.run([PROGRAM, "setup", "gpu", "--pci=03:00", "--early", "--root", self.scene.path("twins")],
                              stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("0000:0a:00.0", done.stderr)

    # ---- huge pages ----

    def test_hugepages_are_taken_and_given_back(self):
        path, _ = self.made("hugepages", check=True)
        self.assertIn("<page size='2048' unit='KiB'/>", self.scene.xml())
        count = self.pool(2048, 100, 60)
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertEqual(count(), 100 + 8192 - 60)  # 60 are free already
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(count(), 100)
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(count(), 100)

    def test_hugepages_that_are_not_free(self):
        path, _ = self.made("hugepages", "--page=1G")
        self.assertIn("<page size='1048576' unit='KiB'/>", self.scene.xml())
        count = self.pool(1048576, 0, 0)
        status, said = self.run_hook(path, "prepare begin", ESPELHO_TEST_FREE_PAGES="5")
        self.assertEqual(status, 1)
        self.assertIn("only 5 of 16 huge pages of 1048576 KiB are free", said)
        self.assertEqual(count(), 0)
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(count(), 0)

    def test_hugepages_enough_there(self):
        path, _ = self.made("hugepages", "--page=1G")
        count = self.pool(1048576, 16, 16)
        self.assertEqual(self.run_hook(path, "prepare begin"), (0, ""))
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(count(), 16)

    def test_hugepages_errors(self):
        for words, message in ((["hugepages"], "How much memory?"), (["hugepages", "--memory=16"], "is no size"),
                               (["hugepages", "--memory=16G"], "Which VM?"), (["hugepages", "--memory=31G", "--early"], "not enough left"), (["hugepages", "--memory=32G", "--early"], "not enough left"),
                               (["hugepages", "--memory=1500M", "--page=1G", "--early"], "no whole number")):
            self.assertIn(message, self.scene.setup(*words, status=1))

    def test_hugepages_at_boot(self):
        """Of 1 GiB: told to the kernel, unless it was told already, and about that size."""
        s = self.scene
        for line, told in (("quiet", False), ("hugepages=9999", False), ("hugepagesz=2M hugepages=9999", False), ("hugepagesz=1G hugepages=15", False),
                           ("hugepagesz=1G hugepages=16", True), ("default_hugepagesz=1G hugepages=16", True),
                           ("hugepagesz=1G hugepages=16 hugepagesz=2M hugepages=8", True)):
            with self.subTest(line=line):
                s.write("proc/cmdline", line + "\n")
                said = s.setup("hugepages", "--domain=win11", "--page=1G", "--early")
                self.assertEqual("hugepagesz=1G hugepages=16" in said, not told)
        self.assertIn("--memory is less than the VM has", s.setup("hugepages", "--domain=win11", "--memory=4G"))

    # ---- cpus ----

    def test_cpus(self):
        path, _ = self.made("cpus", "--cores=2", "--governor", check=True)
        xml = self.scene.xml()
        self.assertIn("<vcpu placement='static'>4</vcpu>", xml)
        for vcpu, cpu in enumerate((4, 10, 5, 11)):
            self.assertIn(f"<vcpupin vcpu='{vcpu}' cpuset='{cpu}'/>", xml)
        self.assertIn("<emulatorpin cpuset='0-3,6-9'/>", xml)
        self.assertIn("cores='2' threads='2'/>", xml)
        self.assertIn("<feature policy='require' name='topoext'/>", xml)
        governors = self.governors()
        self.assertEqual(self.run_hook(path, "started begin"), (0, ""))
        self.assertEqual([n for n, g in enumerate(governors()) if g == "performance"], [4, 5, 10, 11])
        for slice_ in ("init.scope", "system.slice", "user.slice"):
            self.assertIn(f"systemctl set-property --runtime -- {slice_} AllowedCPUs=0,1,2,3,6,7,8,9", self.scene.commands())
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        self.assertEqual(governors(), ["schedutil"] * 12)
        self.assertEqual(self.host_cpus(), "0,1,2,3,4,5,6,7,8,9,10,11")

    def governors(self):
        for cpu in range(12):
            self.scene.write(f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor", "schedutil\n")
        return lambda: [self.scene.read(f"sys/devices/system/cpu/cpu{n}/cpufreq/scaling_governor").strip() for n in range(12)]

    def test_cpus_of_two_vms(self):
        """What both have is the host's again when the second of them ends; one that did not start changes nothing."""
        one, _ = self.made("cpus", "--cores=2", "--governor")
        self.scene.rename("win10")
        self.scene.apply("cpus", "--domain=win10", "--cores=4", "--governor")
        two = one.replace("win11", "win10")
        governors = self.governors()
        fast = lambda: [n for n, g in enumerate(governors()) if g == "performance"]
        self.run_hook(one, "started begin")
        self.run_hook(two, "release end", vm="win10")
        self.assertEqual(self.host_cpus(), "0,1,2,3,6,7,8,9")
        self.run_hook(two, "started begin", vm="win10")
        self.assertEqual((self.host_cpus(), fast()), ("0,1,6,7", [2, 3, 4, 5, 8, 9, 10, 11]))
        self.run_hook(two, "release end", vm="win10")
        self.assertEqual((self.host_cpus(), fast()), ("0,1,2,3,6,7,8,9", [4, 5, 10, 11]))
        self.run_hook(one, "release end")
        self.assertEqual((self.host_cpus(), fast()), ("0,1,2,3,4,5,6,7,8,9,10,11", []))

    def test_cpus_never_keep_a_vm_from_starting(self):
        path, _ = self.made("cpus")
        self.assertIn("not enough cores", self.scene.setup("cpus", "--domain=win11", "--cores=6", status=1))
        self.scene.tool("systemctl", "#!/bin/sh\necho 'no bus' >&2\nexit 1\n")
        self.assertEqual(self.run_hook(path, "started begin"), (0, ""))
        self.assertIn("cannot be moved", self.log())

    # ---- monitor ----

    def test_monitor(self):
        for words in ([], ["--vm-input=256", "--host-input=1"], ["--vm-input=x", "--host-input=1"]):
            self.assertIn("Which inputs?", self.scene.setup("monitor", "--domain=win11", *words, status=1))
        path, shown = self.made("monitor", "--vm-input=0x0f", "--host-input=17", "--display=2", check=True)
        self.assertIn("ddcutil", shown)  # it is not installed: how to
        self.assertEqual(self.run_hook(path, "started begin"), (0, ""))
        self.assertEqual(self.run_hook(path, "release end"), (0, ""))
        said = [c for c in self.scene.commands() if c.startswith("timeout")]
        self.assertEqual(said, ["timeout 10 ddcutil --display 2 setvcp 60 0x0f", "timeout 10 ddcutil --display 2 setvcp 60 0x11"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
