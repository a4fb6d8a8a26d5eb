"""Fuzzes the Python face of the compiled module, in a build with a sanitizer.

python tests/fuzz/fuzz_native.py LIBRARY SECONDS [SEED]
"""

from __future__ import annotations

import importlib.util
import itertools
import random
import sys
import time

from native_calls import Calls


def main(library: str, seconds: str, seed: str = "") -> None:
    """Make calls until the time is over; whatever ends the process names its seed before."""
    spec = importlib.util.spec_from_file_location("_native", library)
    assert spec is not None
    assert spec.loader is not None
    native = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(native)
    start = int(seed) if seed else time.time_ns()
    end = time.monotonic() + float(seconds)
    for number in itertools.count(start):
        # a crash says nothing of Python: the last seed in the log is the one to run again
        print(f"seed {number}", flush=True)
        calls = Calls(native, random.Random(number))  # noqa: S311 - found again by its seed
        for _ in range(1000):
            calls.one()
        if time.monotonic() > end:
            print(f"executed_units: {1000 * (number - start + 1)}")
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
