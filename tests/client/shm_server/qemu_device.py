# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU with an ivshmem-doorbell device and no guest: its qtest socket reads and writes the device's registers as a guest would."""
import os
import shutil
import socket
import subprocess
import time

BAR0, BAR2 = 0xFE000000, 0x80000000
REG_POSITION, REG_DOORBELL = 8, 12


class Qemu:
    def __init__(self, folder, server_path, vectors=2):
        self.qtest_path = os.path.join(folder, "qtest.sock")
        self.log = open(os.path.join(folder, "qemu.log"), "w+")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-S", "-M", "pc", "-m", "64", "-nodefaults", "-display", "none",
             "-qtest", f"unix:{self.qtest_path},server=on,wait=off", "-qtest-log", "/dev/null",
             "-chardev", f"socket,id=espelho,path={server_path}",
             "-device", f"ivshmem-doorbell,chardev=espelho,vectors={vectors},addr=5"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.wire = None

    def output(self):
        self.log.flush()
        with open(self.log.name) as f:
            return f.read()

    def connect(self):
        end = time.monotonic() + 20
        while self.wire is None:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.qtest_path)
                s.settimeout(10)
                self.wire = s.makefile("rw")
                s.close()
            except OSError:
                s.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError("QEMU: " + self.output())
                time.sleep(0.02)
        # A PCI configuration space by its two ports: BAR 0 and 2, then memory decoding and bus mastering.
        for offset, value in [(0x10, BAR0), (0x18, BAR2), (0x1C, 0), (0x04, 0x6)]:
            self.ask(f"outl 0xcf8 {0x80000000 | 5 << 11 | offset:#x}")
            self.ask(f"outl 0xcfc {value:#x}")
        return self

    def ask(self, line):
        self.wire.write(line + "\n")
        self.wire.flush()
        answer = self.wire.readline().split()
        assert answer and answer[0] == "OK", (line, answer, self.output())
        return answer[1:]

    def read32(self, address):
        return int(self.ask(f"readl {address:#x}")[0], 16)

    def write32(self, address, value):
        self.ask(f"writel {address:#x} {value:#x}")

    def position(self):
        return self.read32(BAR0 + REG_POSITION)

    def ring(self, peer, vector):
        self.write32(BAR0 + REG_DOORBELL, peer << 16 | vector)

    def stop(self):
        if self.wire:
            self.wire.close()
        self.process.kill()
        self.process.wait()
        self.log.close()


def available():
    return shutil.which("qemu-system-x86_64") is not None
