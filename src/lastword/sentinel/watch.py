"""The job's side: tells the sentinel of a call and beats as long as the event loop runs."""

from __future__ import annotations

import _thread
import asyncio
import logging
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from .order import ENVIRONMENT, connectable
from .processes import peer_of
from .states import BEAT_S
from .wire import BEAT, BYE, WATCHED

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("lastword")

CONNECT_TIMEOUT_S = 5.0
RETRY_AFTER_S = 0.5
"""Between two attempts to reach a sentinel: it is being started anew, or has refused the call."""


def sentinel_address() -> str | None:
    """Return where this process' sentinel listens, or None if there is none."""
    return os.environ.get(ENVIRONMENT)


class Watch:
    """One call under the sentinel's eyes, from `begin` until `bye`.

    Args:
        address: Where the sentinel listens.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._tell: Callable[[], bytes] | None = None
        self._round = 0
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = threading.Event()

    def begin(self, tell: Callable[[], bytes]) -> None:
        """Tell of the call, or tell anew what has changed; takes no time in the loop.

        Args:
            tell: Makes what is sent, in a thread of its own.
        """
        if self._over.is_set():
            return
        self._tell = tell
        self._round += 1
        # Not `Thread.start`, which waits until the new thread has run: more than a millisecond of
        # the job's loop where the machine is busy.
        _thread.start_new_thread(self._register, (tell, self._round))

    def bye(self) -> None:
        """End the watch: the call ends as planned."""
        self._over.set()
        self._drop(BYE)

    # --- in a thread -----------------------------------------------------------------------------

    def _register(self, tell: Callable[[], bytes], number: int) -> None:
        """Tell the call until the sentinel takes it, or nobody wants that any more."""
        try:
            told = tell()
        except Exception as error:  # noqa: BLE001 - a call that cannot be told is not watched
            logger.warning("the sentinel cannot be told of a call: %s", type(error).__name__)
            return
        while not self._over.is_set() and number == self._round:
            try:
                connection = self._connect(told)
            except OSError:
                self._over.wait(RETRY_AFTER_S)
                continue
            if connection is not None:
                try:
                    self._loop.call_soon_threadsafe(self._connected, connection, number)
                except RuntimeError:  # the loop has ended
                    _close(connection, BYE if self._over.is_set() else b"")
            return

    def _connect(self, told: bytes) -> socket.socket | None:
        """Return a connection over which the call is watched, or None if it must not be told.

        Raises:
            OSError: The sentinel is not there, or does not take the call.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(CONNECT_TIMEOUT_S)
            connection.connect(connectable(self._address))
            if peer_of(connection).uid != os.getuid():
                logger.error("the sentinel's socket belongs to another user: nothing is told")
                connection.close()
                return None
            connection.sendall(told)
            if connection.recv(len(WATCHED)) != WATCHED:
                raise ConnectionError("the call was refused")
            connection.setblocking(False)  # noqa: FBT003 - the socket module's own
        except OSError:
            connection.close()
            raise
        return connection

    # --- in the loop -----------------------------------------------------------------------------

    def _connected(self, connection: socket.socket, number: int) -> None:
        if self._over.is_set() or number != self._round:
            _close(connection, BYE)
            return
        self._drop(BYE)  # what was told before
        self._socket = connection
        self._beat()

    def _beat(self) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send(BEAT)
        except BlockingIOError:
            pass  # it does not read; it has beats enough
        except OSError:
            self._drop(b"")
            if self._tell is not None:
                self.begin(self._tell)  # another one is being started
            return
        self._timer = self._loop.call_later(BEAT_S, self._beat)

    def _drop(self, last: bytes) -> None:
        connection, self._socket = self._socket, None
        if self._timer is not None:
            self._timer.cancel()
        if connection is not None:
            _close(connection, last)


def _close(connection: socket.socket, last: bytes) -> None:
    with suppress(OSError):
        connection.send(last)
    connection.close()
