"""Keeps the answers to refused requests, which exceptions drop, with a trace on aiohttp.

`raise_for_status` and a refused WebSocket handshake leave only a status, and only the
body tells a gateway's "out of credits" from its "too many connections". A trace on the aiohttp
sessions in use reads it before aiohttp drops it, and only inside a call of the tap; outside of any
call, where the connections of realtime models are made, it reads only those of handshakes. Must not
import the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import aiohttp

from ...bounded import within
from ..evidence.model import attach_response, chain
from .calls import Call, RefusedResponse, current

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BODY = 64 * 1024
"""Bytes kept of a body; the errors of all providers that were recorded are below 4 KiB."""

READ_TIMEOUT_S = 1.0
"""How long a refused request waits for its body, which is normally sent with its head."""

# The methods that plugins use; others are not touched.
_METHODS = ("request", "get", "post", "ws_connect")


# Refusals outside of any call, newest last; several sessions may fail at once.
_handshakes: deque[RefusedResponse] = deque(maxlen=16)
_wrapped: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}
_lock = threading.RLock()


def install() -> None:
    """Trace every aiohttp session that is used from now on."""
    with _lock:
        for name in _METHODS:
            if name not in _wrapped:
                original = getattr(aiohttp.ClientSession, name)
                _wrapped[name] = (_traced(original), original)
                setattr(aiohttp.ClientSession, name, _wrapped[name][0])


def remove() -> None:
    """Restore the methods that still are our wrappers; a trace on a session stays, idle."""
    with _lock:
        for name, (ours, original) in list(_wrapped.items()):
            if vars(aiohttp.ClientSession).get(name) is ours:
                setattr(aiohttp.ClientSession, name, original)
                del _wrapped[name]
        _handshakes.clear()


def attach_refusal(error: BaseException, call: Call | None) -> None:
    """Attach to an error the response that was lost on the way to it.

    Args:
        error: What a plugin raised. aiohttp's exceptions share their headers with the response, so
            theirs is found exactly. Where a plugin read the status and raised its own error, the
            call's last refusal is used if the status agrees. Where a plugin treated the refusal as
            a normal answer, it raises a look-up or parse error, which the last refusal explains.
        call: The call that it was raised in, if any; its last refusal is forgotten.
    """
    refused = None
    if call is not None:
        refused, call.refused = call.refused, None
    links = list(chain(error))
    refusals = [*_handshakes, refused] if refused else list(_handshakes)
    for link in links:
        if isinstance(link, aiohttp.ClientResponseError):
            lost = next((one for one in refusals if one.headers is link.headers), None)
            break
    else:
        lost = refused if refused and any(_explains(refused, link) for link in links) else None
    if lost is not None:
        attach_response(
            error, status=lost.status, headers=lost.headers, body=lost.body, host=lost.host
        )


def _explains(refused: RefusedResponse, error: BaseException) -> bool:
    status = getattr(error, "status_code", None)
    if status is not None:
        return bool(status == refused.status)
    return isinstance(error, LookupError | ValueError | TypeError | AttributeError)


def _traced(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> Any:
        if _TRACE not in self.trace_configs:
            self.trace_configs.append(_TRACE)
        return original(self, *args, **kwargs)

    return method


async def _keep_refusal(
    _: aiohttp.ClientSession, __: object, params: aiohttp.TraceRequestEndParams
) -> None:
    """Read and keep a refused response; aiohttp awaits this before it hands the response on."""
    response, call = params.response, current.get()
    if response.status < 400:  # noqa: PLR2004 - where refusals begin in HTTP
        return
    is_handshake = "Sec-WebSocket-Key" in params.headers
    if not _wrapped or (call is None and not is_handshake):
        return
    body = b""
    if (response.content_length or 0) <= MAX_BODY:
        with contextlib.suppress(asyncio.TimeoutError, aiohttp.ClientError, OSError):
            # `read` caches what it read: plugins can still get the text.
            body = await within(response.read(), READ_TIMEOUT_S)
    host = response.url.host or ""
    refused = RefusedResponse(response.status, response.headers, body[:MAX_BODY], host)
    if call is not None:
        call.refused = refused
    else:
        _handshakes.append(refused)


_TRACE: aiohttp.TraceConfig = aiohttp.TraceConfig()
_TRACE.on_request_end.append(_keep_refusal)
_TRACE.freeze()
