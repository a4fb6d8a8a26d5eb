"""Says what classes of exceptions and errors of the system tell where nobody said a word."""

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
"""Classes that say by themselves that the network was the cause."""

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
"""What an `OSError` that has no class of its own says about the network."""

_CONNECT_FAILED = "connect call failed"
"""What asyncio says; without a number if several addresses of one host failed."""

_OS_ERROR = "builtins.OSError"
"""The base of them all: by itself a file that is missing, or any other trouble of this machine."""

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
    """Tell whether the network was the cause by itself."""
    return (
        not evidence.classes.isdisjoint(_NETWORK)
        or not evidence.errnos.isdisjoint(_NETWORK_ERRNOS)
        or (_OS_ERROR in evidence.classes and _CONNECT_FAILED in evidence.text)
    )
