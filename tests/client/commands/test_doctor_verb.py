#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`espelho doctor` as a user types it: test_doctor_verb.py ESPELHO SOURCE_DIR [Doctor.test_x ...]"""
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

ESPELHO, SOURCE = os.path.abspath(sys.argv[1]), sys.argv[2]
XML = """<domain type='kvm' id='3'>
  <name>win11</name><uuid>3e3f1c2a-0b0d-4c1e-9a52-7e1a2b3c4d5e</uuid><memory unit='GiB'>8</memory><vcpu>4</vcpu>
  <sysinfo type='smbios'><system><entry name='serial'>SERIAL-77</entry></system></sysinfo>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices>
    <disk type='block' device='disk'><source dev='/dev/disk/by-id/nvme-Maker_SERIAL-78'/><target dev='sda'/><serial>SERIAL-79</serial></disk>
    <interface type='network'><mac address='52:54:00:12:34:56'/><source network='default'/></interface>
    <input type='evdev'><source dev='/dev/input/by-id/usb-Maker_SERIAL-80-event-kbd' grab='all'/></input>
    <graphics type='spice' port='5900' passwd='hunter2'/>
    <shmem name='looking-glass'><model type='ivshmem-plain'/><size unit='M'>64</size></shmem>
  </devices>
</domain>
"""
# None of these may leave the computer.
SECRETS = re.compile(rb"SERIAL-\d+|52:54:00:12:34:56|3e3f1c2a-0b0d|hunter2|joana|Joana Silva|maria|letter to nobody")


