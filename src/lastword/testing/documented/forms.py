"""Puts refusals on the wire in the forms of their providers.

A recorded case holds what a plugin's library kept of an answer. If that is the whole answer, a form
puts it back on the wire; if not, the answer is written out in `llm`, `stt`, `tts` and
`realtime` in the provider's documented words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..answers import status

if TYPE_CHECKING:
    from ..answers import Answer

# --- what is left of an answer -> the answer -----------------------------------------------------


def whole(exception: dict[str, Any]) -> Answer:
    """Answer with the body as it was sent: Anthropic's, error pages, lists."""
    body = exception["body"]
    if isinstance(body, str):
        return status(exception["status_code"], body, content_type="text/html")
    return status(exception["status_code"], json.dumps(body))


def narrowed(exception: dict[str, Any]) -> Answer:
    """Put back `error`, of which OpenAI's SDK keeps the contents."""
    return status(exception["status_code"], {"error": exception["body"]})


def gateway_body(exception: dict[str, Any]) -> Answer:
    """Answer as LiveKit's gateway: the SDK's exception has the whole body."""
    said = exception["cause"].get("response_text") or json.dumps({"error": exception["body"]})
    return status(exception["status_code"], said)


def google(exception: dict[str, Any]) -> Answer:
    """Answer as Google: its SDK keeps the body in its exception, the plugin only some words."""
    return status(exception["status_code"], exception["cause"]["body"])


def aws(exception: dict[str, Any]) -> Answer:
    """Answer as AWS: it names the error in a header, which botocore reads as well as the body."""
    said = exception["cause"]["body"]
    return status(
        exception["cause"]["status_code"],
        {"message": said["Message"]},
        headers={"x-amzn-errortype": said["Code"], "x-amzn-requestid": "1"},
    )


def closed(exception: dict[str, Any]) -> Answer:
    """Greet on a WebSocket, then close it: code and reason are in the plugin's text."""
    reason = exception["body"].partition("msg.extra=")[2].strip("'")
    return socket(close=exception["status_code"], reason=reason)


def closed_live(exception: dict[str, Any]) -> Answer:
    """Refuse as Gemini Live, by closing; the reason is the body."""
    return socket(close=exception["status_code"], reason=exception["body"])


# --- answers -------------------------------------------------------------------------------------


def socket(
    *frames: dict[str, Any] | str,
    greeting: dict[str, Any] | None = None,
    close: int | None = None,
    reason: str = "",
) -> Answer:
    """Accept a WebSocket, greet or wait for a message, send frames, then close or stay."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        if greeting is not None:
            await ws.send_json(greeting)
        else:
            await ws.receive()
        for frame in frames:
            await ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        if close is not None:
            await ws.close(code=close, message=reason.encode())
        async for _ in ws:
            pass
        return ws

    return answer


def in_context(error: str) -> Answer:
    """Accept ElevenLabs' multi-context WebSocket and answer the first context with an error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        context = (await ws.receive_json())["context_id"]
        await ws.send_json({"contextId": context, "error": error})
        async for _ in ws:
            pass
        return ws

    return answer


def openai(code: int, message: str, type_: str, error_code: str | None) -> Answer:
    """Answer with the error object of OpenAI and compatible providers."""
    error = {"message": message, "type": type_, "param": None, "code": error_code}
    return status(code, {"error": error})


def hangs_up() -> Answer:
    """Close the connection without an answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    return answer
