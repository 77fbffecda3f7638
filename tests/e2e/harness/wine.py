# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows programs under Wine: each case has a prefix, a wineserver and an X server of its own, ended with the case.

The prefix is a copy of a template that tests/host-win/wine/setup makes once per build folder: files are hard links, except
those that Wine writes in place (registry, *.ini). So a case must not write into a Windows file that it did not make.
"""
import fcntl
import glob
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass

from .compositor import clean_environment
from .process import Failure, Process, Skipped, wait_until

PATIENCE_S = 60
OVERRIDES = "mscoree,mshtml=;winemenubuilder.exe=d;winedbg.exe=d"
SETUP = ("tests", "host-win", "wine", "setup")
WRITTEN_IN_PLACE = ("*.reg", ".update-timestamp", "drive_c/windows/*.ini")


def windows_path(path):
    """What a Windows program calls a file of ours."""
    return "Z:" + os.path.abspath(path).replace("/", "\\")


def must_have(program):
    if not shutil.which(program):
        raise Skipped(f"{program} is not installed")


def make_template(tools):
    """Path of the template; made by the first who needs it, the others wait."""
    path = tools.wine_template
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.making", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(f"{path}.made"):
            setup = os.path.join(tools.source, *SETUP)
            env = dict(clean_environment(), ESPELHO_WINEPREFIX=path)
            with open(f"{path}.setup.log", "w", encoding="utf-8") as log:  # a pipe would be kept open by wineserver
                for argv in ([setup], [os.path.join(os.path.dirname(setup), "teardown")]):
                    subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=170, check=True)
            open(f"{path}.made", "w", encoding="ascii").close()
    return path


def clone(template, path):
    subprocess.run(["cp", "-al", template, path], check=True)
    for pattern in WRITTEN_IN_PLACE:
        for linked in glob.glob(os.path.join(path, pattern)):
            original = os.path.join(template, os.path.relpath(linked, path))
            os.unlink(linked)
            shutil.copy2(original, linked)


class Server(Process):
    """wineserver: whatever runs in the prefix ends with it."""

    def __init__(self, name, directory, env):
        super().__init__(name, ["wineserver", "-f", "-p120"], directory, env=env)
        self.env = env

    def wait(self):
        """Until programs find it; one that does not would start another."""
        socket = f"/proc/{self.popen.pid}/cwd/socket"  # it lives in the folder of its socket, wherever that is
        wait_until(lambda: self.must_live() or os.path.exists(socket), PATIENCE_S, "wineserver is there")

    def terminate(self, seconds=20):
        subprocess.run(["wineserver", "-k"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=seconds, check=False)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self.env["WINEPREFIX"], ignore_errors=True)


class Program(Process):
    """A Windows program in the background. kill() is kill -9 of the very process; terminate(), too, lets it do nothing more."""

    def interrupt(self, seconds=PATIENCE_S):
        """Ctrl+C. Returns the exit status (its low byte)."""
        if self.alive():
            self.popen.send_signal(signal.SIGINT)
        return self.wait(seconds)

    def wait(self, seconds=PATIENCE_S):
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} has not ended after {seconds} s\n{self.log()}") from None

    def wait_log(self, text, seconds=PATIENCE_S):
        def found():
            if text in self.log():
                return True
            self.must_live()
            return False

        wait_until(found, seconds, f"{self.name} has logged '{text}'")


@dataclass(frozen=True)
class Done:
    status: int  # the low byte of what the program returned
    output: str  # both streams, lines end with \n


class Wine:
    """width, height: of the X server's only screen, which is the Windows desktop."""

    def __init__(self, rig, width=1280, height=720):
        for program in ("wine", "wineserver", "Xvfb"):
            must_have(program)
        self.rig = rig
        self.directory = tempfile.mkdtemp(prefix="wine-", dir=rig.directory)
        template = make_template(rig.tools)
        self.prefix = tempfile.mkdtemp(prefix=f"wine-{rig.case_name}-", dir=os.path.dirname(template))
        os.rmdir(self.prefix)
        clone(template, self.prefix)
        self.count = 0
        self.env = dict(clean_environment(), WINEPREFIX=self.prefix, WINEARCH="win64", WINEDEBUG="-all",
                        WINEDLLOVERRIDES=OVERRIDES, WINE_D3D_CONFIG="csmt=0x0")
        self.env["DISPLAY"] = self.start_x_server(width, height)
        self.server = rig.keep(Server(self.name_for("wineserver"), self.directory, self.env))
        self.server.wait()

    def name_for(self, what):
        self.count += 1
        return f"{what}{len(self.rig.processes)}-{self.count}"

    def start_x_server(self, width, height):
        numbers = os.path.join(self.directory, self.name_for("display"))
        with open(numbers, "w", encoding="ascii") as out:  # Xvfb's log must not hold the number: a file of its own
            argv = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
            server = Process(self.name_for("xvfb"), argv, self.directory, env=clean_environment(), stdout=out)
        self.rig.keep(server)

        def number():
            server.must_live()
            with open(numbers, encoding="ascii") as f:
                text = f.read()
            return text.strip() if text.endswith("\n") else None

        return ":" + wait_until(number, PATIENCE_S, "Xvfb has a display")

    # --- programs

    def environment(self, env, overrides):
        return dict(self.env, WINEDLLOVERRIDES=f"{OVERRIDES};{overrides}", **(env or {}))

    def run(self, exe, *args, env=None, overrides="", seconds=PATIENCE_S):
        """exe: a path of ours, or the name of one of Windows' own. overrides: of DLLs, "dxgi=n,b"."""
        name = self.name_for("run")
        done = Process(name, ["wine", exe, *args], self.directory, env=self.environment(env, overrides))
        try:
            status = done.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            done.kill()
            raise Failure(f"{exe} {args} still runs after {seconds} s\n{done.log()}") from None
        return Done(status, done.log().replace("\r\n", "\n"))

    def must_run(self, exe, *args, **how):
        """Its output; any status but 0 is a failure."""
        done = self.run(exe, *args, **how)
        if done.status != 0:
            raise Failure(f"{exe} {args}: status {done.status}\n{done.output}")
        return done.output

    def start(self, name, exe, *args, env=None, overrides=""):
        """In the background; ended at the end of the case."""
        argv = ["wine", exe, *args]
        return self.rig.keep(Program(f"{name}{len(self.rig.processes)}", argv, self.directory,
                                     env=self.environment(env, overrides)))

    def x11(self, *argv):
        """A program of Linux, beside the Windows desktop."""
        name = f"{os.path.basename(argv[0])}{len(self.rig.processes)}"
        return self.rig.keep(Process(name, list(argv), self.directory, env=self.env))

    def xdo(self, *argv):
        """What xdotool prints; nothing found is no failure. A window that goes while xdotool looks at it is a reason to look again."""
        for _ in range(5):
            done = subprocess.run(["xdotool", *argv], env=self.env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
            if done.returncode == 0 or not done.stderr:
                return done.stdout
            if "BadWindow" not in done.stderr:
                break
        raise Failure(f"xdotool {argv}: {done.stderr}")

    # --- the system

    def reg_add(self, key, name, value, type="REG_SZ"):
        self.must_run("reg", "add", key, "/v", name, "/t", type, "/d", str(value), "/f")

    def reg_query(self, key, name):
        """The value as text; None: there is none."""
        done = self.run("reg", "query", key, "/v", name)
        for line in done.output.splitlines():
            words = line.split(None, 2)
            if len(words) >= 2 and words[0] == name:
                return words[2] if len(words) > 2 else ""
        return None

    def regedit(self, text):
        """Imports what a .reg file says; the head line is added here."""
        path = os.path.join(self.directory, self.name_for("import") + ".reg")
        with open(path, "w", encoding="ascii", newline="\r\n") as f:
            f.write("REGEDIT4\n\n" + text)
        self.must_run("regedit", "/S", windows_path(path))

    def set_override(self, exe, dll, order):
        """For programs that are not started from here (services and their children)."""
        self.reg_add(f"HKCU\\Software\\Wine\\AppDefaults\\{exe}\\DllOverrides", dll, order)

    def sc(self, *args):
        """The service control program; see Done."""
        return self.run("sc", *args)

    def service_state(self, name):
        """"RUNNING", "STOPPED", ...; None: there is no such service."""
        for line in self.sc("query", name).output.splitlines():
            words = line.split()
            if words[:1] == ["STATE"]:
                return words[3]
        return None

    def screenshot(self):
        """Path of a new PNG of the whole X screen."""
        path = os.path.join(self.directory, self.name_for("screen") + ".png")
        subprocess.run(["import", "-window", "root", path], env=self.env, timeout=PATIENCE_S, check=True)
        return path

    def c_drive(self, *parts):
        """Our path of something on drive C:."""
        return os.path.join(self.prefix, "drive_c", *parts)


def windows_program(rig, *parts):
    """Path in the Windows build."""
    path = os.path.join(rig.tools.windows, *parts)
    if not os.path.exists(path):
        raise Skipped(f"no {path}: scripts/build mingw")
    return path
