#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The verbs as a user types them: test_verbs.py ESPELHO SOURCE_DIR [Verbs.test_x ...]"""
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

ESPELHO, SOURCE = os.path.abspath(sys.argv[1]), sys.argv[2]


def png_rgb(path):
    """(width, height, rows of bytes) of an 8-bit RGB PNG."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2), (depth, colour)
        if kind == b"IDAT":
            packed += body
        at += 12 + size
    raw, stride, rows = zlib.decompress(packed), 3 * width, []
    above = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        how, row = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        for x in range(stride):
            a = row[x - 3] if x >= 3 else 0
            b, c = above[x], above[x - 3] if x >= 3 else 0
            p = a + b - c
            near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[x] = (row[x] + (0, a, b, (a + b) // 2, near)[how]) & 255
        rows.append(bytes(row))
        above = row
    return width, height, rows


class Verbs(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="espelho-verbs.")
        self.env = dict(os.environ, XDG_CONFIG_HOME=self.dir, XDG_RUNTIME_DIR=self.dir, HOME=self.dir)
        self.env.pop("WAYLAND_DISPLAY", None)
        self.producer = None

    def tearDown(self):
        if self.producer:
            self.producer.send_signal(signal.SIGTERM)
            self.producer.wait(10)
        shutil.rmtree(self.dir)

    def run_verb(self, *words, status=0):
        done = subprocess.run([ESPELHO, *words], env=self.env, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout if status == 0 else done.stderr

    def region(self, mib=32):
        path = os.path.join(self.dir, "region")
        with open(path, "wb") as file:
            file.truncate(mib << 20)
        return path

    def start_producer(self, *words):
        path = self.region()
        self.producer = subprocess.Popen([ESPELHO, "demo", "--no-view", "--shm-file", path, "--duration=40", *words],
                                         env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return path

    def verbs(self):
        return re.findall(r"^  (\S+) ", self.run_verb("help"), re.M)

    def test_wrong_lines_name_the_nearest(self):
        for words, says in (
            (["optoins"], "unknown verb 'optoins'; nearest is options"),
            (["xyzzy"], "unknown verb 'xyzzy'"),
            (["--fulscreen"], "nearest is win.fullScreen"),
            (["win:rotate=91"], "0|90|180|270"),
            (["app:waitIntervalUs=7"], "50..100000; nearest is 50"),
            (["-f", "/dev/shm/x"], "--shm-file=/dev/shm/x"),
            (["-f", "size"], "the verb goes first: espelho size"),
            (["size"], "WxH is missing"),
            (["size", "1x1", "2x2"], "unexpected word '2x2'"),
            (["size", "--win.title=x", "1x1"], "unknown option"),
            (["size", "0x5"], "expected WxH (1..16384)"),
            (["size", "auto"], "'auto' is not valid"),
            (["size", "16385x1"], "expected WxH (1..16384)"),
            (["size", "--format=bgrx", "1x1"], "bgra|rgba|rgba10|rgba16f|bgr32|rgb24"),
            (["completion", "tcsh"], "bash, zsh and fish"),
            (["stats", "--interval=0"], "nearest is 0.1"),
            (["snapshot"], "FILE.png is missing"),
            (["help", "veiw"], "nearest is view"),
        ):
            with self.subTest(words=words):
                self.assertIn(says, self.run_verb(*words, status=2))

    def test_every_verb_explains_itself(self):
        verbs = self.verbs()
        self.assertGreaterEqual(len(verbs), 7)
        for verb in verbs:
            text = self.run_verb(verb, "--help")
            self.assertTrue(text.startswith(f"usage: espelho {verb}"), text)
            self.assertEqual(text, self.run_verb("help", verb))
            self.assertEqual(text, self.run_verb(verb, "--no-such-option", "-h"))
        self.assertTrue(self.run_verb("-h").startswith("usage: espelho [VERB]"))

    def test_version(self):
        version = re.search(r"project\(espelho VERSION (\S+)", pathlib.Path(f"{SOURCE}/CMakeLists.txt").read_text())[1]
        self.assertTrue(self.run_verb("--version").startswith(f"espelho {version}\n"))

    def test_a_full_disk_is_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([ESPELHO, "options"], env=self.env, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write the output", done.stderr)

    def test_size_prints_lines_to_paste(self):
        for words, mib in ((["1920x1080"], 32), (["2560x1440"], 64), (["3840x2160"], 128), (["3840x2160", "--hdr"], 256),
                           (["3840x2160", "--format=rgba16f"], 256), (["1x1"], 16)):
            text = self.run_verb("size", *words)
            self.assertIn(f"{mib} MiB ({mib << 20} bytes)", text)
            self.assertIn(f"<size unit='M'>{mib}</size>", text)
            self.assertIn(f"size={mib}M", text)
            self.assertIn(f"static_size_mb={mib}\n", text)
            self.assertIn(f"size={mib}M)", text)
            self.assertIn(f"espelho shm-server --size={mib}M /run/espelho/NAME.sock\n", text)
            self.assertIn("<model type='ivshmem-doorbell'/>", text)
            self.assertIn("-device ivshmem-doorbell,chardev=espelho,vectors=2\n", text)
            self.assertRegex(text, r"\n  f /dev/shm/looking-glass 0660 \S+ kvm -\n")
        self.assertIn("cannot make a device of 2048 MiB", self.run_verb("size", "16384x15000"))
        self.assertIn("take a smaller mode", self.run_verb("size", "16384x16384", status=1))

    def test_man_pages_follow_the_tables(self):
        page = pathlib.Path(f"{SOURCE}/docs/man/espelho-client.ini.5.scd").read_text().replace("\\", "")
        flat = " ".join(page.split())
        options = re.findall(r"^(\S+?)=(\S+(?: \S+)*?)((?:  \S+)*)\n    (.*?)(?: \[(.*)\])?$", self.run_verb("options"), re.M)
        self.assertGreater(len(options), 80)
        for name, kind, also, text, default in options:
            with self.subTest(option=name):
                expect = f"*{name}*={kind} {text[0].upper()}{text[1:]}."
                expect += f" Default: {default}." if default else ""
                expect += f" Also: {', '.join(f'*{a}*' for a in also.split())}." if also.strip() else ""
                self.assertIn(expect, flat)
        documented = re.findall(r"^\*(\w+\.\w+)\*=", page, re.M)
        self.assertEqual(documented, [option[0] for option in options])

        page = pathlib.Path(f"{SOURCE}/docs/man/espelho.1.scd").read_text().replace("\\", "")
        section = page.split("# VERBS")[1].split("# OPTIONS")[0]
        self.assertEqual(re.findall(r"^\*([\w-]+)\*", section, re.M), self.verbs())
        for verb in self.verbs():
            part = re.search(rf"^\*{verb}\*.*?(?=^\*|\Z)", section, re.M | re.S)[0]
            own = re.findall(r"^([\w-]+)=(\S+).*\n    (.*)$", self.run_verb("help", verb), re.M)
            self.assertEqual(re.findall(r"^\t\*--([\w-]+)\*=(\S+)\n\t\t(.*)$", part, re.M), own, verb)

    def complete_bash(self, *words):
        script = ('source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _espelho; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, ESPELHO, *words], env=self.env, capture_output=True,
                              text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_completion_in_bash(self):
        self.assertEqual(self.complete_bash("espelho", ""), self.verbs())
        self.assertEqual(self.complete_bash("espelho", "st"), ["stats"])
        self.assertEqual(self.complete_bash("espelho", "--app.rend"), ["--app.renderer"])
        self.assertEqual(self.complete_bash("espelho", "-g", "s"), ["shm"])
        self.assertEqual(self.complete_bash("espelho", "size", "--format", "=", "rgb"),
                         ["rgba", "rgba10", "rgba16f", "rgb24"])
        self.assertEqual(self.complete_bash("espelho", "view", "--win.fullScreen", "=", ""), ["yes", "no"])
        self.assertEqual(self.complete_bash("espelho", "size", "--win"), [])
        self.assertEqual(self.complete_bash("espelho", "stats", "--win.t"), ["--win.title"])
        self.assertIn("/etc/passwd", self.complete_bash("espelho", "snapshot", "/etc/passw"))

    def test_completion_in_zsh(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        script = ('autoload -U compinit; compinit -u -d "$HOME/dump"; source <("$0" completion zsh); '
                  'print $_comps[espelho]; compadd() { shift; print "$@" }; compset() { : }; _files() { print FILES }; '
                  'for line in "espelho s" "espelho size --format=r" "espelho --app.renderer e" "espelho snapshot x"; do '
                  'words=(${=line}); CURRENT=$#words; _espelho; done')
        done = subprocess.run(["zsh", "-f", "-c", script, ESPELHO], env=self.env, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.split("\n")[:5], ["_espelho", " ".join(self.verbs()),
                                                       "bgra rgba rgba10 rgba16f bgr32 rgb24", "auto egl shm", "FILES"])

    def test_completion_in_fish(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        script = f"source ('{ESPELHO}' completion fish | psub); for l in $argv; complete -C $l; echo .; end"
        done = subprocess.run(["fish", "-N", "-c", script, "espelho st", "espelho size --format rgb",
                               "espelho --app.renderer ", "espelho stats --win.t"],
                              env=self.env, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stderr, "")
        words = [[line.split("\t")[0] for line in block.split("\n") if line] for block in done.stdout.split(".\n")]
        # a description may end in a full stop, the separator stands alone
        self.assertIn("stats", words[0])
        self.assertEqual(set(words[1]), {"rgb24", "rgba", "rgba10", "rgba16f"})
        self.assertEqual(set(words[2]), {"auto", "egl", "shm"})
        self.assertEqual(words[3], ["--win.title"])

    def test_snapshot_without_a_vm_says_why(self):
        out = os.path.join(self.dir, "x.png")
        missing = os.path.join(self.dir, "missing")
        self.assertIn("does not exist", self.run_verb("snapshot", "--shm-file", missing, out, status=1))
        text = self.run_verb("snapshot", "--timeout=0.3", "--shm-file", self.region(), out, status=1)
        self.assertIn("no host program", text)
        self.assertFalse(os.path.exists(out))

    def snapshot_of(self, *demo):
        path, out = self.start_producer("--mode=320x200@30", "--damage=static", "--cursor=none", *demo), os.path.join(self.dir, "s.png")
        self.run_verb("snapshot", "--timeout=20", "--shm-file", path, out)
        self.producer.send_signal(signal.SIGTERM)
        self.producer.wait(10)
        self.producer = None
        self.assertEqual(sorted(name for name in os.listdir(self.dir) if name.startswith("s.png")), ["s.png"])
        return png_rgb(out)

    def test_snapshot_is_the_same_in_all_eight_bit_types(self):
        first = self.snapshot_of("--format=bgra")
        self.assertEqual(first[:2], (320, 200))
        self.assertGreater(len(set(first[2])), 50)  # a picture, not one colour
        for kind in ("rgba", "bgr32", "rgb24"):
            self.assertEqual(self.snapshot_of(f"--format={kind}"), first, kind)

    def test_snapshot_with_the_pointer(self):
        path, out = self.start_producer("--mode=320x200@30", "--damage=static", "--cursor=colour"), os.path.join(self.dir, "s.png")
        self.run_verb("snapshot", "--timeout=20", "--shm-file", path, out)
        plain = png_rgb(out)
        self.run_verb("snapshot", "--timeout=20", "--cursor", "--shm-file", path, out)
        drawn = png_rgb(out)
        changed = sum(plain[2][y][3 * x:3 * x + 3] != drawn[2][y][3 * x:3 * x + 3] for y in range(200) for x in range(320))
        self.assertTrue(0 < changed <= 32 * 32, changed)

    def test_snapshot_into_no_folder_fails(self):
        path = self.start_producer("--mode=320x200@30")
        self.assertIn("No such file", self.run_verb("snapshot", "--timeout=20", "--shm-file", path, "/nonexistent/x.png", status=1))

    def test_stats_counts_a_running_guest(self):
        path = self.start_producer("--mode=640x480@50", "--damage=full", "--format=rgba")
        time.sleep(0.5)
        lines = [json.loads(line) for line in self.run_verb("stats", "--json", "--count=4", "--interval=0.5", "--shm-file", path).splitlines()]
        self.assertEqual(len(lines), 4)
        last = lines[-1]
        self.assertEqual((last["state"], last["width"], last["height"], last["format"]), ("connected", 640, 480, "rgba"))
        self.assertTrue(10 <= last["fps"] <= 90, last)  # a busy machine publishes late, never more
        self.assertEqual(last["damage_share"], 1.0)
        self.assertEqual(last["upload_bytes"] % (640 * 480 * 4), 0)
        self.assertEqual(last["rejected"], 0)
        self.assertIn("640x480", self.run_verb("stats", "-n1", "--shm-file", path))

    def test_stats_without_a_vm_waits(self):
        text = self.run_verb("stats", "--json", "-n2", "--interval=0.1", "--shm-file", os.path.join(self.dir, "missing"))
        self.assertEqual([json.loads(line)["state"] for line in text.splitlines()], ["no-region"] * 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
