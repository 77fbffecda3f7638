#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does what doctor says: follow.py ESPELHO TREES FOLDER. In a copy of each broken tree the commands of every fix of the groups below are
run by a shell, with the tree's files in place of the machine's, and programs that change a machine replaced by ones that note what they
were told. Afterwards the files that are read at boot are those of the fixed tree, and the kernel would get its parameters."""
import json
import os
import re
import shutil
import subprocess
import sys

GROUPS = ("cpu", "iommu", "gpu")
COMMAND = re.compile(r"^(sudo|echo|printf) ")
OTHERWISE = re.compile(r"^Or")  # what follows is another way to the same
PLACE = re.compile(r"(?<![\w./])/(etc|boot|sys)/")
NOTED = ("update-grub", "grub-mkconfig", "update-initramfs", "mkinitcpio", "dracut", "grubby", "kernelstub", "reboot", "pacman", "apt",
         "dnf", "systemd-tmpfiles", "espelho")
READ_AT_BOOT = ("etc/modprobe.d/vfio.conf", "etc/modprobe.d/blacklist.conf", "etc/initramfs-tools/modules", "etc/dracut.conf.d",
                "etc/mkinitcpio.conf")
# Said at the next run only: the firmware must be told first.
LATER = {"debian-r7-430": {"iommu=pt"}}


def fixes(espelho, tree):
    done = subprocess.run([espelho, "doctor", "--json", "--root", tree], capture_output=True, text=True, timeout=60,
                          env={**{k: v for k, v in os.environ.items() if k != "LANGUAGE"}, "LC_ALL": "C"})
    return [f["fix"] for f in json.loads(done.stdout)["findings"] if f["group"] in GROUPS and f.get("fix")]


def commands(fix):
    out = []
    for line in fix.split("\n"):
        if OTHERWISE.match(line):
            break
        if COMMAND.match(line):
            out.append(line)
    return out


def make_programs(folder, notes):
    os.makedirs(folder)
    for name, text in [("sudo", '#!/bin/sh\nexec "$@"\n')] + [(n, f'#!/bin/sh\necho "{n} $*" >> {notes}\n') for n in NOTED]:
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o755)


def follow(espelho, tree, programs):
    for fix in fixes(espelho, tree):
        script = "\n".join(PLACE.sub(lambda m: f"{tree}/{m[1]}/", line) for line in commands(fix))
        done = subprocess.run(["sh", "-eu", "-c", script], env={"PATH": f"{programs}:{os.environ['PATH']}"}, capture_output=True,
                              text=True, timeout=60)
        if done.returncode:
            raise SystemExit(f"{tree}:\n{script}\nstatus {done.returncode}: {done.stderr}")


def read(tree, path):
    """What counts in a file: no comments, words once and in any order."""
    whole = os.path.join(tree, path)
    if os.path.isdir(whole):
        return set().union(*(read(tree, os.path.join(path, name)) for name in os.listdir(whole)), set())
    if not os.path.exists(whole):
        return set()
    with open(whole, encoding="utf-8") as f:
        return {line.strip().replace(" )", ")") for line in f if line.strip() and not line.startswith("#")}


def parameters(tree):
    """What the kernel would get at the next boot, by the files of the boot loaders and by what programs were told."""
    text = ""
    for path in ("etc/default/grub", "boot/loader/entries/linux.conf", "notes"):
        if os.path.exists(os.path.join(tree, path)):
            with open(os.path.join(tree, path), encoding="utf-8") as f:
                text += f.read()
    return set(re.sub(r"--args=|[\"']", " ", text).split())


def compare(name, followed, fixed, broken):
    with open(os.path.join(fixed, "proc/cmdline"), encoding="utf-8") as f, open(os.path.join(broken, "proc/cmdline"), encoding="utf-8") as b:
        wanted = set(f.read().split()) - set(b.read().split()) - LATER.get(name, set())
    complaints = [f"{name}: nothing was told to give the kernel {p}" for p in sorted(wanted - parameters(followed))]
    for path in READ_AT_BOOT:
        lacking = read(fixed, path) - read(followed, path)
        left = (read(broken, path) - read(fixed, path)) & read(followed, path)
        complaints += [f"{name}: {path} lacks: {line}" for line in sorted(lacking)]
        complaints += [f"{name}: {path} still has: {line}" for line in sorted(left)]
    return complaints


def main():
    espelho, trees, folder = sys.argv[1:4]
    shutil.rmtree(folder, ignore_errors=True)
    complaints, names = [], sorted(f[:-len(".broken")] for f in os.listdir(trees) if f.endswith(".broken"))
    for name in names:
        broken, fixed, followed = (os.path.join(trees, f"{name}.broken"), os.path.join(trees, f"{name}.fixed"), os.path.join(folder, name))
        shutil.copytree(broken, followed, symlinks=True)
        programs = os.path.join(folder, name + ".programs")
        make_programs(programs, os.path.join(followed, "notes"))
        follow(espelho, followed, programs)
        complaints += compare(name, followed, fixed, broken)
    print("\n".join(complaints) if complaints else f"{len(names)} machines: what was broken is mended at the next boot")
    return 1 if complaints or not names else 0


if __name__ == "__main__":
    sys.exit(main())
