"""Makes the faults of broken components: they raise, hang, say nothing or die.

`break_component` accepts each of them, and `Gateway.script` does as the answer of a provider.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web
from livekit.agents import APIConnectionError, llm, stt, tts

from .._upstream import stand_ins
from ..failure.kinds import FailureKind
from .answers import stall, status
from .documented import ProviderFailure
from .exceptions import Part, exception_of_kind
from .sounds import tone

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .._upstream.stand_ins import Work
    from .answers import Answer

_BEFORE_S = 0.3
"""How much sound a component gives or takes before it dies."""


@dataclass(frozen=True)
class Fault:
    """What a broken component does instead of its work.

    Attributes:
        name: Its name in tables and timelines.
        work: Replaces one attempt of the component.
        answer: The same, as the answer of a provider.
    """

    name: str
    work: Callable[[Work], Awaitable[Any]]
    answer: Answer

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, as `Gateway.script` requires."""
        return await self.answer(request)


With: TypeAlias = (
    Fault
    | ProviderFailure
    | FailureKind
    | str
    | BaseException
    | type[BaseException]
    | Callable[[], BaseException]
)
"""Every form in which a fault can be given."""


def hangs(seconds: float | None = None) -> Fault:
    """Take the work and never answer, without an error.

    Args:
        seconds: As an answer of a `Gateway`: when the connection is closed; None for a minute.
    """

    async def work(_: Work) -> None:
        await asyncio.get_running_loop().create_future()

    return Fault("hangs", work, stall() if seconds is None else stall(seconds))


def empty() -> Fault:
    """End the work without an error and without a result: no word, no sound, no transcript."""
    return Fault("empty", _nothing, status(200, b""))


def dies() -> Fault:
    """Begin normally, then lose the connection: after a word, or after 0.3 s of sound."""
    return Fault("dies", _begin_and_die, _abort)


def raises(what: BaseException | type[BaseException] | Callable[[], BaseException]) -> Fault:
    """Fail with an exception.

    Args:
        what: The exception, which is raised each time; or its class, or a function that makes one.
    """
    name = what.__name__ if isinstance(what, type) else type(what).__name__

    async def work(_: Work) -> None:
        raise what if isinstance(what, BaseException) else what()

    return Fault(name, work, status(500))


def fault_of(what: With, part: Part) -> Fault:
    """Return the fault that a user's argument stands for.

    Args:
        what: A fault, a documented failure of a provider, a kind of failure, or an exception.
        part: The component that is to fail.

    Raises:
        TypeError: It is none of these.
        ValueError: It is not the name of a kind that is raised.
    """
    if isinstance(what, Fault):
        return what
    if isinstance(what, ProviderFailure):
        return raises(what.exception)
    if isinstance(what, str):  # a FailureKind is one
        exception_of_kind(what, part)
        fault = raises(lambda: exception_of_kind(what, part))
        return Fault(str(what), fault.work, fault.answer)
    if isinstance(what, BaseException) or callable(what):
        return raises(what)
    raise TypeError(
        "expected a kind of failure, an exception, hangs(), empty(), dies() or one of failures(...)"
        f", got {type(what).__name__}"
    )


async def _nothing(work: Work) -> stt.SpeechEvent | None:
    if isinstance(work.worker, stt.STT):
        return stand_ins.transcript("")
    if isinstance(work.worker, stt.RecognizeStream):
        async for _ in stand_ins.sounds(work.worker):
            pass
    return None


async def _begin_and_die(work: Work) -> None:
    if isinstance(work.worker, llm.LLMStream):
        stand_ins.answer(work.worker, "I ")
        await asyncio.sleep(_BEFORE_S)
    elif isinstance(work.worker, stt.RecognizeStream):
        heard_s = 0.0
        async for frame in stand_ins.sounds(work.worker):
            heard_s += frame.duration
            if heard_s >= _BEFORE_S:
                break
    elif work.emitter is not None and isinstance(work.component, tts.TTS):
        begin_sound(work)
        work.emitter.push(tone(_BEFORE_S, work.component.sample_rate).tobytes())
        await asyncio.sleep(_BEFORE_S)
    raise APIConnectionError("the connection was lost")


def begin_sound(work: Work) -> None:
    """Tell the emitter of a TTS what its sound will be."""
    component, emitter = work.component, work.emitter
    if emitter is None or not isinstance(component, tts.TTS):
        return
    streams = isinstance(work.worker, tts.SynthesizeStream)
    emitter.initialize(
        request_id="rehearsal",
        sample_rate=component.sample_rate,
        num_channels=component.num_channels,
        mime_type="audio/pcm",
        stream=streams,
    )
    if streams:
        emitter.start_segment(segment_id="rehearsal")


async def _abort(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    if request.transport is not None:
        request.transport.abort()
    return response
