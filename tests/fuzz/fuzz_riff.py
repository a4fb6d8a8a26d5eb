"""Runs `decode` and what `lastword inspect` measures over structured mutations of WAV files.

python tests/fuzz/fuzz_riff.py FOLDER [--seed N] [--first N] [--count N] [--seconds S]

An input that takes longer than LIMIT_S of processor time, crashes, or raises an error that is not
of the tree ends the run; it is left in the folder, since foreign code may be in a loop without end.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import time
from pathlib import Path

from look import look
from riff_mutations import mutation

LIMIT_S = 10.0  # of processor time, which other work of the machine does not use up


def run(folder: Path, seed: int, first: int, count: int, seconds: float) -> int:
    """Run the inputs from `first` on; return how many there were."""
    folder.mkdir(parents=True, exist_ok=True)
    current = folder / f"riff-{seed}.wav"
    file = os.open(current, os.O_CREAT | os.O_WRONLY)
    end = time.monotonic() + seconds
    number = first
    while number < first + count and time.monotonic() < end:
        data = mutation(seed, number)
        os.ftruncate(file, 0)
        os.pwrite(file, data, 0)
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)  # its signal ends the process
        look(data)
        number += 1
    os.close(file)
    current.unlink()
    return number - first


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=2**62)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    chosen = parser.parse_args()
    faulthandler.enable()
    logging.disable()  # truncated and joined sounds are what this is made of
    done = run(chosen.folder, chosen.seed, chosen.first, chosen.count, chosen.seconds)
    print(f"executed_units: {done}")
