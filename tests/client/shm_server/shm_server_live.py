#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ivshmem server as a program, against a client that has nothing of ours, QEMU, and systemd's own tools.
shm_server_live.py ESPELHO SERVER SOURCE_DIR [Live.test_x ...]. ESPELHO_SOAK_CONNECTS: how many for the soak."""
import fcntl
import grp
import mmap
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import qemu_device
from ivshmem_peer import Peer, raw, ring, rung

ESPELHO, SERVER, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
REFUSED_USER, REFUSED_FULL, REFUSED_FDS = -0x45530001, -0x45530002, -0x45530003
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW = 1, 2, 4
MIB = 1 << 20
# As another user: reads the first number, prints it.
FIRST_NUMBER = ("import socket,struct,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(5)\ns.connect(sys.argv[1])\n"
                "print(struct.unpack('<q',s.recv(8))[0])")


class Live(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="espelho-shm.")
        os.chmod(self.dir, 0o755)
        self.path = os.path.join(self.dir, "vm.sock")
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.started, self.open = [], []

    def tearDown(self):
        for thing in self.open:
            thing.close()
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.log.close()
        shutil.rmtree(self.dir)

    def server(self, *options, program=(SERVER,), ready=True, **kwargs):
        before = len(self.said())
        process = subprocess.Popen([*program, *options, self.path], stdin=subprocess.DEVNULL, stdout=self.log,
                                   stderr=self.log, **kwargs)
        self.started.append(process)
        if ready:
            self.wait_for(lambda: " MiB" in self.said()[before:] or process.poll() is not None)
            self.assertIsNone(process.poll(), self.said())
        return process

    def said(self):
        with open(self.log.name) as f:
            return f.read()

    def wait_for(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, self.said())
            time.sleep(0.005)

    def peer(self, vectors=2):
        p = Peer(self.path).greet(vectors)
        self.open.append(p)
        return p

    def raw(self, *args):
        s = raw(self.path, *args)
        self.open.append(s)
        return s

    def files_of(self, process):
        return len(os.listdir(f"/proc/{process.pid}/fd"))

    # ---- the protocol ----

    def test_greetings_bells_and_leaving(self):
        server = self.server("--size=4M", "--vectors=3")
        files = self.files_of(server)
        a, b = self.peer(3), self.peer(3)
        c = self.peer(3)
        a.hear_until(lambda: [len(v) for v in a.peers.values()] == [3, 3])
        b.hear_until(lambda: len(b.peers.get(c.own_id, [])) == 3)
        self.assertEqual(len({a.own_id, b.own_id, c.own_id}), 3)
        # All of one peer, then all of the next; the own ones last.
        self.assertEqual([who for who, _ in c.seen], sum([[p.own_id] * 3 for p in (a, b, c)], []))
        self.assertEqual([len(v) for v in c.peers.values()], [3, 3])
        everybody = [a, b, c]
        for source in everybody:
            for target in everybody:
                for v in range(3):
                    ring(target.bells[v] if source is target else source.peers[target.own_id][v])
                    got = [rung(bell, 0) for bell in target.bells]
                    self.assertEqual(got, [int(v == i) for i in range(3)])
        inodes = {os.fstat(p.memory).st_ino for p in everybody}
        self.assertEqual(len(inodes), 1)
        seals = fcntl.fcntl(a.memory, fcntl.F_GET_SEALS)
        self.assertEqual(seals & 7, SEAL_SEAL | SEAL_SHRINK | SEAL_GROW)
        with mmap.mmap(a.memory, 4 * MIB) as ma, mmap.mmap(c.memory, 4 * MIB) as mc:
            self.assertEqual(os.fstat(a.memory).st_size, 4 * MIB)
            ma[4 * MIB - 3:] = b"abc"
            self.assertEqual(mc[4 * MIB - 3:], b"abc")
        self.assertEqual(self.files_of(server), files + 3 * 4)
        gone = b.own_id
        b.close()
        for p in (a, c):
            p.hear_until(lambda p=p: gone not in p.peers)
            self.assertEqual(p.seen[-1], (gone, False))
            self.assertTrue(p.quiet())
        self.wait_for(lambda: self.files_of(server) == files + 2 * 4)

    def test_peers_that_are_no_peers(self):
        server = self.server("--size=1M")
        files = self.files_of(server)
        steady = self.peer()
        null = os.open("/dev/null", os.O_RDONLY)
        for data, fds in [(b"\0", []), (b"GET / HTTP/1.0\r\n\r\n", []), (struct.pack("<q", -1), [null]),
                          (b"x" * 100000, [null] * 10)]:
            s = self.raw(data, fds)
            with self.assertRaises((EOFError, ConnectionResetError)):
                while s.recv(4096):
                    pass
                raise EOFError
        for _ in range(20):  # gone before it was greeted
            self.raw().close()
        half = self.raw()
        half.shutdown(socket.SHUT_WR)
        while half.recv(4096):
            pass
        killed = subprocess.Popen([sys.executable, "-c", "import socket,sys,time\ns=socket.socket(socket.AF_UNIX)\n"
                                   "s.connect(sys.argv[1])\nprint('in',flush=True)\ntime.sleep(60)", self.path],
                                  stdout=subprocess.PIPE)
        self.started.append(killed)
        killed.stdout.readline()
        killed.kill()
        killed.stdout.close()
        self.wait_for(lambda: self.files_of(server) == files + 3)
        steady.hear_until(lambda: steady.seen[-1:] and not steady.peers)
        after = self.peer()
        steady.hear_until(lambda: len(steady.peers.get(after.own_id, [])) == 2)
        os.close(null)

    def test_no_more_than_the_limit(self):
        self.server("--size=1M", "--max-peers=2")
        a = self.peer()
        self.peer()
        self.assertEqual(struct.unpack("<q", self.raw().recv(8))[0], REFUSED_FULL)
        self.assertIn("max-peers", self.said())
        # Our own client says what it is told.
        tried = subprocess.run([ESPELHO, "inspect", f"unix:{self.path}"], capture_output=True, text=True, timeout=20)
        self.assertIn("has as many peers as it takes", tried.stderr)
        a.close()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            s = Peer(self.path)
            self.open.append(s)
            if s.number()[0] == 0:
                return
        self.fail("nobody gets the place that is free again")

    def test_no_more_files(self):
        server = self.server("--size=1M", program=("sh", "-c", f"ulimit -n 40; exec {SERVER} \"$@\"", "sh"))
        held, refused = [], 0
        for _ in range(30):
            s = self.raw()
            number = struct.unpack("<q", s.recv(8))[0]
            self.assertIn(number, (0, REFUSED_FDS))
            refused += number != 0
            held.append(s)
        self.assertGreater(refused, 5)
        self.assertLess(refused, 28)
        time.sleep(0.1)
        with open(f"/proc/{server.pid}/stat") as f:
            ticks = sum(int(t) for t in f.read().split()[13:15])
        self.assertLess(ticks, 50)  # it does not spin
        for s in held:
            s.close()
        self.wait_for(lambda: self.files_of(server) < 30)
        self.peer()

    # ---- options ----

    def test_wrong_options_say_why(self):
        rows = [(["--size=48M"], 1, "power of two"), (["--mode=16384x16384"], 1, "2048 MiB are the most"),
                (["--size=2G", "--huge"], 1, "vm.nr_hugepages=1024"), (["--numa=1000", "--size=1M"], 1, "NUMA node 1000"),
                (["--socket-mode=rw"], 1, "write 0660"), (["--group=no-such-group"], 1, "no-such-group"),
                (["--allow-users=no-such-user"], 1, "no-such-user"), (["--allow-groups=root,nono"], 1, "nono"),
                (["--vectors=99"], 2, "vectors"), (["--config=/nonexistent"], 2, "/nonexistent")]
        for options, status, words in rows:
            with self.subTest(options=options):
                done = subprocess.run([SERVER, *options, self.path], capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(words, done.stderr)
        self.assertFalse(os.path.exists(self.path))
        done = subprocess.run([SERVER], capture_output=True, text=True, timeout=20)
        self.assertIn("which socket?", done.stderr)

    def test_as_a_verb_with_a_file_of_options(self):
        config = os.path.join(self.dir, "vm.conf")
        pathlib.Path(config).write_text("# one VM\nmode=1920x1080\nvectors=1\nsocket-mode=0600\n")
        server = self.server(f"--config={config}", "--vectors=4", program=(ESPELHO, "shm-server"))
        self.assertEqual(os.readlink(f"/proc/{server.pid}/exe"), SERVER)  # it became the small program
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        p = self.peer(4)
        self.assertEqual(os.fstat(p.memory).st_size, 32 * MIB)
        second = subprocess.run([SERVER, self.path], capture_output=True, text=True, timeout=20)
        self.assertIn("another server listens there", second.stderr)
        server.terminate()
        self.assertEqual(server.wait(10), 0)
        self.assertFalse(os.path.exists(self.path))

    @unittest.skipIf(os.geteuid() != 0, "needs root, to be several users")
    def test_who_may_connect(self):
        group = grp.getgrnam("games").gr_gid
        self.server("--size=1M", "--socket-mode=0666", "--group=games", "--allow-users=4321", "--allow-groups=7777")
        self.assertEqual((os.stat(self.path).st_gid, stat.S_IMODE(os.stat(self.path).st_mode)), (group, 0o666))
        rows = [(0, 0, [], 0), (4321, 9, [], 0), (1234, 7777, [], 0), (1234, 9, [8, 7777], 0), (1234, group, [], 0),
                (1234, 9, [*range(20000, 20100), 7777], 0),
                (1234, 9, [], REFUSED_USER), (7777, 4321, [4321], REFUSED_USER), (65534, 65534, [], REFUSED_USER)]
        for uid, gid, others, want in rows:
            with self.subTest(uid=uid, gid=gid, others=others[:3]):
                done = subprocess.run(["/usr/bin/python3", "-c", FIRST_NUMBER, self.path], user=uid, group=gid,
                                      extra_groups=others, capture_output=True, text=True, timeout=20)
                self.assertEqual(done.stdout.strip(), str(want), done.stderr)
        self.assertIn("refused: user 1234, group 9", self.said())

    # ---- QEMU ----

    @unittest.skipUnless(qemu_device.available(), "QEMU is not installed")
    def test_two_qemus_and_a_client(self):
        self.server("--size=4M")
        machines = []
        for name in ("a", "b"):
            folder = os.path.join(self.dir, name)
            os.mkdir(folder)
            machines.append(qemu_device.Qemu(folder, self.path))
            self.started.append(machines[-1].process)
        a, b = (q.connect() for q in machines)
        p = self.peer()
        p.hear_until(lambda: sorted(len(v) for v in p.peers.values()) == [2, 2])
        ids = {a.position(), b.position()}
        self.assertEqual(ids, set(p.peers))
        for q in (a, b):  # rings us, on the vector that it means
            for v in (1, 0):
                q.ring(p.own_id, v)
                self.assertEqual([rung(bell, 5 * (i == v)) for i, bell in enumerate(p.bells)], [int(i == v) for i in (0, 1)])
            q.ring(p.own_id + 1, 0)  # nobody; and a vector that is not there
            q.ring(p.own_id, 2)
            self.assertEqual([rung(bell, 0) for bell in p.bells], [0, 0])
        for bells in p.peers.values():  # is rung: QEMU takes the ring
            ring(bells[1])
            self.wait_for(lambda bell=bells[1]: not select.select([bell], [], [], 0)[0])
        with mmap.mmap(p.memory, 4 * MIB) as memory:
            memory[4 * MIB - 4:] = b"end."
            self.assertEqual(a.read32(qemu_device.BAR2 + 4 * MIB - 4), struct.unpack("<I", b"end.")[0])
            b.write32(qemu_device.BAR2 + 8, 0x12345678)
            self.assertEqual(struct.unpack("<I", memory[8:12])[0], 0x12345678)
        self.assertEqual([q.output() for q in machines], ["", ""])
        gone = a.position()
        a.stop()
        p.hear_until(lambda: gone not in p.peers)
        b.stop()
        p.hear_until(lambda: not p.peers)

    def test_a_viewer_finds_it_by_the_domain_s_name(self):
        self.server("--size=1M")
        lines = subprocess.run([ESPELHO, "size", "1920x1080"], capture_output=True, text=True, timeout=20).stdout
        device = re.search(r"<shmem name='espelho'>.*?</shmem>", lines, re.S)[0].replace("/run/espelho/NAME.sock", self.path)
        domain = ("<domain type='test'><name>vm</name><memory>65536</memory><os><type>hvm</type></os>"
                  f"<devices>{device}</devices></domain>")
        pathlib.Path(self.dir, "vm.xml").write_text(domain)
        pathlib.Path(self.dir, "node.xml").write_text("<node><domain file='vm.xml'/></node>")
        if shutil.which("virt-xml-validate"):
            done = subprocess.run(["virt-xml-validate", os.path.join(self.dir, "vm.xml"), "domain"], capture_output=True,
                                  text=True, timeout=20)
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        done = subprocess.run([ESPELHO, "snapshot", "--domain=vm", f"--libvirtUri=test://{self.dir}/node.xml", "--timeout=0.3",
                               "/nonexistent.png"], capture_output=True, text=True, timeout=20,
                              env=dict(os.environ, HOME=self.dir, XDG_CONFIG_HOME=self.dir))
        if "libvirt.so" in done.stderr:
            self.skipTest("libvirt is not installed")
        self.assertIn(f"unix:{self.path}", done.stderr)
        self.assertIn(" came: process ", self.said())

    # ---- restarts ----

    def test_server_restart_without_systemd(self):
        server = self.server("--size=1M")
        a, b = self.peer(), self.peer()
        a.hear_until(lambda: len(a.peers.get(b.own_id, [])) == 2)
        server.kill()
        server.wait()
        for p in (a, b):
            with self.assertRaises((EOFError, ConnectionResetError)):
                p.sock.settimeout(5)
                p.number()
        self.server("--size=1M")  # the socket that was left is no hindrance
        ring(a.peers[b.own_id][1])
        self.assertEqual(rung(b.bells[1]), 1)
        with mmap.mmap(a.memory, MIB) as ma, mmap.mmap(b.memory, MIB) as mb:
            ma[:4] = b"live"
            self.assertEqual(mb[:4], b"live")
        c = self.peer()
        self.assertEqual(c.peers, {})
        self.assertNotEqual(os.fstat(c.memory).st_ino, os.fstat(a.memory).st_ino)
        self.assertIn("a VM that runs already is not on it until it is shut down and started again", self.said())

    def test_server_restart_with_systemd_s_store(self):
        manager = Manager(self)
        first = manager.start()
        a, b, leaves = self.peer(), self.peer(), self.peer()
        a.hear_until(lambda: len(a.peers) == 2 and all(len(v) == 2 for v in a.peers.values()))
        with mmap.mmap(a.memory, MIB) as memory:
            memory[:4] = b"kept"
        manager.hear_until(lambda: len(manager.store) == 1 + 3 * 3)
        first.kill()
        first.wait()
        left_id = leaves.own_id
        leaves.close()
        manager.drop_hung_up()
        late = raw(self.path)  # waits in the socket's queue until there is a server again
        self.open.append(late)
        second = manager.start("--vectors=3", "--size=2M")
        manager.hear_until(lambda: manager.ready == 2)
        a.hear_until(lambda: left_id not in a.peers)
        late.settimeout(5)
        self.assertEqual(struct.unpack("<q", late.recv(8))[0], 0)
        late.close()
        c = self.peer(3)
        self.assertEqual(sorted(c.peers), sorted([a.own_id, b.own_id]))
        self.assertNotIn(c.own_id, (a.own_id, b.own_id, left_id))
        with mmap.mmap(c.memory, MIB) as memory:
            self.assertEqual(memory[:4], b"kept")
        ring(c.peers[b.own_id][1])
        self.assertEqual(rung(b.bells[1]), 1)
        a.hear_until(lambda: len(a.peers.get(c.own_id, [])) == 3)
        ring(a.peers[c.own_id][2])
        self.assertEqual(rung(c.bells[2]), 1)
        self.assertIn("the memory stays at 1 MiB", self.said())
        # What leaves is forgotten, and nothing else.
        names = set(manager.store)
        c.close()
        manager.hear_until(lambda: f"peer-{c.own_id}" not in manager.store)
        manager.hear_until(lambda: {n for n in manager.store if n.endswith(f"-{c.own_id}") or f"-{c.own_id}-" in n} == set())
        self.assertTrue({"memory", f"peer-{a.own_id}", f"bell-{b.own_id}-1"} <= set(manager.store) <= names)
        second.terminate()
        self.assertEqual(second.wait(10), 0)
        a.sock.settimeout(0.1)
        with self.assertRaises(TimeoutError):  # it is the store's to end it
            while True:
                a.number()
        manager.close()
        with self.assertRaises((EOFError, ConnectionResetError)):
            a.sock.settimeout(5)
            while True:
                a.number()

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd-socket-activate is not installed")
    def test_socket_activation(self):
        activator = subprocess.Popen(["systemd-socket-activate", "-l", self.path, SERVER, "--size=1M"],
                                     stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.started.append(activator)
        self.wait_for(lambda: os.path.exists(self.path) and "Listening on" in self.said())
        p = self.peer()  # connects before there is a server
        self.assertEqual(os.fstat(p.memory).st_size, MIB)
        self.assertIn("the socket of systemd", self.said())
        activator.terminate()
        self.assertEqual(activator.wait(10), 0)
        self.assertTrue(os.path.exists(self.path))  # systemd's to remove

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_s_units(self):
        """As installed, but with the program of this build: systemd finds nothing wrong, and little that the service may do."""
        built = pathlib.Path(SERVER).parent / "shm_server" / "espelho-shm@.service"
        text, found = re.subn(r"^ExecStart=\S+", f"ExecStart={SERVER}", built.read_text(), flags=re.M)
        self.assertEqual(found, 1)
        self.assertNotIn("@ESPELHO", text)
        service = os.path.join(self.dir, "espelho-shm@vm.service")
        pathlib.Path(service).write_text(text)
        shutil.copy(f"{SOURCE}/client/shm_server/systemd/espelho-shm@.socket", os.path.join(self.dir, "espelho-shm@vm.socket"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", service, service.replace(".service", ".socket")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=10", service],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)  # at most 1.0 of 10

    # ---- figures ----

    def test_soak(self):
        connects = int(os.environ.get("ESPELHO_SOAK_CONNECTS", "1500"))
        server = self.server("--size=1M")
        steady, ids = self.peer(), set()

        def resident_kib():
            with open(f"/proc/{server.pid}/status") as f:
                return int(next(line for line in f if line.startswith("VmRSS")).split()[1])

        files = None
        for i in range(connects):
            p = Peer(self.path)
            if i % 3 == 0:  # reads nothing at all
                p.close()
            else:
                p.greet(2)
                ids.add(p.own_id)
                if i % 3 == 1:
                    ring(p.peers[steady.own_id][0])
                p.close()
            while not steady.quiet(0):
                steady.hear()
            if i == connects // 3:
                files, resident = self.files_of(server), resident_kib()
        self.assertGreater(rung(steady.bells[0]), connects // 3 - 1)
        self.wait_for(lambda: self.files_of(server) <= files)
        steady.hear_until(lambda: not steady.peers, 20)
        sanitized = "san.so" in pathlib.Path(f"/proc/{server.pid}/maps").read_text()  # they keep what was freed
        self.assertLessEqual(resident_kib(), resident + (600 if not sanitized else 1 << 20))  # the table of ids, filled once
        self.assertGreater(len(ids), min(connects, 60000) // 2)
        print(f"{connects} connects: {self.files_of(server)} files, resident {resident} -> {resident_kib()} KiB")


class Manager:
    """systemd's part in the life of a service: hands over the socket and what was stored, listens to what is said."""

    def __init__(self, test):
        self.test, self.store, self.ready = test, {}, 0
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(os.path.join(test.dir, "notify"))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(test.path)
        self.listener.listen()
        test.open.append(self)

    def start(self, *options):
        """LISTEN_FDS: the socket first, then the store, from descriptor 3 on."""
        fds = [self.listener.fileno(), *self.store.values()]
        names = ["espelho-shm@vm.socket", *self.store]
        safe = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in fds]

        def place():
            for i, fd in enumerate(safe):
                os.dup2(fd, 3 + i)
            os.environ["LISTEN_PID"] = str(os.getpid())

        env = dict(os.environ, NOTIFY_SOCKET=self.notify.getsockname(), LISTEN_FDS=str(len(fds)),
                   LISTEN_FDNAMES=":".join(names))
        # LISTEN_PID is known in the child only: a shell sets it and becomes the server.
        process = subprocess.Popen(["sh", "-c", f'LISTEN_PID=$$ exec {SERVER} --size=1M "$@"', "sh", *options], env=env,
                                   preexec_fn=place, pass_fds=range(3, 3 + len(fds)), stdin=subprocess.DEVNULL,
                                   stdout=self.test.log, stderr=self.test.log)
        for fd in safe:
            os.close(fd)
        self.test.started.append(process)
        return process

    def hear(self):
        data, fds, _, _ = socket.recv_fds(self.notify, 4096, 4)
        words = dict(line.split("=", 1) for line in data.decode().splitlines())
        self.ready += words.get("READY") == "1"
        if words.get("FDSTORE") == "1":
            assert len(fds) == 1 and words["FDNAME"] not in self.store, words
            self.store[words["FDNAME"]] = fds[0]
        elif words.get("FDSTOREREMOVE") == "1" and words["FDNAME"] in self.store:
            os.close(self.store.pop(words["FDNAME"]))

    def hear_until(self, condition):
        self.notify.settimeout(10)
        while not condition():
            self.hear()

    def drop_hung_up(self):
        """As systemd does with what hangs up while nobody else holds it."""
        for name, fd in list(self.store.items()):
            if name.startswith("peer-"):
                poll = select.poll()
                poll.register(fd, select.POLLHUP)
                if poll.poll(0):
                    os.close(self.store.pop(name))

    def close(self):
        for fd in self.store.values():
            os.close(fd)
        self.store = {}
        self.notify.close()
        self.listener.close()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
