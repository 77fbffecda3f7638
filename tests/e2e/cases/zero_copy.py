# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames that nobody copies: read in place by the GPU driver, or handed to the compositor.

Dma-bufs need a kernel with udmabuf and a driver that imports them. Neither is on the machines that test, so the cases named
zero.inside.* run in a guest that has both (label "inside"; scripts/guest-root), all in one boot, by the case zero.guest."""
import fcntl
import glob
import os
import subprocess
import time

from cases.pictures import judgement
from harness.card import FORMATS, Card
from harness.case import CASES, add, case
from harness.doctor import must_find
from harness.guest_root import GuestRoot
from harness.process import Failure, Skipped, wait_until

WIDTH, HEIGHT = 320, 208
GUEST_S = 500
TRIAL_S = 90  # a software driver inside an emulated machine takes its time
INSIDE = ("inside",)
COST_RATIO = 0.05


@case("zero.guest", labels=("e2e-dmabuf",), timeout_s=GUEST_S + 100)
def guest(rig):
    names = [name for name, c in CASES.items() if c.labels == INSIDE]
    only = os.environ.get("ESPELHO_ZERO_COPY")  # some of them, for whoever works on them
    names = only.split() if only else names  # and those that are only run by hand
    build = os.path.dirname(os.path.dirname(rig.tools.espelho))
    run = os.path.join(rig.tools.source, "tests", "e2e", "run.py")
    script = "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 ESPELHO_PATIENCE_S=120\n"
    script += f"exec python3 -B {run} --build {build} --results /out/results {' '.join(names)}\n"
    machine = rig.keep(GuestRoot(rig, script))
    status, said = machine.wait_end(GUEST_S)
    print(said)
    results = os.path.join(machine.out, "results")
    for folder, _, files in os.walk(results):
        for name in files:
            path = os.path.join(folder, name)
            rig.save(path, os.path.relpath(path, results).replace("/", "-"))
    if status != 0:  # one that was skipped, too
        missing = [name for name in names if f"{name}: ok" not in said]
        raise Failure(f"in the guest failed: {', '.join(missing)}")


def inside(name, *more):
    return lambda run: add(f"zero.inside.{name}", run, labels=INSIDE + more) or run


def figures(screen):
    return screen.viewer.figures(screen.compositor.directory)


def must_be(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got} where {expected} was due")


def show(screen, puppet, card, count=4):
    screen.must_show(puppet.publish(card, count, 30), *judgement(screen.compositor, card.format))


def view(screen, region, renderer, *options):
    """A viewer in place of the one before."""
    if screen.viewer:
        screen.viewer.finish()
    screen.view(region, renderer, "win.noUpscale=yes", "spice.enable=no", *options)


def must_fall_back(screen, puppet, key, reason, card=None):
    """Frames are shown all the same, the reason is in the log once, and in the figures."""
    show(screen, puppet, card or Card.upright(WIDTH, HEIGHT))
    show(screen, puppet, card or Card.upright(WIDTH, HEIGHT))  # the first ones of a window are copied anyway
    screen.viewer.wait_log(reason, TRIAL_S)
    show(screen, puppet, card or Card.upright(WIDTH, HEIGHT, "rgba", 1))
    now = figures(screen)
    if reason not in now[key]:
        raise Failure(f"{key}: '{now[key]}' where '{reason}' was due")
    must_be("frames read in place", now["frames_imported"] + now["frames_handed_over"], 0)
    must_be(f"times that '{reason}' is in the log", screen.viewer.log().count(reason), 1)


@inside("import")
def imported(rig):
    """Every pixel type; not a byte is copied; what is on the screen stays when the guest goes on."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.memfd()
    puppet = rig.puppet(region, None)
    view(screen, region, "egl")
    show(screen, puppet, Card.upright(WIDTH, HEIGHT))
    screen.viewer.wait_log("the driver reads dma-bufs right", TRIAL_S)
    show(screen, puppet, Card.upright(WIDTH, HEIGHT, "rgba"))
    screen.viewer.wait_log("frames are read in place, by udmabuf")
    before = figures(screen)
    must_be("import", before["import"], "udmabuf")
    for turns, format in enumerate(FORMATS):
        show(screen, puppet, Card.upright(WIDTH, HEIGHT, format, turns % 4))
    card = puppet.publish(Card.upright(WIDTH, HEIGHT, "bgra", 0, "scroll"), 30, 60)
    screen.must_show(card)
    puppet.tell("pointer colour 40 30")  # drawn again from the picture's copy: the guest's buffer is not needed any more
    screen.must_show(card, "--pointer", "colour,40,30", "--tolerance", "1")  # GL rounds as it likes
    after = figures(screen)
    must_be("bytes copied", after["bytes_copied"] - before["bytes_copied"], 0)
    must_be("frames copied", after["frames_copied"] - before["frames_copied"], 0)
    if after["frames_imported"] - before["frames_imported"] < len(FORMATS):
        raise Failure(f"only {after['frames_imported']} frames were imported")
    screen.viewer.finish()


