# SPDX-License-Identifier: GPL-2.0-or-later
"""The installer of the Windows host, as a user has it: silent, clicked through, over a running version, removed."""
import glob
import os
import re
import shutil
import subprocess
import sys

from harness.case import case
from harness.process import Failure, Skipped, wait_until
from harness.wine import Wine, windows_path, windows_program

HOME = "C:\\Program Files\\Espelho"
SERVICE = "EspelhoHost"
KEY = "HKLM\\Software\\Espelho"
UNINSTALL_KEY = "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Espelho"
ENUM = "HKLM\\System\\CurrentControlSet\\Enum"
SYSTEM_CLASS = "{4d36e97d-e325-11ce-bfc1-08002be10318}"
INTERFACE = "{df576976-569d-4672-95a0-f57e4ea0b210}"
FILES = {"espelho-host.exe", "LICENSE.txt", "README.txt", "LEIAME.txt", "espelho-host.sample.ini", "uninstall.exe"}
DATA = ("ProgramData", "Espelho")
MENU = ("ProgramData", "Microsoft", "Windows", "Start Menu", "Programs", "Espelho")
FAILED, NO_SERVICE = 2, 3
REMOVED = " removed; "
DONE = " done\r\n"  # the last line of a run in install.log
WIDTH, HEIGHT = 1024, 768
PATIENCE_S = 60


def must_be(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got!r} where {expected!r} was due")


def must_have(program):
    if not shutil.which(program):
        raise Skipped(f"{program} is not installed")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def setup_of(folder):
    found = glob.glob(os.path.join(folder, "host-win", "installer", "espelho-host-*-x64.exe"))
    if len(found) != 1:
        raise Skipped(f"no installer in {folder}: scripts/build mingw")
    return found[0]


class Machine:
    """A Windows and the installer."""

    def __init__(self, rig, setup=None, program=None):
        windows_program(rig, "host-win")  # or skip
        self.rig = rig
        self.setup = setup or setup_of(rig.tools.windows)
        self.program = program or os.path.join(os.path.dirname(self.setup), "espelho-host.exe")
        self.wine = Wine(rig, WIDTH, HEIGHT)
        self.wine.env["LC_ALL"] = "C.UTF-8"  # folders may have any letters

    def install(self, *switches, status=0):
        # Through cmd, as a user types it: what follows /D= is not quoted.
        done = self.wine.run("cmd", "/c", " ".join((windows_path(self.setup), "/S", *switches)))
        if done.status != status:
            raise Failure(f"installer {switches}: status {done.status} where {status} was due\n{self.log()}")

    def uninstall(self, folder=HOME, *switches):
        """uninstall.exe returns at once: a copy of it does the work, and the log says when it is done, or is gone as well."""
        before = self.log().count(REMOVED)
        must_be("uninstaller's status", self.wine.run(f"{folder}\\uninstall.exe", "/S", *switches).status, 0)
        wait_until(lambda: not self.log() if "/PURGE" in switches else self.log().count(REMOVED) > before, PATIENCE_S,
                   "the uninstaller has ended")

    def path(self, windows):
        """Ours of a path on C:."""
        return self.wine.c_drive(*windows[3:].split("\\"))

    def files(self, *parts):
        """Names in a folder of C:, or None."""
        folder = self.wine.c_drive(*parts)
        return set(os.listdir(folder)) if os.path.isdir(folder) else None

    def log(self):
        path = self.wine.c_drive(*DATA, "install.log")
        return read(path).decode("utf-16") if os.path.exists(path) else ""

    def must_log(self, text):
        if text not in self.log():
            raise Failure(f"'{text}' is not in install.log:\n{self.log()}")

    def must_run(self, running=True):
        must_be("service", self.wine.service_state(SERVICE), "RUNNING" if running else None)

    def service_command(self):
        return self.wine.reg_query(f"HKLM\\System\\CurrentControlSet\\Services\\{SERVICE}", "ImagePath")

    def must_be_installed(self, folder=HOME):
        must_be("files", self.files(*folder[3:].split("\\")), FILES)
        must_be("the program", read(self.path(f"{folder}\\espelho-host.exe")) == read(self.program), True)
        if folder.isascii():  # reg prints others in a code page of its own
            must_be("where", self.wine.reg_query(KEY, "InstallLocation"), folder)
            must_be("uninstall entry", self.wine.reg_query(UNINSTALL_KEY, "UninstallString"), f'"{folder}\\uninstall.exe"')

    def must_be_gone(self, folder=HOME):
        must_be("files", self.files(*folder[3:].split("\\")), None)
        must_be("start menu", self.files(*MENU), None)
        for key in (KEY, UNINSTALL_KEY):
            must_be(key, self.wine.run("reg", "query", key).status != 0, True)
        self.must_run(False)


