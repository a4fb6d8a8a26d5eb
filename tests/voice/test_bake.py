"""Words become a clip in the agent's own voice: asked for once, kept, and nobody else notices."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
import pytest
from livekit.agents import APIConnectOptions, inference, tts

from lastword import BakeError, Clip, MessageError
from lastword.audio.loudness import integrated_loudness
from lastword.testing.gateway import Gateway, overloaded, stall, status, unauthorized
from lastword.testing.sockets import receives, sends, websocket
from lastword.voice.bake import bake
from lastword.voice.cache import SoundCache
from lastword.voice.identity import sound_key
from voice.speech import RATE, SPEECH, openai_tts, spoken

if TYPE_CHECKING:
    from numpy.typing import NDArray

TESTS = str(Path(__file__).parent.parent)
WORDS = "Sorry, we have to end this call."


def heard(clip: Clip) -> NDArray[np.float32]:
    """The samples of a clip: float32 (samples, 1)."""
    data = b"".join(bytes(frame.data) for frame in clip.frames(RATE, 1, 10))
    samples: NDArray[np.float32] = np.frombuffer(data, np.int16)[:, None] / np.float32(32768)
    return samples


def sounds(folder: Path) -> list[Path]:
    """What the cache holds, locks left out."""
    return [file for file in folder.iterdir() if file.suffix not in {".lock", ".last"}]


class Noticed:
    """Everything that a session would hear from its TTS."""

    def __init__(self, *voices: tts.TTS[Any]) -> None:
        self.events: list[str] = []
        for voice in voices:
            voice.on("metrics_collected", lambda *_: self.events.append("metrics_collected"))
            voice.on("error", lambda *_: self.events.append("error"))


async def test_words_become_a_clip_at_one_loudness(provider: Gateway, tmp_path: Path) -> None:
    """Trimmed, levelled, with its words and its language."""
    clip = await bake(openai_tts(provider.url), WORDS, language="en", cache_dir=tmp_path)
    assert clip.duration_s == pytest.approx(1.04, abs=0.01)
    assert (clip.transcript, clip.language) == (WORDS, "en")
    assert integrated_loudness(heard(clip), RATE) == pytest.approx(-23.0, abs=0.2)


async def test_the_second_time_nobody_is_asked(provider: Gateway, tmp_path: Path) -> None:
    """Not even by another object with another key; other words are asked for."""
    one = await bake(openai_tts(provider.url), WORDS, cache_dir=tmp_path)
    two = await bake(openai_tts(provider.url, key="sk-other"), WORDS, cache_dir=tmp_path)
    assert np.array_equal(heard(one), heard(two))
    assert provider.asked(SPEECH) == 1
    await bake(openai_tts(provider.url), "Other words.", cache_dir=tmp_path)
    await bake(openai_tts(provider.url, voice="coral"), WORDS, cache_dir=tmp_path)
    assert provider.asked(SPEECH) == 3


async def test_ten_at_once_ask_once(provider: Gateway, tmp_path: Path) -> None:
    """Within one process too."""
    voice = openai_tts(provider.url)
    clips = await asyncio.gather(*(bake(voice, WORDS, cache_dir=tmp_path) for _ in range(10)))
    assert len({clip.duration_s for clip in clips}) == 1
    assert provider.asked(SPEECH) == 1


async def test_a_broken_file_is_made_anew(provider: Gateway, tmp_path: Path) -> None:
    """A damaged sound is asked for again and replaced."""
    await bake(openai_tts(provider.url), WORDS, cache_dir=tmp_path)
    (file,) = sounds(tmp_path)
    file.write_bytes(file.read_bytes()[:-1000])
    await bake(openai_tts(provider.url), WORDS, cache_dir=tmp_path)
    assert provider.asked(SPEECH) == 2
    await bake(openai_tts(provider.url), WORDS, cache_dir=tmp_path)
    assert provider.asked(SPEECH) == 2


async def test_a_folder_that_cannot_be_written_only_costs_requests(
    provider: Gateway, tmp_path: Path
) -> None:
    """The clip is there; nothing is kept."""
    (tmp_path / "file").write_text("in the way")
    for _ in range(2):
        await bake(openai_tts(provider.url), WORDS, cache_dir=tmp_path / "file" / "folder")
    assert provider.asked(SPEECH) == 2


async def test_no_credential_is_in_the_cache(provider: Gateway, tmp_path: Path) -> None:
    """Neither in names nor in contents."""
    await bake(openai_tts(provider.url, key="sk-secret-0123"), WORDS, cache_dir=tmp_path)
    for file in sounds(tmp_path):
        assert b"sk-secret" not in file.read_bytes() + file.name.encode()


async def test_nobody_notices_success_or_failure(provider: Gateway, tmp_path: Path) -> None:
    """No metrics, no error event, from the voice and from adapters around it; then it works on."""
    voice = openai_tts(provider.url)
    adapter = tts.StreamAdapter(tts=voice)
    fallback = tts.FallbackAdapter([voice])
    noticed = Noticed(voice, adapter, fallback)
    provider.script(SPEECH, spoken(), overloaded(), unauthorized(), spoken())
    await bake(adapter, WORDS, cache_dir=tmp_path)
    for text in ("First.", "Second."):
        with pytest.raises(BakeError):
            await bake(fallback, text, cache_dir=tmp_path)
    assert noticed.events == []
    async with voice.synthesize("Live words.") as stream:
        assert [event async for event in stream]
    await asyncio.sleep(0)
    assert {*noticed.events} == {"metrics_collected"}


async def test_the_next_voice_of_a_fallback_speaks(tmp_path: Path) -> None:
    """The first that speaks is taken, under its own name, and the adapter's choice is untouched."""
    async with Gateway() as dead, Gateway() as alive:
        dead.script(SPEECH, unauthorized())
        alive.script(SPEECH, spoken())
        first, second = openai_tts(dead.url), openai_tts(alive.url)
        fallback = tts.FallbackAdapter([first, second])
        await bake(fallback, WORDS, cache_dir=tmp_path)
        assert (dead.asked(SPEECH), alive.asked(SPEECH)) == (1, 1)
        assert all(state.available for state in fallback._status)
        await bake(second, WORDS, cache_dir=tmp_path)
        assert alive.asked(SPEECH) == 1
        dead.script(SPEECH, spoken())
        await bake(fallback, WORDS, cache_dir=tmp_path)  # the preferred voice works again
        assert (dead.asked(SPEECH), alive.asked(SPEECH)) == (2, 1)
        await fallback.aclose()


