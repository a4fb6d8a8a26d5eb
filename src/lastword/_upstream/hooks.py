"""Wraps and unwraps the methods of livekit-agents that the tap needs, and knows their streams."""

from __future__ import annotations

import asyncio
import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from livekit.agents import inference, llm, stt, tts
from livekit.agents.voice import audio_recognition

from .listeners import STT_PUMP
from .versions import unknown_names

if TYPE_CHECKING:
    from collections.abc import Callable


# class -> the attribute of its instances that holds the component they work for. A failing attempt
# of any of them is announced through `_emit_error` inside the retry loop of `_main_task` (of
# `recognize`), in 1.4.6 .. 1.8.9; none of the released plugins overrides one of these methods.
_WORKERS: dict[type, str] = {
    llm.LLMStream: "_llm",
    tts.ChunkedStream: "_tts",
    tts.SynthesizeStream: "_tts",
    stt.RecognizeStream: "_stt",
}


class HookPoint(NamedTuple):
    """A method of livekit-agents that the tap wraps.

    Attributes:
        cls: The class.
        name: The method.
        parameters: Names of its parameters in the versions that lastword knows.
    """

    cls: type
    name: str
    parameters: tuple[str, ...]


MAIN_TASKS = tuple(HookPoint(cls, "_main_task", ("self",)) for cls in _WORKERS)
"""The whole life of a stream, its retries included."""

RECOGNIZE = HookPoint(stt.STT, "recognize", ("self", "buffer", "language", "conn_options"))
"""One recognition of a whole utterance, its retries included."""

ANNOUNCEMENTS = tuple(
    HookPoint(cls, "_emit_error", ("self", "api_error", "recoverable"))
    for cls in (*_WORKERS, stt.STT)
)
"""What a retry loop calls for each failed attempt, before it decides to go on."""

DETECTOR_ANNOUNCEMENTS = tuple(
    HookPoint(cls, "_emit_error", ("self", "api_error", "recoverable"))
    for cls in (getattr(inference, "AdaptiveInterruptionDetector", None),)
    if cls is not None
)
"""How the gateway's interruption detector announces an error; there is none in 1.4.6."""

REALTIME_EMIT = HookPoint(llm.RealtimeSession, "emit", ("self", "event", "args"))
"""How any realtime plugin announces anything; inherited from `rtc.EventEmitter`."""


def _stt_pumps() -> tuple[HookPoint, ...]:
    if STT_PUMP is not None:
        return ()
    pipeline = getattr(audio_recognition, "_STTPipeline", None)
    if pipeline is not None:
        return (HookPoint(pipeline, "_stt_pump", ("self",)),)
    cls = audio_recognition.AudioRecognition
    return (HookPoint(cls, "_stt_task", ("self", "stt_node", "audio_input", "task")),)


STT_PUMPS = _stt_pumps()
"""What runs an agent's `stt_node` in 1.4 .. 1.7, where nothing inside it says which agent it is."""

_TAP_NAMES: dict[type, tuple[str, ...]] = {
    **{cls: (attribute, "_run") for cls, attribute in _WORKERS.items()},
    llm.LLMStream: ("_llm", "_run", "_event_ch"),
    **dict.fromkeys((llm.LLM, stt.STT, tts.TTS), ("_label", "_events")),
    **{point.cls: ("_label",) for point in DETECTOR_ANNOUNCEMENTS},
}
"""What the tap reads of streams and components."""

HOOK_POINTS = (
    *MAIN_TASKS,
    RECOGNIZE,
    *ANNOUNCEMENTS,
    *DETECTOR_ANNOUNCEMENTS,
    REALTIME_EMIT,
    *STT_PUMPS,
)


