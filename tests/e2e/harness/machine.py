# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine: Debian's kernel, busybox, our test programs; emulated. With an ivshmem device, a SPICE server, or both."""
import os
import re
import select
import socket
import subprocess
import time
from collections import deque
from dataclasses import dataclass

from .initramfs import MODULES, guest_kernel, make_initramfs
from .process import Failure, Process, wait_until
from .qmp import Qmp

UUID = "3f2e1d0c-1122-4344-8566-778899aabbcc"
BOOT_S = 180  # 7 s on an idle machine
EV_KEY, EV_REL, EV_ABS, EV_LED = 1, 2, 3, 17
AUTOREPEAT = 2


@dataclass(frozen=True)
class Spice:
    """Where QEMU's server listens: a unix socket, or `port` of 127.0.0.1. What is on the other side of it."""

    socket: str = None
    port: int = 0
    tls_port: int = 0  # besides `port`
    x509: str = None  # folder of ca-cert.pem, server-cert.pem, server-key.pem: for TLS
    password: str = None
    vga: str = "std"  # qxl, virtio
    pointer: str = "usb-tablet"  # virtio-tablet-pci; None: only the PS/2 mouse
    keyboard: str = None  # virtio-keyboard-pci; None: only the PS/2 keyboard
    agent: str = "spicevmc"  # what is at the other end of the agent's port, as QEMU's -chardev says it; None: no port
    sound: str = "spice"  # -audiodev; None: no sound card
    more: str = ""  # more of QEMU's -spice

    def arguments(self):
        where = f"unix=on,addr={self.socket}" if self.socket else f"port={self.port},addr=127.0.0.1"
        where += f",tls-port={self.tls_port},x509-dir={self.x509}" if self.tls_port else ""
        where += f",{self.more}" if self.more else ""
        if self.password:
            argv = ["-object", f"secret,id=spice-password,data={self.password}"]
            argv += ["-spice", f"{where},password-secret=spice-password"]
        else:
            argv = ["-spice", f"{where},disable-ticketing=on"]
        argv += ["-vga", self.vga, "-device", "qemu-xhci", "-device", "virtio-serial-pci"]
        for device in (self.pointer, self.keyboard):
            argv += ["-device", device] if device else []
        if self.agent:
            argv += ["-chardev", f"{self.agent},id=vdagent" + (",name=vdagent" if self.agent == "spicevmc" else "")]
            argv += ["-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0"]
        if self.sound:
            argv += ["-audiodev", f"{self.sound},id=sound", "-device", "intel-hda"]
            argv += ["-device", "hda-duplex,audiodev=sound,mixer=off"]
        return argv

    def options(self):
        """How the viewer is told."""
        where = [f"spice.socket={self.socket}"] if self.socket else ["spice.host=127.0.0.1", f"spice.port={self.port}"]
        return where + ([f"spice.password={self.password}"] if self.password else [])


