"""What the system tells of another process: who it is, whether it lives, how long it has waited."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_UCRED = struct.Struct("3i")
_LOCAL_PEERPID = 2
"""`LOCAL_PEERPID` of macOS' <sys/un.h>, at level 0; the socket module does not name it."""

# `struct pidfd_info`, its first version: mask, numbers of no interest, exit code; the request is
# _IOWR(0xFF, 11, struct pidfd_info) (<linux/pidfd.h>).
_PIDFD_INFO = struct.Struct("=Q52xi")
_PIDFD_GET_INFO = 0xC000_0000 | _PIDFD_INFO.size << 16 | 0xFF << 8 | 11
_PIDFD_INFO_EXIT = 1 << 3

_POLL_S = 0.1
"""How often a process is looked for where the system does not tell of its end."""


class Peer(NamedTuple):
    """Who is at the other end of a socket."""

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end of a Unix socket, as the system knows it.

    Raises:
        OSError: The system does not tell.
    """
    if sys.platform != "linux":
        # The socket stands in a folder that only this user can enter.
        return Peer(connection.getsockopt(0, _LOCAL_PEERPID), os.getuid())
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(raw)
    return Peer(pid, uid)


def waited_s(pid: int, thread: int) -> float:
    """Return how long a thread has waited for a CPU, in seconds; 0.0 where that is not known.

    `/proc/PID/task/TID/schedstat` holds nanoseconds on a CPU, nanoseconds waiting, and time slices
    (Documentation/scheduler/sched-stats.rst of Linux).
    """
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


async def ended(pid: int) -> str:
    """Wait until a process ends, and say how it did, as far as anybody but its parent can tell."""
    try:
        descriptor = os.pidfd_open(pid) if sys.platform == "linux" else None
    except OSError:
        return "the process was gone"
    if descriptor is None:
        while _lives(pid):  # noqa: ASYNC110 - nothing tells of its end
            await asyncio.sleep(_POLL_S)
        return "the process ended"
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
        return how_ended(pid, descriptor)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def how_ended(pid: int, descriptor: int) -> str:
    """Return the exit status or the signal of a process that is none of our children.

    Args:
        pid: The process.
        descriptor: Its pidfd.
    """
    with suppress(OSError, ValueError, IndexError):
        try:
            # The last field is what `wait` will tell, while the parent has not asked for it
            # (proc_pid_stat(5), exit_code).
            status = int(Path(f"/proc/{pid}/stat").read_text().rsplit(None, 1)[1])
        except OSError:
            status = _status_of(descriptor)  # it is known from then on (Linux 6.15)
        if os.WIFSIGNALED(status):
            return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
        if os.WIFEXITED(status):
            return f"exit status {os.WEXITSTATUS(status)}"
    return "the process ended"


def _status_of(descriptor: int) -> int:
    """Return what `wait` would tell of an ended process.

    Raises:
        OSError: The system does not tell.
    """
    info = bytearray(_PIDFD_INFO.size)
    _PIDFD_INFO.pack_into(info, 0, _PIDFD_INFO_EXIT, 0)
    fcntl.ioctl(descriptor, _PIDFD_GET_INFO, info)
    mask, status = _PIDFD_INFO.unpack(info)
    if not mask & _PIDFD_INFO_EXIT:
        raise OSError("its status is not known")
    return int(status)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
