# SPDX-License-Identifier: GPL-2.0-or-later
"""espelho-host.exe under Wine: outputs, pixel types and sizes by option; subscribers that come, go and die; what else it captures with."""
import os
import signal
import time
from dataclasses import dataclass

from cases.windows_capture import must_be, read_ppm
from harness import png
from harness.case import case
from harness.process import Failure, wait_until
from harness.windows_host import WindowsHost
from harness.wine import windows_program

FLAG_TRUNCATED, FLAG_HDR, FLAG_PQ = 0x4, 0x8, 0x10
BUSY, FAILED = 11, 1
STILL_LIMIT = 0.01  # of a core
# Two pictures after a moment each.
TWO = "begin\nwait 100\nfull\ngo\nwait 100\npaint 16 16 64 64\ngo\n"
BESIDE = "output \\\\.\\DISPLAY1 -320 0\noutput \\\\.\\DISPLAY2 0 0\n"


@dataclass(frozen=True)
class Setup:
    name: str
    script: str
    options: tuple
    follower: tuple
    size: tuple
    format: str
    flags: int = 0
    rotation: int = 0


SETUPS = (
    Setup("the primary of two outputs", BESIDE + "mode 320 200\n", (), ("--output", "1"), (320, 200), "bgra"),
    Setup("the other, by name", BESIDE + "mode 320 200\n", ("--capture.output=DISPLAY1",), ("--output", "0"), (320, 200), "bgra"),
    Setup("the other, by index", BESIDE + "mode 320 200\n", ("--capture.output=0",), ("--output", "0"), (320, 200), "bgra"),
    Setup("a Windows without IDXGIOutput5", "old_interfaces\nmode 320 200\n", (), (), (320, 200), "bgra"),
    Setup("RGBA", "mode 320 200\nformat rgba\n", (), (), (320, 200), "rgba"),
    Setup("HDR as scRGB", "mode 320 200\nformat rgba16f\ncolour pq\nwhite 203\n", (), (), (320, 200), "rgba16f", FLAG_HDR),
    Setup("HDR as ten bits", "mode 320 200\nformat rgba10\ncolour pq\n", (), (), (320, 200), "rgba10", FLAG_HDR | FLAG_PQ),
    Setup("HDR made SDR", "mode 320 200\nformat rgba16f\ncolour pq\n", ("--capture.hdr=to-sdr",), ("--tolerance", "1"), (320, 200), "bgra"),
    Setup("half the size", "pattern blocks\nmode 640 400\n", ("--capture.downsample=320x320",), ("--scale", "2"), (320, 200), "bgra"),
    Setup("a quarter, turned", "pattern blocks\nmode 640 400\nrotation 90\n", ("--capture.downsample=100x160",),
          ("--scale", "4"), (160, 100), "bgra", 0, 1),
    Setup("small enough already", "mode 320 200\n", ("--capture.downsample=1920x1080",), (), (320, 200), "bgra"),
    Setup("4096 pixels wide", "mode 4096 300\n", (), (), (4096, 300), "bgra"),
)


@case("windows.setups", labels=("windows",), timeout_s=300)
def setups(rig):
    host = WindowsHost(rig)
    for setup in SETUPS:
        host.start(setup.script + TWO, *setup.options)
        follower = host.follow(*setup.follower)
        try:
            frame = follower.wait_event(2)
            follower.must_be_sound()
            got = (frame.size, frame.format, frame.flags, frame.rotation)
            must_be("the frame", got, (setup.size, setup.format, setup.flags, setup.rotation))
            host.must_pair()
            host.stop()
        except Failure as problem:
            raise Failure(f"{setup.name}: {problem}") from None
        must_be("status of the follower", follower.terminate(), 0)


def activity(host):
    """Calls that cost the guest something."""
    return len([c for c in host.calls() if c.name.startswith("duplicate") or c.name == "acquire"])


def must_be_idle(host, what):
    """Not another call for a while."""
    wait_until(lambda: "idle" in host.program.log().rsplit("host:", 1)[-1] or None, 20, f"{what}: the host says that it is idle")
    before = activity(host)
    time.sleep(1.5)
    must_be(f"{what}: calls", activity(host) - before, 0)


