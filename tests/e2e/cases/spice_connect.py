# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to the server: TLS, a password typed at a terminal, what libvirt says. One machine for all."""
import os
import pty
import subprocess

from harness.card import Card
from harness.case import case
from harness.desk import CHANNELS, HEIGHT, PATIENCE_S, WIDTH, Desk, must_be
from harness.machine import UUID, free_port
from harness.process import Failure, wait_until

KEYBOARD = "AT Translated Set 2 keyboard"
KEY_A = 30
PASSWORD = "hunter2"


def openssl(folder, *arguments):
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise Failure(f"openssl: {done.stderr}")


def make_certificates(folder):
    """The server's is for 127.0.0.1, signed by ca-cert.pem; other-cert.pem signed nothing."""
    os.mkdir(folder)
    for name in ("ca", "other"):
        openssl(folder, "-subj", f"/CN=espelho {name}", "-keyout", f"{name}-key.pem", "-out", f"{name}-cert.pem")
    openssl(folder, "-subj", "/O=Espelho/CN=a test", "-addext", "subjectAltName=IP:127.0.0.1", "-CA", "ca-cert.pem",
            "-CAkey", "ca-key.pem", "-keyout", "server-key.pem", "-out", "server-cert.pem")
    return folder


def must_type(desk, what):
    desk.wait_channels("main", "inputs")
    desk.screen.viewer.wait_log("committed")
    desk.machine.events(quiet_s=0.3)
    desk.injector.tap(KEY_A)
    must_be(f"keys {what}", desk.machine.keys(at_least=2), [(KEY_A, 1), (KEY_A, 0)])


def must_be_refused(desk, message, what):
    viewer = desk.screen.viewer
    viewer.wait_log(message)
    desk.screen.must_wait_calmly("refused")
    desk.machine.events(quiet_s=0.2)
    desk.injector.tap(KEY_A)
    must_be(f"keys {what}", desk.machine.keys(quiet_s=0.5), [])
    must_be(f"channels {what}", CHANNELS["inputs"] in desk.channels(), False)


def tls(desk):
    ca, other = (f"spice.caFile={desk.spice.x509}/{name}-cert.pem" for name in ("ca", "other"))
    ip, name = "spice.host=127.0.0.1", "spice.host=localhost"
    rows = ((None, (ca, ip)),
            (None, (ca, name, "spice.hostSubject=O=Espelho,CN=a test")),
            ("See spice:caFile", (other, ip)),
            ("See spice:caFile", (ip,)),  # the system knows no such authority
            ("spice:hostSubject", (ca, name)),  # the certificate has another name
            ("spice:hostSubject", (ca, ip, "spice.hostSubject=O=Espelho,CN=another")))
    for message, options in rows:
        what = f"over TLS with {options}"
        desk.screen.view(desk.region, "shm", "spice.port=0", f"spice.tlsPort={desk.spice.tls_port}", *options,
                         f"spice.password={PASSWORD}")
        if message:
            must_be_refused(desk, message, what)
        else:
            must_type(desk, what)
        desk.screen.viewer.finish()


def read_until(fd, wanted):
    os.set_blocking(fd, False)
    said = []

    def found():
        try:
            said.append(os.read(fd, 4096))
        except BlockingIOError:
            pass
        return wanted in b"".join(said)

    wait_until(found, PATIENCE_S, f"the terminal shows {wanted}")
    return b"".join(said)


def ask_password(desk):
    """At the terminal, without echo: once for all channels, and again after a wrong one."""
    ours, theirs = pty.openpty()
    where = ("spice.host=127.0.0.1", f"spice.port={desk.spice.port}", "app.source=spice")
    viewer = desk.screen.view(desk.region, "shm", *where, terminal=theirs)
    for typed in (b"tr0ub4dor", PASSWORD.encode()):
        read_until(ours, b"SPICE password: ")
        if CHANNELS["inputs"] in desk.channels():
            raise Failure("it is in without a password")
        os.write(ours, typed + b"\n")
    said = read_until(ours, b"\n")
    desk.wait_channels("main", "inputs", "display", "cursor")
    must_type(desk, "after a password was typed")
    desk.must_show_guest("password")
    for secret in ("tr0ub4dor", PASSWORD):
        if secret in viewer.log() or secret.encode() in said:
            raise Failure("the log or the terminal shows a password")
    viewer.finish()
    for fd in (ours, theirs):
        os.close(fd)


DOMAIN = """<domain type="test">
  <name>{name}</name><uuid>{uuid}</uuid><memory>65536</memory><os><type>hvm</type></os>
  <devices>
    <graphics type="spice" autoport="no" port="{port}" passwd="{password}"><listen type="address" address="127.0.0.1"/></graphics>
    <shmem name="{memory}"><model type="ivshmem-plain"/><size unit="M">16</size></shmem>
  </devices>
</domain>"""


def domain(desk):
    """libvirt's own test driver tells where SPICE and shared memory are, and the password."""
    folder = desk.rig.directory
    with open(os.path.join(folder, "domain.xml"), "w", encoding="ascii") as f:
        f.write(DOMAIN.format(name="espelho-domain", uuid=UUID, port=desk.spice.port, password=PASSWORD,
                              memory=os.path.basename(desk.region)))
    with open(os.path.join(folder, "node.xml"), "w", encoding="ascii") as f:
        f.write('<node><domain file="domain.xml"/></node>')
    uri = f"app.libvirtUri=test://{folder}/node.xml"
    desk.machine.tell("start", "ready")
    card = desk.machine.publish(Card.upright(WIDTH, HEIGHT))
    for name in ("espelho-domain", UUID):
        viewer = desk.screen.view(None, "shm", "--domain", name, uri)
        desk.screen.must_show(card)
        must_type(desk, f"of domain {name}")
        viewer.finish()
    viewer = desk.screen.view(None, "shm", "--domain", "nobody", uri)
    must_be("exit status for an unknown domain", viewer.popen.wait(PATIENCE_S) != 0, True)
    if "app.domain" not in viewer.log() or "nobody" not in viewer.log():
        raise Failure(f"an unknown domain: {viewer.log()}")


@case("spice.connect", labels=("e2e-qemu",), timeout_s=240)
def everything(rig):
    certificates = make_certificates(os.path.join(rig.directory, "certificates"))
    desk = Desk(rig, relay=True, sound=None, agent=None, pointer=None, socket=None, port=free_port(), tls_port=free_port(),
                x509=certificates, password=PASSWORD)
    machine = desk.boot()
    desk.inject()
    machine.wait_boot()
    machine.record(KEYBOARD)
    tls(desk)
    ask_password(desk)
    domain(desk)
    machine.send("off")
