"""Calls the compiled module as no code of the package does: any size, shape, type and layout."""

from __future__ import annotations

import array
import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from numpy.typing import NDArray

SIZES = (0, 1, 2, 3, 5, 48, 63, 64, 65, 1000, 1040, 48000)
WILD_SIZES = (
    *(-1, 2**16, 2**24, 2**24 + 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**58, 2**59, 2**60),
    *(2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30),
)
DTYPES = ("i2", "f4", "u1", "f8", "i4", ">f4", "f2", "?")
REFUSALS = (TypeError, ValueError, OverflowError, MemoryError, BufferError)
GUARD = 64  # elements before and behind an array, which must stay as they are


class Lying(np.ndarray[Any, Any]):
    """Says another shape than its buffer has."""

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Far more rows than there are."""
        return (2**20, *super().shape[1:])


class Calls:
    """Makes calls at random.

    Args:
        native: The module; one built with a sanitizer sees more than the guards do.
        rng: What decides.
    """

    def __init__(self, native: Any, rng: Random) -> None:
        self._native = native
        self._rng = rng
        self._guarded: list[tuple[NDArray[Any], bytes, bytes]] = []
        self._calls: tuple[Callable[[], object], ...] = (
            lambda: native.wav_parse(self.array("u1", 1)),
            lambda: native.wav_decode(
                self.array("u1", 1), rng.randrange(-1, 10), self.size(), self.array("f4", 1)
            ),
            lambda: native.all_finite(self.array("f4", 2)),
            self._frame,
            lambda: native.digest(self.array("u1", 1), self.array("u1", 1, [1040])),
            self._resample,
            self._file,
        )

    def one(self) -> None:
        """Make a call; it returns or refuses, and nothing around its arrays changes.

        Raises:
            AssertionError: Something was written beyond an array.
        """
        self._guarded.clear()
        with contextlib.suppress(*REFUSALS):
            self._rng.choice(self._calls)()
        for whole, before, behind in self._guarded:
            assert whole[:GUARD].tobytes() == before
            assert whole[-GUARD:].tobytes() == behind

    def size(self) -> int:
        """Choose a number, often one that arrays have."""
        return self._rng.choice(SIZES if self._rng.random() < 0.7 else WILD_SIZES)

    def array(self, dtype: str, ndim: int, shape: list[int] | None = None) -> Any:
        """Make what is wanted, or something like it, or something else."""
        rng = self._rng
        if rng.random() < 0.1:
            dtype = rng.choice(DTYPES)
        if rng.random() < 0.05:
            ndim = rng.randrange(4)
            shape = None
        shape = shape or [rng.choice(SIZES[:-1]), *(rng.randrange(4) for _ in range(ndim - 1))]
        made = self._filled(dtype, shape[:ndim])
        odd = rng.random()
        if odd < 0.05:
            return rng.choice([None, 7, "text", b"bytes", [], array.array("h", [1, 2])])
        if odd < 0.1:
            return made[::2] if ndim else made
        if odd < 0.15:
            return made.view(Lying)
        if odd < 0.2:
            return memoryview(made)
        return made

    def _filled(self, dtype: str, shape: list[int]) -> NDArray[Any]:
        kind = np.dtype(dtype)
        count = int(np.prod(shape, dtype=int))
        content = self._rng.randbytes(kind.itemsize * (count + 2 * GUARD))
        whole = np.frombuffer(bytearray(content), kind)
        if self._rng.random() < 0.5:  # an allocation of its own, so that a sanitizer sees its end
            return whole[:count].reshape(shape).copy()
        self._guarded.append((whole, whole[:GUARD].tobytes(), whole[-GUARD:].tobytes()))
        return whole[GUARD:-GUARD].reshape(shape)

    def _frame(self) -> None:
        rng = self._rng
        kind, channels = rng.choice(["f4", "i2"]), rng.randrange(5)
        resampler = rng.choice([None, 7]) if rng.random() < 0.5 else self._resampler()
        framer = self._native.Framer(
            channels if rng.random() < 0.9 else self.size(), kind == "f4", resampler,
            rng.randrange(5) if rng.random() < 0.9 else self.size(), self.size(),
        )  # fmt: skip
        for _ in range(rng.randrange(4)):
            # a framer that has refused one piece takes the next
            with contextlib.suppress(*REFUSALS):
                framer.push(self.array(kind, 2, [rng.choice(SIZES[:-1]), channels]))
        framer.end()
        framer.end()

    def _file(self) -> None:
        rng = self._rng
        file = self._native.CountedFile(self.array("u1", 1), rng.choice([-1, 0, 3, 2**62]))
        for _ in range(rng.randrange(6)):
            with contextlib.suppress(*REFUSALS):
                rng.choice([
                    lambda: file.read(self.size()),
                    lambda: file.readinto(self.array("u1", 1)),
                    lambda: file.seek(rng.choice([-1, 1]) * self.size(), rng.randrange(-1, 4)),
                ])()  # fmt: skip

    def _resampler(self) -> Any:
        rng = self._rng
        rates = [8000, 24000, 44100, 1, 256, 257, 47999, 2**32 - 1, self.size()]
        simd = rng.choice(["", "portable", *self._native.simd_paths(), "none"])
        return self._native.Resampler(rng.choice(rates), rng.choice(rates), simd)

    def _resample(self) -> None:
        rng = self._rng
        resampler = self._resampler()
        resampler.length(self.size())
        kind, run = rng.choice([("f4", resampler.run_f32), ("i2", resampler.run_s16)])
        frames, channels = rng.choice(SIZES[:9]), rng.randrange(4)
        rows = min(resampler.length(frames), 2**16)
        run(self.array(kind, 2, [frames, channels]), self.array(kind, 2, [rows, channels]))
