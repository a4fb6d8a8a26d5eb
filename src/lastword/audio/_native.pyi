from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

_Bytes: TypeAlias = bytes | bytearray | memoryview | NDArray[np.uint8]

# --- WAV ---------------------------------------------------------------------------------------

S16: int
OTHER_CODEC: int

class WavError(ValueError): ...

def wav_parse(
    data: _Bytes,
) -> tuple[int, int, int, int, int, int, int, int, int, int] | None: ...
def wav_decode(data: _Bytes, encoding: int, offset: int, out: NDArray[np.float32]) -> None: ...

# --- samples -----------------------------------------------------------------------------------

def all_finite(samples: NDArray[Any]) -> bool: ...

# --- names of contents -------------------------------------------------------------------------

DIGEST_KEY_SIZE: int

def digest(data: _Bytes, key: bytes) -> bytes: ...

# --- files -------------------------------------------------------------------------------------

@final
class CountedFile:
    def __new__(cls, data: _Bytes, accesses: int) -> Self: ...
    @property
    def is_exhausted(self) -> bool: ...
    def read(self, size: int = -1) -> bytes: ...
    def readinto(self, buffer: Any) -> int: ...
    def seek(self, offset: int, whence: int = 0) -> int: ...
    def tell(self) -> int: ...
    def seekable(self) -> bool: ...

# --- resample ----------------------------------------------------------------------------------

MAX_RATIO: int

def simd_paths() -> list[str]: ...

@final
class Resampler:
    def __new__(cls, in_rate: int, out_rate: int, simd: str = "") -> Self: ...
    def length(self, frames: int) -> int: ...
    def run_f32(self, samples: NDArray[np.float32], out: NDArray[np.float32]) -> None: ...
    def run_s16(self, samples: NDArray[np.int16], out: NDArray[np.int16]) -> None: ...

# --- frames ------------------------------------------------------------------------------------

@final
class Framer:
    def __new__(
        cls,
        in_channels: int,
        is_float: bool,
        resampler: Resampler | None,
        num_channels: int,
        samples_per_channel: int,
    ) -> Self: ...
    @property
    def finite(self) -> bool: ...
    @property
    def silent(self) -> bool: ...
    def push(self, samples: NDArray[Any]) -> None: ...
    def end(self) -> tuple[list[bytes], int, int]: ...
