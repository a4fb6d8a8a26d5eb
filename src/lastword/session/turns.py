"""Watches each turn of a session's agent: exceptions of its own nodes, and words without sound.

livekit-agents logs these and goes on: no error event comes, and the caller hears nothing.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import weakref
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent, APIError, StopResponse
from livekit.agents.utils import is_given

from .._upstream import sessions, speeches
from ..failure.verdict import verdict_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
    from typing import Protocol

    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle

    class Announce(Protocol):
        """Announces a failed turn."""

        def __call__(self, agent: Agent, node: str, error: Exception, *, heard: bool) -> None:
            """See the class."""

    class OnHeard(Protocol):
        """Is told of a turn that is over and was heard."""

        def __call__(self, *, whole: bool) -> None:
            """See the class."""


_NODES = ("llm_node", "tts_node", "transcription_node", "realtime_audio_output_node")
"""What makes a speech; its errors count when the speech is over."""
_CALLBACKS = ("on_enter", "on_user_turn_completed")
"""What comes before any speech."""
_CAUSES = 8
"""How many causes of an error are followed."""


@dataclass
class _Turn:
    """One speech.

    Attributes:
        agent: The agent that speaks.
        counts: Whether it shows that the agent works: an apology does not.
        error: The first exception that a node raised in it.
        node: That node.
        heard: Whether any of it was played.
        told: Whether an error event came meanwhile.
        broke: Whether it told of an LLM or TTS that failed for this turn.
    """

    agent: Agent
    counts: bool
    error: Exception | None = None
    node: str = "llm_node"
    heard: bool = False
    told: bool = False
    broke: bool = False


class Turns:
    """The turns of one session.

    Args:
        session: The session.
        announce: Called for each failed turn.
        on_good: Called for each turn of the agent's own that was heard.
        on_heard: Called for the same turns, failed or interrupted ones too, with whether neither
            LLM nor TTS failed in it.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        announce: Announce,
        on_good: Callable[[], None],
        on_heard: OnHeard,
    ) -> None:
        self._session = session
        self._announce = announce
        self._on_good = on_good
        self._on_heard = on_heard
        self._turns: dict[str, _Turn] = {}
        self._watched: MutableMapping[Agent, dict[str, weakref.ref[Any]]] = (
            weakref.WeakKeyDictionary()
        )

    def follow(self, agent: Agent) -> None:
        """Watch an agent that is going to run: those of its nodes that are not livekit's own."""
        if agent in self._watched:
            return
        ours = self._watched[agent] = {}
        me = weakref.ref(self)
        for name in (*_NODES, *_CALLBACKS):
            runs_it = speeches.method_that_runs(name)
            node = getattr(agent, runs_it, None)
            plain = getattr(type(agent), name, None) is getattr(Agent, name, None)
            if node is None or (plain and name not in vars(agent)):
                continue
            watch = _watched_node if name in _NODES else _watched_callback
            watched = watch(me, agent, name, node)
            ours[runs_it] = weakref.ref(watched)  # it refers to the agent, which is to be collected
            setattr(agent, runs_it, watched)

    def stop(self) -> None:
        """Give all agents their own nodes back."""
        for agent, ours in list(self._watched.items()):
            for name, watched in ours.items():
                if vars(agent).get(name) is watched():
                    delattr(agent, name)
        self._watched.clear()
        self._turns.clear()

    def created(self, speech: SpeechHandle, *, apologises: bool) -> None:
        """Watch a speech to its end."""
        if sessions.is_closing(self._session):
            return
        try:
            agent = self._session.current_agent
        except RuntimeError:
            return
        turn = self._turns[speech.id] = _Turn(agent, counts=not apologises)
        output = self._session.output.audio

        def on_finished(event: Any) -> None:
            # some outputs, such as avatars', never report that playing began, but report this
            if self._session.current_speech is speech and event.playback_position > 0:
                turn.heard = True

        def on_over(speech: SpeechHandle) -> None:
            if output is not None:
                output.off("playback_finished", on_finished)
            self._over(speech, turn)

        if output is not None:
            output.on("playback_finished", on_finished)
        speech.add_done_callback(on_over)

    def heard(self) -> None:
        """Note that a speech began to be played."""
        for turn in self._current():
            turn.heard = True

    def told(self, *, broke: bool) -> None:
        """Note that an error of a component was announced, and whether it breaks off a speech."""
        for turn in self._current():
            turn.told = True
            turn.broke |= broke

    def _current(self) -> Iterator[_Turn]:
        """Find the turn of the running task; where it works for none, any may be meant."""
        speech = speeches.speech_of_this_task() or self._session.current_speech
        turn = self._turns.get(speech.id) if speech is not None else None
        yield from [turn] if turn is not None else list(self._turns.values())

    def raised(self, agent: Agent, node: str, error: Exception) -> None:
        """Note what a node raised."""
        if isinstance(error, StopResponse):
            return
        if node in _CALLBACKS:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._tell, agent, node, error)  # after livekit-agents has logged it
            return
        speech = speeches.speech_of_this_task()
        turn = self._turns.get(speech.id) if speech is not None else None
        if turn is not None and turn.error is None:
            turn.error, turn.node = error, node

    def _over(self, speech: SpeechHandle, turn: _Turn) -> None:
        self._turns.pop(speech.id, None)
        if turn.heard and turn.counts:
            self._on_heard(whole=not turn.broke)
        if speech.interrupted:
            return
        error = turn.error or speeches.exception_of(speech)
        if error is None and self._is_mute(speech, turn):
            turn.node = "tts_node"
            error = APIError("a speech with words ended, and no sound of it was played")
        if isinstance(error, Exception) and not isinstance(error, StopResponse):
            if not turn.told:
                self._tell(turn.agent, turn.node, error, heard=turn.heard)
        elif turn.heard and turn.counts:
            self._on_good()

    def _is_mute(self, speech: SpeechHandle, turn: _Turn) -> bool:
        """Tell whether a speech had words, a voice and an output, and was not heard."""
        output = self._session.output
        if turn.heard or turn.told or output.audio is None or not output.audio_enabled:
            return False
        own = turn.agent.tts
        if not (own if is_given(own) else self._session.tts) and not _brings_voice(turn.agent):
            return False  # a text-only session
        texts = (getattr(item, "text_content", None) or "" for item in speech.chat_items)
        return any(letter.isalnum() for text in texts for letter in text)

    def _tell(self, agent: Agent, node: str, error: Exception, *, heard: bool = False) -> None:
        if not sessions.is_closing(self._session) and not _was_told(error):
            self._announce(agent, node, error, heard=heard and node == "transcription_node")


