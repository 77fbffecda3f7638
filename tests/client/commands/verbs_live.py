#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""verbs_live.py BUILD CASE: demo, snapshot and stats through the real program and real shared memory."""
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = sys.argv[1]
ESPELHO = os.path.join(BUILD, "client", "espelho")
PICTURE = os.path.join(BUILD, "tests", "e2e", "picture")


def run(*words, timeout=60, env=None):
    return subprocess.run([ESPELHO, *words], capture_output=True, text=True, timeout=timeout, env=env)


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


@contextlib.contextmanager
def producer(directory, *words):
    """The demo's guest alone; yields the region's path once frames can be had from it."""
    path = os.path.join(directory, "region")
    with subprocess.Popen([ESPELHO, "demo", "--no-view", "--shm-file", path, *words], stderr=subprocess.PIPE) as p:
        try:
            deadline = time.monotonic() + 20
            while not os.path.exists(path) or os.path.getsize(path) == 0:
                check(p.poll() is None and time.monotonic() < deadline, "the producer does not start")
                time.sleep(0.01)
            yield path
        finally:
            p.terminate()
            check(p.wait(20) == 0, f"the producer ended with {p.returncode}: {p.stderr.read()}")


def snapshot_case(directory, fmt, turns):
    """A still card, whole and upright, equal to the card's own expectation."""
    png = os.path.join(directory, "shot.png")
    with producer(directory, "--mode", "333x222@30", "--format", fmt, "--damage", "static", "--cursor", "none",
                  "--guest-rotation", str(turns * 90)) as region:
        r = run("snapshot", png, "--shm-file", region, "--timeout", "20")
    check(r.returncode == 0, f"snapshot: {r.stderr}")
    flags = 8 if fmt == "rgba16f" else 0
    tolerance = ["--tolerance", "1"] if fmt in ("rgba10", "rgba16f") else []
    card = f"333x222:{fmt}:{turns}:static:{flags}@0"
    c = subprocess.run([PICTURE, "compare", png, card, *tolerance], capture_output=True, text=True, timeout=60)
    check(c.returncode == 0, f"{fmt}, {turns} turns: {c.stdout}{c.stderr}")


def snapshot_formats(directory):
    for fmt in ("bgra", "rgba", "rgba10", "rgba16f", "bgr32", "rgb24"):
        snapshot_case(tempfile.mkdtemp(dir=directory), fmt, 0)


def snapshot_rotations(directory):
    for turns in (1, 2, 3):
        snapshot_case(tempfile.mkdtemp(dir=directory), "bgra", turns)


def snapshot_errors(directory):
    r = run("snapshot", os.path.join(directory, "x.png"), "--shm-file", os.path.join(directory, "none"), "--timeout", "0.3")
    check(r.returncode == 1 and "does not exist" in r.stderr and "virsh edit" in r.stderr, r.stderr)
    check(not os.listdir(directory), "a failed snapshot leaves files")
    with producer(directory, "--mode", "320x240") as region:
        r = run("snapshot", os.path.join(directory, "no", "x.png"), "--shm-file", region)
        check(r.returncode == 1 and "x.png: No such file" in r.stderr, r.stderr)
    r = run("snapshot")
    check(r.returncode == 2 and "FILE.png is missing" in r.stderr, r.stderr)


def stats_json(directory):
    with producer(directory, "--mode", "640x480@60", "--format", "rgba", "--damage", "small") as region:
        r = run("stats", "--json", "--count", "3", "--shm-file", region)
    check(r.returncode == 0, r.stderr)
    lines = [json.loads(line) for line in r.stdout.splitlines()]
    check(len(lines) == 3, r.stdout)
    last = lines[-1]
    check(last["state"] == "connected" and (last["width"], last["height"]) == (640, 480), r.stdout)
    check(last["format"] == "rgba" and last["hdr"] is False, r.stdout)
    check(0 < last["fps"] < 70 and 0 < last["damage_share"] < 0.5 and last["rejected"] == 0, r.stdout)


def stats_without_vm(directory):
    r = run("stats", "--json", "--count", "1", "--shm-file", os.path.join(directory, "none"))
    check(r.returncode == 0 and json.loads(r.stdout)["state"] == "no-region", r.stdout + r.stderr)


