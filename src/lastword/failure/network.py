"""Classifies failures by exception class and OS error number where no provider said anything."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from .kinds import FailureKind

if TYPE_CHECKING:
    from .evidence.model import Evidence

_NETWORK = frozenset(
    {
        "builtins.ConnectionError",
        "aiohttp.client_exceptions.ClientConnectionError",
        "aiohttp.client_exceptions.ClientPayloadError",
        "httpx.TransportError",
        "httpx2.TransportError",
        "socket.gaierror",
        "socket.herror",
        "ssl.SSLError",
        "websockets.exceptions.ConnectionClosed",
    }
)
"""Classes that by themselves prove the network to be the cause."""

_NETWORK_ERRNOS = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.ENETUNREACH,
        errno.ENOTCONN,
    }
)
"""Network errors among the numbers of `OSError` that have no class of their own."""

_CONNECT_FAILED = "connect call failed"
"""asyncio's message; there is no error number if several addresses of one host failed."""

_OS_ERROR = "builtins.OSError"
"""Base class of them all; by itself a missing file or any other trouble of this machine."""

_NO_NETWORK = frozenset(
    {
        "builtins.ArithmeticError",
        "builtins.AttributeError",
        "builtins.LookupError",
        _OS_ERROR,
        "builtins.TypeError",
        "builtins.ValueError",
    }
)
"""Classes that plugins wrap as connection errors though an unexpected answer broke the code, or
something on this machine is missing."""

_CONNECTION = "livekit.agents._exceptions.APIConnectionError"


def kind_of_class(evidence: Evidence) -> FailureKind:
    """Return the kind that the classes of the exceptions stand for."""
    if any("Timeout" in name for name in evidence.classes) or "timed out" in evidence.text:
        return FailureKind.TIMEOUT
    if is_network(evidence):
        return FailureKind.CONNECTION
    if _CONNECTION in evidence.classes and evidence.classes.isdisjoint(_NO_NETWORK):
        return FailureKind.CONNECTION
    return FailureKind.UNKNOWN


def is_network(evidence: Evidence) -> bool:
    """Return whether the network alone was the cause."""
    return (
        not evidence.classes.isdisjoint(_NETWORK)
        or not evidence.errnos.isdisjoint(_NETWORK_ERRNOS)
        or (_OS_ERROR in evidence.classes and _CONNECT_FAILED in evidence.text)
    )
