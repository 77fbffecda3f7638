#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every source file says under which licence it is, in one of its first three lines. `lint_spdx.py ROOT`"""
import os
import sys

import tree

CODE = (".c", ".h", ".py", ".sh", ".cmake", ".glsl", ".vert", ".frag", ".scd", ".S", ".ld", ".in", ".txt.in")
NAMES = ("CMakeLists.txt", "Makefile", "Kbuild")


def needs_licence(root, name):
    if name.endswith(CODE) or os.path.basename(name) in NAMES:
        return True
    with open(os.path.join(root, name), "rb") as f:
        return f.read(2) == b"#!"


def has_licence(root, name):
    allowed = "GPL-2.0" if name.startswith("kvmfr-module/") else "GPL-2.0-or-later"
    with open(os.path.join(root, name), encoding="utf-8") as f:
        head = [f.readline() for _ in range(3)]
    return any(f"SPDX-License-Identifier: {allowed}" in line for line in head)


def main():
    root = sys.argv[1]
    checked = [n for n in tree.files(root) if needs_licence(root, n)]
    missing = [n for n in checked if not has_licence(root, n)]
    for name in missing:
        print(f"{name}: no SPDX-License-Identifier line among its first three")
    print(f"{len(checked)} files, {len(missing)} without")
    return 1 if missing or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
