# SPDX-License-Identifier: GPL-2.0-or-later
"""A PipeWire of the test's own, without D-Bus and devices: one sink, one virtual source. Tones into it and out of it."""
import array
import math
import os
import subprocess
import tempfile
import wave

from .compositor import clean_environment
from .process import Failure, Process, wait_until

RATE_HZ = 48000
CONFIG = """context.objects = [
  { factory = adapter args = { factory.name = support.null-audio-sink node.name = "test-sink" media.class = "Audio/Sink"
    audio.position = [ FL FR ] object.linger = true monitor.channel-volumes = true } }
  { factory = adapter args = { factory.name = support.null-audio-sink node.name = "test-source"
    media.class = "Audio/Source/Virtual" audio.position = [ FL FR ] object.linger = true } }
]
"""
# WirePlumber before 0.5 reads Lua, later ones SPA-JSON.
LUA = """alsa_monitor.enabled = false
v4l2_monitor.enabled = false
libcamera_monitor.enabled = false
default_access.properties["enable-flatpak-portal"] = false
"""
SPA = """wireplumber.profiles = { main = { monitor.alsa = disabled monitor.alsa-midi = disabled monitor.v4l2 = disabled
  monitor.libcamera = disabled monitor.bluez = disabled support.portal-permissionstore = disabled support.reserve-device = disabled
  hardware.bluetooth = disabled } }
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class Sound:
    """The running servers. `env` is what its clients need besides their own."""

    def __init__(self, rig):
        self.rig = rig
        self.directory = tempfile.mkdtemp(prefix="sound-", dir=rig.directory)
        config = os.path.join(self.directory, "config")
        write(f"{config}/pipewire/pipewire.conf.d/10-test.conf", CONFIG)
        write(f"{config}/wireplumber/main.lua.d/60-test.lua", LUA)
        write(f"{config}/wireplumber/bluetooth.lua.d/60-off.lua", "bluez_monitor.enabled = false\n")
        write(f"{config}/wireplumber/wireplumber.conf.d/60-test.conf", SPA)
        self.env = dict(clean_environment(), XDG_RUNTIME_DIR=self.directory, XDG_CONFIG_HOME=config)
        self.env.update(XDG_STATE_HOME=os.path.join(self.directory, "state"), HOME=self.directory)
        self.servers = []
        self.start()

    def start(self):
        for program, there in (("pipewire", self.socket_there), ("wireplumber", self.sink_is_default)):
            name = f"{program}{len(self.rig.processes)}"
            self.servers.append(self.rig.keep(Process(name, [program], self.directory, env=self.env)))
            wait_until(there, 30, f"{program} is ready")

    def stop(self):
        """Both servers go, as at a restart of the user's PipeWire."""
        while self.servers:
            self.servers.pop().terminate()

    def remote(self):
        """For a client whose XDG_RUNTIME_DIR is the compositor's: PipeWire takes a path here."""
        return {"PIPEWIRE_REMOTE": os.path.join(self.directory, "pipewire-0")}

    def socket_there(self):
        self.servers[-1].must_live()
        return os.path.exists(os.path.join(self.directory, "pipewire-0"))

    def sink_is_default(self):
        self.servers[-1].must_live()
        argv = ["pw-metadata", "0", "default.audio.sink"]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=10, check=False)
        return "test-sink" in done.stdout

    def client(self, argv):
        name = f"{argv[0]}{len(self.rig.processes)}"
        return self.rig.keep(Process(name, argv, self.directory, env=self.env))

    def record(self, source=None):
        """Starts to record what the sink plays, or a source. Returns (process, path); end it with finish()."""
        path = os.path.join(self.directory, f"heard{len(self.rig.processes)}.wav")
        argv = ["pw-record", "--target", source or "test-sink"]
        argv += [] if source else ["-P", "{ stream.capture.sink=true }"]
        argv += ["--rate", str(RATE_HZ), "--channels", "2", "--format", "s16", path]
        process = self.client(argv)
        wait_until(lambda: process.must_live() or os.path.exists(path), 20, "pw-record records")
        return process, path

    def finish(self, recording):
        process, path = recording
        process.popen.send_signal(2)  # SIGINT: the file's header is completed
        process.popen.wait(20)
        return Heard(path)

    def speak(self, hz, seconds):
        """Plays a tone into the virtual source, as a microphone would hear it."""
        path = os.path.join(self.directory, f"tone{hz}.wav")
        write_tone(path, hz, seconds)
        voice = f"voice{len(self.rig.processes)}"
        # The session manager links players to sinks only.
        process = self.client(["pw-play", "-P", f"{{ node.name={voice} node.autoconnect=false }}", path])
        for side in ("FL", "FR"):
            argv = ["pw-link", f"{voice}:output_{side}", f"test-source:input_{side}"]
            wait_until(lambda argv=argv: process.must_live() or self.call(argv), 20, f"{voice} speaks")
        return process

    def call(self, argv):
        return subprocess.run(argv, env=self.env, capture_output=True, timeout=20, check=False).returncode == 0


def write_tone(path, hz, seconds, amplitude=10000):
    frames = array.array("h")
    for i in range(int(RATE_HZ * seconds)):
        value = round(amplitude * math.sin(2 * math.pi * hz * i / RATE_HZ))
        frames.extend((value, value))
    with wave.open(path, "wb") as f:
        f.setnchannels(2)
        f.setsampwidth(2)
        f.setframerate(RATE_HZ)
        f.writeframes(frames.tobytes())


class Heard:
    """A recording, of which the first channel is looked at."""

    LOUD = 1000

    def __init__(self, path):
        with wave.open(path) as f:
            if f.getsampwidth() != 2:
                raise Failure(f"{path}: {f.getsampwidth()} bytes per sample")
            self.rate, channels = f.getframerate(), f.getnchannels()
            samples = array.array("h")
            samples.frombytes(f.readframes(f.getnframes()))
        self.samples = samples[::channels]
        self.peak = max((abs(v) for v in self.samples), default=0)
        loud = [i for i, v in enumerate(self.samples) if abs(v) >= self.LOUD]
        self.first, self.last = (loud[0], loud[-1]) if loud else (0, 0)
        self.loud = loud

    def seconds(self):
        """From the first to the last sound."""
        return (self.last - self.first) / self.rate

    def hz(self):
        """By the length of most waves: zero crossings, with hysteresis. Gaps do not count."""
        crossings, low = [], False
        for i in range(self.first, self.last + 1):
            value = self.samples[i]
            if value <= -self.LOUD:
                low = True
            elif value >= self.LOUD and low:
                low = False
                crossings.append(i)
        waves = sorted(b - a for a, b in zip(crossings, crossings[1:]))
        if not waves:
            return 0.0
        usual = waves[len(waves) // 2]
        alike = [n for n in waves if abs(n - usual) <= usual / 10]
        return len(alike) * self.rate / sum(alike)

    def gaps(self, longest_s=0.010):
        """Silences inside the sound, in seconds."""
        steps = zip(self.loud, self.loud[1:])
        return [(b - a) / self.rate for a, b in steps if b - a > longest_s * self.rate]
