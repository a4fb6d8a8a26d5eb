"""What a worker tells its sentinel at the start, over standard input: secrets stay in memory."""

from __future__ import annotations

import importlib
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .wire import Lines, WireError, pack_lines, read_lines

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

ENVIRONMENT = "LASTWORD_SENTINEL"
"""Where jobs find the address of the socket; it is no secret."""


@dataclass(frozen=True)
class Order:
    """What a sentinel has to know.

    Attributes:
        address: Where it listens, see `bound`.
        environment: Variables by which LiveKit's server API is reached.
        on_report: "module:function" that gets each report, or None.
        lines: What is said and done whatever a call asks for; what is None is the call's own.
    """

    address: str
    environment: Mapping[str, str]
    on_report: str | None
    lines: Lines


def pack_order(order: Order) -> bytes:
    """Write an order down.

    Raises:
        WireError: A sound is longer than a minute.
    """
    header = {
        "address": order.address,
        "environment": dict(order.environment),
        "on_report": order.on_report,
    }
    return pack_lines(order.lines, header)


async def read_order(reader: asyncio.StreamReader) -> Order:
    """Read an order.

    Raises:
        WireError: Something else came.
        asyncio.IncompleteReadError: The worker was gone before its end.
    """
    header, lines = await read_lines(reader)
    try:
        return Order(header["address"], header["environment"], header["on_report"], lines)
    except KeyError as missing:
        raise WireError(f"expected an order, its {missing} is missing") from None


def address_of(name: str) -> str:
    """Return an address for a name: in the abstract namespace of Linux, else a path."""
    return f"@{name}" if sys.platform == "linux" else name


def connectable(address: str) -> str:
    """Return an address as sockets take it."""
    return "\0" + address[1:] if address.startswith("@") else address


def bound(address: str) -> socket.socket:
    """Return a socket that is bound to an address; a path in a folder of our own may be left over.

    Raises:
        OSError: Somebody else has it.
    """
    if not address.startswith("@"):
        Path(address).unlink(missing_ok=True)  # of a sentinel that was killed
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(connectable(address))
    except BaseException:
        listening.close()
        raise
    return listening


def remove(address: str) -> None:
    """Remove what an address has on disk, its folder included; in most cases that is nothing."""
    if not address.startswith("@"):
        with suppress(OSError):
            Path(address).unlink(missing_ok=True)
            Path(address).parent.rmdir()


def function_of(name: str | None) -> Callable[[Any], object] | None:
    """Import what "module:function" names, or return None for None.

    Raises:
        ImportError: There is no such module.
        AttributeError: It has no such function.
    """
    if name is None:
        return None
    module, _, function = name.partition(":")
    found: Callable[[Any], object] = getattr(importlib.import_module(module), function)
    return found
