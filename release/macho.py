"""Reads what a library for macOS needs and offers, which is all that can be checked on Linux."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ziglang
from macholib.MachO import MachO
from macholib.SymbolTable import SymbolTable

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM = "/usr/lib/libSystem.B.dylib"
SYSTEM_SYMBOLS = Path(ziglang.__file__).parent / "lib" / "libc" / "darwin" / "libSystem.tbd"
"""What Apple's library has, as Zig knows it."""
ARCHITECTURES = {"x86_64": 0x01000007, "arm64": 0x0100000C}  # mach/machine.h
ENTRY = "_PyInit__native"
OF_THE_LINKER = {"__mh_dylib_header", "___dso_handle", "dyld_stub_binder"}
OF_PYTHON = ("_Py", "__Py")  # C's names have an underscore before them


def complaints(data: bytes, tag: str) -> Iterator[str]:
    """Yield what is wrong with a library.

    Args:
        data: The whole file.
        tag: Of its wheel, such as "macosx_11_0_arm64".
    """
    _, major, minor, architecture = tag.split("_", 3)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        library = MachO(file.name)
        symbols = SymbolTable(library)
    (header,) = library.headers
    commands = {name.get_cmd_name(): (fields, rest) for name, fields, rest in header.commands}
    needs = [
        rest.rstrip(b"\0").decode()
        for name, _, rest in header.commands
        if name.get_cmd_name() == "LC_LOAD_DYLIB"
    ]
    oldest = commands["LC_BUILD_VERSION"][0].minos
    if header.header.cputype != ARCHITECTURES[architecture]:
        yield "it is for another processor"
    if (oldest >> 16, oldest >> 8 & 0xFF) != (int(major), int(minor)):
        yield f"it is for macOS {oldest >> 16}.{oldest >> 8 & 0xFF} on"
    if needs != [SYSTEM] or "LC_RPATH" in commands:
        yield f"it needs {needs} and looks for them where it says itself"
    if architecture == "arm64" and "LC_CODE_SIGNATURE" not in commands:
        yield "it is not signed, and Apple's own processors run nothing that is not"
    offered = {name.decode() for _, name in symbols.extdefsyms} - OF_THE_LINKER
    if offered != {ENTRY}:
        yield f"it offers {sorted(offered)}"
    # what Zig's linker makes itself, for calls into other libraries, stays
    left = [name for _, name in symbols.localsyms if not name.endswith(b"__thunk")]
    if left:
        yield f"it is not stripped: {left[:5]}"
    known = set(re.findall(r"(?<![\w$])_\w+", SYSTEM_SYMBOLS.read_text()))
    asked = {name.decode() for _, name in symbols.undefsyms} - OF_THE_LINKER
    unknown = {name for name in asked - known if not name.startswith(OF_PYTHON)}
    if unknown:
        yield f"neither Python nor macOS has {sorted(unknown)}"
