# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's own control socket: what the guest gets without our viewer, and what QEMU thinks of its clients."""
import json
import socket
import time

from .process import Failure


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.events = []
        self.read()  # greeting
        self("qmp_capabilities")

    def read(self):
        line = self.file.readline()
        if not line:
            raise Failure("QEMU closed its control socket")
        return json.loads(line)

    def __call__(self, command, **arguments):
        """The answer of a command; events that come meanwhile are kept."""
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            message = self.read()
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise Failure(f"QEMU {command}: {message['error']['desc']}")
            else:
                return message["return"]

    def send_events(self, *events):
        self("input-send-event", events=list(events))

    def key(self, qcode, down):
        self.send_events({"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": qcode}}})

    def screendump(self, path):
        self("screendump", filename=path, format="png")
        return path

    def wait(self, condition, seconds, what):
        """Asks until `condition(self)` is true."""
        deadline = time.monotonic() + seconds
        while not (found := condition(self)):
            if time.monotonic() > deadline:
                raise Failure(f"after {seconds} s still not: {what}")
            time.sleep(0.05)
        return found
