# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands between viewer and SPICE server, and cuts the line where it is told."""
import os
import select
import socket
import threading


class Proxy:
    """Listens on a unix socket and passes everything on to another. Each connection has its own thread."""

    def __init__(self, path, server_path):
        self.path, self.server_path = path, server_path
        self.cut_after = None  # bytes from the server, of every connection; None: never
        self.connections = 0
        self.cuts = 0
        self.open = True
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(32)
        self.listener.settimeout(0.1)
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = threading.Thread(target=self.carry, args=(client,))
            self.threads.append(thread)
            thread.start()

    def carry(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.server_path)
            self.pass_on(client, server)
        except OSError:
            pass  # one side went away: so does the other
        finally:
            client.close()
            server.close()

    def pass_on(self, client, server):
        received = 0
        while self.open:
            for source in select.select([client, server], [], [], 0.1)[0]:
                data = source.recv(65536)
                if not data:
                    return
                if source is server:
                    limit = self.cut_after
                    if limit is not None and received + len(data) >= limit:
                        client.sendall(data[:limit - received] if limit > received else b"")
                        self.cuts += 1
                        return
                    received += len(data)
                (client if source is server else server).sendall(data)

    def close(self):
        self.open = False
        for thread in self.threads:
            thread.join()
        self.listener.close()
