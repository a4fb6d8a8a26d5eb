"""Every private name of livekit-agents that lastword touches; no other file names one.

Owns the knowledge of how the inside of livekit-agents looks, and the check that it still looks so.
Three sections: the session (closing, outputs), the tap (streams, errors) and the voices (TTS).
Must not import anything of lastword but its errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import copy
import functools
import importlib
import inspect
import sys
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from livekit import agents, rtc
from livekit.agents import inference, llm, stt, tts
from livekit.agents.job import get_job_context
from livekit.agents.utils import http_context
from livekit.agents.voice import agent_activity, audio_recognition

from .errors import UnsupportedVersionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from livekit.agents import AgentSession, JobContext
    from livekit.agents.voice import io
    from opentelemetry.context import Context

_T = TypeVar("_T")

SUPPORTED = "1.4.6 to 1.8.x"
"""The versions of livekit-agents whose insides were checked, as people write it."""

# --- the session ---------------------------------------------------------------------------------


def session_class() -> type[AgentSession[Any]]:
    """Returns the class of sessions; 2.0 calls it `LiveSession` and warns of the old name."""
    return getattr(agents, "LiveSession", None) or agents.AgentSession


# Methods that are wrapped or called, with the parameters they had in 1.4.6 .. 1.8.9. On PR #6152's
# branch `_on_error` takes the event instead of the error: one positional parameter either way.
_SESSION_METHODS: dict[str, int | frozenset[str] | None] = {
    "_on_error": 1,
    "_close_soon": frozenset({"reason", "drain", "error"}),
    "_aclose_impl": frozenset({"reason", "drain", "error"}),
    "say": frozenset({"text", "audio", "allow_interruptions", "add_to_chat_ctx"}),
    "interrupt": frozenset({"force"}),
    "emit": None,
}
_SESSION_ATTRIBUTES = (
    "_closing_task",
    "_closing",
    "_started",
    "_activity",
    "_next_activity",
    "_room_io",
    "_llm",
    "_stt",
    "_tts",
)
# What stands around a session. There is no instance to ask when a session is attached: a name is
# known if the class has it or its `__init__` mentions it.
_SURROUNDINGS: dict[str, tuple[str, ...]] = {
    "voice.agent_activity": ("_AgentActivityContextVar",),
    "voice.agent_activity:AgentActivity": ("_session", "_on_error", "_scheduling_paused"),
    "voice.room_io:RoomIO": ("_options", "_audio_output"),
    "voice.room_io._output:_ParticipantAudioOutput": ("_audio_source", "_publication"),
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
    """Makes sure that the internals lastword needs for the last words are those it was built for.

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
    """Finds what differs around sessions: its name, what is known here, what is there."""
    differences: list[tuple[str, str, str]] = []
    for where, names in _SURROUNDINGS.items():
        module, _, cls = where.partition(":")
        place: Any = None
        with contextlib.suppress(ImportError):
            place = importlib.import_module(f"livekit.agents.{module}")
        if cls:
            place = getattr(place, cls, None)
        missing = _unknown_names(place, names)
        differences += [(f"{cls or module}.{n}", "an attribute", "nothing") for n in missing]
    method = getattr(agent_activity.AgentActivity, "_schedule_speech", None)
    found = [] if method is None else [*inspect.signature(method).parameters][1:]
    if found != [*_SCHEDULE_SPEECH]:
        differences.append(("AgentActivity._schedule_speech", str([*_SCHEDULE_SPEECH]), str(found)))
    return tuple(differences)


def _unknown_names(place: Any, names: tuple[str, ...]) -> list[str]:
    """The names that neither a module or class nor the code of the class's `__init__` knows."""
    known = {*dir(place)}
    for cls in getattr(place, "__mro__", ()):
        init = inspect.unwrap(cls.__init__)
        known.update(getattr(getattr(init, "__code__", None), "co_names", ()))
    return [name for name in names if name not in known]


