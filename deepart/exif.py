"""What a photograph says of itself: which way it is turned, when and with what it was taken.

Pillow follows the tables of EXIF wherever they lead, and complains through `warnings`. So what is wanted is copied
here, byte for byte, into tables of our own.
"""

import struct
from contextlib import suppress

ORIENTATION, _UNIT, _PLACES, _PICTURE = 0x0112, 0x0128, 0x8825, 0x8769
_RESOLUTIONS = (0x011A, 0x011B)
_KEPT = {0x010E, 0x010F, 0x0110, ORIENTATION, *_RESOLUTIONS, _UNIT, 0x0131, 0x0132, 0x013B, 0x8298, _PICTURE, _PLACES}
_KEPT_OF_PICTURE = {
    *range(0x829A, 0x8834), *range(0x9000, 0x9210), *range(0x9290, 0x9293), 0xA405, *range(0xA432, 0xA435)
}  # fmt: skip
"""Exposure, dates, lens: neither sizes nor serial numbers, nor what each maker writes as he likes."""
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 11: 4, 12: 8}  # of a value of each type
_MOST = 1000  # bytes of one entry

_Table = dict[int, tuple[int, int, bytes]]
"""The type of each entry, how many values it has, and these."""


class Exif:
    """The entries of EXIF that results may carry; there are none where the data makes no sense."""

    def __init__(self, data: bytes) -> None:
        """data: with or without the "Exif" in front that JPEG has."""
        tiff = data.removeprefix(b"Exif\0\0")
        self._order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "")
        self._main = self._read(tiff, tiff[4:8], _KEPT)
        pointers = [self._main.pop(tag, (4, 1, b""))[2] for tag in (_PICTURE, _PLACES)]
        self._picture = self._read(tiff, pointers[0], _KEPT_OF_PICTURE)
        self._places = self._read(tiff, pointers[1], set(range(0x20)))
        turn = self._main.pop(ORIENTATION, (3, 1, b""))[2]
        side = int.from_bytes(turn, "little" if self._order == "<" else "big")
        self.orientation = side if 1 <= side <= 8 else 1
        """1 to 8; 1 is upright."""
        scale = {2: 1.0, 3: 2.54}.get(int(self._number(_UNIT)), 1.0)
        self.dpi = tuple(scale * self._number(tag) for tag in _RESOLUTIONS)
        """Across and down; 0 where it is not said."""

    def copy(self, places: bool = False) -> bytes:
        """Return EXIF with these entries, without resolution and orientation; b"" for none. places: also those."""
        main = {tag: entry for tag, entry in self._main.items() if tag not in (*_RESOLUTIONS, _UNIT)}
        written = bytearray(b"II*\0\0\0\0\0" if self._order == "<" else b"MM\0*\0\0\0\0")
        for tag, table in ((_PICTURE, self._picture), (_PLACES, self._places if places else {})):
            if table:
                main[tag] = (4, 1, struct.pack(self._order + "I", self._append(written, table)))
        if not main:
            return b""
        root = self._append(written, main)
        written[4:8] = struct.pack(self._order + "I", root)
        return b"Exif\0\0" + bytes(written)

    def _number(self, tag: int) -> float:
        """Return a number of the main table, 0 where there is none."""
        kind, _, value = self._main.get(tag, (3, 1, b""))
        with suppress(struct.error, ZeroDivisionError):
            if kind == 5:
                above, below = struct.unpack(self._order + "II", value)
                return float(above / below)
            return float(struct.unpack(self._order + {3: "H", 4: "I"}[kind], value)[0])
        return 0.0

    def _read(self, tiff: bytes, pointer: bytes, kept: set[int]) -> _Table:
        found: _Table = {}
        with suppress(struct.error):  # a table points out of the data
            (start,) = struct.unpack(self._order + "I", pointer)
            (entries,) = struct.unpack_from(self._order + "H", tiff, start)
            for at in range(start + 2, start + 2 + 12 * entries, 12):
                tag, kind, count = struct.unpack_from(self._order + "HHI", tiff, at)
                if tag in (ORIENTATION, _UNIT, *_RESOLUTIONS) and kept is _KEPT:
                    count = 1  # whatever it says
                    if kind not in ((3, 4) if tag in (ORIENTATION, _UNIT) else (5,)):
                        continue
                size = _BYTES.get(kind, 0) * count
                if tag in kept and 0 < size <= _MOST:
                    place = at + 8 if size <= 4 else struct.unpack_from(self._order + "I", tiff, at + 8)[0]
                    value = tiff[place : place + size]
                    if len(value) == size:
                        found.setdefault(tag, (kind, count, value))
        return found

    def _append(self, written: bytearray, table: _Table) -> int:
        """Write a table and what its entries point to; returns where it begins."""
        start = len(written)
        after, values = start + 2 + 12 * len(table) + 4, bytearray()
        written += struct.pack(self._order + "H", len(table))
        for tag, (kind, count, value) in sorted(table.items()):
            written += struct.pack(self._order + "HHI", tag, kind, count)
            if len(value) <= 4:
                written += value.ljust(4, b"\0")
            else:
                written += struct.pack(self._order + "I", after + len(values))
                values += value + bytes(len(value) & 1)
        written += bytes(4) + values
        return start
