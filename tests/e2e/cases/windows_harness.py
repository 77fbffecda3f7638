# SPDX-License-Identifier: GPL-2.0-or-later
"""Wine as the Windows cases use it, without any program of ours: harness/wine.py."""
import os
import subprocess

from harness.case import case
from harness.process import Failure, wait_until
from harness.wine import Wine, windows_path

KEY = "HKCU\\Software\\Espelho test"


def must_be(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got!r} where {expected!r} was due")


def colours(shot):
    done = subprocess.run(["identify", "-format", "%k", shot], capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


@case("windows.harness_programs", labels=("windows",), timeout_s=240)
def programs(rig):
    wine = Wine(rig)
    done = wine.run("cmd", "/c", "echo hello& exit 7")
    must_be("status and output", (done.status, done.output.strip()), (7, "hello"))
    must_be("environment", wine.must_run("cmd", "/c", "echo %WORD%", env={"WORD": "mango"}).strip(), "mango")
    path = os.path.join(rig.directory, "file.txt")
    with open(path, "w", encoding="ascii") as f:
        f.write("ours\n")
    must_be("a file of ours", wine.must_run("cmd", "/c", "type", windows_path(path)).strip(), "ours")
    wine.must_run("cmd", "/c", "copy", windows_path(path), "C:\\theirs.txt")
    with open(wine.c_drive("theirs.txt"), encoding="ascii") as f:
        must_be("a file of theirs", f.read(), "ours\n")
    try:
        wine.run("notepad", seconds=3)
    except Failure:
        pass
    else:
        raise Failure("a program that does not end is not noticed")

    empty = colours(wine.screenshot())
    window = wine.start("notepad", "notepad", windows_path(path))
    wait_until(lambda: window.must_live() or wine.xdo("search", "--onlyvisible", "--name", "Notepad"), 30, "a window")
    wait_until(lambda: colours(wine.screenshot()) > empty, 30, "the window is in the screenshot")
    window.kill()
    wait_until(lambda: colours(wine.screenshot()) == empty, 30, "nothing is left of a killed program's window")
    window = wine.start("notepad", "notepad")
    window.terminate()
    wine.must_run("cmd", "/c", "ver")  # the system outlives it


@case("windows.harness_systems", labels=("windows",), timeout_s=240)
def systems(rig):
    """Two at a time know nothing of each other: registry, services, files, display."""
    first, second = Wine(rig), Wine(rig, 640, 480)
    if first.env["DISPLAY"] == second.env["DISPLAY"]:
        raise Failure("two systems share a display")
    first.reg_add(KEY, "Word", "first")
    second.regedit(f'[{KEY.replace("HKCU", "HKEY_CURRENT_USER")}]\n"Number"=dword:00000011\n')
    must_be("own value", (first.reg_query(KEY, "Word"), second.reg_query(KEY, "Number")), ("first", "0x11"))
    must_be("other's value", (second.reg_query(KEY, "Word"), first.reg_query(KEY, "Number")), (None, None))
    first.set_override("some.exe", "dxgi", "native,builtin")
    override = "HKCU\\Software\\Wine\\AppDefaults\\some.exe\\DllOverrides"
    must_be("override", first.reg_query(override, "dxgi"), "native,builtin")

    must_be("sc create", first.sc("create", "Espelhinho", "binPath=", "C:\\none.exe").status, 0)
    must_be("service", (first.service_state("Espelhinho"), second.service_state("Espelhinho")), ("STOPPED", None))
    must_be("sc delete", first.sc("delete", "Espelhinho").status, 0)
    must_be("deleted", first.service_state("Espelhinho"), None)

    with open(first.c_drive("only-here.txt"), "w", encoding="ascii") as f:
        f.write("x")
    must_be("files", [w.run("cmd", "/c", "type", "C:\\only-here.txt").status == 0 for w in (first, second)], [True, False])
    with open(os.path.join(rig.tools.wine_template, "user.reg"), encoding="utf-8", errors="replace") as f:
        must_be("the template's registry knows of it", "Espelho test" in f.read(), False)
    must_be("Windows version", "10.0" in first.must_run("cmd", "/c", "ver"), True)
