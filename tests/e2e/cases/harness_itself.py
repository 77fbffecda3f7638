# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest, PipeWire and clipboard that the cases judge with, without our viewer: they must be able to tell right from wrong."""
import os
import socket
import struct
import time

from cases.pictures import HEIGHT, WIDTH
from harness.audio import Heard, Sound, write_tone
from harness.case import case
from harness.clipboard import PNG, TEXT, Clipboard, crc, pattern
from harness.machine import EV_ABS, EV_KEY, EV_REL, Machine, Spice
from harness.process import Failure, wait_until

KEYBOARD, TABLET = "AT Translated Set 2 keyboard", "Tablet"
KEY_A, KEY_RIGHTCTRL, BTN_LEFT, REL_X, REL_Y = 30, 97, 0x110, 0, 1


def must_be(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got} where {expected} was due")


class AgentPeer:
    """The other end of the agent's port, without SPICE in between: chunk headers and messages of vd_agent.h."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.payload = b""

    def send(self, type, body):
        data = struct.pack("<IIQI", 1, type, 0, len(body)) + body
        for i in range(0, len(data), 2048):
            part = data[i:i + 2048]
            self.socket.sendall(struct.pack("<II", 1, len(part)) + part)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            got = self.socket.recv(count - len(data))
            if not got:
                raise Failure("the agent's port was closed")
            data += got
        return data

    def receive(self):
        """(type, body) of the next message."""
        while True:
            if len(self.payload) >= 20:
                protocol, type, _, size = struct.unpack_from("<IIQI", self.payload)
                must_be("agent protocol", protocol, 1)
                if len(self.payload) >= 20 + size:
                    body, self.payload = self.payload[20:20 + size], self.payload[20 + size:]
                    return type, body
            port, size = struct.unpack("<II", self.exactly(8))
            must_be("agent port", port, 1)
            self.payload += self.exactly(size)


def check_agent(machine, path):
    peer = AgentPeer(path)
    machine.tell("agent", "agent up")
    machine.tell("agent announce 60 1")
    must_be("announcement", peer.receive(), (6, struct.pack("<II", 1, 0x60)))
    machine.tell(f"agent serve {PNG} 300000 5")
    machine.tell(f"agent grab 0 {TEXT} {PNG}")
    must_be("grab", peer.receive(), (7, struct.pack("<III", 0, TEXT, PNG)))
    peer.send(8, struct.pack("<II", 0, PNG))
    must_be("data", peer.receive(), (4, struct.pack("<II", 0, PNG) + pattern(PNG, 300000, 5)))
    machine.expect_line(f"requested 0 {PNG}")
    data = pattern(TEXT, 100000, 9)
    peer.send(4, struct.pack("<II", 0, TEXT) + data)
    must_be("what the agent got", machine.expect_line("data"), f"data 0 {TEXT} {len(data)} {crc(data)}")
    machine.tell("agent raw 0100000004000000ffffffff")
    must_be("raw bytes", peer.exactly(12), bytes.fromhex("0100000004000000ffffffff"))
    machine.send("agent die")


def check_input(machine):
    machine.record(KEYBOARD, TABLET)
    for qcode in ("a", "ctrl_r"):
        machine.qmp.key(qcode, True)
        machine.qmp.key(qcode, False)
    keys = [(KEY_A, 1), (KEY_A, 0), (KEY_RIGHTCTRL, 1), (KEY_RIGHTCTRL, 0)]
    must_be("keys", machine.keys(at_least=4), keys)
    machine.qmp.send_events(*({"type": "abs", "data": {"axis": a, "value": v}} for a, v in (("x", 100), ("y", 32767))))
    machine.qmp.send_events({"type": "btn", "data": {"button": "left", "down": True}})
    machine.qmp.send_events({"type": "btn", "data": {"button": "left", "down": False}})
    events = machine.events(at_least=4)
    must_be("tablet", [(e.type, e.code, e.value) for e in events],
            [(EV_ABS, 0, 100), (EV_ABS, 1, 32767), (EV_KEY, BTN_LEFT, 1), (EV_KEY, BTN_LEFT, 0)])
    must_be("device", {TABLET in e.device for e in events}, {True})


def check_relative(machine):
    tablet = next(m for m in machine.qmp("query-mice") if not m["absolute"])
    machine.qmp("human-monitor-command", **{"command-line": f"mouse_set {tablet['index']}"})
    machine.qmp.send_events(*({"type": "rel", "data": {"axis": a, "value": v}} for a, v in (("x", 7), ("y", -3))))
    events = machine.events(at_least=2)
    must_be("mouse", [(e.type, e.code, e.value) for e in events], [(EV_REL, REL_X, 7), (EV_REL, REL_Y, -3)])


@case("harness.guest", labels=("e2e-qemu",), timeout_s=300)
def guest(rig):
    port = os.path.join(rig.directory, "agent")
    spice = Spice(os.path.join(rig.directory, "spice"), agent=f"socket,path={port},server=on,wait=off", sound=None)
    machine = rig.keep(Machine(rig, spice=spice))
    machine.wait_boot()
    check_input(machine)
    check_relative(machine)
    check_agent(machine, port)
    machine.tell("screen HELLO")
    rig.save(machine.qmp.screendump(os.path.join(rig.directory, "screen.png")), "screen.png")
    machine.send("off")
    machine.popen.wait(20)


@case("harness.sound")
def sound(rig):
    server = Sound(rig)
    recording = server.record()
    path = os.path.join(server.directory, "a.wav")
    write_tone(path, 1000, 1.5)
    server.client(["pw-play", "--target", "test-sink", path]).popen.wait(20)
    heard = server.finish(recording)
    if not 998 < heard.hz() < 1002 or not 1.4 < heard.seconds() < 1.6:
        raise Failure(f"1000 Hz through the sink: {heard.hz()} Hz, {heard.seconds()} s, gaps {heard.gaps()}")
    voice, recording = server.speak(700, 4), server.record("test-source")
    time.sleep(1.5)
    heard = server.finish(recording)
    voice.terminate()
    if not 698 < heard.hz() < 702 or heard.seconds() < 1:
        raise Failure(f"700 Hz into the source: {heard.hz()} Hz, {heard.seconds()} s, gaps {heard.gaps()}")
    quiet = server.finish(server.record())
    must_be("sound in silence", quiet.loud, [])
    server.stop()
    server.start()
    if not server.sink_is_default():
        raise Failure("no sink after a restart")


@case("harness.clipboard")
def clipboard(rig):
    both = Clipboard(rig, rig.screen("sway", WIDTH, HEIGHT).compositor)
    for kind, mime in ((TEXT, "text/plain;charset=utf-8"), (PNG, "image/png")):
        data = pattern(kind, 1 << 20, 3)
        both.copy(data, mime)
        wait_until(lambda mime=mime: mime in both.types(), 10, f"{mime} is offered")
        must_be(f"{mime} pasted", crc(both.paste(mime)), crc(data))
