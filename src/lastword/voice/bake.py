"""Renders words in an agent's own voice, once, and keeps them as a clip. Knows no session."""

from __future__ import annotations

import asyncio
import io
import logging
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
from livekit.agents import APIConnectOptions

from lastword._upstream import speakers
from lastword.audio.clip import Clip
from lastword.bounded import ends
from lastword.errors import BakeError, ClipError, MessageError

from .cache import SoundCache
from .identity import sound_key, words_key

if TYPE_CHECKING:
    import os

    from livekit.agents import tts
    from livekit.rtc import AudioFrame

logger = logging.getLogger("lastword")

_CONNECT = APIConnectOptions(max_retry=0, timeout=10.0)


async def bake(
    tts: tts.TTS[Any],
    text: str,
    *,
    language: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    timeout_s: float = 20.0,
) -> Clip:
    """Render words in a TTS's voice, or take them from the cache if they were rendered before.

    If several processes want the same words at the same time, only one asks the provider.
    Listeners of the TTS receive neither metrics nor error events.

    Args:
        tts: Any TTS, streaming or not; of an adapter's voices, the first that works is used.
        text: The words.
        language: BCP 47 tag of the words, for the clip's `language`.
        cache_dir: Folder of the cache; None for `LASTWORD_CACHE_DIR`, else the user's cache folder.
        timeout_s: Limit for the whole call, in seconds.

    Returns:
        The clip, at the common loudness, trimmed at both ends, with the words as transcript.

    Raises:
        MessageError: The text is empty.
        BakeError: No voice rendered it in time.
    """
    words = text.strip()
    if not words:
        raise MessageError("expected words to render, got an empty text; give at least one word")
    work = _bake(tts, words, language, SoundCache(cache_dir))
    task = speakers.start_outside_sessions(work, name="lastword_bake")
    if await ends(task, timeout_s=timeout_s):
        return task.result()
    raise BakeError(
        f"expected the words to be rendered within {timeout_s:.1f} s, still waiting for "
        f"{tts.label}; raise timeout_s or look whether the provider answers"
    )


async def baked(
    tts: tts.TTS[Any],
    text: str,
    *,
    language: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Clip | None:
    """Return words that were rendered before from the cache, in the preferred voice.

    Args:
        tts: As for `bake`; it is not asked to render anything.
        text: The words.
        language: BCP 47 tag of the words, for the clip's `language`.
        cache_dir: As for `bake`.

    Returns:
        The clip, or None if the words are not there.
    """
    words = text.strip()
    key = sound_key(speakers.voices_of(tts)[0], words)
    return await asyncio.to_thread(_kept, SoundCache(cache_dir), key, words, language)


def baked_in_any_voice(
    text: str, *, language: str | None = None, cache_dir: str | os.PathLike[str] | None = None
) -> Clip | None:
    """Return words from the cache in the voice last used for them; reads files.

    Args:
        text: The words.
        language: BCP 47 tag of the words, for the clip's `language`.
        cache_dir: As for `bake`.

    Returns:
        The clip, or None if the words are not there.
    """
    words, cache = text.strip(), SoundCache(cache_dir)
    key = cache.noted(words_key(words))
    return None if key is None else _kept(cache, key, words, language)


async def _bake(tts: tts.TTS[Any], words: str, language: str | None, cache: SoundCache) -> Clip:
    failures: list[Exception] = []
    voices = speakers.voices_of(tts)
    for voice in voices:
        try:
            return await _once(voice, words, language, cache)
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            failures.append(error)
    reasons = ", ".join(
        f"{voice.label}: {type(failure).__name__}"
        for voice, failure in zip(voices, failures, strict=True)
    )
    raise BakeError(
        f"expected a voice to render the words, none did ({reasons}); the causes are chained"
    ) from failures[0]


async def _once(voice: tts.TTS[Any], words: str, language: str | None, cache: SoundCache) -> Clip:
    """Return the sound from the cache, or make and store it while nobody else does."""
    key = sound_key(voice, words)
    clip = await asyncio.to_thread(_kept, cache, key, words, language)
    if clip is not None:
        return clip
    async with cache.alone(key):
        clip = await asyncio.to_thread(_kept, cache, key, words, language)  # rendered meanwhile
        if clip is None:
            wav = _to_wav(await _speak(speakers.silenced(voice), words))
            clip = await asyncio.to_thread(_load, wav, words, language)
            await asyncio.to_thread(cache.store, key, wav)
            await asyncio.to_thread(cache.note, words_key(words), key)
        return clip


def _kept(cache: SoundCache, key: str, words: str, language: str | None) -> Clip | None:
    """Return a sound from the cache; discard one that cannot be decoded, to be rendered again."""
    wav = cache.load(key)
    if wav is None:
        return None
    try:
        clip = _load(wav, words, language)
    except ClipError:
        logger.warning("threw away a sound of the cache of voices that cannot be decoded")
        cache.forget(key)
        return None
    cache.note(words_key(words), key)
    return clip


async def _speak(voice: tts.TTS[Any], words: str) -> list[AudioFrame]:
    try:
        stream = voice.synthesize(words, conn_options=_CONNECT)
    except NotImplementedError:
        # a TTS that can only stream; its stream ends with the input
        async with voice.stream(conn_options=_CONNECT) as streaming:
            streaming.push_text(words)
            streaming.end_input()
            return [event.frame async for event in streaming]
    async with stream:
        return [event.frame async for event in stream]


def _to_wav(frames: list[AudioFrame]) -> bytes:
    if not any(np.frombuffer(frame.data, np.int16).any() for frame in frames):
        raise BakeError("expected sound from the TTS, got silence or nothing at all")
    form = {(frame.sample_rate, frame.num_channels) for frame in frames}
    if len(form) > 1:
        raise BakeError(f"expected frames of one rate and channel count from the TTS, got {form}")
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setframerate(frames[0].sample_rate)
        wav.setnchannels(frames[0].num_channels)
        wav.setsampwidth(2)
        wav.writeframes(b"".join(bytes(frame.data) for frame in frames))
    return file.getvalue()


def _load(wav: bytes, words: str, language: str | None) -> Clip:
    return Clip.load(wav, transcript=words, language=language, normalize=True, trim=True)
