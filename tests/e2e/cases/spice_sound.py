# SPDX-License-Identifier: GPL-2.0-or-later
"""From the guest's sound card to PipeWire's sink, and from a PipeWire source to the guest's recorder."""
import os

from harness.audio import Sound
from harness.case import case
from harness.desk import Desk, must_be
from harness.machine import UUID
from harness.process import Failure

ESCAPE, KEY_E = 70, 18  # Scroll Lock


def guest_plays(desk, sound, hz, seconds, what):
    recording = sound.record()
    desk.machine.send(f"play {hz} {seconds}")
    desk.machine.expect_line("played", 60)
    heard = sound.finish(recording)
    told = f"{what}: {heard.hz():.1f} Hz for {heard.seconds():.2f} s, peak {heard.peak}, gaps {heard.gaps()}"
    print(told)
    # A stream takes a moment to begin, on a busy machine half a second. The emulated processor may be late by itself.
    if abs(heard.hz() - hz) > hz / 100 or not -0.7 < heard.seconds() - seconds < 0.3 or not 6000 < heard.peak < 14000:
        raise Failure(f"{told} where {hz} Hz for {seconds} s was due")
    if sum(heard.gaps()) > 0.1:
        raise Failure(f"{told}: it is interrupted")


def guest_hears(desk, seconds):
    """(Hz, peak, frames, clean frames)"""
    desk.machine.send(f"hear {seconds}")
    words = desk.machine.expect_line("recorded", 60).split()
    print(" ".join(words))
    return float(words[1]), int(words[2]), int(words[3]), int(words[4])


def speak_to_guest(desk, sound, hz):
    """PipeWire's processes and the emulated machine are late at times: half of the tone must be there in whole waves."""
    voice = sound.speak(hz, 8)
    got, peak, frames, clean = guest_hears(desk, 4)
    voice.terminate()
    if abs(got - hz) > hz / 100 or not 5000 < peak < 14000 or clean < frames / 2:
        raise Failure(f"{hz} Hz into the microphone: the guest heard {got} Hz, peak {peak}, {clean} of {frames} frames of it")


def must_hear_nothing(desk, sound, what):
    voice = sound.speak(700, 4)
    must_be(f"peak {what}", guest_hears(desk, 2)[1], 0)
    voice.terminate()


def ask_once(desk, sound):
    """Without an answer the guest hears silence. The answer is kept for this VM."""
    desk.view("app.source=spice", channels=("main", "record"))
    must_hear_nothing(desk, sound, "without an answer")
    desk.screen.viewer.wait_log("wants to use the microphone")
    for code, down in ((ESCAPE, True), (KEY_E, True), (KEY_E, False), (ESCAPE, False)):
        desk.injector.key(code, down)
    speak_to_guest(desk, sound, 700)
    with open(os.path.join(desk.rig.directory, "state", "espelho", "microphone"), encoding="ascii") as f:
        must_be("what is remembered", f.read(), f"allow {UUID}\n")
    viewer = desk.view("app.source=spice", channels=("main", "record"))
    speak_to_guest(desk, sound, 900)
    if "wants to use the microphone" in viewer.log():
        raise Failure("it asks again")


@case("spice.sound", labels=("e2e-qemu",), timeout_s=240)
def everything(rig):
    desk = Desk(rig, agent=None)
    machine = desk.boot()
    desk.inject()
    sound = Sound(rig)
    desk.screen.extra_env = dict(sound.remote(), XDG_STATE_HOME=os.path.join(rig.directory, "state"))
    machine.wait_boot()
    desk.view("app.source=spice", "audio.microphone=allow", channels=("main", "playback", "record"))
    guest_plays(desk, sound, 440, 3, "first tone")
    guest_plays(desk, sound, 1000, 1, "second tone")
    desk.screen.viewer.wait_log("sound comes as Opus")
    speak_to_guest(desk, sound, 700)
    sound.stop()
    machine.send("play 500 1")  # nobody listens
    machine.expect_line("played", 60)
    sound.start()
    desk.screen.viewer.wait_log("PipeWire is there")  # said after an absence only
    guest_plays(desk, sound, 600, 2, "after PipeWire's restart")
    desk.view("app.source=spice", "audio.microphone=deny", "audio.latency=30", channels=("main", "playback"))
    must_hear_nothing(desk, sound, "without permission")
    guest_plays(desk, sound, 440, 2, "with a fixed latency")
    ask_once(desk, sound)
    desk.screen.viewer.finish()
    machine.send("off")
