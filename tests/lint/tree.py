# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that are ours: what git tracks, or, in an unpacked archive, everything outside build folders."""
import os
import subprocess


def files(root):
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         capture_output=True, check=False)
    if git.returncode == 0:
        names = [n for n in git.stdout.decode().split("\0") if n]
    else:
        names = []
        for folder, folders, found in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in found]
    return sorted(n for n in names if os.path.isfile(os.path.join(root, n)))
