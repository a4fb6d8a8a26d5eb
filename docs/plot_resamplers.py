"""Draws docs/resampling_sweep.png: a sweep through four resamplers, 44.1 kHz to 24 kHz.

    pip install . --group pictures && python docs/plot_resamplers.py

What belongs into the picture is one line that ends at 12 kHz. Everything else is added.
"""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soxr
from livekit import rtc
from matplotlib import pyplot as plt

import lastword

Samples = npt.NDArray[np.float32]

IN_RATE, OUT_RATE = 44100, 24000
SECONDS = 8.0
AMPLITUDE = 0.9
WINDOW, HOP = 2048, 256
FLOOR_DB = -160
TARGET = Path(__file__).with_name("resampling_sweep.png")


def sweep() -> Samples:
    """A sine that rises evenly from 0 to the Nyquist frequency, faded in and out."""
    times = np.arange(int(SECONDS * IN_RATE)) / IN_RATE
    phase = np.pi * IN_RATE / 2 / SECONDS * times**2
    fade = np.minimum(1, np.minimum(times, SECONDS - times) / 0.05)
    return (AMPLITUDE * np.sin(phase) * np.sin(fade * np.pi / 2) ** 2).astype(np.float32)


def by_lastword(samples: Samples) -> Samples:
    """Ours, on the best instruction set of this CPU."""
    return lastword.resample(samples, IN_RATE, OUT_RATE)


def by_soxr(samples: Samples) -> Samples:
    """The quality that we compare with."""
    return np.asarray(soxr.resample(samples, IN_RATE, OUT_RATE, quality="HQ"))


def by_ffmpeg(samples: Samples) -> Samples:
    """FFmpeg's own resampler at its defaults, which `audio_frames_from_file` uses."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=OUT_RATE)
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate = IN_RATE
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray()[0] for part in frames])


def by_rtc(samples: Samples) -> Samples:
    """LiveKit's resampler at its default quality; it takes and gives 16 bits."""
    resampler = rtc.AudioResampler(IN_RATE, OUT_RATE)
    data = bytearray(np.rint(samples * 32767).astype(np.int16).tobytes())
    frames = [*resampler.push(data), *resampler.flush()]
    joined = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    return (joined / 32768).astype(np.float32)


RESAMPLERS: dict[str, Callable[[Samples], Samples]] = {
    "lastword.resample (32-bit float)": by_lastword,
    "soxr HQ (32-bit float)": by_soxr,
    "FFmpeg, default (32-bit float)": by_ffmpeg,
    "livekit.rtc.AudioResampler, default (16 bits)": by_rtc,
}


def spectrogram(samples: Samples) -> npt.NDArray[np.float64]:
    """(frequencies, times) in dB of full scale, by a window with sidelobes below FLOOR_DB."""
    window = np.kaiser(WINDOW, 22)
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), WINDOW)[::HOP]
    lines = np.abs(np.fft.rfft(frames * window, axis=1)) * 2 / window.sum()
    return np.asarray(20 * np.log10(np.maximum(lines.T, 1e-12)))


def main() -> None:
    """Draw and save the picture."""
    figure, axes = plt.subplots(
        2, 2, figsize=(11, 7), sharex=True, sharey=True, layout="constrained"
    )
    samples = sweep()
    for axis, (name, resample) in zip(axes.flat, RESAMPLERS.items(), strict=True):
        picture = axis.imshow(
            spectrogram(resample(samples)),
            origin="lower", aspect="auto", cmap="magma", vmin=FLOOR_DB, vmax=0,
            extent=(0, IN_RATE / 2000, 0, OUT_RATE / 2000), interpolation="nearest",
        )  # fmt: skip
        axis.set_title(name, fontsize=10)
    for axis in axes[-1]:
        axis.set_xlabel("frequency of the sweep in kHz")
    for axis in axes[:, 0]:
        axis.set_ylabel("what comes out in kHz")
    figure.colorbar(picture, ax=axes, label="dB of full scale")
    figure.suptitle("A sweep from 44.1 kHz to 24 kHz: the line is wanted, the rest is not")
    figure.savefig(TARGET, dpi=90)


if __name__ == "__main__":
    main()
