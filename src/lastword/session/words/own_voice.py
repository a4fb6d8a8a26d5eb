"""Makes sounds of words and iterables while the session runs, and again when its voice changes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._upstream import sessions, speakers
from ...voice.bake import baked
from ...voice.identity import voice_options
from .rendering import LateSounds

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from livekit.agents import AgentSession, tts

    from .message import Message

logger = logging.getLogger("lastword")

MAX_RENDERINGS = 5
"""Limit per session: a TTS whose options keep changing would otherwise be asked on every turn."""


class _Voice(NamedTuple):
    """What the words sound like; compared to notice a change."""

    options: list[dict[str, Any]]
    languages: list[str]


class OwnVoice:
    """Makes the late sounds of a message in the background, and again when the voice changes.

    Nothing runs once they are made; a change is noticed when the agent's state changes.

    Args:
        session: The session whose agent speaks.
        messages: Receive what was made, the likeliest first.
        language: What the user asked for; None for the language that the agent speaks.
    """

    def __init__(
        self, session: AgentSession[Any], messages: Sequence[Message], *, language: str | None
    ) -> None:
        self._session = session
        self._messages = [message for message in messages if message.changes]
        self._language = language
        self._late = LateSounds(self._messages)
        self._made_for: _Voice | None = None
        self._renderings = 0
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look for words that were rendered earlier, without asking a provider."""
        speaker = speakers.speaker_of(self._session)
        if speaker is not None and self._late.words and _in_loop():
            self._start(self._load(speaker))

    def follow(self) -> None:
        """Make the sounds if the session runs and they are not those of its voice."""
        if sessions.is_running(self._session) and not sessions.is_closing(self._session):
            if self._task is not None and self._task.cancelled():
                self._made_for = None  # given up in an earlier run of the session
            self._make()

    async def ready(self) -> None:
        """Wait until all is made or given up; make it now if the session has not begun."""
        self._make()
        if self._task is not None:
            await asyncio.wait({self._task})

    def stop(self) -> None:
        """Give up what is being made."""
        if self._task is not None:
            self._task.cancel()

    def _make(self) -> None:
        if not self._messages:
            return
        speaker = speakers.speaker_of(self._session)
        try:
            voice = _voice_of(self._session, speaker)
        except Exception as error:  # noqa: BLE001 - attributes of a foreign TTS; events must go on
            logger.warning(
                "the voice of the agent cannot be told; its words are not rendered",
                extra={"error": type(error).__name__},
            )
            self._messages = []
            return
        if voice == self._made_for or self._renderings == MAX_RENDERINGS:
            return
        self._made_for = voice
        self._renderings += 1
        self._start(self._render(speaker, [self._language, *voice.languages]))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.create_task(_after(self._task, work), name="lastword_own_voice")
        # a task that is cancelled before its first step never awaits the work
        self._task.add_done_callback(lambda _: work.close())

    async def _load(self, speaker: tts.TTS[Any]) -> None:
        for message, words in self._late.words:
            clip = await baked(speaker, words, language=self._language)
            if clip is not None:
                await asyncio.to_thread(message.put, words, clip, "own_voice")

    async def _render(self, speaker: tts.TTS[Any] | None, languages: list[str | None]) -> None:
        for message in self._messages:
            await asyncio.to_thread(message.use_languages, languages)
        language = next((language for language in languages if language), None)
        await self._late.collect()
        if speaker is not None:
            await self._late.render(speaker, language)
        elif self._late.words:
            logger.warning("there is no TTS to render words with; a bundled clip speaks")


def _voice_of(session: AgentSession[Any], speaker: tts.TTS[Any] | None) -> _Voice:
    voices = [] if speaker is None else speakers.voices_of(speaker)
    return _Voice([voice_options(one) for one in voices], speakers.languages_of(session))


async def _after(earlier: asyncio.Task[None] | None, work: Coroutine[Any, Any, None]) -> None:
    """Run one piece of work at a time, so that the newest voice is the one that stays."""
    try:
        if earlier is not None:
            await asyncio.wait({earlier})
        await work
    except Exception as error:  # noqa: BLE001 - a foreign TTS may do and say anything
        logger.warning("the words are not rendered", extra={"error": type(error).__name__})
    finally:
        if earlier is not None:
            earlier.cancel()


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
