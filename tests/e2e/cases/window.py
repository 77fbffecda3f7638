# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the picture lies in the window: changing modes, bars, the user's own rotation, scaling."""
from functools import partial

from cases.pictures import HEIGHT, RESAMPLING, WIDTH
from harness.card import FORMATS, Card
from harness.case import add

# All leave an even rest, so that the middle is a whole pixel.
MODES = ((640, 400), (320, 240), (660, 420), (500, 128), (128, 420), (642, 362))


def stage(rig, renderer, *options, kind="weston"):
    screen, region = rig.screen(kind, WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer, *options)
    return screen, puppet


def mode_change(renderer, rig):
    """Mode after mode; nothing is enlarged, so each picture is exact, in the middle of black."""
    screen, puppet = stage(rig, renderer, "win.noUpscale=yes")
    for i, (width, height) in enumerate(MODES + MODES[::-1]):
        card = Card.upright(width, height, FORMATS[i % len(FORMATS)], i % 4)
        how = ("--tolerance", "1" if card.format == "rgba16f" else "0")
        card = puppet.publish(card, count=3)
        screen.must_show(card, *how)
        puppet.tell("pointer masked 10 12")
        screen.must_show(card, *how, "--pointer", "masked,10,12")
        puppet.tell("pointer none")
    screen.viewer.finish()


def mode_change_in_mid_stream(renderer, rig):
    """Frames of the old mode are still on their way when the new one comes."""
    screen, puppet = stage(rig, renderer, "win.noUpscale=yes")
    for i in range(40):
        width, height = WIDTH - 20 * (i % 3), HEIGHT - 20 * (i % 2)
        card = Card.upright(width, height, rotation=i % 4, damage="full")
        card = puppet.publish(card, count=4, hz=400)
    screen.must_show(card)
    screen.viewer.finish()


def user_rotation(renderer, rig):
    for turn in (1, 2, 3):
        screen, puppet = stage(rig, renderer, f"win.rotate={90 * turn}")
        for rotation in (0, 1):
            upright = (HEIGHT, WIDTH) if turn % 2 else (WIDTH, HEIGHT)
            card = puppet.publish(Card.upright(*upright, rotation=rotation))
            puppet.tell("pointer masked 70 30")
            screen.must_show(card, "--turn", str(turn), "--pointer", "masked,70,30")
        screen.viewer.finish()
        screen.compositor.process.kill()


def bars(renderer, rig):
    """Another aspect ratio than the window's: kept, and one side fits without scaling."""
    screen, puppet = stage(rig, renderer)
    for width, height in ((400, HEIGHT), (WIDTH, 200), (WIDTH, HEIGHT)):
        screen.must_show(puppet.publish(Card.upright(width, height)))
    screen.viewer.finish()


def fullscreen(renderer, rig):
    screen, puppet = stage(rig, renderer, "-f", kind="sway")
    screen.must_show(puppet.publish(Card.upright(WIDTH, HEIGHT)))
    screen.viewer.finish()


def scaled(renderer, guest, shown, options, judgement, rig):
    screen, puppet = stage(rig, renderer, *options)
    card = puppet.publish(Card.upright(*guest))
    screen.must_show(card, "--size", "%dx%d" % shown, *judgement)
    screen.viewer.finish()


LIKE = ("--mean", str(RESAMPLING))  # filters differ
EXACT = ()  # whole pixels are repeated
WHOLE = (WIDTH, HEIGHT)
SCALINGS = {
    "enlarged": ((330, 210), WHOLE, (), LIKE),
    "reduced": ((2 * WIDTH, 2 * HEIGHT), WHOLE, (), LIKE),
    "stretched": ((400, 400), WHOLE, ("win.keepAspect=no",), LIKE),
    "integer_upscale": ((300, 200), (600, 400), ("win.intUpscale=yes",), LIKE),
    "nearest": ((330, 210), WHOLE, ("render.nearest=yes",), EXACT),
}
for renderer in ("shm", "egl"):
    for run in (mode_change, mode_change_in_mid_stream, user_rotation, bars, fullscreen):
        add(f"window.{run.__name__}.{renderer}", partial(run, renderer), core=run is mode_change)
    for name, row in SCALINGS.items():
        if (name, renderer) != ("nearest", "shm"):  # there the compositor scales, as it likes
            add(f"window.{name}.{renderer}", partial(scaled, renderer, *row))
