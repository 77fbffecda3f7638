#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes seeds of recorded messages: `pack_seeds.py RECORDS SEEDS`. RECORDS has folders of spice_live.py --record. Small
messages are taken as they are; of each server's first ones a script is made. Images lie at the end of their message."""
import hashlib
import os
import struct
import sys

LIMIT = 6000


def put(directory, data):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, hashlib.sha1(data).hexdigest()[:12]), "wb") as f:
        f.write(data)


def message(record):
    body = record[2:]
    return record[:2] + struct.pack("<H", len(body)) + body


def made(directory):
    """What a server that was asked not to would send: LZ with and without alpha, a palette, LZ4."""
    def head(kind, width, height):
        return b"\0" + struct.pack("<QBBII", 7, kind, 1, width, height)
    codes = bytes([1, 1, 2, 3, 4, 5, 6, 3 << 5, 1, 7 << 5, 255, 6, 0])
    lz = struct.pack(">7I", 0x20205A4C, 0x10001, 8, 273, 1, 1092, 1) + codes
    put(directory, head(101, 273, 1) + struct.pack("<I", len(lz)) + lz)
    lz = struct.pack(">7I", 0x20205A4C, 0x10001, 9, 1, 4, 4, 0) + bytes([0, 9, 9, 9, 96, 0, 1, 16, 32, 0, 48, 0, 64])
    put(directory, head(101, 1, 4) + struct.pack("<I", len(lz)) + lz)
    lz4 = bytes([1, 8]) + struct.pack(">I", 17) + bytes([0xF0, 1]) + bytes(range(15))
    put(directory, head(109, 2, 2) + struct.pack("<I", len(lz4)) + lz4)
    palette = struct.pack("<QH2I", 5, 2, 0x102030, 0x405060)
    put(directory, head(0, 2, 1) + struct.pack("<BBIIIII", 5, 5, 2, 1, 4, 44, 1) + palette)


def main():
    records, seeds = sys.argv[1:]
    for server in sorted(os.listdir(records)):
        place = os.path.join(records, server)
        scripts, kinds = {"display": b"", "cursor": b""}, set()
        for name in sorted(os.listdir(place)):
            with open(os.path.join(place, name), "rb") as f:
                record = f.read()
            kind, _, type_ = name.split("-")
            if len(record) > LIMIT:
                continue
            if len(scripts[kind]) + len(record) < LIMIT:
                scripts[kind] += message(record)
            if (kind, type_) in kinds:
                continue
            kinds.add((kind, type_))
            put(os.path.join(seeds, kind), message(record))
            if kind == "display" and type_ == "304":  # DRAW_COPY: the offset of its image follows box and clip
                offset = struct.unpack_from("<I", record, 2 + 21)[0]
                put(os.path.join(seeds, "image"), b"\0" + record[2 + offset:])
        for kind, script in scripts.items():
            if script:
                put(os.path.join(seeds, kind), script)
    made(os.path.join(seeds, "image"))


if __name__ == "__main__":
    main()
