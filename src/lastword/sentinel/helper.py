"""Starts a sentinel beside a worker, and another one whenever it ends before its worker."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from .order import pack_order

if TYPE_CHECKING:
    from .order import Order

logger = logging.getLogger("lastword")

READY_TIMEOUT_S = 20.0
RESTART_AFTER_S = 1.0
"""Between two starts, so that one that cannot run does not keep a core busy."""


class Helper:
    """The sentinel's process, as its worker sees it.

    Args:
        order: What it has to know.
    """

    def __init__(self, order: Order) -> None:
        self._order = pack_order(order)
        self._hidden = order.environment.keys()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="lastword-sentinel", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process, or None while there is none."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it in the background."""
        self._keeper.start()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> bool:
        """Wait until it takes calls; return whether that came in time."""
        return self._ready.wait(timeout_s)

    def stop(self) -> None:
        """Let it end when its calls are over; returns at once."""
        self._stopping.set()
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                status = self._run()
            except OSError as error:
                logger.error("the sentinel cannot be started: %s", type(error).__name__)
                return
            self._ready.clear()
            if not self._stopping.is_set():
                logger.warning("the sentinel has ended with status %d; another one begins", status)
                self._stopping.wait(RESTART_AFTER_S)

    def _run(self) -> int:
        """Start a process and wait for its end; return its status."""
        # What it must know and nobody is to read comes over its standard input: other processes
        # of this user can read its command line and the environment that it began with.
        environment = {k: v for k, v in os.environ.items() if k not in self._hidden}
        process = self._process = subprocess.Popen(
            [sys.executable, "-m", "lastword.sentinel"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # signals to the worker's group are not for it
        )
        assert process.stdin is not None  # noqa: S101 - pipes
        assert process.stdout is not None  # noqa: S101 - pipes
        with process.stdout, suppress(OSError):
            process.stdin.write(self._order)
            process.stdin.flush()
            if process.stdout.readline():
                self._ready.set()
        if self._stopping.is_set():
            with suppress(OSError):
                process.stdin.close()
        status = process.wait()
        with suppress(OSError):
            process.stdin.close()
        return status
