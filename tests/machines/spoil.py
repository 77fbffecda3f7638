#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether follow.py notices wrong advice: spoil.py ESPELHO TREES FOLDER

Each row takes something out of what doctor says, or changes it, on one machine. A newcomer who does that must be left with a complaint, or
else the model of the machine takes no notice of that part, and follow.py proves nothing about it."""
import contextlib
import io
import os
import re
import sys

import follow

# Machine, what is looked for in every fix, what it becomes, what must still be found.
ROWS = (
    ("fedora-rx6700", r"sudo virsh net-autostart default", "sudo virsh net-list", "kvm.network"),
    ("ubuntu-laptop", r"\nsudo update-grub", "", "cpu.iommu"),
    ("mint-hybrid", r"nr_hugepages = 8192", "nr_hugepages = 8000", "domain.hugepages"),
    ("mint-hybrid", r"enable --now 'espelho-shm@", "start 'espelho-shm@", "kvmfr.server"),
    ("pop-laptop", r"ids=10de:2520,10de:228e", "ids=10de:2520,10de:228f", "gpu.functions"),
    ("pop-laptop", r"sudo update-initramfs .*\n", "", "gpu.vfio"),
    ("debian-r7-430", r"usermod -aG \S+", "usermod -aG libvirtd", "kvm.groups"),
    ("cachyos-rtx4070", r"espelho setup input .*", "espelho setup input", "domain.evdev"),
)


def left_over(espelho, trees, folder, row):
    """What follow.py complains of when the fixes are spoiled; and whether there was anything to spoil."""
    machine, pattern, instead, _ = row
    right, spoiled = follow.findings, []

    def findings(program, tree):
        found = right(program, tree)
        for f in found:
            before = f.get("fix") or ""
            f["fix"] = re.sub(pattern, instead, before)
            spoiled.extend([f["id"]] * (f["fix"] != before))
        return found

    follow.findings = findings
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        follow.follow_all(espelho, trees, folder, [machine])
    follow.findings = right
    return said.getvalue(), spoiled


def main():
    follow.ROUNDS = 5
    espelho, trees, folder = map(os.path.abspath, sys.argv[1:])
    wrong = []
    for number, row in enumerate(ROWS):
        said, spoiled = left_over(espelho, trees, os.path.join(folder, str(number)), row)
        if not spoiled:
            wrong.append(f"{row[0]}: nothing that doctor says has {row[1]!r}")
        elif row[3] not in said:
            wrong.append(f"{row[0]}: {row[1]!r} became {row[2]!r}, and nobody found {row[3]}:\n{said}")
    print("\n".join(wrong) if wrong else f"{len(ROWS)} wrong pieces of advice were noticed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
