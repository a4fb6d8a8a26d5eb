"""Finds the LLM, STT and TTS behind an adapter, and builds the events of their errors."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Literal

from livekit.agents import inference, llm, stt, tts

if TYPE_CHECKING:
    from collections.abc import Iterator


def derived_from(*roots: Any) -> Iterator[Any]:
    """Yield classes and all that are derived from them."""
    for cls in roots:
        yield cls
        yield from derived_from(*cls.__subclasses__())


def same_kind(one: object, other: object) -> bool:
    """Return whether two components are both an LLM, both an STT or both a TTS."""
    return any(isinstance(one, k) and isinstance(other, k) for k in (llm.LLM, stt.STT, tts.TTS))


def kind_of(component: object) -> Literal["llm", "stt", "tts", "unknown"]:
    """Return which kind of component this is."""
    if isinstance(component, llm.LLM):
        return "llm"
    if isinstance(component, stt.STT):
        return "stt"
    return "tts" if isinstance(component, tts.TTS) else "unknown"


def is_fallback(component: object) -> bool:
    """Return whether a component chooses among several others."""
    return isinstance(component, llm.FallbackAdapter | stt.FallbackAdapter | tts.FallbackAdapter)


def is_realtime_fallback(session: object) -> bool:
    """Return whether a realtime session chooses among several others; 1.4.6 has no such session."""
    module = sys.modules.get("livekit.agents.llm.realtime_fallback_adapter")
    cls = getattr(module, "_FallbackRealtimeSession", None)
    return cls is not None and isinstance(session, cls)


def children_of(component: object) -> list[object]:
    """Return the components behind a FallbackAdapter or a StreamAdapter; empty for any other."""
    if isinstance(component, llm.FallbackAdapter):
        return list(component._llm_instances)
    if isinstance(component, tts.FallbackAdapter):
        return list(component._tts_instances)
    if isinstance(component, stt.FallbackAdapter):
        return list(component._stt_instances)
    if isinstance(component, tts.StreamAdapter):
        return [component._wrapped_tts]
    if isinstance(component, stt.StreamAdapter):
        return [component._stt]
    return []


def error_event(
    component: object, error: Exception, *, recoverable: bool
) -> llm.LLMError | stt.STTError | tts.TTSError:
    """Build the event that livekit-agents emits for an error of an LLM, STT or TTS.

    Raises:
        TypeError: The component is none of the three.
    """
    now = time.time()
    if isinstance(component, llm.LLM):
        label = component._label
        return llm.LLMError(timestamp=now, label=label, error=error, recoverable=recoverable)
    if isinstance(component, stt.STT):
        label = component._label
        return stt.STTError(timestamp=now, label=label, error=error, recoverable=recoverable)
    if isinstance(component, tts.TTS):
        label = component._label
        return tts.TTSError(timestamp=now, label=label, error=error, recoverable=recoverable)
    raise TypeError(f"expected an LLM, STT or TTS, got {type(component).__name__}")


def realtime_error(
    session: llm.RealtimeSession[Any], error: Exception, *, recoverable: bool
) -> llm.RealtimeModelError:
    """Build the event that livekit-agents emits for an error of a realtime session."""
    label = session.realtime_model.label
    now = time.time()
    return llm.RealtimeModelError(timestamp=now, label=label, error=error, recoverable=recoverable)


def detector_error(detector: Any, error: Exception, *, recoverable: bool) -> Any:
    """Build the event that livekit-agents emits for an error of the interruption detector."""
    return inference.InterruptionDetectionError(
        label=detector._label, error=error, recoverable=recoverable
    )
