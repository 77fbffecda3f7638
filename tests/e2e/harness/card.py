# SPDX-License-Identifier: GPL-2.0-or-later
"""One picture of the test card, as the puppet is told and as the picture tool is asked."""
from dataclasses import dataclass, replace

FORMATS = ("bgra", "rgba", "rgba10", "rgba16f", "bgr32", "rgb24")
FLAG_HDR = 0x8


@dataclass(frozen=True)
class Card:
    width: int  # of the frame, unrotated
    height: int
    format: str = "bgra"
    rotation: int = 0
    damage: str = "partial"
    flags: int = 0
    serial: int = 0

    @staticmethod
    def upright(width, height, format="bgra", rotation=0, damage="partial"):
        """The card that looks `width` x `height` on the screen."""
        if rotation in (1, 3):
            width, height = height, width
        return Card(width, height, format, rotation, damage, FLAG_HDR if format == "rgba16f" else 0)

    def command(self):
        size, how = f"{self.width} {self.height}", f"{self.rotation} {self.damage} {self.flags}"
        return f"card {size} {self.format} {how}"

    def argument(self):
        size, how = f"{self.width}x{self.height}", f"{self.rotation}:{self.damage}:{self.flags}"
        return f"{size}:{self.format}:{how}@{self.serial}"

    def at(self, serial):
        return replace(self, serial=serial)
