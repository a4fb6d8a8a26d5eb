"""The way of the sound: a file becomes frames. Imports nothing of livekit-agents."""

try:
    from . import _native as _native
except ImportError as error:  # the package is never slower or less exact in silence
    raise ImportError(
        "the compiled module lastword.audio._native is missing or was built for another Python: "
        "in a source tree, build it with 'python setup.py build_ext --inplace' (or 'make build'); "
        "otherwise install lastword again"
    ) from error
