# SPDX-License-Identifier: GPL-2.0-or-later
"""From the guest's sound card to PipeWire's sink, and from a PipeWire source to the guest's recorder."""
from harness.audio import Sound
from harness.case import case
from harness.desk import Desk, must_be
from harness.process import Failure


def guest_plays(desk, sound, hz, seconds, what):
    recording = sound.record()
    desk.machine.send(f"play {hz} {seconds}")
    desk.machine.expect_line("played", 60)
    heard = sound.finish(recording)
    told = f"{what}: {heard.hz():.1f} Hz for {heard.seconds():.2f} s, peak {heard.peak}, gaps {heard.gaps()}"
    print(told)
    # The emulated processor is slow at times: the guest itself may be late by a little.
    if abs(heard.hz() - hz) > hz / 100 or abs(heard.seconds() - seconds) > 0.3 or not 6000 < heard.peak < 14000:
        raise Failure(f"{told} where {hz} Hz for {seconds} s was due")
    if sum(heard.gaps()) > 0.1:
        raise Failure(f"{told}: it is interrupted")


def guest_hears(desk, seconds):
    """(Hz, peak, frames, loud frames)"""
    desk.machine.send(f"hear {seconds}")
    words = desk.machine.expect_line("recorded", 60).split()
    print(" ".join(words))
    return float(words[1]), int(words[2]), int(words[3]), int(words[4])


def speak_to_guest(desk, sound, hz):
    voice = sound.speak(hz, 8)
    got, peak, _, loud = guest_hears(desk, 4)
    voice.terminate()
    if abs(got - hz) > hz / 100 or not 5000 < peak < 12000 or loud < 2 * 48000:
        raise Failure(f"{hz} Hz into the microphone: the guest heard {got} Hz, peak {peak}, {loud} frames of it")


@case("spice.sound", labels=("e2e-qemu",), timeout_s=240)
def everything(rig):
    desk = Desk(rig, agent=None)
    machine = desk.boot()
    sound = Sound(rig)
    desk.screen.extra_env = sound.remote()
    machine.wait_boot()
    desk.view("app.source=spice", "audio.microphone=allow", channels=("main", "playback", "record"))
    guest_plays(desk, sound, 440, 3, "first tone")
    guest_plays(desk, sound, 1000, 1, "second tone")
    speak_to_guest(desk, sound, 700)
    sound.stop()
    machine.send("play 500 1")  # nobody listens
    machine.expect_line("played", 60)
    desk.screen.viewer.must_live()
    sound.start()
    guest_plays(desk, sound, 600, 2, "after PipeWire's restart")
    desk.view("app.source=spice", "audio.microphone=deny", "audio.latency=30", channels=("main", "playback"))
    voice = sound.speak(700, 4)
    must_be("peak without permission", guest_hears(desk, 2)[1], 0)
    voice.terminate()
    guest_plays(desk, sound, 440, 2, "with a fixed latency")
    desk.screen.viewer.finish()
    machine.send("off")
