# SPDX-License-Identifier: GPL-2.0-or-later
"""Every pixel type, all rotations of the guest, both renderers, all scales: the guest's very pixels."""
from functools import partial

from harness.card import FORMATS, Card
from harness.case import add

# Both divide by all scales: window and guest have the same size in device pixels everywhere.
WIDTH, HEIGHT = 660, 420
SCREENS = (("weston", 1), ("weston", 2), ("sway", 1), ("sway", 1.25), ("sway", 1.5), ("sway", 2))
# Half floats are converted by arithmetic, on a GPU in single precision: the last bit may differ.
TOLERANCE = {"rgba16f": 1}
# One of each way of reading bytes: four, three, and half floats. Every type is read at weston's scale 1; with other scales and
# sizes the others are its twins, which continuous integration leaves out (label "more").
KINDS = ("bgra", "rgb24", "rgba16f")
# Mean difference, in hundredths of 255, that resampling may make (see harness/compositor.py).
RESAMPLING = 400


def labels(format, whole=False):
    return ("e2e",) if whole or format in KINDS else ("e2e", "more")


def judgement(compositor, format):
    if compositor.resamples:
        size = f"{compositor.width}x{compositor.height}"
        return ("--size", size, "--mean", str(RESAMPLING))
    return ("--tolerance", str(TOLERANCE.get(format, 0)))


def all_rotations(kind, scale, renderer, format, rig):
    screen, region = rig.screen(kind, WIDTH, HEIGHT, scale), rig.region()
    puppet = rig.puppet(region)
    screen.view(region, renderer)
    for rotation in range(4):
        size = screen.compositor.window_pixels()
        card = puppet.publish(Card.upright(*size, format, rotation))
        screen.must_show(card, *judgement(screen.compositor, format))
    screen.viewer.finish()


def odd_size(renderer, format, rig):
    """Rows that fill no whole words, tiles or units; widths of 3 mod 4 lose rows in one 24-bit type."""
    for kind, width, height in (("weston", 643, 361), ("sway", 641, 363)):
        screen, region = rig.screen(kind, width, height), rig.region()
        puppet = rig.puppet(region)
        screen.view(region, renderer)
        for rotation in (0, 1):
            card = puppet.publish(Card.upright(width, height, format, rotation))
            screen.must_show(card, *judgement(screen.compositor, format))
        screen.viewer.finish()


for kind, scale in SCREENS:
    for renderer in ("shm", "egl"):
        for format in FORMATS:
            if (kind, scale) in (("sway", 1), ("sway", 2)) and format not in ("bgra", "rgb24"):
                continue  # the same path as on weston
            run = partial(all_rotations, kind, scale, renderer, format)
            core = (kind, scale) == ("weston", 1)
            add(f"picture.{kind}.{scale}.{renderer}.{format}", run, core=core, labels=labels(format, core))
for renderer in ("shm", "egl"):
    for format in FORMATS:
        add(f"picture.odd_size.{renderer}.{format}", partial(odd_size, renderer, format), labels=labels(format))
