"""Defines the evidence of an error, follows chains of exceptions, and attaches lost responses.

`collect` gathers the evidence and `providers` interprets it. An exception has causes, and may be
given the response that its library dropped. Imports `foreign`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from .foreign import UnknownCodeError, ask, check_exception

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..kinds import Component

MAX_HOPS = 5
"""How many exceptions behind the outermost one are read."""

ATTACHED = "lastword_response"
"""The attribute that `attach_response` sets on an exception."""

_MAX_HEADERS = 128

HEADERS = (
    "cf-mitigated", "x-litellm-call-id", "x-portkey-provider", "x-portkey-trace-id",
    "date", "retry-after", "retry-after-ms", "x-request-id",
    "x-livekit-inference-credits-limit", "x-livekit-inference-credits-used",
    "x-livekit-inference-rpm-limit", "x-livekit-inference-rpm-used",
    "x-livekit-inference-tpm-limit", "x-livekit-inference-tpm-used",
)  # fmt: skip
"""Headers that are kept; all others may hold secrets and are not read."""
_KEPT = frozenset(HEADERS)


@dataclass(frozen=True)
class Attached:
    """A response that was recovered elsewhere."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes | str = field(repr=False)
    host: str


@dataclass(frozen=True)
class Evidence:
    """The evidence of an error.

    Attributes:
        component: The part of the agent, as the event or the traceback says.
        providers: Who may have answered, most certain first.
        status: The HTTP status, 400 to 599.
        close_code: The WebSocket close code.
        handshake: A WebSocket handshake was refused.
        codes: Codes, types and statuses, in lower case.
        said: All texts of the error, one per line, outermost first.
        text: The same in lower case.
        texts: The texts that were not fields of a body.
        quoted: What a router quotes from a provider behind it, in lower case; not part of `text`.
        plain: A body came that is not JSON.
        page: The answer is an error page of a content network or an ingress in between.
        has_body: A body of any form was there.
        classes: Names of the classes of the exceptions and their bases, "module.Name".
        errnos: Numbers of the errors of the operating system.
        headers: Those of `HEADERS` that the response had.
        objects: JSON objects that were bodies.
        retry_after_s: Seconds until the provider wants to be asked again.
        errors: The exceptions that were read, outermost first; none if there was none.
    """

    component: Component
    providers: tuple[str, ...]
    status: int | None
    close_code: int | None
    handshake: bool
    codes: frozenset[str] = field(repr=False)
    said: str = field(repr=False)
    text: str = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    quoted: str
    plain: bool
    page: bool
    has_body: bool
    classes: frozenset[str]
    errnos: frozenset[int]
    headers: Mapping[str, str] = field(repr=False)
    objects: tuple[dict[str, Any], ...] = field(repr=False)
    retry_after_s: float | None
    errors: tuple[BaseException, ...] = field(repr=False)

    @property
    def error(self) -> BaseException | None:
        """The outermost exception."""
        return self.errors[0] if self.errors else None


def attach_response(
    error: BaseException,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes | str,
    host: str = "",
) -> None:
    """Attach to an exception the response that its library dropped, for `collect_evidence`.

    An exception that accepts no attributes is left as it is.

    Args:
        error: The exception, or any of those that caused it.
        status: The HTTP status of the response.
        headers: Its headers; only those of `HEADERS` are kept.
        body: The body, or its beginning.
        host: The host that answered, without user, path or query.
    """
    try:
        setattr(error, ATTACHED, Attached(status, kept_headers(headers), body, host))
    except (AttributeError, TypeError):
        return


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and at most `MAX_HOPS` behind it, nearest first, each once.

    Both links are followed: plugins raise `from None`, which hides `__context__` but keeps it. The
    exceptions of a group count as its causes.

    Raises:
        UnknownCodeError: As `foreign.ask`.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) <= MAX_HOPS:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        check_exception(current)
        yield current
        grouped = getattr(current, "exceptions", ())
        links = (*(grouped[:MAX_HOPS] if isinstance(grouped, tuple) else ()),
                 current.__cause__, current.__context__)  # fmt: skip
        waiting.extend(link for link in links if isinstance(link, BaseException))


def kept_headers(headers: object) -> dict[str, str]:
    """Return those of `HEADERS` that a response has, whatever holds them, names in lower case."""
    kept: dict[str, str] = {}
    try:
        is_dict = isinstance(headers, dict)
        pairs = dict.items(headers) if is_dict else ask(headers, "items")()  # type: ignore[arg-type] # a dict
        for name, value in islice(pairs, _MAX_HEADERS):  # one look-up in httpx' costs as much
            lowered = str(name).lower()
            if lowered in _KEPT and isinstance(value, str):
                kept.setdefault(lowered, value[:200])
    except UnknownCodeError:
        raise
    except Exception:  # noqa: BLE001 - no headers, or foreign ones that raise
        return kept
    return kept