@inside("doctor")
def doctor(rig):
    """What doctor says of the driver is what the viewer then does."""
    must_find(rig, rig.screen("weston", WIDTH, HEIGHT).compositor.env, "session.driver", "ok", "this was tried")


@inside("refused")
def refused(rig):
    """A driver that can import is asked for what it cannot: the unit test, which is skipped where no driver can."""
    build = os.path.dirname(os.path.dirname(rig.tools.espelho))
    test = os.path.join(build, "tests", "client", "render", "egl", "test_import_dmabuf")
    for name in subprocess.run([test, "--list"], capture_output=True, text=True, check=True).stdout.split():
        done = subprocess.run([test, name], capture_output=True, text=True, timeout=TRIAL_S, check=False)
        print(done.stdout, done.stderr, flush=True)
        must_be(f"exit status of {name}", done.returncode, 0)


def moved(figures):
    """Frames that were copied, but those that stood still on the screen (or with a compositor that did) for too long."""
    return figures["frames_copied"] - figures["stills_copied"]


def goes_direct(screen, puppet, card):
    """The compositor makes buffers of the guest's memory when it first sees them: frames before are copied. From here on none is."""
    puppet.tell(card.command())
    for _ in range(20):
        before = figures(screen)
        card = puppet.more(card, 6, 10)
        screen.must_show(card)
        after = figures(screen)
        if after["frames_handed_over"] - before["frames_handed_over"] >= 3 and moved(after) == moved(before):
            return
    raise Failure(f"not everything is handed over: {figures(screen)}")


def direct_pictures(screen, puppet):
    """Two pixel types, all rotations, bars, pointers; not a byte is copied while something moves."""
    for format, rotation in (("bgra", 0), ("rgba", 1), ("bgra", 2), ("rgba", 3)):
        card = Card.upright(WIDTH, HEIGHT, format, rotation)
        goes_direct(screen, puppet, card)
        before = figures(screen)
        card = puppet.more(card, 20, 60)
        screen.must_show(card)
        after = figures(screen)
        must_be("frames copied while they move", moved(after) - moved(before), 0)
        if after["stills_copied"] == before["stills_copied"]:
            must_be("bytes copied", after["bytes_copied"] - before["bytes_copied"], 0)
    for pointer in ("colour", "monochrome"):  # the latter inverts what is below
        puppet.tell(f"pointer {pointer} 40 30")
        card = puppet.publish(Card.upright(WIDTH, HEIGHT), 8, 30)
        screen.must_show(card, "--pointer", f"{pointer},40,30", "--tolerance", "1")  # GL rounds as it likes
    puppet.tell("pointer none")


