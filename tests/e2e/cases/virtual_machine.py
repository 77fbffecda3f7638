# SPDX-License-Identifier: GPL-2.0-or-later
"""A real guest writes through its ivshmem PCI device; viewers outside show it. One boot for all."""
from cases.pictures import HEIGHT, WIDTH, judgement
from harness.card import FORMATS, Card
from harness.case import case
from harness.machine import Machine

REGION_BYTES = 16 << 20


@case("vm.frames", labels=("e2e-qemu",), timeout_s=600)
def frames(rig):
    region = rig.region()
    screens = [rig.screen("weston", WIDTH, HEIGHT), rig.screen("sway", WIDTH, HEIGHT)]
    machine = rig.keep(Machine(rig, region, REGION_BYTES))
    for screen, renderer in zip(screens, ("shm", "egl")):  # while the VM is still booting
        screen.view(region, renderer, "win.noUpscale=yes")
    machine.wait_boot()
    machine.tell("start", "ready")

    def all_must_show(card, *options):
        for screen in screens:
            screen.must_show(card, *judgement(screen.compositor, card.format), *options)

    for format in FORMATS:
        for rotation in (0, 1):
            all_must_show(machine.publish(Card.upright(WIDTH, HEIGHT, format, rotation)))
    machine.tell("pointer monochrome 100 90")
    card = machine.publish(Card.upright(640, 400, "bgra", 2, "scroll"), 5)  # another mode
    all_must_show(card, "--pointer", "monochrome,100,90")
    machine.tell("kill")
    for screen in screens:
        screen.must_wait_calmly(f"killed-{screen.compositor.program}")
    machine.tell("start", "ready")
    all_must_show(machine.publish(Card.upright(WIDTH, HEIGHT, "rgb24", 3)))
    for screen in screens:
        screen.viewer.finish()
    machine.send("off")
