#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What doctor tells the owners of our broken machines to do: advice.py [--write] ESPELHO TREES [MACHINE...]

advice/MACHINE.broken.txt has every warning and failure of the groups below, with the lines to follow. A machine that is called fixed has
no failure in them. --write writes the files anew, to be read by a person before they are believed."""
import difflib
import json
import os
import subprocess
import sys

GROUPS = ("cpu", "iommu", "gpu")  # the others' texts change with the VM; their verdicts are compared elsewhere
HERE = os.path.dirname(os.path.abspath(__file__))


def findings(espelho, tree):
    env = {**{k: v for k, v in os.environ.items() if k != "LANGUAGE"}, "LC_ALL": "C"}
    done = subprocess.run([espelho, "doctor", "--json", "--root", tree], capture_output=True, text=True, env=env, timeout=60)
    if done.returncode not in (0, 1, 2):
        raise SystemExit(f"doctor --root {tree}: status {done.returncode}\n{done.stderr}")
    return [f for f in json.loads(done.stdout)["findings"] if f["group"] in GROUPS]


def advice(found):
    lines = []
    for f in (f for f in found if f["verdict"] in ("warning", "failure")):
        lines += ["", f"{f['verdict']} {f['id']}: {f.get('subject', '')}".rstrip(": "), f"  {f['found']}"]
        lines += [f"    {line}" for line in f.get("fix", "").split("\n") if line]
    return lines[1:]


def compare(name, lines, writing):
    path = os.path.join(HERE, "advice", f"{name}.broken.txt")
    if writing:
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
    if not os.path.exists(path):
        return [f"{path} is missing"]
    with open(path, encoding="utf-8") as f:
        return list(difflib.unified_diff(f.read().rstrip("\n").split("\n"), lines, name, "found", lineterm=""))


def main():
    writing = sys.argv[1:2] == ["--write"]
    espelho, trees, *names = sys.argv[1 + writing:]
    names = names or sorted(f[:-len(".broken")] for f in os.listdir(trees) if f.endswith(".broken"))
    complaints = []
    for name in names:
        broken, fixed = (findings(espelho, os.path.join(trees, f"{name}.{state}")) for state in ("broken", "fixed"))
        complaints += compare(name, advice(broken), writing)
        complaints += [f"{name}.fixed: {f['id']}: {f['found']}" for f in fixed if f["verdict"] == "failure"]
        complaints += [f"{name}.fixed: {g} says nothing is ok" for g in GROUPS
                       if not any(f["group"] == g and f["verdict"] == "ok" for f in fixed)]
    print("\n".join(complaints) if complaints else f"{len(names)} machines as expected")
    return 1 if complaints or not names else 0


if __name__ == "__main__":
    sys.exit(main())
