"""Replaces the work of LLM, STT and TTS streams in rehearsals, never in a call.

A plugin's stream does its work in `_run`, once for each attempt of the retry loop in `_main_task`
(1.4.6 .. 1.8.9). The class of a stream is exchanged for one whose `_run` asks the choosers first.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from livekit.agents import llm, stt, tts

from .components import children_of, same_kind
from .hooks import MAIN_TASKS, RECOGNIZE, Hook, component_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from livekit import rtc


@dataclass(frozen=True)
class Work:
    """One attempt of a component to do its work.

    Attributes:
        worker: The stream; an STT that recognizes whole utterances works itself.
        component: The LLM, STT or TTS, never an adapter.
        outermost: The adapter around it, or the component itself.
        own: Does what would be done without this chooser: usually the component's own work.
        emitter: Where a TTS puts its sound; None for all others.
    """

    worker: Any
    component: object
    outermost: object
    own: Callable[[], Awaitable[Any]]
    emitter: tts.AudioEmitter | None = None


_choosers: list[Callable[[Work], Awaitable[Any] | None]] = []
_hooks: list[Hook] = []
_outermost: ContextVar[object] = ContextVar("lastword_outermost", default=None)


def install(chooser: Callable[[Work], Awaitable[Any] | None]) -> None:
    """Ask a chooser about each attempt that begins from now on; the newest is asked first.

    Args:
        chooser: Says what is done instead of an attempt's own work, or None for that work.
    """
    _choosers.insert(0, chooser)
    if not _hooks:
        _hooks.extend(Hook.put_in(point, _exchanging) for point in MAIN_TASKS)
        _hooks.append(Hook.put_in(RECOGNIZE, _exchanging_recognition))


def remove(chooser: Callable[[Work], Awaitable[Any] | None]) -> None:
    """Stop asking a chooser."""
    _choosers[:] = [known for known in _choosers if known != chooser]
    if not _choosers:
        _hooks[:] = [hook for hook in _hooks if not hook.take_out()]


def _exchanging(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def _main_task(self: Any) -> None:
        component = component_of(self)
        if _choosers and not children_of(component):
            self.__class__ = _exchanged(type(self))  # type: ignore[arg-type] # types have a hash
        if not same_kind(_outermost.get(), component):
            _outermost.set(component)  # the task is the stream's own
        await original(self)

    return _main_task


def _exchanging_recognition(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def recognize(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _choosers and not children_of(self):
            self.__class__ = _exchanged(type(self))  # type: ignore[arg-type] # types have a hash
        if same_kind(_outermost.get(), self):
            return await original(self, *args, **kwargs)
        token = _outermost.set(self)
        try:
            return await original(self, *args, **kwargs)
        finally:
            _outermost.reset(token)

    return recognize


@functools.cache
def _exchanged(cls: type) -> type:
    """Return a subclass of a stream or STT class whose attempts ask the choosers first."""
    if getattr(cls, "_lastword_asks", False):
        return cls
    name = "_recognize_impl" if issubclass(cls, stt.STT) else "_run"
    original = getattr(cls, name)

    async def attempt(self: Any, *args: Any, **kwargs: Any) -> Any:
        component = component_of(self)
        emitter = args[0] if args and isinstance(args[0], tts.AudioEmitter) else None
        own = functools.partial(original, self, *args, **kwargs)
        outermost = _outermost.get() or component
        return await _do(Work(self, component, outermost, own, emitter), list(_choosers))

    names = {name: attempt, "_lastword_asks": True, "__module__": cls.__module__}
    return type(cls.__name__, (cls,), names)


async def _do(work: Work, choosers: list[Callable[[Work], Awaitable[Any] | None]]) -> Any:
    """Do an attempt as the first chooser wants; its `own` is what the next chooser wants."""
    if not choosers:
        return await work.own()
    first, *others = choosers
    here = replace(work, own=functools.partial(_do, work, others))
    chosen = first(here)
    return await (here.own() if chosen is None else chosen)


# --- what a stand-in does with the stream that it works for --------------------------------------


def answer(stream: llm.LLMStream, text: str) -> None:
    """Send a piece of an LLM's answer."""
    delta = llm.ChoiceDelta(role="assistant", content=text)
    stream._event_ch.send_nowait(llm.ChatChunk(id="rehearsal", delta=delta))


def call_tool(stream: llm.LLMStream, name: str, arguments: str) -> None:
    """Send a tool call of an LLM; `arguments` are JSON."""
    call = llm.FunctionToolCall(name=name, arguments=arguments, call_id=f"call_{name}")
    delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
    stream._event_ch.send_nowait(llm.ChatChunk(id="rehearsal", delta=delta))


def has_tool_result(stream: llm.LLMStream) -> bool:
    """Return whether an LLM is asked again after a tool call of its own."""
    items = stream.chat_ctx.items
    return bool(items) and items[-1].type == "function_call_output"


async def words(stream: tts.ChunkedStream | tts.SynthesizeStream) -> AsyncIterator[str]:
    """Yield the words that a TTS is to say as they come; end with the input."""
    if isinstance(stream, tts.ChunkedStream):
        yield stream.input_text
        return
    async for piece in stream._input_ch:
        if isinstance(piece, str):
            yield piece


async def sounds(stream: stt.RecognizeStream) -> AsyncIterator[rtc.AudioFrame]:
    """Yield the frames that an STT is to recognize as they come; end with the input."""
    async for piece in stream._input_ch:
        if not isinstance(piece, stt.RecognizeStream._FlushSentinel):
            yield piece


def understand(stream: stt.RecognizeStream, text: str) -> None:
    """Send a final transcript of an STT."""
    stream._event_ch.send_nowait(transcript(text))


def transcript(text: str) -> stt.SpeechEvent:
    """Build the event that an STT emits when somebody has said something."""
    said = stt.SpeechData(language="en", text=text)  # type: ignore[arg-type] # a str up to 1.4
    return stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[said])
