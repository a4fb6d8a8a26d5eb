"""Makes the answers of a healthy scripted LLM or realtime model: words, a tool call or nothing.

One answer serves all providers: the path of the request tells which form is wanted.

    OpenAI and compatible ones, LiveKit's gateway   /v1/chat/completions
    OpenAI's responses, over HTTP or a WebSocket    /v1/responses
    Anthropic                                       /v1/messages
    Google                                          /v1beta/models/...:streamGenerateContent
    OpenAI's realtime models, Gemini Live           /v1/realtime, /ws/*; see `realtime_turns`
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import realtime_turns
from .realtime_turns import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .answers import Answer

_ID = "scripted"


def says(text: str) -> Answer:
    """Answer with words, streamed one by one; a realtime model speaks a tone with them.

    Args:
        text: What the agent is to say.
    """
    return _answer(Turn(tuple(f"{word} " for word in text.split(" "))))


def calls_tool(name: str, arguments: Mapping[str, Any] | None = None) -> Answer:
    """Answer with a tool call; a realtime model calls it once, then says what it returned.

    Args:
        name: The tool's name, as the agent has it.
        arguments: Its arguments.
    """
    return _answer(Turn(tool=name, arguments=json.dumps(arguments or {})))


def says_nothing() -> Answer:
    """Answer without an error, without words and without sound."""
    return _answer(Turn())


def _answer(turn: Turn) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        if realtime_turns.is_realtime(request):
            return await realtime_turns.serve(request, turn)
        if request.path.endswith("/responses"):
            return await _responses(request, turn)
        if request.path.endswith("/messages"):
            return await _stream(request, _anthropic(turn), named=True)
        if "GenerateContent" in request.path:
            return await _stream(request, _google(turn))
        return await _stream(request, _chat(turn), end=b"data: [DONE]\n\n")

    return answer


async def _stream(
    request: web.Request, events: Iterator[dict[str, Any]], *, named: bool = False, end: bytes = b""
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        await response.write(f"{name}data: {json.dumps(event)}\n\n".encode())
    await response.write(end)
    return response


async def _responses(request: web.Request, turn: Turn) -> web.StreamResponse:
    """Answer over HTTP, or each request of a WebSocket."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return await _stream(request, _openai_responses(turn), named=True)
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for _ in ws:
        for event in _openai_responses(turn):
            await ws.send_json(event)
    return ws


def _chat(turn: Turn) -> Iterator[dict[str, Any]]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        kind = {"object": "chat.completion.chunk", "created": 0, "model": _ID}
        return {"id": _ID, **kind, "choices": [choice]}

    for piece in turn.pieces:
        yield chunk({"role": "assistant", "content": piece})
    if turn.tool is not None:
        function = {"name": turn.tool, "arguments": turn.arguments}
        call = {"index": 0, "id": f"call_{_ID}", "type": "function", "function": function}
        yield chunk({"role": "assistant", "tool_calls": [call]})
    yield chunk({}, "stop" if turn.tool is None else "tool_calls")


def _anthropic(turn: Turn) -> Iterator[dict[str, Any]]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": _ID, "type": "message", "role": "assistant", "model": _ID, "content": []}
    ends: dict[str, Any] = {"stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": {**message, **ends, "usage": usage}}
    block: dict[str, Any] = {"type": "text", "text": ""}
    deltas = [{"type": "text_delta", "text": piece} for piece in turn.pieces]
    if turn.tool is not None:
        block = {"type": "tool_use", "id": f"call_{_ID}", "name": turn.tool, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": turn.arguments}]
    if deltas:
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
    reason = "end_turn" if turn.tool is None else "tool_use"
    yield {"type": "message_delta", "delta": {**ends, "stop_reason": reason}, "usage": usage}
    yield {"type": "message_stop"}


def _google(turn: Turn) -> Iterator[dict[str, Any]]:
    def chunk(parts: list[dict[str, Any]], **more: str) -> dict[str, Any]:
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
        used = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        return {"candidates": [candidate], "usageMetadata": used, "responseId": _ID}

    for piece in turn.pieces:
        yield chunk([{"text": piece}])
    if turn.tool is not None:
        call = {"name": turn.tool, "args": json.loads(turn.arguments)}
        yield chunk([{"functionCall": call}])
    yield chunk([], finishReason="STOP")


def _openai_responses(turn: Turn) -> Iterator[dict[str, Any]]:
    numbers = iter(range(1000))

    def event(kind: str, **more: Any) -> dict[str, Any]:
        return {"type": f"response.{kind}", "sequence_number": next(numbers), **more}

    response: dict[str, Any] = {
        "id": f"resp_{_ID}", "object": "response", "created_at": 0, "model": _ID, "output": [],
        "status": "in_progress", "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
        "temperature": 1.0, "top_p": 1.0, "usage": None,
    }  # fmt: skip
    where = {"item_id": f"msg_{_ID}", "output_index": 0}
    item: dict[str, Any] = {"id": f"msg_{_ID}", "type": "message", "role": "assistant"}
    item |= {"status": "completed", "content": []}
    if turn.tool is not None:
        item = {"id": f"fc_{_ID}", "type": "function_call", "call_id": f"call_{_ID}"}
        item |= {"name": turn.tool, "arguments": turn.arguments, "status": "completed"}
    yield event("created", response=response)
    yield event("output_item.added", output_index=0, item=item)
    for piece in turn.pieces:
        yield event("output_text.delta", **where, content_index=0, delta=piece, logprobs=[])
    yield event("output_item.done", output_index=0, item=item)
    usage = {
        "input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    done = {**response, "status": "completed", "output": [item], "usage": usage}
    yield event("completed", response=done)
