"""Reads from a shared library of Linux how it guards itself (gABI, chapters 4 and 5; 64 bits)."""

from __future__ import annotations

import struct
from typing import NamedTuple

PT_LOAD, PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 0x6474E551, 0x6474E552
DT_STRTAB, DT_STRSZ, DT_RPATH, DT_RUNPATH, DT_FLAGS = 5, 10, 15, 29, 30
DF_BIND_NOW, PF_EXECUTE = 8, 1


class Segment(NamedTuple):
    """A program header."""

    type: int
    flags: int
    offset: int
    address: int
    physical_address: int
    file_size: int
    memory_size: int
    alignment: int


class Library:
    """What a library says of itself.

    Args:
        data: The whole file, little-endian.

    Attributes:
        segments: By type; of several of one type, the last.
        dynamic: The dynamic section; of several entries of one tag, the last.
        names: The names of its dynamic symbols and libraries.
    """

    def __init__(self, data: bytes) -> None:
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("expected a little-endian ELF file of 64 bits")
        table, size, count = (struct.unpack_from(f, data, at)[0] for f, at in HEADER_FIELDS)
        segments = [
            Segment(*struct.unpack_from("<IIQQQQQQ", data, table + number * size))
            for number in range(count)
        ]
        self.segments = {segment.type: segment for segment in segments}
        there = self.segments[PT_DYNAMIC]
        self.dynamic = dict(
            struct.iter_unpack("<qQ", data[there.offset : there.offset + there.file_size])
        )
        address = self.dynamic[DT_STRTAB]
        (loaded,) = (
            segment
            for segment in segments
            if segment.type == PT_LOAD
            and segment.address <= address < segment.address + segment.file_size
        )
        begin = loaded.offset + address - loaded.address
        self.names = set(data[begin : begin + self.dynamic[DT_STRSZ]].decode().split("\0"))


HEADER_FIELDS = (("<Q", 0x20), ("<H", 0x36), ("<H", 0x38))
"""e_phoff, e_phentsize, e_phnum and where they stand."""
