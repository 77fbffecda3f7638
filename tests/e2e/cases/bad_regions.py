# SPDX-License-Identifier: GPL-2.0-or-later
"""Regions that are none: the viewer says what is wrong, lives on, and connects once that is cured."""
import gzip
import mmap
import os
import random
import struct
import threading
import time
from contextlib import contextmanager
from functools import partial

from cases.pictures import HEIGHT, WIDTH
from harness.card import Card
from harness.case import add, case

REGION_BYTES = 16 << 20
CARD = Card.upright(WIDTH, HEIGHT)
# docs/protocol/lgmp.md table L1, docs/protocol/kvmfr.md table K1
LGMP_VERSION_AT = 4
HEARTBEAT_AT = 16
KVMFR_VERSION_AT = 5756 + 8


def write_file(path, data):
    with open(path, "wb") as f:
        f.write(data)


def remove(path):
    if os.path.isdir(path):
        os.rmdir(path)
    else:
        os.unlink(path)


def noise(len_bytes):
    return random.Random(1).randbytes(len_bytes)


# name: (how it is made, words that the log must have about it)
BAD = {
    "directory": (os.mkdir, ("directory",)),
    "fifo": (os.mkfifo, ("FIFO",)),
    "empty": (lambda path: write_file(path, b""), ("empty",)),
    "tiny": (lambda path: write_file(path, bytes(4096)), ("4096",)),
    "odd_length": (lambda path: write_file(path, bytes((1 << 20) + 1)), ("page",)),
    "zeroes": (lambda path: write_file(path, bytes(REGION_BYTES)), ()),
    "noise": (lambda path: write_file(path, noise(REGION_BYTES)), ()),
    "dangling_link": (lambda path: os.symlink("nothing-here", path), ()),
}


def bad(name, rig):
    make, words = BAD[name]
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    make(region)
    screen.view(region)
    screen.must_wait_calmly(name)
    for word in (region,) + words:
        screen.viewer.wait_log(word)
    remove(region)
    puppet = rig.puppet(region)
    screen.must_show(puppet.publish(CARD))
    screen.viewer.finish()


@case("bad_region.no_permission")
def no_permission(rig):
    screen, region = rig.screen("sway", WIDTH, HEIGHT), rig.region()  # its user is not root
    puppet = rig.puppet(region)
    card = puppet.publish(CARD)
    os.chmod(region, 0o000)
    screen.view(region, unprivileged=True)
    screen.must_wait_calmly("no-permission")
    screen.viewer.wait_log("permission")
    os.chmod(region, 0o666)  # as the advice says
    screen.must_show(card)
    screen.viewer.finish()


@contextmanager
def heartbeat(mem):
    """Keeps a region alive whose host program is gone, as one of another version would be."""
    stop = threading.Event()

    def beat():
        now_ms = struct.unpack_from("<Q", mem, HEARTBEAT_AT)[0]
        while not stop.wait(0.02):
            now_ms = (now_ms + 20) % (1 << 64)
            struct.pack_into("<Q", mem, HEARTBEAT_AT, now_ms)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wrong_version(offset, name, rig):
    """A living host of another version: the screen names it, nothing of its content is shown."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    puppet = rig.puppet(region)
    puppet.publish(CARD)
    puppet.kill()  # it would mend its header
    with open(region, "r+b") as f, mmap.mmap(f.fileno(), REGION_BYTES) as mem:
        struct.pack_into("<I", mem, offset, 77)
        with heartbeat(mem):
            screen.view(region)
            screen.viewer.wait_log("77")
            screen.must_wait_calmly(name)
    again = rig.puppet(region)
    screen.must_show(again.publish(CARD))
    screen.viewer.finish()


def vector_files(source):
    folder = os.path.join(source, "tests", "vectors")
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(".bin.gz")]


def mutate(mem, length, rng):
    """Some words become something else, mostly in headers; magic and version stay: reading goes on."""
    values = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, length, 5756)
    for _ in range(rng.randrange(1, 12)):
        end = rng.choice((8192, 8192, length - 4))
        value = rng.choice(values + (rng.randrange(1 << 32),))
        struct.pack_into("<I", mem, rng.randrange(8, end) & ~3, value)


def living_garbage(renderer, rig):
    """Every golden image under a running viewer, with a heartbeat, while fields change at random."""
    screen, region = rig.screen("weston", WIDTH, HEIGHT), rig.region()
    images = []
    for path in vector_files(rig.tools.source):
        with gzip.open(path) as f:
            images.append(f.read())
    size = (max(len(i) for i in images) + 4095) & ~4095  # the images are cut short
    write_file(region, bytes(size))
    screen.view(region, renderer)
    rng = random.Random(2)
    with open(region, "r+b") as f, mmap.mmap(f.fileno(), size) as mem, heartbeat(mem):
        for image in images * 2:
            mem[: len(image)] = image
            for _ in range(10):
                time.sleep(0.02)
                mutate(mem, len(image), rng)
                screen.viewer.must_live()
    os.unlink(region)
    puppet = rig.puppet(region)
    screen.must_show(puppet.publish(CARD))
    screen.viewer.finish()


for name in BAD:
    add(f"bad_region.{name}", partial(bad, name), core=name in ("noise", "fifo"))
for layer, offset in (("lgmp", LGMP_VERSION_AT), ("kvmfr", KVMFR_VERSION_AT)):
    name = f"other_{layer}_version"
    add(f"bad_region.{name}", partial(wrong_version, offset, name))
for renderer in ("shm", "egl"):
    add(f"bad_region.living_garbage.{renderer}", partial(living_garbage, renderer), core=True)