@case("windows.subscribers", labels=("windows",), timeout_s=240)
def subscribers(rig):
    host = WindowsHost(rig)
    still = "mode 640 400\npointer 5 6 shown\nshape mono 8 8 1 1\nbegin\nwait 100\nfull\ngo\n"
    more = "gate more\nrepeat 200\nrandom 5\nwait 15\ngo\nend\ngate last\npaint 1 1 20 20\ngo\n"
    more += "gate stopped\nrepeat 100\nrandom 5\nwait 40\ngo\nend\n"
    host.start(still + more)
    host.program.wait_log("idle")
    time.sleep(1)
    must_be("captured for nobody", activity(host), 0)

    first = host.follow()
    first.wait_event(1)
    late = host.follow()
    must_be("a newcomer on a still desktop gets", late.wait_event(1).event, 1)
    late.wait(lambda: [p for p in late.pointers() if p.at == (5, 6) and p.shape == "mono"], "the pointer")
    must_be("frames of the first", [f.event for f in first.frames()][-1], 1)
    busy = host.wine.run(host.exe, f"--shm.file={'Z:' + host.region}")
    must_be("a second host", busy.status, BUSY)

    host.open_gate("more")
    first.wait_event(20)
    late.kill()  # a viewer that dies keeps its frame for a while
    first.wait_event(120)
    slow = host.follow("--slow", "120")  # pictures that it does not take are replaced, their damage is not lost
    slow.wait_event(150)
    first.wait_event(201)
    slow.wait_event(201)
    for follower in (first, slow):
        follower.must_be_sound()
        must_be("status of a follower", follower.terminate(), 0)
    if len(slow.frames()) >= 50:
        raise Failure(f"a slow follower got {len(slow.frames())} frames")
    must_be_idle(host, "after the last subscriber")

    again = host.follow()
    again.wait_event(201)
    host.open_gate("last")
    again.wait_event(202)
    other = host.follow()
    other.wait_event(202)
    again.popen.send_signal(signal.SIGSTOP)  # a viewer that stands still holds nobody up
    host.open_gate("stopped")
    other.wait_event(302)
    again.popen.send_signal(signal.SIGCONT)
    again.wait_event(302)
    for follower in (again, other):
        follower.must_be_sound()
    must_be("status of the other", other.terminate(), 0)
    host.program.kill()
    again.wait_state("host-silent")
    host.start(still)
    returned = host.follow()  # of the new desktop; the one before has another script
    returned.wait_event(1)
    again.wait_state("connected")
    must_be("status of the follower", again.terminate(), 0)
    host.must_pair()
    host.stop()


@case("windows.pace_and_room", labels=("windows",), timeout_s=240)
def pace_and_room(rig):
    host = WindowsHost(rig)
    host.start("mode 320 200\nbegin\nrepeat 300\nwait 8\nrandom 3\ngo\nend\n", "--capture.maxFps=10")
    follower = host.follow()
    follower.wait_event(300)
    frames = follower.frames()
    seconds = (frames[-1].ms - frames[0].ms) / 1000
    print(f"{len(frames)} frames in {seconds:.1f} s")
    must_be("at most 10 per second", len(frames) <= seconds * 10 + 2, True)
    must_be("about as many", len(frames) >= seconds * 10 * 0.5, True)
    follower.must_be_sound()
    host.stop()

    # 1080p needs 2 * 8.3 MB: rows that do not fit are left out, and it is said.
    host.new_region(8 << 20)
    host.start("mode 1920 1080\n" + TWO)
    follower = host.follow()
    frame = follower.wait_event(2)
    must_be("cut off", bool(frame.flags & FLAG_TRUNCATED) and 0 < frame.rows < 1080, True)
    follower.must_be_sound()
    host.program.wait_log("<size unit='M'>32</size>")  # what would do, as it has to be written
    host.stop()

    host.new_region(64 << 10)
    host.start(TWO)
    wait_until(lambda: "MiB" in host.program.log() or None, 20, "a region too small for anything is said to be so")
    host.program.interrupt()


@case("windows.view", labels=("windows",), timeout_s=240)
def view(rig):
    """Once to the end: a window in a compositor shows the guest's desktop, pointer included."""
    host = WindowsHost(rig)
    host.start("mode 640 400\nbegin\nrepeat 40\nwait 20\nrandom 20\nmove 20 20 200 100 40 50\ngo\nend\n")
    screen = rig.screen("weston", 640, 400)
    screen.view(host.region)
    expected = read_ppm(host.expected(40))

    def shown():
        screen.viewer.must_live()
        width, height, rows = png.read(screen.compositor.screenshot())
        return (width, height, b"".join(rows)) == expected

    try:
        wait_until(shown, 60, "the window shows the last picture")
    finally:
        rig.save(screen.compositor.screenshot(), "shown.png")
    screen.viewer.finish()
    host.stop()


