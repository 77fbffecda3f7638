# SPDX-License-Identifier: GPL-2.0-or-later
"""espelho-host.exe under Wine on a real desktop, the X server's: windows of Linux programs move over it, and every frame says
truly what changed. ESPELHO_LIVE_SECONDS: for how long (10)."""
import os
import subprocess
import time

from cases.windows_capture import must_be
from harness.case import case
from harness.process import Failure, wait_until
from harness.windows_host import WindowsHost

SECONDS = float(os.environ.get("ESPELHO_LIVE_SECONDS", "10"))


def start_windows(wine):
    """Things that move by themselves."""
    wine.x11("xclock", "-update", "1", "-geometry", "200x200+20+30")
    wine.x11("xeyes", "-geometry", "180x120+900+500")
    moving = wine.x11("xclock", "-digital", "-update", "1", "-geometry", "+300+300")
    return moving, wait_until(lambda: wine.xdo("search", "--class", "XClock").split()[1:2], 30, "two clocks are there")[0]


def raw_picture(argv, env=None):
    return subprocess.run(argv, env=env, capture_output=True, timeout=60, check=True).stdout


def snapshot_equals_screen(host):
    """What our command sees in the region is what X shows, where nothing moves (within a few tries)."""
    shot, seen = host.wine.screenshot(), host.snapshot()
    return raw_picture(["convert", shot, "rgb:-"]) == raw_picture(["convert", seen, "rgb:-"])


def watch_moving(host, follower, seconds):
    """Moves a window and the pointer about; what is published must keep up and be honest."""
    wine = host.wine
    clock, window = start_windows(wine)
    before, end, i = len(follower.frames()), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        i += 1
        wine.xdo("windowmove", window, str(100 + i * 37 % 900), str(50 + i * 23 % 500), "mousemove", str(i * 53 % 1280), str(i * 31 % 720))
        time.sleep(0.03)
    news = follower.frames()[before:]
    liars = [f.line for f in news if not f.honest]
    partly = [f for f in news if f.damage > 0 and f.pixels < 1280 * 720 / 2]
    print(f"{len(news)} frames in {seconds} s, {i} moves; {len(partly)} with damage of less than half the screen")
    must_be("frames that lie", liars, [])
    if len(news) < seconds * 2 or len(partly) < len(news) / 2:
        raise Failure("too few frames, or all of them whole")
    clock.terminate()


def check_desktop(rig, script, *options):
    host = WindowsHost(rig)
    host.start(script, *options)
    follower = host.follow(script=False)
    follower.wait(follower.frames, "a first frame")
    must_be("size", follower.frames()[0].size, (1280, 720))
    watch_moving(host, follower, SECONDS)
    places = [p for p in follower.pointers() if p.at]
    if len(places) < 20:
        raise Failure(f"the pointer's place was told {len(places)} times")
    for process in rig.processes:
        if process.name.startswith(("xclock", "xeyes")):
            process.terminate()
    wait_until(lambda: snapshot_equals_screen(host), 30, "snapshot and X's own screenshot are the same")
    must_be("what follows is sound", [t for _, t in follower.lines() if t.startswith(("rejected", "stalled"))], [])
    host.stop()
    return host


@case("windows.live", labels=("windows",), timeout_s=300)
def live(rig):
    """Through Desktop Duplication, as the test's dxgi.dll does it from X's pixels."""
    check_desktop(rig, "live\nbegin\n").must_pair()


@case("windows.gdi", labels=("windows",), timeout_s=300)
def gdi(rig):
    """Where duplication is not to be had; chosen by itself, and told."""
    host = check_desktop(rig, "mode 320 200\nfail duplicate 1000000 unsupported\nfail duplicate1 1000000 unsupported\nbegin\n")
    if "GDI" not in host.program.log():
        raise Failure(f"the log does not name GDI:\n{host.program.log()}")
