"""Provides the fixtures of all benchmarks, and what their JSON says about the machine."""

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
from race import NUM_VARIANTS, RATE, Race, speech, write

from lastword.audio import _native
from lastword.audio.folder import FOLDER_VARIABLE

PACKAGES = ("livekit-agents", "livekit", "soundfile", "soxr", "av", "numpy")


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Measure decoding: nothing was prepared by an earlier process."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """Return the paths of `NUM_VARIANTS` different clips of 6.9 s in one format."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, list[str]] = {}

    def paths(name: str) -> list[str]:
        if name not in made:
            made[name] = [str(folder / f"{seed}.{name.lower()}") for seed in range(NUM_VARIANTS)]
            for seed, path in enumerate(made[name]):
                write(Path(path), speech(seed, 48_000 if name == "Opus" else RATE), name)
        return made[name]

    return paths


@pytest.fixture
def race(benchmark: Any) -> Race:
    """Return a race between lastword and its peers."""
    return Race(benchmark)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Add the versions of all libraries compared."""
    machine_info["versions"] = {name: importlib.metadata.version(name) for name in PACKAGES}
    machine_info["versions"]["libsndfile"] = soundfile.__libsndfile_version__
    machine_info["simd"] = _native.simd_paths()[-1]
