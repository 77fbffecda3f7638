#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds for the fuzz targets from the golden images: `make_corpus.py VECTORS-FOLDER OUT-FOLDER`. OUT-FOLDER is made anew and
gets one folder per target. The formats: script.h."""
import gzip
import os
import random
import shutil
import struct
import sys

LGMP_IMAGE_BYTES = 6912  # header, descriptors, slot arrays and the first pointer payloads


def script(steps, image):
    steps = steps[:255]
    return bytes([len(steps)]) + b"".join(bytes(s) for s in steps) + image


def poke(offset, value_index):
    return (64, value_index, (offset // 4) & 255, (offset // 4) >> 8)


def client_scripts(image):
    """Connect, subscribe to both queues, then everything once; the other times with the peer writing in between."""
    def call(sub, n, arg=16):
        return (133 + n, sub, arg, 0)  # 133 % 7 == 0: n is the case in call_on()

    def post(queue):
        return (96, queue, 100, 4)
    begin = [(0, 0, 0, 0), call(0, 0, 2), call(1, 0, 1)]
    calls = []
    for sub in (0, 1):
        calls += [post(sub), call(sub, 1), call(sub, 2), post(sub), post(sub), call(sub, 5), call(sub, 3), call(sub, 1),
                  call(sub, 4), call(sub, 6), (32, 10, 0, 0), post(sub), call(sub, 0), call(sub, 0, 2 - sub)]
    yield script(begin + calls, image)
    dice = random.Random(1)
    for _ in range(4):
        steps = list(begin)
        for step in calls:
            steps += [poke(dice.choice((32, 1176)) + 4 * dice.randrange(116), dice.randrange(20)), step]
        yield script(steps, image)


def host_scripts(image):
    calls = [(102 + i % 6, i % 2, i % 4, 0) for i in range(24)]
    yield script([(0, 10, 0, 0)] + calls + [(0, 200, 0, 0)] + calls + [(32, 0, 0, 0)] + calls, image)
    dice = random.Random(2)
    for _ in range(4):
        steps = []
        for call in calls:
            steps += [poke(dice.choice((32, 1176)) + 4 * dice.randrange(286), dice.randrange(20)), call,
                      (0, dice.randrange(120), 0, 0)]
        yield script(steps, image)


def kvmfr_seeds(image):
    """fuzz_kvmfr.c: selector, two u32 parameters, bytes. The offsets are those of index.json's images."""
    image = image.ljust(65536, b"\0")
    for header in (57344, 307200):
        if len(image) >= header + 1084:
            # fb_offset right behind the header, so that the pixels lie in the small region
            frame = bytearray(image[header:header + 1084])
            yield b"\0" + struct.pack("<II", 0, 16384) + frame
            frame[48:52] = struct.pack("<I", 1084)
            yield b"\0" + struct.pack("<II", 0, 16384) + frame
    for flags in (3, 7):
        yield b"\1" + struct.pack("<II", flags, 16384) + image[6800:6800 + 24 + 4096]
    if len(image) >= 57344 + 1084:  # a board at 64, and behind it the frame that it names, with a timing block
        board = struct.pack("<IIQ4I4I16x", 1, 3, 1 << 32 | 1, *4 * (4352,), *4 * (12032,)).ljust(4160, b"\0")
        frame = bytearray(image[57344:57344 + 1084])
        frame[48:52] = struct.pack("<I", 4092)
        timing = frame[4:8] + struct.pack("<4xQQQ", 100, 200, 300)
        frame = bytes(frame).ljust(1088, b"\0") + bytes(timing)
        yield b"\3" + struct.pack("<II", 64, 1088) + b"\0" * 64 + board.ljust(4352 - 64, b"\0") + frame
    session = image[5756:5756 + 174]
    yield b"\2" + struct.pack("<II", 0, 0) + session
    if len(session) == 174:  # with the record of docs/extensions.md table E1 and its feature bit
        record = struct.pack("<B3xI4H3I", 0xE5, 20, 1, 7, 0, 1088, 7, 65536, 4160)
        yield b"\2" + struct.pack("<II", 0, 0) + session[:47] + bytes([session[47] | 0x40]) + session[48:] + record


TARGETS = {
    "lgmp_client": lambda image: client_scripts(image[:LGMP_IMAGE_BYTES]),
    "kvmfr": kvmfr_seeds,
    "inspect": lambda image: [image[:62000], image[:7168]],
    "lgmp_host": lambda image: host_scripts(image[:LGMP_IMAGE_BYTES]),
}


def main():
    vectors, out = sys.argv[1:3]
    shutil.rmtree(out, ignore_errors=True)
    images = sorted(n for n in os.listdir(vectors) if n.endswith(".bin.gz"))
    for target, seeds in TARGETS.items():
        folder = os.path.join(out, target)
        os.makedirs(folder)
        for name in images:
            with gzip.open(os.path.join(vectors, name)) as f:
                image = f.read()
            for i, seed in enumerate(seeds(image)):
                with open(os.path.join(folder, f"{name.split('.')[0]}-{i}"), "wb") as f:
                    f.write(seed)
    return 0 if images else 1


if __name__ == "__main__":
    sys.exit(main())
