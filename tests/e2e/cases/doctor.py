# SPDX-License-Identifier: GPL-2.0-or-later
"""What doctor finds by asking a live session: compositor, driver, PipeWire, and a guest that shares memory. (That a driver reads frames
in place is found in zero.inside.doctor: it needs udmabuf.)"""
import os

from cases.pictures import HEIGHT, WIDTH
from harness.audio import Sound
from harness.card import Card
from harness.case import case
from harness.compositor import clean_environment, version_of
from harness.doctor import XML, examine, must_find
from harness.process import Failure

FRACTIONAL, SHORTCUTS = "wp_fractional_scale_manager_v1", "zwp_keyboard_shortcuts_inhibit_manager_v1"


@case("doctor.desktop", labels=("e2e",))
def desktop(rig):
    without = dict(clean_environment(), XDG_RUNTIME_DIR=rig.directory)
    must_find(rig, without, "session.wayland", "failure", "No Wayland desktop answers")
    must_find(rig, without, "session.driver", "not_applicable", "")
    for kind in ("weston", "sway"):
        env = rig.screen(kind, WIDTH, HEIGHT).compositor.env
        must_find(rig, env, "session.wayland", "ok", f"({kind})")
        must_name_missing(rig, env, kind)
        # The trial was really made: it worked, or says what it ran into.
        verdict, found = examine(rig, env, "session.driver")
        if os.path.exists("/dev/udmabuf"):
            right = verdict in ("ok", "warning")
        else:
            right = verdict == "warning" and "udmabuf" in found
        if not right:
            raise Failure(f"{kind}: session.driver: {verdict}: {found}")


def must_name_missing(rig, env, kind):
    """Of two protocols it is known which compositor lacks them."""
    verdict, found = examine(rig, env, "session.protocols")
    missing = {name for name in (FRACTIONAL, SHORTCUTS) if name in found}
    due = {SHORTCUTS} if kind == "weston" else {FRACTIONAL} if version_of("sway") < (1, 8) else set()
    if not due <= missing or (kind == "sway" and missing != due) or (due and verdict != "warning"):
        raise Failure(f"{kind}: session.protocols: {verdict}: {found}")


@case("doctor.sound", labels=("e2e",))
def sound(rig):
    env = dict(clean_environment(), XDG_RUNTIME_DIR=rig.directory)
    must_find(rig, env, "session.sound", "warning", "does not answer")
    server = Sound(rig)
    must_find(rig, server.env, "session.sound", "ok", "PipeWire answers")
    server.stop()
    must_find(rig, server.env, "session.sound", "warning", "does not answer")


@case("doctor.guest", labels=("e2e",))
def guest(rig):
    """A region with a host that shows pictures, one without, none."""
    region = rig.region()
    xml = os.path.join(rig.directory, "vm.xml")
    with open(xml, "w", encoding="utf-8") as f:
        f.write(XML.format(name=os.path.basename(region)))
    env = dict(clean_environment(), XDG_RUNTIME_DIR=rig.directory)
    must_find(rig, env, "guest.host", "failure", "", xml)
    puppet = rig.puppet(region)
    puppet.publish(Card.upright(WIDTH, HEIGHT))
    must_find(rig, env, "guest.host", "ok", "The host program answers", xml)
    must_find(rig, env, "guest.picture", "ok", f"{WIDTH}x{HEIGHT}", xml)
    must_find(rig, env, "guest.room", "ok", "", xml)
    must_find(rig, env, "domain.shmem_size", "ok", "16 MiB", xml)
    puppet.kill()
    must_find(rig, env, "guest.host", "failure", "", xml)
