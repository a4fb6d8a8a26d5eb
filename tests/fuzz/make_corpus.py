"""Writes the seeds of the fuzzers into tests/fuzz/corpus: one small file per form.

Run by hand when a form is added; the result is committed.
"""

import io
import struct
from pathlib import Path

import numpy as np
import soundfile

CORPUS = Path(__file__).parent / "corpus"
SAMPLES = np.linspace(-0.9, 0.9, 12, dtype=np.float32)


def wav_seeds() -> dict[str, bytes]:
    """One WAV per encoding and container, and the sizes that streaming writers leave."""
    seeds = {}
    for container in ("WAV", "WAVEX", "RF64"):
        for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"):
            for channels in (1, 2):
                file = io.BytesIO()
                soundfile.write(
                    file, SAMPLES.reshape(-1, channels), 8000, format=container, subtype=subtype
                )
                seeds[f"{container}-{subtype}-{channels}".lower()] = file.getvalue()
    plain = seeds["wav-pcm_16-1"]
    at = plain.index(b"data")
    for size in (0, 0xFFFFFFFF, 1000):
        seeds[f"data-size-{size:x}"] = plain[: at + 4] + struct.pack("<I", size) + plain[at + 8 :]
    seeds["odd-chunk"] = plain[:12] + b"LIST\x03\0\0\0abc\0" + plain[12:]
    seeds["odd-chunk-unpadded"] = plain[:12] + b"LIST\x03\0\0\0abc" + plain[12:]
    seeds["data-first"] = plain[:12] + plain[at:] + plain[12:at]
    return seeds


def resample_seeds() -> dict[str, bytes]:
    """Usual and awkward ratios, int16 and float32, every path of instructions."""
    noise = np.random.default_rng(1).integers(-9999, 9999, 400)
    seeds = {}
    for in_rate, out_rate in ((8000, 24000), (44100, 24000), (48000, 24000), (47999, 24000)):
        rates = struct.pack("<II", in_rate - 4000, out_rate - 4000)
        for path in range(3):
            how = path << 2 | path  # the path of instructions, and path + 1 channels
            name = f"{in_rate}-{out_rate}-{path}"
            seeds[f"{name}-s16"] = rates + bytes([how]) + noise.astype(np.int16).tobytes()
            seeds[f"{name}-f32"] = (
                rates + bytes([0x80 | how]) + (noise / 9999).astype(np.float32).tobytes()
            )
    return seeds


if __name__ == "__main__":
    for folder, seeds in (("wav", wav_seeds()), ("resample", resample_seeds())):
        (CORPUS / folder).mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (CORPUS / folder / name).write_bytes(content)
