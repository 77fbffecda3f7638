#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""verdicts.py ESPELHO TREES MACHINE.STATE: what `espelho doctor` finds in a saved tree, compared with verdicts/MACHINE.STATE.txt.

One line per finding: verdict, id, subject. Sentences may change; who is told what may not, unless somebody looks at the
difference: `verdicts.py ESPELHO TREES MACHINE.STATE --update` writes the file anew. Each tree is read a second time through
`doctor --collect`: what a user sends must show what the user saw. A machine's VM is xml/MACHINE.STATE.xml, if there is one."""
import difflib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "NO_COLOR": "1"}


def doctor(espelho, *words):
    done = subprocess.run([espelho, "doctor", *words], capture_output=True, text=True, timeout=60, env=ENVIRONMENT, check=False)
    if done.returncode not in (0, 1, 2) or "ERROR" in done.stderr:
        sys.exit(f"doctor {words}: {done.returncode}\n{done.stderr}")
    return done


def table(report):
    rows = [(f["verdict"], f["id"], f.get("subject", "")) for f in report["findings"] if f["verdict"] != "not_applicable"]
    return [f"{verdict:8} {ident}{' ' * bool(subject)}{subject}".rstrip() for verdict, ident, subject in rows]


def look(espelho, tree, xml):
    done = doctor(espelho, "--root", tree, "--json", *xml)
    report = json.loads(done.stdout)
    worst = {"ok": 0, "warning": 1, "failure": 2}[report["worst"]]
    if done.returncode != worst:
        sys.exit(f"exit status {done.returncode} for {report['worst']}")
    for finding in report["findings"]:
        if finding["verdict"] in ("warning", "failure") and not finding.get("fix"):
            sys.exit(f"no fix: {finding}")
    return table(report)


def compare(name, expected, found):
    difference = list(difflib.unified_diff(expected, found, f"{name}: expected", f"{name}: found", lineterm="", n=0))
    if difference:
        print("\n".join(difference))
    return not difference


def collected(espelho, tree, xml):
    with tempfile.TemporaryDirectory() as folder:
        tar, copy = os.path.join(folder, "x.tar"), os.path.join(folder, "copy")
        doctor(espelho, "--root", tree, "--collect", tar, *xml)
        os.mkdir(copy)
        subprocess.run(["tar", "-xf", tar, "-C", copy], check=True)
        return look(espelho, copy, [])


def main():
    espelho, trees, name = sys.argv[1:4]
    xml = os.path.join(HERE, "xml", name + ".xml")
    xml = ["--xml", xml] if os.path.exists(xml) else []
    path = os.path.join(HERE, "verdicts", name + ".txt")
    found = look(espelho, os.path.join(trees, name), xml)
    if "--update" in sys.argv:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in found)
        return 0
    with open(path, encoding="utf-8") as f:
        expected = f.read().splitlines()
    good = compare(name, expected, found)
    return 0 if compare(name + ", collected", found, collected(espelho, os.path.join(trees, name), xml)) and good else 1


if __name__ == "__main__":
    sys.exit(main())
