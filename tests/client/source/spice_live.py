#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPICE's picture against a real QEMU without a guest system: SeaBIOS and iPXE write text. What spice_screen drew must
be what QEMU's screendump shows, pixel by pixel. `spice_live.py SPICE_SCREEN CASE`, or --record DIR instead of CASE."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
QEMU = shutil.which("qemu-system-x86_64")


class Failure(Exception):
    pass


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise Failure(f"{what}: not within {seconds} s")


class Machine:
    def __init__(self, directory, vga, spice="", disk=None):
        self.directory, self.vga, self.spice, self.disk = directory, vga, spice, disk
        self.socket = os.path.join(directory, "spice.sock")
        self.process = None
        self.start()

    def start(self):
        qmp = os.path.join(self.directory, "qmp.sock")
        argv = ["timeout", "150", QEMU, "-accel", "tcg", "-M", "q35", "-m", "128", "-nodefaults", "-display", "none",
                "-vga", self.vga, "-device", "e1000,netdev=n", "-netdev", "user,id=n,restrict=on",
                "-spice", f"unix=on,addr={self.socket},disable-ticketing=on{self.spice}",
                "-qmp", f"unix:{qmp},server=on,wait=off"]
        if self.disk:
            argv += ["-drive", f"file={self.disk},format=raw,if=none,id=d,snapshot=on", "-device", "ide-hd,drive=d",
                     "-boot", "c"]
        with open(os.path.join(self.directory, "qemu.log"), "a") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        wait_until(lambda: os.path.exists(qmp) and os.path.exists(self.socket), 20, "QEMU's sockets")
        self.qmp = socket.socket(socket.AF_UNIX)
        self.qmp.settimeout(20)
        self.qmp.connect(qmp)
        self.reader = self.qmp.makefile("r")
        self.reader.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.qmp.sendall((json.dumps({"execute": name, "arguments": arguments}) + "\n").encode())
        while True:
            answer = json.loads(self.reader.readline())
            if "error" in answer:
                raise Failure(f"{name}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def screen(self):
        path = os.path.join(self.directory, "qemu.ppm")
        self.command("screendump", filename=path)
        return read_ppm(path)

    def key(self, name):
        self.command("send-key", keys=[{"type": "qcode", "data": name}])

    def lives(self):
        return self.process.poll() is None

    def must_live(self):
        if self.process.poll() is not None:
            raise Failure("QEMU is dead: " + open(os.path.join(self.directory, "qemu.log")).read()[-500:])
        self.command("query-status")

    def kill(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for name in ("qmp.sock", "spice.sock"):
            path = os.path.join(self.directory, name)
            if os.path.exists(path):
                os.unlink(path)


def read_ppm(path):
    with open(path, "rb") as f:
        data = f.read()
    kind, size, depth, pixels = data.split(b"\n", 3)
    width, height = map(int, size.split())
    if kind != b"P6" or depth != b"255" or len(pixels) != width * height * 3:
        raise Failure(f"{path} is not a picture")
    return width, height, pixels


class Screen:
    def __init__(self, program, directory, path, *options):
        self.directory = directory
        self.log = os.path.join(directory, "screen.out")
        self.process = subprocess.Popen([program, path, *options], stdin=subprocess.PIPE, stdout=open(self.log, "w"),
                                        stderr=open(os.path.join(directory, "screen.err"), "w"), start_new_session=True)

    def lines(self):
        with open(self.log) as f:
            return f.read().splitlines()

    def tell(self, line):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def shot(self):
        path = os.path.join(self.directory, "own.ppm")
        before = sum(line.startswith("shot ") for line in self.lines())
        self.tell("shot " + path)
        wait_until(lambda: sum(line.startswith("shot ") for line in self.lines()) > before or self.dead(), 10, "a shot")
        last = [line for line in self.lines() if line.startswith("shot ")][-1]
        return None if last == "shot none" else read_ppm(path)

    def dead(self):
        if self.process.poll() is not None:
            raise Failure(f"spice_screen ended with {self.process.returncode}")

    def status(self):
        found = [line.split(" ", 1)[1] for line in self.lines() if line.startswith("status ")]
        return found[-1] if found else ""

    def finish(self):
        if self.process.poll() is None:
            self.tell("quit")
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise Failure("spice_screen does not end") from None
        errors = [line for line in self.lines() if line.startswith("error")]
        if self.process.returncode != 0 or errors:
            raise Failure(f"spice_screen: {self.process.returncode} {errors}")


def has_text(picture):
    return picture and any(picture[2])


def must_agree(screen, machine, seconds=30):
    """The same pixels, and text among them."""
    def agree():
        machine.must_live()
        screen.dead()
        own = screen.shot()
        return has_text(own) and own == machine.screen() and own
    try:
        return wait_until(agree, seconds, "the same picture on both sides")
    except Failure as problem:
        own, theirs = screen.shot(), machine.screen()
        if not own:
            raise Failure(f"{problem}; we have no picture; {screen.status()}") from None
        if own[:2] != theirs[:2]:
            raise Failure(f"{problem}; {own[:2]}, QEMU has {theirs[:2]}") from None
        bad = [i // 3 for i in range(len(own[2])) if own[2][i] != theirs[2][i]]
        where = (bad[0] % own[0], bad[0] // own[0]) if bad else None
        raise Failure(f"{problem}; {own[0]}x{own[1]}, {len(set(bad))} pixels differ, the first at {where}") from None


def text_mode(rig, vga, spice=""):
    machine = rig.machine(vga, spice)
    screen = rig.screen(machine)
    must_agree(screen, machine, 60)
    machine.command("system_reset")
    time.sleep(1.0)  # another boot draws it all again
    must_agree(screen, machine, 60)
    if "cannot draw" in screen.status():
        raise Failure(screen.status())
    return machine, screen


def case_std(rig):
    text_mode(rig, "std")


def case_qxl(rig):
    text_mode(rig, "qxl")


def case_virtio(rig):
    text_mode(rig, "virtio")


def case_compression(rig):
    """Whatever compression the server is set to: we ask for none, and get none."""
    for kind in ("auto_glz", "auto_lz", "quic", "glz", "lz", "off"):
        machine, screen = text_mode(rig, "std", f",image-compression={kind}")
        screen.finish()
        machine.kill()


def modes_disk(path):
    """A boot sector that goes through video modes, a key press each, with a letter in each."""
    code = b""
    for mode, letter in ((0x13, "A"), (0x12, "B"), (0x03, "C"), (0x0D, "D")):
        code += bytes([0xB8, mode, 0x00, 0xCD, 0x10])  # mov ax, mode; int 10h
        code += bytes([0xB8, ord(letter), 0x0E])  # mov ax, 0e00h + letter
        code += bytes([0xBB, 0x0F, 0x00, 0xCD, 0x10])  # mov bx, 15; int 10h
        code += bytes([0x30, 0xE4, 0xCD, 0x16])  # xor ah, ah; int 16h
    code += bytes([0xEB, 0x100 - len(code) - 2])  # jmp to the start
    with open(path, "wb") as f:
        f.write(code.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))


def case_mode_change(rig):
    """Graphics and text modes one after the other: sizes follow."""
    disk = os.path.join(rig.directory, "modes.img")
    modes_disk(disk)
    machine = rig.machine("std", "", disk)
    screen = rig.screen(machine)
    wait_until(lambda: screen.shot() and screen.shot()[:2] != (720, 400), 60, "the first mode")
    sizes = set()
    for _ in range(8):
        sizes.add(must_agree(screen, machine)[:2])
        machine.key("spc")
        time.sleep(0.5)
    if len(sizes) < 3:
        raise Failure(f"only these sizes were seen: {sizes}")


def case_restart(rig):
    """The server is killed and another one comes at the same place."""
    machine, screen = text_mode(rig, "std")
    for _ in range(2):
        machine.kill()
        wait_until(lambda: "NO_HOST" in screen.status(), 20, "the loss to be noticed")
        screen.dead()
        machine.start()
        must_agree(screen, machine, 60)


def channels_of(machine):
    return sorted(c["channel-type"] for c in machine.command("query-spice").get("channels", []))


def case_not_wanted(rig):
    """Channels are closed while nobody wants the picture, opened when somebody does; the VM lives."""
    machine, screen = text_mode(rig, "qxl")
    for _ in range(5):
        screen.tell("want 0")
        wait_until(lambda: not {2, 4} & set(channels_of(machine)), 10, "display and cursor closed")
        screen.tell("want 1")
        wait_until(lambda: 2 in channels_of(machine), 10, "the display open again")
        must_agree(screen, machine)
    for _ in range(20):  # faster than any handshake
        screen.tell("want 0")
        screen.tell("want 1")
    must_agree(screen, machine)


def case_hasty(rig):
    """Not wanted any more, or ended by itself, a moment after it was wanted: the VM lives, with and without a tablet."""
    machine, screen = text_mode(rig, "std")
    for n in range(30):
        screen.tell("want 0")
        time.sleep(0.002)
        screen.tell("want 1")
        time.sleep(0.49 + 0.0014 * n)  # it waits for 0.5 s; then linked, let in, or with its first messages
    must_agree(screen, machine)
    for n in range(15):
        hasty = rig.screen(machine)
        time.sleep(0.004 * n)
        hasty.tell("quit")
        hasty.process.wait(10)
    machine.must_live()
    must_agree(rig.screen(machine), machine)


def case_killed_clients(rig):
    """A client that is killed at any moment of the handshake does not take the VM along; but for the moment in which the
    server (libspice-server 0.15.1) waits for a message that it has and reads the end behind it, which nobody can mend here."""
    lost = 0
    for vga in ("std", "qxl"):
        machine = rig.machine(vga)
        for n in range(15):
            screen = rig.screen(machine)
            time.sleep(0.006 * n)
            screen.process.kill()
            screen.process.wait()
            time.sleep(0.05)
            if not machine.lives():
                lost += 1
                machine = rig.machine(vga)
        time.sleep(0.5)
        must_agree(rig.screen(machine), machine, 60)
        machine.must_live()
        machine.kill()
    print(f"killed 30 clients, lost {lost} machines")
    if lost > 2:
        sys.exit(f"{lost} machines were lost")


class Rig:
    def __init__(self, program):
        self.program, self.directory, self.opened = program, tempfile.mkdtemp(prefix="espelho-spice-"), []

    def place(self):
        path = os.path.join(self.directory, str(len(self.opened)))
        os.mkdir(path)
        return path

    def machine(self, vga, spice="", disk=None):
        self.opened.append(Machine(self.place(), vga, spice, disk))
        return self.opened[-1]

    def screen(self, machine, *options):
        self.opened.append(Screen(self.program, self.place(), machine.socket, *options))
        return self.opened[-1]

    def close(self, failed):
        problem = None
        for o in reversed(self.opened):
            try:
                if isinstance(o, Screen) and o.process.returncode != -signal.SIGKILL:
                    o.finish()
                elif isinstance(o, Machine):
                    o.kill()
            except Failure as p:
                problem = p
        if failed or problem:
            for o in self.opened:
                if isinstance(o, Screen):
                    print(o.log, *o.lines()[-20:], sep="\n  ")
                    print(*open(os.path.join(o.directory, "screen.err")).read().splitlines()[-40:], sep="\n  ")
        shutil.rmtree(self.directory)
        if problem and not failed:
            raise problem


def record(rig, directory):
    for vga, spice in (("std", ""), ("qxl", ""), ("std", ",streaming-video=all")):
        machine = rig.machine(vga, spice)
        place = os.path.join(directory, vga + ("-video" if spice else ""))
        os.makedirs(place, exist_ok=True)
        screen = rig.screen(machine, "--record", place)
        time.sleep(8)
        screen.finish()
        machine.kill()


def main():
    if not QEMU:
        print("no qemu-system-x86_64")
        return SKIPPED
    rig, failed = Rig(sys.argv[1]), True
    try:
        if sys.argv[2] == "--record":
            record(rig, sys.argv[3])
        else:
            globals()["case_" + sys.argv[2]](rig)
        failed = False
    except Failure as problem:
        print(problem)
    finally:
        rig.close(failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
