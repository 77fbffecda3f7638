# SPDX-License-Identifier: GPL-2.0-or-later
"""Hands on a keyboard and a mouse of a machine's tree: while they work, its nodes of input devices are pipes that report a key press and a
motion again and again, as /dev/input/event* would."""
import contextlib
import os
import struct
import threading

KEY_PRESSED = struct.pack("llHHi", 0, 0, 1, 30, 1)  # struct input_event: EV_KEY, KEY_A, down
MOVED = struct.pack("llHHi", 0, 0, 2, 0, 5)  # EV_REL, REL_X
EVENTS = {"-event-kbd": KEY_PRESSED, "-event-mouse": MOVED}


def work(path, event, stop):
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    while not stop.wait(0.02):
        with contextlib.suppress(BlockingIOError):  # nobody reads it yet
            os.write(fd, event)
    os.close(fd)


@contextlib.contextmanager
def at_work(folder):
    stop, threads, paths = threading.Event(), [], []
    there = os.path.join(folder, "dev/input/by-id")
    for name in sorted(os.listdir(there)):
        path = os.path.realpath(os.path.join(there, name))
        event = next((e for end, e in EVENTS.items() if name.endswith(end)), None)
        if event and path not in paths:
            os.remove(path)
            os.mkfifo(path)
            threads.append(threading.Thread(target=work, args=(path, event, stop)))
            paths.append(path)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for path in paths:
            os.remove(path)
            open(path, "w", encoding="utf-8").close()
