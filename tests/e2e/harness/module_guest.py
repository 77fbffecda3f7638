# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine that checks the kernel module: tests/module/guest/init is all that runs in it."""
import gzip
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass

from .initramfs import module_files, put_module
from .ivshmem_server import IvshmemServer
from .process import Failure, Process

PROGRAMS = ("bell", "control", "dmabuf", "faults", "ioctl", "lazy", "node", "pci", "qemu", "region")
PLAIN_BYTES = 8 << 20  # tests/module/guest/check_node.c
BELL_BYTES = 4 << 20
VECTORS = 4
PEER_VECTOR, GUEST_VECTOR = 1, 2  # peers_outside of tests/module/guest/check_bell.c
QUIET_S = 600  # the longest that one check may take; 20 s where nothing but it runs, more in a debugging kernel


@dataclass(frozen=True)
class Kernel:
    """What scripts/module-kernel and scripts/module-check leave."""

    image: str
    root: str  # above its lib/modules; None: nothing is to be loaded
    release: str
    module: str  # kvmfr.ko
    kunit: str = None

    @staticmethod
    def is_there(rig, name):
        return os.path.exists(os.path.join(rig.tools.source, "build", "kernel", name, "module", "kvmfr.ko"))

    @staticmethod
    def of(rig, name):
        here = os.path.join(rig.tools.source, "build", "kernel", name)
        try:
            with open(os.path.join(here, "release"), encoding="ascii") as f:
                release = f.read().strip()
        except FileNotFoundError:
            raise Failure(f"no kernel {name}: scripts/module-kernel gets it") from None
        root = os.path.join(here, "root") if os.path.isdir(os.path.join(here, "root", "lib", "modules", release)) else None
        kunit = os.path.join(here, "module", "kvmfr_kunit.ko")
        return Kernel(os.path.join(here, "vmlinuz"), root, release, os.path.join(here, "module", "kvmfr.ko"),
                      kunit if os.path.exists(kunit) else None)


def pack(rig, kernel, modules, peer):
    """The initramfs: busybox, init, the programs, the kernel's modules in order, ours."""
    top = os.path.join(rig.directory, "initramfs")
    for folder in ("bin", "modules", "checks"):
        os.makedirs(os.path.join(top, folder))
    guest = os.path.join(rig.tools.source, "tests", "module", "guest")
    built = os.path.join(rig.tools.build, "tests", "module")
    sources = {"bin/busybox": shutil.which("busybox"), "init": os.path.join(guest, "init"), "kvmfr.ko": kernel.module,
               "70-kvmfr.rules": os.path.join(rig.tools.source, "kvmfr-module", "70-kvmfr.rules")}
    sources.update((f"checks/{name}", os.path.join(built, f"check_{name}")) for name in PROGRAMS)
    if kernel.kunit:
        sources["kvmfr_kunit.ko"] = kernel.kunit
    for name, source in sources.items():
        shutil.copy(source, os.path.join(top, name))
        os.chmod(os.path.join(top, name), 0o755)
    folder = os.path.join(top, "modules")
    paths = module_files(f"vmlinuz-{kernel.release}", kernel.root, modules) if kernel.root else []
    order = [put_module(path, folder) for path in paths]
    for name, text in (("modules/order", "".join(f"{name}\n" for name in order)), ("checks/peer", f"{peer}\n")):
        with open(os.path.join(top, name), "w", encoding="ascii") as f:
            f.write(text)
    names = ["bin", "modules", "checks", "checks/peer", *sources, "modules/order", *(f"modules/{name}" for name in order)]
    packed = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], input="\n".join(names).encode(), cwd=top,
                            capture_output=True, check=True).stdout
    path = os.path.join(rig.directory, "initramfs.gz")
    with gzip.open(path, "wb", compresslevel=1) as f:
        f.write(packed)
    return path


class ModuleGuest(Process):
    def __init__(self, rig, kernel, checks, memory_mib=640):
        """checks: "full" or "essential"."""
        region = os.path.join(rig.directory, "plain")
        with open(region, "wb") as f:
            f.truncate(PLAIN_BYTES)
        self.server = IvshmemServer(os.path.join(rig.directory, "bells"), BELL_BYTES, VECTORS)
        modules = ("vgem", "virtio_pci", "9p", "9pnet_virtio") if kernel.root else ()
        initrd = pack(rig, kernel, modules, self.server.own_id)
        argv = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "max", "-smp", "2", "-m", str(memory_mib)]
        argv += ["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel.image, "-initrd", initrd]
        argv += ["-append", f"console=ttyS0 loglevel=1 panic=-1 checks={checks}"]
        argv += ["-object", f"memory-backend-file,id=iv,share=on,mem-path={region},size={PLAIN_BYTES}"]
        argv += ["-device", "ivshmem-plain,memdev=iv"]
        argv += ["-chardev", f"socket,path={rig.directory}/bells,id=bells"]
        argv += ["-device", f"ivshmem-doorbell,vectors={VECTORS},chardev=bells"]
        argv += ["-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"]
        super().__init__(f"guest-{kernel.release}", argv, rig.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.unread = b""
        self.results = {}

    def answer(self, peer):
        """The guest rang: says so in the memory, and rings back."""
        ready, _, _ = select.select([self.server.own_event(PEER_VECTOR)], [], [], QUIET_S)
        if not ready:
            raise Failure(f"{self.name}: the guest said that it rings, and did not")
        os.eventfd_read(self.server.own_event(PEER_VECTOR))
        word = self.server.memory[0:4]
        self.server.memory[4:8] = word
        self.server.ring(peer, GUEST_VECTOR)

    def take_line(self, line):
        """True: that was the last one."""
        words = line.split(" ")
        if line.startswith("please answer "):
            self.answer(int(words[2]))
        elif words[0] == "check" and words[-1].isdigit():
            self.results[" ".join(words[1:-1])] = int(words[-1])
        elif words[0] == "module" and words[-1] == "failed":
            raise Failure(f"{self.name}: {line}")
        return line == "guest done"

    def run(self):
        """Until all checks are done. Returns {name: exit status}."""
        quiet_since = time.monotonic()
        while True:
            ready, _, _ = select.select([self.popen.stdout], [], [], QUIET_S)
            got = os.read(self.popen.stdout.fileno(), 65536) if ready else b""
            if not got:
                raise Failure(f"{self.name}: nothing more after {time.monotonic() - quiet_since:.0f} s; the end of its log:\n"
                              + self.log()[-3000:])
            quiet_since = time.monotonic()
            *whole, self.unread = (self.unread + got).split(b"\n")
            with open(self.log_path, "a", encoding="utf-8") as log:
                for line in whole:
                    text = line.decode(errors="replace").strip()
                    log.write(text + "\n")
                    log.flush()
                    if self.take_line(text):
                        return self.results

    def close(self):
        self.server.close()
