#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each check of `espelho doctor` has a section in docs/doctor.md and docs/pt_BR/doctor.md, in the order of the checks, and no other
section is there; and each is named by the symptoms that lead to it, in troubleshooting.md of both languages: lint_doctor_pages.py ROOT."""
import os
import re
import sys

GROUPS = ["cpu", "iommu", "gpu", "kvm", "domain", "memory", "kvmfr", "session", "guest"]  # the order of doctor.c
PAGES = ["docs/doctor.md", "docs/pt_BR/doctor.md"]
SYMPTOMS = ["docs/troubleshooting.md", "docs/pt_BR/troubleshooting.md"]


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as f:
        return f.read()


def ids_of(root):
    """In the order of the tables: rows { "group.what", CHECK_GROUP, ... } of check_GROUP.c."""
    ids = []
    for group in GROUPS:
        ids += re.findall(rf'\{{\s*(?:\.id = )?"({group}\.[a-z0-9_]+)"', read(root, f"client/doctor/check_{group}.c"))
    return ids


def main():
    root, complaints = sys.argv[1], []
    ids = ids_of(root)
    for page in PAGES:
        sections = re.split(r"^## (.*)$", read(root, page), flags=re.M)[1:]
        headings, texts = sections[::2], sections[1::2]
        complaints += [f"{page}: no section {i}" for i in ids if i not in headings]
        complaints += [f"{page}: {h} is no check" for h in headings if h not in ids]
        complaints += [f"{page}: {h} says too little" for h, text in zip(headings, texts) if len(text.split()) < 8]
        if not complaints and headings != ids:
            complaints.append(f"{page}: another order than that of the checks")
    for page in SYMPTOMS:
        text = read(root, page)
        complaints += [f"{page}: no symptom leads to {i}" for i in ids if f"`{i}`" not in text]
    print("\n".join(complaints) if complaints else f"{len(ids)} checks have their sections")
    return 1 if complaints or len(ids) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
