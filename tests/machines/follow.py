#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does what doctor says until it has nothing more to say: follow.py ESPELHO TREES FOLDER [MACHINE...]

A newcomer works on a copy of each broken tree: what every warning and failure says to do is done, by a shell, by `espelho setup` (the real
one), by an editor for the VM's definition; the machine is restarted where that is asked for; then doctor is asked again. In the end it
must find nothing, also after one more restart, and libvirt's schema must know the VM. What only hands can do (the firmware's menus, a card's
slot) stands in the machine's description as BY_HAND: words that doctor's text must have, and what that does. Words that are neither a
command, nor a definition, nor known there are an error: a newcomer could not follow them."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

import make
from computer import Computer
from editor import edit
from hands import at_work

ROUNDS = 8
ENVIRONMENT = {**{k: v for k, v in os.environ.items() if k != "LANGUAGE"}, "LC_ALL": "C"}
COMMAND = re.compile(r"^(?:Now: |At each start: |[Tt]hen: )?((?:sudo|echo|printf|grep|espelho|systemctl|for|gsettings) .*)")
INTRODUCTION = re.compile(r".*:$")
OTHERWISE = re.compile(r"^(Or\b|If |[2-9]\. )")  # what follows is another way to the same, or for another case
EDITOR = re.compile(r"^(?:Shut the VM down, then: )?virsh --connect \S+ edit \S+$")
SAID = re.compile(r"^(Save, and let the machine start|No card is free for it yet: first do)")  # nothing to do by itself
PLACE = re.compile(r"(?<![\w./])/(etc|boot|sys|dev|home|usr/share/vgabios|usr/share/libvirt|usr/lib|var)/")

# Programs in the place of the machine's. Each notes what it was told; some do it at once, because what follows depends on it.
AT_ONCE = {
    "sudo": 'export SUDO_USER="$NEWCOMER"; exec "$@"',
    "update-grub": 'mkdir -p "$TREE/.machine/menu/etc/default"; cp "$TREE/etc/default/grub" "$TREE/.machine/menu/etc/default"',
    "limine-update": 'mkdir -p "$TREE/.machine/menu/etc/default"; cp "$TREE/etc/default/limine" "$TREE/.machine/menu/etc/default"',
    "update-initramfs": 'mkdir -p "$TREE/.machine/initramfs/etc"; cd "$TREE/etc"; for f in modprobe.d initramfs-tools dracut.conf.d '
                        'mkinitcpio.conf mkinitcpio.conf.d; do [ ! -e $f ] || cp -r $f "$TREE/.machine/initramfs/etc"; done',
    "virsh": 'for word; do case $word in dumpxml) exec cat "$TREE/.espelho/vm.xml";; domstate) echo "shut off";; '
             'define) define=yes;; *) [ -z "$define" ] || cp "$word" "$TREE/.espelho/vm.xml";; esac; done',
    "espelho": 'echo y | "$ESPELHO" "$@" --root "$TREE" >"$TREE.said" || { cat "$TREE.said" >&2; exit 1; }',
    "rm": 'for word; do case $word in -*) ;; "$TREE"/*) /bin/rm -f "$word";; *) /bin/rm -f "$TREE/$word";; esac; done',
}
AT_ONCE.update({"grub-mkconfig": AT_ONCE["update-grub"], "grub2-mkconfig": AT_ONCE["update-grub"],
                "mkinitcpio": AT_ONCE["update-initramfs"], "dracut": AT_ONCE["update-initramfs"],
                "limine-mkinitcpio": AT_ONCE["update-initramfs"] + '; cd /; ' + AT_ONCE["limine-update"]})
NOTED = ("reboot", "systemctl", "usermod", "chown", "chmod", "systemd-tmpfiles", "modprobe", "rmmod", "dkms", "mokutil", "sysctl", "udevadm",
         "grubby", "kernelstub", "rpm-ostree", "semanage", "semodule", "restorecon", "pacman", "apt", "apt-get", "dnf", "pip", "driverctl",
         "gsettings")


def in_tree(command, folder):
    """Its paths lead into the tree; but what is written, in quotes and with gaps, stays as it is."""
    parts = re.split(r"('[^']*')", command)
    return "".join(p if p.startswith("'") and " " in p else PLACE.sub(lambda m: f"{folder}/{m[1]}/", p) for p in parts)


