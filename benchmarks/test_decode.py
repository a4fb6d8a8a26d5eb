"""Decoding alone: a file of 6.9 s to float32."""

from collections.abc import Callable

import pytest
import soundfile
from race import FORMATS, Race

from lastword import decode


@pytest.mark.parametrize("name", FORMATS)
def test_ours(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    race.run(f"decode | {name}", "ours", decode, clips(name), rounds=40)


@pytest.mark.parametrize("name", FORMATS)
def test_soundfile(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    def read(path: str) -> object:
        return soundfile.read(path, dtype="float32", always_2d=True)

    race.run(f"decode | {name}", "soundfile", read, clips(name), rounds=40)
