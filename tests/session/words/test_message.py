"""Every form of a message is ready when attached, or refused there."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from livekit.agents import BuiltinAudioClip

import lastword
from lastword import Clip, FailureKind, MessageError
from lastword.session.words.iterable import clip_of_frames
from lastword.session.words.message import DEFAULT, Message
from lastword.session.words.utterance import OutputFormat
from session.fakes import clip_of, frame_of, tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from livekit import rtc


def message(form: Any, *, language: str | None = None, max_message_s: float = 60.0) -> Message:
    return Message(form, languages=[language], max_message_s=max_message_s)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A WAV file of half a second."""
    path = tmp_path / "sorry.wav"
    soundfile.write(path, tone(0.5), 24000)
    return path


@pytest.mark.parametrize("as_text", [True, False], ids=["str", "Path"])
def test_a_file_is_played(file: Path, as_text: bool) -> None:
    """By name or by path, for every kind."""
    sounds = message(str(file) if as_text else file)
    utterances = {sounds.for_kind(kind) for kind in FailureKind}
    (utterance,) = utterances
    assert utterance is not None
    assert (utterance.source, utterance.clip.duration_s) == ("clip", 0.5)


def test_a_file_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many kinds share it."""
    reads: list[str] = []
    real = Clip.load

    def load(source: Any, **options: Any) -> Clip:
        reads.append(str(source))
        return real(source, **options)

    monkeypatch.setattr(Clip, "load", load)
    message({None: file, FailureKind.AUTH: file})
    assert reads == [str(file)]


def test_a_clip_speaks_its_own_words() -> None:
    """The transcript is the clip's."""
    utterance = message(clip_of(0.5)).for_kind(FailureKind.AUTH)
    assert utterance is not None
    assert (utterance.transcript, utterance.source) == ("the last words", "clip")


def test_a_clip_of_livekit_is_played() -> None:
    """Whatever it ships."""
    utterance = message(next(iter(BuiltinAudioClip))).for_kind(FailureKind.AUTH)
    assert utterance is not None
    assert utterance.clip.duration_s > 0


@pytest.mark.parametrize("form", [None, ""])
def test_nothing_is_said(form: str | None) -> None:
    """Both forms of silence."""
    sounds = message(form)
    assert {sounds.for_kind(kind) for kind in FailureKind} == {None}
    assert not sounds.changes


@pytest.mark.parametrize("form", [DEFAULT, "Sorry, we have to end this call."])
def test_the_bundled_clip_speaks_in_the_tone_of_the_kind(form: Any) -> None:
    """Also for words that are not rendered yet; what is shown is what is heard."""
    sounds = message(form, language="de-AT")
    for kind, tone_of_kind in (
        (FailureKind.AUTH, "generic"),
        (FailureKind.QUOTA_EXHAUSTED, "generic"),
        (FailureKind.OVERLOADED, "later"),
        (FailureKind.TIMEOUT, "later"),
    ):
        utterance = sounds.for_kind(kind)
        assert utterance is not None
        expected = lastword.bundled("de", tone_of_kind)  # type: ignore[arg-type] # plain strings
        assert (utterance.source, utterance.transcript) == ("bundled", expected.transcript)


def test_who_is_handed_on_is_told_to_stay() -> None:
    """The tone is that of a transfer for the kinds that end in one."""
    sounds = Message(
        DEFAULT, languages=["es"], max_message_s=60.0, handed_on=[FailureKind.OVERLOADED]
    )
    for kind, tone_of_kind in (
        (FailureKind.OVERLOADED, "transfer"),
        (FailureKind.TIMEOUT, "later"),
        (FailureKind.AUTH, "generic"),
    ):
        utterance = sounds.for_kind(kind)
        assert utterance is not None
        expected = lastword.bundled("es", tone_of_kind)  # type: ignore[arg-type] # plain strings
        assert utterance.transcript == expected.transcript


def test_a_mapping_chooses_by_kind(file: Path) -> None:
    """None is the default, also for a kind that is silenced."""
    sounds = message({None: file, FailureKind.RATE_LIMITED: clip_of(0.2), FailureKind.AUTH: None})
    lengths = {
        kind: utterance and utterance.clip.duration_s
        for kind in FailureKind
        for utterance in [sounds.for_kind(kind)]
    }
    assert lengths.pop(FailureKind.RATE_LIMITED) == 0.2
    assert lengths.pop(FailureKind.AUTH) is None
    assert {*lengths.values()} == {0.5}


def test_words_come_true_later_with_the_default_first() -> None:
    """What is to be rendered is named once, in the order of its weight."""
    sounds = message({FailureKind.AUTH: "Other words.", None: "These words."})
    assert sounds.late == ["These words.", "Other words."]
    sounds.put("These words.", clip_of(0.3), "own_voice")
    for kind, source in ((FailureKind.UNKNOWN, "own_voice"), (FailureKind.AUTH, "bundled")):
        utterance = sounds.for_kind(kind)
        assert utterance is not None
        assert utterance.source == source


def test_a_change_of_language_leaves_own_words_alone() -> None:
    """Bundled words follow, rendered ones stay."""
    sounds = message({None: "Own words.", FailureKind.AUTH: DEFAULT})
    sounds.prepare(OutputFormat(48000, 1))
    sounds.put("Own words.", clip_of(0.3), "own_voice")
    sounds.use_languages(["ja"])
    own, other = sounds.for_kind(FailureKind.UNKNOWN), sounds.for_kind(FailureKind.AUTH)
    assert own is not None
    assert other is not None
    assert (own.source, other.clip.language) == ("own_voice", "ja")


