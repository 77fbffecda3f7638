# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's pointer: each kind, inside and across every edge, moving without frames, and over them."""
from functools import partial

from cases.pictures import HEIGHT, WIDTH
from harness.card import Card
from harness.case import add

KINDS = ("colour", "monochrome", "masked")
INSIDE = ((300, 200), (301, 203), (0, 0))
ACROSS = ((-9, 50), (50, -11), (WIDTH - 13, 77), (123, HEIGHT - 5), (WIDTH - 3, HEIGHT - 3))
# Soft edges are blended, by the compositor or in single precision. All else is exact.
TOLERANCE = {"colour": 2, "monochrome": 0, "masked": 0}


def pointed(kind, x, y):
    return ("--pointer", f"{kind},{x},{y}", "--tolerance", str(TOLERANCE[kind]))


def pointer(kind, compositor, scale, renderer, rotation, rig):
    screen, region = rig.screen(compositor, WIDTH, HEIGHT, scale), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    card = puppet.publish(Card.upright(WIDTH, HEIGHT, "bgra", rotation))
    screen.must_show(card)
    for x, y in INSIDE + ACROSS:  # no new frame meanwhile
        puppet.tell(f"pointer {kind} {x} {y}")
        screen.must_show(card, *pointed(kind, x, y))
    puppet.tell(f"pointer {kind} 20 20")  # over the part that changes with every frame
    card = puppet.more(card, 9)
    screen.must_show(card, *pointed(kind, 20, 20))
    puppet.tell("pointer none")
    screen.must_show(card)
    screen.viewer.finish()


def shapes_in_turn(renderer, rig):
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    card = puppet.publish(Card.upright(WIDTH, HEIGHT))
    for kind in KINDS + KINDS:
        puppet.tell(f"pointer {kind} 333 222")
        screen.must_show(card, *pointed(kind, 333, 222))
    screen.viewer.finish()


for kind in KINDS:
    for renderer in ("shm", "egl"):
        for compositor, scale, rotation in (("weston", 1, 0), ("weston", 2, 0), ("sway", 1, 1)):
            run = partial(pointer, kind, compositor, scale, renderer, rotation)
            name = f"pointer.{kind}.{compositor}.{scale}.{renderer}"
            add(name, run, core=(compositor, scale) == ("weston", 1))
for renderer in ("shm", "egl"):
    add(f"pointer.shapes_in_turn.{renderer}", partial(shapes_in_turn, renderer))
