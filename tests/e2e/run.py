#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""End-to-end cases. `--list` names them (NAME LABELS TIMEOUT), `--build DIR NAME...` runs some."""
import argparse
import os
import signal
import sys
import time
from types import SimpleNamespace

# They register their cases.
from cases import bad_regions, damage, doctor, doorbell, harness_itself, judge, kernel_module, life, pictures  # noqa: F401
from cases import pointers, setup, spice_boot, spice_clipboard, spice_connect, spice_desktop, spice_input  # noqa: F401
from cases import spice_life, spice_sound, spice_window  # noqa: F401
from cases import virtual_machine, window, windows_capture, windows_desktop, windows_harness, zero_copy  # noqa: F401
from cases import windows_installer, windows_life, windows_service  # noqa: F401
from harness.case import CASES
from harness.process import Failure, Skipped
from harness.rig import Rig

SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))


def tools_of(build, windows):
    e2e = os.path.join(build, "tests", "e2e")
    source = os.path.dirname(os.path.dirname(HERE))
    return SimpleNamespace(
        build=build,
        espelho=os.path.join(build, "client", "espelho"),
        puppet=os.path.join(e2e, "puppet"),
        picture=os.path.join(e2e, "picture"),
        guest=os.path.join(e2e, "guest"),
        injector=os.path.join(e2e, "injector"),
        dragger=os.path.join(e2e, "drag_files"),
        follower=os.path.join(e2e, "follower"),
        results=os.path.join(e2e, "results"),
        source=source,
        windows=os.path.abspath(windows or os.path.join(source, "build", "mingw")),
        wine_template=os.path.join(e2e, "wine-template"),
        keep_libraries=os.path.join(e2e, "keep_libraries.so"),
        lsan_suppressions=os.path.join(HERE, "lsan.supp"),
    )


def run(case, tools):
    """0, 1 or SKIPPED."""
    rig = Rig(tools, case.name)
    failed = True
    try:
        case.run(rig)
        failed = False
    except Skipped as reason:
        print(f"{case.name}: skipped: {reason}")
        failed = False
        return SKIPPED
    except Failure as problem:
        print(f"{case.name}: {problem}")
    finally:
        rig.close(failed)
    return 1 if failed else 0


def main():
    os.environ["LC_ALL"] = "C.UTF-8"  # cases look for English sentences
    os.environ.pop("LANGUAGE", None)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--build", help="build directory")
    parser.add_argument("--windows", help="build directory of the Windows programs: build/mingw")
    parser.add_argument("--results", help="where pictures and logs are kept")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.list:
        for c in (c for c in CASES.values() if "inside" not in c.labels):  # those are for a guest: zero_copy.py
            print(c.name, ",".join(c.labels), c.timeout_s)
        return 0
    unknown = [n for n in args.names if n not in CASES]
    if unknown or not args.build or not args.names:
        parser.error(f"unknown: {unknown}" if unknown else "--build DIR and a NAME are needed")
    tools = tools_of(os.path.abspath(args.build), args.windows)
    tools.results = args.results or tools.results
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended then, too
    ends = []
    for name in args.names:
        start = time.monotonic()
        ends.append(run(CASES[name], tools))
        if len(args.names) > 1:
            print(f"{name}: {'ok' if ends[-1] == 0 else 'failed' if ends[-1] == 1 else 'skipped'}, {time.monotonic() - start:.1f} s", flush=True)
    return 1 if 1 in ends else SKIPPED if SKIPPED in ends else 0


if __name__ == "__main__":
    sys.exit(main())
