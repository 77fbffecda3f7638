# SPDX-License-Identifier: GPL-2.0-or-later
"""Compositors without a screen; each shows one window over its whole output and gives screenshots in device pixels.

Which scales are exact to the pixel:
  weston             whole numbers; it has no others here.
  sway before 1.8    whole numbers. At 1.25 and 1.5 it has no wp_fractional_scale_v1: clients draw at
                     twice the logical size and sway resamples, so only likeness is judged (`resamples`).
  sway from 1.8 on   all.
"""
import glob
import os
import re
import struct
import subprocess
import tempfile

from .process import Failure, Process, wait_until

NOBODY = 65534


def version_of(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(n) for n in re.search(r"(\d+)\.(\d+)", text).groups())


def clean_environment():
    """Ours without the caller's desktop session and settings."""
    unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "SWAYSOCK", "XDG_RUNTIME_DIR")
    unwanted += ("DBUS_SESSION_BUS_ADDRESS", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    return {k: v for k, v in os.environ.items() if k not in unwanted}


class Compositor:
    """A running compositor. width, height: of its output, in device pixels."""

    def __init__(self, directory, width, height, scale):
        self.width, self.height, self.scale = width, height, scale
        self.directory = tempfile.mkdtemp(prefix=f"{self.program}-", dir=directory)
        self.shots = 0
        self.env = dict(clean_environment(), XDG_RUNTIME_DIR=self.directory)
        self.process = self.start()
        socket = wait_until(self.find_socket, 30, f"{self.program} has opened its socket")
        self.env["WAYLAND_DISPLAY"] = os.path.basename(socket)

    def find_socket(self):
        self.process.must_live()
        found = glob.glob(os.path.join(self.directory, "wayland-*[0-9]"))
        return found[0] if found else None

    def logical_size(self):
        return round(self.width / self.scale), round(self.height / self.scale)

    def window_pixels(self):
        """Size of the buffer that a viewer has to draw for a window over the whole output."""
        factor = 2 if self.resamples else self.scale
        return tuple(round(n * factor) for n in self.logical_size())

    def screenshot(self):
        """Path of a new picture of the whole output."""
        self.shots += 1
        path = os.path.join(self.directory, f"shot{self.shots}.png")
        self.shoot(path)
        return path

    def run(self, argv, directory):
        done = subprocess.run(argv, cwd=directory, env=self.env, capture_output=True, text=True,
                              timeout=30, check=False)
        if done.returncode != 0:
            raise Failure(f"{argv[0]}: {done.stderr or done.stdout}")


class Weston(Compositor):
    """Its kiosk shell shows nothing as long as there is no seat, so windows must ask for full screen."""

    program = "weston"
    renderer = "pixman"
    resamples = False
    viewer_options = ("win.fullScreen=yes",)

    def start(self):
        if self.scale != int(self.scale):
            raise Failure("weston has whole scales only")
        config = os.path.join(self.directory, "weston.ini")
        with open(config, "w", encoding="ascii") as f:
            f.write("[shell]\npanel-position=none\nlocking=false\nbackground-color=0xff000000\n")
            for what in ("animation", "close-animation", "startup-animation", "focus-animation"):
                f.write(f"{what}=none\n")
        if version_of("weston") >= (12, 0):
            arguments = ["--backend=headless", f"--renderer={self.renderer}", "--shell=desktop"]
        else:
            arguments = ["--backend=headless-backend.so", "--use-pixman", "--shell=desktop-shell.so"]
        width, height = self.logical_size()
        arguments += [f"--width={width}", f"--height={height}", f"--scale={int(self.scale)}"]
        arguments += ["--socket=wayland-7", "--debug", f"--config={config}", "--idle-time=0"]
        return Process("weston", ["weston"] + arguments, self.directory, env=self.env)

    def shoot(self, path):
        folder = path + ".d"  # weston-screenshooter chooses the file's name itself
        os.mkdir(folder)
        self.run(["weston-screenshooter"], folder)
        os.rename(os.path.join(folder, os.listdir(folder)[0]), path)
        os.rmdir(folder)


class WestonGl(Weston):
    """Draws with OpenGL, and takes dma-bufs where its driver does. Needs weston 12 or newer for that without a screen."""

    renderer = "gl"


def make_empty_pointers(folder):
    """Xcursor files of one transparent pixel."""
    toc = struct.pack("<3I", 0xFFFD0002, 24, 28)  # an image of nominal size 24 at byte 28
    image = struct.pack("<9I", 36, 0xFFFD0002, 24, 1, 1, 1, 0, 0, 0) + bytes(4)
    os.makedirs(folder)
    for name in ("default", "left_ptr"):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(struct.pack("<4s3I", b"Xcur", 16, 0x10000, 1) + toc + image)


class Sway(Compositor):
    """Tiles: a single window fills the output."""

    program = "sway"
    viewer_options = ()

    def start(self):
        # It draws the pointer into its screenshots: only what a guest gave its shape is to be seen there.
        self.env.update(XCURSOR_PATH=self.directory, XCURSOR_THEME="nothing")
        make_empty_pointers(os.path.join(self.directory, "nothing", "cursors"))
        self.resamples = version_of("sway") < (1, 8) and self.scale != int(self.scale)
        config = os.path.join(self.directory, "config")
        mode = f"resolution {self.width}x{self.height}@60Hz position 0 0 scale {self.scale}"
        with open(config, "w", encoding="ascii") as f:
            f.write(f"output HEADLESS-1 {mode}\n")
            f.write("default_border none\nxwayland disable\nfocus_follows_mouse no\n")
            f.write("focus_on_window_activation focus\nseat * pointer_constraint enable\n")
        as_root = os.getuid() == 0  # sway refuses to be root
        if as_root:
            os.chown(self.directory, NOBODY, NOBODY)
        env = dict(self.env, HOME=self.directory, WLR_BACKENDS="headless", WLR_RENDERER="pixman")
        env["WLR_LIBINPUT_NO_DEVICES"] = "1"
        return Process("sway", ["sway", "--unsupported-gpu", "-c", config], self.directory, env=env,
                       uid=NOBODY if as_root else None)

    def shoot(self, path):
        self.run(["grim", "-l", "1", path], self.directory)

    def tell(self, command):
        """A command of its configuration language."""
        found = glob.glob(os.path.join(self.directory, "sway-ipc.*.sock"))
        self.run(["swaymsg", "-s", found[0], command], self.directory)

    def ask(self, what):
        """The answer, JSON."""
        found = glob.glob(os.path.join(self.directory, "sway-ipc.*.sock"))
        argv = ["swaymsg", "-s", found[0], "-r", "-t", what]
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=30, check=True).stdout

    def look_away(self):
        """The window keeps running, but has neither keyboard nor pointer."""
        self.tell("workspace elsewhere")

    def look_back(self):
        self.tell("workspace 1")
