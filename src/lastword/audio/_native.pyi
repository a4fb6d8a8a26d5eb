from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Bytes: TypeAlias = bytes | bytearray | memoryview | NDArray[np.uint8]

# --- WAV ---------------------------------------------------------------------------------------

S16: int

class WavError(ValueError): ...

def wav_parse(data: _Bytes) -> tuple[int, int, int, int, int, int] | None: ...
def wav_decode(data: _Bytes, encoding: int, offset: int, out: NDArray[np.float32]) -> None: ...

# --- samples -----------------------------------------------------------------------------------

def all_finite(samples: NDArray[Any]) -> bool: ...
def mix(samples: NDArray[Any], out: NDArray[np.float32]) -> None: ...

# --- frames ------------------------------------------------------------------------------------

def cut(
    samples: NDArray[Any], num_channels: int, samples_per_channel: int
) -> tuple[list[bytes], int]: ...

# --- names of contents -------------------------------------------------------------------------

def digest(data: _Bytes, key: bytes) -> bytes: ...

# --- resample ----------------------------------------------------------------------------------

def resample_length(frames: int, in_rate: int, out_rate: int) -> int: ...
def resample_f32(
    samples: NDArray[np.float32], out: NDArray[np.float32], in_rate: int, out_rate: int
) -> None: ...
def resample_s16(
    samples: NDArray[np.int16], out: NDArray[np.int16], in_rate: int, out_rate: int
) -> None: ...
