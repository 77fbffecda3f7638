#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom: docs/architecture.md as a table. `lint_includes.py ROOT` checks the tree, `--self-test` the checker."""
import os
import re
import sys

import tree

# Module: modules whose headers it may include besides its own. The arrows of the data flow point from right to left here.
MAY_INCLUDE = {
    "common/base": set(),
    "common/options": {"base"},
    "common/shm": {"base"},
    "common/lgmp": {"base"},
    "common/kvmfr": {"base", "lgmp", "shm"},
    "common/testcard": {"base", "kvmfr"},
    "client/loop": {"base"},
    "client/config": {"base", "options"},
    "client/frame": {"base", "kvmfr"},
    "client/inspect": {"base", "lgmp", "kvmfr", "shm"},
    "client/source": {"base", "lgmp", "kvmfr", "shm", "loop", "frame", "spice"},
    "client/display": {"base", "kvmfr", "loop"},
    "client/render": {"base", "kvmfr", "shm", "frame", "display", "loop"},  # shm: the region's descriptor, for dma-bufs; loop: fences
    # Keys and pointer go the other way: display -> input -> spice. Sound and clipboard have a road each.
    "client/spice": {"base", "loop"},
    "client/input": {"base", "kvmfr", "display", "loop"},
    "client/audio": {"base", "loop", "spice"},
    "client/clipboard": {"base", "loop", "spice", "display"},
    "client/domain": {"base"},
    # doctor and setup look at a machine through client/machine only; what needs a session is given to them by commands.
    "client/text": {"base"},
    "client/machine": {"base"},
    "client/vm": {"base", "domain"},  # domain: how an argument of QEMU is written
    "client/doctor": {"base", "machine", "vm", "kvmfr"},  # kvmfr: sizes
    "client/setup": {"base", "machine", "vm", "kvmfr"},
    "client/overlay": {"base", "display", "loop"},
    "client/shm_server": {"base", "options", "loop", "shm", "kvmfr", "text"},  # kvmfr: sizes; options: a program of its own
    "client/demo": {"base", "lgmp", "kvmfr", "shm", "testcard", "loop"},
    # The composition root, and above it the verbs.
    "client/viewer": {"base", "lgmp", "kvmfr", "shm", "loop", "config", "options", "frame", "source", "display", "render",
                      "spice", "input", "audio", "clipboard", "domain", "overlay"},
    "client/commands": {"base", "lgmp", "kvmfr", "shm", "testcard", "options", "loop", "config", "frame", "source", "inspect",
                        "demo", "viewer", "display", "render", "domain", "shm_server", "machine", "vm", "doctor", "setup"},
    "client/main.c": {"base", "commands", "config", "options", "text"},
    # The program in the guest: win -> capture -> publish -> the relay; service and tray beside it.
    "host-win/config": {"base", "options", "kvmfr"},
    "host-win/capture": {"base", "kvmfr", "testcard", "win"},
    "host-win/publish": {"base", "lgmp", "kvmfr", "capture"},
    "host-win/win": {"base", "kvmfr"},
    "host-win/control": {"base"},  # status and commands between our processes
    "host-win/service": {"base", "config", "win", "control", "host.h"},  # host.h: exit codes
    "host-win/installer": set(),  # numbers of the resources
    "host-win/tray": {"base", "config", "win", "control", "installer"},
    "host-win/host.c": {"base", "host.h", "lgmp", "kvmfr", "shm", "options", "config", "capture", "publish", "win", "control"},
    "host-win/host.h": {"base", "config"},
    "host-win/main.c": {"base", "config", "options", "service", "tray", "win", "control", "capture", "host.h"},
}

# Headers that are not their folder's interface: who may include them from outside, and why.
GUESTS = {
    "display/wayland/native.h": {"client/render", "client/viewer", "client/overlay"},  # the surface that a backend draws on
    "source/spice/spice_source.h": {"client/viewer"},                # the composition root names backends
    "source/switch/switch.h": {"client/viewer"},
    "source/relay/relay.h": {"client/viewer", "client/commands"},    # the composition root names backends
    "source/relay/wait.h": {"client/viewer", "client/commands"},
    "lgmp/layout.h": {"common/kvmfr", "client/inspect"},             # constants; decoding of memory images
    "kvmfr/layout.h": {"client/inspect"},                            # decoding of memory images
}
PRIVATE = re.compile(r"(^|/)(layout|internal|\w+_private)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def module_of(name):
    parts = name.split("/")
    return "/".join(parts[:2])


def check(name, text, headers):
    """`headers`: all headers of ours by the name they are included with. Returns complaints."""
    own = module_of(name)
    if own not in MAY_INCLUDE:
        return [f"{name}: {own} is not in the table of {os.path.basename(__file__)}; who may it include?"]
    complaints = []
    for target in INCLUDE.findall(text):
        if target not in headers:
            continue  # generated, such as Wayland protocols
        module = module_of(headers[target])
        if module == own:
            continue
        if target.split("/")[0] not in MAY_INCLUDE[own]:
            complaints.append(f"{name}: includes {target}: {own} may not include {module}")
        elif (target.count("/") > 1 or PRIVATE.search(target)) and own not in GUESTS.get(target, set()):
            complaints.append(f"{name}: includes {target}, which is private to {module}")
    return complaints


def check_tree(root):
    sources = [n for n in tree.files(root) if n.endswith((".c", ".h")) and n.startswith(("common/", "client/", "host-win/"))]
    headers = {n.split("/", 1)[1]: n for n in sources if n.endswith(".h")}
    complaints = []
    for name in sources:
        with open(os.path.join(root, name), encoding="utf-8") as f:
            complaints += check(name, f.read(), headers)
    return complaints, len(sources)


def self_test():
    headers = {h: p + h for p, h in [("common/", "base/log.h"), ("common/", "lgmp/host.h"), ("common/", "lgmp/layout.h"),
                                     ("client/", "render/render.h"), ("client/", "render/egl/gl.h"),
                                     ("client/", "display/wayland/native.h"), ("client/", "frame/convert.h")]}
    rows = [
        ("common/base/x.c", "lgmp/host.h", False), ("common/lgmp/x.c", "render/render.h", False),
        ("client/frame/x.c", "render/render.h", False), ("client/viewer/x.c", "render/egl/gl.h", False),
        ("client/source/x.c", "lgmp/layout.h", False), ("client/new/x.c", "base/log.h", False),
        ("client/render/x.c", "render/egl/gl.h", True), ("client/render/egl/x.c", "display/wayland/native.h", True),
        ("common/lgmp/x.c", "lgmp/layout.h", True), ("client/render/x.c", "frame/convert.h", True),
        ("common/lgmp/x.c", "base/log.h", True), ("common/base/x.c", "xdg-shell.h", True),
    ]
    wrong = [r for r in rows if (check(r[0], f'#include "{r[1]}"\n', headers) == []) != r[2]]
    for row in wrong:
        print("self-test:", row)
    return not wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    complaints, count = check_tree(sys.argv[1])
    print("\n".join(complaints) if complaints else f"{count} files, all includes allowed")
    return 1 if complaints or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