def direct_still(screen, puppet, copied):
    """A desktop that stands still: the picture stays, the host gets its buffer back in time if it waits for it (it is copied then),
    and it goes on directly."""
    card = Card.upright(WIDTH, HEIGHT)
    goes_direct(screen, puppet, card)
    time.sleep(1)
    before = figures(screen)
    card = puppet.more(card, 4, 30)
    screen.must_stay(card, seconds=1.5)
    after = figures(screen)
    must_be("frames copied", moved(after) - moved(before), 0)
    must_be("still pictures copied", after["stills_copied"] - before["stills_copied"], copied)
    must_be("buffers that the host had to take back", after["frames_overdue"] - before["frames_overdue"], 0)
    if after["frames_handed_over"] == before["frames_handed_over"]:
        raise Failure("nothing was handed over after the stillness")


def direct_and_back(screen, puppet):
    """What has to be converted is drawn by the other renderer; then it is direct again."""
    for format, reason in (("rgba16f", "HDR has to be converted"), ("rgb24", "takes no linear pixels of format BG24")):
        goes_direct(screen, puppet, Card.upright(WIDTH, HEIGHT))
        before = figures(screen)
        show(screen, puppet, Card.upright(WIDTH, HEIGHT, format))
        after = figures(screen)
        must_be("handed over", after["frames_handed_over"] - before["frames_handed_over"], 0)
        if reason not in after["direct"]:
            raise Failure(f"direct: '{after['direct']}' where '{reason}' was due")
    goes_direct(screen, puppet, Card.upright(WIDTH, HEIGHT, "rgba"))


@inside("direct")
def direct(rig):
    """The compositor shows the guest's memory; then all that can stand in the way."""
    screen, region = rig.screen("weston-gl", WIDTH, HEIGHT), rig.memfd()
    puppet = rig.puppet(region, None)
    view(screen, region, "shm", "render.direct=yes")
    direct_pictures(screen, puppet)
    direct_still(screen, puppet, 0)
    direct_and_back(screen, puppet)
    puppet.kill()
    screen.must_wait_calmly("killed")

    puppet = rig.puppet(region, None, plain=True)
    direct_pictures(screen, puppet)
    direct_still(screen, puppet, 1)
    puppet.kill()

    puppet = rig.puppet(region, None)
    os.rename("/dev/udmabuf", "/dev/elsewhere")
    try:
        view(screen, region, "shm", "render.direct=yes")
        must_fall_back(screen, puppet, "direct", "cannot open /dev/udmabuf")
    finally:
        os.rename("/dev/elsewhere", "/dev/udmabuf")

    limit = "/sys/module/udmabuf/parameters/size_limit_mb"
    with open(limit, "w", encoding="ascii") as f:
        f.write("1")
    view(screen, region, "shm", "render.direct=yes")
    big = Card.upright(WIDTH, 1000)  # 1.2 MiB; scaled down, so only the words matter
    puppet.publish(big, 4, 30)
    wait_until(lambda: figures(screen)["frames_shown"] > 0, TRIAL_S, "a frame is shown")
    puppet.more(big, 4, 30)
    screen.viewer.wait_log("udmabuf allows 1 MiB for a buffer, a frame needs 2")
    screen.viewer.wait_log("options udmabuf size_limit_mb=2")
    must_be("handed over", figures(screen)["frames_handed_over"], 0)
    with open(limit, "w", encoding="ascii") as f:
        f.write("64")

    region = rig.memfd(seals=fcntl.F_SEAL_GROW)
    puppet = rig.puppet(region, None)
    view(screen, region, "shm", "render.direct=yes")
    must_fall_back(screen, puppet, "direct", "is not memory that is sealed against shrinking")
    screen.viewer.finish()


def insert(name):
    with open(f"/modules/{name}", encoding="ascii") as f:
        for module in f.read().split():
            subprocess.run(["busybox", "insmod", f"/modules/{module}"], check=False)
    wait_until(lambda: glob.glob("/dev/dri/card*"), 20, f"{name} has made a device")


