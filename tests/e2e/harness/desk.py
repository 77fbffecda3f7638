# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine with a SPICE server, a compositor, and the viewer between them."""
import os

from . import png
from .inject import Injector
from .machine import Machine, Spice
from .process import Failure, wait_until

WIDTH, HEIGHT = 720, 400  # of the guest's text screen: shown by a window of that size pixel by pixel
CHANNELS = {"main": 1, "display": 2, "inputs": 3, "cursor": 4, "playback": 5, "record": 6}
PATIENCE_S = 30
REGION_BYTES = 16 << 20


def must_be(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got} where {expected} was due")


class Desk:
    """machine: booting or booted. screen: sway, without a viewer at first."""

    def __init__(self, rig, relay=False, kind="sway", **spice):
        self.rig = rig
        self.screen = rig.screen(kind, WIDTH, HEIGHT)
        self.region = rig.region()
        self.socket = os.path.join(rig.directory, "spice.sock")
        self.spice = Spice(**({"socket": self.socket} | spice))
        self.relay = relay
        self.machine = None
        self.injector = None

    def boot(self, **how):
        """Returns at once."""
        if os.path.lexists(self.socket):
            os.unlink(self.socket)  # of a machine that was killed
        memory = (self.region, REGION_BYTES) if self.relay else ()
        name = f"machine{len(self.rig.processes)}"
        self.machine = self.rig.keep(Machine(self.rig, *memory, spice=self.spice, name=name, **how))
        wait_until(self.listens, PATIENCE_S, "QEMU's SPICE server listens")
        return self.machine

    def listens(self):
        return self.machine.must_live() or self.machine.qmp("query-spice")["enabled"]

    def inject(self):
        """Keyboard and pointer, which a compositor without a screen lacks: before the viewer."""
        self.injector = Injector(self.rig, self.screen.compositor)
        return self.injector

    def view(self, *options, channels=("main", "inputs"), renderer="shm"):
        """Starts a viewer, in the place of the one before it; waits until QEMU has its channels."""
        if self.screen.viewer and self.screen.viewer.alive():
            self.screen.viewer.finish()
        viewer = self.screen.view(self.region, renderer, *self.spice.options(), *options)
        self.wait_channels(*channels)
        viewer.wait_log("committed")  # its window is there, and gets the keyboard
        return viewer

    def wait_channels(self, *names, seconds=PATIENCE_S):
        """As QEMU counts them, not as the viewer says."""
        wanted = {CHANNELS[name] for name in names}

        def there(qmp):
            self.screen.viewer.must_live()
            return wanted <= {c["channel-type"] for c in qmp("query-spice").get("channels", [])}

        self.machine.qmp.wait(there, seconds, f"QEMU has the channels {names}")

    def channels(self):
        return {c["channel-type"] for c in self.machine.qmp("query-spice").get("channels", [])}

    def mouse_mode(self, mode):
        """"client" (positions) or "server" (motion)."""
        self.machine.qmp.wait(lambda qmp: qmp("query-spice")["mouse-mode"] == mode, PATIENCE_S, f"mouse mode {mode}")

    def must_show_guest(self, name, seconds=PATIENCE_S):
        """The window has the very pixels of the guest's own screen."""
        dump = os.path.join(self.rig.directory, f"{name}-guest.png")
        shot = []

        def same():
            self.screen.viewer.must_live()
            for old in shot:
                os.unlink(old)
            shot[:] = [self.screen.compositor.screenshot()]
            self.machine.qmp.screendump(dump)
            return png.difference(shot[0], dump) is None

        try:
            wait_until(same, seconds, f"{name}: the window shows the guest's screen")
        except Failure:
            self.rig.save(shot[0], f"{name}-shown.png")
            self.rig.save(dump, f"{name}-guest.png")
            raise Failure(f"{name}: shown and guest's screen differ: {png.difference(shot[0], dump)}") from None
        finally:
            self.rig.save(shot[0], f"{name}.png")
