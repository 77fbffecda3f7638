#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make.py FOLDER [MACHINE...]: makes FOLDER/MACHINE.broken and FOLDER/MACHINE.fixed of the descriptions in machines/."""
import importlib.util
import os
import shutil
import sys

from maker import Machine

HERE = os.path.dirname(os.path.abspath(__file__))
DESCRIPTIONS = os.path.join(HERE, "machines")


def names():
    return sorted(f[:-3].replace("_", "-") for f in os.listdir(DESCRIPTIONS) if f.endswith(".py"))


def description(name):
    path = os.path.join(DESCRIPTIONS, name.replace("-", "_") + ".py")
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(folder, name):
    """Anew each time: what a description says no more must not stay."""
    module = description(name)
    for state in ("broken", "fixed"):
        tree = os.path.join(folder, f"{name}.{state}")
        shutil.rmtree(tree, ignore_errors=True)
        machine = Machine(tree)
        module.describe(machine, fixed=state == "fixed")
        machine.finish()


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    for name in sys.argv[2:] or names():
        make(sys.argv[1], name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
