# SPDX-License-Identifier: GPL-2.0-or-later
"""What a case works with: a private folder, region names of its own, processes; all ended at the end."""
import fcntl
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from .compositor import NOBODY, Sway, Weston, WestonGl
from .process import Failure, Process, wait_until

REGION_BYTES = 16 << 20  # two frames of 1056x672 at 8 bytes, and the pointers
PATIENCE_S = int(os.environ.get("ESPELHO_PATIENCE_S", "30"))  # for what normally takes a moment: the machine may be busy


class Puppet(Process):
    """The host that does as it is told: tests/e2e/puppet."""

    def __init__(self, rig, path, region_bytes, name, uuid=None, plain=False):
        argv = [rig.tools.puppet, "--file", path] + ([str(region_bytes)] if region_bytes else [])
        env = dict(os.environ)
        if uuid:
            env["PUPPET_UUID"] = uuid.replace("-", "")
        if plain:
            env["PUPPET_PLAIN"] = "yes"
        super().__init__(name, argv, rig.directory, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.expect_line("ready")

    def expect_line(self, start):
        line = self.popen.stdout.readline().decode().strip()
        if not line.startswith(start):
            raise Failure(f"{self.name}: '{line}' where '{start}' was due\n{self.log()}")
        return line

    def send(self, command):
        """Without waiting for the answer."""
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()

    def tell(self, command):
        self.send(command)
        return self.expect_line("ok")

    def publish(self, card, count=8, hz=240):
        """Starts with a new card, publishes `count` of its pictures; returns the last one."""
        self.tell(card.command())
        return self.more(card, count, hz)

    def more(self, card, count=8, hz=240):
        return card.at(int(self.tell(f"frames {count} {hz}").split()[1]))


class Viewer(Process):
    def finish(self):
        """Ends it as a session's end would; anything but a clean end is a failure (leaks too)."""
        self.must_live()
        status = self.terminate()
        if status != 0:
            raise Failure(f"{self.name}: exit status {status} after SIGTERM")

    def figures(self, runtime_directory):
        """What it tells `espelho stats`."""
        path = os.path.join(runtime_directory, "espelho", f"view-{self.popen.pid}.sock")
        wait_until(lambda: self.must_live() or os.path.exists(path), PATIENCE_S, f"{self.name} answers")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            with s.makefile("rb") as f:
                return json.loads(f.read())

    def wait_log(self, text, seconds=PATIENCE_S):
        def found():
            self.must_live()
            return text.lower() in self.log().lower()

        wait_until(found, seconds, f"{self.name} has logged '{text}'")


class Screen:
    """A compositor and the viewer whose window fills it."""

    def __init__(self, rig, compositor):
        self.rig, self.compositor = rig, compositor
        self.viewer = None
        self.extra_env = {}  # of the viewers to come

    def view(self, region, renderer="shm", *options, unprivileged=False, terminal=None):
        """Starts the viewer. region: None: it is told otherwise."""
        tools = self.rig.tools
        env = dict(self.compositor.env, HOME=self.rig.directory, **self.extra_env)
        if os.path.exists(tools.keep_libraries):  # built with a sanitizer
            env["LD_PRELOAD"] = tools.keep_libraries
            env["ASAN_OPTIONS"] = "verify_asan_link_order=0"
            env["LSAN_OPTIONS"] = f"suppressions={tools.lsan_suppressions}:print_suppressions=0"
        argv = [tools.espelho, "view", f"app.renderer={renderer}"] + ([f"app:shmFile={region}"] if region else [])
        argv += ["app:logLevel=debug", *self.compositor.viewer_options, *options]
        uid = NOBODY if unprivileged and os.getuid() == 0 else None
        name = f"viewer{len(self.rig.processes)}"
        self.viewer = self.rig.keep(Viewer(name, argv, self.rig.directory, env=env, uid=uid, terminal=terminal))
        return self.viewer

    def judge(self, shot, card, options):
        """(equal?, how)"""
        argv = [self.rig.tools.picture, "compare", *options, shot, card.argument()]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in (0, 1):
            raise Failure(f"picture compare: {done.stdout}{done.stderr}")
        return done.returncode == 0, done.stdout.strip()

    def must_show(self, card, *options, seconds=PATIENCE_S):
        """Takes screenshots until one is what it must be."""
        deadline = time.monotonic() + seconds
        while True:
            self.viewer.must_live()
            shot = self.compositor.screenshot()
            equal, how = self.judge(shot, card, options)
            if not equal and time.monotonic() > deadline:
                self.rig.save(shot, "shown.png")
                self.save_expected(card, options)
                where = f"{self.compositor.program} at scale {self.compositor.scale}"
                raise Failure(f"{card.argument()} {' '.join(options)} on {where}: {how}")
            os.unlink(shot)
            if equal:
                return how
            time.sleep(0.05)

    def must_stay(self, card, *options, seconds=0.3):
        time.sleep(seconds)
        self.must_show(card, *options, seconds=0)

    def must_wait_calmly(self, name):
        """A waiting screen: text on a quiet ground, not the last picture, not black. Kept, for people to look at."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.viewer.must_live()
            shot = self.compositor.screenshot()
            colours, commonest = self.survey(shot)
            calm = 8 <= colours <= 4096 and 0.5 <= commonest < 0.999
            if calm or time.monotonic() > deadline:
                self.rig.save(shot, f"{name}.png")
                break
            os.unlink(shot)
        if not calm:
            raise Failure(f"no waiting screen '{name}': {colours} colours, commonest {commonest}")

    def survey(self, shot):
        """(number of colours, share of the commonest)"""
        argv = [self.rig.tools.picture, "survey", shot]
        words = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
        return int(words[1]), float(words[3])

    def save_expected(self, card, options):
        path = os.path.join(self.rig.directory, "expected.png")
        drawn = ("--pointer", "--turn", "--size")
        pairs = [pair for pair in zip(options[::2], options[1::2]) if pair[0] in drawn]
        argv = [self.rig.tools.picture, "expect", *sum(pairs, ()), card.argument(), path]
        if subprocess.run(argv, check=False).returncode == 0:
            self.rig.save(path, "expected.png")


class Rig:
    def __init__(self, tools, case_name):
        self.tools = tools
        self.case_name = case_name
        self.directory = tempfile.mkdtemp(prefix="espelho-e2e-")
        os.chmod(self.directory, 0o711)  # sway's user must reach its folder below
        self.processes = []
        self.regions = []

    def region(self):
        """A name in /dev/shm that is nobody else's; nothing is there yet."""
        path = f"/dev/shm/{os.path.basename(self.directory)}-{len(self.regions)}"
        self.regions.append(path)
        return path

    def memfd(self, region_bytes=REGION_BYTES, seals=fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW):
        """A path of memory without a name, sealed, as `espelho shm-server` has it. Lives as long as this process."""
        fd = os.memfd_create("espelho-e2e", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, region_bytes)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        return f"/proc/{os.getpid()}/fd/{fd}"

    def screen(self, kind, width, height, scale=1):
        compositor = {"weston": Weston, "weston-gl": WestonGl, "sway": Sway}[kind](self.directory, width, height, scale)
        self.keep(compositor.process)
        return Screen(self, compositor)

    def puppet(self, path, region_bytes=REGION_BYTES, uuid=None, plain=False):
        """region_bytes: None: it is there already. plain: a host without our extension: two frame buffers, and messages."""
        return self.keep(Puppet(self, path, region_bytes, f"puppet{len(self.processes)}", uuid, plain))

    def keep(self, process):
        self.processes.append(process)
        return process

    def save(self, path, name):
        """Keeps a file for the person who reads the result."""
        folder = os.path.join(self.tools.results, self.case_name)
        os.makedirs(folder, exist_ok=True)
        shutil.copy(path, os.path.join(folder, name))

    def close(self, failed):
        for process in reversed(self.processes):
            if failed:
                print(f"--- {process.name}, the end of its log\n{process.log()[-2500:]}")
                self.save(process.log_path, f"{process.name}.log")
            try:
                process.terminate()
            except Failure as problem:
                print(problem)
        for path in self.regions:
            if os.path.isdir(path):
                os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)
        shutil.rmtree(self.directory, ignore_errors=True)
