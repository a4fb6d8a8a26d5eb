"""Stands in for healthy components in a rehearsal: answers, speaks and listens by itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import llm, stt, tts, utils

from .._upstream import stand_ins
from . import realtime
from .faults import begin_sound
from .sounds import tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from .._upstream.stand_ins import Work
    from .exceptions import Part

_PIECE_S = 0.1
_SECONDS_PER_WORD = 0.35
_REALTIME_RATE = 24000


@dataclass
class Reply:
    """What the stand-in for an LLM or a realtime model answers.

    Attributes:
        text: Its words.
        thinks_s: How long it takes to begin, in seconds.
        word_s: How long each word takes, in seconds.
        tool: The tool that is called first, or None.
    """

    text: str = "One moment, please, I will look that up for you."
    thinks_s: float = 0.1
    word_s: float = 0.0
    tool: str | None = None


def stand_ins_for(reply: Reply) -> dict[Part, Callable[[Work], Awaitable[Any]]]:
    """Return a stand-in for each component.

    Args:
        reply: The answer; it may be changed between turns.
    """

    async def answers(work: Work) -> None:
        stream: llm.LLMStream = work.worker
        await asyncio.sleep(reply.thinks_s)
        if reply.tool is not None and not stand_ins.has_tool_result(stream):
            stand_ins.call_tool(stream, reply.tool, "{}")
            return
        for word in reply.text.split():
            stand_ins.answer(stream, word + " ")
            await asyncio.sleep(reply.word_s)

    async def replies(_: Work) -> llm.GenerationCreatedEvent:
        await asyncio.sleep(reply.thinks_s)
        if reply.tool is not None:
            call = llm.FunctionCall(call_id=utils.shortuuid(), name=reply.tool, arguments="{}")
            reply.tool = None
            return realtime.generation_of([], [call])
        message = realtime.message_of(_text(reply.text), _sound(reply.text))
        return realtime.generation_of([message])

    return {"llm": answers, "stt": _listens, "tts": _speaks, "realtime": replies}


async def _speaks(work: Work) -> None:
    """Speak a tone for as long as the words take, in real time."""
    component: tts.TTS[Any] = work.component  # type: ignore[assignment] # the emitter is a TTS's
    begin_sound(work)
    assert work.emitter is not None  # noqa: S101 - a TTS has one
    async for text in stand_ins.words(work.worker):
        left_s = len(text.split()) * _SECONDS_PER_WORD
        while left_s > 0:
            piece = tone(min(_PIECE_S, left_s), component.sample_rate, component.num_channels)
            work.emitter.push(piece.tobytes())
            left_s -= _PIECE_S
            await asyncio.sleep(_PIECE_S / 2)
    if isinstance(work.worker, tts.SynthesizeStream):
        work.emitter.end_segment()


async def _listens(work: Work) -> stt.SpeechEvent | None:
    """Hear silence for as long as sound comes."""
    if isinstance(work.worker, stt.STT):
        return stand_ins.transcript("")
    async for _ in stand_ins.sounds(work.worker):
        pass
    return None


async def _text(text: str) -> AsyncIterator[str]:
    for word in text.split():
        yield word + " "


async def _sound(text: str) -> AsyncIterator[rtc.AudioFrame]:
    left_s = len(text.split()) * _SECONDS_PER_WORD
    while left_s > 0:
        piece = tone(min(_PIECE_S, left_s), _REALTIME_RATE)
        yield rtc.AudioFrame(piece.tobytes(), _REALTIME_RATE, 1, len(piece))
        left_s -= _PIECE_S
        await asyncio.sleep(_PIECE_S / 2)
