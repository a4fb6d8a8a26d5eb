import numpy as np
import numpy.typing as npt

# --- resample ----------------------------------------------------------------------------------

def resample_length(frames: int, in_rate: int, out_rate: int) -> int: ...
def resample_f32(
    samples: npt.NDArray[np.float32], out: npt.NDArray[np.float32], in_rate: int, out_rate: int
) -> None: ...
def resample_s16(
    samples: npt.NDArray[np.int16], out: npt.NDArray[np.int16], in_rate: int, out_rate: int
) -> None: ...
