"""Renders every bundled clip from texts.toml.

Needs Python 3.11 and the speech synthesisers of Debian 12 (see README.md for the package names):

    python assets/render.py           # all languages
    python assets/render.py en ja     # some of them; the others stay unchanged
    python assets/render.py moment    # some tones, in all or in the named languages

Each clip comes out at 24 kHz mono, at one loudness, with 20 ms of silence at both ends, together
with its transcript in clips/index.json. The synthesisers use no random numbers, so the same
packages give the same files.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
import tomllib  # type: ignore[import-not-found] # checked for 3.10, run by 3.11

import lastword
from lastword.audio.loudness import integrated_loudness, normalize, trim

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TONES = ("generic", "later", "transfer", "moment", "again", "hear")
CLIPS = Path(__file__).parent.parent / "src" / "lastword" / "audio" / "clips"
RATE = 24000
PAUSE_S = 0.25  # between sentences; some synthesisers pause for 0.8 s

# Measured on one clip of 5.4 s at 24 kHz mono (size, decoding by libsndfile 1.2.2, error of the
# decoded sound): WAV 259 kB 0.3 ms, FLAC 133 kB 1.4 ms, Vorbis 42 kB 2.8 ms -26 dB, Opus 21 kB
# 18 ms -15 dB, MP3 35 kB 1.7 ms -29 dB at this setting. Three tones in a dozen languages have to
# fit into a package of 3 MB, so lossless is too large; MP3 is then the fastest and nearest.
COMPRESSION = 0.5


def run(*command: str, text: str = "", encoding: str = "utf-8") -> None:
    """Run a synthesiser for at most a minute; raise if it fails."""
    subprocess.run(  # noqa: S603 - fixed commands; the texts are ours
        command, input=text.encode(encoding), check=True, timeout=60, stdout=subprocess.DEVNULL
    )


def festival(voice: str, speed: float, text: str, wav: Path) -> None:
    """Speak with Festival: one voice per Debian package festvox-*; it takes single-byte letters."""
    stretch = f"(Parameter.set 'Duration_Stretch {1 / speed})"
    options = ("-eval", f"(voice_{voice})", "-eval", stretch, "-o", str(wav))
    run("text2wave", *options, text=text, encoding="iso-8859-1")


def pico(voice: str, speed: float, text: str, wav: Path) -> None:
    """Speak with SVOX Pico: one voice per language."""
    run("pico2wave", "-l", voice, "-w", str(wav), f'<speed level="{speed:.0%}">{text}</speed>')


def rhvoice(voice: str, speed: float, text: str, wav: Path) -> None:
    """Speak with RHVoice: some voices per Debian package rhvoice-*."""
    run("RHVoice-test", "-p", voice, "-r", f"{speed * 100:.0f}", "-o", str(wav), text=text)


def espeak(voice: str, speed: float, text: str, wav: Path) -> None:
    """Speak with espeak-ng, a formant synthesiser: the last resort, in nearly every language."""
    words_per_minute = f"{175 * speed:.0f}"
    run("espeak-ng", "-v", voice, "-s", words_per_minute, "-w", str(wav), text)


def open_jtalk(voice: str, speed: float, text: str, wav: Path) -> None:
    """Speak with Open JTalk, in Japanese."""
    dictionary = "/var/lib/mecab/dic/open-jtalk/naist-jdic"
    model = f"/usr/share/hts-voice/{voice}/{voice.replace('-', '_')}.htsvoice"
    run("open_jtalk", "-x", dictionary, "-m", model, "-r", f"{speed}", "-ow", str(wav), text=text)


ENGINES: dict[str, Callable[[str, float, str, Path], None]] = {
    "espeak-ng": espeak,
    "festival": festival,
    "open-jtalk": open_jtalk,
    "pico": pico,
    "rhvoice": rhvoice,
}


def shorten_pauses(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Cut every pause that is longer than `PAUSE_S` down to it, in its middle."""
    silent = np.abs(samples[:, 0]) < np.abs(samples).max() * 10 ** (-50 / 20)
    edges = np.flatnonzero(np.diff(silent, prepend=False, append=False))
    keep = np.ones(len(samples), dtype=bool)
    half = round(PAUSE_S * sample_rate / 2)
    for start, stop in edges.reshape(-1, 2).tolist():
        keep[start + half : max(stop - half, start + half)] = False
    return samples[keep]


def render(entry: dict[str, Any], text: str) -> bytes:
    """Speak one text and return it as an MP3 file of about 50 kbit/s."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "spoken.wav"
        ENGINES[entry["engine"]](entry["voice"], entry.get("speed", 1.0), text, wav)
        samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1, keepdims=True)
    even = trim(shorten_pauses(lastword.resample(mono, rate, RATE), RATE), RATE)
    clip = normalize(even, RATE)
    file = io.BytesIO()
    soundfile.write(
        file, clip, RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=COMPRESSION
    )
    print(f"  {len(clip) / RATE:.2f} s, {integrated_loudness(clip, RATE):.1f} LUFS", flush=True)
    return file.getvalue()


def main(wanted: list[str]) -> None:
    """Render the wanted languages and tones, or all, and write the index of all."""
    tones = set(wanted).intersection(TONES) or set(TONES)
    languages = set(wanted).difference(TONES)
    texts = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
    index: dict[str, dict[str, dict[str, str]]] = {}
    for language, entry in texts.items():
        index[language] = {}
        for tone in TONES:
            name = f"{language}-{tone}.mp3"
            index[language][tone] = {"file": name, "transcript": entry[tone]}
            if tone in tones and (not languages or language in languages):
                print(name, entry["voice"], flush=True)
                (CLIPS / name).write_bytes(render(entry, entry[tone]))
    text = json.dumps(index, ensure_ascii=False, indent=1)
    (CLIPS / "index.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
