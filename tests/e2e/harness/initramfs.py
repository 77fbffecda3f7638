# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's whole disk: busybox, the test programs, and the kernel modules that it is to load, in order."""
import gzip
import lzma
import os
import shutil
import subprocess

from .process import Failure

PROGRAMS = ("puppet", "evrecord", "agent", "tone")
MODULES = ("evdev", "psmouse", "usbhid", "hid-generic", "xhci_pci", "virtio_pci", "virtio_input", "virtio_console",
           "snd-hda-codec-generic", "snd-hda-intel")  # the codec first: without udev nothing loads it later


def guest_kernel(source):
    """(kernel, folder above its lib/modules)"""
    argv = [os.path.join(source, "scripts", "guest-kernel")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"no kernel for the guest: {done.stderr}")
    return tuple(done.stdout.splitlines()[-2:])


def module_files(kernel, root, names):
    """Paths of the modules and of those they need, each after what it needs."""
    version = os.path.basename(kernel).removeprefix("vmlinuz-")
    tool = shutil.which("modprobe", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not tool:
        raise Failure("modprobe is not here: package kmod")
    found = []
    for name in names:
        argv = [tool, "-d", root, "-S", version, "--show-depends", name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"kernel module {name}: {done.stderr}")
        for line in done.stdout.splitlines():
            words = line.split()
            if words[0] == "insmod" and words[1] not in found:  # others are part of the kernel
                found.append(words[1])
    return found


def put_module(path, folder):
    """Copies it, unpacked. Returns its name there."""
    name = os.path.basename(path).removesuffix(".xz")
    opened = lzma.open(path) if path.endswith(".xz") else open(path, "rb")
    with opened as module, open(os.path.join(folder, name), "wb") as copy:
        shutil.copyfileobj(module, copy)
    return name


def make_initramfs(rig, kernel, root, modules, built=()):
    """modules: the kernel's, by name. built: paths of others, loaded after them."""
    top = os.path.join(rig.directory, "initramfs")
    shutil.rmtree(top, ignore_errors=True)  # a machine before this one
    for folder in ("bin", "modules"):
        os.makedirs(os.path.join(top, folder))
    init = os.path.join(rig.tools.source, "tests", "e2e", "guest", "init")
    sources = {"bin/busybox": shutil.which("busybox"), "init": init}  # the static busybox
    sources.update((name, f"{rig.tools.guest}_{name}") for name in PROGRAMS)
    for name, source in sources.items():
        shutil.copy(source, os.path.join(top, name))
        os.chmod(os.path.join(top, name), 0o755)
    folder = os.path.join(top, "modules")
    order = [put_module(path, folder) for path in [*module_files(kernel, root, modules), *built]]
    with open(os.path.join(folder, "order"), "w", encoding="ascii") as f:
        f.writelines(f"{name}\n" for name in order)
    names = ["bin", "modules", *sources, "modules/order", *(f"modules/{name}" for name in order)]
    argv = ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"]
    packed = subprocess.run(argv, input="\n".join(names).encode(), cwd=top, capture_output=True, check=True).stdout
    path = os.path.join(rig.directory, "initramfs.gz")
    with gzip.open(path, "wb", compresslevel=1) as f:
        f.write(packed)
    return path