@pytest.mark.parametrize(
    ("form", "error", "says"),
    [
        ("missing.wav", lastword.ClipNotFoundError, "missing.wav"),
        ({"auth?": None}, MessageError, "auth\\?"),
        (7, MessageError, "int"),
        ({None: 7}, MessageError, "int"),
        ([b"frames"], MessageError, "list"),
    ],
)
def test_what_cannot_be_said_is_refused(form: Any, error: type[Exception], says: str) -> None:
    """At once, with what was expected and what came."""
    with pytest.raises(error, match=says):
        message(form)


def test_a_broken_sound_is_refused_by_its_name(tmp_path: Path) -> None:
    """Whoever attaches a message per kind of failure is told which of the files it is."""
    path = tmp_path / "broken.wav"
    path.write_bytes(bytes(range(250)) * 8)
    for form in (path, str(path), {FailureKind.AUTH: path}):
        with pytest.raises(
            lastword.ClipFormatError, match=r"no decoder reads .*broken\.wav"
        ) as told:
            message(form)
        assert told.value.source == str(path)


def test_a_sound_that_is_too_long_is_refused(file: Path) -> None:
    """At once, and a late one too."""
    with pytest.raises(lastword.ClipLimitError, match="max_message_s"):
        message(file, max_message_s=0.4)
    sounds = message("Words.", max_message_s=7.0)
    with pytest.raises(lastword.ClipLimitError):
        sounds.put("Words.", clip_of(8.0), "own_voice")
    utterance = sounds.for_kind(FailureKind.AUTH)
    assert utterance is not None
    assert utterance.source == "bundled"


def test_the_bound_is_for_the_words_of_the_user(file: Path) -> None:
    """A bundled clip that is longer stands in for them, or is what was asked for."""
    for form in ("Some words.", DEFAULT, frames_of(0.1), {FailureKind.AUTH: file}):
        utterance = message(form, max_message_s=0.5).for_kind(None)
        assert utterance is not None
        assert utterance.source == "bundled"
        assert utterance.clip.duration_s > 0.5


def test_a_long_file_is_refused_by_its_header(tmp_path: Path) -> None:
    """Its samples are not decoded to find out."""
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros((600 * 48_000, 1), np.int16), 48_000)
    tracemalloc.start()
    try:
        with pytest.raises(
            lastword.ClipLimitError, match=r"at most 60\.0 s.*long\.flac.*max_message_s"
        ):
            message(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """An hour of FLAC is hundreds of megabytes: they are not read to find out how long it lasts."""
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros((600 * 48_000, 1), np.int16), 48_000)
    with path.open("r+b") as file:
        file.truncate(87_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(
            lastword.ClipLimitError, match=r"at most 60\.0 s.*85897216 bytes.*long"
        ) as caught:
            message(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert caught.value.source == str(path)


def test_a_pipe_is_refused_as_a_file(tmp_path: Path) -> None:
    """Whether its name looks like one or not; nobody waits for who may never write to it."""
    for name in ("pipe.wav", "pipe"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(lastword.ClipFormatError, match="regular file"):
            message(str(tmp_path / name))


async def frames_of(*lengths_s: float, rate: int = 24000) -> AsyncIterator[rtc.AudioFrame]:
    """Frames of a tone."""
    for length_s in lengths_s:
        yield frame_of(tone(length_s, rate), rate)


async def test_an_iterable_is_collected() -> None:
    """All of its frames, sample for sample."""
    clip = await clip_of_frames(frames_of(0.1, 0.2, rate=16000), max_s=1.0)
    heard = np.concatenate([np.frombuffer(f.data, np.int16) for f in clip.frames(16000, 1, 100)])
    assert clip.sample_rate == 16000
    np.testing.assert_array_equal(heard, np.concatenate([tone(0.1, 16000), tone(0.2, 16000)]))


async def _raises() -> AsyncIterator[rtc.AudioFrame]:
    yield frame_of(tone(0.1))
    raise RuntimeError("a secret of the provider")


async def _two_rates() -> AsyncIterator[rtc.AudioFrame]:
    yield frame_of(tone(0.1))
    yield frame_of(tone(0.1, 16000), 16000)


async def _bytes() -> AsyncIterator[Any]:
    yield b"no frame"


async def _hangs() -> AsyncIterator[rtc.AudioFrame]:
    yield frame_of(tone(0.1))
    await asyncio.Event().wait()


async def _endless() -> AsyncIterator[rtc.AudioFrame]:
    while True:
        yield frame_of(tone(0.1))


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (_raises, "raised RuntimeError"),
        (_two_rates, "one rate"),
        (_bytes, "gave bytes"),
        (_hangs, "within 0.1 s"),
        (_endless, "at most 2.0 s"),
        (frames_of, "gave none"),
    ],
)
async def test_a_bad_iterable_is_given_up(frames: Any, says: str) -> None:
    """In bounded time, and nothing of its own words is repeated."""
    with pytest.raises(MessageError, match=says) as caught:
        await asyncio.wait_for(clip_of_frames(frames(), max_s=2.0, timeout_s=0.1), 10)
    assert "secret" not in str(caught.value)


async def test_an_iterable_that_swallows_its_cancellation_is_left_behind() -> None:
    """It cannot hold the session up."""
    done = asyncio.Event()

    async def stubborn() -> AsyncIterator[rtc.AudioFrame]:
        while not done.is_set():
            try:
                await done.wait()
            except asyncio.CancelledError:
                continue
        yield frame_of(tone(0.1))

    with pytest.raises(MessageError, match="goes on"):
        await asyncio.wait_for(clip_of_frames(stubborn(), max_s=2.0, timeout_s=0.05), 10)
    done.set()