@case("windows.synthetic", labels=("windows",), timeout_s=240)
def synthetic(rig):
    """Without any desktop: the test card moves, and its damage is honest. Its pixels are judged in the tests of publish/."""
    host = WindowsHost(rig)
    host.start(None, "--capture.backend=synthetic", "--synthetic.size=640x400", "--synthetic.hz=30")
    follower = host.follow(script=False)
    follower.wait(lambda: len(follower.frames()) > 20, "twenty frames")
    liars = [f for f in follower.frames() if not f.honest]
    must_be("frames with damage beside their rectangles", liars, [])
    must_be("size and type", (follower.frames()[-1].size, follower.frames()[-1].format), ((640, 400), "bgra"))
    host.stop()



@case("windows.driver", labels=("windows",), timeout_s=240)
def driver(rig):
    """The region comes from the IVSHMEM driver (its stand-in): found, with a doorbell, busy, unplugged, plugged in again without one."""
    host = WindowsHost(rig)
    tool = windows_program(rig, "tests", "host-win", "driver", "driver_tool.exe")
    sys = windows_program(rig, "tests", "host-win", "driver", "espelho_ivshmem.sys")
    desktop = "mode 320 200\n" + TWO + "gate more\nrepeat 3\npaint 1 1 8 8\nwait 50\ngo\nend\n"
    missing = host.start(desktop, through_file=False)
    missing.wait_log("no IVSHMEM device")
    missing.wait_log("<shmem")  # what to write
    must_be("status of one that never found it", missing.interrupt(), 0)

    host.wine.must_run(tool, "install", "Z:" + sys, host.region, env={"ESPELHO_VECTORS": "2", "ESPELHO_PEER": "7"})
    host.start(desktop, through_file=False)
    host.program.wait_log("doorbell: peer 7, vectors: 2")
    follower = host.follow("--bell", "5")
    follower.wait_event(2)
    follower.wait(lambda: [t for _, t in follower.lines() if t == "ring 7 0"], "rings the host's only vector")
    rung = wait_until(lambda: (lambda r: r if {"5.0", "5.1"} <= set(r) else None)(host.wine.must_run(tool, "rings").split()),
                      20, "the driver was asked to ring the viewer's vectors")
    must_be("rings of nobody else after those at the start", [r for r in rung[-2:] if not r.startswith("5.")], [])
    if "viewers ring here" in host.program.log():
        raise Failure("the host says that it was rung")
    host.wine.must_run(tool, "ring", "7", "0")
    host.program.wait_log("viewers ring here")
    must_be("a second host", host.wine.run(host.exe).status, BUSY)
    host.wine.must_run(tool, "stop")  # unplugged under a running host
    host.program.wait_log("removed")
    follower.wait_state("host-silent")
    host.wine.must_run(tool, "install", "Z:" + sys, host.region)
    host.open_gate("more")
    follower.wait_event(5)
    follower.must_be_sound()
    host.stop()
    must_be("status of the follower", follower.terminate(), 0)


def cpu_s(program):
    """Processor time of the Windows program so far, as Linux counts it."""
    with open(f"/proc/{program.popen.pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@case("windows.cost", labels=("windows",), timeout_s=240)
def cost(rig):
    """A desktop that stands still costs next to nothing, with a viewer and without. Wine's waits are dear, and dearer beside other load:
    more than 1 % of a core is allowed where a program that does nothing but wake up a hundred times a second needs half of it."""
    host = WindowsHost(rig)
    host.start("mode 1920 1080\n" + TWO)
    waiter = host.wine.start("waiter", windows_program(rig, "tests", "host-win", "waiter", "waiter.exe"))
    follower = host.follow()
    follower.wait_event(2)
    too_much = {}
    for what in ("with a viewer", "without"):
        time.sleep(3)  # what begins or ends is not meant
        begin = [(cpu_s(program), time.monotonic()) for program in (host.program, waiter)]
        time.sleep(10)
        share, waits = ((cpu_s(program) - b[0]) / (time.monotonic() - b[1]) for program, b in zip((host.program, waiter), begin))
        limit = max(STILL_LIMIT, 2 * waits)
        print(f"standing still, {what}: {share:.2%} of a core; only waiting: {waits:.2%}; ratio {share / waits:.2f}, limit {limit / waits:.2f}")
        if share > limit:
            too_much[what] = share
        if what == "with a viewer":
            follower.terminate()  # a viewer that is killed stays subscribed until the next frame
    host.stop()
    must_be("more than the limit", too_much, {})
