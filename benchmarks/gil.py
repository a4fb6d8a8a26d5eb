"""Measures how long a preload in a thread blocks others: the longest time that it holds the GIL.

    python benchmarks/gil.py

A second thread asks for the GIL again and again. Between two of its turns the loading thread has
used some CPU time; the longest of these is printed, as the best of many runs, since on a busy
machine the second thread also waits for a CPU.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from race import FORMATS, RATE, speech, write

from lastword import Clip, clear_cache

RUNS = 50


def longest_hold_s(work: Callable[[], object]) -> float:
    """Return the most CPU time that `work`, in a thread, used between two turns of this one."""
    start, done = threading.Event(), threading.Event()

    def run() -> None:
        start.wait()
        work()
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    clock = time.pthread_getcpuclockid(thread.ident or 0)
    longest = 0.0
    start.set()
    before = time.clock_gettime(clock)
    while not done.is_set():
        time.sleep(0)  # not a wait: offers the GIL, and comes back when the other lets go of it
        now = time.clock_gettime(clock) if thread.is_alive() else before
        longest = max(longest, now - before)
        before = now
    thread.join()
    return longest


def main() -> None:
    """Print a line per format."""
    sys.setswitchinterval(1e-5)
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            path = Path(folder) / name
            write(path, speech(1, 48_000 if name == "Opus" else RATE), name)
            holds = []
            for _ in range(RUNS):
                clear_cache()
                holds.append(longest_hold_s(lambda: Clip.load(path).frames()))  # noqa: B023
            holds.sort()
            print(f"{name}: best {holds[0] * 1e3:.2f} ms, median {holds[RUNS // 2] * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
