# SPDX-License-Identifier: GPL-2.0-or-later
"""The relay's picture beside SPICE's display: positions, the pointer's shape; the guest's resolution, files
that are dropped. Sound without Opus."""
import os
import select
import subprocess
import time

from cases.spice_input import ABS_MAX, ABS_X, ABS_Y, BUTTONS
from cases.spice_sound import guest_plays
from harness.audio import Sound
from harness.card import Card
from harness.case import case
from harness.clipboard import PNG, crc, pattern
from harness.desk import HEIGHT, WIDTH, Desk, must_be
from harness.machine import EV_ABS, UUID
from harness.process import Failure, Process

TABLET = "Virtio Tablet"
CAPS = "62"  # monitors, by demand, selection
OTHER_WIDTH, OTHER_HEIGHT = 640, 300  # shown as 720x337 in the window's middle


def positions(desk):
    """A part of the picture is the same part of the emulated display, whatever size each of them has."""
    card = desk.puppet.publish(Card.upright(OTHER_WIDTH, OTHER_HEIGHT))
    desk.screen.must_show(card, "--size", "720x337", "--mean", "400")
    desk.mouse_mode("client")
    at = {}
    top, shown = (HEIGHT - 337.5) / 2, 337.5
    for x, y in ((7, 60), (0, 32), (WIDTH - 1, HEIGHT - 33), (360, 200), (180, 100), (719, 0), (0, 399)):
        desk.injector.place(x, y)
        at.update({e.code: e.value for e in desk.machine.events(quiet_s=0.3, at_least=1, seconds=5) if e.type == EV_ABS})
        for axis, part, pixels in ((ABS_X, x / WIDTH, OTHER_WIDTH), (ABS_Y, (y - top) / shown, OTHER_HEIGHT)):
            wanted = max(0, min(1, part)) * ABS_MAX
            if abs(at[axis] - wanted) > 1.5 * ABS_MAX / pixels:
                raise Failure(f"pointer at {x},{y}: axis {axis} at {at[axis]} where {wanted:.0f} was due")


def shapes(desk):
    """A shape that the compositor can show is its pointer, and drawn by nobody else. Others are where the guest says. (The hot
    spot of these shapes is their corner.)"""
    card = desk.puppet.publish(Card.upright(WIDTH, HEIGHT))
    desk.screen.must_show(card)
    for x, y in ((300, 200), (500, 100)):
        desk.injector.place(x, y)
        desk.puppet.tell("pointer colour 77 88")
        desk.screen.must_show(card, "--pointer", f"colour,{x},{y}", "--tolerance", "2")
    for kind in ("masked", "monochrome", "colour"):
        desk.puppet.tell(f"pointer {kind} 77 88")
        where = "500,100" if kind == "colour" else "77,88"
        desk.screen.must_show(card, "--pointer", f"{kind},{where}", "--tolerance", "2" if kind == "colour" else "0")
    desk.puppet.tell("pointer none")
    desk.screen.must_show(card)


def start_agent(desk):
    machine = desk.machine
    machine.tell("agent", "agent up")
    machine.tell(f"agent announce {CAPS} 1")
    machine.expect_line(f"monitors {WIDTH} {HEIGHT} 1", 20)


def resolution(desk):
    """The guest is asked for the window's size, in device pixels."""
    machine = desk.machine
    for width, height in ((800, 600), (1024, 500)):
        desk.screen.compositor.tell(f"output HEADLESS-1 resolution {width}x{height}")
        machine.expect_line(f"monitors {width} {height} 1", 20)


def says(process, line, seconds=20):
    """Whether it says the line in time."""
    if not select.select([process.popen.stdout], [], [], seconds)[0]:
        return False
    must_be(process.name, process.popen.stdout.readline().decode().strip(), line)
    return True


def expect(process, line):
    must_be(f"{process.name} says {line}", says(process, line), True)


def drop_file(desk, count):
    """A file dragged from another window is in the guest, byte for byte."""
    path = os.path.join(desk.rig.directory, "a file.bin")
    data = pattern(PNG, count, 5)
    with open(path, "wb") as f:
        f.write(data)
    argv = [desk.rig.tools.dragger, f"file://{path.replace(' ', '%20')}\r\n"]
    pipe = subprocess.PIPE
    dragger = desk.rig.keep(Process("dragger", argv, desk.rig.directory, env=desk.screen.compositor.env, stdout=pipe))
    expect(dragger, "ready")
    for _ in range(20):  # sway puts it beside the viewer, to the right, when both have their new sizes
        desk.injector.place(WIDTH * 3 // 4, 200)
        desk.injector.button(BUTTONS["left"], True)
        if says(dragger, "started", 0.5):
            break
        desk.injector.button(BUTTONS["left"], False)
    for x in range(WIDTH * 5 // 8, WIDTH // 4, -30):
        desk.injector.place(x, 200)
        time.sleep(0.03)
    desk.injector.button(BUTTONS["left"], False)
    expect(dragger, "finished")
    must_be("file in the guest", desk.machine.expect_line("file", 60), f"file {count} {crc(data)} a file.bin")
    desk.screen.viewer.wait_log("1 file was sent to the guest")


def raw_sound(desk, sound):
    """This server was told not to compress; spice.sound has one that does."""
    guest_plays(desk, sound, 440, 2, "without compression")
    desk.screen.viewer.wait_log("sound comes as samples")
    if "comes as Opus" in desk.screen.viewer.log():
        raise Failure("the server compresses")


@case("spice.desktop", labels=("e2e-qemu",), timeout_s=180)
def everything(rig):
    desk = Desk(rig, pointer="virtio-tablet-pci", more="playback-compression=off")
    machine = desk.boot()
    desk.inject()
    sound = Sound(rig)
    desk.screen.extra_env = dict(sound.remote(), XDG_STATE_HOME=os.path.join(rig.directory, "state"))
    machine.wait_boot()
    machine.record(TABLET)
    desk.puppet = rig.puppet(desk.region, uuid=UUID)
    desk.view("spice.resizeGuest=yes", channels=("main", "inputs", "playback"))
    positions(desk)
    shapes(desk)
    raw_sound(desk, sound)
    start_agent(desk)
    for count in (0, 1, 3 << 20):
        drop_file(desk, count)
    resolution(desk)
    desk.screen.viewer.finish()
    machine.send("off")