@contextlib.contextmanager
def told_by(directory, name, words):
    """A socket as a viewer has it; None: takes connections and says nothing."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.join(directory, "espelho", name))
    server.listen(8)
    held = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                peer = server.accept()[0]
                if words is None:
                    held.append(peer)
                    continue
                with contextlib.suppress(OSError), peer:
                    peer.sendall(words)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def stats_of_viewers(directory):
    """Viewers that hang, lie or are gone cost nothing; those that talk sense are shown."""
    os.mkdir(os.path.join(directory, "espelho"))
    good = {"picture": "relay", "renderer": "shm", "spice": "up", "notice_to_commit_ms": 0.5,
            "sound": {"playing": True, "latency_ms": 31, "target_ms": 30, "underruns": 2, "drift_ppm": -4}}
    rows = (("view-41.sock", json.dumps(good).encode()), ("view-42.sock", None), ("view-43.sock", b"{" * 40000),
            ("view-44.sock", b"[1,2]"), ("view-45.sock", b'{"picture":"\\u001b[2Jx","spice":7,"sound":[]}'),
            ("view-46x.sock", b"{}"), ("other", b"{}"))
    with contextlib.ExitStack() as stack:
        for name, words in rows:
            stack.enter_context(told_by(directory, name, words))
        env = dict(os.environ, XDG_RUNTIME_DIR=directory)
        none = os.path.join(directory, "none")
        text = run("stats", "--count", "1", "--shm-file", none, env=env)
        r = run("stats", "--json", "--count", "1", "--shm-file", none, env=env)
    check(text.returncode == 0 and "viewer 41: relay by shm; SPICE connected" in text.stdout, text.stdout + text.stderr)
    check("sound 31 ms (wanted 30), 2 gaps" in text.stdout and "\x1b" not in text.stdout, text.stdout)
    viewers = {v["pid"]: v for v in json.loads(r.stdout)["viewers"]}
    check(set(viewers) == {41, 45} and viewers[41]["sound"]["latency_ms"] == 31, r.stdout)


def inspect_image_and_region(directory):
    vectors = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "vectors")
    r = run("inspect", os.path.join(vectors, "09-frame-bgra-complete.bin.gz"), "--json", "--region-mib", "1")
    check(r.returncode == 0, r.stderr)
    tree = json.loads(r.stdout)
    check(tree["frame_messages"][0]["complete"] is True and tree["frame_messages"][0]["frame_width"] == 64, r.stdout)
    with producer(directory, "--mode", "320x240") as region:
        live = run("inspect", region, "--json")
        text = run("inspect", region)
    check(live.returncode == 0 and json.loads(live.stdout)["kvmfr"]["host_version"] == "espelho-demo", live.stdout)
    check(text.returncode == 0 and "espelho-demo" in text.stdout, text.stdout)


def inspect_errors(directory):
    r = run("inspect", os.path.join(directory, "none"))
    check(r.returncode == 1 and "none" in r.stderr, r.stderr)
    hostile = os.path.join(directory, "hostile")
    with open(hostile, "wb") as f:
        f.write(b"LGMP" + b"\xff" * 70000)
    r = run("inspect", hostile, "--json")
    check(r.returncode == 0 and json.loads(r.stdout)["errors"], r.stdout + r.stderr)
    with open(hostile, "wb") as f:
        f.write(b"short")
    r = run("inspect", hostile)
    check(r.returncode in (0, 1) and (r.stdout + r.stderr).strip(), "silence about a file that is too short")


def demo_refuses_a_busy_region(directory):
    with producer(directory, "--mode", "320x240") as region:
        r = run("demo", "--no-view", "--shm-file", region, "--duration", "1")
        check(r.returncode == 1 and "in use" in r.stderr, r.stderr)


def demo_errors(directory):
    rows = ((["--mode", "0x0"], "is not a mode"), (["--mode", "640x480@"], "is not a mode"), (["--mode", "640x480@60x"], "is not a mode"),
            (["--mode", "99999x10"], "is not a mode"), (["--hdr", "pq"], "needs --format"), (["--no-view"], "needs --shm-file"),
            (["--mode", "16384x16384", "--format", "rgba16f"], "does not fit"), (["--format", "bgrx"], "bgra"))
    for words, text in rows:
        r = run("demo", *words, "--duration", "1")
        check(r.returncode in (1, 2) and text in r.stderr, f"{words}: {r.returncode} {r.stderr}")


def demo_headless(directory):
    """Without a desktop: a compositor of its own, a picture and the figures."""
    env = {k: v for k, v in os.environ.items() if k not in ("WAYLAND_DISPLAY", "DISPLAY", "XDG_RUNTIME_DIR")}
    png = os.path.join(directory, "demo.png")
    r = run("demo", "--mode", "640x480@60", "--duration", "2", "--png", png, env=env)
    check(r.returncode == 0, r.stdout + r.stderr)
    check("rejected 0, torn 0" in r.stdout and f"wrote {png}" in r.stdout, r.stdout)
    s = subprocess.run([PICTURE, "serial", png], capture_output=True, text=True, timeout=60)
    check(s.stdout.strip().isdigit(), f"no test card in the picture: {s.stdout}")


CASES = {f.__name__: f for f in (snapshot_formats, snapshot_rotations, snapshot_errors, stats_json, stats_without_vm,
                                 stats_of_viewers,
                                 inspect_image_and_region, inspect_errors,
                                 demo_refuses_a_busy_region, demo_errors, demo_headless)}
if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="espelho-verbs-", dir="/dev/shm") as scratch:
        CASES[sys.argv[2]](scratch)
