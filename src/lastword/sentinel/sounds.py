"""Makes utterances of the sounds that came over the socket, ready before they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit import rtc

from lastword.session.words.utterance import OutputFormat, Utterance

from .wire import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .wire import Sound

FORMAT = OutputFormat(SAMPLE_RATE, 1, 50)
_FRAME_BYTES = SAMPLE_RATE * FORMAT.frame_ms // 1000 * 2


class ReadySound:
    """A sound as `Utterance` wants it, cut into frames."""

    language = None

    def __init__(self, pcm: bytes) -> None:
        self.duration_s = len(pcm) / 2 / SAMPLE_RATE
        padded = pcm + bytes(-len(pcm) % _FRAME_BYTES)
        self._frames = [
            rtc.AudioFrame(padded[at : at + _FRAME_BYTES], SAMPLE_RATE, 1, _FRAME_BYTES // 2)
            for at in range(0, len(padded), _FRAME_BYTES)
        ]

    def frames_on_demand(self, *_: int) -> Sequence[rtc.AudioFrame]:
        """Return the frames; they exist in `FORMAT` alone, and are asked for in no other."""
        return self._frames


async def warm() -> None:
    """Load the native client now: it takes 0.1 s."""
    source = rtc.AudioSource(SAMPLE_RATE, 1)
    rtc.LocalAudioTrack.create_audio_track("lastword", source)
    await source.aclose()


def utterance_of(sound: Sound | None) -> Utterance | None:
    """Return what is said, or None for nothing."""
    if sound is None or not sound.pcm:
        return None
    source = sound.source if sound.source in {"clip", "own_voice", "bundled"} else "clip"
    return Utterance(ReadySound(sound.pcm), sound.transcript, source)  # type: ignore[arg-type] # one of these
