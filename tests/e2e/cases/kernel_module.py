# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel module in guests of three kernels; scripts/module-check has built it for each. One boot for all checks of a kernel."""
from harness.case import add
from harness.module_guest import Kernel, ModuleGuest
from harness.process import Failure, Skipped

# What must have been checked at least, beside the programs' own cases: fewer lines would mean that the guest's script broke off.
EVERYWHERE = ("parameters.static_size_mb=0", "load_loop.static_size_mb=4,4", "node.mapping_edges", "ioctl.every_code",
              "ioctl.callers_of_32_bit", "dmabuf.outlives_a_removed_device", "dmabuf.import_by_another_driver",
              "pci.unbind_under_a_buffer", "bell.peers_outside", "region.rings_a_peer_outside", "control.only_for_root",
              "lazy.first_open", "unload", "no_complaints")
FULL = ("qemu",)
DEBUG = ("faults.create_buffer", "faults.bind_device", "kunit", "no_leaks")  # what other kernels have not


def judge(results, must):
    failed = sorted(name for name, status in results.items() if status not in (0, 77))
    skipped = sorted(name for name, status in results.items() if status == 77)
    absent = [name for name in must if results.get(name) != 0]
    print(f"{len(results) - len(failed) - len(skipped)} checks passed, {len(failed)} failed, {len(skipped)} skipped: {skipped}")
    if failed or absent:
        raise Failure(f"failed: {failed}; not seen or skipped: {absent}")


def checks(kernel, scope, must, memory_mib):
    def run(rig):
        if kernel == "newest" and not Kernel.is_there(rig, kernel):
            raise Skipped("scripts/module-check did not get this kernel; it says why")
        guest = rig.keep(ModuleGuest(rig, Kernel.of(rig, kernel), scope, memory_mib))
        try:
            results = guest.run()
        finally:
            guest.close()
        judge(results, must)
    return run


for NAME, SCOPE, MUST in (("6.1", "essential", EVERYWHERE), ("6.12", "full", EVERYWHERE + FULL),
                          ("newest", "essential", EVERYWHERE)):
    add(f"module.{NAME}", checks(NAME, SCOPE, MUST, 640), timeout_s=400, labels=("module",))
# Not of CI: scripts/module-debug builds that kernel.
add("module.debug", checks("debug", "full", EVERYWHERE + FULL + DEBUG, 1536), timeout_s=1500, labels=("module-debug",))