@case("windows.installer_life", labels=("windows",), timeout_s=300)
def life(rig):
    """Fresh, over a running version, away."""
    machine = Machine(rig)
    wine = machine.wine
    machine.install()
    machine.must_be_installed()
    machine.must_run()
    must_be("service's program", HOME in machine.service_command(), True)
    must_be("start menu", machine.files(*MENU), {"Log folder.lnk", "Settings.lnk", "Instructions.lnk", "Uninstall Espelho.lnk"})
    must_be("settings are opened as administrator", read(wine.c_drive(*MENU, "Settings.lnk"))[21] & 0x20, 0x20)
    must_be("version", wine.reg_query(UNINSTALL_KEY, "DisplayVersion"), wine.reg_query(KEY, "Version"))

    # An older version runs, with settings, and beside it one in the foreground.
    exe, settings = machine.path(f"{HOME}\\espelho-host.exe"), wine.c_drive(*DATA, "espelho-host.ini")
    must_be("settings", read(settings), read(machine.path(f"{HOME}\\espelho-host.sample.ini")))
    must_be("stop", wine.run(f"{HOME}\\espelho-host.exe", "--stop").status, 0)
    with open(exe, "ab") as f:
        f.write(b"older")
    must_be("start", wine.run(f"{HOME}\\espelho-host.exe", "--start").status, 0)
    with open(settings, "wb") as f:
        f.write(b"[log]\r\nlevel=debug\r\n")
    machine.install()
    machine.must_be_installed()
    machine.must_run()
    must_be("settings after an upgrade", read(settings), b"[log]\r\nlevel=debug\r\n")

    # The choice of a service is kept until another is made.
    for switches, runs in ((("/NOSERVICE",), False), ((), False), (("/SERVICE",), True), ((), True)):
        machine.install(*switches)
        machine.must_be_installed()
        machine.must_run(runs)

    machine.uninstall()
    machine.must_be_gone()
    left = machine.files(*DATA)
    must_be("what stays", {name for name in left if not name.endswith((".log", ".dmp"))}, {"espelho-host.ini"})
    machine.install()
    must_be("settings after removal", read(settings), b"[log]\r\nlevel=debug\r\n")
    machine.uninstall(HOME, "/PURGE")
    machine.must_be_gone()
    must_be("what stays after a purge", machine.files(*DATA), None)

    # The program was deleted by hand.
    machine.install()
    must_be("stop", wine.run(f"{HOME}\\espelho-host.exe", "--stop").status, 0)
    os.unlink(exe)
    machine.uninstall()
    machine.must_be_gone()


