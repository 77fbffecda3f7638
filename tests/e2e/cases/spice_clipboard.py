# SPDX-License-Identifier: GPL-2.0-or-later
"""Copy and paste between the guest's agent and the compositor's clients; and agents that lie."""
import struct
import threading

from harness.case import case
from harness.clipboard import MIME, PNG, TEXT, Clipboard, crc, pattern
from harness.desk import Desk, must_be
from harness.process import Failure, wait_until

CAPS = "62"  # monitors, by demand, selection
MIB = 1 << 20
KEY_F13 = 183
# The wl-clipboard of a browser offers several; ours one at a time.
TRANSFERS = ((TEXT, 1), (TEXT, MIB), (PNG, 1), (PNG, MIB), (TEXT, 50 * MIB), (PNG, 50 * MIB))
GROWTH_MAX_BYTES = 300 * MIB  # one transfer of 64 MiB, copied here and there


class Both:
    """The agent in the guest, and the Linux side."""

    def __init__(self, desk):
        self.desk, self.machine = desk, desk.machine
        self.linux = Clipboard(desk.rig, desk.screen.compositor)

    def start_agent(self):
        self.machine.lines.clear()  # of the one before
        self.machine.tell("agent", "agent up")
        self.machine.tell(f"agent announce {CAPS} 1")
        caps = int(self.machine.expect_line("announced", 30).split()[1], 16)
        if not caps & 1 << 5:
            raise Failure(f"the viewer does not announce the clipboard by demand: {caps:x}")

    def end_agent(self):
        self.machine.tell("agent die", "dying")

    def touch(self):
        """A compositor may want to see that the user did something before a window sets its clipboard."""
        self.desk.injector.tap(KEY_F13)

    def offer_from_guest(self, kind, count, seed=1):
        self.machine.tell(f"agent serve {kind} {count} {seed}")
        self.touch()
        self.machine.tell(f"agent grab 0 {kind}")
        wait_until(lambda: MIME[kind] in self.linux.types(), 20, f"Linux is offered {MIME[kind]}")

    def to_linux(self, kind, count):
        seed = count & 0xFF ^ kind
        self.offer_from_guest(kind, count, seed)
        if self.machine.has_line("requested", 0.3):
            raise Failure("the viewer fetches what nobody pastes")
        got = self.linux.paste(MIME[kind])
        self.machine.expect_line(f"requested 0 {kind}")
        what = f"{MIME[kind]} of {count} bytes to Linux"
        must_be(what, (len(got), crc(got)), (count, crc(pattern(kind, count, seed))))

    def to_guest(self, kind, count):
        data = pattern(kind, count, count & 0xFF ^ kind)
        self.linux.copy(data, MIME[kind])
        self.machine.take(lambda line: line.startswith("grabbed 0") and str(kind) in line.split()[2:], 30, f"grab of {kind}")
        if self.machine.has_line("data", 0.3):
            raise Failure("the viewer sends what nobody pasted")
        self.machine.tell(f"agent request 0 {kind}")
        got = self.machine.expect_line("data", 90)
        must_be(f"{MIME[kind]} of {count} bytes to the guest", got, f"data 0 {kind} {count} {crc(data)}")


def message(type, claimed, body=b""):
    """As one chunk for the agent's `raw`."""
    data = struct.pack("<IIQI", 1, type, 0, claimed) + body
    return "agent raw " + (struct.pack("<II", 1, len(data)) + data).hex()


ANNOUNCE, GRAB, REQUEST, RELEASE, CLIPBOARD = 6, 7, 8, 9, 4
# name: lines for a fresh agent, which dies afterwards. QEMU's server itself stops an agent that sends parts of a header.
HOSTILE = {
    "claims 4 GiB": [f"agent flood {TEXT} 4294967295 8"],
    "claims more than it sends": [f"agent flood {PNG} 1000000 0"],
    "data that nobody asked for": [f"agent flood {TEXT} 1048584 1"],
    "empty messages": [message(t, 0) for t in range(0, 20)],
    "short messages": [message(t, 3, b"abc") for t in range(0, 20)],
    "unknown types": ["agent reply 9999 100", "agent reply 0 0", "agent reply 4294967295 5"],
    "thousand types": [f"agent reply {GRAB} 4004"],
    "thousand capability words": [f"agent reply {ANNOUNCE} 4004"],
    "many requests": [f"agent request 0 {TEXT}"] * 100 + ["agent request 255 77", "agent request 0 0"],
    "other protocol": ["agent raw " + (struct.pack("<II", 1, 20) + struct.pack("<IIQI", 7, CLIPBOARD, 0, 0)).hex()],
    "selections that are none": [message(GRAB, 8, struct.pack("<II", 77, TEXT)), message(RELEASE, 4, struct.pack("<I", 99))],
}


