"""Turns a sound file into frames. Imports nothing of livekit-agents."""

try:
    from . import _native as _native
except ImportError as error:  # never fall back silently to something slower or less exact
    raise ImportError(
        "the compiled module lastword.audio._native is missing or was built for another Python: "
        "in a source tree, build it with 'python setup.py build_ext --inplace' (or 'make build'); "
        "otherwise install lastword again"
    ) from error
