# SPDX-License-Identifier: GPL-2.0-or-later
"""The Windows service as an administrator has it, with the shipped program: installed, started, hurt, stopped, removed."""
import glob
import os
import re
import signal
import subprocess
import tempfile
import time

from harness.case import case
from harness.process import Failure, wait_until
from harness.wine import Server, Wine, windows_path, windows_program

SERVICE = "EspelhoHost"
SERVICES = "HKLM\\System\\CurrentControlSet\\Services"
PATIENCE_S = 60
REGION_BYTES = 16 << 20
SETTINGS = "[capture]\nbackend=synthetic\n[synthetic]\nsize=640x480\n[shm]\nfile={region}\n"


def must_be(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got!r} where {expected!r} was due")


def must_say(what, output, *words):
    for word in words:
        if word not in output:
            raise Failure(f"{what}: no '{word}' in\n{output}")


class Host:
    """A Windows with our program in it, and a region that it publishes in."""

    def __init__(self, rig, width=1024, height=600):
        self.exe = windows_program(rig, "host-win", "espelho-host.exe")
        self.rig = rig
        self.wine = Wine(rig, width, height)
        os.makedirs(self.wine.c_drive("ProgramData", "Espelho"), exist_ok=True)
        handle, self.region = tempfile.mkstemp(prefix="espelho-service-", dir="/dev/shm")
        os.ftruncate(handle, REGION_BYTES)
        os.close(handle)
        self.set_settings()

    def close(self):
        os.unlink(self.region)

    def set_settings(self, more=""):
        path = self.wine.c_drive("ProgramData", "Espelho", "espelho-host.ini")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SETTINGS.format(region=windows_path(self.region)) + more)

    def run(self, verb, status=0):
        done = self.wine.run(self.exe, verb)
        must_be(f"status of {verb} ({done.output.strip()})", done.status, status)
        return done.output

    # --- processes: those of this prefix only

    def pids(self, verb):
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    words = f.read().split(b"\0")
                with open(os.path.join(os.path.dirname(path), "environ"), "rb") as f:
                    ours = f"WINEPREFIX={self.wine.prefix}".encode() in f.read().split(b"\0")
            except OSError:
                continue  # it has just ended
            line = b" ".join(words).rstrip()
            if ours and b"espelho-host.exe" in line and line.endswith(verb.encode()):
                found.append(int(path.split("/")[2]))
        return found

    def wait_pid(self, verb, other_than=()):
        def new():
            pids = [pid for pid in self.pids(verb) if pid not in other_than]
            return pids[0] if len(pids) == 1 else None

        return wait_until(new, PATIENCE_S, f"one process {verb}")

    def wait_gone(self, *verbs):
        for verb in verbs:
            wait_until(lambda v=verb: not self.pids(v), PATIENCE_S, f"no process {verb}")

    def wait_status(self, *words):
        def says():
            output = self.wine.run(self.exe, "--status").output
            return all(word in output for word in words)

        wait_until(says, PATIENCE_S, f"--status says {words}")


def host_of(test):
    """A case with a Host, whose region goes with it."""

    def run(rig):
        host = Host(rig)
        try:
            test(host)
        finally:
            host.close()

    return run


def reboot(wine):
    """Everything in the prefix ends; its first program starts Windows again, with what is to be started then."""
    subprocess.run(["wineserver", "-k"], env=wine.env, timeout=PATIENCE_S, check=False)
    wine.server.popen.wait(PATIENCE_S)
    wine.server = wine.rig.keep(Server(wine.name_for("wineserver"), wine.directory, wine.env))
    wine.server.wait()
    wine.must_run("cmd", "/c", "ver")


def check_configuration(host):
    key = f"{SERVICES}\\{SERVICE}"
    must_be("automatic start", host.wine.reg_query(key, "Start"), "0x2")
    must_be("account", host.wine.reg_query(key, "ObjectName"), "LocalSystem")
    must_be("command line", host.wine.reg_query(key, "ImagePath"), f'"{windows_path(host.exe)}" --service')
    must_say("description", host.wine.reg_query(key, "Description") or "", "desktop")


