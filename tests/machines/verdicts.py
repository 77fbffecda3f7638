#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What doctor says of our machines: verdicts.py [--write] ESPELHO TREES EXPECTED [MACHINE.STATE...]

EXPECTED/MACHINE.STATE.txt has a heading per group of checks and a line per finding, with what it says to do below. Groups without a
heading are not compared. --write writes the files anew, to be read by a person before they are believed. Each tree is read a second
time through `doctor --collect`: what a user sends must show what the user saw."""
import difflib
import json
import os
import subprocess
import sys
import tempfile

GROUPS = ("cpu", "iommu", "gpu", "kvm", "domain", "memory", "kvmfr", "session", "guest")
ENVIRONMENT = {**{k: v for k, v in os.environ.items() if k != "LANGUAGE"}, "LC_ALL": "C"}


def doctor(espelho, *words):
    done = subprocess.run([espelho, "doctor", *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    if done.returncode not in (0, 1, 2) or "ERROR" in done.stderr:
        raise SystemExit(f"{' '.join(words)}: status {done.returncode}\n{done.stderr}")
    return done


def report(espelho, tree):
    done = doctor(espelho, "--json", "--root", tree)
    found = json.loads(done.stdout)
    worst = {"ok": 0, "warning": 1, "failure": 2}[found["worst"]]
    if done.returncode != worst:
        raise SystemExit(f"{tree}: status {done.returncode}, but the worst is {found['worst']}")
    for f in found["findings"]:
        if f["verdict"] in ("warning", "failure") and not f.get("fix"):
            raise SystemExit(f"{tree}: {f['id']} has no fix: {f['found']}")
    return found["findings"]


def what(findings):
    """Without subjects and sentences: those may have names, which are taken out of what is collected."""
    return [f"{f['verdict']:8} {f['id']}" for f in findings if f["verdict"] != "not_applicable"]


def collected(espelho, tree):
    with tempfile.TemporaryDirectory() as folder:
        tar, copy = os.path.join(folder, "x.tar"), os.path.join(folder, "copy")
        doctor(espelho, "--root", tree, "--collect", tar)
        os.mkdir(copy)
        subprocess.run(["tar", "-xf", tar, "-C", copy], check=True)
        return report(espelho, copy)


def table(findings, group):
    lines = []
    for f in (f for f in findings if f["group"] == group and f["verdict"] != "not_applicable"):
        subject = f.get("subject", "").split(" ")[0] if f.get("subject", "").startswith("0000:") else f.get("subject", "")
        lines.append(f"{f['verdict']:8} {f['id']:20} {subject}".rstrip())
        if f["verdict"] in ("warning", "failure"):
            lines.append(f"         {f['found']}")
            lines += [f"         | {line}" for line in f.get("fix", "").split("\n") if line]
    return lines


def sections(text):
    out, group = {}, None
    for line in text.split("\n"):
        if line.startswith("["):
            group = out.setdefault(line.strip("[]"), [])
        elif line and group is not None:
            group.append(line)
    return out


def compare(name, findings, expected):
    complaints = []
    for group, lines in expected.items():
        got = table(findings, group)
        complaints += difflib.unified_diff(lines, got, f"{name} [{group}] expected", "found", lineterm="")
        if name.endswith(".fixed"):
            complaints += [f"{name} is called fixed: {line}" for line in got if line.startswith("failure")]
    return complaints


def write(path, findings, groups):
    with open(path, "w", encoding="utf-8") as f:
        for group in groups:
            f.write(f"[{group}]\n" + "".join(line + "\n" for line in table(findings, group)) + "\n")


def main():
    writing = sys.argv[1:2] == ["--write"]
    espelho, trees, folder, *names = sys.argv[1 + writing:]
    complaints = []
    for name in names or sorted(os.listdir(trees)):
        path = os.path.join(folder, name + ".txt")
        known = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                known = sections(f.read())
        findings = report(espelho, os.path.join(trees, name))
        if writing:
            write(path, findings, known or GROUPS[:7])
        elif not known:
            complaints.append(f"{path} is missing")
        else:
            complaints += compare(name, findings, known)
            again = collected(espelho, os.path.join(trees, name))
            complaints += difflib.unified_diff(what(findings), what(again), f"{name} found", "collected", lineterm="", n=0)
    print("\n".join(complaints) if complaints else f"{len(names) or len(os.listdir(trees))} as expected")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
