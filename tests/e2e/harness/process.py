# SPDX-License-Identifier: GPL-2.0-or-later
"""Child processes: each with a log of its own, ended by the one who started it."""
import fcntl
import os
import signal
import subprocess
import termios
import time


class Failure(Exception):
    """What a test case found wrong, for a person."""


class Skipped(Exception):
    """What a case needs and this machine has not."""


def wait_until(condition, seconds, what):
    """Calls condition() until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failure(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


class Process:
    def __init__(self, name, argv, directory, env=None, stdin=None, stdout=None, uid=None, terminal=None):
        """uid: run as this user (only when we are root). terminal: fd of the terminal that it has."""
        self.name = name
        self.log_path = os.path.join(directory, f"{name}.log")
        if uid is not None:
            argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] + argv
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(argv, env=env, cwd=directory, start_new_session=True,
                                          preexec_fn=terminal and (lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)),
                                          stdin=stdin or subprocess.DEVNULL, stdout=stdout or log, stderr=log)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def alive(self):
        return self.popen.poll() is None

    def kill(self):
        """Like a crash: no goodbye."""
        if self.alive():
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def terminate(self, seconds=10):
        """SIGTERM. Returns the exit status; negative: ended by a signal."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} does not end within {seconds} s of SIGTERM") from None

    def must_live(self):
        if not self.alive():
            raise Failure(f"{self.name} ended with status {self.popen.returncode}")