@inside("drivers")
def drivers(rig):
    """Graphics devices whose drivers cannot draw, and a compositor that takes no dma-bufs. What Mesa does with such a device differs
    (its plain software driver, a refusal, a crash at the first use); the picture is right with all of them."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.memfd()
    puppet = rig.puppet(region, None)
    view(screen, region, "shm", "render.direct=yes")
    must_fall_back(screen, puppet, "direct", "the compositor does not offer zwp_linux_dmabuf_v1")
    screen.viewer.finish()
    for device in ("vgem", "bochs"):
        insert(device)
        screen = rig.screen("weston-gl", WIDTH, HEIGHT)  # which may name the device to its clients
        view(screen, region, "egl")
        show(screen, puppet, Card.upright(WIDTH, HEIGHT))
        wait_until(lambda: figures(screen).get("import") != "the driver is being tried", TRIAL_S, "the driver was tried")
        show(screen, puppet, Card.upright(WIDTH, HEIGHT, "rgba", 1))
        print(f"{device}: {figures(screen)['import'] or 'it was tried, and is good'}", flush=True)
        screen.viewer.finish()
        screen.compositor.process.terminate()
        subprocess.run(["busybox", "rmmod", device], check=False)


def cpu_ns(viewer):
    """Of all its threads, so far."""
    total = 0
    for path in glob.glob(f"/proc/{viewer.popen.pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def cost_of_frames(screen, puppet, count):
    """(ns of the viewer's CPU per frame, figures before and after)"""
    before, start = figures(screen), cpu_ns(screen.viewer)
    shown = before["frames_shown"]
    puppet.tell(f"frames {count} 2")
    wait_until(lambda: figures(screen)["frames_shown"] >= shown + count // 3, 120, "some frames are shown")
    after = figures(screen)
    return (cpu_ns(screen.viewer) - start) / (after["frames_shown"] - shown), before, after


@inside("cost", "by-hand")
def cost(rig):
    """3840x2160, all of it changing: what the viewer's own process spends on a frame, copied and handed over. The same guest, the
    same compositor; what that spends is not counted. Both figures contain what waiting and asking for figures cost. Only by hand
    (ESPELHO_ZERO_COPY): an emulated machine needs seconds for a frame of this size, in which its host takes the viewer for dead."""
    screen, region = rig.screen("weston-gl", WIDTH, HEIGHT), rig.memfd(80 << 20)
    puppet = rig.puppet(region, None)
    costs = {}
    for how, options in (("copied", ()), ("handed over", ("render.direct=yes",))):
        view(screen, region, "shm", *options)
        card = Card(3840, 2160, "bgra", 0, "full")
        puppet.tell(card.command())
        puppet.tell("wait-viewer")
        puppet.tell("frames 6 2")
        wait_until(lambda: figures(screen)["frames_shown"] > 0, 120, "a frame is shown")
        costs[how], before, after = cost_of_frames(screen, puppet, 12)
        if options:
            must_be("frames copied", moved(after) - moved(before), 0)
    ratio = costs["handed over"] / costs["copied"]
    print(f"3840x2160: copied {costs['copied'] / 1e6:.2f} ms of CPU per frame, handed over {costs['handed over'] / 1e6:.2f} ms: {ratio:.1%}", flush=True)
    if ratio > COST_RATIO:
        raise Failure(f"handing a frame over costs {ratio:.1%} of copying it; at most {COST_RATIO:.0%} were due")
    screen.viewer.finish()


@case("zero.no_extension")
def no_extension(rig):
    """A driver without imports, as Debian 12's software one: frames are copied, the reason is said once."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.memfd()
    puppet = rig.puppet(region, None)
    view(screen, region, "egl", "render.direct=yes")
    show(screen, puppet, Card.upright(WIDTH, HEIGHT))
    reason = figures(screen)["import"]
    if not reason.startswith("the driver lacks EGL_EXT_image_dma_buf_import"):
        raise Skipped(f"the driver here is another one: {reason}")
    must_fall_back(screen, puppet, "import", "the driver lacks EGL_EXT_image_dma_buf_import")
    must_fall_back(screen, puppet, "direct", "the compositor does not offer zwp_linux_dmabuf_v1")
    screen.viewer.finish()
