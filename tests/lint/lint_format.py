#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-format would change nothing. `lint_format.py CLANG-FORMAT ROOT`; to repair: `clang-format-14 -i FILES`."""
import concurrent.futures
import os
import subprocess
import sys

import tree

BATCH = 24  # files to one process: starting it takes longer than reading a file


def unformatted(tool, root, names):
    """Those of `names` that it would change, or cannot read."""
    def rejects(some):
        return subprocess.run([tool, "--dry-run", "-Werror", *some], cwd=root, capture_output=True, check=False).returncode != 0
    return [name for name in names if rejects([name])] if rejects(names) else []


def main():
    tool, root = sys.argv[1:3]
    names = [n for n in tree.files(root) if n.endswith((".c", ".h")) and not n.startswith("kvmfr-module/")]
    batches = [names[at:at + BATCH] for at in range(0, len(names), BATCH)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [name for some in pool.map(lambda batch: unformatted(tool, root, batch), batches) for name in some]
    for name in wrong:
        print(f"{name}: clang-format would change it")
    print(f"{len(names)} files, {len(wrong)} to format")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
