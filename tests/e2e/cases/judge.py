# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge must be able to say no: expected pictures against themselves and against near misses."""
import os
import subprocess

from cases.pictures import HEIGHT, WIDTH
from harness.card import FORMATS, Card
from harness.case import case
from harness.process import Failure

EQUAL, DIFFERENT = 0, 1


@case("judge.says_no", core=True)
def says_no(rig):
    path = os.path.join(rig.directory, "picture.png")

    def tool(verb, *arguments):
        argv = [rig.tools.picture, verb, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def must_say(status, card, *options):
        done = tool("compare", *options, path, card.argument())
        if done.returncode != status:
            raise Failure(f"{card.argument()} {options}: {done.stdout}{done.stderr}")

    for format in FORMATS:
        card = Card.upright(WIDTH, HEIGHT, format).at(7)
        tool("expect", card.argument(), path)
        must_say(EQUAL, card)
        must_say(EQUAL, Card.upright(WIDTH, HEIGHT, format, 1).at(7))  # turned, but upright the same
        must_say(DIFFERENT, card.at(8))
        must_say(DIFFERENT, card, "--pointer", "masked,600,400")
        must_say(DIFFERENT, card, "--turn", "2")
        must_say(DIFFERENT, card.at(8), "--mean", "0")
        if tool("serial", path).stdout.strip() != "7":
            raise Failure(f"{format}: the serial in the picture cannot be read")
    card = Card.upright(WIDTH - 2, HEIGHT).at(7)  # one column is missing on each side
    must_say(DIFFERENT, card)
    must_say(DIFFERENT, card, "--margin", "ffffff")
