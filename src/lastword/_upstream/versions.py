"""Checks, when a session is attached, that the internals of livekit-agents are those we know."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
from typing import TYPE_CHECKING, Any

from livekit import agents
from livekit.agents.voice import agent_activity

from ..errors import UnsupportedVersionError

if TYPE_CHECKING:
    from livekit.agents import AgentSession


SUPPORTED = "1.4.6 to 1.8.x"
"""The versions of livekit-agents whose internals were checked, in the form shown to people."""


def session_class() -> type[AgentSession[Any]]:
    """Return the session class; 2.0 calls it `LiveSession` and warns about the old name."""
    return getattr(agents, "LiveSession", None) or agents.AgentSession


# Methods that are wrapped or called, with the parameters they had in 1.4.6 .. 1.8.9. On PR #6152's
# branch `_on_error` takes the event instead of the error: one positional parameter either way.
_SESSION_METHODS: dict[str, int | frozenset[str] | None] = {
    "_on_error": 1,
    "_close_soon": frozenset({"reason", "drain", "error"}),
    "_aclose_impl": frozenset({"reason", "drain", "error"}),
    "say": frozenset({"text", "audio", "allow_interruptions", "add_to_chat_ctx"}),
    "interrupt": frozenset({"force"}),
    "_update_activity": frozenset({"agent"}),
    "emit": None,
}

_SESSION_ATTRIBUTES = (
    "_closing_task",
    "_closing",
    "_started",
    "_activity",
    "_next_activity",
    "_room_io",
    "_lock",
    "_loop",
    "_events",
    "_llm",
    "_stt",
    "_tts",
)

# What stands around a session. There is no instance to ask when a session is attached: a name is
# known if the class has it or its `__init__` mentions it.
_SURROUNDINGS: dict[str, tuple[str, ...]] = {
    "voice.agent_activity": ("_AgentActivityContextVar", "_SpeechHandleContextVar"),
    "voice.agent_activity:AgentActivity": ("_session", "_on_error", "_scheduling_paused"),
    "voice.room_io:RoomIO": ("_options", "_audio_output"),
    "voice.room_io._output:_ParticipantAudioOutput": ("_audio_source", "_publication"),
    "voice.transcription.synchronizer:TranscriptSynchronizer": ("_on_attachment_changed",),
    "voice.transcription.synchronizer:_SyncedAudioOutput": ("_synchronizer", "_pushed_duration"),
    "llm:FallbackAdapter": ("_llm_instances",),
    "stt:FallbackAdapter": ("_stt_instances",),
    "tts:FallbackAdapter": ("_tts_instances",),
    "stt:StreamAdapter": ("_stt",),
    "tts:StreamAdapter": ("_wrapped_tts",),
    "tts:TTS": ("_events",),
}

_SCHEDULE_SPEECH = ("speech", "priority", "force")
"""The parameters of the one method that is replaced on an activity."""


def check_session(session: AgentSession[Any]) -> None:
    """Check that the internals lastword needs for the last words are those it was built for.

    Args:
        session: A session of any version of livekit-agents.

    Raises:
        UnsupportedVersionError: A wrapped method is missing or has other parameters, or an
            attribute is missing; of the session, or of what stands around it.
    """
    for difference in unknown_surroundings():
        raise _unsupported(*difference)
    for name, expected in _SESSION_METHODS.items():
        method = getattr(session, name, None)
        if method is None:
            raise _unsupported(f"AgentSession.{name}", "a method", "nothing")
        if expected is None:
            continue
        parameters = inspect.signature(method).parameters
        if isinstance(expected, int):
            if len(parameters) != expected:
                raise _unsupported(f"AgentSession.{name}", "one parameter", str([*parameters]))
        elif not expected <= parameters.keys():
            raise _unsupported(f"AgentSession.{name}", str(sorted(expected)), str([*parameters]))
    for name in _SESSION_ATTRIBUTES:
        if not hasattr(session, name):
            raise _unsupported(f"AgentSession.{name}", "an attribute", "nothing")


@functools.cache
def unknown_surroundings() -> tuple[tuple[str, str, str], ...]:
    """List what differs around sessions: its name, what is known here, what is there."""
    differences: list[tuple[str, str, str]] = []
    for where, names in _SURROUNDINGS.items():
        module, _, cls = where.partition(":")
        place: Any = None
        with contextlib.suppress(ImportError):
            place = importlib.import_module(f"livekit.agents.{module}")
        if cls:
            place = getattr(place, cls, None)
        missing = unknown_names(place, names)
        differences += [(f"{cls or module}.{n}", "an attribute", "nothing") for n in missing]
    method = getattr(agent_activity.AgentActivity, "_schedule_speech", None)
    found = [] if method is None else [*inspect.signature(method).parameters][1:]
    if found != [*_SCHEDULE_SPEECH]:
        differences.append(("AgentActivity._schedule_speech", str([*_SCHEDULE_SPEECH]), str(found)))
    return tuple(differences)


def unknown_names(place: Any, names: tuple[str, ...]) -> list[str]:
    """Return the names found neither in a module or class nor in the class's `__init__`."""
    known = {*dir(place)}
    for cls in getattr(place, "__mro__", ()):
        init = inspect.unwrap(cls.__init__)
        known.update(getattr(getattr(init, "__code__", None), "co_names", ()))
    return [name for name in names if name not in known]


def _unsupported(name: str, expected: str, found: str) -> UnsupportedVersionError:
    return UnsupportedVersionError(
        f"livekit-agents {agents.__version__} has internals unknown to lastword: expected {name} "
        f"to be {expected}, found {found}. Supported are {SUPPORTED}: install one of them, or "
        "update lastword.",
        name=name,
        expected=expected,
        found=found,
    )