def _unsupported(name: str, expected: str, found: str) -> UnsupportedVersionError:
    from livekit.agents import __version__  # noqa: PLC0415 - only where it is told

    return UnsupportedVersionError(
        f"livekit-agents {__version__} has internals unknown to lastword: expected {name} to be "
        f"{expected}, found {found}. Supported are {SUPPORTED}: install one of them, or update "
        "lastword.",
        name=name,
        expected=expected,
        found=found,
    )


class SessionHooks:
    """The four methods of one session that lastword stands in front of.

    Instance attributes win over the class in every version, so users' own subclasses keep working
    and other sessions are not touched.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        *,
        on_error: Callable[[Any], None],
        emit: Callable[..., None],
        close_soon: Callable[..., None],
        aclose: Callable[..., Coroutine[Any, Any, None]],
    ) -> None:
        self._session = session
        self.on_error: Callable[[Any], None] = session._on_error
        self.emit: Callable[..., None] = session.emit
        self.close_soon: Callable[..., None] = session._close_soon
        self.aclose: Callable[..., Coroutine[Any, Any, None]] = session._aclose_impl
        self._ours: dict[str, Any] = {
            "_on_error": on_error,
            "emit": emit,
            "_close_soon": close_soon,
            "_aclose_impl": aclose,
        }
        for name, hook in self._ours.items():
            setattr(session, name, hook)

    def remove(self) -> None:
        """Gives the session its own methods back, where ours still stand."""
        for name, hook in self._ours.items():
            if self._session.__dict__.get(name) is hook:
                delattr(self._session, name)


def is_started(session: AgentSession[Any]) -> bool:
    """Tells whether `start()` has succeeded and no close has finished since."""
    return session._started


def is_running(session: AgentSession[Any]) -> bool:
    """Tells whether there is an activity that could speak."""
    return session._activity is not None


def counts_stt_errors(session: AgentSession[Any]) -> bool:
    """Tells whether upstream tolerates some STT errors (1.6 and later) or none (before)."""
    return hasattr(session, "_stt_error_counts")


def trace_context_of(session: AgentSession[Any]) -> Context | None:
    """Returns the context under which the session's own spans stand, or None before `start()`."""
    return getattr(session, "_root_span_context", None)


def is_closing(session: AgentSession[Any]) -> bool:
    """Tells whether a close of any kind has begun."""
    return session._closing_task is not None or session._closing


def mark_closing(session: AgentSession[Any], mark: asyncio.Future[None] | None) -> None:
    """Sets or clears what upstream takes for a close under way; it only looks if it is there."""
    setattr(session, "_closing_task", mark)  # noqa: B010 - typed as a Task, of which it is the base


def refuse_new_work(session: AgentSession[Any]) -> None:
    """Makes the session refuse replies, speech, turns and hand-overs from here on.

    Both flags together: `_scheduling_paused` alone lets `update_agent` run the new agent, and
    `_closing` alone refuses too little (measured on 1.4.6 and 1.8.9).
    """
    session._closing = True
    if session._activity is not None:
        session._activity._scheduling_paused = True


def allow_teardown(session: AgentSession[Any]) -> None:
    """Lets the activity's own drain do its work, and nothing else.

    drain() takes an activity whose scheduling is paused for one that was drained before, and skips
    parts of its work (1.4.6 .. 1.8.9): the flag goes, and new speech is refused where all of it is
    scheduled.
    """
    activity = session._activity
    if activity is not None:
        activity._scheduling_paused = False
        setattr(activity, "_schedule_speech", _refuse_speech)  # noqa: B010 - no method of its own


def _refuse_speech(speech: Any, priority: int, force: bool = False) -> None:  # noqa: ARG001, FBT001, FBT002 - upstream's signature
    speech.interrupt(force=True)
    raise RuntimeError("AgentSession is closing, cannot schedule new speech")


def is_left_closed(session: AgentSession[Any]) -> bool:
    """Tells whether the session was closed and not started again since."""
    return session._closing