@dataclass(frozen=True, slots=True)
class Hook:
    """A wrapper that has replaced a method.

    Attributes:
        point: The method.
        wrapper: What has replaced it.
        original: What stood there before; None if it was inherited and there was no attribute.
    """

    point: HookPoint
    wrapper: Callable[..., Any]
    original: Callable[..., Any] | None

    @classmethod
    def put_in(
        cls, point: HookPoint, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> Hook:
        """Replace a method by what `wrap` makes of it."""
        hook = cls(point, wrap(getattr(point.cls, point.name)), vars(point.cls).get(point.name))
        setattr(point.cls, point.name, hook.wrapper)
        return hook

    def take_out(self) -> bool:
        """Restore the method if the wrapper is still in its place; return whether it was."""
        cls, name = self.point.cls, self.point.name
        if vars(cls).get(name) is not self.wrapper:
            return False
        if self.original is None:
            delattr(cls, name)
        else:
            setattr(cls, name, self.original)
        return True


def unknown_hook_points() -> list[str]:
    """List what differs from the internals that the tap was built for.

    Returns:
        One line per difference, "LLMStream._main_task: expected (self), found (self, x)"; empty if
        the tap can work.
    """
    return [*_unknown_to_the_tap(HOOK_POINTS)]


@functools.cache
def _unknown_to_the_tap(points: tuple[HookPoint, ...]) -> tuple[str, ...]:
    differences = []
    for point in points:
        method = getattr(point.cls, point.name, None)
        found = "nothing" if method is None else ", ".join(inspect.signature(method).parameters)
        expected = ", ".join(point.parameters)
        if found != expected:
            where = f"{point.cls.__name__}.{point.name}"
            differences.append(f"{where}: expected ({expected}), found ({found})")
    for cls, names in _TAP_NAMES.items():
        missing = unknown_names(cls, names)
        differences += [f"{cls.__name__}.{n}: expected an attribute, found none" for n in missing]
    return tuple(differences)


def component_of(worker: object) -> object:
    """Return the LLM, STT or TTS that a stream works for; a recognizing STT works for itself."""
    attribute = _component_attribute(type(worker))  # type: ignore[arg-type] # they are hashable
    return worker if attribute is None else getattr(worker, attribute)


@functools.lru_cache(maxsize=256)  # asked for each call; a look at abstract classes takes 1 us
def _component_attribute(kind: type) -> str | None:
    return next((name for cls, name in _WORKERS.items() if issubclass(kind, cls)), None)


def before_next_attempt(stream: Any, ask: Callable[[], None]) -> None:
    """Call `ask` before the next attempt of a stream's retry loop; what it raises ends the loop.

    The loops call `_run` for each attempt and sleep between them, in 1.4.6 .. 1.8.9.
    """
    if "_run" in vars(stream):
        return

    async def _run(*args: Any, **kwargs: Any) -> None:
        del stream._run
        ask()
        await stream._run(*args, **kwargs)

    stream._run = _run


def watch_words(stream: llm.LLMStream, on_words: Callable[[], None]) -> None:
    """Call a function once, when a stream of an LLM puts out its first word or call of a tool.

    Streams put out each chunk through `_event_ch.send_nowait`, in 1.4.6 .. 1.8.9 and in all
    released plugins. The method is wrapped until then: further chunks cost nothing.
    """
    channel = stream._event_ch
    put = channel.send_nowait

    def send_nowait(chunk: llm.ChatChunk) -> None:
        put(chunk)
        if chunk.delta is not None and (chunk.delta.content or chunk.delta.tool_calls):
            vars(channel).pop("send_nowait", None)
            on_words()

    vars(channel)["send_nowait"] = send_nowait


def announce(worker: Any, error: Exception, *, recoverable: bool) -> None:
    """Emit the error of a stream as its retry loop would have done."""
    worker._emit_error(error, recoverable=recoverable)


def runs_realtime_loop(session: llm.RealtimeSession[Any]) -> bool:
    """Return whether the running task is the connection loop of a realtime session.

    OpenAI, Azure, xAI and Google keep it in `_main_atask`, in 1.4.6 .. 1.8.9; any other plugin's
    loop is not recognised and keeps its retries.
    """
    return getattr(session, "_main_atask", None) is asyncio.current_task()
