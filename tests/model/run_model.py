#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`run_model.py MODEL [-DFAULT ...]`: all interleavings of a model, by spin. Without a fault it must hold, with one it must
break: a check that cannot fail proves nothing. 77: there is no spin."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

MODELS = {
    "doorbell": ["NO_SLEEPER_FENCE", "NO_PUBLISHER_FENCE", "NO_SECOND_LOOK", "RING_BEFORE_CLEAR"],
    "mailbox": ["NO_VIEWER_FENCE", "NO_HOST_FENCE", "NO_SECOND_LOOK"],
}
VARIANTS = {"doorbell": [[], ["EXCHANGE"]], "mailbox": [[]]}


def errors(model, defines, work, faulty=False):
    here = os.path.dirname(os.path.abspath(__file__))
    flags = [f"-D{d}" for d in defines]
    subprocess.run(["spin", "-a", *flags, os.path.join(here, model + ".pml")], cwd=work, check=True, stdout=subprocess.PIPE)
    subprocess.run(["cc", "-w", "-O1" if not faulty else "-O0", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"], cwd=work, check=True)
    out = subprocess.run(["./pan", "-m200000"], cwd=work, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"errors: (\d+)", out)
    states = re.search(r"(\d+) states, stored", out)
    if not found or "max search depth too small" in out or "Search not completed" in out and int(found.group(1)) == 0:
        sys.exit(f"{model} {defines}: the search did not end\n{out}")
    print(f"{model} {' '.join(defines) or 'as it is'}: {found.group(1)} errors, {states.group(1)} states")
    return int(found.group(1))


def main():
    if not shutil.which("spin"):
        print("no spin")
        sys.exit(77)
    failed = False
    model = sys.argv[1]
    with tempfile.TemporaryDirectory() as work:
        for variant in VARIANTS[model]:
            failed |= errors(model, variant, work) != 0
        for fault in MODELS[model]:
            if errors(model, [fault], work, faulty=True) == 0:
                print(f"{model}: {fault} was not found")
                failed = True
    sys.exit(1 if failed else 0)


main()
