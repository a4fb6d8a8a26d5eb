"""Looks at one input as users do: `decode`, and what `lastword inspect` measures."""

import contextlib

import lastword
from lastword.audio.measure import measure


def look(data: bytes) -> None:
    """Let any bytes become samples or an error of the tree; whatever else is raised goes on."""
    with contextlib.suppress(lastword.ClipError):
        samples, _ = lastword.decode(data)
        assert samples.ndim == 2
        assert samples.shape[0] > 0
    with contextlib.suppress(lastword.ClipError):
        measure(data)
