"""Fuzzes `decode` and `inspect` with atheris: any bytes become samples or an error of the tree.

python tests/fuzz/fuzz_decode.py -max_total_time=60 CORPUS
"""

import logging
import sys

import atheris

with atheris.instrument_imports(include=["lastword"]):
    from look import look

    from lastword.audio import foreign  # noqa: F401 - else brought in by first use


if __name__ == "__main__":
    logging.disable()  # truncated and clipped sounds are what this is made of
    atheris.Setup(sys.argv, look)
    atheris.Fuzz()
