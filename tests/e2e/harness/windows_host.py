# SPDX-License-Identifier: GPL-2.0-or-later
"""The shipped espelho-host.exe under Wine, on a desktop that does what a script says, and who looks at what it publishes.

The script (tests/host-win/shim/script.h) is read by the test's dxgi.dll and, again, by the follower: it knows from it how
every frame must look. Events are numbered from 1.
"""
import os
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass

from .process import Failure, Process, wait_until
from .wine import Wine, windows_path, windows_program

PATIENCE_S = 60
REGION_BYTES = 32 << 20
FRAME = re.compile(r"frame (\d+) event (\S+) (\d+)x(\d+) (\S+) rotation (\d) flags (\d+) rows (\d+) damage (\d+) pixels (\d+) (.*)")
POINTER = re.compile(r"pointer (shown|hidden)(?: at (-?\d+) (-?\d+))?(?: shape (\w+) (\d+)x(\d+) hot (\d+) (\d+) event (\S+))?$")


@dataclass(frozen=True)
class Frame:
    ms: float  # of CLOCK_MONOTONIC_RAW, as in the log of calls
    serial: int
    event: int  # -1: it looks like the desktop after no event
    size: tuple
    format: str
    rotation: int  # quarter turns
    flags: int
    rows: int
    damage: int
    pixels: int  # of the damage
    honest: bool
    line: str


@dataclass(frozen=True)
class Pointer:
    ms: float
    shown: bool
    at: tuple  # None: not told
    shape: str  # None: not told
    size: tuple
    hot: tuple
    event: int  # -1: no such shape was in the script


def read_frame(ms, text):
    m = FRAME.match(text)
    n = [int(v) if v.isdigit() else v for v in m.groups()]
    event = n[1] if isinstance(n[1], int) else -1
    return Frame(ms, n[0], event, (n[2], n[3]), n[4], n[5], n[6], n[7], n[8], n[9], n[10] == "honest", text)


def read_pointer(ms, text):
    m = POINTER.match(text)
    shown, x, y, shape, width, height, hot_x, hot_y, event = m.groups()
    at = (int(x), int(y)) if x else None
    if not shape:
        return Pointer(ms, shown == "shown", at, None, None, None, -1)
    size, hot = (int(width), int(height)), (int(hot_x), int(hot_y))
    return Pointer(ms, shown == "shown", at, shape, size, hot, int(event) if event.isdigit() else -1)


class Follower(Process):
    """tests/e2e/follower: a subscriber that compares every frame with the script and with the one before."""

    def __init__(self, rig, region, script, name, *options):
        argv = [rig.tools.follower, region, *options] + (["--script", script] if script else [])
        super().__init__(name, argv, rig.directory, stdin=subprocess.PIPE)

    def lines(self):
        """(ms, text) of each line so far."""
        parts = [line.split(" ", 1) for line in self.log().split("\n")[:-1]]
        return [(float(p[0]), p[1]) for p in parts]

    def frames(self):
        return [read_frame(ms, text) for ms, text in self.lines() if text.startswith("frame ")]

    def pointers(self):
        return [read_pointer(ms, text) for ms, text in self.lines() if text.startswith("pointer ")]

    def wait(self, found, what, seconds=PATIENCE_S):
        """found(): something true."""
        def there():
            self.must_live()
            return found()

        try:
            return wait_until(there, seconds, f"{self.name}: {what}")
        except Failure as problem:
            raise Failure(f"{problem}; the last it said:\n" + "\n".join(t for _, t in self.lines()[-6:])) from None

    def wait_event(self, event, seconds=PATIENCE_S):
        """The first frame that shows the desktop after this event, or a later one."""
        def found():
            return next((f for f in self.frames() if f.event >= event), None)

        return self.wait(found, f"a frame that shows event {event}", seconds)

    def wait_state(self, state):
        self.wait(lambda: [t for _, t in self.lines() if t.startswith("state ")][-1:] == [f"state {state}"], f"state {state}")

    def command(self, text):
        self.popen.stdin.write(text.encode() + b"\n")
        self.popen.stdin.flush()

    def must_be_sound(self):
        """So far: all frames known and honest, nothing malformed, no writer that stopped."""
        for _, text in self.lines():
            if text.split(" ")[0] in ("rejected", "stalled"):
                raise Failure(f"{self.name}: {text}")
        for f in self.frames():
            if f.event < 0 or not f.honest:
                raise Failure(f"{self.name}: {f.line}")