class Tone(tts.SynthesizeStream):
    """A stream that says 200 ms for all it was given."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id="1")
        async for _ in self._input_ch:
            pass
        output_emitter.push(b"\x00\x10" * (RATE // 5))
        output_emitter.end_segment()


class StreamingOnly(tts.TTS[str]):
    """A TTS without `synthesize`."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True), sample_rate=RATE, num_channels=1
        )

    def synthesize(self, text: str, **options: object) -> tts.ChunkedStream:
        raise NotImplementedError

    def stream(self, *, conn_options: APIConnectOptions = APIConnectOptions()) -> Tone:  # noqa: B008
        return Tone(tts=self, conn_options=conn_options)


async def test_a_voice_that_can_only_stream(tmp_path: Path) -> None:
    """Its stream is used, as unnoticed."""
    voice = StreamingOnly()
    noticed = Noticed(voice)
    clip = await bake(voice, WORDS, cache_dir=tmp_path)
    assert clip.duration_s == pytest.approx(0.24, abs=0.02)
    assert noticed.events == []


async def test_a_gateways_voice_streams_over_a_websocket(tmp_path: Path) -> None:
    """LiveKit's own inference, with its pool of connections: one session, unnoticed."""
    audio = base64.b64encode(b"\x00\x10" * (RATE // 2)).decode()
    async with Gateway() as gateway, aiohttp.ClientSession() as http:
        gateway.script(
            "/tts",
            websocket(
                receives(3),  # session.create, the words, session.flush
                sends({"type": "session.created", "session_id": "1"}),
                sends({"type": "output_audio", "session_id": "1", "audio": audio}),
                sends({"type": "done", "session_id": "1"}),
            ),
        )
        secret = "a-secret-of-at-least-thirty-two-characters"  # noqa: S105 - signs for nobody
        voice = inference.TTS(
            "cartesia/sonic-3", voice="an-id", base_url=gateway.url, http_session=http,
            api_key="devkey", api_secret=secret, sample_rate=RATE,
        )  # fmt: skip
        noticed = Noticed(voice)
        for _ in range(2):
            clip = await bake(voice, WORDS, cache_dir=tmp_path)
        await voice.aclose()
        assert clip.duration_s == pytest.approx(0.54, abs=0.01)
        assert (gateway.asked("/tts"), noticed.events) == (1, [])


async def test_a_dead_provider_is_a_bake_error(tmp_path: Path) -> None:
    """The error names the voice and chains the cause, without the provider's words."""
    async with Gateway() as gateway:
        gateway.script(SPEECH, unauthorized())
        with pytest.raises(BakeError, match=r"openai.*: APIStatusError") as caught:
            await bake(openai_tts(gateway.url), WORDS, cache_dir=tmp_path)
        assert gateway.asked(SPEECH) == 1
    assert caught.value.__cause__ is not None
    assert "Incorrect API key" not in str(caught.value)
    assert not sounds(tmp_path)


async def test_silence_is_not_kept(tmp_path: Path) -> None:
    """A provider that answers well with nothing in it has not spoken."""
    async with Gateway() as gateway:
        gateway.script(SPEECH, status(200, b"\0" * 44 * 100, content_type="audio/pcm"))
        with pytest.raises(BakeError):
            await bake(openai_tts(gateway.url), WORDS, cache_dir=tmp_path)
    assert not sounds(tmp_path)


async def test_a_kept_sound_that_cannot_be_decoded_is_made_anew(
    provider: Gateway, tmp_path: Path
) -> None:
    """Sealed as it is, it would else be a refusal for ever."""
    voice = openai_tts(provider.url)
    SoundCache(tmp_path).store(sound_key(voice, WORDS), b"RIFF\0\0\0\0WAVE no sound")
    clip = await bake(voice, WORDS, cache_dir=tmp_path)
    assert clip.duration_s == pytest.approx(1.04, abs=0.01)
    await bake(voice, WORDS, cache_dir=tmp_path)
    assert provider.asked(SPEECH) == 1


@pytest.mark.parametrize("folder", ["a\0b", "\ud800"])
async def test_a_folder_that_cannot_exist_does_not_matter(provider: Gateway, folder: str) -> None:
    """The words are rendered, as for any folder that refuses."""
    clip = await bake(openai_tts(provider.url), WORDS, cache_dir=folder)
    assert clip.transcript == WORDS


async def test_a_stalled_provider_ends_with_the_bound(tmp_path: Path) -> None:
    """And gives the lock back."""
    async with Gateway() as gateway:
        gateway.script(SPEECH, stall(), spoken())
        voice = openai_tts(gateway.url)
        with pytest.raises(BakeError, match="timeout_s"):
            await bake(voice, WORDS, cache_dir=tmp_path, timeout_s=0.5)
        assert (await bake(voice, WORDS, cache_dir=tmp_path)).transcript == WORDS


async def test_a_cancelled_bake_lets_go(provider: Gateway, tmp_path: Path) -> None:
    """Cancellation passes through; the next one is not held up."""
    provider.script(SPEECH, stall(), spoken())
    voice = openai_tts(provider.url)
    work = asyncio.create_task(bake(voice, WORDS, cache_dir=tmp_path))
    await asked(provider, 1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await bake(voice, WORDS, cache_dir=tmp_path)


async def test_no_words_are_refused(tmp_path: Path) -> None:
    """At once, without a request."""
    with pytest.raises(MessageError, match="empty"):
        await bake(StreamingOnly(), " \n", cache_dir=tmp_path)


CHILD = """
import asyncio, sys
from voice.speech import openai_tts
from lastword.voice.bake import bake
from lastword.voice.cache import SoundCache
from lastword.voice.identity import sound_key
url, folder, words = sys.argv[1:]
clip = asyncio.run(bake(openai_tts(url), words, cache_dir=folder))
print(f"{clip.duration_s:.3f}")
"""


async def child(url: str, folder: Path) -> asyncio.subprocess.Process:
    """Another process that bakes the same words."""
    pytest.importorskip("livekit.plugins.openai", reason="none fits this pre-release")
    paths = os.pathsep.join([TESTS, *filter(None, [os.environ.get("PYTHONPATH")])])
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, url, str(folder), WORDS,
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


async def asked(gateway: Gateway, times: int) -> None:
    """Wait until so many requests have come, at most 30 s."""
    for _ in range(3000):
        if gateway.asked(SPEECH) >= times:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"expected {times} requests, {gateway.asked(SPEECH)} came")


async def test_two_processes_make_one_request(provider: Gateway, tmp_path: Path) -> None:
    """Both have the clip, one has asked."""
    both = [await child(provider.url, tmp_path) for _ in range(2)]
    answers = [await asyncio.wait_for(one.communicate(), 60) for one in both]
    assert [answer[0].strip() for answer in answers] == [b"1.040", b"1.040"]
    assert provider.asked(SPEECH) == 1


async def test_a_killed_process_leaves_no_broken_cache(provider: Gateway, tmp_path: Path) -> None:
    """Killed in the middle of its request, it holds nobody up and leaves nothing."""
    provider.script(SPEECH, stall(), spoken())
    process = await child(provider.url, tmp_path)
    await asked(provider, 1)
    process.send_signal(signal.SIGKILL)
    await asyncio.wait_for(process.wait(), 10)
    clip = await asyncio.wait_for(bake(openai_tts(provider.url), WORDS, cache_dir=tmp_path), 30)
    assert clip.duration_s == pytest.approx(1.04, abs=0.01)
    assert provider.asked(SPEECH) == 2
    assert [file.suffix for file in sounds(tmp_path)] == [".wav"]
