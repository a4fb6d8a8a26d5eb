"""Bounds the length, channels, sample rate and size of a sound. Imports only the errors."""

from __future__ import annotations

from typing import NamedTuple

from lastword.errors import ClipEmptyError, ClipLimitError


class Limits(NamedTuple):
    """Bounds of a sound that is accepted; `decode(..., limits=Limits(...))` changes them.

    Attributes:
        max_duration_s: A last word is seconds long: beyond an hour, it is more likely a wrong
            file than what was wanted.
        max_channels: 7.1.4 surround has 12, studio deliveries up to 32. A damaged header may claim
            thousands.
        min_rate: In Hz. Telephony begins at 8 kHz; half of that still carries speech.
        max_rate: In Hz. The highest rate of audio hardware (DXD is 352.8 kHz).
        max_samples: Of all channels together, which sets the memory: an hour of 48 kHz stereo,
            1.4 GB as float32. A compressed file of a few hundred kilobytes can hold a hundred times
            as much silence without exceeding any other limit.
        max_file_bytes: Of the encoded sound. The size of `max_samples` as float32: a longer file
            exceeds another limit, or is mostly something else.
    """

    max_duration_s: float = 3600.0
    max_channels: int = 32
    min_rate: int = 4_000
    max_rate: int = 384_000
    max_samples: int = 3600 * 48_000 * 2
    max_file_bytes: int = 4 * 3600 * 48_000 * 2

    def check(
        self,
        num_frames: int,
        num_channels: int,
        sample_rate: int,
        name: str,
        *,
        so_far: bool = False,
    ) -> None:
        """Refuse a sound that is empty or beyond these limits.

        Args:
            num_frames: Samples per channel.
            num_channels: Channels.
            sample_rate: In Hz.
            name: What the message calls the sound.
            so_far: Whether more may follow because the sound is still being decoded.

        Raises:
            ClipEmptyError: It holds no samples.
            ClipLimitError: Its length, channels, sample rate or total samples are out of bounds.
        """
        if num_frames == 0 or num_channels == 0:
            raise ClipEmptyError(f"expected a sound, got one without samples: {name}", source=name)
        if num_channels > self.max_channels:
            raise ClipLimitError(
                f"expected at most {self.max_channels} channels, got {num_channels}: {name}. "
                "Mix it down, or pass limits=lastword.Limits(max_channels=...)",
                source=name,
                limit="max_channels",
            )
        if not self.min_rate <= sample_rate <= self.max_rate:
            raise ClipLimitError(
                f"expected a sample rate of {self.min_rate} to {self.max_rate} Hz, "
                f"got {sample_rate} Hz: {name}. Convert it, or pass limits=lastword.Limits(...)",
                source=name,
                limit="min_rate" if sample_rate < self.min_rate else "max_rate",
            )
        got = "got at least" if so_far else "got"
        if num_frames > self.max_duration_s * sample_rate:
            raise ClipLimitError(
                f"expected at most {self.max_duration_s:g} s of sound, "
                f"{got} {num_frames / sample_rate:.1f} s: {name}. "
                "Shorten it, or pass limits=lastword.Limits(max_duration_s=...)",
                source=name,
                limit="max_duration_s",
            )
        if num_frames * num_channels > self.max_samples:
            raise ClipLimitError(
                f"expected at most {self.max_samples} samples in all channels, {got} "
                f"{num_frames * num_channels} ({num_channels} channels, {sample_rate} Hz): {name}. "
                "Shorten it or mix it down, or pass limits=lastword.Limits(max_samples=...)",
                source=name,
                limit="max_samples",
            )

    def check_file(self, num_bytes: int, name: str, *, so_far: bool = False) -> None:
        """Refuse an encoded sound that is too large to be read.

        Args:
            num_bytes: Of the whole file.
            name: What the message calls the sound.
            so_far: Whether more may follow because the sound is still being read.

        Raises:
            ClipLimitError: It is larger than `max_file_bytes`.
        """
        if num_bytes > self.max_file_bytes:
            raise ClipLimitError(
                f"expected a sound file of at most {self.max_file_bytes} bytes, "
                f"got {'at least ' if so_far else ''}{num_bytes}: {name}. "
                "Shorten it, or pass limits=lastword.Limits(max_file_bytes=...)",
                source=name,
                limit="max_file_bytes",
            )


DEFAULT_LIMITS = Limits()
