"""Owns what a sound may be at most. Imports nothing but the errors."""

from __future__ import annotations

from typing import NamedTuple

from lastword.errors import ClipEmptyError, ClipLimitError


class Limits(NamedTuple):
    """What a sound may be at most; raise them with `decode(..., limits=Limits(...))`.

    Attributes:
        max_duration_s: A last word is seconds long. An hour as 48 kHz stereo is 1.4 GB of
            samples: beyond it, a wrong file is likelier than a wish.
        max_channels: 7.1.4 surround has 12, what studios hand out has up to 32. A damaged header
            claims thousands.
        min_rate: In Hz. Telephony begins at 8 kHz, half of it still carries speech.
        max_rate: In Hz. The highest rate of audio hardware (DXD is 352.8 kHz).
    """

    max_duration_s: float = 3600.0
    max_channels: int = 32
    min_rate: int = 4_000
    max_rate: int = 384_000

    def check(self, num_frames: int, num_channels: int, sample_rate: int, name: str) -> None:
        """Refuse a sound that is empty or beyond these limits.

        Args:
            num_frames: Samples per channel.
            num_channels: Channels.
            sample_rate: In Hz.
            name: What the message calls the sound.

        Raises:
            ClipEmptyError: It holds no samples.
            ClipLimitError: It is longer, wider, slower or faster.
        """
        if num_frames == 0 or num_channels == 0:
            raise ClipEmptyError(f"expected a sound, got one without samples: {name}", source=name)
        if num_channels > self.max_channels:
            raise ClipLimitError(
                f"expected at most {self.max_channels} channels, got {num_channels}: {name}. "
                "Mix it down, or pass limits=Limits(max_channels=...)",
                source=name,
            )
        if not self.min_rate <= sample_rate <= self.max_rate:
            raise ClipLimitError(
                f"expected a sample rate of {self.min_rate} to {self.max_rate} Hz, "
                f"got {sample_rate} Hz: {name}. Convert it, or pass limits=Limits(...)",
                source=name,
            )
        if num_frames > self.max_duration_s * sample_rate:
            raise ClipLimitError(
                f"expected at most {self.max_duration_s:g} s of sound, "
                f"got {num_frames / sample_rate:.1f} s: {name}. "
                "Shorten it, or pass limits=Limits(max_duration_s=...)",
                source=name,
            )


DEFAULT_LIMITS = Limits()