def force_closed(session: AgentSession[Any]) -> list[Coroutine[Any, Any, None]]:
    """Leaves the session as a close does, although its own teardown did not end.

    Returns:
        What a close would have ended and this could not: each may hang, as the teardown did.
    """
    activity, room_io = session._activity, session._room_io
    refuse_new_work(session)
    session._started = False
    session._activity = session._room_io = None
    session.input.audio = session.input.video = None
    session.output.audio = session.output.transcription = None
    return [part.aclose() for part in (activity, room_io) if part is not None]


def room_of(session: AgentSession[Any]) -> rtc.Room | None:
    """Finds the room of a session: its own, or the job's while `start()` is not that far."""
    if session._room_io is not None:
        return session._room_io.room
    job = job_of_this_process()
    return job.room if job is not None else None


def job_of_this_process() -> JobContext | None:
    """Returns the job that runs here, or None outside of a worker."""
    try:
        return get_job_context()
    except RuntimeError:
        return None


def linked_participant(session: AgentSession[Any]) -> rtc.RemoteParticipant | None:
    """Returns the caller whom the session listens to, or None without a room."""
    return session._room_io.linked_participant if session._room_io is not None else None


def first_subscription(session: AgentSession[Any]) -> asyncio.Future[None] | None:
    """Returns the future of the output's first subscriber, or None where there is no such thing.

    `capture_frame` awaits it unshielded: interrupting a speech that is parked there cancels it and
    leaves the output dead for good (1.4.6 .. 1.8.9). Look here before any interruption.
    """
    if session._room_io is not None:
        return session._room_io.subscribed_fut
    return None


def output_is_poisoned(session: AgentSession[Any]) -> bool:
    """Tells whether nobody can hear the output, although it takes frames and reports them played.

    Either its wait for a subscriber was cancelled, or its track was taken out of the room or muted.
    """
    subscription = first_subscription(session)
    if subscription is not None and subscription.cancelled():
        return True
    output = getattr(session._room_io, "_audio_output", None)
    publication = getattr(output, "_publication", None)
    if session._room_io is None or publication is None or session.output.audio is None:
        return False
    if leaf_of(session.output.audio) is not output:
        return False  # an avatar or a user's own output speaks instead
    published = session._room_io.room.local_participant.track_publications
    return publication.sid not in published or publication.track is None or publication.track.muted


def audio_is_coming(session: AgentSession[Any]) -> bool:
    """Tells whether `start()` is under way and is going to give the session an audio output."""
    if session._started or session.output.audio is not None:
        return False
    room_io = session._room_io
    return room_io is not None and room_io._options.get_audio_output_options() is not None


def leaf_of(output: io.AudioOutput) -> io.AudioOutput:
    """Returns the last output of a chain, the one that plays."""
    while output.next_in_chain is not None:
        output = output.next_in_chain
    return output


def num_channels_of(output: io.AudioOutput) -> int:
    """Returns how many channels the output takes; only RoomIO's can take more than one."""
    source = getattr(leaf_of(output), "_audio_source", None)
    return source.num_channels if isinstance(source, rtc.AudioSource) else 1


# --- the tap -------------------------------------------------------------------------------------

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
        owner: The class.
        name: The method.
        parameters: Names of its parameters in the versions that lastword knows.
    """

    owner: type
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


_STT_PUMP: ContextVar[Any] | None = getattr(audio_recognition, "_STTPipelineContextVar", None)
_HEARD_FOR: ContextVar[object] = ContextVar("lastword_heard_for", default=None)


def _stt_pumps() -> tuple[HookPoint, ...]:
    if _STT_PUMP is not None:
        return ()
    pipeline = getattr(audio_recognition, "_STTPipeline", None)
    if pipeline is not None:
        return (HookPoint(pipeline, "_stt_pump", ("self",)),)
    cls = audio_recognition.AudioRecognition
    return (HookPoint(cls, "_stt_task", ("self", "stt_node", "audio_input", "task")),)


STT_PUMPS = _stt_pumps()
"""What runs an agent's `stt_node` in 1.4 .. 1.7, which do not tell in there whose it is."""


