"""A secret in every request and every answer: as key, as header, as URL parameter, echoed.

Plugins are given `KEY` as their key. Libraries that ask over HTTP or open WebSockets are made to
send it as a header and as a URL parameter besides, and answers bring it back.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web
from yarl import URL

from failure.providers import KEY

if TYPE_CHECKING:
    import pytest

    from lastword.testing.gateway import Answer

_HEADER = "x-api-key"


def mark_requests(patch: pytest.MonkeyPatch) -> None:
    """Marks whatever aiohttp, httpx and websockets ask for."""
    asked = aiohttp.ClientSession._request

    async def request(self: aiohttp.ClientSession, method: str, url: Any, **kwargs: Any) -> Any:
        headers = dict(kwargs.pop("headers", None) or {})
        marked = URL(url).update_query(api_key=KEY)
        return await asked(self, method, marked, headers={**headers, _HEADER: KEY}, **kwargs)

    patch.setattr(aiohttp.ClientSession, "_request", request)
    # openai and anthropic changed from the one to the other
    for library in filter(None, map(sys.modules.get, ("httpx", "httpx2"))):
        patch.setattr(library.AsyncClient, "send", _marked_send(library.AsyncClient.send))
    live: Any = sys.modules.get("google.genai.live")
    if live is not None:
        patch.setattr(live, "ws_connect", _marked_connect(live.ws_connect))


def _marked_send(sent: Any) -> Any:
    async def send(self: Any, request: Any, **kwargs: Any) -> Any:
        request.url = request.url.copy_merge_params({"api_key": KEY})
        request.headers[_HEADER] = KEY
        return await sent(self, request, **kwargs)

    return send


def _marked_connect(connected: Any) -> Any:
    def connect(uri: str, *, additional_headers: dict[str, str], **kwargs: Any) -> Any:
        # Google's SDK knows no other scheme than `wss`, the local server only `ws`.
        local = URL(uri).with_scheme("ws").update_query(api_key=KEY)
        kwargs.pop("ssl", None)
        marked = {**additional_headers, _HEADER: KEY}
        return connected(str(local), additional_headers=marked, **kwargs)

    return connect


def echoing(answer: Answer) -> Answer:
    """Brings back in a header what was asked with; a WebSocket that was accepted has none."""

    async def echoed(request: web.Request) -> web.StreamResponse:
        response = await answer(request)
        if not response.prepared:
            response.headers["x-echo"] = f"{request.url} key={KEY}"
        return response

    return echoed
