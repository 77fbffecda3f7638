# SPDX-License-Identifier: GPL-2.0-or-later
"""What the keys do that follow the held escape key, words over the picture, and which VM may be typed to."""
import json
import os
import subprocess

from harness import png
from harness.card import Card
from harness.case import case
from harness.desk import HEIGHT, PATIENCE_S, WIDTH, Desk, must_be
from harness.machine import UUID
from harness.process import wait_until

ESCAPE = 70  # Scroll Lock
KEYBOARD = "AT Translated Set 2 keyboard"
F, Q, O, R, V, I, E, END, F1, F2, LEFT_CTRL, LEFT_ALT, LEFT_META, DELETE = 33, 16, 24, 19, 47, 23, 18, 107, 59, 60, 29, 56, 125, 111
KEY_A, KEY_B, LEFT_SHIFT = 30, 48, 42
OTHER_UUID = "3f2e1d0c-1122-4344-8566-778899aabbcd"


def command(desk, *codes):
    """Keys while the escape key is held."""
    desk.injector.key(ESCAPE, True)
    desk.injector.tap(*codes)
    desk.injector.key(ESCAPE, False)


def shot(desk):
    return desk.screen.compositor.screenshot()


def must_differ(desk, before, what):
    """Keeps the picture, for people to look at."""
    path = [None]

    def differs():
        path[0] = shot(desk)
        return png.difference(before, path[0]) is not None

    wait_until(differs, PATIENCE_S, what)
    desk.rig.save(path[0], f"{what.replace(' ', '-')}.png")
    return path[0]


def must_return(desk, card):
    desk.screen.must_show(card)


def help_list(desk, card):
    """Held for a moment: the list, over the picture; let go: the picture alone. Nothing of it reaches the guest."""
    before = shot(desk)
    desk.injector.key(ESCAPE, True)
    must_differ(desk, before, "the list of bindings")
    desk.injector.tap(KEY_A)  # without a meaning there
    desk.injector.key(ESCAPE, False)
    must_return(desk, card)
    must_be("keys that the guest got", desk.machine.keys(quiet_s=0.3), [])


def full_screen(desk, card):
    def windows(node):
        found = [node] if node.get("app_id") == "espelho" else []
        return found + sum((windows(n) for n in node["nodes"] + node["floating_nodes"]), [])

    def is_full():
        return windows(json.loads(desk.screen.compositor.ask("get_tree")))[0]["fullscreen_mode"] == 1

    must_be("full screen at the start", is_full(), False)
    command(desk, F)
    wait_until(is_full, PATIENCE_S, "the window is in full screen")
    command(desk, F)
    wait_until(lambda: not is_full(), PATIENCE_S, "the window is out of full screen")
    must_return(desk, card)


def turning(desk, card):
    for turn in (1, 2, 3, 0):
        command(desk, R)
        like = ("--mean", "400") if turn % 2 else ()  # on its side it is scaled
        desk.screen.must_show(card, "--turn", str(turn), *like, *(("--size", "222x400") if turn % 2 else ()))


def picture_off(desk, card):
    command(desk, V)
    desk.screen.must_wait_calmly("picture-off")
    card = desk.puppet.more(card)
    desk.screen.must_wait_calmly("picture-still-off")
    command(desk, V)
    must_return(desk, card)
    return card


def figures(desk, card):
    before = shot(desk)
    command(desk, O)
    must_differ(desk, before, "figures")
    command(desk, O)
    must_return(desk, card)
    env = dict(desk.screen.compositor.env, HOME=desk.rig.directory)
    argv = [desk.rig.tools.espelho, "stats", "--json", "--count", "1", "--shm-file", desk.region]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
    viewers = json.loads(done.stdout)["viewers"]
    must_be("viewers that espelho stats sees", [(v["picture"], v["spice"], v["renderer"]) for v in viewers],
            [("relay", "up", "shm")])


def typed(desk):
    """Commands that type into the guest."""
    rows = ((END, [(LEFT_CTRL, 1), (LEFT_ALT, 1), (DELETE, 1), (DELETE, 0), (LEFT_ALT, 0), (LEFT_CTRL, 0)]),
            (LEFT_META, [(LEFT_META, 1), (LEFT_META, 0)]),
            (F1, [(LEFT_SHIFT, 1), (KEY_A, 1), (KEY_A, 0), (LEFT_SHIFT, 0), (KEY_B, 1), (KEY_B, 0)]))  # a macro
    for key, expected in rows:
        command(desk, key)
        must_be(f"typed for key {key}", desk.machine.keys(at_least=len(expected)), expected)
    desk.injector.key(ESCAPE, True)
    desk.injector.key(LEFT_CTRL, True)
    desk.injector.tap(F2)
    desk.injector.key(LEFT_CTRL, False)
    desk.injector.key(ESCAPE, False)
    expected = [(LEFT_CTRL, 1), (LEFT_ALT, 1), (F2, 1), (F2, 0), (LEFT_ALT, 0), (LEFT_CTRL, 0)]
    must_be("typed for Ctrl and F2", desk.machine.keys(at_least=len(expected)), expected)


def input_off(desk, card):
    command(desk, I)
    desk.injector.tap(KEY_A)
    must_be("keys with input off", desk.machine.keys(quiet_s=0.5), [])
    command(desk, I)
    desk.injector.tap(KEY_B)
    must_be("keys with input on again", desk.machine.keys(at_least=2), [(KEY_B, 1), (KEY_B, 0)])


@case("spice.window", labels=("e2e-qemu",), timeout_s=300)
def window(rig):
    desk = Desk(rig, sound=None, agent=None, pointer=None)
    machine = desk.boot()
    desk.inject()
    machine.wait_boot()
    machine.record(KEYBOARD)
    desk.puppet = rig.puppet(desk.region, uuid=UUID)
    desk.view("bindings.macro1=F1: LeftShift+A, wait 50, B", "input.helpMenuDelay=100")
    card = desk.puppet.publish(Card.upright(WIDTH, HEIGHT))
    desk.screen.must_show(card)
    help_list(desk, card)
    full_screen(desk, card)
    turning(desk, card)
    figures(desk, card)
    card = picture_off(desk, card)
    typed(desk)
    input_off(desk, card)
    command(desk, Q)
    viewer = desk.screen.viewer
    wait_until(lambda: not viewer.alive(), PATIENCE_S, "the viewer ends")
    must_be("its exit status", viewer.popen.returncode, 0)
    other_vm(desk)
    machine.send("off")


def other_vm(desk):
    """Shared memory of one VM, SPICE of another: nothing is typed, unless the user says so."""
    desk.puppet.terminate()
    os.unlink(desk.region)
    desk.puppet = desk.rig.puppet(desk.region, uuid=OTHER_UUID)
    for options, keys in (((), []), (("spice.checkUuid=no",), [(KEY_A, 1), (KEY_A, 0)])):
        desk.view(*options)
        desk.puppet.publish(Card.upright(WIDTH, HEIGHT))
        desk.screen.viewer.wait_log("connected: puppet OS")
        if not keys:
            desk.screen.viewer.wait_log("different VMs")
        desk.machine.events()
        desk.injector.tap(KEY_A)
        must_be(f"keys for another VM with {options}", desk.machine.keys(quiet_s=0.5), keys)
        if not keys:
            desk.rig.save(shot(desk), "other-vm.png")
        desk.screen.viewer.finish()
