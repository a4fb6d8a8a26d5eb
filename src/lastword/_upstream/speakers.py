"""Finds the voice of a session, as far as a TTS shows how it sounds."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import copy
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from livekit.agents import tts
from livekit.agents.utils import http_context
from livekit.agents.voice import agent_activity

from .components import children_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from livekit.agents import AgentSession


_T = TypeVar("_T")


_OPTION_ATTRIBUTES = ("_opts", "_options", "_config")

_FORM_ATTRIBUTES = ("_sample_rate", "_num_channels")

_CHANGING_ATTRIBUTES = ("_expressive",)  # set by the core of 1.8 for each turn


def option_attributes(component: tts.TTS[Any]) -> dict[str, Any]:
    """Return the attributes of a TTS that could say how it sounds.

    There is no interface for them. Nearly all plugins keep their options together (`_opts`), and
    counters and connections beside them; of any other TTS all attributes may be options.
    """
    attributes = {k: v for k, v in vars(component).items() if k not in _CHANGING_ATTRIBUTES}
    if not attributes.keys() & {*_OPTION_ATTRIBUTES}:
        return attributes
    kept = {*_OPTION_ATTRIBUTES, *_FORM_ATTRIBUTES}
    return {k: v for k, v in attributes.items() if k in kept or isinstance(v, tts.TTS)}


def speaker_of(session: AgentSession[Any]) -> tts.TTS[Any] | None:
    """Return the TTS of the agent that runs, or of the session while none does."""
    return session.tts if session._activity is None else session._activity.tts


def languages_of(session: AgentSession[Any]) -> list[str]:
    """Return the languages that the session speaks and hears, as far as its options say."""
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
    """Return the TTS behind adapters, the preferred one first; a plain TTS is returned itself."""
    return [end for end in _ends_of(component) if isinstance(end, tts.TTS)]


def silenced(component: tts.TTS[Any], _made: dict[int, tts.TTS[Any]] | None = None) -> tts.TTS[Any]:
    """Return a twin of a TTS that sounds the same but whose events nobody receives.

    A session counts the errors and adds up the metrics that its TTS emits. The twin shares
    connections and options with the original and has no listeners; nor have the TTS inside it.
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
    """Start a task that belongs to no session, even when called from a session's code.

    The rest of the context is kept: the job's HTTP session lives there.
    """
    context = contextvars.copy_context()
    variable: ContextVar[Any] = agent_activity._AgentActivityContextVar  # read with get(None)
    context.run(variable.set, None)
    return context.run(asyncio.create_task, work, name=name)


@contextlib.asynccontextmanager
async def http_sessions() -> AsyncIterator[None]:
    """Provide plugins with the HTTP session that a job would give them, where there is no job."""
    http_context._new_session_ctx()
    try:
        yield
    finally:
        await http_context._close_http_ctx()
