#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-format would change nothing. `lint_format.py CLANG-FORMAT ROOT`; to repair: `clang-format-14 -i FILES`."""
import subprocess
import sys

import tree


def main():
    tool, root = sys.argv[1:3]
    names = [n for n in tree.files(root) if n.endswith((".c", ".h")) and not n.startswith("kvmfr-module/")]
    wrong = []
    for name in names:
        done = subprocess.run([tool, "--dry-run", "-Werror", name], cwd=root, capture_output=True, check=False)
        if done.returncode != 0:
            wrong.append(name)
    for name in wrong:
        print(f"{name}: clang-format would change it")
    print(f"{len(names)} files, {len(wrong)} to format")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
