# SPDX-License-Identifier: GPL-2.0-or-later
"""Start in any order; host and region come and go; a viewer survives it and says what it waits for."""
import os
from functools import partial

from cases.pictures import HEIGHT, WIDTH
from harness.card import Card
from harness.case import add, case
from harness.process import Failure

CARD = Card.upright(WIDTH, HEIGHT)


def viewer_first(renderer, rig):
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    screen.view(region, renderer)
    screen.must_wait_calmly("no-region")
    with open(region, "wb") as f:  # the VM starts: memory, but no host program yet
        f.truncate(16 << 20)
    screen.viewer.wait_log("host")
    screen.must_wait_calmly("no-host")
    puppet = rig.puppet(region)
    screen.must_show(puppet.publish(CARD))
    screen.viewer.finish()


def host_killed(renderer, rig):
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    screen.must_show(puppet.publish(CARD))
    for format in ("rgba", "bgra"):
        puppet.kill()
        screen.must_wait_calmly("host-silent")
        puppet = rig.puppet(region)
        screen.must_show(puppet.publish(Card.upright(WIDTH, HEIGHT, format)))
    screen.viewer.finish()


def host_restarts_at_once(renderer, rig):
    """No silence in between: the viewer sees a new session id only."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    screen.must_show(puppet.publish(CARD, count=30))
    for i in range(5):
        puppet.kill()
        puppet = rig.puppet(region)
        card = Card.upright(WIDTH, HEIGHT, rotation=i % 4)
        screen.must_show(puppet.publish(card, count=2 + i))
    screen.viewer.finish()


def region_recreated(renderer, rig):
    """As when a VM is shut down and started: the old file is gone, a new one has the name."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    old = rig.puppet(region)
    screen.view(region, renderer)
    screen.must_show(old.publish(CARD))
    os.unlink(region)
    new = rig.puppet(region, region_bytes=32 << 20)
    screen.must_show(new.publish(Card.upright(WIDTH, HEIGHT, "rgb24"), count=3))
    old.must_live()  # it went on in the deleted file
    screen.viewer.finish()


def region_truncated(renderer, rig):
    """The file shrinks while it is mapped: SIGBUS at the next look, unless that is caught."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    screen.must_show(puppet.publish(CARD))
    for left_bytes in (0, 4096):
        puppet.kill()
        os.truncate(region, left_bytes)
        screen.must_wait_calmly(f"truncated-to-{left_bytes}")
        os.unlink(region)
        puppet = rig.puppet(region)
        screen.must_show(puppet.publish(CARD, count=5))
    screen.viewer.finish()


def region_truncated_under_load(renderer, rig):
    """The same in the middle of frames: the pixels vanish under the copy."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    for _ in range(5):
        puppet = rig.puppet(region)
        screen.view(region, renderer)
        screen.must_show(puppet.publish(Card.upright(WIDTH, HEIGHT, damage="full"), count=2))
        puppet.send("frames 1000 500")
        os.truncate(region, 2 << 20)  # the puppet dies of it, as a guest would not
        screen.must_wait_calmly("truncated-under-load")
        screen.viewer.finish()
        puppet.kill()
        os.unlink(region)


@case("life.ends_on_sigterm", core=True)
def ends_on_sigterm(rig):
    """A clean end in each state: waiting, connected, host gone."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    screen.view(region)
    screen.must_wait_calmly("no-region")
    screen.viewer.finish()
    puppet = rig.puppet(region)
    screen.view(region)
    screen.must_show(puppet.publish(CARD))
    screen.viewer.finish()
    screen.view(region)
    screen.must_show(puppet.more(CARD))
    puppet.kill()
    screen.must_wait_calmly("host-silent")
    screen.viewer.finish()


@case("life.compositor_dies")
def compositor_dies(rig):
    """A message and a failing exit status; no crash, no hang."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region)
    screen.must_show(puppet.publish(CARD))
    screen.compositor.process.kill()
    status = screen.viewer.popen.wait(20)
    if not 0 < status < 128:
        raise Failure(f"exit status {status} after the compositor was gone")


RUNS = (viewer_first, host_killed, host_restarts_at_once, region_recreated, region_truncated)
for renderer in ("shm", "egl"):
    for run in RUNS + (region_truncated_under_load,):
        add(f"life.{run.__name__}.{renderer}", partial(run, renderer), core=renderer == "shm")
