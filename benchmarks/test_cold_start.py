"""Measures what a job process pays once: import lastword, load a WAV file, make its frames."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from race import Race

OURS = "import sys, lastword; lastword.Clip.load(sys.argv[1]).frames()"
LIVEKIT = "import sys; from peers import frames_by_livekit; frames_by_livekit(sys.argv[1])"


def in_a_new_process(code: str) -> Callable[[str], None]:
    """Return a function that runs code in a new process, with a path as its argument."""

    def run(path: str) -> None:
        command = [sys.executable, "-c", code, path]
        subprocess.run(command, check=True, cwd=Path(__file__).parent)  # noqa: S603 - our own code

    return run


def test_cold_start(race: Race, clips: Callable[[str], list[str]]) -> None:
    ours, livekit = in_a_new_process(OURS), in_a_new_process(LIVEKIT)
    peers = {"audio_frames_from_file": livekit}
    race.run("cold start | WAV", ours, peers, clips("WAV"), rounds=7)
