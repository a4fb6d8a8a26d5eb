"""`sentinel`: starts a process beside a worker that speaks when the process of a call dies."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..failure.kinds import FailureKind
from ..room.server import CREDENTIALS
from ..sentinel.actions import written
from ..sentinel.helper import Helper
from ..sentinel.order import ENVIRONMENT, Order, address_of
from ..sentinel.wire import Lines
from .after.plan import Plan
from .script import Script
from .vigilance import sound_of
from .words.language import check_language
from .words.message import DEFAULT
from .words.utterance import OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import AgentServer
    from typing_extensions import Self

    from .after.plan import AnyAfter
    from .report import Report
    from .words.message import AnyMessage

MAX_MESSAGE_S = 60.0


def sentinel(
    server: AgentServer | None = None,
    message: AnyMessage = DEFAULT,
    *,
    language: str | None = None,
    after: AnyAfter = None,
    on_report: str | Callable[[Report], object] | None = None,
) -> Sentinel:
    """Watch all calls of a worker from a process beside it, and speak when one of them dies.

    A job whose process is killed, crashes or freezes can say nothing any more. `attach` and `guard`
    register their calls by themselves. Call it once, at the top of the module that runs the worker.

    Args:
        server: The worker; None for any other program that joins rooms: then use the returned
            object as a context manager around it.
        message: What callers hear; by default what `attach` or `guard` would say.
        language: Language of bundled words, such as "en" or "pt-BR".
        after: What follows: `leave()`, `hang_up()`, `transfer_to(...)`; by default what follows
            for `attach` or `guard`.
        on_report: Called with the `Report` in the sentinel's process: "module:function", or a
            function that can be imported by its name.

    Returns:
        The sentinel.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        NotImplementedError: On Windows, which has none of what it is made of.
        TypeError: `on_report` cannot be imported by its name, or an argument has a wrong type.
    """
    if sys.platform == "win32":
        raise NotImplementedError(
            "expected Linux or macOS: the sentinel needs Unix sockets and process handles; "
            "on Windows leave it out"
        )
    check_language(language)
    own = _lines(message, language, after)
    made = Sentinel(own, _name_of(on_report))
    if server is not None:
        server.on("worker_started", made.start)
    return made


class Sentinel:
    """The process beside a worker: started with it, or by `with` around any other program."""

    def __init__(self, lines: Lines, on_report: str | None) -> None:
        self._lines = lines
        self._on_report = on_report
        self._helper: Helper | None = None
        # Jobs import the module that calls `sentinel`, and inherit the environment.
        self._is_in_job = multiprocessing.parent_process() is not None
        if not self._is_in_job:
            self._address = address_of(_new_name())
            os.environ[ENVIRONMENT] = self._address

    @property
    def pid(self) -> int | None:
        """The process, or None while there is none."""
        return self._helper.pid if self._helper is not None else None

    def start(self, *_: object) -> None:
        """Start the process in the background; a second call does nothing."""
        if self._is_in_job or self._helper is not None:
            return
        environment = {name: os.environ[name] for name in CREDENTIALS if name in os.environ}
        self._helper = Helper(Order(self._address, environment, self._on_report, self._lines))
        self._helper.start()

    def stop(self) -> None:
        """Let the process end when its calls are over; returns at once."""
        if self._helper is not None:
            self._helper.stop()
            self._helper = None

    def __enter__(self) -> Self:
        self.start()
        if self._helper is not None:
            self._helper.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _new_name() -> str:
    """Return a name for a socket that nobody else has or can guess."""
    if sys.platform != "linux":
        return str(Path(tempfile.mkdtemp(prefix="lastword-")) / "sentinel")  # mode 0700
    return f"lastword-{secrets.token_hex(16)}"


def _lines(message: AnyMessage, language: str | None, after: AnyAfter) -> Lines:
    """Return what is said and done whatever a call asks for; what is None is the call's own."""
    plan = Plan(after, check=False)
    asked = message if message is not DEFAULT or language is not None else None
    script = Script(asked, plan, languages=[language], max_message_s=MAX_MESSAGE_S)
    script.prepare(OutputFormat())
    words = script.for_failure(FailureKind.AGENT_DIED)
    return Lines(sound_of(words.first), sound_of(words.second), None, written(words.action))


def _name_of(on_report: Any) -> str | None:
    """Return "module:function" for a function that another process can import.

    Raises:
        TypeError: It cannot.
    """
    if on_report is None or (isinstance(on_report, str) and ":" in on_report):
        return on_report
    module = getattr(on_report, "__module__", "__main__")
    name = getattr(on_report, "__qualname__", "<")
    if not callable(on_report) or module == "__main__" or "<" in name or "." in name:
        raise TypeError(
            "expected on_report as 'module:function', or as a function at the top of a module that "
            f"another process can import, got {on_report!r}"
        )
    return f"{module}:{name}"
