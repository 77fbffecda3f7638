# SPDX-License-Identifier: GPL-2.0-or-later
"""What `espelho setup vm` takes the size of the shared memory from, when nobody says a mode: the screens of a live session."""
import os
import subprocess

from harness.case import case
from harness.compositor import clean_environment
from harness.process import Failure

VIRSH = """#!/bin/sh
case $3 in
dumpxml) echo "<domain type='kvm'><name>win11</name><devices/></domain>";;
domstate) echo "shut off";;
esac
"""


def must_say(rig, env, words):
    """Only looked at: nothing of this machine changes."""
    env = dict(env, HOME=rig.directory, LC_ALL="C", PATH=rig.directory + ":" + os.environ["PATH"])
    done = subprocess.run([rig.tools.espelho, "setup", "vm", "--domain=win11"], env=env, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 or not any(w in done.stdout for w in words):
        raise Failure(f"setup vm, status {done.returncode}, where {words} was due:\n{done.stdout}{done.stderr}")
    return done.stdout


@case("setup.screens", labels=("e2e",))
def screens(rig):
    path = os.path.join(rig.directory, "virsh")
    with open(path, "w", encoding="utf-8") as f:
        f.write(VIRSH)
    os.chmod(path, 0o755)
    without = dict(clean_environment(), XDG_RUNTIME_DIR=rig.directory, WAYLAND_DISPLAY="nobody")
    must_say(rig, without, ("since no screen is known", "which the screen at"))
    # In pixels of the screen, whatever the scale.
    for kind, width, height, scale, mib in (("weston", 2000, 1200, 2, 32), ("sway", 2560, 1440, 1.25, 64)):
        env = rig.screen(kind, width, height, scale).compositor.env
        said = must_say(rig, env, (f"Sized for {width}x{height}, which your desktop has",))
        if f"<size unit='M'>{mib}</size>" not in said:
            raise Failure(said)