def resident_bytes(process):
    with open(f"/proc/{process.popen.pid}/status", encoding="ascii") as f:
        kib = next(line for line in f if line.startswith("VmRSS")).split()[1]
    return int(kib) << 10


def hostile(both):
    viewer = both.desk.screen.viewer
    before = resident_bytes(viewer)
    for name, lines in HOSTILE.items():
        both.start_agent()
        for line in lines:
            both.machine.tell(line)
        viewer.must_live()
        both.end_agent()
        grown = resident_bytes(viewer) - before
        if grown > GROWTH_MAX_BYTES:
            raise Failure(f"agent that {name}: the viewer grew by {grown >> 20} MiB")
        both.start_agent()
        both.to_linux(TEXT, 1)  # one that tells the truth is believed again
        both.end_agent()


def endless(both):
    """A paste that is answered by more than the limit ends, without data and without all memory."""
    viewer = both.desk.screen.viewer
    before = resident_bytes(viewer)
    both.start_agent()
    both.touch()
    both.machine.tell(f"agent grab 0 {TEXT}")
    wait_until(lambda: MIME[TEXT] in both.linux.types(), 20, "Linux is offered text")
    pasted = []
    paste = threading.Thread(target=lambda: pasted.append(both.linux.paste(MIME[TEXT])))
    paste.start()
    both.machine.expect_line(f"requested 0 {TEXT}")
    both.machine.send(f"agent flood {TEXT} 2000000000 80")
    paste.join(60)
    if paste.is_alive() or (pasted and pasted[0]):
        raise Failure(f"a paste of 2 GB: {'no end' if paste.is_alive() else f'{len(pasted[0])} bytes'}")
    grown = resident_bytes(viewer) - before
    if grown > GROWTH_MAX_BYTES:
        raise Failure(f"a paste of 2 GB: the viewer grew by {grown >> 20} MiB")
    both.machine.expect_line("ok", 60)
    both.end_agent()


def agent_dies_in_a_paste(both):
    both.start_agent()
    both.touch()
    both.machine.tell(f"agent grab 0 {TEXT}")
    wait_until(lambda: MIME[TEXT] in both.linux.types(), 20, "Linux is offered text")
    pasted = []
    paste = threading.Thread(target=lambda: pasted.append(both.linux.paste(MIME[TEXT])))
    paste.start()
    both.machine.expect_line(f"requested 0 {TEXT}")
    both.end_agent()
    paste.join(60)
    must_be("paste from a dead agent", pasted, [b""])


def permission(both):
    """One direction each: nothing is offered where it is not allowed."""
    both.desk.view("app.source=spice", "clipboard.toHost=no")
    both.start_agent()
    both.machine.tell(f"agent serve {TEXT} 4 1")
    both.linux.copy(b"ours", MIME[TEXT])
    both.machine.expect_line("grabbed 0")
    both.touch()
    both.machine.tell(f"agent grab 0 {TEXT}")
    if both.machine.has_line("requested", 1) or both.linux.paste(MIME[TEXT]) != b"ours":
        raise Failure("clipboard.toHost=no: the guest's data came")
    both.end_agent()
    both.desk.view("app.source=spice", "clipboard.toGuest=no")
    both.start_agent()
    both.linux.copy(b"secret", MIME[TEXT])
    if both.machine.has_line("grabbed", 1):
        raise Failure("clipboard.toGuest=no: the guest learns of data")
    both.machine.tell(f"agent request 0 {TEXT}")
    if both.machine.has_line("data", 1):  # an empty answer is one
        must_be("bytes without permission", both.machine.expect_line("data").split()[3], "0")
    both.end_agent()


@case("spice.clipboard", labels=("e2e-qemu",), timeout_s=400)
def everything(rig):
    desk = Desk(rig, sound=None)
    machine = desk.boot()
    desk.inject()
    machine.wait_boot()
    desk.view("app.source=spice", "clipboard.limit=64")
    both = Both(desk)
    both.start_agent()
    for kind, count in TRANSFERS:
        both.to_linux(kind, count)
        both.to_guest(kind, count)
    both.end_agent()
    hostile(both)
    endless(both)
    agent_dies_in_a_paste(both)
    permission(both)
    desk.screen.viewer.finish()
    machine.send("off")
