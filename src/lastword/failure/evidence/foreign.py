"""Reads attributes of foreign objects safely, although these may raise or block.

What reading an attribute runs is known for data and for the libraries that plugins build on.
Anything else is read in a thread of its own, which is abandoned if it does not return in time.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

READ_TIMEOUT_S = 0.1
"""How long unknown code may hold up the reader; the event loop is blocked meanwhile."""

MAX_LEFT_BEHIND = 4
"""Threads that may hang in such code at a time; with that many, no further object is read."""

_LIBRARIES = frozenset(
    {
        "aiobotocore", "aiohttp", "anthropic", "anyio", "asyncio", "boto3", "botocore", "builtins",
        "collections", "concurrent", "exceptiongroup", "google", "grpc", "httpcore", "httpx",
        "httpx2", "json", "lastword", "livekit", "mistralai", "multidict", "openai", "pydantic",
        "pydantic_core", "requests", "smithy_core", "smithy_http", "socket", "soniox",
        "speechmatics", "ssl", "types", "urllib3", "websockets", "yarl",
    }
)  # fmt: skip
"""Libraries whose attributes, as far as the reader uses them, are known to read only memory."""

_HOOKS = ("__getattribute__", "__getattr__", "__class__")
_OF_EXCEPTIONS = ("__cause__", "__context__", "__traceback__", "__dict__", "args", "exceptions")

_left_behind: list[threading.Thread] = []


class UnknownCodeError(Exception):
    """An attribute would run unknown code, which only a `Helper` may do."""


class Helper(threading.Thread):
    """Runs a function and dies with the process, whatever the function is still doing."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__(name="lastword-reading", daemon=True)
        self._run_foreign = run

    def run(self) -> None:
        """Run the function; if it raises, the result is simply incomplete."""
        try:
            self._run_foreign()
        except BaseException:  # noqa: BLE001 - a foreign property may raise anything
            return


def ask(value: object, name: str) -> Any:
    """Return an attribute, or None if there is none or it raises (streamed responses do).

    Raises:
        UnknownCodeError: The attribute runs unknown code, and this thread is not a `Helper`.
    """
    if _is_unknown(type(value), name):  # type: ignore[arg-type] # classes are hashable
        _refuse_unless_helper()
    try:
        return getattr(value, name, None)
    except BaseException:  # noqa: BLE001 - as in `Helper`; a Ctrl-C meant for us is met there too
        return None


def check_exception(error: BaseException) -> None:
    """Check that reading the attributes common to all exceptions runs no unknown code.

    Raises:
        UnknownCodeError: As `ask`.
    """
    if _is_unknown_exception(type(error)):  # type: ignore[arg-type] # classes are hashable
        _refuse_unless_helper()


def _refuse_unless_helper() -> None:
    if not isinstance(threading.current_thread(), Helper):
        raise UnknownCodeError


def within_bound(run: Callable[[], None]) -> None:
    """Run a function in a `Helper` for at most `READ_TIMEOUT_S`, then abandon it."""
    _left_behind[:] = [helper for helper in _left_behind if helper.is_alive()]
    if len(_left_behind) >= MAX_LEFT_BEHIND:
        return
    helper = Helper(run)
    helper.start()
    helper.join(READ_TIMEOUT_S)
    if helper.is_alive():
        _left_behind.append(helper)


def look_at(kind: type[BaseException], names: Iterable[str]) -> None:
    """Find out beforehand what attributes of a class of exceptions run; it is remembered."""
    for name in names:
        _is_unknown(kind, name)  # type: ignore[arg-type] # classes are hashable
    _is_unknown_exception(kind)  # type: ignore[arg-type] # classes are hashable


@functools.lru_cache(maxsize=2048)
def _is_unknown(kind: type, name: str) -> bool:
    """Return whether an attribute of a class runs code from outside `_LIBRARIES`."""
    return _has_unknown_hooks(kind) or _runs_unknown(kind, name)


@functools.lru_cache(maxsize=256)
def _has_unknown_hooks(kind: type) -> bool:
    return any(_runs_unknown(kind, hook) for hook in _HOOKS)


def _runs_unknown(kind: type, name: str) -> bool:
    for base in kind.__mro__:
        if name in vars(base):
            is_known = str(base.__module__).partition(".")[0] in _LIBRARIES
            return not is_known and hasattr(type(vars(base)[name]), "__get__")
    return False


@functools.lru_cache(maxsize=128)
def _is_unknown_exception(kind: type) -> bool:
    return any(_is_unknown(kind, name) for name in _OF_EXCEPTIONS)
