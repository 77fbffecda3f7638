# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads PNG files of 8 bits per channel without interlacing, as QEMU and grim write them."""
import struct
import zlib

from .process import Failure

CHANNELS = {2: 3, 6: 4}  # colour type


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(kind, row, above, step):
    """In place: `row` becomes pixels."""
    if kind == 2:
        row[:] = bytes((x + y) & 255 for x, y in zip(row, above))
    elif kind in (1, 3, 4):
        for i, x in enumerate(row):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            guess = {1: left, 3: (left + above[i]) // 2, 4: paeth(left, above[i], corner) if kind == 4 else 0}[kind]
            row[i] = (x + guess) & 255
    elif kind != 0:
        raise Failure(f"PNG filter {kind}")


def read(path):
    """(width, height, list of rows of RGB bytes)"""
    with open(path, "rb") as f:
        data = f.read()
    at, packed, head = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + size]
        at += 12 + size
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
    width, height, depth, colour, _, _, interlace = head
    if depth != 8 or colour not in CHANNELS or interlace:
        raise Failure(f"{path}: a kind of PNG that is not read here")
    step = CHANNELS[colour]
    raw, stride = zlib.decompress(packed), width * step
    rows, above = [], bytes(stride)
    for y in range(height):
        start = y * (stride + 1)
        row = bytearray(raw[start + 1:start + 1 + stride])
        unfilter(raw[start], row, above, step)
        rows.append(bytes(b for i, b in enumerate(row) if i % step != 3) if step == 4 else bytes(row))
        above = row
    return width, height, rows


def difference(a, b):
    """None if two files show the same, else what differs."""
    width, height, rows = read(a)
    other = read(b)
    if (width, height) != other[:2]:
        return f"{width}x{height} and {other[0]}x{other[1]} pixels"
    wrong = [(x // 3, y) for y, (r, s) in enumerate(zip(rows, other[2])) if r != s
             for x in range(0, len(r), 3) if r[x:x + 3] != s[x:x + 3]]
    return f"{len(wrong)} pixels, the first at {wrong[0]}" if wrong else None
