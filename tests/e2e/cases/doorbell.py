# SPDX-License-Identifier: GPL-2.0-or-later
"""No polling: a region of our own ivshmem server, and both sides sleep until they are rung."""
import os
import subprocess
import time
from functools import partial

from cases.pictures import HEIGHT, WIDTH, judgement
from harness.card import FORMATS, Card
from harness.case import add
from harness.machine import Machine
from harness.module_guest import Kernel
from harness.process import Failure, Process, wait_until
from harness.rig import Puppet

CARD = Card.upright(WIDTH, HEIGHT)
SLEEPS = "the host rings: no more looking"
# No SPICE server is here; looking for it now and then is no part of this.
QUIET = ("app.wait=doorbell", "spice.enable=no")
IDLE_S = 3


class Server(Process):
    """`espelho shm-server`, as the user starts it."""

    def __init__(self, rig, name="server"):
        self.path = os.path.join(rig.directory, "vm.sock")
        # 666: sway runs as another user.
        argv = [rig.tools.espelho, "shm-server", "--size=16M", "--socket-mode=0666", "--allow-users=nobody", self.path]
        super().__init__(name, argv, rig.directory)
        wait_until(self.is_up, 30, f"{name} listens at {self.path}")

    def is_up(self):
        self.must_live()
        return " MiB" in self.log()

    @property
    def region(self):
        return f"unix:{self.path}"


class RungPuppet(Puppet):
    """A puppet on the server's memory, one more peer of it."""

    def __init__(self, rig, server):
        Process.__init__(self, f"puppet{len(rig.processes)}", [rig.tools.puppet, "--region", server.region], rig.directory,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.expect_line("ready")


def wakeups(pid):
    """Voluntary context switches of all threads so far: how often something in it went to sleep."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return total


def must_sleep(viewer):
    """A still desktop costs nothing at all."""
    counts = []
    for _ in range(4):  # the compositor may have had something to say
        before = wakeups(viewer.popen.pid)
        time.sleep(IDLE_S)
        counts.append(wakeups(viewer.popen.pid) - before)
        if counts[-1] == 0:
            return
    raise Failure(f"{viewer.name} woke up {counts} times in {IDLE_S} s each, with nothing to do")


def life(renderer, rig):
    """Host, viewer and server come and go in any order."""
    server = rig.keep(Server(rig))
    screen = rig.screen("weston", WIDTH, HEIGHT)
    screen.view(server.region, renderer, *QUIET)
    puppet = rig.keep(RungPuppet(rig, server))
    for format in ("bgra", "rgb24"):
        screen.must_show(puppet.publish(Card.upright(WIDTH, HEIGHT, format)))
    screen.viewer.wait_log(SLEEPS)
    must_sleep(screen.viewer)
    screen.must_show(puppet.more(CARD, 1))  # out of the sleep
    puppet.kill()
    screen.must_wait_calmly("host-gone")
    puppet = rig.keep(RungPuppet(rig, server))
    screen.must_show(puppet.publish(CARD))
    screen.viewer.kill()  # no goodbye to host and server
    screen.view(server.region, renderer, *QUIET)
    screen.must_show(puppet.publish(Card.upright(WIDTH, HEIGHT, "rgba")))
    screen.viewer.wait_log(SLEEPS)
    server.kill()  # memory and bells are the peers' own
    screen.must_show(puppet.publish(Card.upright(WIDTH, HEIGHT, "bgra", 1), count=100))
    time.sleep(1.5)  # it looks for another server once a second
    screen.must_show(puppet.more(Card.upright(WIDTH, HEIGHT, "bgra", 1), 1))
    screen.viewer.finish()


def from_a_guest(rig):
    """QEMU's ivshmem-doorbell on our server; the host program in a Linux guest rings through our kernel module."""
    server = rig.keep(Server(rig))
    screens = [rig.screen("weston", WIDTH, HEIGHT), rig.screen("sway", WIDTH, HEIGHT)]
    machine = rig.keep(Machine(rig, bells=server.path, kernel=Kernel.of(rig, "6.12")))
    for screen, renderer in zip(screens, ("shm", "egl")):
        screen.view(server.region, renderer, "win.noUpscale=yes", *QUIET)
    machine.wait_boot()
    machine.tell("start --region /dev/kvmfr0", "ready")

    def all_must_show(card, *options):
        for screen in screens:
            screen.must_show(card, *judgement(screen.compositor, card.format), *options)

    for number, format in enumerate(FORMATS):
        all_must_show(machine.publish(Card.upright(WIDTH, HEIGHT, format, number % 4)))
    for screen in screens:
        screen.viewer.wait_log(SLEEPS)
        must_sleep(screen.viewer)
    machine.tell("kill")  # the viewers sleep on: half a minute may pass until they look for a heartbeat
    machine.tell("start --region /dev/kvmfr0", "ready")  # and wakes them
    card = machine.publish(Card.upright(WIDTH, HEIGHT, "rgb24", 3))
    all_must_show(card)
    machine.tell("pointer monochrome 100 90")
    all_must_show(card, "--pointer", "monochrome,100,90")
    for screen in screens:
        screen.viewer.finish()
    machine.send("off")


add("bell.life.shm", partial(life, "shm"), core=True)
add("bell.life.egl", partial(life, "egl"))
add("bell.guest", from_a_guest, timeout_s=600, labels=("module",))
