"""PackStream, the encoding of Bolt, as its specification has it; independent of Neo4j's driver."""

import struct
from typing import NamedTuple


class Structure(NamedTuple):
    """A structure: its tag, and its fields."""

    tag: int
    fields: tuple


def pack(value):
    """A value in the longest of its encodings, except for structures and small integers."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xcb" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xc1" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return b"\xce" + struct.pack(">I", len(value)) + value
    if isinstance(value, str):
        encoded = value.encode()
        return b"\xd2" + struct.pack(">I", len(encoded)) + encoded
    if isinstance(value, Structure):
        return bytes([0xB0 + len(value.fields), value.tag]) + b"".join(map(pack, value.fields))
    if isinstance(value, dict):
        items = b"".join(pack(key) + pack(item) for key, item in value.items())
        return b"\xda" + struct.pack(">I", len(value)) + items
    return b"\xd6" + struct.pack(">I", len(value)) + b"".join(map(pack, value))


class Unpacker:
    """Reads the values of a message."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def _take(self, count):
        self._at += count
        return self._data[self._at - count : self._at]

    def _number(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def read(self):
        """The next value."""
        mark = self._number(">B")
        plain = {0xC0: None, 0xC2: False, 0xC3: True}
        numbers = {0xC1: ">d", 0xC8: ">b", 0xC9: ">h", 0xCA: ">i", 0xCB: ">q"}
        if mark < 0x80:
            return mark
        if mark >= 0xF0:
            return mark - 0x100
        if mark in plain:
            return plain[mark]
        if mark in numbers:
            return self._number(numbers[mark])
        if mark < 0xC0:
            return self._sized({0x80: "text", 0x90: "list", 0xA0: "map", 0xB0: "structure"}[
                mark & 0xF0], mark & 0x0F)  # fmt: skip
        first, kind = {0xCC: (0xCC, "bytes"), 0xD0: (0xD0, "text"), 0xD4: (0xD4, "list"),
                       0xD8: (0xD8, "map")}[mark & 0xFC]  # fmt: skip
        return self._sized(kind, self._number((">B", ">H", ">I")[mark - first]))

    def _sized(self, kind, size):
        if kind == "text":
            return self._take(size).decode()
        if kind == "bytes":
            return bytes(self._take(size))
        if kind == "list":
            return [self.read() for _ in range(size)]
        if kind == "map":
            return {self.read(): self.read() for _ in range(size)}
        return Structure(self._number(">B"), tuple(self.read() for _ in range(size)))
