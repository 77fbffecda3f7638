# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine with an ivshmem device: Debian's kernel, busybox, the puppet; emulated."""
import gzip
import os
import select
import shutil
import subprocess
import time

from .process import Failure, Process

BOOT_S = 180  # 7 s on an idle machine


def make_initramfs(directory, puppet, init):
    root = os.path.join(directory, "initramfs")
    os.makedirs(os.path.join(root, "bin"))
    busybox = shutil.which("busybox")  # the static one: the guest has no libraries
    for source, name in ((busybox, "bin/busybox"), (puppet, "puppet"), (init, "init")):
        shutil.copy(source, os.path.join(root, name))
        os.chmod(os.path.join(root, name), 0o755)
    names = b".\nbin\nbin/busybox\npuppet\ninit\n"
    argv = ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"]
    archive = subprocess.run(argv, input=names, cwd=root, capture_output=True, check=True).stdout
    path = os.path.join(directory, "initramfs.gz")
    with gzip.open(path, "wb", compresslevel=1) as f:
        f.write(archive)
    return path


def guest_kernel(source):
    argv = [os.path.join(source, "scripts", "guest-kernel")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"no kernel for the guest: {done.stderr}")
    return done.stdout.strip()


class Machine(Process):
    """Answers like a Puppet: tell(), publish(), more()."""

    def __init__(self, rig, region, region_bytes):
        source = rig.tools.source
        init = os.path.join(source, "tests", "e2e", "guest", "init")
        memory = f"memory-backend-file,id=iv,share=on,mem-path={region},size={region_bytes}"
        # -accel tcg and nothing else: where /dev/kvm exists but does not work, QEMU would hang.
        argv = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "max"]
        argv += ["-m", "512", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"]
        argv += ["-kernel", guest_kernel(source), "-append", "console=ttyS0 loglevel=1 panic=-1"]
        argv += ["-initrd", make_initramfs(rig.directory, rig.tools.guest_puppet, init)]
        argv += ["-object", memory, "-device", "ivshmem-plain,memdev=iv"]
        pipe = subprocess.PIPE
        super().__init__("machine", argv, rig.directory, stdin=pipe, stdout=pipe)
        self.unread = b""

    def expect_line(self, start, seconds):
        """Skips what the firmware and the kernel say."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self.unread:
                line, self.unread = self.unread.split(b"\n", 1)
                text = line.decode(errors="replace").strip()
                with open(self.log_path, "a", encoding="utf-8") as log:
                    log.write(text + "\n")
                if text.startswith("error"):
                    raise Failure(f"machine: {text}")
                if text.startswith(start):
                    return text
            patience_s = max(0, deadline - time.monotonic())
            ready, _, _ = select.select([self.popen.stdout], [], [], patience_s)
            got = os.read(self.popen.stdout.fileno(), 4096) if ready else b""
            if not got:
                raise Failure(f"machine: no '{start}' within {seconds} s")
            self.unread += got

    def wait_boot(self):
        self.expect_line("guest up", BOOT_S)

    def send(self, command):
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()

    def tell(self, command, answer="ok", seconds=60):
        self.send(command)
        return self.expect_line(answer, seconds)

    def publish(self, card, count=2, hz=60):
        self.tell(card.command())
        return self.more(card, count, hz)

    def more(self, card, count=2, hz=60):
        return card.at(int(self.tell(f"frames {count} {hz}").split()[1]))