@case("windows.installer_folder", labels=("windows",), timeout_s=240)
def folder(rig):
    """Elsewhere; moved; with something of the user's in it; while the program is busy."""
    machine = Machine(rig)
    first, second = "C:\\Espelho", "C:\\Programas é\\Espelho host"
    machine.install("/NOSERVICE", f"/D={first}")
    machine.must_be_installed(first)
    machine.must_run(False)
    machine.install("/SERVICE", f"/D={second}")
    machine.must_be_installed(second)
    machine.must_run()
    must_be("service's program", "\\Espelho host\\espelho-host.exe" in machine.service_command(), True)
    must_be("the first folder", machine.files("Espelho"), None)
    machine.install()  # stays where it is
    machine.must_be_installed(second)
    with open(machine.path(f"{second}\\own.txt"), "w", encoding="ascii") as f:
        f.write("of the user")
    machine.uninstall(second)
    must_be("what stays", machine.files(*second[3:].split("\\")), {"own.txt"})
    machine.must_run(False)


@case("windows.installer_refuses", labels=("windows",), timeout_s=240)
def refuses(rig):
    machine = Machine(rig)
    name = os.path.basename(machine.setup)
    version = f"HKCU\\Software\\Wine\\AppDefaults\\{name}"
    for old in ("win81", "win7", "win2008r2"):
        machine.wine.reg_add(version, "Version", old)
        machine.install(status=FAILED)
        machine.must_be_gone()
    machine.must_log("refused: Espelho needs Windows 10 version 1809")
    must_be("reg delete", machine.wine.run("reg", "delete", version, "/f").status, 0)

    taken = machine.path(f"{HOME}\\LICENSE.txt")
    os.makedirs(taken)  # a folder where a file should be
    machine.install(status=FAILED)
    machine.must_log(f"not everything could be copied to {HOME}")
    machine.must_run(False)
    shutil.rmtree(os.path.dirname(taken))

    data = bytearray(read(machine.setup))
    data[len(data) * 2 // 3] ^= 0x10
    broken = os.path.join(rig.directory, "broken.exe")
    with open(broken, "wb") as f:
        f.write(data)
    must_be("status of a damaged installer", machine.wine.run(broken, "/S").status != 0, True)
    machine.must_be_gone()
    machine.install()
    machine.must_be_installed()


def add_pci_device(wine):
    """As Windows lists a device that has no driver."""
    wine.reg_add(f"{ENUM}\\PCI\\VEN_1AF4&DEV_1110&SUBSYS_11001AF4&REV_01\\3&11583659&0&80", "ClassGUID", SYSTEM_CLASS)


def add_interface(wine):
    """As its driver offers it."""
    wine.reg_add(f"{ENUM}\\ROOT\\IVSHMEM\\0000", "ClassGUID", SYSTEM_CLASS)
    key = f"HKLM\\System\\CurrentControlSet\\Control\\DeviceClasses\\{INTERFACE}\\##?#ROOT#IVSHMEM#0000#{INTERFACE}"
    wine.reg_add(key, "DeviceInstance", "ROOT\\IVSHMEM\\0000")
    wine.reg_add(f"{key}\\#", "SymbolicLink", f"\\\\?\\ROOT#IVSHMEM#0000#{INTERFACE}")
    wine.reg_add(f"{key}\\#\\Control", "Linked", 1, "REG_DWORD")


@case("windows.installer_device", labels=("windows",), timeout_s=240)
def device(rig):
    """What it finds of the shared memory device, and says."""
    machine = Machine(rig)
    steps = ((None, "missing", "no shared memory device (IVSHMEM)"),
             (add_pci_device, "driverless", "its driver is not installed"),
             (add_interface, "ready", None))
    for change, state, told in steps:
        if change:
            change(machine.wine)
        before = len(machine.log())
        machine.install("/NOSERVICE")
        new = machine.log()[before:]
        must_be("device", f"shared memory device: {state}" in new, True)
        must_be(f"what is said of a device that is {state}", [t for t in ("no shared memory device (IVSHMEM)",
                "its driver is not installed") if t in new], [told] if told else [])


# --- by hand

def same(one, other):
    """Screenshots of one page: not more differs than the rows of a blinking caret."""
    row_bytes = WIDTH * 3
    return other is not None and sum(one[i:i + row_bytes] != other[i:i + row_bytes] for i in range(0, len(one), row_bytes)) <= 20


class Dialog:
    """The installer's window. Its buttons have their places from its lower right corner."""

    NEXT, CANCEL = (-140, -22), (-45, -22)

    def __init__(self, machine, program, title):
        self.machine, self.wine, self.program = machine, machine.wine, program
        self.window = wait_until(lambda: self.wine.xdo("search", "--onlyvisible", "--name", title).split(), PATIENCE_S,
                                 f"a window '{title}'")[-1]
        self.shown = None

    def page(self, name):
        """Waits for a page other than the last one that stands still, and keeps a screenshot of it, for people to look at."""
        last = []

        def still():
            shot = self.wine.screenshot()
            pixels = subprocess.run(["convert", shot, "rgb:-"], capture_output=True, timeout=PATIENCE_S, check=True).stdout
            last.append(pixels)
            if len(last) < 3 or same(pixels, self.shown) or not same(pixels, last[-2]) or not same(pixels, last[-3]):
                return None
            self.shown = pixels
            return shot

        self.machine.rig.save(wait_until(still, PATIENCE_S, f"the page {name}"), f"{name}.png")

    def click(self, place):
        lines = self.wine.xdo("getwindowgeometry", "--shell", self.window).splitlines()
        at = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
        self.wine.xdo("mousemove", str(at["X"] + at["WIDTH"] + place[0]), str(at["Y"] + at["HEIGHT"] + place[1]), "click", "1")

    def walk(self, *names):
        """From page to page."""
        for name in names:
            self.page(name)
            self.click(self.NEXT)

    def wait_end(self, status):
        must_be("status", self.program.wait(), status)


def click_through(machine, language, title, readme):
    wine = machine.wine
    dialog = Dialog(machine, wine.start("setup", machine.setup, f"/LANG={language}"), title)
    before = machine.log().count(DONE)
    dialog.walk(*(f"{language}-{name}" for name in ("welcome", "licence", "components", "folder")))
    wait_until(lambda: machine.log().count(DONE) > before, PATIENCE_S, "everything is installed")
    dialog.walk(f"{language}-device", f"{language}-finish")
    dialog.wait_end(0)
    machine.must_be_installed()
    machine.must_run()
    must_be("language", int(wine.reg_query(KEY, "Language"), 16), language)
    wait_until(lambda: wine.xdo("search", "--onlyvisible", "--name", readme), PATIENCE_S, f"{readme} is shown")


@case("windows.installer_pages", labels=("windows",), timeout_s=300)
def pages(rig):
    """Clicked through: first without a device, in English, then with one that has no driver, in Portuguese; removed by hand."""
    must_have("xdotool")
    machine = Machine(rig)
    wine = machine.wine
    wine.must_run("reg", "add", "HKCR\\.txt", "/ve", "/d", "txtfile", "/f")  # as Windows has it
    cancelled = Dialog(machine, wine.start("setup", machine.setup, "/LANG=1033"), "^Espelho host Setup$")
    cancelled.page("1033-cancelled")
    cancelled.click(Dialog.CANCEL)
    cancelled.page("1033-cancel")
    wine.xdo("key", "y")
    cancelled.wait_end(1)
    machine.must_be_gone()

    click_through(machine, 1033, "^Espelho host Setup$", "README.txt")
    add_pci_device(wine)
    click_through(machine, 1046, "^Instala.* Espelho host$", "LEIAME.txt")

    # uninstall.exe ends at once: a copy of it has the window.
    dialog = Dialog(machine, wine.start("uninstaller", machine.path(f"{HOME}\\uninstall.exe")), "Espelho host")
    dialog.walk("un-confirm", "un-components")
    wait_until(lambda: REMOVED in machine.log(), PATIENCE_S, "everything is removed")
    dialog.walk("un-done")
    wait_until(lambda: machine.files("Program Files", "Espelho") is None, PATIENCE_S, "the folder is gone")
    machine.must_be_gone()


# --- how it is built

def program_of(build):
    return os.path.join(os.path.dirname(setup_of(build)), "espelho-host.exe")


def without_compiler_cache(build):
    """A compiler cache may put other paths into the program than the compiler would."""
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as f:
        return not re.search(r"^CMAKE_C_COMPILER_LAUNCHER:\w+=.", f.read(), re.MULTILINE)


class Build:
    """A build of the installer from a copy of the sources, without the help of earlier ones."""

    def __init__(self, rig, name):
        must_have("cmake")
        self.rig, self.name = rig, name
        self.source = os.path.join(rig.directory, name, "source")
        self.folder = os.path.join(rig.directory, name, "build")
        sys.path.insert(0, os.path.join(rig.tools.source, "tests", "lint"))
        from tree import files
        for file in files(rig.tools.source):
            target = os.path.join(self.source, file)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(rig.tools.source, file), target)

    def run(self, *argv):
        env = dict(os.environ, CCACHE_DISABLE="1")
        done = subprocess.run(argv, capture_output=True, text=True, timeout=400, check=False, env=env)
        if done.returncode != 0:
            raise Failure(f"{self.name}: {argv}: {done.stdout[-4000:]}{done.stderr[-4000:]}")

    def make(self, *options):
        toolchain = os.path.join(self.source, "cmake", "mingw-w64.cmake")
        self.run("cmake", "-G", "Ninja", "-S", self.source, "-B", self.folder, "--toolchain", toolchain,
                 "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DESPELHO_TESTS=OFF", *options)
        self.run("cmake", "--build", self.folder, "--target", "installer", "--parallel", str(os.cpu_count()))
        return setup_of(self.folder)

    def program(self):
        return program_of(self.folder)


