# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with a whole Debian in it, in which cases run as they do outside: where the kernel has what this machine's has not."""
import gzip
import os
import shutil
import subprocess
import time

from .initramfs import module_files, put_module
from .process import Failure, Process

MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
LATER = ("vgem", "bochs")  # for cases that want a graphics device
# Without AVX and what comes with it: with them, software OpenGL (Mesa 25, emulated by QEMU 7.2) drew some pixels wrong; without,
# none. Which of the two is at fault was not looked for.
CPU = "max,avx=off,avx2=off,f16c=off,fma=off"


def guest_root(source):
    """(root file system, kernel, folder above its lib/modules); made if need be."""
    argv = [os.path.join(source, "scripts", "guest-root")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"no root file system for the guest: {done.stderr}")
    return tuple(done.stdout.splitlines()[-3:])


def pack(rig, kernel, modules_root):
    top = os.path.join(rig.directory, "initramfs")
    folder = os.path.join(top, "modules")
    os.makedirs(folder)
    os.makedirs(os.path.join(top, "bin"))
    shutil.copy(shutil.which("busybox"), os.path.join(top, "bin", "busybox"))
    shutil.copy(os.path.join(rig.tools.source, "tests", "e2e", "guest", "init_root"), os.path.join(top, "init"))
    os.chmod(os.path.join(top, "init"), 0o755)
    order = [put_module(path, folder) for path in module_files(kernel, modules_root, MODULES)]
    with open(os.path.join(folder, "order"), "w", encoding="ascii") as f:
        f.writelines(f"{name}\n" for name in order)
    for later in LATER:
        names = [put_module(path, folder) for path in module_files(kernel, modules_root, (later,))]
        with open(os.path.join(folder, later), "w", encoding="ascii") as f:
            f.writelines(f"{name}\n" for name in names if name not in order)
    listed = subprocess.run(["find", ".", "-mindepth", "1"], cwd=top, capture_output=True, check=True).stdout
    argv = ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"]
    packed = subprocess.run(argv, input=listed, cwd=top, capture_output=True, check=True).stdout
    path = os.path.join(rig.directory, "initramfs.gz")
    with gzip.open(path, "wb", compresslevel=1) as f:
        f.write(packed)
    return path


class GuestRoot(Process):
    def __init__(self, rig, script, memory_mb=1536):
        root, kernel, modules_root = guest_root(rig.tools.source)
        self.out = os.path.join(rig.directory, "out")
        os.mkdir(self.out)
        with open(os.path.join(self.out, "run"), "w", encoding="utf-8") as f:
            f.write(script)
        share = "local,security_model=none,multidevs=remap"
        argv = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "q35", "-cpu", CPU, "-smp", "2", "-m", str(memory_mb)]
        argv += ["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-device", "bochs-display"]
        argv += ["-virtfs", f"{share},path={root},mount_tag=root,readonly=on"]
        argv += ["-virtfs", f"{share},path={rig.tools.source},mount_tag=source,readonly=on"]
        argv += ["-virtfs", f"{share},path={self.out},mount_tag=out"]
        argv += ["-kernel", kernel, "-initrd", pack(rig, kernel, modules_root)]
        argv += ["-append", f"console=ttyS0 quiet panic=-1 source={rig.tools.source}"]
        super().__init__("guest", argv, rig.directory)

    def wait_end(self, seconds):
        """The script's exit status and what it said."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                raise Failure(f"the guest is not done after {seconds} s; it said:\n{self.said()}")
            time.sleep(0.1)
        try:
            with open(os.path.join(self.out, "status"), encoding="ascii") as f:
                return int(f.read()), self.said()
        except FileNotFoundError:
            raise Failure(f"the guest ended before its script did; it said:\n{self.said()}") from None

    def said(self):
        try:
            with open(os.path.join(self.out, "log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return "nothing"
