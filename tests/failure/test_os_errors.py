"""The network's errors are connection errors; those of this machine are not, wrapped or bare."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
import pytest
from livekit.agents import APIConnectionError

from lastword import FailureKind, classify

NETWORK = {
    "refused": ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"),
    "reset": ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    "broken pipe": BrokenPipeError(errno.EPIPE, "Broken pipe"),
    "no route": OSError(errno.EHOSTUNREACH, "No route to host"),
    "no network": OSError(errno.ENETUNREACH, "Network is unreachable"),
    "no name": socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    "certificate": ssl.SSLCertVerificationError(1, "certificate verify failed"),
    "all addresses": OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1)"),
    "aiohttp": aiohttp.ServerDisconnectedError(),
    "cut off": aiohttp.ClientPayloadError("Response payload is not completed"),
}
LOCAL = {
    "no file": FileNotFoundError(errno.ENOENT, "No such file or directory", "voice.onnx"),
    "no right": PermissionError(errno.EACCES, "Permission denied"),
    "a folder": IsADirectoryError(errno.EISDIR, "Is a directory"),
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "too many files": OSError(errno.EMFILE, "Too many open files"),
    "no number": OSError("sndfile library not found"),
}


def wrapped(error: Exception) -> Exception:
    """What plugins make of anything that went wrong while they asked."""
    outer = APIConnectionError()
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize("name", NETWORK)
def test_the_networks_error_is_a_connection_error(name: str) -> None:
    for error in (NETWORK[name], wrapped(NETWORK[name])):
        failure = classify(error)
        assert (failure.kind, failure.terminal) == (FailureKind.CONNECTION, False)
        assert not failure.mute


@pytest.mark.parametrize("name", LOCAL)
def test_an_error_of_this_machine_is_none(name: str) -> None:
    """No provider said anything, so only repetition can tell."""
    for error in (LOCAL[name], wrapped(LOCAL[name])):
        failure = classify(error)
        assert (failure.kind, failure.terminal) == (FailureKind.UNKNOWN, False)
        assert failure.mute


def test_a_timeout_of_the_system_is_a_timeout() -> None:
    assert classify(OSError(errno.ETIMEDOUT, "Connection timed out")).kind is FailureKind.TIMEOUT
