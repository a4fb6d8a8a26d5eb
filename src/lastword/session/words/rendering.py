"""Makes sounds of the parts of messages that are not sounds yet: words and iterables of frames."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

from ...errors import LastWordError
from ...voice.bake import bake, baked_in_any_voice
from .iterable import clip_of_frames

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence

    from livekit import rtc
    from livekit.agents import tts

    from ...audio.clip import Clip
    from ..report import Origin
    from .message import Late, Message

logger = logging.getLogger("lastword")


class LateSounds:
    """The words and iterables of some messages, which become sounds later.

    Args:
        messages: Receive what was made, the likeliest first.

    Attributes:
        words: Words that a voice is to render, each with its message.
        iterables: Iterables that were not used up yet, each with its message.
    """

    def __init__(self, messages: Iterable[Message]) -> None:
        late = [(message, late) for message in messages for late in message.late]
        self.words: list[tuple[Message, str]] = [
            (to, words) for to, words in late if isinstance(words, str)
        ]
        self.iterables: list[tuple[Message, AsyncIterable[rtc.AudioFrame]]] = [
            (to, frames) for to, frames in late if not isinstance(frames, str)
        ]

    async def collect(self) -> None:
        """Make clips of the iterables; each can be used once."""
        iterables, self.iterables = self.iterables, []
        for message, frames in iterables:
            await _put(message, frames, clip_of_frames(frames, max_s=message.max_s), "clip")

    async def render(self, voice: tts.TTS[Any], language: str | None) -> bool:
        """Have all words rendered, or take them from the cache; return whether all are there."""
        made = [
            await _put(message, words, bake(voice, words, language=language), "own_voice")
            for message, words in self.words
        ]
        return all(made)


async def _put(message: Message, late: Late, making: Awaitable[Clip], source: Origin) -> bool:
    try:
        await asyncio.to_thread(message.put, late, await making, source)
    except LastWordError as error:
        logger.warning(
            "a message could not be made ready; what spoke before it speaks",
            extra={"source": source, "error": type(error).__name__, "reason": str(error)},
        )
        return False
    return True


class WordsWithoutSession:
    """Sounds for a message whose words no session's voice renders.

    They are taken from the cache, in whatever voice they were rendered last; with a voice of their
    own they are rendered, once per process.

    Args:
        messages: Receive the sounds, the likeliest first.
        language: BCP 47 tag of the words, or None.
        make_voice: Returns a TTS, awaitable or not; called inside a job. None for no voice.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        *,
        language: str | None,
        make_voice: Callable[[], tts.TTS[Any] | Awaitable[tts.TTS[Any]]] | None,
    ) -> None:
        self._late = LateSounds(messages)
        self._language = language
        self._make_voice = make_voice
        self._made = not self._late.words
        self._warned = False

    def load(self) -> bool:
        """Take what the cache has, which reads files; return whether all words are there."""
        found = True
        for message, words in self._late.words:
            clip = baked_in_any_voice(words, language=self._language)
            if clip is not None:
                message.put(words, clip, "own_voice")
            found = found and clip is not None
        return found

    async def make(self) -> None:
        """Make what is missing; raise nothing but a cancellation."""
        try:
            await self._late.collect()
            if not self._made:
                self._made = await self._make()
        except Exception as error:  # noqa: BLE001 - a foreign TTS may do and say anything
            logger.warning("the words are not rendered", extra={"error": type(error).__name__})

    async def _make(self) -> bool:
        if self._make_voice is not None:
            made = self._make_voice()
            voice = await made if inspect.isawaitable(made) else made
            try:
                return await self._late.render(voice, self._language)
            finally:
                await voice.aclose()
        found = await asyncio.to_thread(self.load)
        if not found and not self._warned:
            self._warned = True
            logger.warning(
                "the words of guard() are not rendered, a bundled clip speaks: render them with "
                "`lastword bake`, or pass a function that makes a TTS as tts="
            )
        return found
