"""Fuzzes `lastword.decode` with atheris: any bytes become samples or an error of the tree.

python tests/fuzz/fuzz_decode.py -max_total_time=60 CORPUS
"""

import logging
import sys

import atheris

with atheris.instrument_imports(include=["lastword"]):
    import lastword
    from lastword.audio import decode, foreign, source  # noqa: F401 - else brought in by first use


def decode_one(data: bytes) -> None:
    """Decodes one input; whatever else is raised ends the run with the input kept."""
    try:
        samples, _ = lastword.decode(data)
    except lastword.ClipError:
        return
    assert samples.ndim == 2
    assert samples.shape[0] > 0


if __name__ == "__main__":
    logging.disable()  # truncated and clipped sounds are what this is made of
    atheris.Setup(sys.argv, decode_one)
    atheris.Fuzz()
