# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of QEMU's ivshmem protocol, written from its description (docs/specs/ivshmem-spec), with nothing of ours in it."""
import array
import os
import select
import socket
import struct
import time


class Peer:
    """Reads what the server says; `peers` has the bells (eventfds) of the others, `bells` the own ones."""

    def __init__(self, path, timeout=5):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(path)
        self.own_id, self.memory, self.bells, self.peers, self.seen = None, None, [], {}, []

    def number(self):
        """(number, descriptor or None); EOFError when the server hangs up."""
        data, fds, flags, _ = socket.recv_fds(self.sock, 8, 4)
        if not data:
            raise EOFError
        assert len(data) == 8 and len(fds) <= 1 and not flags & socket.MSG_CTRUNC, (data, fds, flags)
        return struct.unpack("<q", data)[0], fds[0] if fds else None

    def greet(self, vectors):
        """The whole greeting; `vectors`: how many own ones there will be."""
        version, fd = self.number()
        assert (version, fd) == (0, None), (version, fd)
        self.own_id, fd = self.number()
        assert 0 <= self.own_id <= 65535 and fd is None
        marker, self.memory = self.number()
        assert marker == -1 and self.memory is not None, marker
        while len(self.bells) < vectors:
            self.hear()
        return self

    def hear(self):
        who, fd = self.number()
        self.seen.append((who, fd is not None))
        if who == self.own_id:
            self.bells.append(fd)
        elif fd is not None:
            self.peers.setdefault(who, []).append(fd)
        else:
            for bell in self.peers.pop(who, []):
                os.close(bell)

    def hear_until(self, condition, seconds=5):
        end = time.monotonic() + seconds
        while not condition():
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            self.hear()

    def quiet(self, seconds=0.05):
        return not select.select([self.sock], [], [], seconds)[0]

    def close(self):
        self.sock.close()
        for fd in [self.memory, *self.bells, *sum(self.peers.values(), [])]:
            if fd is not None:
                os.close(fd)
        self.memory, self.bells, self.peers = None, [], {}


def ring(bell):
    os.write(bell, struct.pack("<Q", 1))


def rung(bell, seconds=1.0):
    """Takes the rings: how many there were."""
    if not select.select([bell], [], [], seconds)[0]:
        return 0
    return struct.unpack("<Q", os.read(bell, 8))[0]


def raw(path, data=b"", fds=()):
    """A connection on which `data` was sent."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect(path)
    if data:
        s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    return s
