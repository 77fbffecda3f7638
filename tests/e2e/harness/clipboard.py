# SPDX-License-Identifier: GPL-2.0-or-later
"""The Linux side of copy and paste (wl-clipboard on sway), and bytes that both sides can make."""
import subprocess
import zlib

from .process import Failure, Process

TEXT, PNG, BMP, TIFF, JPG = 1, 2, 3, 4, 5  # VD_AGENT_CLIPBOARD_*
MIME = {TEXT: "text/plain;charset=utf-8", PNG: "image/png", BMP: "image/bmp", TIFF: "image/tiff", JPG: "image/jpeg"}


def pattern(kind, count, seed):
    """The bytes of guest/pattern.h."""
    if kind == TEXT:
        table = bytes(ord("a") + n % 26 for n in range(26 * 11))
        return b"".join(row_of(table, 26, seed, row) for row in range((count + 255) // 256))[:count]
    table = bytes(n & 255 for n in range(512))
    return b"".join(row_of(table, 256, seed, row) for row in range((count + 255) // 256))[:count]


ROWS = {}


def row_of(table, modulus, seed, row):
    """256 bytes, of which the n-th is (31 * (256 * row + n) + 17 * row + seed) % modulus of the table."""
    start = (31 * 256 * row + 17 * row + seed) % modulus
    key = (modulus, start)
    if key not in ROWS:
        ROWS[key] = bytes(table[(start + 31 * n) % modulus] for n in range(256))
    return ROWS[key]


def crc(data):
    return f"{zlib.crc32(data):08x}"


class Clipboard:
    def __init__(self, rig, compositor):
        self.rig, self.env, self.directory = rig, compositor.env, compositor.directory

    def copy(self, data, mime, primary=False):
        """Offers the data, as wl-copy does: it stays there as long as nobody else copies."""
        argv = ["wl-copy", "--foreground", "--type", mime] + (["--primary"] if primary else [])
        name = f"wl-copy{len(self.rig.processes)}"
        process = self.rig.keep(Process(name, argv, self.rig.directory, env=self.env, stdin=subprocess.PIPE))
        process.popen.stdin.write(data)
        process.popen.stdin.close()
        return process

    def run(self, arguments, seconds):
        argv = ["wl-paste", *arguments]
        try:
            return subprocess.run(argv, env=self.env, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(argv)} does not end within {seconds} s") from None

    def paste(self, mime, primary=False, seconds=60):
        """What the selection's owner gives for that type."""
        extra = ["--primary"] if primary else []
        return self.run(["--no-newline", "--type", mime, *extra], seconds).stdout

    def types(self, primary=False):
        extra = ["--primary"] if primary else []
        return self.run(["--list-types", *extra], 20).stdout.decode().split("\n")[:-1]