def findings(espelho, tree):
    done = subprocess.run([espelho, "doctor", "--json", "--root", tree], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    return [f for f in json.loads(done.stdout)["findings"] if f["verdict"] in ("warning", "failure")]


def make_programs(folder):
    os.makedirs(folder)
    note = 'line=$(basename "$0"); for word; do line="$line\t$word"; done; echo "$line" >> "$TREE.notes"\n'
    for name in set(NOTED) | set(AT_ONCE):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + ("" if name == "sudo" else note) + AT_ONCE.get(name, "") + "\n")
        os.chmod(path, 0o755)


class Newcomer:
    def __init__(self, espelho, computer, programs, by_hand):
        self.computer, self.by_hand = computer, by_hand
        self.environment = {**ENVIRONMENT, "PATH": f"{programs}:{os.environ['PATH']}", "TREE": computer.folder, "ESPELHO": espelho,
                            "NEWCOMER": computer.user_name}
        self.complaints = []

    def follow(self, finding):
        """True: a restart is part of it."""
        lines = (finding.get("fix") or "").split("\n")
        restart, understood = False, False
        while lines:
            line = lines.pop(0)
            if OTHERWISE.match(line):
                break
            if EDITOR.match(line):
                edit(self.computer.at("/.espelho/vm.xml"), lines)
            elif command := COMMAND.match(line.strip()):
                restart |= self.run(command[1], lines)
            elif line.startswith("Then log out and in"):
                self.computer.log_in()
            elif any(words in line for words in self.by_hand):
                restart |= self.take_in_hand(line)
            elif not (INTRODUCTION.match(line) or SAID.match(line)):
                self.complaints.append(f"{finding['id']}: what is to be done here? {line}")
            understood = True
        if not understood:
            self.complaints.append(f"{finding['id']}: nothing is said to be done")
        self.computer.finish()
        return restart

    def take_in_hand(self, line):
        for words, (name, change) in self.by_hand.items():
            if words in line and name not in self.computer.by_hand:
                self.computer.by_hand.add(name)
                change(self.computer)
        return True

    def run(self, command, lines):
        if command.startswith("for "):
            while not command.endswith("\ndone"):
                command += "\n" + lines.pop(0)
        script = in_tree(command, self.computer.folder)
        hands = at_work(self.computer.folder) if "espelho setup input" in command else contextlib.nullcontext()
        with hands:
            done = subprocess.run(["sh", "-eu", "-c", script], env=self.environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            self.complaints.append(f"{command}\nstatus {done.returncode}: {done.stderr}{done.stdout}")
        return self.computer.obey()


def tell(found):
    return [f"{f['verdict']} {f['id']} {f.get('subject', '')}: {f['found']}\n  {f.get('fix', '')}" for f in found]


def follow(espelho, newcomer, log):
    """What is left to complain of."""
    computer = newcomer.computer
    for turn in range(ROUNDS):
        found = findings(espelho, computer.folder)
        log.write(f"---- round {turn + 1}\n" + "\n".join(tell(found)) + "\n")
        if not found:
            break
        restart = False
        for finding in found:
            restart |= newcomer.follow(finding)
        if newcomer.complaints:
            return newcomer.complaints
        if restart:
            computer.restart()
    if found:
        return tell(found)
    computer.restart()
    return ["after one more restart: " + line for line in tell(findings(espelho, computer.folder))]


def check_schema(tree):
    if not shutil.which("virt-xml-validate"):
        return []
    done = subprocess.run(["virt-xml-validate", os.path.join(tree, ".espelho/vm.xml"), "domain"], capture_output=True, text=True, timeout=60)
    return [] if done.returncode == 0 else ["the VM's definition: " + done.stdout + done.stderr]


def follow_all(espelho, trees, folder, names):
    """Prints what was not so; True if nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    programs = os.path.join(folder, "programs")
    make_programs(programs)
    complaints = []
    for name in names:
        broken, fixed, tree = (os.path.join(trees, f"{name}.broken"), os.path.join(trees, f"{name}.fixed"), os.path.join(folder, name))
        shutil.copytree(broken, tree, symlinks=True)
        by_hand = getattr(make.description(name), "BY_HAND", {})
        newcomer = Newcomer(espelho, Computer(tree, broken, fixed), programs, by_hand)
        with open(tree + ".log", "w", encoding="utf-8") as log:
            wrong = follow(espelho, newcomer, log) or check_schema(tree)
        complaints += [f"{name}: {line}" for line in wrong]
    print("\n".join(complaints) if complaints else f"{len(names)} machines: doctor was obeyed, and has nothing more to say")
    return not complaints


def main():
    espelho, trees, folder, *names = sys.argv[1:]
    return 0 if follow_all(*map(os.path.abspath, (espelho, trees, folder)), names or make.names()) else 1


if __name__ == "__main__":
    sys.exit(main())
