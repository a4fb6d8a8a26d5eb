"""Provides the peers of the benchmarks: what a user would write without lastword."""

import asyncio

import numpy as np
import soundfile
import soxr
from livekit.agents.utils.audio import AudioByteStream, audio_frames_from_file
from livekit.rtc import AudioFrame
from numpy.typing import NDArray  # noqa: TC002 - as everywhere in the benchmarks

OUT_RATE = 24_000
FRAME_SAMPLES = OUT_RATE // 20


def frames_by_livekit(path: str) -> list[AudioFrame]:
    """Use livekit-agents as `BackgroundAudioPlayer` and the examples do for a file."""

    async def collect() -> list[AudioFrame]:
        return [f async for f in audio_frames_from_file(path, OUT_RATE, 1)]

    return asyncio.run(collect())


def frames_by_soxr(path: str) -> list[AudioFrame]:
    """Use soundfile, soxr HQ, numpy and slices: the fast way by hand."""
    samples, rate = soundfile.read(path, dtype="float32")
    resampled: NDArray[np.float32] = soxr.resample(samples, rate, OUT_RATE, quality="HQ")
    steps = np.clip(np.rint(resampled * 32768), -32768, 32767).astype(np.int16)
    data = np.pad(steps, (0, -len(steps) % FRAME_SAMPLES)).tobytes()
    size = 2 * FRAME_SAMPLES
    return [
        AudioFrame(data[at : at + size], OUT_RATE, 1, FRAME_SAMPLES)
        for at in range(0, len(data), size)
    ]


def frames_by_byte_stream(pcm: bytes) -> list[AudioFrame]:
    """Push all samples at once into livekit-agents' AudioByteStream, its fastest use."""
    stream = AudioByteStream(OUT_RATE, 1, FRAME_SAMPLES)
    return stream.push(pcm) + stream.flush()