def note_hearing(pump: Any, *arguments: Any) -> None:
    """Notes for all that a pump starts which agent it hears for."""
    node = arguments[0] if arguments else pump._stt_node
    _HEARD_FOR.set(getattr(node, "__self__", None))


_TAP_NAMES: dict[type, tuple[str, ...]] = {
    **{cls: (attribute, "_run") for cls, attribute in _WORKERS.items()},
    **dict.fromkeys((llm.LLM, stt.STT, tts.TTS), ("_label", "_events")),
    **{point.owner: ("_label",) for point in DETECTOR_ANNOUNCEMENTS},
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


def unknown_hook_points() -> list[str]:
    """Names what differs from the internals that the tap was built for.

    Returns:
        One line per difference, "LLMStream._main_task: expected (self), found (self, x)"; empty if
        the tap can work.
    """
    return [*_unknown_to_the_tap(HOOK_POINTS)]


@functools.cache
def _unknown_to_the_tap(points: tuple[HookPoint, ...]) -> tuple[str, ...]:
    differences = []
    for point in points:
        method = getattr(point.owner, point.name, None)
        found = "nothing" if method is None else ", ".join(inspect.signature(method).parameters)
        expected = ", ".join(point.parameters)
        if found != expected:
            where = f"{point.owner.__name__}.{point.name}"
            differences.append(f"{where}: expected ({expected}), found ({found})")
    for owner, names in _TAP_NAMES.items():
        missing = _unknown_names(owner, names)
        differences += [f"{owner.__name__}.{n}: expected an attribute, found none" for n in missing]
    return tuple(differences)


def component_of(worker: object) -> object:
    """The LLM, STT or TTS that a stream works for; an STT that recognizes works for itself."""
    attribute = _component_attribute(type(worker))  # type: ignore[arg-type] # they are hashable
    return worker if attribute is None else getattr(worker, attribute)


@functools.lru_cache(maxsize=256)  # asked for each call; a look at abstract classes takes 1 us
def _component_attribute(kind: type) -> str | None:
    return next((name for cls, name in _WORKERS.items() if issubclass(kind, cls)), None)


def before_next_attempt(stream: Any, ask: Callable[[], None]) -> None:
    """Lets the next attempt of a stream's retry loop ask first; what `ask` raises ends the loop.

    The loops call `_run` for each attempt and sleep between them, in 1.4.6 .. 1.8.9.
    """
    if "_run" in vars(stream):
        return

    async def _run(*args: Any, **kwargs: Any) -> None:
        del stream._run
        ask()
        await stream._run(*args, **kwargs)

    stream._run = _run


def same_kind(one: object, other: object) -> bool:
    """Whether two components are both an LLM, both an STT or both a TTS."""
    return any(isinstance(one, k) and isinstance(other, k) for k in (llm.LLM, stt.STT, tts.TTS))


def is_fallback(component: object) -> bool:
    """Whether a component chooses among several others."""
    return isinstance(component, llm.FallbackAdapter | stt.FallbackAdapter | tts.FallbackAdapter)


def is_realtime_fallback(session: object) -> bool:
    """Whether a realtime session chooses among several others; there is none in 1.4.6."""
    module = sys.modules.get("livekit.agents.llm.realtime_fallback_adapter")
    cls = getattr(module, "_FallbackRealtimeSession", None)
    return cls is not None and isinstance(session, cls)


def children_of(component: object) -> list[object]:
    """The components behind a FallbackAdapter or a StreamAdapter, empty for any other."""
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
    """Builds the event that livekit-agents emits for an error of an LLM, STT or TTS.

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


def detector_error(detector: Any, error: Exception, *, recoverable: bool) -> Any:
    """Builds the event that livekit-agents emits for an error of the interruption detector."""
    return inference.InterruptionDetectionError(
        label=detector._label, error=error, recoverable=recoverable
    )


def announce(worker: Any, error: Exception, *, recoverable: bool) -> None:
    """Emits the error of a stream as its retry loop would have done."""
    worker._emit_error(error, recoverable=recoverable)


def listening_sessions(component: object) -> list[AgentSession[Any]]:
    """The sessions whose running agent has subscribed to the errors of a component.

    A realtime session behind a fallback is listened to by the fallback, that one by the agent.
    """
    listeners = getattr(component, "_events", {}).get("error") or ()
    sessions = []
    for heard_by in (getattr(listener, "__self__", None) for listener in listeners):
        if isinstance(heard_by, agent_activity.AgentActivity):
            sessions.append(heard_by._session)
        elif is_realtime_fallback(heard_by) and heard_by is not component:
            sessions += listening_sessions(heard_by)
    return sessions


def current_session() -> AgentSession[Any] | None:
    """The session whose speech, reply or hearing the running task belongs to, if it does.

    Hearing runs outside of any reply; its pump is known by a variable of 1.8, or by ours.
    """
    activity = agent_activity._AgentActivityContextVar.get(None)
    if activity is None:
        pump = _STT_PUMP.get(None) if _STT_PUMP is not None else None
        agent = getattr(getattr(pump, "_stt_node", None), "__self__", None) or _HEARD_FOR.get()
        activity = getattr(agent, "_activity", None)
    return None if activity is None else activity._session


def configured_components(session: AgentSession[Any]) -> list[object]:
    """The components that were given to a session itself, used or not."""
    return [part for part in (session._llm, session._stt, session._tts) if part is not None]


def deliver_error(session: AgentSession[Any], event: Any) -> None:
    """Hands an error to the session's running agent, as a subscription would have done."""
    if session._activity is not None:
        session._activity._on_error(event)


def runs_realtime_loop(session: llm.RealtimeSession[Any]) -> bool:
    """Whether the running task is the connection loop of a realtime session.

    OpenAI, Azure, xAI and Google keep it in `_main_atask`, in 1.4.6 .. 1.8.9; any other plugin's
    loop is not recognised and keeps its retries.
    """
    return getattr(session, "_main_atask", None) is asyncio.current_task()


_SDK_RETRIES = 2


def inner_client(component: object) -> Any:
    """What retries below the stream of an LLM on its own, unless the user said how often.

    The clients of OpenAI's and Anthropic's SDKs ask twice more by default; `inference.LLM` sets 0
    since 1.6, Anthropic's plugin some time after 1.4. The sessions of AWS's SDK ask four times
    more, in all versions.

    Returns:
        The HTTP client, or AWS's session; None if nothing retries.
    """
    attribute = _asks_again_by(type(component))  # type: ignore[arg-type] # as above
    client = getattr(component, attribute, None) if attribute else None
    if attribute == "_client":
        return client if getattr(client, "max_retries", 0) == _SDK_RETRIES else None
    session = getattr(client, "_session", client)  # aioboto3, in 1.4, wraps it
    asked = getattr(session, "get_config_variable", None)
    return session if asked is not None and asked("max_attempts") is None else None


@functools.lru_cache(maxsize=256)  # asked for each call, as above
def _asks_again_by(kind: type) -> str | None:
    if issubclass(kind, inference.LLM) or kind.__module__.startswith("livekit.plugins.anthropic."):
        return "_client"
    is_aws = issubclass(kind, llm.LLM) and kind.__module__.startswith("livekit.plugins.aws.")
    return "_session" if is_aws else None


def quieten(client: Any) -> Any:
    """Takes its own retries from an inner client; returns what `restore_retries` needs."""
    if hasattr(client, "set_config_variable"):
        client.set_config_variable("max_attempts", 1)
        return None
    retries, client.max_retries = client.max_retries, 0
    return retries


def restore_retries(client: Any, retries: Any) -> None:
    """Gives them back."""
    if hasattr(client, "set_config_variable"):
        client.set_config_variable("max_attempts", retries)
    else:
        client.max_retries = retries


# --- the voices ----------------------------------------------------------------------------------

_OPTION_ATTRIBUTES = ("_opts", "_options", "_config")
_FORM_ATTRIBUTES = ("_sample_rate", "_num_channels")
_CHANGING_ATTRIBUTES = ("_expressive",)  # set by the core of 1.8 for each turn


def option_attributes(component: tts.TTS[Any]) -> dict[str, Any]:
    """Finds the attributes of a TTS that could say how it sounds.

    There is no interface for them. Nearly all plugins keep their options together (`_opts`), and
    counters and connections beside them; of any other TTS all attributes may be options.
    """
    attributes = {k: v for k, v in vars(component).items() if k not in _CHANGING_ATTRIBUTES}
    if not attributes.keys() & {*_OPTION_ATTRIBUTES}:
        return attributes
    kept = {*_OPTION_ATTRIBUTES, *_FORM_ATTRIBUTES}
    return {k: v for k, v in attributes.items() if k in kept or isinstance(v, tts.TTS)}


def speaker_of(session: AgentSession[Any]) -> tts.TTS[Any] | None:
    """Returns the TTS of the agent that runs, or of the session while none does."""
    return session.tts if session._activity is None else session._activity.tts


def languages_of(session: AgentSession[Any]) -> list[str]:
    """Finds the languages that the session speaks and hears, as far as their options say."""
    listener = session.stt if session._activity is None else session._activity.stt
    found = []
    for component in (speaker_of(session), listener):
        for one in _ends_of(component):
            for options in (getattr(one, name, None) for name in _OPTION_ATTRIBUTES):
                language = getattr(options, "language", None)
                if isinstance(language, str) and language:
                    found.append(str(language))
    return found


def _ends_of(component: object) -> list[object]:
    children = children_of(component)
    return [end for child in children for end in _ends_of(child)] or [component]


def voices_of(component: tts.TTS[Any]) -> list[tts.TTS[Any]]:
    """The TTS that speak behind adapters, the preferred one first; a plain one is its own."""
    return [end for end in _ends_of(component) if isinstance(end, tts.TTS)]


def silenced(component: tts.TTS[Any], _made: dict[int, tts.TTS[Any]] | None = None) -> tts.TTS[Any]:
    """Makes a twin of a TTS that speaks the same but whose events nobody hears.

    A session counts the errors and adds up the metrics that its TTS emits. The twin shares
    connections and options with the original, and has no listeners. Neither have the TTS that it
    holds, were they to hold it in turn.
    """
    made = {} if _made is None else _made
    if id(component) not in made:
        twin = made[id(component)] = copy.copy(component)
        twin._events = {}
        for name, value in vars(twin).items():
            if isinstance(value, tts.TTS):
                setattr(twin, name, silenced(value, made))
    return made[id(component)]


def start_outside_sessions(work: Coroutine[Any, Any, _T], *, name: str) -> asyncio.Task[_T]:
    """Starts a task that belongs to no session, even if a session's code asks for it.

    Everything else of the context stays: the job's HTTP session lives there.
    """
    context = contextvars.copy_context()
    variable: ContextVar[Any] = agent_activity._AgentActivityContextVar  # read with get(None)
    context.run(variable.set, None)
    return context.run(asyncio.create_task, work, name=name)


@contextlib.asynccontextmanager
async def http_sessions() -> AsyncIterator[None]:
    """Gives plugins the HTTP session that they find in a job, where there is no job."""
    http_context._new_session_ctx()
    try:
        yield
    finally:
        await http_context._close_http_ctx()


def hook_of(session: object) -> object:
    """Returns the object that stands in front of a session's errors, or None."""
    return getattr(vars(session).get("_on_error"), "__self__", None)
