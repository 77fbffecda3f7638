#!/usr/bin/env -S python3 -I -S
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel behind a tree of sysfs files, in the place of `tee`: what is written to a file changes the tree as it would change a
machine, and is refused where the kernel refuses it. The hook scripts write by `tee` alone."""
import os
import sys

# ESPELHO_TEST_BUSY: a path that the kernel refuses; ESPELHO_TEST_FREE_PAGES: so many huge pages can be had; ESPELHO_TEST_LOST: what is
# removed from the bus is not found again.


def driver_link(device):
    return os.path.join(device, "driver")


def probe(root, address):
    device = os.path.realpath(f"{root}/sys/bus/pci/devices/{address}")
    override = read(os.path.join(device, "driver_override"))
    driver = override or read(os.path.join(device, "native"))
    if os.path.lexists(driver_link(device)):
        sys.exit("probed while bound")
    if driver == "vfio-pci" and not os.path.isdir(f"{root}/sys/module/vfio_pci"):
        return  # the module was not loaded: no driver takes it
    if driver:
        os.symlink(f"../../../../../../bus/pci/drivers/{driver}", driver_link(device))


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as f:
        return f.read().strip()


def write(path, value):
    with open(path, "w", encoding="utf-8") as f:
        f.write(value + "\n")


def resize(device, number, exponent):
    """The line of `resource` tells the new size."""
    path = os.path.join(device, "resource")
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()
    start, _, flags = lines[number].split()
    lines[number] = f"{start} 0x{int(start, 16) + (1 << 20 + exponent) - 1:016x} {flags}\n"
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(lines)


def removed(root):
    return f"{root}/removed"


def pci(root, path, name, value):
    parts = path.split("/")
    if name == "drivers_probe":
        probe(root, value)
    elif name == "rescan":
        os.makedirs(removed(root), exist_ok=True)
        for address in os.listdir(removed(root)) if "ESPELHO_TEST_LOST" not in os.environ else ():
            os.rename(f"{removed(root)}/{address}", f"{root}/sys/bus/pci/devices/{address}")
            probe(root, address)
    elif name == "unbind":
        link = f"{root}/sys/bus/pci/devices/{value}/driver"
        if not os.path.islink(link):
            sys.exit("unbind: No such device")
        os.remove(link)
    elif name == "remove":
        os.makedirs(removed(root), exist_ok=True)
        device = f"{root}/sys/bus/pci/devices/{parts[-2]}"
        if os.path.lexists(driver_link(os.path.realpath(device))):
            os.remove(driver_link(os.path.realpath(device)))
        os.rename(device, f"{removed(root)}/{parts[-2]}")
    elif name.endswith("_resize"):
        device = os.path.realpath(os.path.dirname(path))
        if os.path.lexists(driver_link(device)):
            sys.exit("resize: Device or resource busy")
        resize(device, int(name[len("resource"):-len("_resize")]), int(value))
    else:
        write(path, value)


def main():
    path, value = sys.argv[1], sys.stdin.read().strip()
    root = os.environ["ESPELHO_HOOK_ROOT"]
    if not path.startswith(root + "/"):
        sys.exit(f"{path}: outside of the tree")
    name = os.path.basename(path)
    with open(f"{root}/written.log", "a", encoding="utf-8") as f:
        f.write(f"{path[len(root):]} {value}\n")
    busy = os.environ.get("ESPELHO_TEST_BUSY")
    if busy and path[len(root):] == busy:
        sys.exit("tee: Device or resource busy")
    if "/bus/pci/" in path:
        pci(root, path, name, value)
    elif name == "nr_hugepages":
        count = min(int(value), int(os.environ.get("ESPELHO_TEST_FREE_PAGES", "1000000")))
        used = int(read(path)) - int(read(path.replace("nr_", "free_")))
        write(path, str(count))
        write(path.replace("nr_", "free_"), str(count - used))
    elif not os.path.exists(path):
        sys.exit(f"tee: {path}: No such file")
    else:
        write(path, value)


main()