class Doctor(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="espelho-doctor.")
        self.tree = os.path.join(self.dir, "tree")
        self.env = {k: v for k, v in os.environ.items() if k not in ("WAYLAND_DISPLAY", "LANGUAGE", "LANG")}
        self.env.update(LC_ALL="C", XDG_RUNTIME_DIR=self.dir, HOME=self.dir, XDG_CONFIG_HOME=self.dir)

    def tearDown(self):
        shutil.rmtree(self.dir)

    def doctor(self, *words, status=(0, 1, 2), **env):
        done = subprocess.run([ESPELHO, "doctor", *words], env={**self.env, **env}, capture_output=True, text=True, timeout=60)
        self.assertIn(done.returncode, (status,) if isinstance(status, int) else status, f"{words}: {done.stdout}{done.stderr}")
        return done

    def findings(self, *words):
        report = json.loads(self.doctor("--json", *words).stdout)
        return [(f["id"], f["verdict"], f.get("subject"), f["found"], f.get("fix")) for f in report["findings"]]

    def put(self, path, text):
        whole = pathlib.Path(self.tree + path)
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)

    def command(self, words, text, status=0):
        self.put("/.espelho/commands/" + re.sub(r"[^A-Za-z0-9._-]", "+", words), f"status {status}\n{text}")

    def make_tree(self):
        self.put("/etc/os-release", 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\n')
        self.put("/proc/cmdline", "root=UUID=3e3f1c2a-0b0d-4c1e-9a52-7e1a2b3c4d5e quiet\n")
        self.put("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel Test\nflags\t\t: vmx\n")
        self.put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\njoana:x:1000:1000:Joana Silva:/home/joana:/bin/sh\n"
                                "maria:x:1001:1001:Maria Souza:/home/maria:/bin/sh\n")
        self.put("/etc/group", "root:x:0:\nkvm:x:104:joana,maria\njoana:x:1000:\nmaria:x:1001:\n")
        for word, text in (("-un", "joana"), ("-u", "1000"), ("-Gn", "joana kvm"), ("-G", "1000 104")):
            self.command(f"id {word}", text + "\n")
        self.command("virsh -r -c qemu:///system dumpxml win11", XML)
        self.command("virsh -r -c qemu:///system list --all --name", "win11\n\n")
        self.put("/home/joana/letter", "letter to nobody")
        self.put("/dev/shm/looking-glass", "")
        self.put("/dev/input/by-id/usb-Maker_SERIAL-80-event-kbd", "")

    def test_settings_of_the_viewer(self):
        self.put("/../espelho/client.ini", "[app]\nshmFile=/dev/shm/other\n")
        xml = self.dir + "/vm.xml"
        pathlib.Path(xml).write_text(XML)
        looks = ("--xml", xml, "--check", "memory.viewer")
        self.assertEqual([f[:2] for f in self.findings(*looks)], [("memory.viewer", "failure")])
        self.put("/../espelho/client.ini", "[app]\ndomain=win11\n")
        self.assertIn("win11", self.findings(*looks)[0][3])
        self.put("/../espelho/client.ini", "[app]\ndomian=win11\n")
        self.assertIn("client.ini:2:", self.findings(*looks)[0][3])
        # Without --xml and --domain the VM is the one that the settings name.
        self.put("/../bin/virsh", "#!/bin/sh\n[ \"$5\" = gaming ] && sed s/win11/gaming/ '%s' && exit 0\nexit 1\n" % xml)
        os.chmod(self.dir + "/bin/virsh", 0o755)
        self.put("/../espelho/client.ini", "[app]\ndomain=gaming\n")
        self.env["PATH"] = self.dir + "/bin:" + os.environ["PATH"]
        self.assertIn("gaming", self.findings("--check", "memory.viewer")[0][3])

    def collect(self, *words):
        tar, copy = os.path.join(self.dir, "x.tar"), os.path.join(self.dir, "copy")
        self.doctor("--collect", tar, *words)
        self.assertEqual(stat.S_IMODE(os.stat(tar).st_mode), 0o600)
        os.mkdir(copy)
        subprocess.run(["tar", "-xf", tar, "-C", copy], check=True)
        return pathlib.Path(tar).read_bytes(), copy

    def test_the_only_vm_is_found_and_others_have_to_be_named(self):
        self.make_tree()
        self.assertIn("Virtual machine: win11 (libvirt qemu:///system)", self.doctor("--root", self.tree).stdout)
        self.command("virsh -r -c qemu:///system list --all --name", "win11\nlinux\nmac\n")
        text = " ".join(self.doctor("--root", self.tree, "--all").stdout.split())
        self.assertNotIn("Virtual machine: win11", text)
        self.assertIn("several VMs (win11, linux, ...); say which one by `espelho doctor --domain win11`", text)
        self.assertIn("win11 (libvirt", self.doctor("--root", self.tree, "--domain", "win11").stdout)
        self.command("virsh -r -c qemu:///system dumpxml nosuch", "", status=1)
        self.assertIn("does not know a VM named nosuch", self.doctor("--root", self.tree, "--domain", "nosuch", status=3).stderr)

    def test_a_definition_in_a_file(self):
        self.make_tree()
        path = os.path.join(self.dir, "vm.xml")
        pathlib.Path(path).write_text(XML.replace("win11", "other"))
        self.assertIn(f"Virtual machine: other ({path})", self.doctor("--root", self.tree, "--xml", path).stdout)
        for content in (b"", b"<domain>", b"\0\xff" * 9, b"<html/>", b"x" * ((4 << 20) + 1)):
            pathlib.Path(path).write_bytes(content)
            done = self.doctor("--root", self.tree, "--xml", path, status=3)
            self.assertEqual((done.stdout, done.stderr.count("espelho doctor:")), ("", 1), done.stderr)
        self.assertIn("cannot be read", self.doctor("--xml", self.dir + "/none", status=3).stderr)
        self.assertIn("cannot be read", self.doctor("--xml", self.dir, status=3).stderr)

    def test_a_running_process_is_found(self):
        self.make_tree()
        self.command("virsh -r -c qemu:///system list --all --name", "", status=1)
        self.command("virsh -r -c qemu:///system dumpxml win11", "", status=1)
        self.put("/proc/41/comm", "bash\n")
        self.put("/proc/42/comm", "qemu-system-x86\n")
        self.put("/proc/42/cmdline", "\0".join(["/usr/bin/qemu-system-x86_64", "-name", "guest=win11", "-m", "4096", "-machine", "q35", ""]))
        self.assertIn("Virtual machine: win11 (process 42)", self.doctor("--root", self.tree).stdout)

    def test_what_is_collected_tells_no_secrets(self):
        self.make_tree()
        data, copy = self.collect("--root", self.tree)
        self.assertIsNone(SECRETS.search(data))
        self.assertIn(b"looking-glass", data)
        report = json.loads(pathlib.Path(copy, ".espelho/report.json").read_text())
        self.assertEqual([(f["id"], f["verdict"]) for f in report["findings"]], [f[:2] for f in self.findings("--root", self.tree)])
        names = [os.path.join(f, n) for f, _, files in os.walk(copy) for n in files]
        self.assertFalse([n for n in names if SECRETS.search(n.encode())])

    def test_what_is_collected_shows_the_same(self):
        self.make_tree()
        before = self.findings("--root", self.tree)
        after = self.findings("--root", self.collect("--root", self.tree)[1])
        self.assertEqual([f[:2] for f in before], [f[:2] for f in after])

    def test_this_computer_is_collected(self):
        """Of a VM that is named: others may start and end meanwhile, and so may what lies in /dev/shm."""
        path = os.path.join(self.dir, "vm.xml")
        pathlib.Path(path).write_text(XML)
        lasting = ("cpu.", "iommu.", "gpu.", "kvm.", "domain.")
        before = [f for f in self.findings("--xml", path) if f[0].startswith(lasting)]
        data, copy = self.collect("--xml", path)
        after = [f for f in self.findings("--root", copy) if f[0].startswith(lasting)]
        self.assertEqual([f[:2] for f in before], [f[:2] for f in after])
        self.assertIn(b".espelho/stat", data)

    def test_a_file_that_is_there_stays(self):
        path = pathlib.Path(self.dir, "x.tar")
        path.write_text("mine")
        self.assertIn("x.tar: File exists", self.doctor("--collect", str(path), status=3).stderr)
        self.assertEqual(path.read_text(), "mine")

    def test_explain(self):
        ids = [f[0] for f in self.findings("--all")]
        for ident in sorted(set(ids)):
            self.assertTrue(self.doctor("--explain", ident, status=0).stdout.startswith(f"{ident}: "))
        for word in ("--explain", "--check"):
            self.assertIn("there is no check 'cpu.nosuch'", self.doctor(word, "cpu.nosuch", status=3).stderr)

    def test_one_check_alone(self):
        self.assertEqual({f[0] for f in self.findings("--check", "session.wayland")}, {"session.wayland"})

    def test_wrong_lines(self):
        self.doctor("--nosuch", status=3)
        self.doctor("word", status=3)
        self.assertIn("No such file", self.doctor("--root", self.dir + "/none", status=3).stderr)

    def test_a_compositor_that_hangs_is_given_up(self):
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(os.path.join(self.dir, "wayland-9"))
        server.listen()
        done = self.doctor("--check", "session.wayland", status=2, WAYLAND_DISPLAY="wayland-9")
        self.assertIn("No Wayland desktop answers", done.stdout)

    def test_json_as_documented(self):
        """Programs rely on it: docs/doctor.md has the table. The same in all languages, but for sentences."""
        verdicts = {"ok", "not_applicable", "skipped", "warning", "failure"}
        reports = [json.loads(self.doctor("--json", LC_ALL="C.UTF-8", LANGUAGE=language).stdout) for language in ("en", "pt_BR")]
        for report in reports:
            self.assertEqual(set(report), {"version", "worst", "counts", "findings"})
            self.assertEqual(report["version"], 1)
            self.assertEqual(set(report["counts"]), verdicts)
            self.assertEqual(sum(report["counts"].values()), len(report["findings"]))
            for f in report["findings"]:
                self.assertLessEqual({"id", "group", "verdict", "title", "found", "why", "page"}, set(f))
                self.assertLessEqual(set(f), {"id", "group", "verdict", "title", "found", "why", "page", "subject", "fix"})
                self.assertTrue(f["verdict"] in verdicts and f["id"].startswith(f["group"] + ".") and "doctor.md#" in f["page"], f)
        self.assertEqual(*([(f["id"], f["verdict"]) for f in report["findings"] if f["id"].startswith("cpu.")] for report in reports))

    def test_portuguese(self):
        if not os.path.exists(os.path.join(os.path.dirname(ESPELHO), "..", "locale")):
            self.skipTest("built without gettext")
        for env in ({"LC_ALL": "C.UTF-8", "LANGUAGE": "pt_BR"}, {"LC_ALL": "pt_BR.UTF-8"}, {"LC_ALL": "", "LANG": "pt_BR.UTF-8"}):
            self.assertIn("FALHA", self.doctor("--check", "session.wayland", status=2, **env).stdout, env)
        report = json.loads(self.doctor("--json", status=2, LC_ALL="C.UTF-8", LANGUAGE="pt_BR").stdout)
        self.assertEqual(report["worst"], "failure")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
