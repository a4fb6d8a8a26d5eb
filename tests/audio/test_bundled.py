"""Every bundled clip is short, at one level, trimmed, and found by its language."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lastword import MessageError, bundled, bundled_languages
from lastword.audio.bundled import nearest_language
from lastword.audio.loudness import integrated_loudness, sounding_range

TONES = ["generic", "later", "transfer", "moment", "again", "hear"]
CLIPS = Path(sys.modules[bundled.__module__].__file__ or "").parent / "clips"
ALL = [(language, tone) for language in bundled_languages() for tone in TONES]


@pytest.mark.parametrize(("language", "tone"), ALL)
def test_each_clip_is_as_promised(language: str, tone: str) -> None:
    """Under 6 s, -23 LUFS, peaks below -1 dBFS, no silence to wait for."""
    clip = bundled(language, tone)  # type: ignore[arg-type] # the tones as plain strings
    frames = clip.frames(24000, 1, 50)
    pcm = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    samples = (pcm / np.float32(32768)).astype(np.float32)[: round(clip.duration_s * 24000), None]
    assert 1.0 < clip.duration_s < 6.0
    assert integrated_loudness(samples, 24000) == pytest.approx(-23.0, abs=0.3)
    assert np.abs(samples).max() < 10 ** (-1 / 20)
    start, stop = sounding_range(samples)
    # The ends fade out around the limit of what counts as silence, and MP3 moves them across it.
    assert max(start, len(samples) - stop) / 24000 < 0.1
    assert (clip.language, clip.num_channels) == (language, 1)
    assert len(clip.transcript.split()) > 1 or language in {"zh", "ja"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the standard library reads TOML from 3.11")
@pytest.mark.parametrize(("language", "tone"), ALL)
def test_each_transcript_is_the_text_that_was_rendered(language: str, tone: str) -> None:
    """The index that is shipped says what assets/texts.toml says."""
    import tomllib  # type: ignore[import-not-found]  # noqa: PLC0415 - not there on 3.10

    texts = tomllib.loads(
        (Path(__file__).parent.parent.parent / "assets" / "texts.toml").read_text("utf-8")
    )
    clip = bundled(language, tone)  # type: ignore[arg-type] # the tones as plain strings
    assert clip.transcript == texts[language][tone]
    assert texts[language]["licence"]


def test_there_are_a_dozen_languages() -> None:
    """The list is sorted and holds at least those that were promised."""
    languages = bundled_languages()
    assert languages == sorted(languages)
    assert {"de", "en", "es", "fr", "hi", "it", "ja", "nl", "pl", "pt", "ru", "zh"} <= {*languages}


def test_no_file_is_left_over() -> None:
    """The folder holds the index, the licences, and each language's clips."""
    expected = {f"{language}-{tone}.mp3" for language, tone in ALL}
    assert {file.name for file in CLIPS.iterdir()} == expected | {"index.json", "LICENCES.md"}


def test_all_clips_fit_into_the_package() -> None:
    """They leave room in the 3 MB that the package may have."""
    assert sum(file.stat().st_size for file in CLIPS.iterdir()) < 2.5e6


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["en"], "en"),
        (["en-US"], "en"),
        (["EN_gb"], "en"),
        (["pt-BR"], "pt"),
        (["zh-Hans-CN"], "zh"),
        (["tlh", "de-AT", "fr"], "de"),
        ([None, "ja"], "ja"),
        (["tlh"], "en"),
        (["tlh", "en-AU"], "en"),
        ([None, ""], "en"),
        ([], "en"),
    ],
)
def test_the_nearest_language_is_taken(wanted: list[str | None], found: str) -> None:
    """The whole tag, its first part, the next wanted one, English."""
    assert nearest_language(*wanted) == found


def test_an_unknown_language_speaks_english_and_says_so() -> None:
    """What is heard is what the clip says of itself."""
    assert bundled("tlh").language == "en"


def test_an_unknown_tone_is_refused() -> None:
    """The error names the tones."""
    with pytest.raises(MessageError, match="'transfer'"):
        bundled("en", "cheerful")  # type: ignore[arg-type] # what is refused
