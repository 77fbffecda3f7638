# SPDX-License-Identifier: GPL-2.0-or-later
"""Partial updates: whatever changed is shown, whatever did not is still there."""
from functools import partial

from cases.pictures import HEIGHT, WIDTH
from harness.card import Card
from harness.case import add

PACES = ((1, 60), (2, 60), (37, 240), (90, 1000))  # the last is faster than a compositor takes


def kind_of_damage(damage, renderer, rotation, rig):
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    card = puppet.publish(Card.upright(WIDTH, HEIGHT, "bgra", rotation, damage), count=1)
    screen.must_show(card)
    if damage != "static":
        for count, hz in PACES:
            card = puppet.more(card, count, hz)
            screen.must_show(card)
    screen.must_stay(card)
    screen.viewer.finish()


def viewer_joins_late(renderer, rig):
    """The first frame a viewer sees carries little damage, and must be shown whole."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    card = puppet.publish(Card.upright(WIDTH, HEIGHT, damage="small"), count=20)
    screen.must_show(card)
    screen.viewer.finish()
    screen.view(region, renderer)
    screen.must_show(card)  # the host repeats it, nothing new was published
    screen.must_show(puppet.more(card, 3))
    screen.viewer.finish()


def two_viewers(rig):
    region = rig.region()
    puppet = rig.puppet(region)
    screens = [rig.screen("weston", WIDTH, HEIGHT), rig.screen("sway", WIDTH, HEIGHT)]
    screens[0].view(region, "shm")
    screens[1].view(region, "egl")
    card = puppet.publish(Card.upright(WIDTH, HEIGHT), count=60)
    for screen in screens:
        screen.must_show(card)
    for screen in screens:
        screen.viewer.finish()


for renderer in ("shm", "egl"):
    for damage in ("full", "partial", "scroll", "small", "static"):
        run = partial(kind_of_damage, damage, renderer, 0)
        add(f"damage.{damage}.{renderer}", run, core=damage == "scroll")
    add(f"damage.partial_rotated.{renderer}", partial(kind_of_damage, "partial", renderer, 3))
    add(f"damage.viewer_joins_late.{renderer}", partial(viewer_joins_late, renderer))
add("damage.two_viewers", two_viewers)