@case("windows.service_verbs", labels=("windows",), timeout_s=240)
@host_of
def verbs(host):
    """Every verb, in the wrong state as well: words for a person, and an exit status."""
    must_say("status", host.run("--status", 3), "service: not installed", "capture: does not run")
    must_say("start", host.run("--start", 1), "not installed", "--install-service")
    must_say("stop", host.run("--stop"), "nothing to stop")
    must_say("uninstall", host.run("--uninstall-service"), "nothing to remove")
    must_say("service", host.run("--service", 2), "--start")
    must_say("typing error", host.run("--instal-service", 2), "--install-service")
    must_say("install", host.run("--install-service"), "is installed")
    check_configuration(host)
    must_say("install again", host.run("--install-service"), "is installed")
    check_configuration(host)
    must_say("status", host.run("--status", 3), "installed, stopped", "capture: does not run")
    must_say("stop", host.run("--stop"), "is stopped")
    must_say("start", host.run("--start"), "runs")
    must_say("start again", host.run("--start"), "runs")
    host.wait_status("service: running", "capture: idle", "viewer: none")
    must_say("uninstall while it runs", host.run("--uninstall-service"), "is removed")
    host.wait_gone("--service", "--session", "--tray")
    must_be("service", host.wine.service_state(SERVICE), None)
    must_be("registry", host.wine.reg_query(f"{SERVICES}\\{SERVICE}", "ImagePath"), None)


@case("windows.service_life", labels=("windows",), timeout_s=240)
@host_of
def life(host):
    host.run("--install-service")
    host.run("--start")
    first = host.wait_pid("--session")
    tray = host.wait_pid("--tray")
    host.wait_status("capture: idle")

    # A crash: another process, and the same service.
    service = host.wait_pid("--service")
    os.kill(first, signal.SIGKILL)
    second = host.wait_pid("--session", other_than=(first,))
    must_be("service and tray", (host.wait_pid("--service"), host.wait_pid("--tray")), (service, tray))

    # Changed settings: read at once. The same ones, saved again: nothing.
    host.wait_status("capture: idle")
    host.set_settings("[synthetic]\nhz=30\n")
    third = host.wait_pid("--session", other_than=(first, second))
    host.wait_status("capture: idle")
    host.set_settings("[synthetic]\nhz=30\n")
    time.sleep(2)
    must_be("process after saving the same settings", host.wait_pid("--session"), third)

    # A mistake in them: it waits, and goes on as soon as it is corrected.
    host.set_settings("[synthetic]\nhertz=30\n")
    host.wait_gone("--session")
    must_be("service", host.wine.service_state(SERVICE), "RUNNING")
    host.set_settings()
    fourth = host.wait_pid("--session")
    host.wait_status("capture: idle")

    # Stopped: nothing stays, and the next start works.
    host.run("--stop")
    must_be("processes", (host.pids("--session"), host.pids("--tray")), ([], []))
    host.run("--start")
    host.wait_pid("--session", other_than=(fourth,))

    # The service itself dies: no orphan.
    os.kill(host.wait_pid("--service"), signal.SIGKILL)
    host.wait_gone("--service", "--session", "--tray")


@case("windows.service_picture", labels=("windows",), timeout_s=240)
@host_of
def picture(host):
    """What the service started is seen by our viewer's own tool, and shows in --status."""
    host.run("--install-service")
    host.run("--start")
    host.wait_status("capture: idle")
    shot = os.path.join(host.rig.directory, "shot.png")
    argv = [host.rig.tools.espelho, "snapshot", f"app:shmFile={host.region}", shot]
    subprocess.run(argv, timeout=PATIENCE_S, check=True)
    size = subprocess.run(["identify", "-format", "%wx%h", shot], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    must_be("size of the picture", size.stdout, "640x480")
    output = host.run("--status")
    must_say("status", output, "mode: 640x480")
    if not re.search(r"frames: [1-9]", output):
        raise Failure(f"no frames:\n{output}")


@case("windows.service_boot", labels=("windows",), timeout_s=240)
@host_of
def boot(host):
    """Windows is started again: the capture is there without anybody doing anything."""
    host.run("--install-service")
    must_be("processes", host.pids("--service"), [])
    reboot(host.wine)
    host.wait_pid("--session")
    host.wait_status("service: running", "capture: idle")


@case("windows.tray", labels=("windows",), timeout_s=240)
@host_of
def tray(host):
    """The icon shows, with its menu, and goes when the service stops."""
    host.run("--install-service")
    host.run("--start")
    host.wait_status("capture: idle")
    window = wait_until(lambda: icon_window(host), PATIENCE_S, "the icon's window").split()[0]
    at = dict(re.findall(r"(\w+)=(-?\d+)", host.wine.xdo("getwindowgeometry", "--shell", window)))
    host.wine.xdo("mousemove", str(int(at["X"]) + 8), str(int(at["Y"]) + 10))
    must_be("windows of the tray process", menu_window(host), "")
    host.wine.xdo("click", "3")
    wait_until(lambda: menu_window(host), PATIENCE_S, "the menu opens")
    host.run("--stop")
    host.wait_gone("--tray")
    wait_until(lambda: not icon_window(host), PATIENCE_S, "the icon goes")


def menu_window(host):
    return host.wine.xdo("search", "--onlyvisible", "--class", "espelho-host")


def icon_window(host):
    return host.wine.xdo("search", "--onlyvisible", "--class", "explorer")