def free_port():
    """A TCP port that nobody has now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@dataclass(frozen=True)
class Event:
    """A line of evrecord."""

    type: int
    code: int
    value: int
    device: str

    @staticmethod
    def parse(line):
        words = line.split(" ", 4)
        return Event(*(int(n) for n in words[1:4]), words[4])


class Machine(Process):
    """Answers like a Puppet: tell(), publish(), more()."""

    def __init__(self, rig, region=None, region_bytes=0, spice=None, name="machine", boots=True, bells=None, kernel=None):
        """boots: False: nothing in it ever runs; its SPICE server is there in a moment. bells: an ivshmem server's socket instead
        of a region. kernel: of module_guest, with our module; otherwise it is Debian's, without."""
        self.qmp_path = os.path.join(rig.directory, f"{name}-{len(rig.processes)}.qmp")
        # -accel tcg and nothing else: where /dev/kvm exists but does not work, QEMU would hang.
        argv = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "max"]
        argv += ["-m", "512", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-name", "espelho-test", "-uuid", UUID]
        argv += ["-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        argv += self.boot_arguments(rig, spice, kernel) if boots else ["-S"]
        if region:
            argv += ["-object", f"memory-backend-file,id=iv,share=on,mem-path={region},size={region_bytes}"]
            argv += ["-device", "ivshmem-plain,memdev=iv"]
        if bells:
            argv += ["-chardev", f"socket,path={bells},id=bells", "-device", "ivshmem-doorbell,vectors=2,chardev=bells"]
        argv += spice.arguments() if spice else []
        super().__init__(name, argv, rig.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.spice = spice
        self.unread = b""
        self.lines = deque()  # read, not yet asked for
        self.control = None

    @staticmethod
    def boot_arguments(rig, spice, ours):
        if ours:
            kernel = ours.image
            initrd = make_initramfs(rig, f"vmlinuz-{ours.release}", ours.root, (), (ours.module,))
        else:
            kernel, root = guest_kernel(rig.tools.source)
            initrd = make_initramfs(rig, kernel, root, MODULES if spice else ())
        append = "console=ttyS0 loglevel=1 panic=-1 vt.global_cursor_default=0 consoleblank=0"
        return ["-kernel", kernel, "-append", append, "-initrd", initrd]

    @property
    def qmp(self):
        if not self.control:
            self.control = wait_until(self.connect_qmp, 30, "QEMU has its control socket")
        return self.control

    def connect_qmp(self):
        self.must_live()
        try:
            return Qmp(self.qmp_path)
        except (FileNotFoundError, ConnectionRefusedError):  # not bound yet, or bound and not listening
            return None

    # ---- the serial console ----

    def read_some(self, patience_s):
        """Waits for output and keeps its lines. False: none came."""
        ready, _, _ = select.select([self.popen.stdout], [], [], max(0, patience_s))
        got = os.read(self.popen.stdout.fileno(), 65536) if ready else b""
        self.unread += got
        *whole, self.unread = self.unread.split(b"\n")
        with open(self.log_path, "a", encoding="utf-8") as log:
            for line in whole:
                text = line.decode(errors="replace").strip()
                log.write(text + "\n")
                self.lines.append(text)
        return bool(got)

    def take(self, wanted, seconds, what):
        """Removes and returns the first line for which wanted(line) is true; others stay, for whoever asks."""
        deadline = time.monotonic() + seconds
        seen = 0
        while True:
            for i in range(seen, len(self.lines)):
                line = self.lines[i]
                if line.startswith(("error", "module ")):
                    raise Failure(f"{self.name}: {line}")
                if wanted(line):
                    del self.lines[i]
                    return line
            seen = len(self.lines)
            if not self.read_some(deadline - time.monotonic()):
                raise Failure(f"{self.name}: no '{what}' within {seconds} s; it has {self.lines}")

    def expect_line(self, start, seconds=60):
        return self.take(lambda line: line.startswith(start), seconds, start)

    def expect_match(self, pattern, seconds=60):
        """Words that the pattern's groups have."""
        return re.fullmatch(pattern, self.take(lambda line: re.fullmatch(pattern, line), seconds, pattern)).groups()

    def has_line(self, start, seconds):
        """Whether such a line comes; it stays."""
        deadline = time.monotonic() + seconds
        while not any(line.startswith(start) for line in self.lines):
            if time.monotonic() > deadline:
                return False
            self.read_some(min(0.1, deadline - time.monotonic()))
        return True

    def wait_boot(self):
        self.expect_line("guest up", BOOT_S)
        self.lines.clear()  # what firmware and kernel said

    def send(self, command):
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()

    def tell(self, command, answer="ok", seconds=60):
        self.send(command)
        return self.expect_line(answer, seconds)

    def publish(self, card, count=2, hz=60):
        self.tell(card.command())
        return self.more(card, count, hz)

    def more(self, card, count=2, hz=60):
        return card.at(int(self.tell(f"frames {count} {hz}").split()[1]))

    # ---- what its input devices report ----

    def record(self, *devices):
        """Starts evrecord, and waits until it reads devices whose names contain these words."""
        self.tell("record")
        for words in devices:
            self.take(lambda line, words=words: line.startswith("device ") and words in line, 60, f"device {words}")

    def events(self, quiet_s=0.5, at_least=0, seconds=20):
        """All events not yet taken, once there are enough and nothing comes any more. Without a keyboard's autorepeat."""
        deadline = time.monotonic() + seconds
        found = []
        while True:
            more = self.read_some(quiet_s)
            lines, self.lines = self.lines, deque()
            for line in lines:
                if line.startswith("ev "):
                    found.append(Event.parse(line))
                else:
                    self.lines.append(line)
            kept = [e for e in found if not (e.type == EV_KEY and e.value == AUTOREPEAT)]
            if (not more and len(kept) >= at_least) or time.monotonic() > deadline:
                return kept

    def keys(self, **how):
        """(code, value) of keys and buttons."""
        return [(e.code, e.value) for e in self.events(**how) if e.type == EV_KEY]
