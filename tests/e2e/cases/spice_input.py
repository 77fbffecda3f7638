# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys, buttons, wheel and motion, from the compositor to the records of the guest's devices.

All expectations were seen with QEMU 7.2 alone: keys by QMP, the rest by hand-made SPICE messages."""
import time

from harness.case import case
from harness.desk import HEIGHT, WIDTH, Desk, must_be
from harness.machine import EV_ABS, EV_REL
from harness.process import Failure

KEYBOARD, MOUSE, TABLET = "AT Translated Set 2 keyboard", "ImExPS/2", "Virtio Tablet"
ESCAPE = "input.escapeKey=KEY_F24"  # none of those that are typed
PACE_S = 0.008  # the emulated keyboard has room for 16 bytes; a slow guest must not lose any

# Codes of linux/input-event-codes.h that a keyboard with 105 keys has, without the locks (58, 69, 70): those are below.
KEYS_105 = [*range(1, 58), *range(59, 69), *range(71, 84), 86, 87, 88, *range(96, 101), *range(102, 112), 119, 125, 126, 127]
MEDIA = [113, 114, 115, 140, 155, 156, 157, 158, 159, 163, 164, 165, 166, 172, 173]
LOCKS = [58, 69, 70]
HELD = [30, 31, 32, 33, 36, 37, 38, 39]  # A S D F J K L ;
LEFT_SHIFT, KEY_A, KEY_B, KEY_C = 42, 30, 48, 46
# QEMU gives buttons and wheel to the tablet in either mode, and only a virtio tablet knows the last two.
BUTTONS = {"left": 0x110, "right": 0x111, "middle": 0x112, "side": 0x113, "extra": 0x114}
ABS_X, ABS_Y, REL_X, REL_Y, REL_WHEEL = 0, 1, 0, 1, 8
ABS_MAX = 0x7FFF


def pressed(*codes):
    return [(code, value) for code in codes for value in (1, 0)]


def type_keys(desk, codes):
    for code in codes:
        for down in (True, False):
            desk.injector.key(code, down)
            time.sleep(PACE_S)


def keys_of_table(desk):
    """Every key of a full keyboard, then those of a media keyboard: press and release, the same code, in order."""
    wrong = []
    for codes in (KEYS_105, MEDIA):
        type_keys(desk, codes)
        got, expected = desk.machine.keys(at_least=2 * len(codes)), pressed(*codes)
        if got != expected:
            missing, more = [k for k in expected if k not in got], [k for k in got if k not in expected]
            wrong.append(f"missing {missing}, too many {more}" if missing or more else f"another order: {got}")
    if wrong:
        raise Failure("keys: " + "; ".join(wrong))


def locks(desk):
    """They reach the guest as keys; what the viewer does about LEDs may not press anything else."""
    for code in LOCKS:
        for _ in range(2):  # on and off again
            type_keys(desk, [code])
            got = desk.machine.keys(at_least=2)
            must_be(f"lock key {code}", got[:2], pressed(code))
            must_be(f"keys besides lock key {code}", {k for k, _ in got[2:]} - set(LOCKS), set())


def held(desk):
    for down in (True, False):
        for code in HELD:
            desk.injector.key(code, down)
        must_be(f"8 keys {'down' if down else 'up'}", desk.machine.keys(at_least=8), [(c, int(down)) for c in HELD])


def focus(desk):
    """What was held is let go when the window loses the keyboard, once; nothing is pressed when it comes back."""
    sway = desk.screen.compositor
    for code in (LEFT_SHIFT, KEY_A):
        desk.injector.key(code, True)
    must_be("held", desk.machine.keys(at_least=2), [(LEFT_SHIFT, 1), (KEY_A, 1)])
    sway.look_away()
    must_be("released by focus loss", sorted(desk.machine.keys(at_least=2)), [(KEY_A, 0), (LEFT_SHIFT, 0)])
    for code in (KEY_A, LEFT_SHIFT):
        desk.injector.key(code, False)
    type_keys(desk, [KEY_C])
    sway.look_back()
    desk.machine.events(quiet_s=0.3)  # a lock may be switched to what it is on the desktop
    type_keys(desk, [KEY_B])
    must_be("after focus came back", desk.machine.keys(at_least=2), pressed(KEY_B))


def buttons(desk):
    desk.injector.place(100, 100)
    desk.machine.events()
    for name, code in BUTTONS.items():
        desk.injector.click(code)
        must_be(f"button {name}", desk.machine.keys(at_least=2), pressed(code))
    for code in BUTTONS.values():
        desk.injector.button(code, True)
    for code in BUTTONS.values():
        desk.injector.button(code, False)
    expected = [(c, 1) for c in BUTTONS.values()] + [(c, 0) for c in BUTTONS.values()]
    must_be("all buttons at once", desk.machine.keys(at_least=len(expected)), expected)


def wheel_of(desk, *values120):
    for value in values120:
        desk.injector.wheel(0, value)
    events = desk.machine.events(quiet_s=0.3, at_least=1, seconds=10)
    # Notches that reach the device together are one event of several.
    notches = [e.value for e in events if (e.type, e.code) == (EV_REL, REL_WHEEL)]
    return [1 if value > 0 else -1 for value in notches for _ in range(abs(value))]


def wheel(desk):
    """Wayland counts down as positive, evdev up."""
    must_be("one notch down", wheel_of(desk, 120), [-1])
    must_be("one notch up", wheel_of(desk, -120), [1])
    must_be("three notches", wheel_of(desk, 120, 120, 120), [-1, -1, -1])
    must_be("a notch in four parts", wheel_of(desk, 30, 30, 30, 30), [-1])
    must_be("two notches at once", wheel_of(desk, -240), [1, 1])


def absolute(desk):
    """The guest's screen has the window's size: the pixel that is pointed at is the pixel that is sent."""
    desk.mouse_mode("client")
    at = {ABS_X: None, ABS_Y: None}
    desk.injector.place(7, 7)  # whatever it was: devices report no value twice
    desk.machine.events()
    for x, y in ((100, 100), (0, 0), (WIDTH - 1, HEIGHT - 1), (1, 0), (360, 200), (361, 200), (360, 201)):
        desk.injector.place(x, y)
        for e in desk.machine.events(quiet_s=0.3, at_least=1, seconds=5):
            if e.type == EV_ABS:
                at[e.code] = e.value
        got = [at[axis] for axis in (ABS_X, ABS_Y)]
        # QEMU counts in parts of the size, rounding down.
        must_be(f"pointer at {x},{y}", got, [x * ABS_MAX // WIDTH, y * ABS_MAX // HEIGHT])


def relative(desk):
    desk.view(ESCAPE, "input.mouse=relative", "input.captureOnStart=yes", "input.mouseSens=0")
    desk.mouse_mode("server")
    desk.injector.place(WIDTH // 2, HEIGHT // 2)  # onto the window
    desk.machine.events()
    for dx, dy in ((7, -3), (-20, 15), (1, 0), (0, -1), (100, 100), (-100, -100), (300, -250)):
        desk.injector.move(dx, dy)
        events = desk.machine.events(quiet_s=0.3, at_least=1, seconds=5)
        got = [sum(e.value for e in events if (e.type, e.code) == (EV_REL, axis)) for axis in (REL_X, REL_Y)]
        must_be(f"motion by {dx},{dy}", got, [dx, dy])
        must_be("positions in relative mode", [e for e in events if e.type == EV_ABS], [])
    desk.injector.click(BUTTONS["left"])
    must_be("button in relative mode", desk.machine.keys(at_least=2), pressed(BUTTONS["left"]))


def view_only(desk):
    desk.view(ESCAPE, "input.viewOnly=yes")
    type_keys(desk, HELD)
    desk.injector.place(50, 60)
    desk.injector.click(BUTTONS["left"])
    must_be("events of a viewer that only looks", desk.machine.events(quiet_s=1), [])


def crash(desk):
    """A viewer that dies with a key held leaves none behind: QEMU lets go of it."""
    desk.view(ESCAPE)
    desk.injector.key(KEY_A, True)
    must_be("held", desk.machine.keys(at_least=1), [(KEY_A, 1)])
    desk.screen.viewer.kill()
    must_be("after the viewer's death", desk.machine.keys(at_least=1), [(KEY_A, 0)])
    desk.injector.key(KEY_A, False)


CHECKS = (keys_of_table, locks, held, focus, buttons, wheel, absolute, relative, view_only, crash)


@case("spice.input", labels=("e2e-qemu",), timeout_s=300)
def everything(rig):
    desk = Desk(rig, pointer="virtio-tablet-pci", sound=None)
    machine = desk.boot()
    desk.inject()
    machine.wait_boot()
    machine.record(KEYBOARD, MOUSE, TABLET)
    desk.view(ESCAPE, "app.source=spice", channels=("main", "inputs", "display"))
    desk.screen.viewer.wait_log(f"{WIDTH}x{HEIGHT}")  # positions count in its pixels
    desk.injector.place(10, 10)
    machine.events()  # of the pointer that found the window
    problems = []
    for check in CHECKS:
        try:
            check(desk)
        except Failure as problem:
            problems.append(f"{check.__name__}: {problem}")
            machine.must_live()
            if not desk.screen.viewer.alive():
                break
            machine.events()
    if problems:
        raise Failure("\n".join(problems))
    machine.send("off")


@case("spice.input_virtio", labels=("e2e-qemu-more",), timeout_s=180)
def virtio(rig):
    """Other devices: a virtio keyboard takes the keys, the USB tablet the pointer, once their drivers are there."""
    desk = Desk(rig, pointer="usb-tablet", keyboard="virtio-keyboard-pci", vga="virtio", sound=None)
    machine = desk.boot()
    desk.inject()
    desk.view(ESCAPE, "app.source=spice")  # while it boots
    machine.wait_boot()
    machine.record("Virtio Keyboard", "USB Tablet")
    machine.events()
    for check in (keys_of_table, held, focus, wheel):
        check(desk)
    desk.screen.viewer.finish()
    machine.send("off")
