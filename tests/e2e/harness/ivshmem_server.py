# SPDX-License-Identifier: GPL-2.0-or-later
"""A small ivshmem server, version 0 of the protocol (docs/specs/ivshmem-spec of QEMU), independent of ours; it is a peer itself."""
import mmap
import os
import socket
import struct
import threading


class IvshmemServer:
    """Serves peers on `path` until close(). Its own peer: `own_id`, heard by wait(), rings with ring()."""

    def __init__(self, path, size_bytes, vectors, own_id=7, first_id=1):
        self.vectors, self.own_id, self.next_id = vectors, own_id, first_id
        self.memory_fd = os.memfd_create("ivshmem", os.MFD_CLOEXEC)
        os.ftruncate(self.memory_fd, size_bytes)
        self.memory = mmap.mmap(self.memory_fd, size_bytes)
        self.events = {own_id: [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(vectors)]}
        self.connections = {}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept_all, daemon=True).start()

    @staticmethod
    def say(connection, number, fd=None):
        socket.send_fds(connection, [struct.pack("<q", number)], [] if fd is None else [fd])

    def accept_all(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            self.welcome(connection)

    def welcome(self, connection):
        peer, self.next_id = self.next_id, self.next_id + 1
        own = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(self.vectors)]
        for number, fd in ((0, None), (peer, None), (-1, self.memory_fd)):
            self.say(connection, number, fd)
        for other, events in self.events.items():
            for fd in events:
                self.say(connection, other, fd)
        for other in self.connections.values():
            for fd in own:
                self.say(other, peer, fd)
        for fd in own:
            self.say(connection, peer, fd)
        self.events[peer] = own
        self.connections[peer] = connection

    def ring(self, peer, vector):
        os.eventfd_write(self.events[peer][vector], 1)

    def own_event(self, vector):
        """To be waited for with select()."""
        return self.events[self.own_id][vector]

    def close(self):
        self.listener.close()
        for connection in self.connections.values():
            connection.close()
        for events in self.events.values():
            for fd in events:
                os.close(fd)
        self.memory.close()
        os.close(self.memory_fd)