def _brings_voice(agent: Agent) -> bool:
    return type(agent).tts_node is not Agent.tts_node


def _was_told(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it comes of, was announced where it was raised."""
    for _ in range(_CAUSES):
        if error is None:
            return False
        verdict = verdict_of(error)
        if verdict is not None and verdict.heard:
            return True
        error = error.__cause__ or error.__context__
    return False


def _watched_callback(
    turns: weakref.ref[Turns], agent: Agent, name: str, callback: Callable[..., Any]
) -> Callable[..., Any]:
    her = weakref.ref(agent)

    @functools.wraps(callback)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            return await callback(*args, **kwargs)
        except Exception as error:
            _note(turns, her, name, error)
            raise

    return watched


def _watched_node(
    turns: weakref.ref[Turns], agent: Agent, name: str, node: Callable[..., Any]
) -> Callable[..., Any]:
    """Wrap a node of any form: it returns what it makes, a stream of it, or either later."""
    her = weakref.ref(agent)

    @functools.wraps(node)
    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            made = node(*args, **kwargs)
        except Exception as error:
            _note(turns, her, name, error)
            raise
        if inspect.iscoroutine(made):
            return awaited(made)
        return streamed(made) if isinstance(made, AsyncIterable) else made

    async def awaited(making: Any) -> Any:
        try:
            made = await making
        except Exception as error:
            _note(turns, her, name, error)
            raise
        return streamed(made) if isinstance(made, AsyncIterable) else made

    async def streamed(made: AsyncIterable[Any]) -> AsyncIterator[Any]:
        try:
            async for item in made:
                yield item
        except Exception as error:
            _note(turns, her, name, error)
            raise
        finally:
            aclose = getattr(made, "aclose", None)
            if aclose is not None:
                await aclose()

    return watched


def _note(
    turns: weakref.ref[Turns], agent: weakref.ref[Agent], name: str, error: Exception
) -> None:
    watching, speaker = turns(), agent()
    if watching is not None and speaker is not None:
        watching.raised(speaker, name, error)
