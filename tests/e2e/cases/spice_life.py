# SPDX-License-Identifier: GPL-2.0-or-later
"""A SPICE server that is absent, late, locked, restarted or cut off: frames go on, and the viewer says what it waits for.
Nothing runs in these machines: their server is there in a moment."""
import os
import time

from harness.card import Card
from harness.case import case
from harness.desk import CHANNELS, HEIGHT, WIDTH, Desk
from harness.machine import free_port
from harness.process import Failure, wait_until
from harness.proxy import Proxy

CARD = Card.upright(WIDTH, HEIGHT)
QEMU = {"labels": ("e2e-qemu",), "timeout_s": 120}
# Inside the reply to the link, its header, the ticket's answer, the first messages, and later ones.
CUTS = (1, 16, 17, 190, 208, 230, 1000, 20000)


@case("spice.server_comes_and_goes", **QEMU)
def comes_and_goes(rig):
    desk = Desk(rig, kind="weston", sound=None, agent=None)
    puppet = rig.puppet(desk.region)
    viewer = desk.screen.view(desk.region, "shm", *desk.spice.options())
    desk.screen.must_show(puppet.publish(CARD))
    viewer.wait_log(desk.socket)  # where it looks for a server
    for death in (desk_killed, desk_ended, desk_killed):
        desk.boot(boots=False)
        desk.wait_channels("main", "inputs")
        death(desk)
        desk.screen.must_show(puppet.publish(CARD))
    desk.boot(boots=False)
    desk.wait_channels("main", "inputs")
    viewer.finish()
    desk.machine.must_live()


def desk_killed(desk):
    desk.machine.kill()


def desk_ended(desk):
    desk.machine.qmp("quit")
    desk.machine.popen.wait(20)


@case("spice.password", **QEMU)
def password(rig):
    """Over TCP. A wrong one is told, does no harm, and is not tried without end."""
    desk = Desk(rig, kind="weston", sound=None, agent=None, socket=None, port=free_port(), password="hunter2")
    desk.boot(boots=False)
    where = ("spice.host=127.0.0.1", f"spice.port={desk.spice.port}")
    for given in (("spice.password=tr0ub4dor",), ()):
        viewer = desk.screen.view(desk.region, "shm", *where, *given)
        viewer.wait_log("password")
        time.sleep(1)
        viewer.must_live()
        if CHANNELS["inputs"] in desk.channels():
            raise Failure(f"{given} is let in")
        if "tr0ub4dor" in viewer.log():
            raise Failure("the log has the password that was given")
        viewer.finish()
    desk.view()
    path = os.path.join(rig.directory, "password")
    with open(path, "w", encoding="ascii") as f:
        f.write("hunter2\n")
    os.chmod(path, 0o600)
    desk.screen.viewer.finish()
    viewer = desk.screen.view(desk.region, "shm", *where, f"spice.passwordFile={path}")
    desk.wait_channels("main", "inputs")
    if "hunter2" in viewer.log():
        raise Failure("the log has the password")
    viewer.finish()
    desk.machine.must_live()


@case("spice.cut_in_mid_message", **QEMU)
def cut(rig):
    desk = Desk(rig, kind="weston", sound=None, agent=None)
    desk.boot(boots=False)
    proxy = Proxy(os.path.join(rig.directory, "proxy.sock"), desk.socket)
    try:
        puppet = rig.puppet(desk.region)
        card = puppet.publish(CARD)
        for count in CUTS:
            proxy.cut_after, before = count, proxy.cuts
            viewer = desk.screen.view(desk.region, "shm", f"spice.socket={proxy.path}", "app.source=spice")
            wait_until(lambda: proxy.cuts > before or viewer.must_live(), 20, f"a connection is cut after {count} bytes")
            time.sleep(0.1)
            viewer.must_live()
            proxy.cut_after = None  # the server is well again
            desk.wait_channels("main", "inputs", "display")
            viewer.finish()
            desk.machine.must_live()
        viewer = desk.screen.view(desk.region, "shm", f"spice.socket={proxy.path}")
        desk.screen.must_show(card)
        viewer.finish()
    finally:
        proxy.close()


@case("spice.viewer_killed_any_time", **QEMU)
def viewer_killed(rig):
    """QEMU's server does not survive every way in which a client may leave; ours leaves in none of those."""
    desk = Desk(rig, kind="weston", sound=None, agent=None, vga="qxl")
    desk.boot(boots=False)
    for i in range(12):
        viewer = desk.screen.view(desk.region, "shm", *desk.spice.options(), "app.source=spice")
        time.sleep(0.03 * i)
        viewer.kill()
        desk.machine.must_live()
    desk.view("app.source=spice", channels=("main", "display", "inputs"))
    desk.screen.viewer.kill()
    time.sleep(0.5)
    desk.machine.must_live()
