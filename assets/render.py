"""Renders every bundled clip from texts.toml; owns how, not what.

Needs Python 3.11 and the speech synthesisers of Debian 12 (see README.md for the package names):

    python assets/render.py           # all languages
    python assets/render.py en ja     # some of them; the others stay as they are

Each clip comes out at 24 kHz mono, at one loudness, with 20 ms of silence at both ends, together
with its transcript in clips/index.json. The synthesisers use no chance, so the same packages give
the same files.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile
import tomllib

import lastword
from lastword.audio.loudness import integrated_loudness, normalize, trim

if TYPE_CHECKING:
    from collections.abc import Callable

TONES = ("generic", "later", "transfer")
CLIPS = Path(__file__).parent.parent / "src" / "lastword" / "audio" / "clips"
RATE = 24000

# Measured on one clip of 5.4 s at 24 kHz mono (size, decoding by libsndfile 1.2.2, error of the
# decoded sound): WAV 259 kB 0.3 ms, FLAC 133 kB 1.4 ms, Vorbis 42 kB 2.8 ms -26 dB, Opus 21 kB
# 18 ms -15 dB, MP3 35 kB 1.7 ms -29 dB at this setting. Three tones in a dozen languages have to
# fit into a package of 3 MB, so lossless is too large; MP3 is then the fastest and nearest.
COMPRESSION = 0.5


def run(*command: str, text: str | None = None) -> None:
    """Run a synthesiser, at most a minute, and fail loudly."""
    subprocess.run(  # noqa: S603 - fixed commands; the texts are ours
        command, input=text, text=True, check=True, timeout=60, stdout=subprocess.DEVNULL
    )


def festival(voice: str, text: str, wav: Path) -> None:
    """Festival: one voice per Debian package festvox-*."""
    run("text2wave", "-eval", f"(voice_{voice})", "-o", str(wav), text=text)


ENGINES: dict[str, Callable[[str, str, Path], None]] = {"festival": festival}


def render(entry: dict[str, Any], text: str) -> bytes:
    """Speak one text and return it as an MP3 file of about 50 kbit/s."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "spoken.wav"
        ENGINES[entry["engine"]](entry["voice"], text, wav)
        samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1, keepdims=True)
    clip = normalize(trim(lastword.resample(mono, rate, RATE), RATE), RATE)
    file = io.BytesIO()
    soundfile.write(
        file, clip, RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=COMPRESSION
    )
    print(f"  {len(clip) / RATE:.2f} s, {integrated_loudness(clip, RATE):.1f} LUFS", flush=True)
    return file.getvalue()


def main(wanted: list[str]) -> None:
    """Render the wanted languages, or all, and write the index of all."""
    texts = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
    index: dict[str, dict[str, dict[str, str]]] = {}
    for language, entry in texts.items():
        index[language] = {}
        for tone in TONES:
            name = f"{language}-{tone}.mp3"
            index[language][tone] = {"file": name, "transcript": entry[tone]}
            if not wanted or language in wanted:
                print(name, entry["voice"], flush=True)
                (CLIPS / name).write_bytes(render(entry, entry[tone]))
    text = json.dumps(index, ensure_ascii=False, indent=1)
    (CLIPS / "index.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