@dataclass(frozen=True)
class Call:
    """One line of the log that dxgi.dll writes."""

    ms: float
    name: str  # duplicate, duplicate1, acquire, release, ...
    text: str

    @property
    def delivered(self):
        return self.name == "acquire" and " event " in self.text

    @property
    def result(self):
        """What follows the arrow."""
        return self.text.split("-> ")[-1]


ACCESS_LOST = "0x887a0026"


class WindowsHost:
    """wine: shared with others; None: one of its own."""

    def __init__(self, rig, wine=None, region_bytes=REGION_BYTES):
        exe = windows_program(rig, "host-win", "espelho-host.exe")
        shim = windows_program(rig, "tests", "host-win", "shim", "dxgi.dll")
        self.rig = rig
        self.wine = wine or Wine(rig)
        self.folder = self.wine.c_drive("espelho")
        if not os.path.exists(self.folder):
            os.mkdir(self.folder)
            shutil.copy(exe, self.folder)
            shutil.copy(shim, self.folder)  # found beside the program, where it is allowed to be native
        self.exe = os.path.join(self.folder, "espelho-host.exe")
        self.region = self.make_region(region_bytes)
        self.program = None
        self.script = None
        self.count = 0

    def new_region(self, region_bytes=REGION_BYTES):
        """Another one, for the hosts to come."""
        self.region = self.make_region(region_bytes)

    def make_region(self, region_bytes):
        path = self.rig.region()
        with open(path, "xb") as f:
            os.ftruncate(f.fileno(), region_bytes)
        return path

    def start(self, script, *options, through_file=True):
        """Starts the host on the desktop of a script (its text); with None on the real one. through_file: else the driver."""
        self.count += 1
        env, overrides = {}, ""
        if script is not None:
            self.script = os.path.join(self.rig.directory, f"script{len(self.rig.processes)}.txt")
            with open(self.script, "w", encoding="ascii") as f:
                f.write(textwrap.dedent(script))
            env = {"ESPELHO_SHIM_SCRIPT": windows_path(self.script), "ESPELHO_SHIM_LOG": windows_path(self.script + ".log")}
            overrides = "dxgi=n,b"
        else:
            self.script = None
        region = [f"--shm.file={windows_path(self.region)}"] if through_file else []
        argv = [*region, "--log.level=debug", *options]
        self.program = self.wine.start("host", self.exe, *argv, env=env, overrides=overrides)
        return self.program

    def stop(self):
        """As a user does, with Ctrl+C; anything but a clean end is a failure."""
        self.program.must_live()
        status = self.program.interrupt()
        if status != 0:
            raise Failure(f"{self.program.name}: exit status {status} after Ctrl+C\n{self.program.log()}")

    def follow(self, *options, script=True):
        name = f"follower{len(self.rig.processes)}"
        return self.rig.keep(Follower(self.rig, self.region, self.script if script else None, name, *options))

    def open_gate(self, word):
        with open(f"{self.script}.{word}", "w", encoding="ascii"):
            pass

    def calls(self):
        """What was called so far."""
        try:
            with open(self.script + ".log", encoding="utf-8", errors="replace") as f:
                lines = f.read().split("\n")[:-1]
        except FileNotFoundError:
            return []
        parts = [line.split(" ", 2) + [""] for line in lines]
        return [Call(float(p[0]), p[1], p[2]) for p in parts]

    def must_pair(self):
        """Each acquired frame was released before the next, or went with its duplication; nothing was called in vain."""
        held = False
        for call in self.calls():
            if call.delivered:
                if held:
                    raise Failure(f"acquired twice: {call}")
                held = True
            elif call.name in ("release", "destroy"):
                if call.name == "release" and not held:
                    raise Failure(f"released what was not acquired: {call}")
                held = False

    def snapshot(self):
        """Path of a PNG that our own command made of the region."""
        path = os.path.join(self.rig.directory, f"snapshot{len(self.rig.processes)}.png")
        self.espelho("snapshot", path, f"app:shmFile={self.region}")
        return path

    def inspect(self):
        return self.espelho("inspect", self.region)

    def espelho(self, *arguments):
        """Output of a command of ours."""
        argv = [self.rig.tools.espelho, *arguments]
        env = dict(os.environ, HOME=self.rig.directory)
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if done.returncode != 0:
            raise Failure(f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def expected(self, event, output=0):
        """Path of a picture (PPM) of the scripted desktop after an event."""
        path = os.path.join(self.rig.directory, f"expected{event}.ppm")
        argv = [self.rig.tools.follower, "--picture", self.script, str(event), str(output), path]
        subprocess.run(argv, timeout=PATIENCE_S, check=True)
        return path
