"""Takes the calls of one worker's jobs over a private socket, and watches each of them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from lastword.bounded import within
from lastword.session.report import deliver, delivered
from lastword.traces import told

from .processes import peer_of
from .states import FILLER_AFTER_S, TAKE_OVER_AFTER_S
from .watching import Watching
from .wire import Lines, WireError, read

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from lastword.session.report import Report

    from .processes import Peer
    from .wire import Call

logger = logging.getLogger("lastword")

REGISTER_TIMEOUT_S = 5.0
"""How long a connection may take to tell its call; half a megabyte takes milliseconds."""
MAX_STRANGERS = 64
"""Connections that have told nothing yet; more of them are closed at once."""
MAX_CALLS = 1000
BACKLOG = 1024
"""Connections that wait to be taken; while there are more, jobs ask again."""

SLOWER_WITHOUT_SCHEDSTAT = 3.0
"""Where the system does not tell how long a process waits for a CPU, starved and frozen look the
same: the bounds are so much longer."""


class Switchboard:
    """All calls of one worker.

    Args:
        lines: What is said and done whatever a call asks for; what is None is the call's own.
        on_report: A user's function, or None.
        on_idle: Called whenever no call is watched any more.
    """

    def __init__(
        self,
        lines: Lines,
        on_report: Callable[[Report], object] | None,
        on_idle: Callable[[], None],
    ) -> None:
        self._lines = lines
        self._on_report = on_report
        self._on_idle = on_idle
        self._strangers = 0
        self._calls = 0
        self._refused = 0
        self._watched: dict[tuple[int, str], Watching] = {}
        slower = 1.0 if sys.platform == "linux" else SLOWER_WITHOUT_SCHEDSTAT
        self._bounds = {
            "filler_after_s": FILLER_AFTER_S * slower,
            "take_over_after_s": TAKE_OVER_AFTER_S * slower,
        }

    @property
    def calls(self) -> int:
        """How many calls are watched."""
        return self._calls

    async def open(self, listening: socket.socket) -> asyncio.AbstractServer:
        """Take calls from a bound socket; return what closes it again."""
        listening.setblocking(False)  # noqa: FBT003 - the socket module's own
        return await asyncio.start_unix_server(self._connected, sock=listening, backlog=BACKLOG)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._take(reader, writer)
        except Exception as trouble:  # noqa: BLE001 - one call must not end the others' watch
            logger.error("a call could not be watched: %s", told(trouble))
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_of(writer.get_extra_info("socket"))
        if peer.uid != os.getuid() or self._strangers >= MAX_STRANGERS or self._calls >= MAX_CALLS:
            self._refuse(peer)
            return
        self._strangers += 1
        try:
            call = await within(read(reader), REGISTER_TIMEOUT_S)
            watching = Watching(call, self._lines_for(call), peer.pid, **self._bounds)
        except (WireError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError, OSError):
            self._refuse(peer)
            return
        finally:
            self._strangers -= 1
        key = (peer.pid, call.room)
        if key in self._watched:
            self._watched[key].retire()  # `guard` has told of a call that `attach` tells of too
        self._watched[key] = watching
        self._calls += 1
        logger.info("a call of process %d is watched", peer.pid)
        try:
            report = await watching.run(reader, writer)
            if report is not None:
                await self._tell(report, call.room)
        finally:
            if self._watched.get(key) is watching:
                del self._watched[key]
            self._calls -= 1
            if not self._calls:
                self._on_idle()

    def _refuse(self, peer: Peer) -> None:
        """Note a connection that is no call; who floods the socket must not flood the log."""
        self._refused += 1
        if self._refused.bit_count() == 1:  # the first, second, fourth, eighth ...
            logger.warning(
                "process %d of user %d connected and is not watched; %d connections were refused",
                peer.pid,
                peer.uid,
                self._refused,
            )

    def _lines_for(self, call: Call) -> Lines:
        own, asked = self._lines, call.lines
        return Lines(
            own.first or asked.first,
            own.second if own.after is not None else asked.second,
            own.filler or asked.filler,
            own.after if own.after is not None else asked.after,
            asked.tell,
        )

    async def _tell(self, report: Report, room: str) -> None:
        """Write a report as one line of JSON, besides where reports go anyway."""
        flat = asdict(report)
        flat["failure"] = {**flat["failure"], "kind": str(report.failure.kind)}
        print(json.dumps({"lastword": flat, "room": room}), file=sys.stderr, flush=True)  # noqa: T201 - its log
        await delivered(deliver(report, self._on_report, None))
