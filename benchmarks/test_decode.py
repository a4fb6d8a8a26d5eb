"""Measures decoding alone: a file of 6.9 s to float32."""

from collections.abc import Callable

import pytest
import soundfile
from race import FORMATS, Race

from lastword import decode


def by_soundfile(path: str) -> object:
    return soundfile.read(path, dtype="float32", always_2d=True)


@pytest.mark.parametrize("name", FORMATS)
def test_decode(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    race.run(f"decode | {name}", decode, {"soundfile": by_soundfile}, clips(name), rounds=40)
