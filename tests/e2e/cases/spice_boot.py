# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's own screen before and without the relay, and the way from one to the other and back."""
from harness.card import Card
from harness.case import case
from harness.desk import HEIGHT, WIDTH, Desk, must_be

KEYBOARD = "AT Translated Set 2 keyboard"
KEY_A = 30


@case("spice.boot", labels=("e2e-qemu",), timeout_s=240)
def boot(rig):
    desk = Desk(rig, relay=True, sound=None, agent=None)
    machine = desk.boot()
    desk.inject()
    desk.view(channels=("main", "inputs", "display", "cursor"))  # from the firmware on
    machine.wait_boot()
    machine.record(KEYBOARD)
    machine.tell("screen This is the guest's own screen.")
    desk.must_show_guest("boot-screen")
    for turn in ("first", "second"):
        machine.events()
        desk.injector.key(KEY_A, True)
        machine.tell("start", "ready")
        card = machine.publish(Card.upright(WIDTH, HEIGHT))
        desk.screen.must_show(card)
        machine.tell(f"screen Nobody sees this, the {turn} time.")
        desk.screen.must_stay(card)
        desk.injector.key(KEY_A, False)
        must_be(f"a key held over the {turn} hand-over", machine.keys(at_least=2), [(KEY_A, 1), (KEY_A, 0)])
        machine.tell("kill")
        desk.must_show_guest(f"{turn}-return")
        machine.tell(f"screen Back again, the {turn} time.")
        desk.must_show_guest(f"{turn}-return-moves")
    desk.screen.viewer.finish()
    # One source only.
    machine.tell("start", "ready")
    card = machine.publish(Card.upright(WIDTH, HEIGHT))
    desk.view("app.source=spice", renderer="egl", channels=("main", "display"))
    desk.must_show_guest("spice-only")
    desk.view("app.source=relay")
    desk.screen.must_show(card)
    machine.tell("kill")
    desk.screen.must_wait_calmly("relay-only")
    desk.screen.viewer.finish()
    machine.send("off")
