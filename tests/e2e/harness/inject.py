# SPDX-License-Identifier: GPL-2.0-or-later
"""A keyboard and a pointer of the compositor, moved by lines of text: tests/e2e/injector (sway only)."""
import subprocess

from .process import Failure, Process


class Injector(Process):
    def __init__(self, rig, compositor):
        name = f"injector{len(rig.processes)}"
        pipe = subprocess.PIPE
        super().__init__(name, [rig.tools.injector], rig.directory, env=compositor.env, stdin=pipe, stdout=pipe)
        rig.keep(self)
        self.width, self.height = compositor.logical_size()

    def tell(self, command):
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline().decode().strip()
        while line == "ready":  # it may greet
            line = self.popen.stdout.readline().decode().strip()
        if line != "ok":
            raise Failure(f"{self.name}: '{command}' gave '{line}'\n{self.log()}")

    def key(self, code, down):
        self.tell(f"key {code} {int(down)}")

    def tap(self, *codes):
        for code in codes:
            self.key(code, True)
            self.key(code, False)

    def move(self, dx, dy):
        self.tell(f"rel {dx} {dy}")

    def place(self, x, y):
        """In logical pixels of the output."""
        self.tell(f"abs {x} {y} {self.width} {self.height}")

    def button(self, code, down):
        self.tell(f"button {code} {int(down)}")

    def click(self, code):
        self.button(code, True)
        self.button(code, False)

    def wheel(self, axis, value120):
        """axis 0: vertical, 120: one notch down."""
        self.tell(f"wheel {axis} {value120}")