def make_certificate(folder):
    certificate, key = (os.path.join(folder, name) for name in ("certificate.pem", "key.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Espelho test",
                    "-addext", "extendedKeyUsage=codeSigning", "-keyout", key, "-out", certificate], capture_output=True,
                   timeout=60, check=True)
    return certificate, key


def is_signed(path, certificate):
    done = subprocess.run(["osslsigncode", "verify", "-CAfile", certificate, "-in", path], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode == 0


def must_notice_a_flipped_byte(path, certificate):
    data = bytearray(read(path))
    data[len(data) // 2] ^= 1
    with open(path + ".flipped", "wb") as f:
        f.write(data)
    must_be(f"{path} with a flipped byte is signed", is_signed(path + ".flipped", certificate), False)


@case("windows.installer_build", labels=("windows-build",), timeout_s=600)
def build(rig):
    """The same bytes from two folders; then signed: program, installer and uninstaller."""
    windows_program(rig, "host-win")  # or skip
    for program in ("openssl", "osslsigncode"):
        must_have(program)
    first = rig.tools.windows
    if not without_compiler_cache(first):
        anew = Build(rig, "first")
        anew.make()
        first = anew.folder
    second = Build(rig, "in-another-folder")
    setup = second.make()
    same_bytes = [read(a) == read(b) for a, b in ((setup_of(first), setup), (program_of(first), second.program()))]
    must_be("installer and program are the same", same_bytes, [True, True])
    certificate, key = make_certificate(rig.directory)
    must_be("signed without a key", is_signed(setup, certificate), False)

    setup = second.make(f"-DESPELHO_SIGN_CERT={certificate}", f"-DESPELHO_SIGN_KEY={key}")
    for path in (setup, second.program()):
        must_be(f"{path} is signed", is_signed(path, certificate), True)
        must_notice_a_flipped_byte(path, certificate)
    machine = Machine(rig, setup, second.program())
    machine.install()
    machine.must_be_installed()
    machine.must_run()
    must_be("uninstaller is signed", is_signed(machine.path(f"{HOME}\\uninstall.exe"), certificate), True)
    machine.uninstall()
    machine.must_be_gone()
